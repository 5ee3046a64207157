using System.Text;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Routing;
using Serverless.Gateway.Tests.Pipeline;
using Serverless.Translation.Tests;

namespace Serverless.Gateway.Tests.Record;

/// <summary>The same traffic gives the same numbers whoever asked, and every client is told in its own words what the record says.</summary>
public sealed class TokenTests : GatewayTest
{
    /// <summary>Every kind of token that a family can tell, and what the record must say of it: 5 and 60 minutes of cache, sound in and out.</summary>
    private static readonly Dictionary<string, (string Usage, Counted Counted, (long? M5, long? H1, long? SoundIn, long? SoundOut, long? Tools) Kinds)> Rich = new()
    {
        ["chat"] = (
            """{"prompt_tokens":1000,"completion_tokens":200,"total_tokens":1200,"prompt_tokens_details":{"cached_tokens":300,"cache_write_tokens":100,"audio_tokens":20},"completion_tokens_details":{"reasoning_tokens":50,"audio_tokens":5,"accepted_prediction_tokens":7}}""",
            new(1000, 300, 100, 200, 50),
            (null, null, 20, 5, null)),
        ["responses"] = (
            """{"input_tokens":1000,"input_tokens_details":{"cached_tokens":300,"cache_write_tokens":100},"output_tokens":200,"output_tokens_details":{"reasoning_tokens":50},"total_tokens":1200}""",
            new(1000, 300, 100, 200, 50),
            (null, null, null, null, null)),
        ["messages"] = (
            """{"input_tokens":600,"cache_read_input_tokens":300,"cache_creation_input_tokens":100,"cache_creation":{"ephemeral_5m_input_tokens":60,"ephemeral_1h_input_tokens":40},"output_tokens":200,"output_tokens_details":{"thinking_tokens":50},"service_tier":"standard"}""",
            new(1000, 300, 100, 200, 50),
            (60, 40, null, null, null)),
        ["gemini"] = (
            """{"promptTokenCount":900,"cachedContentTokenCount":300,"toolUsePromptTokenCount":100,"candidatesTokenCount":150,"thoughtsTokenCount":50,"totalTokenCount":1200,"promptTokensDetails":[{"modality":"TEXT","tokenCount":880},{"modality":"AUDIO","tokenCount":20}],"candidatesTokensDetails":[{"modality":"AUDIO","tokenCount":5}]}""",
            new(1000, 300, 0, 200, 50),
            (null, null, 20, 5, 100)),
    };

    [Theory]
    [MemberData(nameof(Family.Pairs), MemberType = typeof(Family))]
    public async Task Every_kind_of_token_is_recorded_and_told(string clientName, string providerName)
    {
        (Family client, Family provider) = (Family.Named(clientName), Family.Named(providerName));
        (string usage, Counted counted, (long? M5, long? H1, long? SoundIn, long? SoundOut, long? Tools) kinds) = Rich[providerName];
        await StartAsync(provider.Endpoint("m", Stub));
        foreach (bool stream in (bool[])[false, true])
        {
            Stub.Enqueue(stream ? StubAnswer.Sse([.. provider.Frames.Select(f => WithUsage(provider, f, usage))]) : StubAnswer.Json(WithUsage(provider, provider.Json, usage)));
            (_, string body) = await AskAsync(Asking(client, stream));
            UsageRecord record = Gateway.Usage.All[^1];

            Assert.Equal(counted, Counted.Of(record.Usage!));
            Assert.Equal(kinds, (record.Usage!.CacheWrite5mTokens, record.Usage.CacheWrite1hTokens, record.Usage.AudioInputTokens, record.Usage.AudioOutputTokens, record.Usage.ToolUseInputTokens));
            Assert.Equal((1200, false), (record.Usage.TotalTokens, record.Usage.Estimated));

            // Gemini has no word for what was written to a cache.
            Assert.Equal(client == Family.Gemini ? counted with { CacheWrite = 0 } : counted, Counted.Of(client, body));
        }
    }

