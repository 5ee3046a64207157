namespace Serverless.Translation.Dialects;

/// <summary>Who a request is encoded for.</summary>
/// <param name="Model">The model's name at the provider.</param>
public sealed record TargetProfile(string Model)
{
    /// <summary>Where this provider departs from its dialect.</summary>
    public DialectQuirks Quirks { get; init; } = DialectQuirks.None;

    /// <summary>
    /// False when the provider has refused the seals of the history (encrypted thinking, signatures): they are another deployment's or account's.
    /// They are left out then, as those of another maker are.
    /// </summary>
    public bool ReadsSeals { get; init; } = true;
}

/// <summary>Departures of OpenAI-compatible servers from OpenAI, as data. The defaults are OpenAI's own ways.</summary>
public sealed record DialectQuirks
{
    /// <summary>OpenAI's own ways.</summary>
    public static readonly DialectQuirks None = new();

    /// <summary>Name of the limit on output tokens: <c>max_completion_tokens</c> or <c>max_tokens</c>.</summary>
    public string MaxTokensField { get; init; } = "max_completion_tokens";

    /// <summary>The role <c>developer</c> is known; otherwise <c>system</c> is written.</summary>
    public bool DeveloperRole { get; init; } = true;

    /// <summary><c>stream_options</c> is known.</summary>
    public bool StreamOptions { get; init; } = true;

    /// <summary><c>reasoning_effort</c> is known.</summary>
    public bool ReasoningEffort { get; init; } = true;

    /// <summary>Thinking is asked for by <c>thinking: {type, budget_tokens}</c> instead (Anthropic's models behind Databricks).</summary>
    public bool ThinkingField { get; init; }

    /// <summary><c>response_format</c> of type <c>json_schema</c> is known.</summary>
    public bool JsonSchema { get; init; } = true;

    /// <summary><c>strict</c> in tool declarations is known.</summary>
    public bool StrictTools { get; init; } = true;

    /// <summary><c>parallel_tool_calls</c> is known.</summary>
    public bool ParallelToolCalls { get; init; } = true;

    /// <summary>
    /// The field in which an assistant's thinking is sent back: <c>reasoning_content</c> or <c>reasoning</c> (text),
    /// <c>reasoning_details</c> (OpenRouter), <c>thinking_blocks</c> (LiteLLM) or <c>content</c> (Databricks: a part of the content), these three
    /// with its seal; null when it must not be.
    /// </summary>
    public string? ReasoningReplayField { get; init; }

    /// <summary>Name of <c>tool_choice: required</c> where it differs (Mistral: <c>any</c>).</summary>
    public string ToolChoiceRequired { get; init; } = "required";

    /// <summary>Name of <c>seed</c> where it differs (Mistral: <c>random_seed</c>).</summary>
    public string SeedField { get; init; } = "seed";

    /// <summary>Top-level fields that this server refuses.</summary>
    public IReadOnlyList<string> RefusedFields { get; init; } = [];

    /// <summary><c>top_k</c> is known (OpenAI refuses it, most of the others take it).</summary>
    public bool TopK { get; init; }

    /// <summary>Most stop sequences.</summary>
    public int MaxStopSequences { get; init; } = 4;

    /// <summary>
    /// Media that OpenAI refuses can be given: video, addresses of files and sounds, sounds other than wav and mp3 (vLLM, OpenRouter, LiteLLM).
    /// </summary>
    public bool AnyMedia { get; init; }

    /// <summary>Tools of type <c>custom</c> are known; otherwise the request adapter declares them as functions.</summary>
    public bool CustomTools { get; init; } = true;

    /// <summary>A message's content may be a list of several text parts; otherwise they are joined to one string (DeepSeek).</summary>
    public bool TextParts { get; init; } = true;

    /// <summary><c>cache_control</c> on content parts and tools is known (OpenRouter, LiteLLM, Databricks): how many of them; null for the dialect's own number.</summary>
    public int? MaxCacheBreakpoints { get; init; }

    /// <summary>
    /// <c>prompt_cache_key</c> is known for sure, so that a client of another dialect that marks prefixes can be given one. A client's own is
    /// passed on in any case, unless it is among <see cref="RefusedFields"/>.
    /// </summary>
    public bool PromptCacheKeys { get; init; } = true;

    /// <summary>Where a provider caches only what is marked (<c>cache_control</c>): whether to mark prefixes for clients that mark none.</summary>
    public PromptCaching PromptCaching { get; init; }

    /// <summary>
    /// Gemini's own compatible server: tool calls carry a thought signature in <c>extra_content.google.thought_signature</c>, and it wants it back.
    /// </summary>
    public bool ThoughtSignatures { get; init; }

    /// <summary>Ids of tool calls must be exactly this long and alphanumeric (Mistral: 9); null for any.</summary>
    public int? ToolCallIdLength { get; init; }
}

/// <summary>Whether to mark prefixes for a client that marks none.</summary>
public enum PromptCaching
{
    /// <summary>When the client shows that it counts on caching, by <c>prompt_cache_key</c> or <c>prompt_cache_retention</c>.</summary>
    Asked,

    /// <summary>In every request that is translated.</summary>
    Always,

    /// <summary>Never.</summary>
    Never,
}
