using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Dialects.Gemini.GenerateContent;

/// <summary>Numbers the parts and calls of a stream over all its candidates.</summary>
internal sealed class GenerateContentPartCounter
{
    private string? _answerId;

    /// <summary>The answer's id, of which ids of calls are made; one of the gateway's own where Google gives none.</summary>
    public string? AnswerId
    {
        get => _answerId ??= Guid.NewGuid().ToString("N");
        set => _answerId = value;
    }

    public int NextPart { get; set; }

    public int Calls { get; set; }
}

/// <summary>One candidate of a stream: opens and closes its parts.</summary>
internal sealed class GenerateContentCandidate(int index, GenerateContentPartCounter counter)
{
    private static readonly TextPart EmptyText = new("");
    private static readonly ReasoningPart EmptyThought = new("") { IsSummary = true };

    private readonly List<ToolCallPart> _calls = [];
    private readonly List<(int Part, StringBuilder Text)> _texts = [];
    private readonly HashSet<Citation> _cited = [];
    private ContentPart? _open;
    private int _part;
    private bool _isSigned;
    private byte[] _unsent = [];

    public int Index { get; } = index;

    public FinishReason? Finish { get; set; }

    public bool HasCalls => _calls.Count > 0;

    /// <summary>Adds text or a thought: to the part that is open, unless that has its seal and this brings another.</summary>
    public void AddText(string text, bool isThought, string? signature, IList<ChatEvent> events)
    {
        if (text.Length == 0 && signature is null)
        {
            return;
        }

        ContentPart kind = isThought ? EmptyThought : EmptyText;
        if (!ReferenceEquals(_open, kind) || (_isSigned && signature is not null))
        {
            Open(kind, kind, events);
            if (!isThought)
            {
                _texts.Add((_part, new StringBuilder()));
            }
        }

        if (text.Length > 0)
        {
            events.Add(new PartDelta(_part, isThought ? DeltaKind.Reasoning : DeltaKind.Text, text));
            if (!isThought)
            {
                _texts[^1].Text.Append(text);
            }
        }

        if (signature is not null)
        {
            _isSigned = true;
            events.Add(new SignatureSet(_part, new Signature(signature, GenerateContentWire.Dialect)));
        }
    }

    /// <summary>Adds a part that is not text.</summary>
    public void Add(JsonElement json, IList<ChatEvent> events)
    {
        switch (GenerateContentAnswerPart.Read(json, counter.AnswerId!, counter.Calls))
        {
            case null:
                break;
            case TextPart text:
                AddText(text.Text, isThought: false, text.Signature?.Value, events);
                break;
            case ReasoningPart thought:
                AddText(thought.Text, isThought: true, thought.Signature?.Value, events);
                break;
            case ToolCallPart call:
                AddCall(call, events);
                break;
            case MediaPart { Kind: MediaKind.Audio, Source: Base64Source sound } media:
                AddSound(media, sound, events);
                break;
            case MediaPart { Signature: { } signature } media:
                Open(media, media with { Signature = null }, events);
                events.Add(new SignatureSet(_part, signature));
                Close(events);
                break;
            case var whole:
                Open(whole, whole, events);
                Close(events);
                break;
        }
    }

    /// <summary>Adds the probabilities of tokens of the text that is open.</summary>
    public void AddLogProbs(IReadOnlyList<TokenLogProb> tokens, IList<ChatEvent> events)
    {
        if (tokens.Count > 0 && ReferenceEquals(_open, EmptyText))
        {
            events.Add(new LogProbsAdded(_part, tokens));
        }
    }

    /// <summary>Adds the sources of texts. A text that is closed takes none any more: they go to the one that is open, without a place.</summary>
    public void Cite(JsonElement metadata, IList<ChatEvent> events)
    {
        if (!ReferenceEquals(_open, EmptyText))
        {
            return;
        }

        foreach ((int text, Citation citation) in GenerateContentGrounding.Read(metadata, [.. _texts.Select(t => t.Text.ToString())]))
        {
            Citation placed = _texts[text].Part == _part ? citation : citation with { Start = null, End = null };
            if (_cited.Add(placed))
            {
                events.Add(new CitationAdded(_part, placed));
            }
        }
    }

    /// <summary>Closes the part that is open.</summary>
    public void Close(IList<ChatEvent> events)
    {
        if (_open is null)
        {
            return;
        }

        if (_unsent.Length > 0)
        {
            events.Add(new PartDelta(_part, DeltaKind.Media, Convert.ToBase64String(_unsent)));
            _unsent = [];
        }

        events.Add(new PartCompleted(_part));
        _open = null;
    }

    private void Open(ContentPart kind, ContentPart seed, IList<ChatEvent> events)
    {
        Close(events);
        _open = kind;
        _isSigned = false;
        _part = counter.NextPart++;
        events.Add(new PartStarted(Index, _part, seed));
    }

    /// <summary>Calls come whole, each as a part; some servers send one again.</summary>
    private void AddCall(ToolCallPart call, IList<ChatEvent> events)
    {
        bool isMade = call.Id.StartsWith(GenerateContentWire.MadeIdPrefix, StringComparison.Ordinal);
        bool isRepeated = _calls.Exists(c => isMade
            ? call.Signature is not null && c.Signature == call.Signature && c.Name == call.Name && c.Arguments == call.Arguments
            : c.Id == call.Id);
        if (isRepeated)
        {
            return;
        }

        counter.Calls++;
        _calls.Add(call);
        Open(call, call with { Arguments = "" }, events);
        events.Add(new PartDelta(_part, DeltaKind.ToolArguments, call.Arguments));
        Close(events);
    }

    /// <summary>Sound comes in pieces, each of them base64 of its own. Cut anew at multiples of three bytes they can be strung together.</summary>
    private void AddSound(MediaPart media, Base64Source sound, IList<ChatEvent> events)
    {
        if (_open is not MediaPart { Source: Base64Source open } || open.MediaType != sound.MediaType || (_isSigned && media.Signature is not null))
        {
            MediaPart seed = media with { Source = sound with { Base64 = default }, Signature = null };
            Open(seed, seed, events);
        }

        byte[] bytes = new byte[_unsent.Length + Base64.GetMaxDecodedFromUtf8Length(sound.Base64.Length)];
        _unsent.CopyTo(bytes, 0);
        Base64.DecodeFromUtf8(sound.Base64.Span, bytes.AsSpan(_unsent.Length), out _, out int decoded);
        int length = _unsent.Length + decoded;
        int whole = length - (length % 3);
        _unsent = bytes[whole..length];
        if (whole > 0)
        {
            events.Add(new PartDelta(_part, DeltaKind.Media, Convert.ToBase64String(bytes, 0, whole)));
        }

        if (media.Signature is { } signature)
        {
            _isSigned = true;
            events.Add(new SignatureSet(_part, signature));
        }
    }
}
