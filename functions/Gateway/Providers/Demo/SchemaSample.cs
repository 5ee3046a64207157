using System.Buffers;
using System.Collections.Frozen;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Providers.Demo;

/// <summary>
/// A plausible value for a JSON Schema: the required properties of objects, the first of an enumeration, texts that echo what the user said. It knows
/// what tools and structured outputs use: <c>$ref</c>, <c>anyOf</c>, <c>allOf</c>, <c>const</c>, <c>enum</c>, bounds and formats.
/// </summary>
internal static class SchemaSample
{
    private const int MaxDepth = 24;
    private const int MaxText = 200;

    // What a property of this name usually holds.
    private static readonly FrozenDictionary<string, string> ByName = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        ["city"] = "Paris",
        ["location"] = "Paris",
        ["country"] = "France",
        ["language"] = "en",
        ["unit"] = "celsius",
        ["name"] = "Ada",
        ["path"] = "README.md",
        ["file_path"] = "README.md",
        ["command"] = "ls",
        ["url"] = "https://example.com/",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenDictionary<string, string> ByFormat = new Dictionary<string, string>
    {
        ["date"] = "2026-01-01",
        ["time"] = "12:00:00Z",
        ["date-time"] = "2026-01-01T12:00:00Z",
        ["duration"] = "PT1H",
        ["email"] = "ada@example.com",
        ["hostname"] = "example.com",
        ["ipv4"] = "192.0.2.1",
        ["ipv6"] = "2001:db8::1",
        ["uri"] = "https://example.com/",
        ["uuid"] = "00000000-0000-4000-8000-000000000000",
    }.ToFrozenDictionary();

