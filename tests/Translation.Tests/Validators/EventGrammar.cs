using Serverless.Translation.Canonical;

namespace Serverless.Translation.Tests.Validators;

/// <summary>
/// The grammar of canonical streams as <see cref="ChatEvent"/> documents it. Every decoder's events must pass; encoders may rely on
/// every rule here.
/// </summary>
internal sealed class EventGrammar
{
    private readonly List<string> _faults = [];
    private readonly List<(PartStarted Part, bool Open)> _parts = [];
    private readonly Dictionary<int, FinishReason> _ended = [];
    private bool _started;
    private ChatEvent? _last;

    /// <summary>What is wrong with the stream; empty when nothing is.</summary>
    public static IReadOnlyList<string> Faults(IReadOnlyList<ChatEvent> events)
    {
        var grammar = new EventGrammar();
        for (int i = 0; i < events.Count; i++)
        {
            int before = grammar._faults.Count;
            grammar.Read(events[i]);
            for (int f = before; f < grammar._faults.Count; f++)
            {
                grammar._faults[f] = $"event {i} ({events[i].GetType().Name}): {grammar._faults[f]}";
            }
        }

        if (grammar._last is null)
        {
            grammar._faults.Add("the stream neither finishes nor fails");
        }

        return grammar._faults;
    }

    /// <summary>Fails the test when the stream is not lawful.</summary>
    public static void Check(IReadOnlyList<ChatEvent> events)
    {
        IReadOnlyList<string> faults = Faults(events);
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    private void Read(ChatEvent chatEvent)
    {
        Require(_last is null, "nothing may follow the end");
        Require(_started || chatEvent is Started or Failed or KeepAlive, "the stream has not started");
        switch (chatEvent)
        {
            case Started:
                Require(!_started, "started twice");
                _started = true;
                break;
            case PartStarted part:
                Start(part);
                break;
            case PartDelta delta:
                ReadDelta(delta);
                break;
            case SignatureSet signature:
                Require(
                    Open(signature.Index) is TextPart or ReasoningPart or ToolCallPart or MediaPart,
                    "only an open text, reasoning, tool call or medium can be signed");
                Require(signature.Signature.Value.Length > 0, "the signature is empty");
                break;
            case CitationAdded citation:
                Require(Open(citation.Index) is TextPart, "only an open text has citations");
                break;
            case LogProbsAdded logProbs:
                Require(Open(logProbs.Index) is TextPart, "only an open text has log probabilities");
                break;
            case PartCompleted completed:
                Require(Open(completed.Index) is not null, "the part is not open");
                if (completed.Index >= 0 && completed.Index < _parts.Count)
                {
                    _parts[completed.Index] = (_parts[completed.Index].Part, false);
                }

                break;
            case ChoiceEnded ended:
                End(ended);
                break;
            case Finished:
                Finish();
                _last = chatEvent;
                break;
            case Failed failed:
                Require(failed.Error.Status is >= 400 and < 600, $"status {failed.Error.Status} is no error");
                Require(failed.Error.Message.Length > 0, "the error has no message");
                _last = chatEvent;
                break;
            case UsageReported or KeepAlive:
                break;
            default:
                _faults.Add("unknown event");
                break;
        }
    }

    private void Start(PartStarted part)
    {
        Require(part.Index == _parts.Count, $"index {part.Index} where {_parts.Count} is next");
        Require(!_ended.ContainsKey(part.Choice), $"choice {part.Choice} has ended");
        string? fault = part.Seed switch
        {
            TextPart { Text.Length: > 0 } => "a text begins empty and grows",
            TextPart { Citations.Count: > 0 } or TextPart { LogProbs.Count: > 0 } => "citations and log probabilities are events",
            ReasoningPart { Text.Length: > 0 } => "reasoning begins empty and grows",
            RefusalPart { Text.Length: > 0 } => "a refusal begins empty and grows",
            ToolCallPart { Arguments.Length: > 0 } => "arguments begin empty and grow",
            ToolCallPart { Id: "" } or ToolCallPart { Name: "" } => "a tool call has an id and a name from its start",
            TextPart { Signature: not null } or ReasoningPart { Signature: not null } => "a signature is an event",
            ToolResultPart => "a model does not answer its own call",
            _ => null,
        };
        Require(fault is null, fault ?? "");
        _parts.Add((part, true));
    }

    private void ReadDelta(PartDelta delta)
    {
        bool fits = (delta.Kind, Open(delta.Index)) switch
        {
            (DeltaKind.Text, TextPart) => true,
            (DeltaKind.Reasoning, ReasoningPart) => true,
            (DeltaKind.ToolArguments, ToolCallPart) => true,
            (DeltaKind.Refusal, RefusalPart) => true,
            (DeltaKind.Media or DeltaKind.Transcript, MediaPart) => true,
            _ => false,
        };
        Require(fits, $"{delta.Kind} for {Open(delta.Index)?.GetType().Name ?? "a part that is not open"}");
        Require(delta.Text.Length > 0, "an empty delta");
    }

    private void End(ChoiceEnded ended)
    {
        Require(_ended.TryAdd(ended.Choice, ended.Reason), $"choice {ended.Choice} ended twice");
        Require(!_parts.Exists(p => p.Open && p.Part.Choice == ended.Choice), "a part of the choice is still open");
        bool calls = _parts.Exists(p => p.Part.Choice == ended.Choice && p.Part.Seed is ToolCallPart);
        Require(!calls || ended.Reason != FinishReason.Stop, $"a tool was called, so the reason is not {ended.Reason}");
    }

    private void Finish()
    {
        Require(_ended.Count > 0, "no choice has ended");
        foreach ((PartStarted part, bool open) in _parts)
        {
            Require(!open, $"part {part.Index} is still open");
            Require(_ended.ContainsKey(part.Choice), $"choice {part.Choice} has not ended");
        }
    }

    private ContentPart? Open(int index) => index >= 0 && index < _parts.Count && _parts[index].Open ? _parts[index].Part.Seed : null;

    private void Require(bool holds, string fault)
    {
        if (!holds)
        {
            _faults.Add(fault);
        }
    }
}
