using System.Text.Json;

namespace Serverless.Translation.Canonical;

/// <summary>One piece of a message or of an answer. The hierarchy is closed: every switch over it is total.</summary>
public abstract record ContentPart
{
    private protected ContentPart()
    {
    }

    /// <summary>Set when the client marked this part as the end of a cacheable prefix.</summary>
    public CacheBreakpoint? Cache { get; init; }

    /// <summary>Fields of this part that only its own dialect knows.</summary>
    public ExtraFields? Extra { get; init; }
}

/// <summary>Plain text.</summary>
/// <param name="Text">The text; may be empty or white space.</param>
public sealed record TextPart(string Text) : ContentPart
{
    /// <summary>Sources that the model named for this text.</summary>
    public IReadOnlyList<Citation> Citations { get; init; } = [];

    /// <summary>A provider's signature over the thinking that led to this text (Gemini <c>thoughtSignature</c>).</summary>
    public Signature? Signature { get; init; }

    /// <summary>Log probabilities of the tokens of this text, when they were asked for.</summary>
    public IReadOnlyList<TokenLogProb> LogProbs { get; init; } = [];
}

/// <summary>An image, a document, a sound or a video; sent by the caller or made by the model.</summary>
public sealed record MediaPart(MediaKind Kind, MediaSource Source) : ContentPart
{
    /// <summary>File name or title, where the client gave one.</summary>
    public string? Name { get; init; }

    /// <summary>How closely the model should look: <c>auto</c>, <c>low</c>, <c>high</c> or <c>original</c>.</summary>
    public string? Detail { get; init; }

    /// <summary>A provider's signature over the thinking that led to this part.</summary>
    public Signature? Signature { get; init; }

    /// <summary>What is said in a sound, where the provider tells.</summary>
    public string? Transcript { get; init; }
}

/// <summary>What kind of thing a <see cref="MediaPart"/> holds.</summary>
public enum MediaKind
{
    /// <summary>A still picture.</summary>
    Image,

    /// <summary>A PDF or another document.</summary>
    Document,

    /// <summary>Sound.</summary>
    Audio,

    /// <summary>Moving pictures.</summary>
    Video,
}

/// <summary>Where the bytes of a <see cref="MediaPart"/> are.</summary>
public abstract record MediaSource
{
    private protected MediaSource()
    {
    }
}

/// <summary>The bytes themselves, as base64 text exactly as the client sent it (so that they arrive unchanged).</summary>
/// <param name="MediaType">For example <c>image/png</c>; never empty.</param>
/// <param name="Base64">ASCII bytes of the base64 text.</param>
public sealed record Base64Source(string MediaType, ReadOnlyMemory<byte> Base64) : MediaSource;

/// <summary>A document given as plain text.</summary>
public sealed record TextSource(string Text) : MediaSource;

/// <summary>An address that the provider has to fetch.</summary>
public sealed record UrlSource(string Url, string? MediaType = null) : MediaSource;

/// <summary>A file that was uploaded to one provider beforehand; no other provider can read it.</summary>
public sealed record FileSource(string FileId, DialectId Dialect, string? MediaType = null) : MediaSource;

/// <summary>The model's thinking, or a summary of it.</summary>
/// <param name="Text">What is readable of it; empty when the provider keeps it to itself.</param>
public sealed record ReasoningPart(string Text) : ContentPart
{
    /// <summary>The maker's seal or the encrypted thinking itself, to be replayed to the maker only.</summary>
    public Signature? Signature { get; init; }

    /// <summary>True when <see cref="Signature"/> holds thinking that the provider withheld (Anthropic <c>redacted_thinking</c>).</summary>
    public bool Redacted { get; init; }

    /// <summary>True when <see cref="Text"/> is a summary rather than the thinking itself.</summary>
    public bool IsSummary { get; init; }
}

/// <summary>The model asks the client to run a tool.</summary>
/// <param name="Id">Pairs the call with its <see cref="ToolResultPart"/>; never empty in a decoded message.</param>
/// <param name="Name">The tool's name as the other side of the wire knows it.</param>
/// <param name="Arguments">For a function: JSON text of an object (<c>""</c> is read as <c>{}</c>). For a custom tool: free text.</param>
public sealed record ToolCallPart(string Id, string Name, string Arguments) : ContentPart
{
    /// <summary>Whether <see cref="Arguments"/> is JSON or free text.</summary>
    public ToolKind Kind { get; init; }

    /// <summary>The group of tools that <see cref="Name"/> is unique in, where the dialect has groups.</summary>
    public string? Namespace { get; init; }

    /// <summary>A provider's signature over the thinking that led to this call.</summary>
    public Signature? Signature { get; init; }
}

