// Unified chat: OpenAI's shape, whatever provider is behind the endpoint; streamed. Run: dotnet run chat.cs
#:package OpenAI@2.15.0
using System.ClientModel;
using OpenAI;
using OpenAI.Chat;

string url = Environment.GetEnvironmentVariable("GATEWAY_URL") ?? "http://127.0.0.1:7071";
var client = new ChatClient(
    Environment.GetEnvironmentVariable("MODEL") ?? "demo",
    new ApiKeyCredential(Environment.GetEnvironmentVariable("GATEWAY_KEY") ?? "unused"),
    new OpenAIClientOptions { Endpoint = new Uri($"{url}/mlflow/v1") });

await foreach (StreamingChatCompletionUpdate update in client.CompleteChatStreamingAsync("Say hello."))
{
    foreach (ChatMessageContentPart part in update.ContentUpdate)
    {
        Console.Write(part.Text);
    }
}

Console.WriteLine();
