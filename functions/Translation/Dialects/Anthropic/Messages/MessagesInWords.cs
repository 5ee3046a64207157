using System.Text;
using System.Text.Json;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>
/// Blocks of a client's own that only this API knows and any other can be told as text:
/// <code>
/// search_result   {title, source, content: [{type: text, text}], citations: {enabled}}    what a client found that searches for itself
/// tool_reference  {tool_name}     a deferred tool that the client's own tool search (Claude Code's) found; it is declared beside the others
/// </code>
/// Sources: https://platform.claude.com/docs/en/build-with-claude/search-results,
/// https://platform.claude.com/docs/en/agents-and-tools/tool-use/tool-search-tool.
/// </summary>
internal static class MessagesInWords
{
    /// <summary>The block as text, and the field whose meaning that does not have; nothing when it cannot be told.</summary>
    public static (string? Text, string? Lost) Of(JsonElement block, string type) => type switch
    {
        "search_result" => (SearchResult(block), WantsCitations(block) ? "citations" : null),
        "tool_reference" when Text(block, "tool_name") is { } name => ($"The tool {name} is available now.", null),
        _ => (null, null),
    };

    private static string? SearchResult(JsonElement block)
    {
        if (MessagesWire.Find(block, "content") is not { ValueKind: JsonValueKind.Array } content)
        {
            return null;
        }

        var words = new StringBuilder();
        foreach ((string label, string field) in (ReadOnlySpan<(string, string)>)[("Search result", "title"), ("Source", "source")])
        {
            if (Text(block, field) is { Length: > 0 } text)
            {
                words.Append(label).Append(": ").Append(text).Append('\n');
            }
        }

        foreach (JsonElement item in content.EnumerateArray())
        {
            if (Text(item, "text") is not { } text)
            {
                return null;
            }

            words.Append('\n').Append(text);
        }

        return words.ToString();
    }

    private static bool WantsCitations(JsonElement block) =>
        MessagesWire.Find(block, "citations") is { } citations && MessagesWire.Find(citations, "enabled") is { ValueKind: JsonValueKind.True };

    private static string? Text(JsonElement block, string name) => MessagesWire.Find(block, name) is { } value ? Json.Text(value) : null;
}
