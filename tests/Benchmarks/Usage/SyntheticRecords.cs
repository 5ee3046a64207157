using Serverless.Gateway.Metering;
using Serverless.Gateway.Pipeline;
using Serverless.Translation.Canonical;

namespace Serverless.Benchmarks.Usage;

/// <summary>Usage records of an organisation that does not exist: 40 callers in 6 teams, 12 endpoints, 8 models of 3 providers, 5 coding agents. The same every time.</summary>
internal static class SyntheticRecords
{
    private static readonly string[] Providers = ["openai", "anthropic", "gemini"];
    private static readonly string?[] Agents = ["claude-code", "codex", "opencode", "cursor", "gemini-cli", null, null, null];

    /// <summary>A request that was accepted at that moment.</summary>
    public static UsageRecord Make(Random random, DateTimeOffset accepted)
    {
        int caller = random.Next(40);
        int endpoint = (caller + random.Next(3)) % 12;
        int model = random.Next(20) == 0 ? (endpoint + 1) % 8 : endpoint % 8;
        bool failed = random.Next(25) == 0;
        int input = random.Next(200, 60_000);
        double latency = 400 + (-3000 * Math.Log(1 - random.NextDouble()));
        return new UsageRecord
        {
            RequestId = RequestId.Next(accepted),
            Instance = "synthetic-1",
            GatewayVersion = "0.1.0",
            Accepted = accepted,
            Completed = accepted.AddMilliseconds(latency),
            Latency = TimeSpan.FromMilliseconds(latency),
            TimeToFirstToken = TimeSpan.FromMilliseconds(latency / 4),
            QueueTime = TimeSpan.FromMilliseconds(0.4),
            Principal = $"caller-{caller:00}",
            PrincipalType = "User",
            KeyId = $"caller-{caller:00}#1",
            Groups = [$"team-{caller % 6}"],
            Endpoint = $"endpoint-{endpoint:00}",
            ApiType = caller % 2 == 0 ? "anthropic/v1/messages" : "openai/v1/responses",
            ClientDialect = caller % 2 == 0 ? "anthropic.messages" : "openai.responses",
            ProviderDialect = "anthropic.messages",
            Provider = Providers[model % 3],
            Destination = $"{Providers[model % 3]}/model-{model}",
            ModelAsked = $"model-{model}",
            ModelServed = $"model-{model}-2026-06-01",
            ProviderRequestId = "req_0123456789abcdef",
            Stream = random.Next(4) > 0,
            Outcome = failed ? RequestOutcome.UpstreamError : RequestOutcome.Success,
            StatusCode = failed ? random.Next(2) == 0 ? 429 : 503 : 200,
            ErrorCode = failed ? "rate_limit_exceeded" : null,
            FinishReason = failed ? null : FinishReason.Stop,
            Attempts = [new Attempt($"{Providers[model % 3]}/model-{model}", failed ? 429 : 200, TimeSpan.FromMilliseconds(latency), failed ? "rate_limit_exceeded" : null)],
            Usage = failed ? null : new TokenUsage { InputTokens = input, CacheReadTokens = input / 2, OutputTokens = random.Next(10, 2000), ReasoningTokens = random.Next(10) },
            CostNanoUsd = failed ? null : random.Next(100_000, 90_000_000),
            PriceVersion = failed ? null : "2026-11-01",
            BytesIn = input * 4,
            BytesOut = random.Next(500, 20_000),
            Tags = new Dictionary<string, string> { ["team"] = $"team-{caller % 6}", ["env"] = random.Next(5) == 0 ? "dev" : "prod" },
            UserAgent = "claude-cli/2.1.0 (external, cli)",
            Agent = Agents[caller % Agents.Length],
            ClientAddress = "192.0.2.1",
        };
    }
}
