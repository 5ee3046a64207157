// Gemini generateContent, by plain HTTP. Run: dotnet run gemini.cs
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

string url = Environment.GetEnvironmentVariable("GATEWAY_URL") ?? "http://127.0.0.1:7071";
string model = Environment.GetEnvironmentVariable("MODEL") ?? "demo";
using var client = new HttpClient();
client.DefaultRequestHeaders.Add("x-goog-api-key", Environment.GetEnvironmentVariable("GATEWAY_KEY") ?? "unused");
using var body = new StringContent("""{"contents":[{"role":"user","parts":[{"text":"Say hello."}]}]}""", Encoding.UTF8, new MediaTypeHeaderValue("application/json"));

using HttpResponseMessage answer = await client.PostAsync($"{url}/gemini/v1beta/models/{model}:generateContent", body);
answer.EnsureSuccessStatusCode();
JsonNode json = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
Console.WriteLine(json["candidates"]![0]!["content"]!["parts"]![0]!["text"]);
