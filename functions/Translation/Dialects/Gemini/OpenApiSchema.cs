using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini;

/// <summary>
/// Gemini's own <c>Schema</c>, a cut of OpenAPI 3.0's that clients send in <c>parameters</c> and <c>responseSchema</c>, as the JSON Schema that
/// all other dialects speak: types in lower case, counts as numbers (int64 comes as text), <c>nullable</c> as a type.
/// Source: https://ai.google.dev/api/caching#Schema.
/// </summary>
internal static class OpenApiSchema
{
    /// <summary>The JSON Schema that says the same.</summary>
    public static JsonElement ToJsonSchema(JsonElement schema)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output, Json.WriterOptions))
        {
            Write(writer, schema);
        }

        return JsonElement.Parse(output.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter writer, JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            writer.WriteRaw(schema);
            return;
        }

        string? type = schema.TryGetProperty("type", out JsonElement t) && t.ValueKind == JsonValueKind.String ? t.GetString()!.ToLowerInvariant() : null;
        bool isNullable = schema.TryGetProperty("nullable", out JsonElement nullable) && nullable.ValueKind == JsonValueKind.True;
        writer.WriteStartObject();
        foreach (JsonProperty property in schema.EnumerateObject())
        {
            WriteProperty(writer, property, type, isNullable);
        }

        writer.WriteEndObject();
    }

    private static void WriteProperty(Utf8JsonWriter writer, JsonProperty property, string? type, bool isNullable)
    {
        JsonElement value = property.Value;
        string name = GeminiNames.Camel(property.Name);
        switch (name)
        {
            case "type" when type is null or "type_unspecified":
            case "nullable" when type is not null:
            case "format" when value.Is("enum"):
                break;
            case "type" when isNullable:
                writer.WriteStartArray("type"u8);
                writer.WriteStringValue(type);
                writer.WriteStringValue("null"u8);
                writer.WriteEndArray();
                break;
            case "type":
                writer.WriteString("type"u8, type);
                break;
            case "minItems" or "maxItems" or "minLength" or "maxLength" or "minProperties" or "maxProperties"
                when value.ValueKind == JsonValueKind.String && long.TryParse(value.GetString(), CultureInfo.InvariantCulture, out long count):
                writer.WriteNumber(name, count);
                break;
            case "properties" when value.ValueKind == JsonValueKind.Object:
                writer.WriteStartObject(name);
                foreach (JsonProperty inner in value.EnumerateObject())
                {
                    writer.WritePropertyName(inner.Name);
                    Write(writer, inner.Value);
                }

                writer.WriteEndObject();
                break;
            case "items" or "additionalProperties" when value.ValueKind == JsonValueKind.Object:
                writer.WritePropertyName(name);
                Write(writer, value);
                break;
            case "anyOf" when value.ValueKind == JsonValueKind.Array:
                WriteList(writer, name, value, Write);
                break;
            case "enum" when value.ValueKind == JsonValueKind.Array && type is "integer" or "number":
                WriteList(writer, name, value, WriteNumber);
                break;
            default:
                writer.WritePropertyName(name);
                writer.WriteRaw(value);
                break;
        }
    }

    private static void WriteList(Utf8JsonWriter writer, string name, JsonElement list, Action<Utf8JsonWriter, JsonElement> write)
    {
        writer.WriteStartArray(name);
        foreach (JsonElement item in list.EnumerateArray())
        {
            write(writer, item);
        }

        writer.WriteEndArray();
    }

    /// <summary>In Google's schema the values of an enumeration are texts, whatever their type.</summary>
    private static void WriteNumber(Utf8JsonWriter writer, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String && decimal.TryParse(value.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out decimal number))
        {
            writer.WriteNumberValue(number);
        }
        else
        {
            writer.WriteRaw(value);
        }
    }
}
