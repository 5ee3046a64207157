using System.Globalization;
using Serverless.Gateway.Metering.Prices;
using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Tests.Prices;

/// <summary>
/// Names of models as vendors, hosts and their answers write them, and which price each finds. A wrong one is worse than none: what is new, or only looks like
/// what is known, finds nothing.
/// </summary>
public sealed class ModelNameTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    // Kind of provider, what is asked for, what answers, dollars per million tokens of input and output.
    // Snapshots, and kin that cost something else.
    [InlineData("openai", "gpt-5", "gpt-5-2025-08-07", "1.25 10")]
    [InlineData("openai", "gpt-5-mini", "gpt-5-mini-2025-08-07", "0.25 2")]
    [InlineData("openai", "gpt-5-nano", "gpt-5-nano-2025-08-07", "0.05 0.4")]
    [InlineData("openai", "gpt-5-pro", "gpt-5-pro-2025-10-06", "15 120")]
    [InlineData("openai", "gpt-5-codex", null, "1.25 10")]
    [InlineData("openai", "gpt-5-chat-latest", null, "1.25 10")]
    [InlineData("openai", "gpt-5.1-codex-max", null, "1.25 10")]
    [InlineData("openai", "gpt-5.1-codex-mini", null, "0.25 2")]
    [InlineData("openai", "gpt-5.2-pro", "gpt-5.2-pro-2025-12-11", "21 168")]
    [InlineData("openai", "gpt-5.3-codex", null, "1.75 14")]
    [InlineData("openai", "gpt-5.3-codex-spark", null, null)]
    [InlineData("openai", "gpt-5.4-pro", "gpt-5.4-pro-2026-03-05", "30 180")]
    [InlineData("openai", "gpt-5.4-mini", "gpt-5.4-mini-2026-03-17", "0.75 4.5")]
    [InlineData("openai", "gpt-5.5-pro", null, "30 180")]
    [InlineData("openai", "gpt-5.6-sol", null, null)]
    [InlineData("openai", "gpt-6.2-astra", null, "8 40")]
    [InlineData("openai", "gpt-6-astra", null, "10 50")]
    [InlineData("openai", "gpt-6.2-sol", null, "2 10")]
    [InlineData("openai", "gpt-6.3-sol", null, null)]
    [InlineData("openai", "gpt-4.1", "gpt-4.1-2025-04-14", "2 8")]
    [InlineData("openai", "gpt-4.1-mini", "gpt-4.1-mini-2025-04-14", "0.4 1.6")]
    [InlineData("openai", "gpt-4.1-nano", "gpt-4.1-nano-2025-04-14", "0.1 0.4")]
    [InlineData("openai", "gpt-4o", "gpt-4o-2024-11-20", "2.5 10")]
    [InlineData("openai", "gpt-4o", "gpt-4o-2024-05-13", "5 15")]
    [InlineData("openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "0.15 0.6")]
    [InlineData("openai", "gpt-4o-audio-preview", "gpt-4o-audio-preview-2024-12-17", null)]
    [InlineData("openai", "gpt-4o-transcribe", null, null)]
    [InlineData("openai", "gpt-4o-realtime-preview", null, null)]
    [InlineData("openai", "gpt-4-0613", null, "30 60")]
    [InlineData("openai", "gpt-4-32k", null, null)]
    [InlineData("openai", "gpt-4-1106-preview", null, null)]
    [InlineData("openai", "gpt-3.5-turbo", "gpt-3.5-turbo-0125", "0.5 1.5")]
    [InlineData("openai", "gpt-3.5-turbo-1106", null, "1 2")]
    [InlineData("openai", "gpt-3.5-turbo-16k", null, null)]
    [InlineData("openai", "o1", "o1-2024-12-17", "15 60")]
    [InlineData("openai", "o1-mini", "o1-mini-2024-09-12", null)]
    [InlineData("openai", "o3", "o3-2025-04-16", "2 8")]
    [InlineData("openai", "o3-mini", "o3-mini-2025-01-31", "1.1 4.4")]
    [InlineData("openai", "o3-pro", "o3-pro-2025-06-10", "20 80")]
    [InlineData("openai", "o3-deep-research", "o3-deep-research-2025-06-26", "10 40")]
    [InlineData("openai", "o4-mini", "o4-mini-2025-04-16", "1.1 4.4")]
    [InlineData("openai", "ft:gpt-4o-mini-2024-07-18:acme::abc", null, null)]
    [InlineData("openai", "text-embedding-3-small", null, "0.02 0")]
    [InlineData("openai", "text-embedding-3-large", null, "0.13 0")]
    [InlineData("openai", "gpt-image-1", null, null)]
    [InlineData("openai", "whisper-1", null, null)]
    // A deployment may be called anything, also like another model; what served counts.
    [InlineData("azure-openai", "gpt-4o", "gpt-4o-mini-2024-07-18", "0.15 0.6")]
    [InlineData("azure-openai", "prod-chat", "gpt-5.1-2025-11-13", "1.25 10")]
    [InlineData("azure-openai", "prod-chat", null, null)]
    [InlineData("azure-openai", "gpt-35-turbo", "gpt-35-turbo", "0.5 1.5")]
    [InlineData("azure-openai", "grok-4", "grok-4-0709", null)]
    [InlineData("azure-openai", "DeepSeek-V3.1", null, null)]
    // Dates behind a hyphen or, as on Google Cloud, behind an @; other hosts' names are no names of Anthropic's.
    [InlineData("anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "3 15")]
    [InlineData("anthropic", "claude-sonnet-4-5@20250929", null, "3 15")]
    [InlineData("anthropic", "claude-sonnet-4-20250514", null, "3 15")]
    [InlineData("anthropic", "claude-opus-4-20250514", null, "15 75")]
    [InlineData("anthropic", "claude-opus-4-1-20250805", null, "15 75")]
    [InlineData("anthropic", "claude-opus-4-5-20251101", null, "5 25")]
    [InlineData("anthropic", "claude-opus-4-8", null, "5 25")]
    [InlineData("anthropic", "claude-opus-5-5", null, "4 20")]
    [InlineData("anthropic", "claude-opus-6", null, null)]
    [InlineData("anthropic", "claude-fable-5-2", null, "8 40")]
    [InlineData("anthropic", "claude-haiku-4-5-20251001", null, "1 5")]
    [InlineData("anthropic", "claude-3-7-sonnet-latest", null, "3 15")]
    [InlineData("anthropic", "claude-3-opus-20240229", null, null)]
    [InlineData("anthropic", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", null, null)]
    [InlineData("anthropic", "anthropic.claude-opus-4-7", "claude-opus-4-7", "5 25")]
    [InlineData("anthropic", "my-foundry-deployment", "claude-opus-5", "5 25")]
    // Versions of three digits, previews, and kin that draw or speak.
    [InlineData("gemini", "gemini-flash-latest", "gemini-3.8-flash", "0.75 3.75")]
    [InlineData("gemini", "gemini-2.5-pro", null, "1.25 10")]
    [InlineData("gemini", "gemini-2.5-flash", "gemini-2.5-flash-preview-09-2025", "0.3 2.5")]
    [InlineData("gemini", "gemini-2.5-flash-lite", null, "0.1 0.4")]
    [InlineData("gemini", "gemini-2.0-flash-001", null, "0.1 0.4")]
    [InlineData("gemini", "gemini-2.0-flash-lite-001", null, "0.075 0.3")]
    [InlineData("gemini", "gemini-2.5-flash-image", null, null)]
    [InlineData("gemini", "gemini-2.5-flash-preview-tts", null, null)]
    [InlineData("gemini", "gemini-3-pro-image-preview", null, null)]
    [InlineData("gemini", "gemini-3.1-pro-preview", null, "2 12")]
    [InlineData("gemini", "publishers/google/models/gemini-2.5-pro", null, null)]
    [InlineData("gemini", "gemini-embedding-001", null, "0.15 0")]
    // Hosts have names and prices of their own.
    [InlineData("databricks", "databricks-claude-sonnet-4-5", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "3 15")]
    [InlineData("databricks", "databricks-gpt-5-mini", "gpt-5-mini-2025-08-07", "0.25 2")]
    [InlineData("databricks", "databricks-gpt-5", "gpt-5-2025-08-07", "1.25 10")]
    [InlineData("databricks", "databricks-meta-llama-3-3-70b-instruct", "meta-llama-3.3-70b-instruct-121024", "0.5 1.5")]
    [InlineData("databricks", "databricks-gpt-oss-120b", null, null)]
    [InlineData("databricks", "our-endpoint", "gpt-5-2025-08-07", null)]
    [InlineData("deepseek", "deepseek-v4-flash", "deepseek-flash", "0.15 0.6")]
    [InlineData("deepseek", "deepseek-v4-pro", null, "0.66 1.98")]
    [InlineData("xai", "grok-4.5", null, "2 6")]
    [InlineData("xai", "grok-4.20-0309-reasoning", null, "1.25 2.5")]
    [InlineData("xai", "grok-4-0709", null, null)]
    [InlineData("mistral", "mistral-medium-latest", null, "1.5 7.5")]
    [InlineData("mistral", "mistral-medium-2508", null, "0.4 2")]
    [InlineData("mistral", "mistral-large-2512", null, "0.5 1.5")]
    [InlineData("mistral", "mistral-large-2411", null, null)]
    [InlineData("mistral", "mistral-large-4-0", null, "1.36 4.18")]
    [InlineData("mistral", "codestral-embed", null, "0.15 0")]
    [InlineData("moonshot", "kimi-k2.7-code", null, "0.95 4")]
    [InlineData("moonshot", "kimi-k2.7-code-highspeed", null, "1.9 8")]
    [InlineData("moonshot", "kimi-k2-0905-preview", null, null)]
    [InlineData("zhipu", "glm-4.5-air", null, "0.2 1.1")]
    [InlineData("zhipu", "glm-4.5-airx", null, null)]
    [InlineData("zhipu", "GLM-5.2", null, "1.4 4.4")]
    [InlineData("groq", "openai/gpt-oss-120b", null, "0.15 0.6")]
    [InlineData("groq", "gpt-oss-120b", null, null)]
    [InlineData("cerebras", "gpt-oss-120b", null, "0.35 0.75")]
    [InlineData("fireworks", "accounts/fireworks/models/gpt-oss-120b", null, "0.15 0.6")]
    [InlineData("fireworks", "accounts/acme/models/gpt-oss-120b", null, null)]
    [InlineData("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo", null, "0.88 0.88")]
    [InlineData("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo-Free", null, null)]
    [InlineData("cohere", "command-a-03-2025", null, "2.5 10")]
    [InlineData("cohere", "command-a-vision-07-2025", null, null)]
    // Whose price nobody knows but the operator.
    [InlineData("openai-compatible", "gpt-5", null, null)]
    [InlineData("litellm", "anthropic/claude-sonnet-4-5", "claude-sonnet-4-5-20250929", null)]
    [InlineData("ollama", "gpt-oss:120b", null, null)]
    [InlineData("openrouter", "anthropic/claude-sonnet-4.5", "anthropic/claude-4.5-sonnet-20250929", null)]
    public void A_name_finds_its_own_price_or_none(string kind, string asked, string? served, string? price)
    {
        var prices = new PriceList();
        var destination = new Destination("d", new PricedProvider(kind, kind), asked);
        decimal? Dollars(TokenUsage usage) => prices.CostNanoUsd(destination, null, served, null, usage, Now) / 1_000_000m;

        decimal? input = Dollars(new TokenUsage { InputTokens = 1000, OutputTokens = 0 });
        decimal? output = Dollars(new TokenUsage { InputTokens = 0, OutputTokens = 1000 });

        Assert.Equal(price, input is null ? null : string.Create(CultureInfo.InvariantCulture, $"{input:0.####} {output:0.####}"));
    }
}
