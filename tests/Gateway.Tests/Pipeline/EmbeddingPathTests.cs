using System.Net;
using System.Text;
using System.Text.Json;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Tests.Pipeline;

/// <summary>Embeddings on one dialect and between two.</summary>
public sealed class EmbeddingPathTests : GatewayTest
{
    private const string OpenAIAnswer = """{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5,-1]},{"object":"embedding","index":1,"embedding":[0.25,2]}],"model":"served-model","usage":{"prompt_tokens":3,"total_tokens":3}}""";
    private const string GeminiAnswer = """{"embeddings":[{"values":[0.5,-1]},{"values":[0.25,2]}]}""";
    private const string OpenAIRequest = """{"model":"m","input":["a","b"],"encoding_format":"float"}""";
    private const string GeminiRequest = """{"requests":[{"model":"models/m","content":{"parts":[{"text":"a"}]}},{"model":"models/m","content":{"parts":[{"text":"b"}]}}]}""";

    [Theory]
    [InlineData("/openai/v1/embeddings")]
    [InlineData("/mlflow/v1/embeddings")]
    [InlineData("/v1/embeddings")]
    [InlineData("/ai-gateway/cursor/v1/embeddings")]
    public async Task OpenAI_to_OpenAI_crosses_byte_for_byte(string path)
    {
        await StartAsync(Endpoint(DialectIds.Embeddings));
        Stub.Answer = _ => StubAnswer.Json(OpenAIAnswer);
        (HttpResponseMessage response, string body) = await AskAsync(Request(path, """{"x":1, "model":"m","input":["a","b"],"encoding_format":"base64"}"""));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(OpenAIAnswer, body);
        Assert.Equal("""{"x":1, "model":"upstream-model","input":["a","b"],"encoding_format":"base64"}""", Stub.Request.Text);
        UsageRecord record = await RecordAsync();
        Assert.Equal((3, false, "served-model"), (record.Usage!.InputTokens, record.Usage.Estimated, record.ModelServed));
    }

    [Fact]
    public async Task Gemini_to_Gemini_keeps_its_action()
    {
        await StartAsync(Endpoint(DialectIds.EmbedContent));
        Stub.Enqueue(StubAnswer.Json(GeminiAnswer), StubAnswer.Json("""{"embedding":{"values":[0.5]}}"""));
        Assert.Equal(GeminiAnswer, (await AskAsync(Request("/gemini/v1beta/models/m:batchEmbedContents", GeminiRequest))).Body);
        Assert.Equal("""{"embedding":{"values":[0.5]}}""", (await AskAsync(Request("/gemini/v1beta/models/m:embedContent", """{"content":{"parts":[{"text":"a"}]}}"""))).Body);
        Assert.EndsWith("upstream-model:batchEmbedContents", Stub.Requests[0].Target, StringComparison.Ordinal);
        Assert.DoesNotContain("models/m\"", Stub.Requests[0].Text, StringComparison.Ordinal);
        Assert.EndsWith("upstream-model:embedContent", Stub.Requests[1].Target, StringComparison.Ordinal);
        Assert.All(Gateway.Usage.All, r => Assert.True(r.Usage is { Estimated: true, InputTokens: > 0, OutputTokens: null }));
    }

    [Fact]
    public async Task OpenAI_clients_get_vectors_of_Gemini()
    {
        await StartAsync(Endpoint(DialectIds.EmbedContent));
        Stub.Answer = _ => StubAnswer.Json(GeminiAnswer);
        JsonElement body = Parse((await AskAsync(Request("/openai/v1/embeddings", OpenAIRequest))).Body);
        Assert.Equal([0, 1], body.GetProperty("data").EnumerateArray().Select(d => d.GetProperty("index").GetInt32()));
        Assert.Equal([0.25, 2], body.GetProperty("data")[1].GetProperty("embedding").EnumerateArray().Select(v => v.GetDouble()));

        body = Parse((await AskAsync(Request("/openai/v1/embeddings", OpenAIRequest.Replace("float", "base64", StringComparison.Ordinal)))).Body);
        byte[] bytes = body.GetProperty("data")[0].GetProperty("embedding").GetBytesFromBase64();
        Assert.Equal((0.5f, -1f), (BitConverter.ToSingle(bytes, 0), BitConverter.ToSingle(bytes, 4)));
    }

    [Fact]
    public async Task Gemini_clients_get_vectors_of_OpenAI()
    {
        await StartAsync(Endpoint(DialectIds.Embeddings));
        Stub.Answer = _ => StubAnswer.Json(OpenAIAnswer);
        JsonElement body = Parse((await AskAsync(Request("/gemini/v1beta/models/m:batchEmbedContents", GeminiRequest))).Body);
        Assert.Equal([0.25, 2], body.GetProperty("embeddings")[1].GetProperty("values").EnumerateArray().Select(v => v.GetDouble()));
        Assert.Equal(3, (await RecordAsync()).Usage!.InputTokens);
    }

    [Fact]
    public async Task Faults_are_told()
    {
        GatewayEndpoint chat = Family.Chat.Endpoint("chat", Stub) with { Task = EndpointTask.Chat };
        await StartAsync([Endpoint(DialectIds.Embeddings), chat, Family.Chat.Endpoint("chat2", Stub)]);
        await ExpectAsync("""{"model":"m","input":"a","stream":true}""", "stream");
        await ExpectAsync("""{"model":"chat","input":"a"}""", "does not serve embeddings");
        await ExpectAsync("""{"model":"chat2","input":"a"}""", "does not serve embeddings");
        Assert.Empty(Stub.Requests);

        async Task ExpectAsync(string asked, string message)
        {
            (HttpResponseMessage response, string body) = await AskAsync(Request("/v1/embeddings", asked));
            Assert.Equal(400, (int)response.StatusCode);
            Assert.Contains(message, Parse(body).GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_refusal_goes_to_the_next()
    {
        Destination first = Endpoint(DialectIds.Embeddings).Destinations[0];
        var second = new Destination("d1", new TestProvider("p1", Second.Address, DialectIds.EmbedContent), "upstream-model");
        await StartAsync(new GatewayEndpoint("m", [first, second]));
        Stub.Answer = _ => StubAnswer.Json(Family.Chat.ErrorBody(429), 429);
        Second.Answer = _ => StubAnswer.Json(GeminiAnswer);
        Assert.Equal(2, Parse((await AskAsync(Request("/v1/embeddings", OpenAIRequest))).Body).GetProperty("data").GetArrayLength());
    }

    private GatewayEndpoint Endpoint(DialectId dialect) => new("m", [new Destination("d", new TestProvider("p", Stub.Address, dialect), "upstream-model")]);

    private static HttpRequestMessage Request(string path, string body) => new(HttpMethod.Post, path)
    {
        Headers = { Authorization = new("Bearer", "good") },
        Content = new StringContent(body, Encoding.UTF8, "application/json"),
    };
}
