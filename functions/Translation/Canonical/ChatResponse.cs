namespace Serverless.Translation.Canonical;

/// <summary>One whole answer.</summary>
public sealed record ChatResponse
{
    /// <summary>The provider's id of the answer; null when it gives none, or an empty one.</summary>
    public string? Id { get; init => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>The model that served the request, as the provider names it.</summary>
    public string? Model { get; init => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>When the answer was made; null when the provider does not tell.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>The answers, by <see cref="Choice.Index"/>; one unless <see cref="ChatRequest.CandidateCount"/> asked for more.</summary>
    public required IReadOnlyList<Choice> Choices { get; init; }

    /// <summary>What was counted; null when the provider does not tell.</summary>
    public TokenUsage? Usage { get; init; }

    /// <summary>The tier that served the request, in OpenAI's words.</summary>
    public string? ServiceTier { get; init; }

    /// <summary>Fields that only the provider's dialect knows.</summary>
    public ExtraFields? Extra { get; init; }
}

/// <summary>One of the answers.</summary>
/// <param name="Index">From 0.</param>
/// <param name="Parts">What the model said, in order.</param>
/// <param name="FinishReason">Why it ended.</param>
public sealed record Choice(int Index, IReadOnlyList<ContentPart> Parts, FinishReason FinishReason)
{
    /// <summary>The stop sequence that was met, where the provider tells.</summary>
    public string? StopSequence { get; init; }

    /// <summary>Fields that only the provider's dialect knows.</summary>
    public ExtraFields? Extra { get; init; }
}

/// <summary>Why an answer ended. Whenever a tool call was emitted it is <see cref="ToolCalls"/>, unless the answer was cut off or withheld.</summary>
public enum FinishReason
{
    /// <summary>The model was done, or met a stop sequence.</summary>
    Stop,

    /// <summary>The limit on output tokens was met.</summary>
    Length,

    /// <summary>The model waits for the results of the client's tools.</summary>
    ToolCalls,

    /// <summary>A filter of the provider's withheld the rest.</summary>
    ContentFilter,

    /// <summary>The model declined.</summary>
    Refusal,

    /// <summary>The provider paused a long turn; the client continues it by sending it back (Anthropic <c>pause_turn</c>).</summary>
    Pause,

    /// <summary>The model's context window is full.</summary>
    ContextWindow,

    /// <summary>The model produced something that the provider could not use (Gemini <c>MALFORMED_FUNCTION_CALL</c>, for instance).</summary>
    Malformed,
}
