using System.Text.Json;
using System.Text.RegularExpressions;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.Laws;

/// <summary>
/// Finds what a client said and its target was not told, although the report does not mention it. Every text of the request must stand
/// somewhere in the encoded body (whole, or in a longer text) or under a field that the report names. The exceptions are the words of the
/// wire format itself.
/// </summary>
internal static partial class LossCheck
{
    public static IEnumerable<string> Lost(JsonElement source, DialectId client, CrossedRequest crossed)
    {
        HashSet<string> told = [.. JsonText.Texts(JsonText.Parse(crossed.Body))];
        string[] long_ = [.. told.Where(t => t.Length > 1)];
        foreach ((string path, JsonElement value) in JsonText.Leaves(source))
        {
            if (value.ValueKind is JsonValueKind.Null or JsonValueKind.True or JsonValueKind.False || IsVocabulary(client, path, value))
            {
                continue;
            }

            string text = value.ValueKind == JsonValueKind.String ? Essence(value.GetString()!) : value.GetRawText();
            if (text.Length == 0 || told.Contains(text) || Array.Exists(long_, t => t.Contains(text, StringComparison.Ordinal)) || IsReported(crossed, path))
            {
                continue;
            }

            if (value.ValueKind == JsonValueKind.Number && told.Any(t => double.TryParse(t, out double n) && n == value.GetDouble()))
            {
                continue;
            }

            if (value.ValueKind == JsonValueKind.String && JsonText.TryParse(value.GetString()!) is { } inner && JsonText.Texts(inner).All(told.Contains))
            {
                continue;
            }

            yield return $"{path} = {(text.Length > 80 ? text[..80] + "…" : text)}";
        }

        foreach (string property in SchemaProperties(source, ""))
        {
            string name = property[(property.LastIndexOf('\n') + 1)..];
            if (!told.Contains(name) && !IsReported(crossed, property[..property.LastIndexOf('\n')]))
            {
                yield return $"schema property '{name}'";
            }
        }
    }

    /// <summary>A data URL and the base64 within it are the same thing.</summary>
    private static string Essence(string text)
    {
        // A seal that rides in an id is no part of it.
        int seal = text.IndexOf("__sig_", StringComparison.Ordinal);
        text = seal < 0 ? text : text[..seal];
        int comma = text.StartsWith("data:", StringComparison.Ordinal) ? text.IndexOf(";base64,", StringComparison.Ordinal) : -1;
        return comma < 0 ? text : text[(comma + 8)..];
    }

    private static bool IsReported(CrossedRequest crossed, string path) =>
        crossed.Report.Entries.Any(entry => ReportedNames.Tells(entry.Field, path) || path.StartsWith(entry.Field, StringComparison.Ordinal));

    /// <summary>Words that belong to the format, not to the client: their place in the target is taken by other words.</summary>
    private static bool IsVocabulary(DialectId client, string path, JsonElement value)
    {
        string name = Name().Match(path).Groups[1].Value;
        return name switch
        {
            "type" or "role" or "status" or "mode" or "level" => true,

            // The model is the gateway's business; so are ids of items, which only their provider can look up.
            "model" => path == "model",
            "id" => value.ValueKind == JsonValueKind.String && (client == DialectIds.Responses || !IsPlain(value.GetString()!)),

            // Ids of calls and names of tools are respelled where a target takes fewer characters; the pairs stay, and the answer is told the old name.
            "tool_call_id" or "call_id" or "tool_use_id" or "name" when value.ValueKind == JsonValueKind.String => !IsPlain(value.GetString()!),

            // The type of a medium may be told by the name of its place.
            "media_type" or "mimeType" or "mime_type" or "format" or "detail" => true,
            _ => false,
        };
    }

    private static bool IsPlain(string name) => name.Length is > 0 and <= 64 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') && !char.IsAsciiDigit(name[0]);

    private static IEnumerable<string> SchemaProperties(JsonElement json, string path)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty p in json.EnumerateObject())
                {
                    string at = path.Length == 0 ? p.Name : $"{path}.{p.Name}";
                    if (p.Name == "properties" && p.Value.ValueKind == JsonValueKind.Object)
                    {
                        foreach (JsonProperty property in p.Value.EnumerateObject())
                        {
                            yield return at + "\n" + property.Name;
                        }
                    }

                    foreach (string inner in SchemaProperties(p.Value, at))
                    {
                        yield return inner;
                    }
                }

                break;
            case JsonValueKind.Array:
                int i = 0;
                foreach (JsonElement item in json.EnumerateArray())
                {
                    foreach (string inner in SchemaProperties(item, $"{path}[{i}]"))
                    {
                        yield return inner;
                    }

                    i++;
                }

                break;
        }
    }

    [GeneratedRegex(@"(\w+)(\[\d+\])*$")]
    private static partial Regex Name();
}