    /// <summary>The same tokens cost the same whoever asked: kind by kind, in dollars per million tokens of the vendors' own lists.</summary>
    [Theory]
    [InlineData("responses", "openai", "gpt-5.1-2025-11-13", """{"input_tokens":1000,"input_tokens_details":{"cached_tokens":300},"output_tokens":200,"output_tokens_details":{"reasoning_tokens":50},"total_tokens":1200}""", (700 * 1.25) + (300 * 0.125) + (200 * 10))]
    [InlineData("messages", "anthropic", "claude-sonnet-4-5-20250929", """{"input_tokens":600,"cache_read_input_tokens":300,"cache_creation_input_tokens":100,"cache_creation":{"ephemeral_5m_input_tokens":60,"ephemeral_1h_input_tokens":40},"output_tokens":200}""", (600 * 3) + (300 * 0.3) + (60 * 3.75) + (40 * 6) + (200 * 15))]
    [InlineData("messages", "anthropic", "claude-sonnet-4-5-20250929", """{"input_tokens":600000,"cache_read_input_tokens":0,"cache_creation_input_tokens":0,"output_tokens":200}""", (600_000 * 6) + (200 * 22.5))]
    [InlineData("gemini", "gemini", "gemini-2.5-pro", """{"promptTokenCount":900,"cachedContentTokenCount":300,"toolUsePromptTokenCount":100,"candidatesTokenCount":150,"thoughtsTokenCount":50,"totalTokenCount":1200}""", (700 * 1.25) + (300 * 0.125) + (200 * 10))]
    public async Task The_same_tokens_cost_the_same(string providerName, string kind, string model, string usage, double microdollars)
    {
        Family provider = Family.Named(providerName);
        await StartAsync(new GatewayEndpoint("m", [new Destination("d0", new TestProvider("p0", Stub.Address, provider.Dialect) { Kind = kind }, "whatever")]));
        foreach (Family client in Family.All)
        {
            foreach (bool stream in (bool[])[false, true])
            {
                Stub.Enqueue(stream ? StubAnswer.Sse([.. provider.Frames.Select(Served)]) : StubAnswer.Json(Served(provider.Json)));
                await AskAsync(Asking(client, stream));
                Assert.Equal((long)Math.Round(microdollars * 1000), Gateway.Usage.All[^1].CostNanoUsd);
            }
        }

        string Served(string text) => WithUsage(provider, text, usage).Replace("served-model", model, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_tries_that_failed_are_billed_is_a_part_of_the_cost()
    {
        Destination Destination(int i, StubProvider stub, string model) => new($"d{i}", new TestProvider($"p{i}", stub.Address, Family.Messages.Dialect) { Kind = "anthropic" }, model);
        await StartAsync([
            new GatewayEndpoint("m", [Destination(0, Stub, "claude-sonnet-4-5"), Destination(1, Second, "claude-haiku-4-5")]),
            new GatewayEndpoint("n", [Destination(0, Stub, "no-such-model"), Destination(1, Second, "claude-haiku-4-5")]),
        ]);
        Stub.Answer = _ => StubAnswer.Sse([.. Family.Messages.Head.Select(f => f.Replace("served-model", "claude-sonnet-4-5", StringComparison.Ordinal)), Family.Messages.ErrorFrame]);
        Second.Answer = _ => StubAnswer.Sse([.. Family.Messages.Frames.Select(f => f.Replace("served-model", "claude-haiku-4-5", StringComparison.Ordinal))]);

        await AskAsync(Family.Messages.Request("m", stream: true));
        Stub.Answer = _ => StubAnswer.Sse([.. Family.Messages.Head, Family.Messages.ErrorFrame]);
        await AskAsync(Family.Messages.Request("n", stream: true));

        // 11 tokens in of $3, then 11 in and 4 out of $1 and $5.
        Assert.Equal((11 * 3000) + (11 * 1000) + (4 * 5000), Gateway.Usage.All[0].CostNanoUsd);
        Assert.Equal(11 * 3000, Gateway.Usage.All[0].Attempts[0].CostNanoUsd);
        Assert.Equal((null, null, null), (Gateway.Usage.All[1].CostNanoUsd, Gateway.Usage.All[1].PriceVersion, Gateway.Usage.All[1].Attempts[0].CostNanoUsd));
    }

    [Fact]
    public async Task An_answer_that_only_its_client_can_read_is_not_free()
    {
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        const string Unread = """{"object":"chat.completion","choices":"as a text, which nobody here has seen before","id":7}""";
        Stub.Enqueue(StubAnswer.Json(Unread));
        (_, string body) = await AskAsync(Family.Chat.Request("m"));
        Assert.Equal(Unread, body);
        Assert.True((await RecordAsync()).Usage is { Estimated: true, InputTokens: > 0, OutputTokens: > 0 }, $"{Gateway.Usage.All[0].Usage}");
    }

    /// <summary>Where compatible servers put the counts of a stream: after the end, at the end, everywhere, nowhere.</summary>
    [Theory]
    [InlineData("own-chunk", true)]
    [InlineData("own-chunk", false)]
    [InlineData("last-chunk", true)]
    [InlineData("last-chunk", false)]
    [InlineData("every-chunk", true)]
    [InlineData("every-chunk", false)]
    [InlineData("never", true)]
    [InlineData("never", false)]
    public async Task Wherever_a_chat_stream_has_its_counts(string where, bool asksForThem)
    {
        foreach (Family client in Family.All)
        {
            await using TestGateway gateway = await TestGateway.StartAsync([Family.Chat.Endpoint("m", Stub)]);
            Stub.Enqueue(StubAnswer.Sse([.. Chunks(where)]));
            HttpRequestMessage request = asksForThem ? Asking(client, stream: true) : client.Request("m", stream: true);
            string body = await (await gateway.Client.SendAsync(request, Stop)).Content.ReadAsStringAsync(Stop);
            UsageRecord record = await gateway.Usage.SingleAsync();
            if (where == "never")
            {
                Assert.True(record.Usage is { Estimated: true, InputTokens: > 0, OutputTokens: 2 }, $"{client.Name}: {record.Usage}");
            }
            else
            {
                Assert.Equal((11, 4, false), (record.Usage!.InputTokens, record.Usage.OutputTokens, record.Usage.Estimated));
            }

            if (client == Family.Chat && !asksForThem)
            {
                Assert.DoesNotContain(Counted.Documents(body), d => d.GetProperty("choices").GetArrayLength() == 0);
            }
            else if (where != "never")
            {
                Assert.Equal(new Counted(11, 0, 0, 4, 0), Counted.Of(client, body));
            }

            Assert.Contains("include_usage", Stub.Requests[^1].Text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Family.Pairs), MemberType = typeof(Family))]
    public async Task Recorded_traffic_is_counted_as_its_provider_did(string clientName, string providerName)
    {
        Payloads.Require();
        (Family client, Family provider) = (Family.Named(clientName), Family.Named(providerName));
        await StartAsync(provider.Endpoint("m", Stub));
        int told = 0;
        List<string> wrong = [];
        foreach ((PayloadKind kind, bool stream) in ((PayloadKind, bool)[])[(PayloadKind.Response, false), (PayloadKind.Stream, true)])
        {
            foreach (string file in Payloads.Files(provider.Dialect, kind))
            {
                string answer = stream ? Encoding.UTF8.GetString(Payloads.ReadSse(file)) : Encoding.UTF8.GetString(Payloads.Read(file));
                if (Counted.Of(provider, answer) is not { } truth)
                {
                    continue;
                }

                Stub.Enqueue(stream ? StubAnswer.Sse(answer) : StubAnswer.Json(answer));
                (HttpResponseMessage response, string body) = await AskAsync(Asking(client, stream));
                UsageRecord record = Gateway.Usage.All[^1];
                if (record.Usage is null || Counted.Of(record.Usage) != truth || record.Usage.Estimated)
                {
                    wrong.Add($"{file}: {(int)response.StatusCode} {record.ErrorCode}: {record.Usage} is not {truth}");
                }
                else if (Counted.Of(client, body) is var heard && heard != (client == Family.Gemini ? truth with { CacheWrite = 0 } : truth))
                {
                    wrong.Add($"{file}: the client heard {heard}, not {truth}");
                }

                told++;
            }
        }

        Assert.Empty(wrong);
        Assert.True(told > 10, $"Only {told} answers have counts.");
    }

    private static HttpRequestMessage Asking(Family client, bool stream) => client == Family.Chat && stream
        ? client.Request("m", stream, client.Body("m", stream).Replace("\"stream\": true", "\"stream\": true, \"stream_options\":{\"include_usage\":true}", StringComparison.Ordinal))
        : client.Request("m", stream);

    private static string WithUsage(Family family, string text, string usage)
    {
        int at = text.LastIndexOf(family == Family.Gemini ? "\"usageMetadata\":{" : "\"usage\":{", StringComparison.Ordinal);
        if (at < 0)
        {
            return text;
        }

        int start = text.IndexOf('{', at);
        int depth = 0;
        int end = start;
        do
        {
            depth += text[end] switch { '{' => 1, '}' => -1, _ => 0 };
            end++;
        }
        while (depth > 0);

        // The start of a Messages stream has not produced anything yet.
        string written = text.Contains("message_start", StringComparison.Ordinal) ? usage.Replace("\"output_tokens\":200", "\"output_tokens\":1", StringComparison.Ordinal) : usage;
        return string.Concat(text.AsSpan(0, start), written, text.AsSpan(end));
    }

    private static IEnumerable<string> Chunks(string where)
    {
        const string Usage = ",\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":4,\"total_tokens\":15}";
        foreach (string frame in Family.Chat.Frames)
        {
            bool own = frame.Contains("\"choices\":[]", StringComparison.Ordinal);
            bool last = frame.Contains("\"finish_reason\":\"stop\"", StringComparison.Ordinal);
            if (own && where != "own-chunk")
            {
                continue;
            }

            yield return frame.Contains("[DONE]", StringComparison.Ordinal) || !(where == "every-chunk" || (where == "last-chunk" && last))
                ? frame
                : frame.Insert(frame.LastIndexOf('}'), last ? Usage : Usage.Replace("\"completion_tokens\":4,\"total_tokens\":15", "\"completion_tokens\":1,\"total_tokens\":12", StringComparison.Ordinal));
        }
    }
}
