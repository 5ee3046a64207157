using System.Net;
using System.Text.Json;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Routing;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Tests.Pipeline;

/// <summary>Another dialect behind the endpoint: what crosses, what cannot, and what the client is told of that.</summary>
public sealed class TranslationPathTests : GatewayTest
{
    [Theory]
    [MemberData(nameof(Family.Pairs), MemberType = typeof(Family))]
    public async Task Every_client_gets_its_own_dialect(string clientName, string providerName)
    {
        (Family client, Family provider) = (Family.Named(clientName), Family.Named(providerName));
        await StartAsync(provider.Endpoint("m", Stub));
        Stub.Enqueue(StubAnswer.Json(provider.Json), StubAnswer.Sse([.. provider.Frames]));

        (HttpResponseMessage response, string body) = await AskAsync(client.Request("m"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.ToString());
        Assert.Contains(Family.Said, Parse(body).GetRawText(), StringComparison.Ordinal);
        Assert.Contains("served-model", body, StringComparison.Ordinal);

        (response, body) = await AskAsync(client.Request("m", stream: true));
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("no-cache", response.Headers.CacheControl!.ToString());
        Assert.Contains(Family.Said, body, StringComparison.Ordinal);
        Assert.Contains(client.EndMark, body, StringComparison.Ordinal);

        Assert.All(Stub.Requests, r => Assert.Contains("Hello", r.Text, StringComparison.Ordinal));
        Assert.All(Stub.Requests, r => Assert.Contains("upstream-model", r.Text + r.Target, StringComparison.Ordinal));
        Assert.Equal("application/json", Stub.Requests[0].Headers["Accept"]);
        Assert.Equal("text/event-stream", Stub.Requests[1].Headers["Accept"]);
        Assert.All(Stub.Requests, r => Assert.Equal("identity", r.Headers["Accept-Encoding"]));
    }

    [Theory]
    [MemberData(nameof(Family.Pairs), MemberType = typeof(Family))]
    public async Task A_refusal_is_told_in_the_clients_dialect(string clientName, string providerName)
    {
        (Family client, Family provider) = (Family.Named(clientName), Family.Named(providerName));
        await StartAsync(provider.Endpoint("m", Stub));
        foreach (int status in (int[])[400, 404, 429, 500, 503])
        {
            foreach (bool stream in (bool[])[false, true])
            {
                Stub.Enqueue(StubAnswer.Json(provider.ErrorBody(status), status, ("Retry-After", "5")));
                (HttpResponseMessage response, string body) = await AskAsync(client.Request("m", stream));
                Assert.Equal(status, (int)response.StatusCode);
                Assert.Equal($"upstream says {status}", client.ErrorMessage(Parse(body)));
                Assert.Equal("5", response.Headers.GetValues("Retry-After").Single());
            }
        }
    }

    [Fact]
    public async Task What_was_dropped_is_told_in_a_header_and_in_the_record()
    {
        await StartAsync(Family.Messages.Endpoint("m", Stub));
        Stub.Answer = _ => StubAnswer.Json(Family.Messages.Json);
        HttpRequestMessage request = Family.Chat.Request("m", body: """{"model":"m","messages":[{"role":"user","content":"Hello"}],"seed":1,"frequency_penalty":0.5}""");
        request.Headers.Add("OpenAI-Beta", "something");
        (HttpResponseMessage response, _) = await AskAsync(request);
        string dropped = response.Headers.GetValues("x-gateway-dropped").Single();
        Assert.Equal(["frequency_penalty", "header openai-beta", "seed"], dropped.Split(", ").Order());
        UsageRecord record = await RecordAsync();
        Assert.Equal(["frequency_penalty", "header openai-beta", "seed"], record.Translation.Where(e => e.Dropped).Select(e => e.Field).Order());
        Assert.All(record.Translation, e => Assert.NotEmpty(e.Reason));
    }

    [Fact]
    public async Task What_was_dropped_is_called_as_the_client_calls_it()
    {
        await StartAsync(Family.Responses.Endpoint("m", Stub));
        Stub.Answer = _ => StubAnswer.Json(Family.Responses.Json);
        HttpRequestMessage request = Family.Messages.Request("m", body: """
            {"model":"m","max_tokens":99,"top_k":4,"stop_sequences":["x"],"tools":[{"type":"web_search_20250305","name":"web_search"}],
             "messages":[{"role":"user","content":[{"type":"text","text":"Hello","cache_control":{"type":"ephemeral"}}]}]}
            """);
        (HttpResponseMessage response, _) = await AskAsync(request);
        Assert.Equal(["stop_sequences", "tools[web_search_20250305]", "top_k"], response.Headers.GetValues("x-gateway-dropped").Single().Split(", ").Order());
        Assert.Equal("messages[].content[].cache_control", response.Headers.GetValues("x-gateway-changed").Single());
        UsageRecord record = await RecordAsync();
        Assert.Equal(["stop_sequences", "tools[web_search_20250305]", "top_k"], record.Translation.Where(e => e.Dropped).Select(e => e.Field).Order());
    }

    [Fact]
    public async Task An_endpoint_may_refuse_what_it_cannot_pass_on()
    {
        await StartAsync(Family.Messages.Endpoint("m", Stub) with { OnUnsupported = OnUnsupported.Reject });
        Stub.Answer = _ => StubAnswer.Json(Family.Messages.Json);
        (HttpResponseMessage response, string body) = await AskAsync(Family.Chat.Request("m", body: """{"model":"m","messages":[{"role":"user","content":"Hello"}],"seed":1,"frequency_penalty":0.5}"""));
        Assert.Equal(400, (int)response.StatusCode);
        JsonElement error = Parse(body).GetProperty("error");
        Assert.Contains("seed", error.GetRawText(), StringComparison.Ordinal);
        Assert.Contains("frequency_penalty", error.GetRawText(), StringComparison.Ordinal);
        Assert.Equal("unsupported_parameter", error.GetProperty("code").GetString());
        Assert.Empty(Stub.Requests);
        Assert.Equal(RequestOutcome.Refused, (await RecordAsync()).Outcome);

        // What crosses whole is served, and a header that only one vendor knows is no field of the request.
        HttpRequestMessage request = Family.Chat.Request("m");
        request.Headers.Add("OpenAI-Beta", "something");
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(request)).Response.StatusCode);
    }

    [Fact]
    public async Task A_request_that_is_wrong_is_told_so_before_anybody_is_asked()
    {
        await StartAsync(Family.Messages.Endpoint("m", Stub));
        (HttpResponseMessage response, string body) = await AskAsync(Family.Chat.Request("m", body: """{"model":"m","messages":[{"role":"user","content":5}]}"""));
        Assert.Equal(400, (int)response.StatusCode);
        Assert.Equal("messages[0].content", Parse(body).GetProperty("error").GetProperty("param").GetString());
        Assert.Empty(Stub.Requests);
    }

    [Fact]
    public async Task The_clients_dialect_goes_before_the_providers_preference()
    {
        var provider = new TestProvider("p", Stub.Address, DialectIds.Responses, DialectIds.ChatCompletions, DialectIds.Embeddings);
        await StartAsync(new GatewayEndpoint("m", [new Destination("d", provider, "upstream-model")]));
        Stub.Enqueue(StubAnswer.Json(Family.Chat.Json), StubAnswer.Json(Family.Responses.Json), StubAnswer.Json(Family.Responses.Json));
        Assert.Equal(Family.Chat.Json, (await AskAsync(Family.Chat.Request("m"))).Body);
        Assert.Equal(Family.Responses.Json, (await AskAsync(Family.Responses.Request("m"))).Body);
        await AskAsync(Family.Messages.Request("m"));
        Assert.Equal(["openai.chat-completions", "openai.responses", "openai.responses"], Gateway.Usage.All.Select(r => r.ProviderDialect));
    }

    [Fact]
    public async Task A_model_without_chat_is_told_so()
    {
        await StartAsync(new GatewayEndpoint("m", [new Destination("d", new TestProvider("p", Stub.Address, DialectIds.Embeddings), "x")]));
        (HttpResponseMessage response, string body) = await AskAsync(Family.Gemini.Request("m"));
        Assert.Equal(400, (int)response.StatusCode);
        Assert.Contains("does not serve chat", body, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Family.Names), MemberType = typeof(Family))]
    public async Task An_array_is_what_Gemini_clients_get_without_sse(string name)
    {
        Family provider = Family.Named(name);
        await StartAsync(provider.Endpoint("m", Stub));
        Stub.Answer = _ => StubAnswer.Sse([.. provider.Frames]);
        HttpRequestMessage request = Family.Gemini.Request("m", stream: true);
        request.RequestUri = new Uri("/gemini/v1beta/models/m:streamGenerateContent", UriKind.Relative);
        (HttpResponseMessage response, string body) = await AskAsync(request);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        JsonElement array = Parse(body);
        Assert.Equal(JsonValueKind.Array, array.ValueKind);
        Assert.Equal("STOP", array[array.GetArrayLength() - 1].GetProperty("candidates")[0].GetProperty("finishReason").GetString());
    }
}
