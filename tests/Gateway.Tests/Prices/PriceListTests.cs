using Serverless.Gateway.Metering.Prices;
using Serverless.Gateway.Providers;
using Serverless.Gateway.Routing;
using Serverless.Gateway.Tests.Configuration;
using Serverless.Tests;
using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Tests.Prices;

/// <summary>Which price a model has, and that the sum is exact.</summary>
public sealed class PriceListTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private static readonly TokenUsage Usage = new() { InputTokens = 1_000_000, OutputTokens = 100_000 };

    [Theory]
    [InlineData("openai", "gpt-5.1", null, 2_250_000_000)]
    [InlineData("openai", "gpt-5.1", "gpt-5.1-2025-11-13", 2_250_000_000)]
    [InlineData("openai", "GPT-5.1", null, 2_250_000_000)]
    [InlineData("openai", "gpt-5.1-codex-mini", null, 450_000_000)]
    [InlineData("openai", "gpt-4o-2024-05-13", null, 6_500_000_000)]
    [InlineData("openai", "gpt-4o", "gpt-4o-2024-08-06", 3_500_000_000)]
    [InlineData("azure-openai", "our-deployment", "gpt-5.1-2025-11-13", 2_250_000_000)]
    [InlineData("anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929", 8_250_000_000)]
    [InlineData("gemini", "gemini-2.5-flash", null, 550_000_000)]
    [InlineData("groq", "openai/gpt-oss-20b", null, 105_000_000)]
    [InlineData("demo", "demo", null, 0)]
    public void A_model_of_the_list_has_its_price(string kind, string asked, string? served, long nanoUsd) =>
        Assert.Equal(nanoUsd, new PriceList().CostNanoUsd(To(kind, asked), null, served, null, Usage, Now));

    [Theory]
    [InlineData("openai", "gpt-5.1-of-tomorrow", null)]
    [InlineData("openai", "gpt-5.1", "something-else")]
    [InlineData("azure-openai", "gpt-5-deployment", null)]
    [InlineData("ollama", "gpt-5.1", null)]
    [InlineData("deepseek", "deepseek-chat", null)]
    [InlineData("openai", "gpt-5.1-", null)]
    [InlineData("openai", "gpt-5.1-20", null)]
    public void Any_other_costs_null_and_not_zero(string kind, string asked, string? served) =>
        Assert.Null(new PriceList().CostNanoUsd(To(kind, asked), null, served, null, Usage, Now));

    [Theory]
    [InlineData("default", 2_250_000_000L)]
    [InlineData("auto", 2_250_000_000L)]
    [InlineData("flex", 1_125_000_000L)]
    [InlineData("batch", 1_125_000_000L)]
    [InlineData("priority", 4_500_000_000L)]
    [InlineData("scale", null)]
    public void A_service_tier_has_its_own_price_or_none(string tier, long? nanoUsd) =>
        Assert.Equal(nanoUsd, new PriceList().CostNanoUsd(To("openai", "gpt-5.1"), null, null, tier, Usage, Now));

    [Theory]
    [InlineData(200_000, null, 250_000_000 + 10_000)]
    [InlineData(200_001, null, 500_002_500 + 15_000)]
    [InlineData(200_001, "flex", 250_001_250 + 7_500)]
    public void A_prompt_over_the_bound_pays_more_for_all_of_the_request(long input, string? tier, long nanoUsd) =>
        Assert.Equal(nanoUsd, new PriceList().CostNanoUsd(To("gemini", "gemini-2.5-pro"), null, null, tier, new TokenUsage { InputTokens = input, OutputTokens = 1 }, Now));

    [Fact]
    public void A_tier_that_takes_no_long_prompts_has_no_price_for_them() =>
        Assert.Null(new PriceList().CostNanoUsd(To("openai", "gpt-5.5"), null, null, "priority", new TokenUsage { InputTokens = 272_001, OutputTokens = 1 }, Now));

    [Theory]
    [InlineData("2026-10-06", 200_000_000L)]
    [InlineData("2026-10-07", 100_000_000L)]
    [InlineData("2026-09-27", null)]
    public void The_price_of_the_day_counts(string day, long? nanoUsd) =>
        Assert.Equal(nanoUsd, new PriceList().CostNanoUsd(
            To("anthropic", "claude-sonnet-5-5"), null, null, null, new TokenUsage { InputTokens = 1_000_000, CacheReadTokens = 1_000_000, OutputTokens = 0 }, DateTimeOffset.Parse(day + "T12:00:00Z")));

    [Theory]
    [InlineData("2026-11-24T00:59:59Z", 1)]
    [InlineData("2026-11-24T01:00:00Z", 2)]
    [InlineData("2026-11-24T05:00:00Z", 1)]
    [InlineData("2026-11-24T17:59:59+08:00", 2)]
    [InlineData("2026-11-24T18:00:00+08:00", 1)]
    [InlineData("2026-11-28T01:00:00Z", 1)]
    [InlineData("2027-01-01T01:00:00Z", 1)]
    public void Who_asks_more_in_some_hours_is_paid_more_then(string at, int times) =>
        Assert.Equal(times * (660_000_000 + 198_000_000), new PriceList().CostNanoUsd(To("deepseek", "deepseek-v4-pro"), null, "some-name", null, Usage, DateTimeOffset.Parse(at)));

    [Fact]
    public void What_an_answer_says_it_cost_counts_more_than_the_list_where_it_is_believed()
    {
        TokenUsage told = Usage with { CostUsd = 0.0123456785m };

        Assert.Equal(12_345_679, new PriceList().CostNanoUsd(To("xai", "grok-4.5"), null, "grok-4.5", null, told, Now));
        Assert.Equal(12_345_679, new PriceList().CostNanoUsd(To("openrouter", "z-ai/glm-5.2:nitro"), null, "z-ai/glm-5.2-20260616", null, told, Now));
        Assert.Null(new PriceList().CostNanoUsd(To("openrouter", "z-ai/glm-5.2"), null, null, null, Usage, Now));
        Assert.Null(new PriceList().CostNanoUsd(To("openrouter", "z-ai/glm-5.2"), null, null, null, Usage with { CostUsd = -1 }, Now));
        Assert.Equal(2_250_000_000, new PriceList().CostNanoUsd(To("openai", "gpt-5.1"), null, null, null, told, Now));
        Assert.Null(new PriceList().CostNanoUsd(To("openai-compatible", "m"), null, null, null, told, Now));
    }

    [Fact]
    public void A_model_whose_answers_say_what_they_cost_needs_no_price()
    {
        Assert.True(new PriceList().Has("openrouter", "openrouter", "any/model", Now));
        Assert.False(new PriceList().Has("together", "together", "any/model", Now));
    }

    [Fact]
    public void Every_kind_of_token_is_paid_once_at_its_own_price()
    {
        var usage = new TokenUsage
        {
            InputTokens = 1_111_111,
            CacheReadTokens = 100_000,
            CacheWriteTokens = 11_000,
            CacheWrite5mTokens = 1_000,
            CacheWrite1hTokens = 10_000,
            OutputTokens = 50_000,
            ReasoningTokens = 40_000,
        };

        // claude-opus-5: input 5, read 0.5, write 6.25, for an hour 10, output 25.
        decimal dollars = ((1_000_111 * 5m) + (100_000 * 0.5m) + (1_000 * 6.25m) + (10_000 * 10m) + (50_000 * 25m)) / 1_000_000;
        Assert.Equal((long)(dollars * 1_000_000_000), new PriceList().CostNanoUsd(To("anthropic", "claude-opus-5"), null, null, null, usage, Now));
    }

    [Fact]
    public void Sound_costs_what_sound_costs()
    {
        var usage = new TokenUsage { InputTokens = 1_000, AudioInputTokens = 900, OutputTokens = 100, AudioOutputTokens = 60 };

        Assert.Equal((100 * 2_500) + (900 * 32_000) + (40 * 10_000) + (60 * 64_000), new PriceList().CostNanoUsd(To("openai", "gpt-audio"), null, null, null, usage, Now));
        Assert.Null(new PriceList().CostNanoUsd(To("openai", "gpt-5.1"), null, null, null, usage, Now));
    }

    [Fact]
    public void A_kind_of_token_without_a_price_leaves_the_whole_without_one() =>
        Assert.Null(new PriceList().CostNanoUsd(To("gemini", "gemini-2.5-pro"), null, null, null, Usage with { CacheWriteTokens = 1 }, Now));

    [Theory]
    [InlineData(1, 38)]
    [InlineData(2, 75)]
    [InlineData(3, 113)]
    public void The_sum_is_rounded_once_to_the_nearest_billionth(long tokens, long nanoUsd) =>
        Assert.Equal(nanoUsd, new PriceList().CostNanoUsd(To("groq", "openai/gpt-oss-20b"), null, null, null, new TokenUsage { InputTokens = tokens, CacheReadTokens = tokens, OutputTokens = 0 }, Now));

    [Fact]
    public void Pricing_a_request_allocates_nothing()
    {
        var prices = new PriceList();
        Destination destination = To("openai", "gpt-5.1");
        prices.CostNanoUsd(destination, "fast", "gpt-5.1-2025-11-13", "default", Usage, Now);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            prices.CostNanoUsd(destination, "fast", "gpt-5.1-2025-11-13", "default", Usage, Now);
        }

        // What the runtime itself may allocate meanwhile is less than an object a time.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100 * 16);
    }

    [Fact]
    public void Numbers_that_no_request_has_are_not_believed()
    {
        foreach (long absurd in (long[])[long.MaxValue, long.MinValue, -1])
        {
            Assert.Null(new PriceList().CostNanoUsd(To("openai", "gpt-5.1"), null, null, null, new TokenUsage { InputTokens = 10, OutputTokens = absurd }, Now));
        }
    }

    [Fact]
    public void What_the_operator_says_goes_first()
    {
        PriceList prices = Settings.Read(
            """
            {
              "discover": false,
              "providers": { "gpu": { "kind": "vllm" }, "router": { "kind": "openrouter", "apiKey": "k" }, "azure": { "kind": "azure-openai", "baseUrl": "https://x.openai.azure.com", "apiKey": "k" }, "openai": { "apiKey": "k" } },
              "endpoints": { "cheap": { "destinations": ["openai/gpt-5.1"] } },
              "prices": {
                "models": [
                  { "model": "gpu/*", "free": true },
                  { "model": "gpu/big", "input": 0.1, "output": 0.4, "longContext": { "above": 1000, "input": 0.2, "output": 0.8 } },
                  { "model": "gpu/big", "serviceTier": "flex", "input": 0.05, "output": 0.2 },
                  { "model": "azure/our-deployment", "like": "openai/gpt-5.1" },
                  { "model": "router/*", "input": 1, "output": 1 }
                ],
                "discounts": [{ "provider": "openai", "percent": 12.5 }, { "endpoint": "cheap", "percent": 10 }, { "provider": "azure", "percent": -10 }]
              }
            }
            """).Prices;
        var usage = new TokenUsage { InputTokens = 1000, OutputTokens = 100 };

        Assert.Equal(0, prices.CostNanoUsd(To("vllm", "small", "gpu"), null, "/models/small", null, usage, Now));
        Assert.Equal(140_000, prices.CostNanoUsd(To("vllm", "big", "gpu"), null, "/models/big", null, usage, Now));
        Assert.Equal(70_000, prices.CostNanoUsd(To("vllm", "big", "gpu"), null, null, "flex", usage, Now));
        Assert.Equal(280_200, prices.CostNanoUsd(To("vllm", "big", "gpu"), null, null, null, usage with { InputTokens = 1001 }, Now));
        Assert.Equal(2_250_000 * 110 / 100, prices.CostNanoUsd(To("azure-openai", "our-deployment", "azure"), null, null, null, usage, Now));
        Assert.Equal(1_968_750, prices.CostNanoUsd(To("openai", "gpt-5.1"), null, null, null, usage, Now));
        Assert.Equal(1_771_875, prices.CostNanoUsd(To("openai", "gpt-5.1"), "cheap", null, null, usage, Now));
        Assert.Equal(1_100_000, prices.CostNanoUsd(To("openrouter", "z-ai/glm-5.2", "router"), null, null, null, usage with { CostUsd = 5 }, Now));
        Assert.NotEqual(new PriceList().Version, prices.Version);
        Assert.StartsWith("2026-11-24.", prices.Version, StringComparison.Ordinal);
    }

    [Fact]
    public void The_example_of_the_readme_does_what_it_says()
    {
        string readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        int start = readme.IndexOf("{\n  \"prices\": {", StringComparison.Ordinal);
        string example = readme[(start + 1)..readme.IndexOf("```", start, StringComparison.Ordinal)];
        PriceList prices = Settings.Read(
            """
            {
              "discover": false,
              "providers": { "openai": { "apiKey": "k" }, "azure-eu": { "kind": "azure-openai", "baseUrl": "https://x.openai.azure.com", "apiKey": "k" }, "gpu": { "kind": "vllm" } },
              "endpoints": { "fast": { "destinations": ["openai/gpt-5.1", "azure-eu/chat-prod"] } },
            """ + example).Prices;

        Assert.True(prices.Has("azure-openai", "azure-eu", "chat-prod", Now));
        Assert.Equal(2_250_000_000 * 110L / 100 * 95 / 100, prices.CostNanoUsd(To("azure-openai", "chat-prod", "azure-eu"), "fast", "gpt-5.1-2025-11-13", null, Usage, Now));
        Assert.Equal(2_250_000_000 * 875L / 1000, prices.CostNanoUsd(To("openai", "gpt-5.1"), "openai/gpt-5.1", null, null, Usage, Now));
        Assert.Equal(140_000_000, prices.CostNanoUsd(To("vllm", "big", "gpu"), null, null, null, Usage, Now));
        Assert.Equal(0, prices.CostNanoUsd(To("vllm", "small", "gpu"), null, null, null, Usage, Now));
    }

    [Fact]
    public void A_list_of_the_operators_own_goes_before_the_built_in_one()
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, """{ "date": "2027-01-01", "providers": { "openai": { "models": [{ "models": ["gpt-5.1", "gpt-9"], "input": 1, "output": 1 }] } } }""");
        try
        {
            PriceList prices = Settings.Read($$"""{ "discover": false, "providers": { "openai": { "apiKey": "k" } }, "prices": { "file": "{{path.Replace("\\", "/")}}" } }""").Prices;

            Assert.Equal(1_100_000_000, prices.CostNanoUsd(To("openai", "gpt-9"), null, null, null, Usage, Now));
            Assert.Equal(1_100_000_000, prices.CostNanoUsd(To("openai", "gpt-5.1"), null, null, null, Usage, Now));
            Assert.Equal(450_000_000, prices.CostNanoUsd(To("openai", "gpt-5-mini"), null, null, null, Usage, Now));
            Assert.StartsWith("2027-01-01.", prices.Version, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Every_entry_of_the_list_can_be_paid_and_is_of_a_kind_of_provider()
    {
        (string _, IReadOnlyDictionary<string, ProviderPrices> lists) = PriceFile.Read(PriceFile.BuiltIn());

        Assert.All(lists.Keys, kind => Assert.Contains(kind, ProviderCatalog.ByName.Keys));
        foreach (PriceEntry entry in lists.Values.SelectMany(provider => provider.Models))
        {
            TokenPrices prices = entry.Price.For(ModelPrice.Standard, 1, Now)!;
            Assert.NotNull(prices.Input);
            Assert.NotNull(prices.Output);
            Assert.True(prices.CacheRead is null || prices.CacheRead <= prices.Input, entry.Names[0]);
            Assert.True(prices.CacheWrite1h is null || prices.CacheWrite1h >= prices.CacheWrite, entry.Names[0]);
        }

        foreach ((string kind, ProviderPrices provider) in lists)
        {
            string[] twice = [.. provider.Models.SelectMany(e => e.Names.Select(n => (n, e.Price.From))).GroupBy(n => n).Where(g => g.Count() > 1).Select(g => $"{kind}/{g.Key.n}")];
            Assert.Empty(twice);
        }
    }

    private static Destination To(string kind, string model, string? provider = null) => new("d", new PricedProvider(provider ?? kind, kind), model);
}
