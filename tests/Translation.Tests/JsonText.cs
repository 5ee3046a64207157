using System.Text.Json;
using System.Text.Json.Nodes;

namespace Serverless.Translation.Tests;

/// <summary>JSON taken apart for comparison.</summary>
internal static class JsonText
{
    /// <summary>A text that two JSON values share when they are equal but for the order of keys and layout; nulls count as absent.</summary>
    public static string Normal(JsonNode? node) => Sorted(node)?.ToJsonString(new JsonSerializerOptions
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = 256,
    }) ?? "null";

    /// <summary>Parses what may be nested deeply.</summary>
    public static JsonElement Parse(byte[] json) => JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 256 }).RootElement;

    /// <summary>Every scalar with its path, as <c>messages[2].content</c>.</summary>
    public static IEnumerable<(string Path, JsonElement Value)> Leaves(JsonElement json, string path = "") => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().SelectMany(p => Leaves(p.Value, path.Length == 0 ? p.Name : $"{path}.{p.Name}")),
        JsonValueKind.Array => json.EnumerateArray().SelectMany((item, i) => Leaves(item, $"{path}[{i}]")),
        _ => [(path, json)],
    };

    /// <summary>Every key of every object.</summary>
    public static IEnumerable<string> Keys(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().SelectMany(p => Keys(p.Value).Prepend(p.Name)),
        JsonValueKind.Array => json.EnumerateArray().SelectMany(Keys),
        _ => [],
    };

    /// <summary>
    /// Every text within, the texts of JSON that is itself written in a string (tool arguments) included, keys of objects too.
    /// </summary>
    public static IEnumerable<string> Texts(JsonElement json)
    {
        foreach (string key in Keys(json))
        {
            yield return key;
        }

        foreach ((_, JsonElement value) in Leaves(json))
        {
            if (value.ValueKind != JsonValueKind.String)
            {
                yield return value.GetRawText();
                continue;
            }

            string text = value.GetString()!;
            yield return text;
            if (TryParse(text) is { } inner)
            {
                foreach (string one in Texts(inner))
                {
                    yield return one;
                }
            }
        }
    }

    /// <summary>The object or array that a string holds, or null.</summary>
    public static JsonElement? TryParse(string text)
    {
        if (text.Length < 2 || text[0] is not ('{' or '['))
        {
            return null;
        }

        try
        {
            return JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 256 }).RootElement;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject o => new JsonObject(o
            .Where(p => p.Value is not null)
            .OrderBy(p => p.Key, StringComparer.Ordinal)
            .Select(p => KeyValuePair.Create(p.Key, Sorted(p.Value)))),
        JsonArray a => new JsonArray([.. a.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
