using System.Buffers;
using System.Text.Json;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini;

/// <summary>Puts the provider's name of a model into a client's own body, where the body repeats it.</summary>
internal static class GeminiBody
{
    /// <summary>The value of a root property, an object or a list of objects, with <c>model</c> replaced in each that has it; null when there is no such property.</summary>
    public static JsonReplacement? WithModel(JsonBody body, string property, string model)
    {
        ReadOnlySpan<byte> raw = body.RawValue(property);
        if (raw.IsEmpty || raw[0] is not ((byte)'{' or (byte)'['))
        {
            return null;
        }

        JsonElement value = JsonElement.Parse(raw);
        var output = new ArrayBufferWriter<byte>(raw.Length + 64);
        using (var writer = new Utf8JsonWriter(output, Json.WriterOptions))
        {
            if (value.ValueKind == JsonValueKind.Array)
            {
                writer.WriteStartArray();
                foreach (JsonElement item in value.EnumerateArray())
                {
                    Write(writer, item, model);
                }

                writer.WriteEndArray();
            }
            else
            {
                Write(writer, value, model);
            }
        }

        return new JsonReplacement(property, output.WrittenMemory);
    }

    private static void Write(Utf8JsonWriter writer, JsonElement value, string model)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            writer.WriteRaw(value);
            return;
        }

        writer.WriteStartObject();
        foreach (JsonProperty property in value.EnumerateObject())
        {
            writer.WritePropertyName(property.Name);
            if (property.Name == "model")
            {
                writer.WriteStringValue(model);
            }
            else
            {
                writer.WriteRaw(property.Value);
            }
        }

        writer.WriteEndObject();
    }
}
