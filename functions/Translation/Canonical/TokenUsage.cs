namespace Serverless.Translation.Canonical;

/// <summary>
/// Counts of tokens in one convention: input includes cache reads and cache writes, output includes reasoning. Each codec adds
/// or subtracts for its vendor. Null means that the provider did not tell, which is never the same as zero.
/// </summary>
public sealed record TokenUsage
{
    /// <summary>All tokens of the prompt: fresh, read from a cache, written to a cache, and those of a provider's own tools.</summary>
    public long? InputTokens { get; init; }

    /// <summary>The part of <see cref="InputTokens"/> that was read from a prompt cache.</summary>
    public long? CacheReadTokens { get; init; }

    /// <summary>The part of <see cref="InputTokens"/> that was written to a prompt cache, of any lifetime.</summary>
    public long? CacheWriteTokens { get; init; }

    /// <summary>The part of <see cref="CacheWriteTokens"/> that is kept for five minutes.</summary>
    public long? CacheWrite5mTokens { get; init; }

    /// <summary>The part of <see cref="CacheWriteTokens"/> that is kept for an hour.</summary>
    public long? CacheWrite1hTokens { get; init; }

    /// <summary>The part of <see cref="InputTokens"/> that a provider's own tools added (Gemini <c>toolUsePromptTokenCount</c>).</summary>
    public long? ToolUseInputTokens { get; init; }

    /// <summary>The part of <see cref="InputTokens"/> that was sound.</summary>
    public long? AudioInputTokens { get; init; }

    /// <summary>All tokens produced, reasoning included.</summary>
    public long? OutputTokens { get; init; }

    /// <summary>The part of <see cref="OutputTokens"/> that was reasoning.</summary>
    public long? ReasoningTokens { get; init; }

    /// <summary>The part of <see cref="OutputTokens"/> that was sound.</summary>
    public long? AudioOutputTokens { get; init; }

    /// <summary>Input plus output; null when neither is known.</summary>
    public long? TotalTokens => InputTokens is null && OutputTokens is null ? null : (InputTokens ?? 0) + (OutputTokens ?? 0);

    /// <summary>What the provider says that it charged for all of it, tools included, in US dollars (OpenRouter, xAI, Perplexity); null when it does not say.</summary>
    public decimal? CostUsd { get; init; }

    /// <summary>True when the gateway counted because the provider did not.</summary>
    public bool Estimated { get; init; }

    /// <summary>Fields that only the provider's dialect knows.</summary>
    public ExtraFields? Extra { get; init; }

    /// <summary>Counts reported so far, with those of a later report over them: a later number wins, an absent one changes nothing.</summary>
    public TokenUsage With(TokenUsage later) => new()
    {
        InputTokens = later.InputTokens ?? InputTokens,
        CacheReadTokens = later.CacheReadTokens ?? CacheReadTokens,
        CacheWriteTokens = later.CacheWriteTokens ?? CacheWriteTokens,
        CacheWrite5mTokens = later.CacheWrite5mTokens ?? CacheWrite5mTokens,
        CacheWrite1hTokens = later.CacheWrite1hTokens ?? CacheWrite1hTokens,
        ToolUseInputTokens = later.ToolUseInputTokens ?? ToolUseInputTokens,
        AudioInputTokens = later.AudioInputTokens ?? AudioInputTokens,
        OutputTokens = later.OutputTokens ?? OutputTokens,
        ReasoningTokens = later.ReasoningTokens ?? ReasoningTokens,
        AudioOutputTokens = later.AudioOutputTokens ?? AudioOutputTokens,
        CostUsd = later.CostUsd ?? CostUsd,
        Estimated = later.Estimated,
        Extra = later.Extra ?? Extra,
    };
}
