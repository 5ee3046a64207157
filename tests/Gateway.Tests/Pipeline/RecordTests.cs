using System.Text;
using Microsoft.Extensions.Logging;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Providers;
using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Tests.Pipeline;

/// <summary>Exactly one record of each accepted request, durable before its answer ends.</summary>
public sealed class RecordTests : GatewayTest
{
    [Theory]
    [MemberData(nameof(Family.Pairs), MemberType = typeof(Family))]
    public async Task It_counts_what_the_provider_counted(string clientName, string providerName)
    {
        (Family client, Family provider) = (Family.Named(clientName), Family.Named(providerName));
        await StartAsync(provider.Endpoint("m", Stub));
        foreach (bool stream in (bool[])[false, true])
        {
            Stub.Enqueue(stream ? StubAnswer.Sse([.. provider.Frames]) : StubAnswer.Json(provider.Json));
            HttpRequestMessage request = client.Request("m", stream);
            request.Headers.Add("Databricks-Ai-Gateway-Request-Tags", """{"team":"red","cost":"42"}""");
            request.Headers.Add("x-claude-code-session-id", "session-1");
            request.Headers.Add("User-Agent", "claude-cli/2.1");
            request.Headers.Add("X-Azure-Functions-InvocationId", "invocation-1");
            (HttpResponseMessage response, string body) = await AskAsync(request);
            UsageRecord record = Gateway.Usage.All[^1];
            Assert.Equal(response.Headers.GetValues("x-request-id").Single(), record.RequestId);
            Assert.Equal((RequestOutcome.Success, 200, FinishReason.Stop), (record.Outcome, record.StatusCode, record.FinishReason));
            Assert.Equal((11, 4, false), (record.Usage!.InputTokens, record.Usage.OutputTokens, record.Usage.Estimated));
            Assert.Equal(("alice", "User", "alice-1"), (record.Principal, record.PrincipalType, record.KeyId));
            Assert.Equal(["staff"], record.Groups);
            Assert.Equal((client.Dialect.Name, provider.Dialect.Name), (record.ClientDialect, record.ProviderDialect));
            Assert.Equal(("m", "p0", "d0", "upstream-model", "served-model"), (record.Endpoint, record.Provider, record.Destination, record.ModelAsked, record.ModelServed));
            Assert.Equal((stream, "session-1", "claude-code"), (record.Stream, record.SessionId, record.Agent));
            Assert.Null(record.InvocationId);       // no Functions host is in front: anybody may have written the header
            Assert.Equal("red", record.Tags!["team"]);
            Assert.Equal(Encoding.UTF8.GetByteCount(body), record.BytesOut);
            Assert.True(record.BytesIn > 0);
            Assert.True(record.TimeToFirstToken <= record.Latency);
            Assert.Equal((200, (string?)null), (record.Attempts.Single().Status, record.Attempts[0].Reason));
        }

        Assert.Equal(2, Gateway.Usage.AllAccepted.Count);
        Assert.All(Gateway.Usage.AllAccepted, r => Assert.Equal((RequestOutcome.Open, "m", "alice"), (r.Outcome, r.Endpoint, r.Principal)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_is_durable_before_the_last_byte(bool stream)
    {
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        var gate = new TaskCompletionSource();
        Gateway.Usage.Gate = gate.Task;
        Stub.Answer = _ => stream ? StubAnswer.Sse([.. Family.Chat.Frames]) : StubAnswer.Json(Family.Chat.Json);
        Task<string> asking = Task.Run(async () => (await AskAsync(Family.Chat.Request("m", stream))).Body, Stop);
        await Task.Delay(500, Stop);
        Assert.False(asking.IsCompleted);
        gate.SetResult();
        Assert.NotEmpty(await asking);
        Assert.Equal(RequestOutcome.Success, Gateway.Usage.All.Single().Outcome);
    }

    [Fact]
    public async Task A_stream_shows_all_its_events_before_the_record_is_durable()
    {
        await StartAsync(Family.Messages.Endpoint("m", Stub));
        var gate = new TaskCompletionSource();
        Gateway.Usage.Gate = gate.Task;
        Stub.Answer = _ => StubAnswer.Sse([.. Family.Messages.Frames]);
        HttpResponseMessage response = await SendAsync(Family.Messages.Request("m", stream: true));
        Stream body = await response.Content.ReadAsStreamAsync(Stop);
        byte[] whole = new byte[Encoding.UTF8.GetByteCount(Family.Messages.Stream)];
        await body.ReadExactlyAsync(whole, Stop).AsTask().WaitAsync(TimeSpan.FromSeconds(5), Stop);
        Task<int> end = body.ReadAsync(new byte[1], Stop).AsTask();
        await Task.Delay(200, Stop);
        Assert.False(end.IsCompleted);
        gate.SetResult();
        Assert.Equal(0, await end);
    }

    [Fact]
    public async Task A_store_that_fails_costs_no_answer()
    {
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        Gateway.Usage.Fault = new InvalidOperationException("The disk is full.");
        Stub.Answer = _ => StubAnswer.Json(Family.Chat.Json);
        Assert.Equal(Family.Chat.Json, (await AskAsync(Family.Chat.Request("m"))).Body);
        Assert.Contains("could not be stored", Gateway.Log.Text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Family.Pairs), MemberType = typeof(Family))]
    public async Task A_client_that_hangs_up_cancels_the_provider_within_a_second(string clientName, string providerName)
    {
        (Family client, Family provider) = (Family.Named(clientName), Family.Named(providerName));
        await StartAsync(provider.Endpoint("m", Stub, Second));
        Stub.Enqueue(StubAnswer.Sse([.. provider.Head.Concat(provider.Content).Select(StubStep.Write), StubStep.Hang]));
        HttpResponseMessage response = await SendAsync(client.Request("m", stream: true));
        byte[] some = new byte[10];
        await (await response.Content.ReadAsStreamAsync(Stop)).ReadExactlyAsync(some, Stop);
        response.Dispose();

        // Half a second more than is promised, for a machine under load; what would drain the provider's stream takes two.
        await Stub.Request.Aborted.WaitAsync(TimeSpan.FromSeconds(1.5), Stop);
        UsageRecord record = await RecordAsync();
        Assert.Equal((RequestOutcome.ClientClosed, 200, "client_closed"), (record.Outcome, record.StatusCode, record.ErrorCode));
        Assert.True(record.Usage is { Estimated: true, InputTokens: > 0, OutputTokens: > 0 });
        Assert.Empty(Second.Requests);
    }

    [Fact]
    public async Task A_client_that_stops_reading_holds_the_provider_up_until_it_hangs_up()
    {
        await StartAsync(Family.Messages.Endpoint("m", Stub));
        int sent = 0;
        string delta = string.Concat(Enumerable.Repeat(Family.Messages.Content[0], 100));
        Stub.Enqueue(StubAnswer.Sse([.. Family.Messages.Head.Select(StubStep.Write), StubStep.Flood(delta, () => Interlocked.Increment(ref sent))]));
        HttpResponseMessage response = await SendAsync(Family.Messages.Request("m", stream: true));
        int before;
        do
        {
            before = Volatile.Read(ref sent);
            await Task.Delay(300, Stop);
            Assert.True(Volatile.Read(ref sent) < 4000, "Nothing holds the provider up.");
        }
        while (Volatile.Read(ref sent) != before);

        response.Dispose();
        await Stub.Request.Aborted.WaitAsync(TimeSpan.FromSeconds(10), Stop);
        Assert.Equal(RequestOutcome.ClientClosed, (await RecordAsync()).Outcome);
    }

    [Fact]
    public async Task Counts_that_a_provider_does_not_give_are_estimated()
    {
        foreach (Family client in Family.All)
        {
            await using TestGateway gateway = await TestGateway.StartAsync([Family.Chat.Endpoint("m", Stub)]);
            Stub.Enqueue(StubAnswer.Sse([.. Family.Chat.Frames.Where(f => !f.Contains("prompt_tokens", StringComparison.Ordinal))]));
            Stub.Enqueue(StubAnswer.Json(Family.Chat.Json.Replace("\"usage\"", "\"x\"", StringComparison.Ordinal)));
            foreach (bool stream in (bool[])[true, false])
            {
                await (await gateway.Client.SendAsync(client.Request("m", stream), Stop)).Content.ReadAsStringAsync(Stop);
            }

            Assert.Equal(2, gateway.Usage.All.Count);
            Assert.All(gateway.Usage.All, r => Assert.True(r.Usage is { Estimated: true, InputTokens: > 0, OutputTokens: 2 }, $"{client.Name}: {r.Usage}"));
        }
    }

    [Fact]
    public async Task Refusals_are_recorded_once_the_caller_is_known()
    {
        await StartAsync([Family.Chat.Endpoint("m", Stub), Family.Chat.Endpoint("secret", Stub)]);
        await AskAsync(Family.Chat.Request("secret"));
        await AskAsync(Family.Chat.Request("unknown"));
        await AskAsync(Family.Chat.Request("m", body: "{"));
        HttpRequestMessage anonymous = Family.Chat.Request("m");
        anonymous.Headers.Authorization = new("Bearer", "bad");
        await AskAsync(anonymous);
        Assert.Equal([403, 404, 400], Gateway.Usage.All.Select(r => r.StatusCode));
        Assert.All(Gateway.Usage.All, r => Assert.Equal((RequestOutcome.Refused, "alice", (TokenUsage?)null), (r.Outcome, r.Principal, r.Usage)));
        Assert.Equal(Gateway.Usage.All.Select(r => r.RequestId), Gateway.Usage.AllAccepted.Select(r => r.RequestId));
        Assert.DoesNotContain("Hello", Gateway.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_tells_everything_that_is_known_of_a_request()
    {
        await StartAsync(Family.Messages.Endpoint("m", Stub));
        Stub.Enqueue(StubAnswer.Json(
            """
            {"id":"msg_1","type":"message","role":"assistant","model":"served-model","content":[{"type":"text","text":"Hi there"}],"stop_reason":"max_tokens","stop_sequence":null,
             "usage":{"input_tokens":5,"cache_read_input_tokens":30,"cache_creation_input_tokens":7,"cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4},"output_tokens":4,"service_tier":"priority"}}
            """,
            200,
            ("request-id", "req_provider")));
        HttpRequestMessage request = Family.Chat.Request("m", body: """{"model":"m","messages":[{"role":"user","content":"Hello"}],"max_tokens":4,"seed":7}""");
        request.Headers.Add("Databricks-Ai-Gateway-Request-Tags", """{"team":"red","cost":"42"}""");
        request.Headers.Add("x-gateway-tags", """{"team":"blue"}""");
        request.Headers.Add("User-Agent", "codex_cli_rs/0.50.0 (Debian 13; x86_64) xterm");
        request.Headers.Add("session_id", "session-2");
        (HttpResponseMessage response, string body) = await AskAsync(request);
        Assert.Equal(200, (int)response.StatusCode);
        UsageRecord record = await RecordAsync();

        Assert.Equal(("req_provider", "openai/v1/chat/completions"), (record.ProviderRequestId, record.ApiType));
        Assert.Equal((42, 30, 7, 3, 4, 4, false), (record.Usage!.InputTokens, record.Usage.CacheReadTokens, record.Usage.CacheWriteTokens, record.Usage.CacheWrite5mTokens, record.Usage.CacheWrite1hTokens, record.Usage.OutputTokens, record.Usage.Estimated));
        Assert.Equal(46, record.Usage.TotalTokens);
        Assert.Equal((FinishReason.Length, "priority"), (record.FinishReason, record.ServiceTier));
        Assert.Equal(("codex", "session-2", "127.0.0.1"), (record.Agent, record.SessionId, record.ClientAddress));
        Assert.Equal(new Dictionary<string, string> { ["team"] = "blue", ["cost"] = "42" }, record.Tags);
        Assert.Contains(record.Translation, t => t is { Field: "seed", Dropped: true });
        Assert.True(record.QueueTime > TimeSpan.Zero && record.QueueTime <= record.TimeToFirstToken && record.TimeToFirstToken <= record.Latency, $"{record.QueueTime} {record.TimeToFirstToken} {record.Latency}");
        Assert.Equal(record.Accepted + record.Latency, record.Completed);
        Assert.Equal(Encoding.UTF8.GetByteCount(body), record.BytesOut);
        Assert.StartsWith(Environment.MachineName, record.Instance, StringComparison.Ordinal);
        Assert.Matches(@"^\d+\.\d+\.\d+$", record.GatewayVersion);
    }

    [Fact]
    public async Task What_an_attempt_that_failed_may_be_billed_stands_with_it()
    {
        await StartAsync(Family.Messages.Endpoint("m", Stub, Second));
        Stub.Enqueue(StubAnswer.Sse([.. Family.Messages.Head, Family.Messages.ErrorFrame]));
        Second.Enqueue(StubAnswer.Sse([.. Family.Messages.Frames]));

        await AskAsync(Family.Messages.Request("m", stream: true));

        UsageRecord record = await RecordAsync();
        Assert.Equal([(11, null), (null, null)], record.Attempts.Select(a => (a.InputTokens, a.OutputTokens)));
        Assert.Equal((11, 4), (record.Usage!.InputTokens, record.Usage.OutputTokens));
    }

    [Theory]
    [InlineData("claude-cli/2.1.0 (external, cli)", "claude-code")]
    [InlineData("codex_exec/0.50.0 (Debian 13; x86_64)", "codex")]
    [InlineData("GeminiCLI/0.9.0/gemini-2.5-pro (linux; x64)", "gemini-cli")]
    [InlineData("opencode/1.0.0 ai-sdk/provider-utils/3.0", "opencode")]
    [InlineData("ai-sdk/provider-utils/3.0 opencode/1.0.0", "opencode")]
    [InlineData("GitHubCopilotChat/0.30", "copilot")]
    [InlineData("Cline/3.20", "cline")]
    [InlineData("QwenCode/0.1 (linux; x64)", "qwen-code")]
    [InlineData("OpenAI/Python 2.1.0", null)]
    [InlineData("Declined/1.0 precursor/2 zedtool/3", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void A_coding_agent_is_known_by_its_user_agent(string? userAgent, string? name) => Assert.Equal(name, CodingAgent.NameOf(userAgent));

    [Theory]
    [InlineData("""{"a":1}""")]
    [InlineData("[]")]
    [InlineData("nonsense")]
    public async Task Tags_that_are_none_are_ignored_and_told(string tags)
    {
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        Stub.Answer = _ => StubAnswer.Json(Family.Chat.Json);
        HttpRequestMessage request = Family.Chat.Request("m");
        request.Headers.Add("x-gateway-tags", tags);
        Assert.Equal(200, (int)(await AskAsync(request)).Response.StatusCode);
        Assert.Null((await RecordAsync()).Tags);
        Assert.Contains("tags of request", Gateway.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fault_of_the_gateway_is_a_500_without_its_reason()
    {
        var directory = new GatewayEndpoint("m", [new Destination("d", new BrokenProvider(), "x")]);
        await StartAsync(directory);
        (HttpResponseMessage response, string body) = await AskAsync(Family.Messages.Request("m"));
        Assert.Equal(500, (int)response.StatusCode);
        Assert.DoesNotContain("private", body, StringComparison.Ordinal);
        Assert.Contains(response.Headers.GetValues("x-request-id").Single(), body, StringComparison.Ordinal);
        Assert.Contains("private detail", Gateway.Log.Text, StringComparison.Ordinal);
        Assert.Equal(RequestOutcome.InternalError, (await RecordAsync()).Outcome);
    }

    [Fact]
    public void The_log_store_writes_one_line_without_secrets()
    {
        var log = new CapturedLog();
        using var factory = new OneLogger(log);
        var store = new LogUsageStore(factory);
        var record = new UsageRecord
        {
            RequestId = "r1",
            Accepted = DateTimeOffset.UnixEpoch,
            ApiType = "openai/v1/responses",
            Outcome = RequestOutcome.Success,
            StatusCode = 200,
            Latency = TimeSpan.FromMilliseconds(12.5),
            Usage = new TokenUsage { InputTokens = 5, CacheReadTokens = 3, OutputTokens = 2 },
            Attempts = [new Attempt("d", 200, TimeSpan.FromMilliseconds(9), null)],
            Tags = new Dictionary<string, string> { ["a"] = "\"b\"" },
        };
        Assert.True(store.CompletedAsync(record, CancellationToken.None).IsCompletedSuccessfully);
        string line = Assert.Single(log.Text.Split('\n'));
        var json = Parse(line[line.IndexOf('{')..]);
        Assert.Equal("r1", json.GetProperty("request_id").GetString());
        Assert.Equal(12.5, json.GetProperty("latency_ms").GetDouble());
        Assert.Equal(7, json.GetProperty("total_tokens").GetInt32());
        Assert.Equal("success", json.GetProperty("outcome").GetString());
        Assert.Equal("\"b\"", json.GetProperty("request_tags").GetProperty("a").GetString());
        Assert.Equal(9, json.GetProperty("attempts")[0].GetProperty("latency_ms").GetDouble());
    }

    private sealed class BrokenProvider : IProvider
    {
        public string Name => "broken";

        public string Kind => "broken";

        public HttpMessageInvoker Connections => throw new NotSupportedException();

        public IReadOnlyList<DialectId> Dialects(string model) => throw new InvalidCastException("private detail");

        public DialectQuirks Quirks(DialectId dialect, string model) => throw new NotSupportedException();

        public ValueTask<HttpRequestMessage> CreateRequestAsync(UpstreamRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    private sealed class OneLogger(CapturedLog log) : ILoggerFactory
    {
        public void AddProvider(ILoggerProvider provider)
        {
        }

        public ILogger CreateLogger(string categoryName) => log;

        public void Dispose()
        {
        }
    }
}
