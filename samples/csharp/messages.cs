// Anthropic Messages, streamed. Run: dotnet run messages.cs
#:package Anthropic@13.12.0
#:property PublishAot=false
using Anthropic;
using Anthropic.Models.Messages;

string url = Environment.GetEnvironmentVariable("GATEWAY_URL") ?? "http://127.0.0.1:7071";
using var client = new AnthropicClient
{
    ApiKey = Environment.GetEnvironmentVariable("GATEWAY_KEY") ?? "unused",
    BaseUrl = $"{url}/anthropic",
};
var ask = new MessageCreateParams
{
    Model = Environment.GetEnvironmentVariable("MODEL") ?? "demo",
    MaxTokens = 256,
    Messages = [new UserMessageParam("Say hello.")],
};

await foreach (RawMessageStreamEvent update in client.Messages.CreateStreaming(ask))
{
    if (update.TryPickContentBlockDelta(out RawContentBlockDeltaEvent? delta) && delta.Delta.TryPickText(out TextDelta? text))
    {
        Console.Write(text.Text);
    }
}

Console.WriteLine();
