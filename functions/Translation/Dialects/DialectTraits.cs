namespace Serverless.Translation.Dialects;

/// <summary>
/// What a dialect cannot say or insists on, as data. <c>Adaptation.RequestAdapter</c> prepares every request by it, so that an
/// encoder only has to render.
/// </summary>
public sealed record DialectTraits
{
    /// <summary>Consecutive turns of one role must be one turn.</summary>
    public bool MergesTurns { get; init; }

    /// <summary>
    /// Every tool call must be answered in the turn after it, every result must belong to a call of the turn before, results stand
    /// before anything else of their turn.
    /// </summary>
    public bool StrictToolPairing { get; init; }

    /// <summary>Tools that take free text can be declared.</summary>
    public bool CustomTools { get; init; }

    /// <summary>Tools can be grouped.</summary>
    public bool ToolNamespaces { get; init; }

    /// <summary>Longest tool name.</summary>
    public int MaxToolName { get; init; } = 64;

    /// <summary>Characters allowed in a tool name besides ASCII letters and digits.</summary>
    public string ToolNamePunctuation { get; init; } = "_-";

    /// <summary>A tool name must begin with a letter or <c>_</c>.</summary>
    public bool ToolNameStartsWithLetter { get; init; }

    /// <summary>Longest id of a tool call; null for any.</summary>
    public int? MaxToolCallId { get; init; }

    /// <summary>True when ids of tool calls may hold only ASCII letters, digits, <c>_</c> and <c>-</c>.</summary>
    public bool PlainToolCallId { get; init; }

    /// <summary>Most cache breakpoints in a request; 0 when they cannot be said.</summary>
    public int MaxCacheBreakpoints { get; init; }

    /// <summary>Providers find cacheable prefixes by themselves; otherwise they cache only what is marked.</summary>
    public bool FindsPrefixes { get; init; } = true;

    /// <summary>Requests with a common prefix can be told by a key.</summary>
    public bool PromptCacheKeys { get; init; }

    /// <summary>Tool results can hold images and documents.</summary>
    public bool MediaInToolResults { get; init; }

    /// <summary>Longest identifier of an end user, in characters; null for any.</summary>
    public int? MaxUserId { get; init; }

    /// <summary>Identifiers of end users must not tell who a person is (mail addresses, telephone numbers).</summary>
    public bool ImpersonalUserIds { get; init; }

    /// <summary>An answer of the form "some JSON object" is given only when the conversation holds the word JSON.</summary>
    public bool WantsJsonMentioned { get; init; }
}
