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
        var told = new Told(crossed.Body);
        foreach ((string path, JsonElement value) in JsonText.Leaves(source))
        {
            bool isWord = value.ValueKind is JsonValueKind.String or JsonValueKind.Number;
            string place = client == DialectIds.GenerateContent ? Camel(path) : path;
            if (isWord && !IsVocabulary(client, path, value) && !told.Holds(value) && !IsReported(crossed, place))
            {
                string text = value.ToString();
                yield return $"{path} = {(text.Length > 80 ? text[..80] + "…" : text)}";
            }
        }

        foreach (string property in SchemaProperties(source, ""))
        {
            string name = property[(property.LastIndexOf('\n') + 1)..];
            if (!told.Holds(name) && !IsReported(crossed, property[..property.LastIndexOf('\n')]))
            {
                yield return $"schema property '{name}'";
            }
        }
    }

    private static bool IsReported(CrossedRequest crossed, string path) =>
        crossed.Report.Entries.Any(entry => Tells(entry.Field, path));

    /// <summary>True when a report's entry is the field at a path, or what holds it: <c>messages[].content[document]</c> is <c>messages[1].content[0]</c>.</summary>
    private static bool Tells(string entry, string path)
    {
        entry = Brackets().Replace(entry, "[]");
        path = Brackets().Replace(path, "[]");
        return entry.Length > 0 && (path == entry || (path.StartsWith(entry, StringComparison.Ordinal) && path[entry.Length] is '.' or '['));
    }

    /// <summary>Words that belong to the format, not to the client: their place in the target is taken by other words.</summary>
    private static bool IsVocabulary(DialectId client, string path, JsonElement value)
    {
        string name = Name().Match(path).Groups[1].Value;
        return name switch
        {
            "type" or "role" or "status" or "mode" or "level" => true,

            // A schema's name is a label; tiers have other names elsewhere.
            "name" when path.EndsWith("format.name", StringComparison.Ordinal) || path.EndsWith("json_schema.name", StringComparison.Ordinal) => true,
            "service_tier" or "serviceTier" => true,

            // The model is the gateway's business; so are ids of items, which only their provider can look up.
            "model" => path == "model",
            "id" => value.ValueKind == JsonValueKind.String && (client == DialectIds.Responses || !IsPlain(value.GetString()!)),

            // Ids of calls and names of tools are respelled where a target takes fewer characters; the pairs stay, and the answer is told the old name.
            "tool_call_id" or "call_id" or "tool_use_id" or "name" when value.ValueKind == JsonValueKind.String => !IsPlain(value.GetString()!),

            // The type of a medium may be told by the name of its place, and that of an answer by its form.
            "media_type" or "mimeType" or "mime_type" or "format" or "detail" or "responseMimeType" or "response_mime_type" => true,

            // How hard to think is told in the target's own words and numbers: Adaptation/ReasoningTable and its tests.
            "effort" or "reasoning_effort" or "thinkingLevel" or "thinkingBudget" or "budget_tokens" or "display" => true,
            "summary" => path == "reasoning.summary",

            // Words of JSON Schema; what becomes of them is reported where it is done.
            "$schema" or "$ref" or "exclusiveMinimum" => true,

            // What an answer shall hold besides its text is asked for in the target's own way.
            "include" => true,
            _ => false,
        };
    }

    private static string Camel(string path) => Underscore().Replace(path, m => m.Groups[1].Value.ToUpperInvariant());

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

    [GeneratedRegex(@"\[[^\]]*\]")]
    private static partial Regex Brackets();

    [GeneratedRegex(@"_([a-z])")]
    private static partial Regex Underscore();

    [GeneratedRegex(@"([\w$]+)(\[\d+\])*$")]
    private static partial Regex Name();

    /// <summary>What a target is told.</summary>
    private sealed class Told
    {
        private readonly HashSet<string> _texts;
        private readonly string[] _long;

        public Told(byte[] body)
        {
            _texts = new HashSet<string>(JsonText.Texts(JsonText.Parse(body)), StringComparer.OrdinalIgnoreCase);
            _long = [.. _texts.Where(t => t.Length > 1)];
        }

        public bool Holds(JsonElement value)
        {
            if (value.ValueKind == JsonValueKind.Number)
            {
                return Holds(value.GetRawText()) || _texts.Any(t => double.TryParse(t, System.Globalization.CultureInfo.InvariantCulture, out double n) && n == value.GetDouble());
            }

            string text = value.GetString()!;
            return Holds(Essence(text))
                || (JsonText.TryParse(text) is { } inner && JsonText.Texts(inner).All(Holds))
                || IsFile(text);
        }

        public bool Holds(string text) => text.Length == 0 || _texts.Contains(text) || Array.Exists(_long, t => t.Contains(text, StringComparison.Ordinal));

        /// <summary>A data URL and the base64 within it are the same thing, and a seal that rides in an id is no part of it.</summary>
        private static string Essence(string text)
        {
            int seal = text.IndexOf("__sig_", StringComparison.Ordinal);
            text = seal < 0 ? text : text[..seal];
            int comma = text.StartsWith("data:", StringComparison.Ordinal) ? text.IndexOf(";base64,", StringComparison.Ordinal) : -1;
            return comma < 0 ? text : text[(comma + 8)..];
        }

        /// <summary>Bytes of media are followed by <see cref="MediaLaws"/>; those of a plain text may stand as text.</summary>
        private bool IsFile(string text)
        {
            string base64 = Essence(text);
            byte[] bytes = new byte[base64.Length];
            return base64.Length > 8 && Convert.TryFromBase64String(base64, bytes, out int length)
                && (bytes.AsSpan() is [0x89, (byte)'P', ..] or [(byte)'%', (byte)'P', ..] or [(byte)'R', (byte)'I', (byte)'F', (byte)'F', ..] or [0xFF, 0xD8, ..]
                    || Holds(System.Text.Encoding.UTF8.GetString(bytes, 0, length)));
        }
    }
}
