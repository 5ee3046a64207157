using System.Diagnostics;
using System.Net;
using System.Text;
using Serverless.Gateway.Routing;
using Serverless.Gateway.Tests.Pipeline;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Tests.Telemetry;

/// <summary>The spans of a request, by the names of the conventions for generative AI.</summary>
[Collection(nameof(ListeningTests))]
public sealed class SpanTests : GatewayTest
{
    public static TheoryData<string, string, bool> Paths
    {
        get
        {
            var data = new TheoryData<string, string, bool>();
            foreach (Family family in Family.All)
            {
                foreach (bool stream in (bool[])[false, true])
                {
                    data.Add(family.Name, family.Name, stream);
                    data.Add(family.Name, family == Family.Messages ? Family.Chat.Name : Family.Messages.Name, stream);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task A_call_is_told_as_the_conventions_say(string clientName, string providerName, bool stream)
    {
        (Family client, Family provider) = (Family.Named(clientName), Family.Named(providerName));
        using var heard = new Heard();
        await StartAsync(provider.Endpoint("m", Stub));
        Stub.Answer = _ => stream ? StubAnswer.Sse([.. provider.Frames]) : StubAnswer.Json(provider.Json);
        HttpRequestMessage request = client.Request("m", stream);
        request.Headers.Add("x-session-id", "session-1");
        (HttpResponseMessage response, _) = await AskAsync(request);

        Activity server = await heard.ServerAsync();
        Activity call = Assert.Single(heard.Calls);
        Assert.Equal(("chat upstream-model", ActivityKind.Client, ActivityStatusCode.Unset), (call.DisplayName, call.Kind, call.Status));
        Assert.Equal((server.TraceId, server.SpanId), (call.TraceId, call.ParentSpanId));
        string requestId = response.Headers.GetValues("x-request-id").Single();
        Dictionary<string, object?> expected = new()
        {
            ["gen_ai.operation.name"] = "chat",
            ["gen_ai.provider.name"] = "stub",
            ["gen_ai.request.model"] = "upstream-model",
            ["gen_ai.request.max_tokens"] = 64L,
            ["gen_ai.response.model"] = "served-model",
            ["gen_ai.usage.input_tokens"] = 11L,
            ["gen_ai.usage.output_tokens"] = 4L,
            ["gen_ai.conversation.id"] = "session-1",
            ["server.address"] = "127.0.0.1",
            ["server.port"] = Stub.Address.Port,
            ["http.response.status_code"] = 200,
            ["gateway.request.id"] = requestId,
            ["gateway.endpoint"] = "m",
            ["gateway.destination"] = "d0",
            ["gateway.attempt"] = 1,
        };
        if (stream)
        {
            expected["gen_ai.request.stream"] = true;
        }

        Dictionary<string, object?> told = call.TagObjects.ToDictionary();
        Assert.Equal(["stop"], Assert.IsType<string[]>(told["gen_ai.response.finish_reasons"]));
        Assert.Matches("_1$|-1$", Assert.IsType<string>(told["gen_ai.response.id"]));
        Assert.Equal(stream, told.GetValueOrDefault("gen_ai.response.time_to_first_chunk") is > 0.0);
        foreach (string optional in (string[])["gen_ai.response.finish_reasons", "gen_ai.response.id", "gen_ai.response.time_to_first_chunk", "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.reasoning.output_tokens"])
        {
            told.Remove(optional);
        }

        Assert.Equal(expected.OrderBy(t => t.Key), told.OrderBy(t => t.Key));
        Assert.Equal((requestId, "m", "success", 1), (server.GetTagItem("gateway.request.id"), server.GetTagItem("gateway.endpoint"), server.GetTagItem("gateway.outcome"), server.GetTagItem("gateway.attempts")));
        AssertNoText(call, server);
        Assert.Equal(server.TraceId.ToHexString(), (await RecordAsync()).TraceId);
    }

    [Fact]
    public async Task Parameters_are_told_in_every_dialect()
    {
        using var heard = new Heard();
        await StartAsync([Family.Chat.Endpoint("chat", Stub), Family.Responses.Endpoint("responses", Stub), Family.Messages.Endpoint("messages", Stub), Family.Gemini.Endpoint("gemini", Stub)]);
        (Family Family, string Body)[] asked =
        [
            (Family.Chat, """{"model":"chat","messages":[{"role":"user","content":"Hello"}],"max_tokens":5,"temperature":0.5,"top_p":0.25,"frequency_penalty":1,"presence_penalty":-1,"seed":7,"n":2,"stop":["secret"],"response_format":{"type":"json_object"}}"""),
            (Family.Responses, """{"model":"responses","input":"Hello","max_output_tokens":5,"temperature":0.5,"top_p":0.25,"text":{"format":{"type":"text"}}}"""),
            (Family.Messages, """{"model":"messages","max_tokens":5,"temperature":0.5,"top_p":0.25,"top_k":3,"stop_sequences":["secret"],"messages":[{"role":"user","content":"Hello"}]}"""),
            (Family.Gemini, """{"contents":[{"role":"user","parts":[{"text":"Hello"}]}],"generationConfig":{"maxOutputTokens":5,"temperature":0.5,"topP":0.25,"topK":3,"seed":7,"candidateCount":1,"responseMimeType":"application/json","stopSequences":["secret"]}}"""),
        ];
        foreach ((Family family, string body) in asked)
        {
            Stub.Answer = _ => StubAnswer.Json(family.Json);
            await AskAsync(family.Request(family.Name, body: body));
        }

        Assert.Equal(4, heard.Calls.Count);
        Assert.All(heard.Calls, call =>
        {
            Assert.Equal((5L, 0.5, 0.25), (call.GetTagItem("gen_ai.request.max_tokens"), call.GetTagItem("gen_ai.request.temperature"), call.GetTagItem("gen_ai.request.top_p")));
            AssertNoText(call);
        });
        Assert.Equal((1.0, -1.0, 7L, 2L), (Told(0, "frequency_penalty"), Told(0, "presence_penalty"), Told(0, "seed"), Told(0, "choice.count")));
        Assert.Equal(["json", "text", null, "json"], heard.Calls.Select(call => call.GetTagItem("gen_ai.output.type")));
        Assert.Equal([null, null, 3.0, 3.0], heard.Calls.Select(call => call.GetTagItem("gen_ai.request.top_k")));
        Assert.Null(Told(3, "choice.count"));

        object? Told(int call, string name) => heard.Calls[call].GetTagItem("gen_ai.request." + name);
    }

    [Fact]
    public async Task Embeddings_and_counts_have_their_own_names()
    {
        using var heard = new Heard();
        var destination = new Destination("d0", new TestProvider("p", Stub.Address, DialectIds.Embeddings), "upstream-model");
        await StartAsync([new GatewayEndpoint("e", [destination]), Family.Messages.Endpoint("m", Stub)]);
        Stub.Enqueue(StubAnswer.Json("""{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"served-model","usage":{"prompt_tokens":3,"total_tokens":3}}"""), StubAnswer.Json("""{"input_tokens":42}"""));
        await AskAsync(Post("/openai/v1/embeddings", """{"model":"e","input":"Hello","dimensions":256,"encoding_format":"float"}"""));
        await AskAsync(Post("/anthropic/v1/messages/count_tokens", """{"model":"m","messages":[{"role":"user","content":"Hello"}]}"""));

        Assert.Equal(["embeddings upstream-model", "count_tokens upstream-model"], heard.Calls.Select(c => c.DisplayName));
        Activity embeddings = heard.Calls[0];
        Assert.Equal((256L, 3L, "served-model"), (embeddings.GetTagItem("gen_ai.embeddings.dimension.count"), embeddings.GetTagItem("gen_ai.usage.input_tokens"), embeddings.GetTagItem("gen_ai.response.model")));
        Assert.Equal(["float"], (string[])embeddings.GetTagItem("gen_ai.request.encoding_formats")!);
        Assert.Null(embeddings.GetTagItem("gen_ai.usage.output_tokens"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_fallback_is_two_calls(bool stream)
    {
        using var heard = new Heard();
        await StartAsync(Family.Chat.Endpoint("m", Stub, Second));
        Stub.Answer = _ => StubAnswer.Json(Family.Chat.ErrorBody(503), 503);
        Second.Answer = _ => stream ? StubAnswer.Sse([.. Family.Chat.Frames]) : StubAnswer.Json(Family.Chat.Json);
        await AskAsync(Family.Chat.Request("m", stream));

        Activity server = await heard.ServerAsync();
        Assert.Equal(2, heard.Calls.Count);
        Assert.Equal((ActivityStatusCode.Error, "some_code", 503, 1, "d0"), Of(heard.Calls[0]));
        Assert.Equal((ActivityStatusCode.Unset, null, 200, 2, "d1"), Of(heard.Calls[1]));
        Assert.Equal((ActivityStatusCode.Unset, 2), (server.Status, server.GetTagItem("gateway.attempts")));
        Assert.Null(heard.Calls[0].StatusDescription);
        Measured fallback = Assert.Single(heard.Of("gateway.fallbacks"));
        Assert.Equal(("m", "d1", "some_code"), (fallback.Tags["gateway.endpoint"], fallback.Tags["gateway.destination"], fallback.Tags["error.type"]));

        static (ActivityStatusCode, object?, object?, object?, object?) Of(Activity call) =>
            (call.Status, call.GetTagItem("error.type"), call.GetTagItem("http.response.status_code"), call.GetTagItem("gateway.attempt"), call.GetTagItem("gateway.destination"));
    }

    [Fact]
    public async Task A_providers_code_that_is_a_text_is_told_to_nobody()
    {
        using var heard = new Heard();
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        Stub.Answer = _ => StubAnswer.Json(Family.Chat.ErrorBody(500).Replace("some_code", "You said: Hello", StringComparison.Ordinal), 500);
        await AskAsync(Family.Chat.Request("m"));

        Activity server = await heard.ServerAsync();
        Assert.Equal(("upstream_error", "upstream_error"), (Assert.Single(heard.Calls).GetTagItem("error.type"), server.GetTagItem("error.type")));
        Assert.Equal("upstream_error", Assert.Single(heard.Of("gen_ai.client.operation.duration")).Tags["error.type"]);
        Assert.DoesNotContain("You said", Gateway.Log.Text, StringComparison.Ordinal);
        Assert.Equal(("upstream_error", "upstream_error"), ((await RecordAsync()).ErrorCode, Gateway.Usage.All[0].Attempts[0].Reason));
    }

    [Fact]
    public async Task A_call_that_was_never_sent_is_told_with_its_reason()
    {
        using var heard = new Heard();
        var provider = new TestProvider("p", Stub.Address, DialectIds.ChatCompletions) { Fault = GatewayError.Upstream("No token could be had.", "provider_credential") };
        await StartAsync(new GatewayEndpoint("m", [new Destination("d0", provider, "x")]));
        Assert.Equal(HttpStatusCode.BadGateway, (await AskAsync(Family.Chat.Request("m"))).Response.StatusCode);

        Activity server = await heard.ServerAsync();
        Activity call = Assert.Single(heard.Calls);
        Assert.Equal((ActivityStatusCode.Error, "provider_credential"), (call.Status, call.GetTagItem("error.type")));
        Assert.Equal((ActivityStatusCode.Error, "provider_credential", "upstream_error"), (server.Status, server.GetTagItem("error.type"), server.GetTagItem("gateway.outcome")));
    }

    [Fact]
    public async Task A_stream_that_breaks_off_is_an_error_though_its_status_was_200()
    {
        using var heard = new Heard();
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        Stub.Answer = _ => StubAnswer.Sse([.. Family.Chat.Head, .. Family.Chat.Content]);
        await AskAsync(Family.Chat.Request("m", stream: true));

        Activity server = await heard.ServerAsync();
        Activity call = Assert.Single(heard.Calls);
        Assert.Equal(ActivityStatusCode.Error, call.Status);
        Assert.NotNull(call.GetTagItem("error.type"));
        Assert.Equal((ActivityStatusCode.Error, "truncated"), (server.Status, server.GetTagItem("gateway.outcome")));
    }

    [Fact]
    public async Task A_hang_up_ends_the_call()
    {
        using var heard = new Heard();
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        Stub.Answer = _ => StubAnswer.Sse([.. Family.Chat.Head.Concat(Family.Chat.Content).Select(StubStep.Write), StubStep.Hang]);
        HttpResponseMessage response = await SendAsync(Family.Chat.Request("m", stream: true));
        await new Reading(await response.Content.ReadAsStreamAsync(Stop)).UntilAsync(Family.Said);
        response.Dispose();

        Activity server = await heard.ServerAsync();
        Activity call = Assert.Single(heard.Calls);
        Assert.Equal((ActivityStatusCode.Error, "client_closed"), (call.Status, call.GetTagItem("error.type")));
        Assert.Equal((ActivityStatusCode.Unset, "client_closed"), (server.Status, server.GetTagItem("gateway.outcome")));
        Assert.Equal(0, heard.Of("gateway.streams.open").Sum(m => m.Value));
    }

    [Fact]
    public async Task Refusals_by_the_gateway_have_no_call()
    {
        using var heard = new Heard();
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        HttpRequestMessage stranger = Family.Chat.Request("m");
        stranger.Headers.Authorization = null;
        (HttpResponseMessage response, _) = await AskAsync(stranger);

        Activity server = await heard.ServerAsync();
        Assert.Empty(heard.Calls);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(("refused", response.Headers.GetValues("x-request-id").Single()), (server.GetTagItem("gateway.outcome"), server.GetTagItem("gateway.request.id")));
        Assert.Empty(Gateway.Usage.All);
    }

    private static HttpRequestMessage Post(string path, string body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new("Bearer", "good");
        return request;
    }

    private static void AssertNoText(params ReadOnlySpan<Activity> spans)
    {
        foreach (Activity span in spans)
        {
            string told = string.Join(' ', span.TagObjects.Select(t => t.Value is string[] texts ? string.Join(',', texts) : $"{t.Value}"));
            foreach (string text in (string[])["Hello", Family.Said, "secret", "good", "alice"])
            {
                Assert.DoesNotContain(text, told, StringComparison.Ordinal);
            }
        }
    }
}
