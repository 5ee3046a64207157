// Unified responses: OpenAI's newer shape, whatever provider is behind the endpoint. Run: dotnet run responses.cs
#:package OpenAI@2.15.0
#:property NoWarn=OPENAI001
using System.ClientModel;
using OpenAI.Responses;

string url = Environment.GetEnvironmentVariable("GATEWAY_URL") ?? "http://127.0.0.1:7071";
string model = Environment.GetEnvironmentVariable("MODEL") ?? "demo";
var client = new ResponsesClient(
    new ApiKeyCredential(Environment.GetEnvironmentVariable("GATEWAY_KEY") ?? "unused"),
    new ResponsesClientOptions { Endpoint = new Uri($"{url}/mlflow/v1") });

ResponseResult answer = await client.CreateResponseAsync(new CreateResponseOptions(model, [ResponseItem.CreateUserMessageItem("Say hello.")]));
Console.WriteLine(answer.GetOutputText());
