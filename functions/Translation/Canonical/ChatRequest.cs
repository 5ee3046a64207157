namespace Serverless.Translation.Canonical;

/// <summary>
/// One request for a chat answer, in no vendor's words. A null property means that the client did not say; encoders write
/// nothing for it.
/// </summary>
public sealed record ChatRequest
{
    /// <summary>The endpoint that the client named as its model.</summary>
    public required string Model { get; init; }

    /// <summary>True when the client wants the answer as server-sent events.</summary>
    public bool Stream { get; init; }

    /// <summary>True when the client wants token counts in the stream. Only Chat Completions makes this a choice; elsewhere it is always true.</summary>
    public bool IncludeStreamUsage { get; init; }

    /// <summary>Top-level instructions (<c>system</c>, <c>instructions</c>, <c>systemInstruction</c>): text and, rarely, other parts.</summary>
    public IReadOnlyList<ContentPart> Instructions { get; init; } = [];

    /// <summary>The conversation in order, system and developer turns where the client put them.</summary>
    public required IReadOnlyList<Message> Messages { get; init; }

    /// <summary>The tools that the model may use, in the client's order.</summary>
    public IReadOnlyList<ToolDefinition> Tools { get; init; } = [];

    /// <summary>Whether and which tool must be used.</summary>
    public ToolChoice? ToolChoice { get; init; }

    /// <summary>False forbids more than one tool call in an answer.</summary>
    public bool? ParallelToolCalls { get; init; }

    /// <summary>The form that the answer's text must have.</summary>
    public ResponseFormat? ResponseFormat { get; init; }

    /// <summary>How much the model should think, and what the client wants to see of it.</summary>
    public ReasoningOptions? Reasoning { get; init; }

    /// <summary>Most tokens to produce, thinking included.</summary>
    public long? MaxOutputTokens { get; init; }

    /// <summary>Sampling temperature as the client gave it. OpenAI and Gemini take 0 to 2, Anthropic 0 to 1.</summary>
    public double? Temperature { get; init; }

    /// <summary>Nucleus sampling, 0 to 1.</summary>
    public double? TopP { get; init; }

    /// <summary>Sample from the k likeliest tokens.</summary>
    public int? TopK { get; init; }

    /// <summary>Texts that end the answer.</summary>
    public IReadOnlyList<string> StopSequences { get; init; } = [];

    /// <summary>Seed for repeatable sampling.</summary>
    public long? Seed { get; init; }

    /// <summary>Presence penalty, -2 to 2.</summary>
    public double? PresencePenalty { get; init; }

    /// <summary>Frequency penalty, -2 to 2.</summary>
    public double? FrequencyPenalty { get; init; }

    /// <summary>True to return the log probabilities of the produced tokens.</summary>
    public bool? LogProbs { get; init; }

    /// <summary>How many alternatives to return at each position.</summary>
    public int? TopLogProbs { get; init; }

    /// <summary>How many answers to produce (<c>n</c>, <c>candidateCount</c>).</summary>
    public int? CandidateCount { get; init; }

    /// <summary>Processing tier in OpenAI's words: <c>auto</c>, <c>default</c>, <c>flex</c>, <c>priority</c>, <c>scale</c>; codecs map their own words onto these.</summary>
    public string? ServiceTier { get; init; }

    /// <summary>An identifier of the client's end user.</summary>
    public string? User { get; init; }

    /// <summary>A hashed end-user identifier for the provider's abuse detection.</summary>
    public string? SafetyIdentifier { get; init; }

    /// <summary>Key that groups requests with a common prefix for the provider's prompt cache.</summary>
    public string? PromptCacheKey { get; init; }

    /// <summary>How long a cached prefix is kept (<c>in_memory</c>, <c>24h</c>).</summary>
    public string? PromptCacheRetention { get; init; }

    /// <summary>Set when the client asks the provider to cache the conversation so far, wherever it finds best, besides what is marked.</summary>
    public CacheBreakpoint? AutomaticCache { get; init; }

    /// <summary>True when nothing may be cached but the prefixes that the client marked.</summary>
    public bool CachesMarkedOnly { get; init; }

    /// <summary>How wordy the answer should be: <c>low</c>, <c>medium</c>, <c>high</c>.</summary>
    public string? Verbosity { get; init; }

    /// <summary>True to let the provider store the answer.</summary>
    public bool? Store { get; init; }

    /// <summary>Labels to store with the answer.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>What the model may produce, in lower case: <c>text</c>, <c>image</c>, <c>audio</c>.</summary>
    public IReadOnlyList<string> OutputModalities { get; init; } = [];

    /// <summary>The voice of a spoken answer.</summary>
    public AudioOutput? AudioOutput { get; init; }

