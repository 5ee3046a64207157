using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// Repairs histories for providers that insist on it: every call of an assistant's turn is answered exactly once right after that turn,
/// in the order of the calls, before anything else. Needs linked ids (<see cref="ToolCallIds"/>).
/// <code>
/// result later, or behind other content    moved to its place
/// no result                                one that says so is put there     (reported)
/// result without a call, or a second one   becomes text of the user's        (reported)
/// </code>
/// What is legal stays as it is, a turn for each result included.
/// </summary>
internal sealed class ToolPairing
{
    private const string Missing = "No result of this tool call was recorded.";

    private readonly IReadOnlyList<Message> _messages;
    private readonly TranslationReport _report;
    private readonly Dictionary<string, Answer> _answers = [];
    private readonly List<Message> _repaired;
    private bool _changed;

    private ToolPairing(IReadOnlyList<Message> messages, TranslationReport report)
    {
        _messages = messages;
        _report = report;
        _repaired = new List<Message>(messages.Count);
    }

    private sealed record Answer(int Turn)
    {
        /// <summary>The result that stands for the call.</summary>
        public ToolResultPart? Result { get; set; }
    }

    /// <summary>The turns in a legal order.</summary>
    public static IReadOnlyList<Message> Repair(IReadOnlyList<Message> messages, TranslationReport report)
    {
        var pairing = new ToolPairing(messages, report);
        pairing.FindAnswers();
        for (int i = 0; i < messages.Count;)
        {
            i = pairing.Turn(i);
        }

        return pairing._changed ? pairing._repaired : messages;
    }

    private void FindAnswers()
    {
        for (int i = 0; i < _messages.Count; i++)
        {
            foreach (ContentPart part in _messages[i].Parts)
            {
                if (part is ToolCallPart call && _messages[i].Role == Role.Assistant)
                {
                    _answers[call.Id] = new Answer(i);
                }
                else if (part is ToolResultPart result && _answers.TryGetValue(result.CallId, out Answer? answer) && answer.Turn < i)
                {
                    answer.Result ??= result;
                }
            }
        }
    }

    /// <summary>Adds a turn and what has to follow it; returns the index of the next turn to look at.</summary>
    private int Turn(int index)
    {
        Message message = _messages[index];
        List<ToolCallPart> calls = message.Role == Role.Assistant ? [.. message.Parts.OfType<ToolCallPart>()] : [];
        AddWithoutResults(message);
        if (calls.Count == 0)
        {
            return index + 1;
        }

        int next = EndOfLegalResults(index + 1, calls);
        if (next > 0)
        {
            for (int i = index + 1; i < next; i++)
            {
                _repaired.Add(_messages[i]);
            }

            return next;
        }

        _changed = true;
        _repaired.Add(new Message(Role.Tool, [.. calls.Select(ResultOf)]));
        return index + 1;
    }

    /// <summary>The index after the turns that answer the calls as they should, or 0 when they do not.</summary>
    private int EndOfLegalResults(int index, List<ToolCallPart> calls)
    {
        int answered = 0;
        for (; index < _messages.Count && _messages[index].Role is Role.Tool or Role.User; index++)
        {
            int results = 0;
            bool onlyResults = true;
            foreach (ContentPart part in _messages[index].Parts)
            {
                if (part is not ToolResultPart result)
                {
                    onlyResults = false;
                }
                else if (!onlyResults || answered == calls.Count || result.CallId != calls[answered].Id || !ReferenceEquals(_answers[result.CallId].Result, result))
                {
                    return 0;
                }
                else
                {
                    answered++;
                    results++;
                }
            }

            if (answered == calls.Count)
            {
                return index + 1;
            }

            if (results == 0 || !onlyResults)
            {
                return 0;
            }
        }

        return 0;
    }

    private ToolResultPart ResultOf(ToolCallPart call)
    {
        if (_answers[call.Id].Result is { } result)
        {
            return result;
        }

        _report.Change("tool_calls[]", "it has no result; one that says so was added");
        return new ToolResultPart(call.Id, [new TextPart(Missing)]) { Name = call.Name, Kind = call.Kind, IsError = true };
    }

    /// <summary>Adds a turn. Results in it are moved to their calls by then, or have none.</summary>
    private void AddWithoutResults(Message message)
    {
        if (!message.Parts.Any(part => part is ToolResultPart))
        {
            _repaired.Add(message);
            return;
        }

        _changed = true;
        List<ContentPart> parts = [];
        foreach (ContentPart part in message.Parts)
        {
            if (part is not ToolResultPart result)
            {
                parts.Add(part);
            }
            else if (!_answers.TryGetValue(result.CallId, out Answer? answer) || !ReferenceEquals(answer.Result, result))
            {
                _report.Change("tool_results[]", "it answers no open call; it became text");
                parts.Add(new TextPart($"[Result of the tool call {result.CallId}{(result.Name is null ? "" : $" of {result.Name}")}]") { Cache = result.Content.Count == 0 ? result.Cache : null });
                parts.AddRange(result.Content);
            }
        }

        if (parts.Count > 0)
        {
            _repaired.Add(message with { Role = message.Role == Role.Tool ? Role.User : message.Role, Parts = parts });
        }
    }
}
