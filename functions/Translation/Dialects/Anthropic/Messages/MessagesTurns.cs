using Serverless.Translation.Canonical;

namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>One turn as it is written.</summary>
internal sealed record MessagesTurn(Role Role, List<ContentPart> Parts);

/// <summary>
/// Arranges a conversation as the API wants it: instructions apart, turns of the user and the assistant in alternation beginning with
/// the user's, tool results at the head of their turn, no empty block, and at the end a turn that the model may answer.
/// <para>
/// Instructions within the conversation keep their place: as a turn of role <c>system</c> where the model takes one (it must follow a
/// user's turn and precede the assistant's), otherwise as marked text of the user.
/// Source: https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages.
/// </para>
/// </summary>
internal sealed class MessagesTurns
{
    private const string NoThinkingSeal = "thinking without Anthropic's signature cannot be replayed";
    private const string Begin = "(The conversation begins with the assistant.)";
    private const string Continue = "Continue your last message exactly where it stops, without repeating any of it.";
    private const string EmptyTurn = "(The user sent an empty message.)";

    private readonly ClaudeModel _model;
    private readonly TranslationReport _report;
    private readonly List<ContentPart> _waiting = [];

    private MessagesTurns(ClaudeModel model, TranslationReport report)
    {
        _model = model;
        _report = report;
    }

    /// <summary>The blocks of <c>system</c>.</summary>
    public List<ContentPart> System { get; } = [];

    /// <summary>The turns of <c>messages</c>.</summary>
    public List<MessagesTurn> Turns { get; } = [];

    /// <summary>
    /// True when the last turn answers tool calls whose own turn does not begin with thinking: with a thinking budget the API refuses that.
    /// </summary>
    public bool IsToolLoopWithoutThinking =>
        Turns is [.., { Role: Role.Assistant } calls, { Role: Role.User } results]
        && results.Parts.Any(p => p is ToolResultPart)
        && calls.Parts is not [ReasoningPart, ..];

    /// <summary>Arranges a request's conversation.</summary>
    public static MessagesTurns Arrange(ChatRequest request, ClaudeModel model, TranslationReport report)
    {
        var arranged = new MessagesTurns(model, report);
        arranged.AddInstructions(request.Instructions);
        foreach (Message message in request.Messages)
        {
            arranged.Add(message);
        }

        arranged.PlaceWaiting();
        arranged.MakeBeginning(endsWithUser: request.Messages is [.., { Role: Role.User or Role.Tool }]);
        foreach (MessagesTurn turn in arranged.Turns)
        {
            PutResultsFirst(turn);
        }

        return arranged;
    }

    /// <summary>Sees to it that the model may answer the last turn. An assistant's turn at the end is one to be continued.</summary>
    /// <param name="canContinue">True when the API continues it as it stands.</param>
    public void MakeEnd(bool canContinue)
    {
        while (Turns is [.., { Role: Role.Assistant } last])
        {
            if (last.Parts is [.., ReasoningPart])
            {
                last.Parts.RemoveAt(last.Parts.Count - 1);
            }
            else if (last.Parts.Count == 0)
            {
                Turns.RemoveAt(Turns.Count - 1);
            }
            else if (last.Parts[^1] is not (TextPart or RefusalPart))
            {
                return;
            }
            else if (canContinue)
            {
                // A text to be continued must not end in white space.
                last.Parts[^1] = last.Parts[^1] is TextPart text
                    ? text with { Text = text.Text.TrimEnd() }
                    : new RefusalPart(((RefusalPart)last.Parts[^1]).Text.TrimEnd());
                return;
            }
            else
            {
                _report.Change("messages", "the assistant's last turn cannot be continued by this model as it stands; a user's turn asks for it");
                Turns.Add(new MessagesTurn(Role.User, [new TextPart(Continue)]));
                return;
            }
        }
    }

    private void AddInstructions(IReadOnlyList<ContentPart> parts)
    {
        foreach (ContentPart part in parts)
        {
            if (part is OpaquePart or TextPart && !IsBlank(part))
            {
                System.Add(part);
            }
            else if (!IsBlank(part))
            {
                _report.Drop(FieldNames.Of(part), "only text can be an instruction");
            }
        }
    }

    private void Add(Message message)
    {
        if (message.Name is not null)
        {
            _report.Drop("messages[].name", "turns have no speaker's name");
        }

        foreach (ExtraField field in message.Extra?.Fields ?? [])
        {
            _report.Drop($"messages[].{field.Name}", "turns are rearranged, so what is said of one is not kept");
        }

        switch (message.Role)
        {
            case Role.System or Role.Developer when Turns.Count == 0:
                AddInstructions(message.Parts);
                break;
            case Role.System or Role.Developer when _model.SystemTurns:
                _waiting.AddRange(message.Parts.Where(p => p is OpaquePart or TextPart && !IsBlank(p)));
                break;
            case Role.System or Role.Developer:
                AddMarked(message.Parts);
                break;
            case Role.Assistant:
                if (Clean(InWords(message.Parts)) is { Count: > 0 } said)
                {
                    PlaceWaiting();
                    Append(Role.Assistant, said);
                }

                break;
            default:
                if (_waiting.Count > 0)
                {
                    _report.Change("messages[]", "the instructions before this turn were placed behind it");
                }

                Append(Role.User, Clean(message.Parts));
                break;
        }
    }

