using System.Text.Json;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Dialects;

/// <summary>
/// What a dialect's clients call the fields that a <see cref="TranslationReport"/> mentions. Adapters and encoders know what was said, not in which
/// words; they use the names of this table, which are mostly Chat Completions'. Decoders' own paths are their clients' already.
/// <code>
/// stop_sequences                                        a field of the client's, by its path
/// messages[].content[].cache_control                    wherever it stands in a list: [] for any number
/// tools[get_weather].input_schema.properties.x.pattern  a tool by its name, or by its type where it has none
/// messages[].content[document]                          likewise a block
/// </code>
/// </summary>
/// <remarks>
/// Keys have <c>[]</c> for every list. A name stands for all of its candidates that the request has, or, when it has none of them (what was changed need
/// not have been written), for the first. One with <c>?</c> counts
/// only when there is none before it; <c>?</c> alone is for what a decoder added: nobody misses it. In a candidate, <c>[*]</c> is where the name of the tool or block stands. What follows a key follows the name.
/// </remarks>
public sealed class FieldNames
{
    private readonly Dictionary<string, string[]> _names;

    internal FieldNames(Dictionary<string, string[]> names) => _names = names;

    /// <summary>No dialect's: names stay as they are.</summary>
    public static FieldNames None { get; } = new([]);

    /// <summary>The key of a part.</summary>
    internal static string Of(ContentPart part) => part switch
    {
        MediaPart media => $"messages[].{media.Kind.ToString().ToLowerInvariant()}",
        ReasoningPart => "messages[].reasoning",
        ToolCallPart => "tool_calls[]",
        ToolResultPart => "tool_results[]",
        OpaquePart opaque => Labelled(opaque.Path, opaque.Type),
        _ => "messages[].content[]",
    };

    /// <summary>The key of a tool, its name included.</summary>
    internal static string Of(ToolDefinition tool) => tool switch
    {
        FunctionTool function => $"tools[{function.Name}]",
        CustomTool custom => $"tools[{custom.Name}]",
        ServerTool server => Labelled(server.Path, server.Type),
        _ => "tools[]",
    };

    /// <summary>The path with its last number replaced by a name: <c>tools[3]</c> becomes <c>tools[web_search]</c>.</summary>
    internal static string Labelled(string path, string label) =>
        path.EndsWith(']') ? $"{path.AsSpan(0, path.LastIndexOf('[') + 1)}{label}]" : path;

    /// <summary>The client's names of a field.</summary>
    /// <param name="field">A key of the table, with or without more behind it, or a path of the client's.</param>
    /// <param name="request">The client's request.</param>
    internal IReadOnlyList<string> Of(string field, JsonElement request)
    {
        List<Segment> segments = Split(field);
        string path = string.Concat(segments.Select(s => s.Text));
        for (int known = segments.Count; known > 0; known--)
        {
            if (_names.TryGetValue(string.Concat(segments.Take(known).Select(s => s.Key)), out string[]? candidates))
            {
                return Present(candidates, segments[..known], string.Concat(segments.Skip(known).Select(s => s.Text)), request);
            }

            if (known == segments.Count && Has(request, path))
            {
                break;
            }
        }

        return [path];
    }

    private static List<string> Present(string[] candidates, List<Segment> known, string rest, JsonElement request)
    {
        string label = known.FindLast(s => s.Key == "[]").Text ?? "[]";
        List<string> names = [];
        foreach (string candidate in candidates)
        {
            string name = candidate.Replace("[*]", label, StringComparison.Ordinal).TrimStart('?');
            if ((candidate[0] != '?' || names.Count == 0) && Has(request, name))
            {
                names.Add(name + rest);
            }
        }

        names.Remove("");
        return names.Count > 0 || candidates[^1] == "?" ? names : [candidates[0].Replace("[*]", label, StringComparison.Ordinal) + rest];
    }

    /// <summary>The names and the brackets of a path, in order; numbers within brackets are left out.</summary>
    private static List<Segment> Split(string field)
    {
        List<Segment> segments = [];
        for (int from = 0; from < field.Length;)
        {
            int end = field[from] == '['
                ? field.IndexOf(']', from) is var close and >= 0 ? close + 1 : field.Length
                : field.AsSpan(from + 1).IndexOfAny('.', '[') is var next and >= 0 ? from + 1 + next : field.Length;
            string text = field[from..end];
            segments.Add(text[0] != '[' ? new Segment(text, text) : new Segment(text.AsSpan().ContainsAnyExcept("[]0123456789") ? text : "[]", "[]"));
            from = end;
        }

        return segments;
    }

    /// <summary>True when the request has the path in at least one place. Google's names may be spelt in two ways.</summary>
    internal static bool Has(JsonElement json, ReadOnlySpan<char> path)
    {
        while (path.Length > 0)
        {
            if (path[0] == '[')
            {
                int close = path.IndexOf(']');
                if (close < 0 || json.ValueKind != JsonValueKind.Array)
                {
                    return false;
                }

                ReadOnlySpan<char> rest = path[(close + 1)..];
                foreach (JsonElement item in json.EnumerateArray())
                {
                    if (Has(item, rest))
                    {
                        return true;
                    }
                }

                return false;
            }

            path = path[0] == '.' ? path[1..] : path;
            int end = path.IndexOfAny('.', '[');
            ReadOnlySpan<char> name = end < 0 ? path : path[..end];
            if (json.ValueKind != JsonValueKind.Object || !Find(json, name, out json))
            {
                return false;
            }

            path = end < 0 ? [] : path[end..];
        }

        return json.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined);
    }

    private static bool Find(JsonElement json, ReadOnlySpan<char> name, out JsonElement value)
    {
        if (json.TryGetProperty(name, out value))
        {
            return true;
        }

        Span<char> snake = stackalloc char[2 * Math.Min(name.Length, 100)];
        int length = 0;
        foreach (char c in name[..Math.Min(name.Length, 100)])
        {
            if (char.IsAsciiLetterUpper(c))
            {
                snake[length++] = '_';
            }

            snake[length++] = char.ToLowerInvariant(c);
        }

        return length > name.Length && json.TryGetProperty(snake[..length], out value);
    }

    /// <summary>One name or bracket of a path, as it is told and as the table has it.</summary>
    private readonly record struct Segment(string Text, string Key);
}
