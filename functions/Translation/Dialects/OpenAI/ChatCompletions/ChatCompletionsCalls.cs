using System.Text;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Dialects.OpenAI.ChatCompletions;

/// <summary>What one item of a chunk's <c>tool_calls</c> says.</summary>
internal struct CallDelta
{
    public int? Index { get; set; }

    public string? Id { get; set; }

    public string? Name { get; set; }

    public string? Arguments { get; set; }

    public ToolKind Kind { get; set; }

    public Signature? Signature { get; set; }

    /// <summary>True when it says nothing at all.</summary>
    public readonly bool IsBlank => IsUnnamed && string.IsNullOrEmpty(Arguments);

    /// <summary>True when it does not tell which call it is of but by its number.</summary>
    public readonly bool IsUnnamed => string.IsNullOrEmpty(Id) && string.IsNullOrEmpty(Name);
}

/// <summary>
/// The calls of one choice of a stream. OpenAI numbers them, names each once and then sends pieces of its arguments; compatible servers
/// leave out the number or the id, give all calls the number 0, repeat id and name in every chunk, name a call late, or send <c>{}</c>
/// ahead of the real arguments.
/// </summary>
/// <param name="choice">The choice's number.</param>
/// <param name="parts">Numbers the parts of the stream.</param>
internal sealed class ChatCompletionsCalls(int choice, PartCounter parts)
{
    private readonly List<Call> _calls = [];

    /// <summary>True once a call has begun.</summary>
    public bool Any { get; private set; }

    /// <summary>Takes a piece of a call. Ends calls that are complete when another begins.</summary>
    public void Add(in CallDelta delta, string? answerId, IList<ChatEvent> events)
    {
        Call? call = Find(delta);
        if (call is null)
        {
            if (delta.IsUnnamed && string.IsNullOrWhiteSpace(delta.Arguments))
            {
                return;
            }

            CloseComplete(events);
            call = new Call { WireIndex = delta.Index, WireId = delta.Id, Kind = delta.Kind, Ordinal = _calls.Count };
            _calls.Add(call);
        }

        call.WireId = string.IsNullOrEmpty(call.WireId) ? delta.Id : call.WireId;
        call.Name = string.IsNullOrEmpty(call.Name) ? delta.Name : call.Name;
        string arguments = delta.Arguments ?? "";
        if (call.Part < 0)
        {
            call.Signature ??= delta.Signature;
            if (string.IsNullOrEmpty(call.Name))
            {
                (call.Held ??= new StringBuilder()).Append(arguments);
                return;
            }

            arguments = call.Held is null ? arguments : call.Held.Append(arguments).ToString();
            Start(call, answerId, events);
        }
        else if (delta.Signature is { } signature && call.Signature is null && !call.Closed)
        {
            call.Signature = signature;
            events.Add(new SignatureSet(call.Part, signature));
        }

        Append(call, arguments, events);
    }

    /// <summary>Ends the calls whose arguments are a whole object, because something else begins.</summary>
    public void CloseComplete(IList<ChatEvent> events)
    {
        foreach (Call call in _calls)
        {
            if (call is { Closed: false, Part: >= 0 } && (call.Progress.IsComplete || call.Kind == ToolKind.Custom))
            {
                Close(call, events);
            }
        }
    }

    /// <summary>Ends all calls.</summary>
    public void CloseAll(string? answerId, IList<ChatEvent> events)
    {
        foreach (Call call in _calls)
        {
            if (call is { Part: < 0, Held.Length: > 0 })
            {
                call.Name = "unnamed"; // Part of the call, yet never named: for the client to see.
                Start(call, answerId, events);
                Append(call, call.Held.ToString(), events);
            }

            if (call is { Closed: false, Part: >= 0 })
            {
                Close(call, events);
            }
        }
    }

    private Call? Find(in CallDelta delta)
    {
        Call? found = null;
        bool hasId = !string.IsNullOrEmpty(delta.Id);
        bool hasName = !string.IsNullOrEmpty(delta.Name);
        for (int i = _calls.Count - 1; i >= 0 && found is null; i--)
        {
            Call call = _calls[i];
            found = delta.Index is { } index ? (call.WireIndex == index ? call : null)
                : !hasId || call.WireId == delta.Id ? call
                : null;
        }

        if (found is null || !hasName || string.IsNullOrEmpty(found.Name))
        {
            return found;
        }

        // The same number, yet another call: its id is new; or, without ids, its name is or the arguments so far are whole.
        bool another = hasId && !string.IsNullOrEmpty(found.WireId)
            ? found.WireId != delta.Id
            : delta.Name != found.Name || (found.Progress.IsComplete && !string.IsNullOrWhiteSpace(delta.Arguments));
        return another ? null : found;
    }

