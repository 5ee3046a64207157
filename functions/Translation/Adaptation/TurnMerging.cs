using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// Joins consecutive turns of one side. Gemini and Anthropic want the sides to alternate, tool results counting as the user's; OpenAI
/// wants the calls of one answer in one assistant turn, though Responses clients send an item for each. System and developer turns are
/// never joined and part the turns around them: where they go is the encoder's affair.
/// </summary>
/// <remarks>A turn without any part goes where all turns are joined. One of empty or blank text is left for the encoder to judge.</remarks>
internal static class TurnMerging
{
    /// <summary>The turns, with consecutive ones of the assistant joined unless they name different speakers or have fields of their own.</summary>
    public static IReadOnlyList<Message> JoinAssistant(IReadOnlyList<Message> messages) =>
        Join(messages, static (first, next) => IsPlainAssistant(first) && IsPlainAssistant(next) && first.Name == next.Name, null);

    /// <summary>The turns, with all consecutive ones of one side joined.</summary>
    public static IReadOnlyList<Message> JoinAll(IReadOnlyList<Message> messages, TranslationReport report) =>
        Join(messages.Rewrite(static (message, _) => message.Parts.Count == 0 ? null : message), static (first, next) => Side(first.Role) is { } side && side == Side(next.Role), report);

    private static bool IsPlainAssistant(Message message) => message.Role == Role.Assistant && message.Extra is null;

    private static Role? Side(Role role) => role switch
    {
        Role.Assistant => Role.Assistant,
        Role.User or Role.Tool => Role.User,
        _ => null,
    };

    private static IReadOnlyList<Message> Join(IReadOnlyList<Message> messages, Func<Message, Message, bool> belong, TranslationReport? report)
    {
        List<Message>? joined = null;
        for (int i = 0; i < messages.Count;)
        {
            int end = i + 1;
            while (end < messages.Count && belong(messages[i], messages[end]))
            {
                end++;
            }

            if (end > i + 1)
            {
                joined ??= [.. messages.Take(i)];
            }

            joined?.Add(end == i + 1 ? messages[i] : One([.. messages.Skip(i).Take(end - i)], report));
            i = end;
        }

        return joined ?? messages;
    }

    private static Message One(List<Message> turns, TranslationReport? report)
    {
        Message first = turns[0];
        string? name = first.Name;
        if (turns.Exists(turn => turn.Name != name))
        {
            report?.Drop("messages[].name", "turns of different speakers became one");
            name = null;
        }

        ExtraFields? extra = null;
        foreach (Message turn in turns)
        {
            extra = extra is null || turn.Extra is null
                ? extra ?? turn.Extra
                : extra with { Fields = [.. extra.Fields, .. turn.Extra.Fields.Where(field => extra[field.Name] is null)] };
        }

        return new Message(turns.TrueForAll(turn => turn.Role == first.Role) ? first.Role : Role.User, [.. turns.SelectMany(turn => turn.Parts)])
        {
            Name = name,
            Extra = extra,
        };
    }
}
