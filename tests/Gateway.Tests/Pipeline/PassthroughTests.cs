using System.Net;
using System.Text;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Routing;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Tests.Pipeline;

/// <summary>The same dialect on both sides: the client's bytes with named splices, the provider's bytes back.</summary>
public sealed class PassthroughTests : GatewayTest
{
    [Theory]
    [MemberData(nameof(Family.Names), MemberType = typeof(Family))]
    public async Task A_request_crosses_byte_for_byte_but_for_its_model(string name)
    {
        Family family = Family.Named(name);
        await StartAsync(family.Endpoint("my/model", Stub));
        Stub.Answer = _ => StubAnswer.Json(family.Json);
        string Body(string model) => """{ "x_unknown" : [1.50, "\u00e9\ud83d\ude00", {"b":2,"a":1}],""" + "\r\n\t" + family.Body(model, false)[1..];
        (HttpResponseMessage response, string body) = await AskAsync(family.Request("my/model", body: Body("my/model")));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(Body("upstream-model"), Stub.Request.Text);
        Assert.Equal(family.Json, body);
    }

    [Theory]
    [MemberData(nameof(Family.Names), MemberType = typeof(Family))]
    public async Task A_stream_crosses_byte_for_byte(string name)
    {
        Family family = Family.Named(name);
        await StartAsync(family.Endpoint("m", Stub));
        string stream = family.Head.Aggregate(": hello\n\n", string.Concat) + string.Concat(family.Content)
            + "event: brand_new\r\ndata:{\"type\":\"brand_new\",\"candidates\":[],\"choices\":[]}\r\n\r\n" + string.Concat(family.Tail);
        Stub.Answer = _ => StubAnswer.Sse(stream);
        string asked = family == Family.Chat ? family.Body("m", true)[..^1] + ",\"stream_options\":{\"include_usage\":true}}" : family.Body("m", true);
        (HttpResponseMessage response, string body) = await AskAsync(family.Request("m", stream: true, asked));
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(stream, body);
        UsageRecord record = await RecordAsync();
        Assert.Equal((RequestOutcome.Success, 11, 4, false), (record.Outcome, record.Usage!.InputTokens, record.Usage.OutputTokens, record.Usage.Estimated));
        Assert.Equal(("served-model", "upstream-model", "m"), (record.ModelServed, record.ModelAsked, record.Endpoint));
        Assert.True(record.Stream);
        Assert.Equal(Encoding.UTF8.GetByteCount(body), record.BytesOut);
    }

    [Fact]
    public async Task Counts_that_only_the_gateway_asked_for_are_withheld()
    {
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        Stub.Answer = _ => StubAnswer.Sse([.. Family.Chat.Frames]);
        (_, string body) = await AskAsync(Family.Chat.Request("m", stream: true));
        Assert.True(Parse(Stub.Request.Text).GetProperty("stream_options").GetProperty("include_usage").GetBoolean());
        Assert.Equal(string.Concat(Family.Chat.Frames.Where(f => !f.Contains("prompt_tokens", StringComparison.Ordinal))), body);
        Assert.Equal(15, (await RecordAsync()).Usage!.TotalTokens);
    }

    [Theory]
    [MemberData(nameof(Family.Names), MemberType = typeof(Family))]
    public async Task A_stream_may_be_cut_at_any_byte(string name)
    {
        Family family = Family.Named(name);
        await StartAsync(family.Endpoint("m", Stub));
        byte[] stream = Encoding.UTF8.GetBytes(family.Stream.Replace("Hi there", "Hi 🌍 there", StringComparison.Ordinal));
        string asked = family == Family.Chat ? family.Body("m", true)[..^1] + ",\"stream_options\":{\"include_usage\":true}}" : family.Body("m", true);

        // A prime stride, so that over the runs the cuts fall everywhere.
        for (int cut = 1; cut < stream.Length; cut += 37)
        {
            Stub.Enqueue(StubAnswer.Sse(StubStep.Write(stream.AsMemory(0, cut)), StubStep.Write(stream.AsMemory(cut))));
            HttpResponseMessage response = await SendAsync(family.Request("m", stream: true, asked));
            Assert.Equal(stream, await response.Content.ReadAsByteArrayAsync(Stop));
        }

        Assert.All(Gateway.Usage.All, r => Assert.Equal((RequestOutcome.Success, 15), (r.Outcome, r.Usage!.TotalTokens)));
    }

