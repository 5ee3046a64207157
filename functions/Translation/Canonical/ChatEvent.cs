namespace Serverless.Translation.Canonical;

/// <summary>
/// One step of a streamed answer. The grammar, held by a test over every decoder:
/// <code>
/// Stream := Started Part* ( Finished | Failed )     UsageReported, ChoiceEnded and KeepAlive between any two
/// Part   := PartStarted(index, seed) (PartDelta | SignatureSet | CitationAdded | LogProbsAdded)(index)* PartCompleted(index)
/// </code>
/// Indices count up from 0 in order of <see cref="PartStarted"/> over the whole stream; parts of different index may interleave.
/// A text, reasoning or refusal begins empty and grows; a tool call's arguments, too. The seal of a tool call stands in its seed, since
/// some clients get it in the call's id; that of a medium may; those of texts and reasoning are events.
/// Every choice has one <see cref="ChoiceEnded"/>, after its last part and before <see cref="Finished"/>. A stream that fails
/// leaves parts open. A stream may fail before it has started.
/// </summary>
public abstract class ChatEvent
{
    private protected ChatEvent()
    {
    }
}

/// <summary>The answer begins.</summary>
public sealed class Started : ChatEvent
{
    /// <summary>The provider's id of the answer; an empty one is none.</summary>
    public string? Id { get; init => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>The model that serves the request, as the provider names it.</summary>
    public string? Model { get; init => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>When the answer was begun.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>The tier that serves the request, in OpenAI's words.</summary>
    public string? ServiceTier { get; init; }

    /// <summary>Fields of the answer that only the provider's dialect knows.</summary>
    public ExtraFields? Extra { get; init; }
}

/// <summary>A part begins.</summary>
/// <param name="choice">The answer that it belongs to, from 0.</param>
/// <param name="index">Its number in the stream.</param>
/// <param name="seed">The part with what is known at its start: a text's empty text, a tool call's id and name, a whole image or opaque block.</param>
public sealed class PartStarted(int choice, int index, ContentPart seed) : ChatEvent
{
    /// <summary>The answer that the part belongs to, from 0.</summary>
    public int Choice { get; } = choice;

    /// <summary>The part's number in the stream.</summary>
    public int Index { get; } = index;

    /// <summary>What is known of the part at its start. Deltas append to it.</summary>
    public ContentPart Seed { get; } = seed;
}

/// <summary>Text is appended to a part.</summary>
public sealed class PartDelta(int index, DeltaKind kind, string text) : ChatEvent
{
    /// <summary>The part's number in the stream.</summary>
    public int Index { get; } = index;

    /// <summary>What of the part grows.</summary>
    public DeltaKind Kind { get; } = kind;

    /// <summary>The text to append. May end within a surrogate pair; the adapter mends that before an encoder sees it.</summary>
    public string Text { get; } = text;
}

/// <summary>What of a part a <see cref="PartDelta"/> appends to.</summary>
public enum DeltaKind
{
    /// <summary>The text of a <see cref="TextPart"/>.</summary>
    Text,

    /// <summary>The text of a <see cref="ReasoningPart"/>.</summary>
    Reasoning,

    /// <summary>The arguments of a <see cref="ToolCallPart"/>.</summary>
    ToolArguments,

    /// <summary>The text of a <see cref="RefusalPart"/>.</summary>
    Refusal,

    /// <summary>Base64 of a <see cref="MediaPart"/> that is sent in pieces.</summary>
    Media,

    /// <summary>The transcript of a <see cref="MediaPart"/>.</summary>
    Transcript,
}

/// <summary>The seal of a part, whole. A tool call's belongs into its seed; as an event it comes too late for some clients.</summary>
public sealed class SignatureSet(int index, Signature signature) : ChatEvent
{
    /// <summary>The part's number in the stream.</summary>
    public int Index { get; } = index;

    /// <summary>The seal.</summary>
    public Signature Signature { get; } = signature;
}

/// <summary>A source is named for a text part.</summary>
public sealed class CitationAdded(int index, Citation citation) : ChatEvent
{
    /// <summary>The part's number in the stream.</summary>
    public int Index { get; } = index;

    /// <summary>The source.</summary>
    public Citation Citation { get; } = citation;
}

/// <summary>Log probabilities of tokens of a text part.</summary>
public sealed class LogProbsAdded(int index, IReadOnlyList<TokenLogProb> tokens) : ChatEvent
{
    /// <summary>The part's number in the stream.</summary>
    public int Index { get; } = index;

    /// <summary>The tokens, in order.</summary>
    public IReadOnlyList<TokenLogProb> Tokens { get; } = tokens;
}

/// <summary>A part ends.</summary>
public sealed class PartCompleted(int index) : ChatEvent
{
    /// <summary>The part's number in the stream.</summary>
    public int Index { get; } = index;
}

/// <summary>Token counts as known so far; a later report adds to or replaces an earlier one, see <see cref="TokenUsage.With"/>.</summary>
public sealed class UsageReported(TokenUsage usage) : ChatEvent
{
    /// <summary>The counts.</summary>
    public TokenUsage Usage { get; } = usage;

    /// <summary>The tier that served the request, in OpenAI's words, where it is told with the counts; it counts more than what was told at the start.</summary>
    public string? ServiceTier { get; init; }
}

/// <summary>One of the answers is complete.</summary>
public sealed class ChoiceEnded(int choice, FinishReason reason, string? stopSequence = null) : ChatEvent
{
    /// <summary>The answer, from 0.</summary>
    public int Choice { get; } = choice;

    /// <summary>Why it ended.</summary>
    public FinishReason Reason { get; } = reason;

    /// <summary>The stop sequence that was met.</summary>
    public string? StopSequence { get; } = stopSequence;
}

/// <summary>The provider said that the stream is complete.</summary>
public sealed class Finished : ChatEvent
{
    /// <summary>The only instance.</summary>
    public static readonly Finished Instance = new();

    private Finished()
    {
    }
}

/// <summary>The stream broke off, or the provider reported an error in it.</summary>
public sealed class Failed(GatewayError error) : ChatEvent
{
    /// <summary>What the caller is told.</summary>
    public GatewayError Error { get; } = error;
}

/// <summary>The provider is still there.</summary>
public sealed class KeepAlive : ChatEvent
{
    /// <summary>The only instance.</summary>
    public static readonly KeepAlive Instance = new();

    private KeepAlive()
    {
    }
}
