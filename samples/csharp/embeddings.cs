// Embeddings, two at once. Run: dotnet run embeddings.cs
#:package OpenAI@2.15.0
using System.ClientModel;
using OpenAI;
using OpenAI.Embeddings;

string url = Environment.GetEnvironmentVariable("GATEWAY_URL") ?? "http://127.0.0.1:7071";
var client = new EmbeddingClient(
    Environment.GetEnvironmentVariable("MODEL") ?? "demo",
    new ApiKeyCredential(Environment.GetEnvironmentVariable("GATEWAY_KEY") ?? "unused"),
    new OpenAIClientOptions { Endpoint = new Uri($"{url}/mlflow/v1") });

OpenAIEmbeddingCollection answer = await client.GenerateEmbeddingsAsync(["red", "green"], new EmbeddingGenerationOptions { Dimensions = 8 });
foreach (OpenAIEmbedding item in answer)
{
    Console.WriteLine($"{item.Index} {string.Join(' ', item.ToFloats().ToArray())}");
}