/// <summary>What the client's tool answered.</summary>
/// <param name="CallId">The <see cref="ToolCallPart.Id"/> that is answered.</param>
/// <param name="Content">Text and media, in order.</param>
public sealed record ToolResultPart(string CallId, IReadOnlyList<ContentPart> Content) : ContentPart
{
    /// <summary>The tool's name, where the client repeats it (Gemini requires it; the adapter fills it in from the call).</summary>
    public string? Name { get; init; }

    /// <summary>True when the tool failed.</summary>
    public bool IsError { get; init; }

    /// <summary>The kind of the call that is answered.</summary>
    public ToolKind Kind { get; init; }
}

/// <summary>The two ways of calling a client's tool.</summary>
public enum ToolKind
{
    /// <summary>Arguments are a JSON object.</summary>
    Function,

    /// <summary>The argument is one free text (OpenAI <c>custom</c> tools).</summary>
    Custom,
}

/// <summary>The model's words for why it will not answer.</summary>
public sealed record RefusalPart(string Text) : ContentPart;

/// <summary>A block that only its own dialect can say (a hosted tool's call and result, for instance), kept as JSON.</summary>
/// <param name="Dialect">The only dialect it is written back into.</param>
/// <param name="Json">The whole block.</param>
/// <param name="Path">Where it stood, for the report.</param>
public sealed record OpaquePart(DialectId Dialect, JsonElement Json, string Path) : ContentPart
{
    /// <summary>The block as a text, for other dialects; null when it cannot be told so.</summary>
    public string? InWords { get; init; }

    /// <summary>The field of the block whose meaning <see cref="InWords"/> does not have, for the report; null when there is none.</summary>
    public string? LostInWords { get; init; }

    /// <summary>The block's <c>type</c>, or the name of its first field where the dialect has no types; for reports.</summary>
    public string Type => Json.ValueKind != JsonValueKind.Object ? "unknown"
        : Json.TryGetProperty("type", out JsonElement type) && type.ValueKind == JsonValueKind.String ? type.GetString()!
        : Json.EnumerateObject().Select(p => p.Name).FirstOrDefault("unknown");
}

/// <summary>Seal or cipher text of a model's thinking. It is valid only at the dialect that made it.</summary>
/// <param name="Value">Opaque text, unchanged.</param>
/// <param name="Origin">The dialect that made it.</param>
public sealed record Signature(string Value, DialectId Origin);

/// <summary>A source that the model names.</summary>
public sealed record Citation
{
    /// <summary>Address of the source.</summary>
    public string? Url { get; init; }

    /// <summary>Title of the source.</summary>
    public string? Title { get; init; }

    /// <summary>The words of the source that are cited.</summary>
    public string? CitedText { get; init; }

    /// <summary>First UTF-16 index of the passage of the answer's text part that the source stands for; null when that is unknown.</summary>
    public int? Start { get; init; }

    /// <summary>Index after the last character of that passage; null for the end of the part, or when <see cref="Start"/> is unknown.</summary>
    public int? End { get; init; }

    /// <summary>The whole citation as its own dialect wrote it, when that says more; written back into that dialect only.</summary>
    public OpaquePart? Original { get; init; }

    /// <summary>True when the place can be told before the part is complete.</summary>
    public bool IsPlaced => Start is not null && End is not null;

    /// <summary>
    /// The passage in a part that is complete: as it was told, else where the cited words stand, else the empty passage at the part's end.
    /// </summary>
    public (int Start, int End) PlaceIn(string text)
    {
        if (Start is { } start)
        {
            int from = Math.Clamp(start, 0, text.Length);
            return (from, Math.Clamp(End ?? text.Length, from, text.Length));
        }

        int found = CitedText is { Length: > 0 } words ? text.IndexOf(words, StringComparison.Ordinal) : -1;
        return found < 0 ? (text.Length, text.Length) : (found, found + CitedText!.Length);
    }
}

/// <summary>How likely the model held a token.</summary>
/// <param name="Token">The token's text.</param>
/// <param name="LogProb">Natural logarithm of its probability.</param>
public sealed record TokenLogProb(string Token, double LogProb)
{
    /// <summary>The token's UTF-8 bytes, where the provider tells them.</summary>
    public IReadOnlyList<int>? Bytes { get; init; }

    /// <summary>The likeliest alternatives at this position.</summary>
    public IReadOnlyList<TokenLogProb> Top { get; init; } = [];
}

/// <summary>End of a cacheable prefix.</summary>
/// <param name="Ttl">How long to keep it: <c>5m</c> or <c>1h</c>; null means the provider's default.</param>
public sealed record CacheBreakpoint(string? Ttl = null);
