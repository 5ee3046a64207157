using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Providers.Demo;

/// <summary>
/// A model that cannot think but behaves: it says back what it was told, calls the first tool it is given, uses a tool's result, thinks aloud when
/// asked, keeps to a JSON schema, a limit and a stop sequence. The same request always gets the same answer.
/// </summary>
internal static class DemoModel
{
    private const int MaxChoices = 8;
    private const int WordsPerDelta = 2;
    private const int CharactersPerDelta = 10;

    /// <summary>The whole answer.</summary>
    public static ChatResponse Answer(ChatRequest request)
    {
        ContentPart[] thoughts = Thinks(request.Reasoning) ? [new ReasoningPart("The user said something. I am a demonstration, so I say it back.")] : [];
        Choice[] choices = [.. Enumerable.Range(0, Math.Clamp(request.CandidateCount ?? 1, 1, MaxChoices)).Select(index => Choose(request, index, thoughts))];
        long reasoning = DemoTokens.Of(thoughts) * choices.Length;
        return new ChatResponse
        {
            Model = request.Model,
            Choices = choices,
            Usage = new TokenUsage
            {
                InputTokens = DemoTokens.Of(request),
                OutputTokens = choices.Sum(choice => DemoTokens.Of(choice.Parts)),
                ReasoningTokens = reasoning,
                CacheReadTokens = 0,
            },
        };
    }

    /// <summary>The answer as a stream, a few words at a time.</summary>
    public static IEnumerable<ChatEvent> Unfold(ChatResponse answer) => ChatEventFold.Unfold(answer).SelectMany(Cut);

    private static Choice Choose(ChatRequest request, int index, ContentPart[] thoughts)
    {
        if (ToolToCall(request) is { } tool)
        {
            return new Choice(index, [.. thoughts, Call(tool, request, index)], FinishReason.ToolCalls);
        }

        string text = Text(request);
        FinishReason reason = FinishReason.Stop;
        string? stop = request.StopSequences.Where(s => s.Length > 0 && text.Contains(s, StringComparison.Ordinal)).MinBy(s => text.IndexOf(s, StringComparison.Ordinal));
        if (stop is not null)
        {
            text = text[..text.IndexOf(stop, StringComparison.Ordinal)];
        }

        long room = Math.Max(0, (request.MaxOutputTokens ?? long.MaxValue / 8) - DemoTokens.Of(thoughts)) * 4;
        if (text.Length > room)
        {
            int end = (int)room;
            text = text[..(end > 0 && char.IsHighSurrogate(text[end - 1]) ? end - 1 : end)];
            (reason, stop) = (FinishReason.Length, null);
        }

        return new Choice(index, [.. thoughts, new TextPart(text)], reason) { StopSequence = stop };
    }

    private static string Text(ChatRequest request)
    {
        string said = LastSaid(request);
        if (request.ResponseFormat is { Kind: not ResponseFormatKind.Text } format)
        {
            return SchemaSample.Of(format.Schema, said);
        }

        ToolResultPart[] results = [.. Latest(request).OfType<ToolResultPart>()];
        if (results.Length > 0)
        {
            return $"The tool answered: {string.Join("; ", results.Select(result => TextOf(result.Content)))}";
        }

        int media = request.Messages.Where(message => message.Role == Role.User).Sum(message => message.Parts.Count(part => part is MediaPart));
        return (said.Length == 0 ? "You said nothing." : $"You said: {said}")
            + (media == 0 ? "" : $" (and {media} attachment{(media == 1 ? "" : "s")})")
            + "\n\nThis is the gateway's built-in demo, which answers offline. Set a provider's key, such as OPENAI_API_KEY, and name one of its models instead.";
    }

    // A tool is called once: not when the conversation already ends with a tool's result.
    private static ToolDefinition? ToolToCall(ChatRequest request)
    {
        ToolChoice? choice = request.ToolChoice;
        return choice?.Mode == ToolChoiceMode.None || Latest(request).Any(part => part is ToolResultPart)
            ? null
            : request.Tools.FirstOrDefault(tool => tool is FunctionTool or CustomTool && IsAllowed(tool, choice));
    }

    private static bool IsAllowed(ToolDefinition tool, ToolChoice? choice)
    {
        string? name = tool switch
        {
            FunctionTool function => function.Name,
            CustomTool custom => custom.Name,
            _ => null,
        };
        return choice is not { Mode: ToolChoiceMode.Named } and not { Allowed: not null }
            || name == choice.Name
            || (choice.Allowed?.Contains(name) ?? false);
    }

    private static ToolCallPart Call(ToolDefinition tool, ChatRequest request, int index)
    {
        string said = LastSaid(request);
        string id = $"call_demo_{request.Messages.Count}_{index}";
        return tool switch
        {
            FunctionTool function => new ToolCallPart(id, function.Name, function.Parameters is { } schema ? SchemaSample.Of(schema, said) : "{}") { Namespace = function.Namespace },
            CustomTool custom => new ToolCallPart(id, custom.Name, said) { Kind = ToolKind.Custom },
            _ => throw new InvalidOperationException("Only a client's own tools are called."),
        };
    }

    /// <summary>The parts after the model's last turn.</summary>
    private static IEnumerable<ContentPart> Latest(ChatRequest request) =>
        request.Messages.Reverse().TakeWhile(message => message.Role != Role.Assistant).SelectMany(message => message.Parts);

    private static string LastSaid(ChatRequest request) =>
        request.Messages.LastOrDefault(message => message.Role == Role.User && TextOf(message.Parts).Length > 0) is { } last ? TextOf(last.Parts) : "";

    private static string TextOf(IEnumerable<ContentPart> parts) => string.Join(' ', parts.OfType<TextPart>().Select(part => part.Text.Trim())).Trim();

    private static bool Thinks(ReasoningOptions? options) =>
        options is not null && options.Mode != ReasoningMode.Disabled && options.Effort != ReasoningEffort.None && options is not { BudgetTokens: 0 };

    private static IEnumerable<ChatEvent> Cut(ChatEvent chatEvent)
    {
        if (chatEvent is not PartDelta delta)
        {
            return [chatEvent];
        }

        IEnumerable<string> pieces = delta.Kind == DeltaKind.ToolArguments ? Runs(delta.Text) : Words(delta.Text);
        return pieces.Select(piece => new PartDelta(delta.Index, delta.Kind, piece));
    }

    private static IEnumerable<string> Runs(string text)
    {
        for (int start = 0, end; start < text.Length; start = end)
        {
            end = Math.Min(start + CharactersPerDelta, text.Length);
            end += end < text.Length && char.IsLowSurrogate(text[end]) ? 1 : 0;
            yield return text[start..end];
        }
    }

    private static IEnumerable<string> Words(string text)
    {
        int start = 0;
        int words = 0;
        for (int at = 0; at < text.Length; at++)
        {
            if (text[at] == ' ' && ++words % WordsPerDelta == 0)
            {
                yield return text[start..at];
                start = at;
            }
        }

        yield return text[start..];
    }
}
