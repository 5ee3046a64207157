using System.Buffers;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>
/// Renders a stream. Every item is told from its beginning to its end before the next begins
/// (<c>item added → part added → deltas → done → part done → item done</c>), so parts that grow at the same time are told one after the
/// other; those that wait keep their events. An item's end is told when the next begins or the answer ends: only then is it known
/// whether the item is whole. The items stay in memory, since the last event repeats them all.
/// </summary>
internal sealed class ResponsesStreamEncoder(AnswerContext context) : IChatStreamEncoder
{
    private readonly ResponsesFrames _frames = new(context);
    private readonly Queue<Waiting> _waiting = new();
    private Waiting? _live;
    private FinishReason _reason = FinishReason.Stop;
    private bool _ended;

    /// <inheritdoc/>
    public void Encode(ChatEvent chatEvent, IBufferWriter<byte> output)
    {
        if (_ended)
        {
            return;
        }

        _frames.Output = output;
        switch (chatEvent)
        {
            case Started started:
                _frames.Begin(started);
                break;
            case PartStarted part:
                Begin(part);
                break;
            case PartDelta delta:
                Take(delta.Index, delta);
                break;
            case SignatureSet signature:
                Take(signature.Index, signature);
                break;
            case CitationAdded citation:
                Take(citation.Index, citation);
                break;
            case LogProbsAdded logProbs:
                Take(logProbs.Index, logProbs);
                break;
            case PartCompleted completed:
                Take(completed.Index, completed);
                break;
            case UsageReported usage:
                _frames.Resource.Usage = _frames.Resource.Usage is { } known ? known.With(usage.Usage) : usage.Usage;
                _frames.Resource.ServiceTier = usage.ServiceTier ?? _frames.Resource.ServiceTier;
                break;
            case ChoiceEnded { Choice: 0 } ended:
                _reason = ended.Reason;
                break;
            case Finished:
                _ended = true;
                _frames.End(_reason);
                break;
            case Failed failed:
                _ended = true;
                _frames.Fail(failed.Error);
                break;
            case KeepAlive:
                output.Write(": keep-alive\n\n"u8);
                break;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _frames.Dispose();

    /// <summary>Of several answers this API can tell one. What it cannot say at all is passed over.</summary>
    private void Begin(PartStarted started)
    {
        if (started.Choice != 0)
        {
            return;
        }

        var part = new Waiting(started.Index, started.Seed);
        if (_live is not null)
        {
            _waiting.Enqueue(part);
            return;
        }

        _live = part;
        _frames.BeginPart(part.Seed);
    }

    private void Take(int index, ChatEvent chatEvent)
    {
        if (_live?.Index == index)
        {
            Tell(chatEvent);
            if (chatEvent is PartCompleted)
            {
                TellNext();
            }

            return;
        }

        foreach (Waiting waiting in _waiting)
        {
            if (waiting.Index == index)
            {
                waiting.Events.Add(chatEvent);
                return;
            }
        }
    }

    private void Tell(ChatEvent chatEvent)
    {
        switch (chatEvent)
        {
            case PartDelta delta:
                _frames.Append(delta);
                break;
            case SignatureSet signature:
                _frames.Sign(signature.Signature);
                break;
            case CitationAdded citation:
                _frames.Cite(citation.Citation);
                break;
            case LogProbsAdded logProbs:
                _frames.AddLogProbs(logProbs.Tokens);
                break;
            case PartCompleted:
                _frames.EndPart();
                _live = null;
                break;
        }
    }

    /// <summary>Tells the parts that waited, up to the first that still grows. A loop: there may be thousands of them.</summary>
    private void TellNext()
    {
        while (_live is null && _waiting.TryDequeue(out Waiting? part))
        {
            _live = part;
            _frames.BeginPart(part.Seed);
            part.Events.ForEach(Tell);
        }
    }

    /// <summary>A part that is told, or will be when those before it are complete.</summary>
    private sealed record Waiting(int Index, ContentPart Seed)
    {
        public List<ChatEvent> Events { get; } = [];
    }
}
