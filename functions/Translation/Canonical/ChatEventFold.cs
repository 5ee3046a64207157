using System.Text;

namespace Serverless.Translation.Canonical;

/// <summary>
/// Folds the events of a stream into the answer that the same provider would have given without a stream, and unfolds an answer
/// into events. Not thread-safe; one per stream.
/// </summary>
public sealed class ChatEventFold
{
    private readonly List<OpenPart> _parts = [];
    private readonly SortedDictionary<int, ChoiceEnded> _ended = [];
    private Started? _started;
    private string? _serviceTier;

    /// <summary>The counts reported so far.</summary>
    public TokenUsage? Usage { get; private set; }

    /// <summary>The error that ended the stream, or null.</summary>
    public GatewayError? Error { get; private set; }

    /// <summary>True once the provider has said that the stream is complete.</summary>
    public bool IsFinished { get; private set; }

    /// <summary>Adds one event.</summary>
    public void Add(ChatEvent chatEvent)
    {
        switch (chatEvent)
        {
            case Started started:
                _started = started;
                break;
            case PartStarted part:
                while (_parts.Count <= part.Index)
                {
                    _parts.Add(new OpenPart());
                }

                _parts[part.Index].Start(part);
                break;
            case PartDelta delta:
                _parts[delta.Index].Append(delta);
                break;
            case SignatureSet signature:
                _parts[signature.Index].Signature = signature.Signature;
                break;
            case CitationAdded citation:
                (_parts[citation.Index].Citations ??= []).Add(citation.Citation);
                break;
            case LogProbsAdded logProbs:
                (_parts[logProbs.Index].LogProbs ??= []).AddRange(logProbs.Tokens);
                break;
            case UsageReported usage:
                Usage = Usage is null ? usage.Usage : Usage.With(usage.Usage);
                _serviceTier = usage.ServiceTier ?? _serviceTier;
                break;
            case ChoiceEnded ended:
                _ended[ended.Choice] = ended;
                break;
            case Finished:
                IsFinished = true;
                break;
            case Failed failed:
                Error = failed.Error;
                break;
            case PartCompleted or KeepAlive:
                break;
        }
    }

    /// <summary>The answer as far as it has come.</summary>
    public ChatResponse ToResponse()
    {
        SortedSet<int> indices = [.. _ended.Keys, .. _parts.Where(p => p.Seed is not null).Select(p => p.Choice)];
        List<Choice> choices = [];
        foreach (int index in indices)
        {
            List<ContentPart> parts = [.. _parts.Where(p => p.Seed is not null && p.Choice == index).Select(p => p.ToPart())];
            _ended.TryGetValue(index, out ChoiceEnded? ended);
            choices.Add(new Choice(index, parts, ended?.Reason ?? FinishReason.Stop) { StopSequence = ended?.StopSequence });
        }

        return new ChatResponse
        {
            Id = _started?.Id,
            Model = _started?.Model,
            Created = _started?.Created,
            ServiceTier = _serviceTier ?? _started?.ServiceTier,
            Choices = choices,
            Usage = Usage,
            Extra = _started?.Extra,
        };
    }

    /// <summary>
    /// The events that a stream of this answer consists of, each part whole. Used where a client wants a stream and the provider
    /// answered without one.
    /// </summary>
    public static IEnumerable<ChatEvent> Unfold(ChatResponse response)
    {
        yield return new Started { Id = response.Id, Model = response.Model, Created = response.Created, ServiceTier = response.ServiceTier, Extra = response.Extra };
        int index = 0;
        foreach (Choice choice in response.Choices)
        {
            foreach (ContentPart part in choice.Parts)
            {
                (ContentPart seed, DeltaKind kind, string? text) = Split(part);
                yield return new PartStarted(choice.Index, index, seed);
                if (!string.IsNullOrEmpty(text))
                {
                    yield return new PartDelta(index, kind, text);
                }

                if (part is TextPart textPart)
                {
                    foreach (Citation citation in textPart.Citations)
                    {
                        yield return new CitationAdded(index, citation);
                    }

                    if (textPart.LogProbs.Count > 0)
                    {
                        yield return new LogProbsAdded(index, textPart.LogProbs);
                    }
                }

                if (SignatureOf(part) is { } signature)
                {
                    yield return new SignatureSet(index, signature);
                }

                yield return new PartCompleted(index);
                index++;
            }

            yield return new ChoiceEnded(choice.Index, choice.FinishReason, choice.StopSequence);
        }

        if (response.Usage is not null)
        {
            yield return new UsageReported(response.Usage);
        }

        yield return Finished.Instance;
    }

    private static (ContentPart Seed, DeltaKind Kind, string? Text) Split(ContentPart part) => part switch
    {
        TextPart text => (text with { Text = "", Citations = [], LogProbs = [], Signature = null }, DeltaKind.Text, text.Text),
        ReasoningPart reasoning => (reasoning with { Text = "", Signature = null }, DeltaKind.Reasoning, reasoning.Text),
        RefusalPart refusal => (refusal with { Text = "" }, DeltaKind.Refusal, refusal.Text),
        ToolCallPart call => (call with { Arguments = "" }, DeltaKind.ToolArguments, call.Arguments),   // its id may have to carry the seal
        MediaPart media => (media with { Signature = null }, DeltaKind.Media, null),
        _ => (part, DeltaKind.Text, null),
    };

    private static Signature? SignatureOf(ContentPart part) => part switch
    {
        TextPart text => text.Signature,
        ReasoningPart reasoning => reasoning.Signature,
        MediaPart media => media.Signature,
        _ => null,
    };

    private sealed class OpenPart
    {
        private readonly StringBuilder _text = new();
        private StringBuilder? _transcript;

        public ContentPart? Seed { get; private set; }

        public int Choice { get; private set; }

        public Signature? Signature { get; set; }

        public List<Citation>? Citations { get; set; }

        public List<TokenLogProb>? LogProbs { get; set; }

        public void Start(PartStarted part)
        {
            Seed = part.Seed;
            Choice = part.Choice;
            _text.Append(part.Seed switch
            {
                TextPart text => text.Text,
                ReasoningPart reasoning => reasoning.Text,
                RefusalPart refusal => refusal.Text,
                ToolCallPart call => call.Arguments,
                _ => "",
            });
        }

        public void Append(PartDelta delta)
        {
            if (delta.Kind == DeltaKind.Transcript)
            {
                (_transcript ??= new StringBuilder()).Append(delta.Text);
            }
            else
            {
                _text.Append(delta.Text);
            }
        }

        public ContentPart ToPart() => Seed switch
        {
            TextPart text => text with
            {
                Text = _text.ToString(),
                Citations = Citations ?? text.Citations,
                LogProbs = LogProbs ?? text.LogProbs,
                Signature = Signature ?? text.Signature,
            },
            ReasoningPart reasoning => reasoning with { Text = _text.ToString(), Signature = Signature ?? reasoning.Signature },
            RefusalPart => new RefusalPart(_text.ToString()),
            ToolCallPart call => call with { Arguments = _text.ToString(), Signature = Signature ?? call.Signature },
            MediaPart media => media with
            {
                Source = _text.Length > 0 && media.Source is Base64Source source
                    ? source with { Base64 = Encoding.ASCII.GetBytes(_text.ToString()) }
                    : media.Source,
                Transcript = _transcript?.ToString() ?? media.Transcript,
                Signature = Signature ?? media.Signature,
            },
            { } other => other,
            null => throw new InvalidOperationException("The part was never started."),
        };
    }
}