    [Theory]
    [MemberData(nameof(Family.Names), MemberType = typeof(Family))]
    public async Task A_refusal_crosses_byte_for_byte(string name)
    {
        Family family = Family.Named(name);
        await StartAsync(family.Endpoint("m", Stub));
        foreach (int status in (int[])[400, 404, 422, 429, 500, 503])
        {
            Stub.Enqueue(StubAnswer.Json(family.ErrorBody(status), status, ("Retry-After", "7"), ("x-ratelimit-remaining-requests", "0")));
            (HttpResponseMessage response, string body) = await AskAsync(family.Request("m"));
            Assert.Equal(status, (int)response.StatusCode);
            Assert.Equal(family.ErrorBody(status), body);
            Assert.Equal(TimeSpan.FromSeconds(7), response.Headers.RetryAfter!.Delta);
            Assert.Equal("0", response.Headers.GetValues("x-ratelimit-remaining-requests").Single());
        }

        Assert.All(Gateway.Usage.All, r => Assert.Equal(RequestOutcome.UpstreamError, r.Outcome));
        Assert.All(Gateway.Usage.All, r => Assert.Null(r.Usage));
    }

    [Theory]
    [MemberData(nameof(Family.Names), MemberType = typeof(Family))]
    public async Task A_refused_credential_is_the_gateways_fault(string name)
    {
        Family family = Family.Named(name);
        await StartAsync(family.Endpoint("m", Stub));
        foreach (int status in (int[])[401, 403])
        {
            Stub.Enqueue(StubAnswer.Json(family.ErrorBody(status).Replace("upstream says", "bad key sk-provider-secret", StringComparison.Ordinal), status));
            (HttpResponseMessage response, string body) = await AskAsync(family.Request("m"));
            Assert.Equal(502, (int)response.StatusCode);
            Assert.DoesNotContain("sk-provider", body, StringComparison.Ordinal);
            Assert.Contains("credential", family.ErrorMessage(Parse(body)), StringComparison.Ordinal);
        }

        Assert.DoesNotContain("secret", Gateway.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_listed_headers_cross()
    {
        await StartAsync(Family.Messages.Endpoint("m", Stub));
        StubAnswer answer = StubAnswer.Json(Family.Messages.Json, 200, ("request-id", "req_up"), ("anthropic-ratelimit-tokens-remaining", "5"), ("Set-Cookie", "a=b"), ("X-Powered-By", "x"), ("anthropic-organization-id", "org"));
        Stub.Answer = _ => answer;
        HttpRequestMessage request = Family.Messages.Request("m");
        request.RequestUri = new Uri("/anthropic/v1/messages?beta=true", UriKind.Relative);
        foreach ((string name, string value) in ((string, string)[])[
            ("anthropic-beta", "a,b"), ("anthropic-version", "2026-10-21"), ("OpenAI-Beta", "x"), ("x-goog-api-client", "g"), ("x-api-key", "unused"), ("Cookie", "c=d"),
            ("User-Agent", "agent/1"), ("X-Forwarded-For", "1.2.3.4"), ("traceparent", "00-1-2-01"), ("x-gateway-tags", "{}"), ("Idempotency-Key", "i"), ("Accept-Encoding", "gzip")])
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        (HttpResponseMessage response, _) = await AskAsync(request);
        StubRequest got = Stub.Request;
        Assert.Equal("/v1/messages?beta=true", got.Target);
        Assert.Equal("a,b", got.Headers["anthropic-beta"]);
        Assert.Equal("2026-10-21", got.Headers["anthropic-version"]);
        Assert.Equal("agent/1", got.Headers["User-Agent"]);
        Assert.Equal("i", got.Headers["Idempotency-Key"]);
        Assert.Equal("Bearer provider-secret", got.Headers["Authorization"]);
        Assert.Equal("application/json", got.Headers["Content-Type"]);
        foreach (string name in (string[])["OpenAI-Beta", "x-goog-api-client", "x-api-key", "Cookie", "X-Forwarded-For", "traceparent", "x-gateway-tags"])
        {
            Assert.False(got.Headers.ContainsKey(name), name);
        }

        Assert.Equal("5", response.Headers.GetValues("anthropic-ratelimit-tokens-remaining").Single());
        Assert.Equal("req_up", response.Headers.GetValues("x-upstream-request-id").Single());
        Assert.Equal("d0", response.Headers.GetValues("x-gateway-destination").Single());
        string id = response.Headers.GetValues("x-request-id").Single();
        Assert.Equal(id, response.Headers.GetValues("request-id").Single());
        foreach (string name in (string[])["Set-Cookie", "X-Powered-By", "anthropic-organization-id"])
        {
            Assert.False(response.Headers.Contains(name), name);
        }

        UsageRecord record = await RecordAsync();
        Assert.Equal((id, "req_up", "agent/1"), (record.RequestId, record.ProviderRequestId, record.UserAgent));
    }

    [Fact]
    public async Task A_Gemini_stream_without_sse_is_one_array()
    {
        Family gemini = Family.Gemini;
        await StartAsync(gemini.Endpoint("m", Stub));
        HttpRequestMessage Request() => With(gemini.Request("m", stream: true), "/gemini/v1beta/models/m:streamGenerateContent");
        Stub.Enqueue(StubAnswer.Sse([.. gemini.Frames]));
        (HttpResponseMessage response, string body) = await AskAsync(Request());
        Assert.Contains("alt=sse", Stub.Request.Target, StringComparison.Ordinal);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(gemini.Frames.Select(f => f["data: ".Length..].Trim()), Parse(body).EnumerateArray().Select(e => e.GetRawText()));
        Assert.Equal(15, (await RecordAsync()).Usage!.TotalTokens);

        body = await BreakAsync([]);
        Assert.Equal(2, Parse(body).GetArrayLength());
        Assert.Equal(502, Parse(body)[1].GetProperty("error").GetProperty("code").GetInt32());

        body = await BreakAsync([StubStep.Write(gemini.ErrorFrame)]);
        Assert.Equal("The engine is on fire", Parse(body)[1].GetProperty("error").GetProperty("message").GetString());
        Assert.Equal(2, Parse(body).GetArrayLength());

        async Task<string> BreakAsync(StubStep[] steps)
        {
            var begins = new TaskCompletionSource();
            Stub.Enqueue(StubAnswer.Sse([.. gemini.Content.Select(StubStep.Write), StubStep.Await(begins.Task), .. steps]));
            var reader = new Reading(await (await SendAsync(Request())).Content.ReadAsStreamAsync(Stop));
            await reader.UntilAsync(Family.Said);
            begins.SetResult();
            return await reader.ToEndAsync();
        }

        static HttpRequestMessage With(HttpRequestMessage request, string path)
        {
            request.RequestUri = new Uri(path, UriKind.Relative);
            return request;
        }
    }

    [Theory]
    [MemberData(nameof(Family.Names), MemberType = typeof(Family))]
    public async Task An_answer_in_the_other_manner_is_turned_round(string name)
    {
        Family family = Family.Named(name);
        await StartAsync(family.Endpoint("m", Stub));

        // A stream was asked for, the whole came.
        Stub.Enqueue(StubAnswer.Json(family.Json));
        (HttpResponseMessage response, string body) = await AskAsync(family.Request("m", stream: true));
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        Assert.Contains(Family.Said, body, StringComparison.Ordinal);
        Assert.Contains(family.EndMark, body, StringComparison.Ordinal);

        // The whole was asked for, a stream came.
        Stub.Enqueue(StubAnswer.Sse([.. family.Frames]));
        (response, body) = await AskAsync(family.Request("m"));
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.Contains(Family.Said, Parse(body).GetRawText(), StringComparison.Ordinal);
        Assert.Equal([15, 15], Gateway.Usage.All.Select(r => r.Usage!.TotalTokens!.Value));
    }

    [Fact]
    public async Task An_answer_that_nobody_here_can_read_is_the_clients_to_judge()
    {
        await StartAsync(Family.Messages.Endpoint("m", Stub));
        Stub.Enqueue(StubAnswer.Json("""{"type":"something_new","content":{"a":1}}"""));
        (HttpResponseMessage response, string body) = await AskAsync(Family.Messages.Request("m"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("""{"type":"something_new","content":{"a":1}}""", body);
    }

    [Fact]
    public async Task A_refusal_with_status_200_is_a_refusal()
    {
        await StartAsync(Family.Chat.Endpoint("m", Stub, Second));
        Stub.Enqueue(StubAnswer.Json("""{"error":{"message":"no room","code":503}}"""));
        Second.Enqueue(StubAnswer.Json(Family.Chat.Json));
        (_, string body) = await AskAsync(Family.Chat.Request("m"));
        Assert.Equal(Family.Chat.Json, body);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task A_compressed_answer_is_read(string encoding)
    {
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        StubAnswer answer = new() { Headers = { ["Content-Type"] = "application/json", ["Content-Encoding"] = encoding }, Steps = [StubStep.Write(Compressed.By(encoding, Encoding.UTF8.GetBytes(Family.Chat.Json)))] };
        Stub.Answer = _ => answer;
        (HttpResponseMessage response, string body) = await AskAsync(Family.Chat.Request("m"));
        Assert.Equal(Family.Chat.Json, body);
        Assert.Empty(response.Content.Headers.ContentEncoding);
    }

    [Fact]
    public async Task A_server_that_departs_from_its_dialect_is_written_to_in_its_own_way()
    {
        DialectQuirks quirks = new() { MaxTokensField = "max_tokens", StreamOptions = false };
        await StartAsync(new GatewayEndpoint("m", [new Destination("d", new TestProvider("p", Stub.Address, DialectIds.ChatCompletions) { Quirks = quirks }, "upstream-model")]));
        Stub.Answer = _ => StubAnswer.Json(Family.Chat.Json);
        (_, string body) = await AskAsync(Family.Chat.Request("m"));
        Assert.Equal(64, Parse(Stub.Request.Text).GetProperty("max_tokens").GetInt32());
        Assert.False(Parse(Stub.Request.Text).TryGetProperty("max_completion_tokens", out _));
        Assert.Equal(Family.Chat.Json, body);
    }
}
