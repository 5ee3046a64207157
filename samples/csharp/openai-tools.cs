// OpenAI Responses: the model asks for a tool, gets its result, and answers. Run: dotnet run openai-tools.cs
#:package OpenAI@2.15.0
#:property NoWarn=OPENAI001
using System.ClientModel;
using OpenAI.Responses;

string url = Environment.GetEnvironmentVariable("GATEWAY_URL") ?? "http://127.0.0.1:7071";
string model = Environment.GetEnvironmentVariable("MODEL") ?? "demo";
var client = new ResponsesClient(
    new ApiKeyCredential(Environment.GetEnvironmentVariable("GATEWAY_KEY") ?? "unused"),
    new ResponsesClientOptions { Endpoint = new Uri($"{url}/openai/v1") });
BinaryData schema = BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}""");
ResponseTool tool = ResponseTool.CreateFunctionTool("get_weather", schema, strictModeEnabled: true);

List<ResponseItem> items = [ResponseItem.CreateUserMessageItem("What is the weather in Zurich?")];
ResponseResult first = await client.CreateResponseAsync(new CreateResponseOptions(model, items) { Tools = { tool } });
items.AddRange(first.OutputItems);
foreach (FunctionCallResponseItem call in first.OutputItems.OfType<FunctionCallResponseItem>())
{
    Console.WriteLine($"tool: {call.FunctionName} {call.FunctionArguments}");
    items.Add(ResponseItem.CreateFunctionCallOutputItem(call.CallId, "21 degrees"));
}

ResponseResult second = await client.CreateResponseAsync(new CreateResponseOptions(model, items) { Tools = { tool } });
Console.WriteLine(second.GetOutputText());
