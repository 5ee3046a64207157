using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// Takes media out of tool results, for targets whose results are text: in its place a line refers to the user's turn that follows the
/// results, where the media then stands under a heading that names the call. A document that is plain text stays, as text.
/// </summary>
internal static class ToolResultMedia
{
    /// <summary>The turns with text-only results.</summary>
    public static IReadOnlyList<Message> MoveOut(IReadOnlyList<Message> messages, TranslationReport report)
    {
        if (!messages.Any(m => m.Parts.Any(p => p is ToolResultPart result && result.Content.Any(c => c is MediaPart))))
        {
            return messages;
        }

        List<Message> changed = new(messages.Count + 1);
        List<ContentPart> moved = [];
        foreach (Message message in messages)
        {
            if (moved.Count > 0 && message.Role is not (Role.Tool or Role.User))
            {
                changed.Add(new Message(Role.User, [.. moved]));
                moved.Clear();
            }

            IReadOnlyList<ContentPart> parts = message.Parts.Rewrite((part, _) => part is ToolResultPart result ? TextOnly(result, moved, report) : part);
            if (moved.Count > 0 && message.Role != Role.Tool)
            {
                int afterResults = 0;
                for (int i = 0; i < parts.Count; i++)
                {
                    afterResults = parts[i] is ToolResultPart ? i + 1 : afterResults;
                }

                parts = [.. parts.Take(afterResults), .. moved, .. parts.Skip(afterResults)];
                moved.Clear();
            }

            changed.Add(parts == message.Parts ? message : message with { Parts = parts });
        }

        if (moved.Count > 0)
        {
            changed.Add(new Message(Role.User, [.. moved]));
        }

        return changed;
    }

    private static ToolResultPart TextOnly(ToolResultPart result, List<ContentPart> moved, TranslationReport report)
    {
        int number = 0;
        IReadOnlyList<ContentPart> content = result.Content.Rewrite((part, _) =>
        {
            if (part is not MediaPart media)
            {
                return part;
            }

            if (media.Source is TextSource text)
            {
                return new TextPart(media.Name is null ? text.Text : $"{media.Name}\n\n{text.Text}") { Cache = media.Cache };
            }

            number++;
            report.Change("tool_results[].content", "media of tool results moved to the user's turn after them");
            moved.Add(new TextPart(Heading(media, number, result)));
            moved.Add(media);
            return new TextPart(Reference(media, number));
        });
        return content == result.Content ? result : result with { Content = content };
    }

    /// <summary>Stands before a medium that was moved and says where it belongs.</summary>
    public static string Heading(MediaPart media, int number, ToolResultPart result) => $"[{NameOf(media)} {number} of the result of the tool call {result.CallId}]";

    /// <summary>Stands in the result, where the medium was.</summary>
    public static string Reference(MediaPart media, int number) => $"[{NameOf(media)} {number} of this result is in the user's message after it]";

    private static string NameOf(MediaPart media) => media.Kind.ToString().ToLowerInvariant();
}