    /// <summary>
    /// Set when the request leans on something that only a provider of its own dialect holds (a stored conversation, say), so that no
    /// other can answer it. For a target of another dialect the request adapter refuses it, see <see cref="DialectBinding.Refusal"/>.
    /// </summary>
    public DialectBinding? RequiresDialect { get; init; }

    /// <summary>Fields that only the client's dialect knows.</summary>
    public ExtraFields? Extra { get; init; }
}

/// <summary>Ties a request to providers of one dialect.</summary>
/// <param name="Dialect">The only dialect that can serve the request.</param>
/// <param name="Field">The field at fault, as a JSON path.</param>
/// <param name="Reason">Why, in a few words for the caller.</param>
public sealed record DialectBinding(DialectId Dialect, string Field, string Reason)
{
    /// <summary>What the caller is told when the target speaks another dialect: a 400 that names the field.</summary>
    public GatewayError Refusal => GatewayError.Unsupported(Field, Reason);
}

/// <summary>One turn of the conversation.</summary>
/// <param name="Role">Who speaks.</param>
/// <param name="Parts">What is said; may be empty.</param>
public sealed record Message(Role Role, IReadOnlyList<ContentPart> Parts)
{
    /// <summary>Name of the speaker, where the client gave one.</summary>
    public string? Name { get; init; }

    /// <summary>Fields of the turn that only its own dialect knows.</summary>
    public ExtraFields? Extra { get; init; }
}

/// <summary>Who speaks in a <see cref="Message"/>.</summary>
public enum Role
{
    /// <summary>Instructions of the platform.</summary>
    System,

    /// <summary>Instructions of the application (OpenAI's newer name for system).</summary>
    Developer,

    /// <summary>The user; may also hold <see cref="ToolResultPart"/>s.</summary>
    User,

    /// <summary>The model.</summary>
    Assistant,

    /// <summary>Only <see cref="ToolResultPart"/>s.</summary>
    Tool,
}

/// <summary>The form that the answer's text must have.</summary>
/// <param name="Kind">Free text, any JSON object, or JSON that obeys <see cref="Schema"/>.</param>
public sealed record ResponseFormat(ResponseFormatKind Kind)
{
    /// <summary>Name of the schema.</summary>
    public string? Name { get; init; }

    /// <summary>What the schema is for.</summary>
    public string? Description { get; init; }

    /// <summary>The JSON Schema.</summary>
    public System.Text.Json.JsonElement? Schema { get; init; }

    /// <summary>True to enforce the schema while decoding.</summary>
    public bool? Strict { get; init; }
}

/// <summary>The kinds of <see cref="ResponseFormat"/>.</summary>
public enum ResponseFormatKind
{
    /// <summary>No constraint.</summary>
    Text,

    /// <summary>Some JSON object.</summary>
    JsonObject,

    /// <summary>JSON that obeys a schema.</summary>
    JsonSchema,
}

/// <summary>How much the model should think. What each vendor makes of it stands in <c>Adaptation/ReasoningTable</c>.</summary>
public sealed record ReasoningOptions
{
    /// <summary>Off, a fixed budget, or as much as the model sees fit; null when only an effort is given.</summary>
    public ReasoningMode? Mode { get; init; }

    /// <summary>How hard to think.</summary>
    public ReasoningEffort? Effort { get; init; }

    /// <summary>Most tokens to think with. -1 never occurs here: a dynamic budget is <see cref="ReasoningMode.Adaptive"/>.</summary>
    public long? BudgetTokens { get; init; }

    /// <summary>Whether the client wants to read the thinking; null when it did not say.</summary>
    public bool? IncludeThoughts { get; init; }

    /// <summary>How detailed a summary the client wants: <c>auto</c>, <c>concise</c>, <c>detailed</c>.</summary>
    public string? Summary { get; init; }
}

/// <summary>Whether the model thinks before it answers.</summary>
public enum ReasoningMode
{
    /// <summary>It must not.</summary>
    Disabled,

    /// <summary>It does, within <see cref="ReasoningOptions.BudgetTokens"/>.</summary>
    Enabled,

    /// <summary>It decides.</summary>
    Adaptive,
}

/// <summary>How hard to think, in ascending order.</summary>
public enum ReasoningEffort
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>As little as possible.</summary>
    Minimal,

    /// <summary>A little.</summary>
    Low,

    /// <summary>The usual amount.</summary>
    Medium,

    /// <summary>A lot.</summary>
    High,

    /// <summary>More than a lot.</summary>
    XHigh,

    /// <summary>Without restraint.</summary>
    Max,
}

/// <summary>A spoken answer.</summary>
/// <param name="Voice">The vendor's name of the voice.</param>
/// <param name="Format">For example <c>wav</c>, <c>mp3</c>, <c>pcm16</c>.</param>
public sealed record AudioOutput(string? Voice, string? Format);
