using System.Text.Json;

namespace Serverless.Translation.Tests.GenerateContent;

/// <summary>
/// What a strict Gemini takes in <c>parametersJsonSchema</c> and <c>responseJsonSchema</c>, written from Google's list of keywords
/// (https://ai.google.dev/api/generate-content#generationconfig) and from refusals that were reported of it; knows nothing of the code
/// under test.
/// </summary>
internal static class StrictGeminiSchema
{
    private static readonly HashSet<string> Keywords =
    [
        "type", "format", "title", "description", "enum", "items", "prefixItems", "minItems", "maxItems", "minimum", "maximum", "anyOf", "properties",
        "additionalProperties", "required", "propertyOrdering",
    ];

    private static readonly HashSet<string> Types = ["string", "number", "integer", "boolean", "object", "array", "null"];

    public static List<string> Faults(JsonElement schema, bool isParameters = false)
    {
        List<string> faults = [];
        Read(schema, "$", 0, faults);
        if (isParameters && !(schema.TryGetProperty("type", out JsonElement type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("object")))
        {
            faults.Add("$: parameters are no object");
        }

        return faults;
    }

    private static void Read(JsonElement schema, string path, int depth, List<string> faults)
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            faults.Add($"{path}: a schema that is {schema.ValueKind}");
            return;
        }

        if (depth > 40)
        {
            faults.Add($"{path}: too deep");
            return;
        }

        string[] types = [];
        foreach (JsonProperty keyword in schema.EnumerateObject())
        {
            JsonElement value = keyword.Value;
            string at = $"{path}.{keyword.Name}";
            if (!Keywords.Contains(keyword.Name))
            {
                faults.Add($"{at}: unknown keyword");
                continue;
            }

            switch (keyword.Name)
            {
                case "type":
                    types = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(t => t.GetString()!)] : [value.GetString()!];
                    Require(types.All(Types.Contains), "an unknown type");
                    Require(types.Length == 1 || (types.Length == 2 && types[1] == "null" && types[0] != "null"), "a union of types");
                    break;
                case "title" or "description" or "format":
                    Require(value.ValueKind == JsonValueKind.String, "no text");
                    Require(keyword.Name != "format" || value.GetString() is "date-time" or "date" or "time" or "int32" or "int64" or "float" or "double", $"format {value}");
                    break;
                case "enum":
                    Require(value.GetArrayLength() > 0, "empty");
                    Require(value.EnumerateArray().All(v => v.ValueKind is JsonValueKind.String or JsonValueKind.Number), "values that are no texts or numbers");
                    Require(value.EnumerateArray().Select(v => v.ValueKind).Distinct().Count() == 1, "values of several types");
                    Require(value.EnumerateArray().All(v => v.ValueKind != JsonValueKind.String || v.GetString()!.Length > 0), "an empty text");
                    Require(value.EnumerateArray().Select(v => v.GetRawText()).Distinct().Count() == value.GetArrayLength(), "a value twice");
                    break;
                case "minimum" or "maximum" or "minItems" or "maxItems":
                    Require(value.ValueKind == JsonValueKind.Number, "no number");
                    break;
                case "properties":
                    foreach (JsonProperty property in value.EnumerateObject())
                    {
                        Read(property.Value, $"{at}.{property.Name}", depth + 1, faults);
                    }

                    break;
                case "required" or "propertyOrdering":
                    Require(value.EnumerateArray().All(n => schema.TryGetProperty("properties", out JsonElement p) && p.TryGetProperty(n.GetString()!, out _)), $"names no property: {value}");
                    break;
                case "items":
                    Read(value, at, depth + 1, faults);
                    break;
                case "additionalProperties":
                    if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
                    {
                        Read(value, at, depth + 1, faults);
                    }

                    break;
                case "anyOf" or "prefixItems":
                    Require(value.GetArrayLength() > 0, "empty");
                    foreach (JsonElement item in value.EnumerateArray())
                    {
                        Read(item, at, depth + 1, faults);
                    }

                    break;
            }

            void Require(bool holds, string fault)
            {
                if (!holds)
                {
                    faults.Add($"{at}: {fault}");
                }
            }
        }

        string[] beside = schema.TryGetProperty("anyOf", out _)
            ? [.. schema.EnumerateObject().Select(k => k.Name).Where(k => k is not ("anyOf" or "title" or "description"))]
            : [];
        if (beside.Length > 0)
        {
            faults.Add($"{path}: {string.Join(", ", beside)} beside anyOf");
        }
    }
}
