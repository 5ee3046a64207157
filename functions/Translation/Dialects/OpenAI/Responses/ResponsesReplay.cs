using System.Buffers;
using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>
/// A client's own bytes for a provider of this dialect. Besides the model, what the gateway itself put into earlier answers of other makers
/// must not pass: OpenAI refuses reasoning that it cannot decrypt and ids of calls over 64 characters, so that a session that was
/// switched to it would be broken for good.
/// </summary>
internal static class ResponsesReplay
{
    /// <summary>Writes the body with the model replaced and, where there is any, foreign reasoning and seals taken out of the input.</summary>
    public static void Splice(JsonBody body, string model, IBufferWriter<byte> output)
    {
        var name = new JsonReplacement("model", Json.Quote(model));
        ReadOnlySpan<byte> input = body.RawValue("input");
        bool foreign = !input.IsEmpty && input[0] == '[' && (input.IndexOf("\"gw1."u8) >= 0 || input.IndexOf("__sig_"u8) >= 0);
        if (foreign)
        {
            body.Splice(output, name, new JsonReplacement("input", Clean(body)));
        }
        else
        {
            body.Splice(output, name);
        }
    }

    private static ReadOnlyMemory<byte> Clean(JsonBody body)
    {
        using JsonDocument document = body.Parse();
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Json.WriterOptions))
        {
            writer.WriteStartArray();
            foreach (JsonElement item in document.RootElement.GetProperty("input").EnumerateArray())
            {
                WriteItem(writer, item);
            }

            writer.WriteEndArray();
        }

        return buffer.WrittenMemory;
    }

    private static void WriteItem(Utf8JsonWriter writer, JsonElement item)
    {
        if (ResponsesOutput.Text(item, "encrypted_content") is { } cipher && SignatureCarrier.Unwrap(cipher, DialectIds.Responses).Origin != DialectIds.Responses)
        {
            return;
        }

        if (ResponsesOutput.Text(item, "call_id") is not { } id || ToolCallIdCarrier.Unwrap(id) is not (var plain, { }))
        {
            writer.WriteRaw(item);
            return;
        }

        writer.WriteStartObject();
        foreach (JsonProperty property in item.EnumerateObject())
        {
            writer.WritePropertyName(property.Name);
            if (property.NameEquals("call_id"u8))
            {
                writer.WriteStringValue(plain);
            }
            else
            {
                writer.WriteRaw(property.Value);
            }
        }

        writer.WriteEndObject();
    }
}
