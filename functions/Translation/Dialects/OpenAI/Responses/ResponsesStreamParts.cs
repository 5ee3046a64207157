using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>A part of the canonical stream, as far as it has been told.</summary>
internal sealed class StreamPart
{
    /// <summary>Its number in the stream; negative before it is opened.</summary>
    public int Index { get; set; } = -1;

    /// <summary>What it becomes when it is opened.</summary>
    public ContentPart Seed { get; set; } = new TextPart("");

    public bool HasText { get; set; }

    public bool HasLogProbs { get; set; }

    public bool HasCitations { get; set; }

    public bool IsSummary { get; set; }

    public bool IsClosed { get; set; }
}

/// <summary>The parts of one stream: opens them when there is something in them, and adds their events in lawful order.</summary>
internal sealed class StreamParts
{
    /// <summary>Takes the events of the frame at hand.</summary>
    public IList<ChatEvent> Events { get; set; } = [];

    /// <summary>How many parts there are.</summary>
    public int Count { get; private set; }

    /// <summary>True once a tool of the client's has been called.</summary>
    public bool Called { get; private set; }

    /// <summary>True once the model has declined.</summary>
    public bool Refused { get; private set; }

    public StreamPart Open(StreamPart part, ContentPart seed)
    {
        part.Seed = seed;
        part.Index = Count++;
        Called |= seed is ToolCallPart;
        Refused |= seed is RefusalPart;
        Events.Add(new PartStarted(0, part.Index, seed));
        return part;
    }

    public void AddText(StreamPart part, string? text)
    {
        if (string.IsNullOrEmpty(text) || part.IsClosed)
        {
            return;
        }

        EnsureOpen(part);
        part.HasText = true;
        Events.Add(new PartDelta(part.Index, KindOf(part.Seed), text));
    }

    public void AddLogProbs(StreamPart part, IReadOnlyList<TokenLogProb> tokens)
    {
        if (tokens.Count == 0 || part.IsClosed)
        {
            return;
        }

        EnsureOpen(part);
        part.HasLogProbs = true;
        Events.Add(new LogProbsAdded(part.Index, tokens));
    }

    public void AddCitation(StreamPart part, Citation citation)
    {
        if (part.IsClosed)
        {
            return;
        }

        EnsureOpen(part);
        part.HasCitations = true;
        Events.Add(new CitationAdded(part.Index, citation));
    }

    /// <summary>Adds what the whole part holds and the stream has not told.</summary>
    public void AddRest(StreamPart part, ContentPart whole)
    {
        if (whole is RefusalPart refusal)
        {
            AddText(part, part.HasText ? null : refusal.Text);
        }
        else if (whole is TextPart text)
        {
            AddText(part, part.HasText ? null : text.Text);
            foreach (Citation citation in part.HasCitations ? [] : text.Citations)
            {
                AddCitation(part, citation);
            }

            AddLogProbs(part, part.HasLogProbs ? [] : text.LogProbs);
        }
    }

    public void Seal(StreamPart part, Signature seal)
    {
        if (!part.IsClosed)
        {
            EnsureOpen(part);
            Events.Add(new SignatureSet(part.Index, seal));
        }
    }

    /// <summary>Adds a part that comes in one piece.</summary>
    public void AddWhole(ContentPart part) => Close(Open(new StreamPart(), part));

    public void Close(StreamPart part)
    {
        if (part.Index >= 0 && !part.IsClosed)
        {
            Events.Add(new PartCompleted(part.Index));
        }

        part.IsClosed = true;
    }

    private void EnsureOpen(StreamPart part)
    {
        if (part.Index < 0)
        {
            Open(part, part.Seed is ReasoningPart reasoning ? reasoning with { IsSummary = part.IsSummary } : part.Seed);
        }
    }

    private static DeltaKind KindOf(ContentPart seed) => seed switch
    {
        ReasoningPart => DeltaKind.Reasoning,
        RefusalPart => DeltaKind.Refusal,
        ToolCallPart => DeltaKind.ToolArguments,
        _ => DeltaKind.Text,
    };
}

/// <summary>An item of the provider's <c>output</c>, as far as it has been told.</summary>
/// <param name="index">Its <c>output_index</c>.</param>
internal sealed class OpenItem(int index)
{
    private readonly List<StreamPart?> _content = [];
    private StreamPart? _reasoning;

    public int Index => index;

    public string Type { get; private set; } = "";

    public string? Id { get; set; }

    public bool IsDone { get; set; }

    /// <summary>Number of the piece of reasoning that grew last.</summary>
    public int Piece { get; set; } = -1;

    public StreamPart? Call { get; set; }

    /// <summary>Arguments that came before the call's name.</summary>
    public StringBuilder? Early { get; set; }

    public bool HasNoArguments => Call is not { HasText: true } && Early is null;

    public StreamPart Reasoning => _reasoning ??= new StreamPart { Seed = new ReasoningPart("") };

    /// <summary>Sets the type, when it is not known yet.</summary>
    public OpenItem Named(string type)
    {
        if (Type.Length == 0)
        {
            Type = type;
        }

        return this;
    }

    /// <summary>The part of a message at that place.</summary>
    public StreamPart PartAt(int contentIndex, bool refusal)
    {
        // A number that no server sends in earnest must not cost memory.
        int at = Math.Clamp(contentIndex, 0, 9999);
        while (_content.Count <= at)
        {
            _content.Add(null);
        }

        return _content[at] ??= new StreamPart { Seed = refusal ? new RefusalPart("") : new TextPart("") };
    }

    public void CloseAll(StreamParts parts)
    {
        foreach (StreamPart? part in _content)
        {
            if (part is not null)
            {
                parts.Close(part);
            }
        }

        if (_reasoning is not null)
        {
            parts.Close(_reasoning);
        }

        if (Call is not null)
        {
            parts.Close(Call);
        }
    }
}

/// <summary>Reads the head of an answer without building its whole tree: the object repeats the request, which may be large.</summary>
internal static class ResponsesHead
{
    public static Started Read(ReadOnlySpan<byte> response)
    {
        string? id = null;
        string? model = null;
        string? tier = null;
        DateTimeOffset? created = null;
        var reader = new Utf8JsonReader(response, new JsonReaderOptions { MaxDepth = 256 });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isId = reader.ValueTextEquals("id"u8);
            bool isModel = reader.ValueTextEquals("model"u8);
            bool isTier = reader.ValueTextEquals("service_tier"u8);
            bool isCreated = reader.ValueTextEquals("created_at"u8);
            reader.Read();
            if (reader.TokenType == JsonTokenType.String)
            {
                id = isId ? Json.ReadText(ref reader) : id;
                model = isModel ? Json.ReadText(ref reader) : model;
                tier = isTier ? Json.ReadText(ref reader) : tier;
            }
            else if (isCreated && reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out double seconds))
            {
                created = ResponsesResponse.TimeOf(seconds);
            }

            reader.Skip();
        }

        return new Started { Id = id, Model = model, Created = created, ServiceTier = ResponsesResponse.TierOf(tier) };
    }
}