    /// <summary>JSON that satisfies the schema; without one, an object with what was said.</summary>
    public static string Of(JsonElement? schema, string said)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output, Json.WriterOptions))
        {
            if (schema is { ValueKind: JsonValueKind.Object } root)
            {
                new Sampler(json, root, said).Write(root, "", 0);
            }
            else
            {
                json.WriteStartObject();
                json.WriteString("answer", said);
                json.WriteEndObject();
            }
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private sealed class Sampler(Utf8JsonWriter json, JsonElement root, string said)
    {
        public void Write(JsonElement schema, string name, int depth)
        {
            schema = Resolve(schema, depth);
            if (schema.ValueKind != JsonValueKind.Object)
            {
                json.WriteStringValue(said);
            }
            else if (schema.TryGetProperty("const", out JsonElement constant))
            {
                constant.WriteTo(json);
            }
            else if (schema.TryGetProperty("enum", out JsonElement values) && values.ValueKind == JsonValueKind.Array && values.GetArrayLength() > 0)
            {
                values[0].WriteTo(json);
            }
            else
            {
                WriteTyped(schema, name, depth);
            }
        }

        private void WriteTyped(JsonElement schema, string name, int depth)
        {
            switch (TypeOf(schema))
            {
                case "object":
                    WriteObject(schema, depth);
                    break;
                case "array":
                    WriteArray(schema, name, depth);
                    break;
                case "number" or "integer":
                    WriteNumber(schema);
                    break;
                case "boolean":
                    json.WriteBooleanValue(true);
                    break;
                case "null":
                    json.WriteNullValue();
                    break;
                default:
                    json.WriteStringValue(TextFor(schema, name));
                    break;
            }
        }

        private void WriteObject(JsonElement schema, int depth)
        {
            json.WriteStartObject();
            var written = new HashSet<string>();
            foreach (JsonElement layer in Layers(schema, depth))
            {
                if (!layer.TryGetProperty("required", out JsonElement required) || required.ValueKind != JsonValueKind.Array)
                {
                    continue;
                }

                foreach (JsonElement item in required.EnumerateArray())
                {
                    if (item.ValueKind == JsonValueKind.String && item.GetString() is { } property && written.Add(property))
                    {
                        json.WritePropertyName(property);
                        Write(Property(schema, property, depth), property, depth + 1);
                    }
                }
            }

            json.WriteEndObject();
        }

        private void WriteArray(JsonElement schema, string name, int depth)
        {
            json.WriteStartArray();
            long count = Math.Clamp(Number(schema, "minItems") is { } least ? (long)least : 1, 0, 16);
            if (depth < MaxDepth && schema.TryGetProperty("items", out JsonElement items))
            {
                for (long i = 0; i < count; i++)
                {
                    Write(items, name, depth + 1);
                }
            }

            json.WriteEndArray();
        }

        private void WriteNumber(JsonElement schema)
        {
            double? least = Number(schema, "minimum") ?? Number(schema, "exclusiveMinimum") + 1;
            double? most = Number(schema, "maximum") ?? Number(schema, "exclusiveMaximum") - 1;
            double value = Math.Clamp(1, least ?? double.MinValue, Math.Max(most ?? double.MaxValue, least ?? double.MinValue));
            if (Number(schema, "multipleOf") is > 0 and var step)
            {
                value = Math.Ceiling(value / step) * step;
            }

            if (value == Math.Floor(value) && Math.Abs(value) < 1e15)
            {
                json.WriteNumberValue((long)value);
            }
            else
            {
                json.WriteNumberValue(value);
            }
        }

        private string TextFor(JsonElement schema, string name)
        {
            string text = Text(schema, "format") is { } format && ByFormat.TryGetValue(format, out string? formatted) ? formatted
                : ByName.TryGetValue(name, out string? usual) ? usual
                : said.Length > 0 ? said
                : name;
            int most = (int)Math.Clamp(Number(schema, "maxLength") ?? MaxText, 0, MaxText);
            text = text.Length <= most ? text : text[..(most > 0 && char.IsHighSurrogate(text[most - 1]) ? most - 1 : most)];
            return text.PadRight((int)Math.Clamp(Number(schema, "minLength") ?? 0, 0, MaxText), '.');
        }

        // Follows references and takes the first choice, so that what is left says its type.
        private JsonElement Resolve(JsonElement schema, int depth)
        {
            for (int step = depth; step < MaxDepth && schema.ValueKind == JsonValueKind.Object; step++)
            {
                if (Text(schema, "$ref") is { } reference)
                {
                    schema = Target(reference);
                }
                else if (FirstOf(schema, "anyOf") is { } any)
                {
                    schema = any;
                }
                else if (FirstOf(schema, "oneOf") is { } one)
                {
                    schema = one;
                }
                else
                {
                    break;
                }
            }

            return schema;
        }

        private JsonElement Target(string reference)
        {
            JsonElement at = root;
            foreach (string step in reference.TrimStart('#').Split('/', StringSplitOptions.RemoveEmptyEntries))
            {
                string name = Uri.UnescapeDataString(step).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
                if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(name, out at))
                {
                    return default;
                }
            }

            return at;
        }

        // An object and what its allOf adds.
        private IEnumerable<JsonElement> Layers(JsonElement schema, int depth)
        {
            yield return schema;
            if (depth < MaxDepth && schema.TryGetProperty("allOf", out JsonElement all) && all.ValueKind == JsonValueKind.Array)
            {
                foreach (JsonElement layer in all.EnumerateArray().Select(layer => Resolve(layer, depth)).Where(layer => layer.ValueKind == JsonValueKind.Object))
                {
                    yield return layer;
                }
            }
        }

        private JsonElement Property(JsonElement schema, string name, int depth)
        {
            foreach (JsonElement layer in Layers(schema, depth))
            {
                if (depth < MaxDepth && layer.TryGetProperty("properties", out JsonElement properties)
                    && properties.ValueKind == JsonValueKind.Object && properties.TryGetProperty(name, out JsonElement property))
                {
                    return property;
                }
            }

            return default;
        }

        private static JsonElement? FirstOf(JsonElement schema, string name) =>
            schema.TryGetProperty(name, out JsonElement choices) && choices.ValueKind == JsonValueKind.Array && choices.GetArrayLength() > 0
                ? choices.EnumerateArray().FirstOrDefault(choice => choice.ValueKind == JsonValueKind.Object && Text(choice, "type") != "null", choices[0])
                : null;

        private static string TypeOf(JsonElement schema)
        {
            if (schema.TryGetProperty("type", out JsonElement type))
            {
                JsonElement first = type.ValueKind == JsonValueKind.Array
                    ? type.EnumerateArray().FirstOrDefault(t => t.ValueKind == JsonValueKind.String && t.GetString() != "null")
                    : type;
                if (first.ValueKind == JsonValueKind.String)
                {
                    return first.GetString()!.ToLowerInvariant();
                }
            }

            return schema.TryGetProperty("properties", out _) || schema.TryGetProperty("allOf", out _) || schema.TryGetProperty("required", out _) ? "object"
                : schema.TryGetProperty("items", out _) ? "array"
                : "string";
        }

        private static double? Number(JsonElement schema, string name) =>
            schema.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) ? number : null;

        private static string? Text(JsonElement schema, string name) =>
            schema.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }
}