    /// <summary>Writes instructions down where the API allows them: behind the user's turn.</summary>
    private void PlaceWaiting()
    {
        if (_waiting.Count == 0)
        {
            return;
        }

        if (Turns is [.., { Role: Role.User }])
        {
            Turns.Add(new MessagesTurn(Role.System, [.. _waiting]));
        }
        else
        {
            AddMarked(_waiting);
        }

        _waiting.Clear();
    }

    private void AddMarked(IReadOnlyList<ContentPart> parts)
    {
        List<ContentPart> marked = [];
        foreach (ContentPart part in parts)
        {
            if (part is TextPart text && !IsBlank(part))
            {
                marked.Add(text with { Text = $"<system>\n{text.Text}\n</system>" });
            }
            else if (!IsBlank(part))
            {
                _report.Drop(FieldNames.Of(part), "only text can be an instruction");
            }
        }

        if (marked.Count > 0)
        {
            _report.Change("messages[]", "instructions within the conversation became marked text of the user");
            Append(Role.User, marked);
        }
    }

    private void Append(Role role, List<ContentPart> parts)
    {
        if (parts.Count == 0)
        {
            return;
        }

        if (Turns.Count > 0 && Turns[^1].Role == role)
        {
            Turns[^1].Parts.AddRange(parts);
        }
        else
        {
            Turns.Add(new MessagesTurn(role, parts));
        }
    }

    private void MakeBeginning(bool endsWithUser)
    {
        if (Turns.Count == 0)
        {
            // Nothing but instructions: they are what the model is asked.
            Turns.Add(new MessagesTurn(Role.User, System.Count > 0 ? [.. System] : [new TextPart(EmptyTurn)]));
            _report.Change("messages", "the API needs a user's turn");
            System.Clear();
        }
        else if (Turns[0].Role == Role.Assistant)
        {
            Turns.Insert(0, new MessagesTurn(Role.User, [new TextPart(Begin)]));
            _report.Change("messages", "a user's turn was put first, since the API wants one there");
        }

        if (endsWithUser && Turns[^1].Role == Role.Assistant)
        {
            Turns.Add(new MessagesTurn(Role.User, [new TextPart(EmptyTurn)]));
            _report.Change("messages", "the last turn is empty, which the API refuses; it says so");
        }
    }

    /// <summary>What an assistant made: it cannot be sent back but in words.</summary>
    private IReadOnlyList<ContentPart> InWords(IReadOnlyList<ContentPart> parts)
    {
        if (!parts.Any(p => p is MediaPart))
        {
            return parts;
        }

        var words = new List<ContentPart>(parts.Count);
        foreach (ContentPart part in parts)
        {
            if (part is not MediaPart media)
            {
                words.Add(part);
            }
            else if (MessagesMedia.InWords(media) is { Length: > 0 } text)
            {
                _report.Change(FieldNames.Of(media), "an assistant's turn holds text only");
                words.Add(new TextPart(text) { Cache = media.Cache });
            }
            else
            {
                _report.Drop(FieldNames.Of(media), "an assistant's turn holds text only");
            }
        }

        return words;
    }

    /// <summary>The parts that the API takes, without what it refuses.</summary>
    private List<ContentPart> Clean(IReadOnlyList<ContentPart> parts)
    {
        var clean = new List<ContentPart>(parts.Count);
        foreach (ContentPart part in parts)
        {
            switch (part)
            {
                case TextPart or RefusalPart when IsBlank(part):
                    if (part.Cache is not null && clean.Count > 0 && clean[^1] is not ReasoningPart)
                    {
                        clean[^1] = clean[^1] with { Cache = part.Cache };
                    }

                    break;
                case ReasoningPart reasoning when reasoning.Signature?.Origin != MessagesWire.Id:
                    _report.Drop(FieldNames.Of(reasoning), NoThinkingSeal);
                    break;
                case MediaPart media when !MessagesMedia.CanWrite(media, out string reason):
                    _report.Drop(FieldNames.Of(media), reason);
                    break;
                case ToolResultPart result:
                    clean.Add(result with { Content = Clean(result.Content) });
                    break;
                default:
                    ReportUnsaid(part);
                    clean.Add(part);
                    break;
            }
        }

        return clean;
    }

    private void ReportUnsaid(ContentPart part)
    {
        if (part is MediaPart { Detail: not (null or "auto") })
        {
            _report.Drop("messages[].detail", "how closely to look cannot be said");
        }
        else if (part is TextPart text && text.Citations.Any(c => c.Original?.Dialect != MessagesWire.Id))
        {
            _report.Change("messages[].citations", "sources that others named are not sent again");
        }
    }

    private static void PutResultsFirst(MessagesTurn turn)
    {
        if (turn.Role == Role.User && turn.Parts.FindIndex(p => p is not ToolResultPart) is var first and >= 0
            && turn.Parts.FindIndex(first, p => p is ToolResultPart) >= 0)
        {
            List<ContentPart> ordered = [.. turn.Parts.Where(p => p is ToolResultPart), .. turn.Parts.Where(p => p is not ToolResultPart)];
            turn.Parts.Clear();
            turn.Parts.AddRange(ordered);
        }
    }

    private static bool IsBlank(ContentPart part) => part switch
    {
        TextPart text => !MessagesWire.HasText(text.Text),
        RefusalPart refusal => !MessagesWire.HasText(refusal.Text),
        _ => false,
    };
}
