using Serverless.Gateway.Metering;
using Serverless.Gateway.Pipeline;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Tests.Storage;

/// <summary>Usage records for tests of what keeps them.</summary>
internal static class Records
{
    /// <summary>A record with every field set.</summary>
    public static UsageRecord Full(DateTimeOffset? at = null)
    {
        DateTimeOffset accepted = DateTimeOffset.FromUnixTimeMilliseconds((at ?? DateTimeOffset.UtcNow).ToUnixTimeMilliseconds());
        return new UsageRecord
        {
            RequestId = RequestId.Next(accepted),
            InvocationId = "invocation",
            TraceId = "4bf92f3577b34da6a3ce929d0e0e4736",
            Instance = "instance",
            GatewayVersion = "1.2.3",
            Accepted = accepted,
            Completed = accepted.AddMilliseconds(812.5),
            Latency = TimeSpan.FromMilliseconds(812.5),
            TimeToFirstToken = TimeSpan.FromMilliseconds(120.25),
            QueueTime = TimeSpan.FromMilliseconds(1.5),
            Principal = "ada",
            PrincipalType = "User",
            Groups = ["research", "tools"],
            KeyId = "laptop",
            Endpoint = "chat/big",
            ApiType = "anthropic/v1/messages",
            ClientDialect = "anthropic.messages",
            ProviderDialect = "openai.responses",
            Provider = "openai",
            Destination = "first",
            ModelAsked = "gpt-5",
            ModelServed = "gpt-5-2025-08-07",
            ProviderRequestId = "req_1",
            Stream = true,
            Outcome = RequestOutcome.Success,
            StatusCode = 200,
            ErrorCode = "none",
            FinishReason = FinishReason.ToolCalls,
            Attempts = [new Attempt("zero", 503, TimeSpan.FromMilliseconds(30), "overloaded") { InputTokens = 120, OutputTokens = 1, CostNanoUsd = 1200 }, new Attempt("first", 200, TimeSpan.FromMilliseconds(700), null)],
            Usage = new TokenUsage
            {
                InputTokens = 120,
                CacheReadTokens = 100,
                CacheWriteTokens = 7,
                CacheWrite5mTokens = 3,
                CacheWrite1hTokens = 4,
                ToolUseInputTokens = 1,
                AudioInputTokens = 2,
                OutputTokens = 45,
                ReasoningTokens = 30,
                AudioOutputTokens = 5,
                Estimated = true,
            },
            ServiceTier = "priority",
            CostNanoUsd = 1_234_567,
            PriceVersion = "2026-11-01",
            BytesIn = 3000,
            BytesOut = 9000,
            Translation = [new ReportEntry("top_k", "the target has no such parameter", true), new ReportEntry("system", "became a user turn", false)],
            Tags = new Dictionary<string, string> { ["team"] = "platform", ["cost centre"] = "42" },
            UserAgent = "claude-cli/2.1",
            Agent = "claude-code",
            SessionId = "session",
            ClientAddress = "192.0.2.1",
        };
    }

    /// <summary>Every property is equal, lists and maps by their elements.</summary>
    public static void AssertSame(UsageRecord expected, UsageRecord? found)
    {
        Assert.NotNull(found);
        Assert.Equal(expected.Attempts, found.Attempts);
        Assert.Equal(expected.Translation, found.Translation);
        Assert.Equal(expected.Groups, found.Groups);
        Assert.Equal(expected.Tags!.OrderBy(t => t.Key), found.Tags!.OrderBy(t => t.Key));
        Assert.Equal(expected, found with { Attempts = expected.Attempts, Translation = expected.Translation, Groups = expected.Groups, Tags = expected.Tags });
    }
}
