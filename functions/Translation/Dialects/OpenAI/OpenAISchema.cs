using System.Text.Json;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI;

/// <summary>
/// What OpenAI asks of a JSON Schema. With <c>strict: true</c> every object has to list all its properties as required and forbid others,
/// which other vendors do not ask for. Source: https://platform.openai.com/docs/guides/structured-outputs (Supported schemas).
/// </summary>
internal static class OpenAISchema
{
    private const int MaxDepth = 64;

    /// <summary>True when the schema can be sent with <c>strict: true</c>.</summary>
    public static bool IsStrict(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object && IsObject(schema) && IsStrict(schema, 0);

    /// <summary>Writes the schema of a function's parameters. OpenAI refuses one whose root is not an object with <c>properties</c>.</summary>
    public static void WriteParameters(Utf8JsonWriter writer, JsonElement? parameters)
    {
        if (parameters is not { ValueKind: JsonValueKind.Object } schema)
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "object"u8);
            writer.WriteStartObject("properties"u8);
            writer.WriteEndObject();
            writer.WriteEndObject();
            return;
        }

        bool typed = schema.TryGetProperty("type", out _) || schema.TryGetProperty("$ref", out _);
        bool propertied = schema.TryGetProperty("properties", out _) || schema.TryGetProperty("$ref", out _);
        if (typed && propertied)
        {
            writer.WriteRaw(schema);
            return;
        }

        writer.WriteStartObject();
        if (!typed)
        {
            writer.WriteString("type"u8, "object"u8);
        }

        foreach (JsonProperty property in schema.EnumerateObject())
        {
            writer.WritePropertyName(property.Name);
            writer.WriteRaw(property.Value);
        }

        if (!propertied)
        {
            writer.WriteStartObject("properties"u8);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static bool IsStrict(JsonElement schema, int depth)
    {
        if (schema.ValueKind != JsonValueKind.Object || depth > MaxDepth)
        {
            return false;
        }

        if (schema.TryGetProperty("properties", out JsonElement properties) || IsObject(schema))
        {
            if (!schema.TryGetProperty("additionalProperties", out JsonElement additional) || additional.ValueKind != JsonValueKind.False)
            {
                return false;
            }

            if (!RequiresAll(schema, properties))
            {
                return false;
            }
        }

        foreach (JsonProperty keyword in schema.EnumerateObject())
        {
            if (!IsStrictKeyword(keyword, depth))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsStrictKeyword(JsonProperty keyword, int depth) => keyword.Name switch
    {
        "properties" or "$defs" or "definitions" => keyword.Value.ValueKind == JsonValueKind.Object
            && keyword.Value.EnumerateObject().All(p => IsStrict(p.Value, depth + 1)),
        "items" => IsStrict(keyword.Value, depth + 1),
        "anyOf" => keyword.Value.ValueKind == JsonValueKind.Array && keyword.Value.EnumerateArray().All(s => IsStrict(s, depth + 1)),
        "allOf" or "oneOf" or "not" or "if" or "then" or "else" or "dependentRequired" or "dependentSchemas" or "patternProperties"
            or "prefixItems" or "uniqueItems" or "unevaluatedProperties" => false,
        _ => true,
    };

    private static bool IsObject(JsonElement schema) => schema.TryGetProperty("type", out JsonElement type) && type.ValueKind switch
    {
        JsonValueKind.String => type.Is("object"),
        JsonValueKind.Array => type.EnumerateArray().Any(t => t.Is("object")),
        _ => false,
    };

    private static bool RequiresAll(JsonElement schema, JsonElement properties)
    {
        if (properties.ValueKind != JsonValueKind.Object)
        {
            return true;
        }

        HashSet<string> required = schema.TryGetProperty("required", out JsonElement list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Where(r => r.ValueKind == JsonValueKind.String).Select(r => r.GetString()!)]
            : [];
        return properties.EnumerateObject().All(p => required.Contains(p.Name));
    }
}