    private void Start(Call call, string? answerId, IList<ChatEvent> events)
    {
        Any = true;
        (string id, Signature? carried) = string.IsNullOrEmpty(call.WireId)
            ? (ChatCompletionsWire.MakeCallId(answerId, choice, call.Ordinal), null)
            : ToolCallIdCarrier.Unwrap(call.WireId);
        call.Signature ??= carried;
        foreach (Call other in _calls)
        {
            if (other != call && other.Id == id)
            {
                id = $"{id}_{call.Ordinal}"; // Two calls of one id could not be answered.
                break;
            }
        }

        call.Id = id;
        call.Part = parts.Next();
        events.Add(new PartStarted(choice, call.Part, new ToolCallPart(id, call.Name!, "") { Kind = call.Kind, Signature = call.Signature }));
    }

    private static void Append(Call call, string arguments, IList<ChatEvent> events)
    {
        if (arguments.Length == 0 || call.Closed)
        {
            return;
        }

        if (call.Kind == ToolKind.Function)
        {
            if (!call.Progress.IsStarted && !call.HoldsEmpty && arguments.AsSpan().Trim() is "{}")
            {
                // Either all there is, or a placeholder for what follows.
                call.HoldsEmpty = true;
                return;
            }

            if (call.Progress.IsComplete || (call.HoldsEmpty && string.IsNullOrWhiteSpace(arguments)))
            {
                return;
            }

            call.HoldsEmpty = false;
            call.Progress.Advance(arguments);
        }

        call.HasArguments = true;
        events.Add(new PartDelta(call.Part, DeltaKind.ToolArguments, arguments));
    }

    private static void Close(Call call, IList<ChatEvent> events)
    {
        // No arguments at all are an object without fields.
        if (!call.HasArguments && call.Kind == ToolKind.Function)
        {
            events.Add(new PartDelta(call.Part, DeltaKind.ToolArguments, "{}"));
        }

        call.Closed = true;
        events.Add(new PartCompleted(call.Part));
    }

    private sealed class Call
    {
        private ObjectProgress _progress;

        public int? WireIndex { get; init; }

        public string? WireId { get; set; }

        public string? Id { get; set; }

        public string? Name { get; set; }

        public ToolKind Kind { get; init; }

        public int Ordinal { get; init; }

        public int Part { get; set; } = -1;

        public Signature? Signature { get; set; }

        public StringBuilder? Held { get; set; }

        public bool HoldsEmpty { get; set; }

        public bool HasArguments { get; set; }

        public bool Closed { get; set; }

        public ref ObjectProgress Progress => ref _progress;
    }
}

/// <summary>Numbers the parts of a stream.</summary>
internal sealed class PartCounter
{
    private int _count;

    /// <summary>The next part's number.</summary>
    public int Next() => _count++;
}

/// <summary>Tells when the pieces of a JSON object are all there, without keeping them.</summary>
internal struct ObjectProgress
{
    private int _depth;
    private bool _inString;
    private bool _escaped;

    /// <summary>True once something else than white space was seen.</summary>
    public bool IsStarted { get; private set; }

    /// <summary>True once the object that began has ended.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Takes the next piece.</summary>
    public void Advance(ReadOnlySpan<char> text)
    {
        int at = 0;
        while (at < text.Length)
        {
            if (_escaped)
            {
                _escaped = false;
                at++;
                continue;
            }

            int found = _inString ? text[at..].IndexOfAny('"', '\\') : text[at..].IndexOfAny("\"{}[]");
            IsStarted |= found >= 0 || !text[at..].IsWhiteSpace();
            if (found < 0)
            {
                return;
            }

            at += found;
            switch (text[at++])
            {
                case '\\':
                    _escaped = true;
                    break;
                case '"':
                    _inString = !_inString;
                    break;
                case '{' or '[':
                    _depth++;
                    break;
                default:
                    IsComplete |= --_depth == 0;
                    break;
            }
        }
    }
}
