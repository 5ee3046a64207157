using System.Buffers;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>
/// A client's own bytes for a provider of this dialect. Besides the model one thing must not pass as it is: what this gateway put into
/// an earlier answer of another maker's, and the client now replays. The API refuses foreign signatures ("Invalid signature in thinking
/// block"), so that switching a session from another provider to Claude would break it for good.
/// </summary>
internal static class MessagesReplay
{
    /// <summary>Writes the body with the model replaced and, where there is any, foreign thinking taken out of the messages.</summary>
    public static void Splice(JsonBody body, string model, IBufferWriter<byte> output)
    {
        var name = new JsonReplacement("model", Quote(model));
        ReadOnlyMemory<byte>? messages = MayHoldForeign(body.RawValue("messages")) ? Clean(body) : null;
        if (messages is { } cleaned)
        {
            body.Splice(output, name, new JsonReplacement("messages", cleaned));
        }
        else
        {
            body.Splice(output, name);
        }
    }

    private static bool MayHoldForeign(ReadOnlySpan<byte> messages) =>
        messages.IndexOf("\"gw1."u8) >= 0
        || messages.IndexOf("__sig_"u8) >= 0
        || messages.IndexOf("\"signature\":\"\""u8) >= 0
        || messages.IndexOf("\"signature\": \"\""u8) >= 0;

    private static ReadOnlyMemory<byte>? Clean(JsonBody body)
    {
        using JsonDocument document = body.Parse();
        if (!document.RootElement.TryGetProperty("messages", out JsonElement messages) || messages.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Json.WriterOptions))
        {
            writer.WriteStartArray();
            foreach (JsonElement message in messages.EnumerateArray())
            {
                WriteMessage(writer, message);
            }

            writer.WriteEndArray();
        }

        return buffer.WrittenMemory;
    }

    private static void WriteMessage(Utf8JsonWriter writer, JsonElement message)
    {
        if (message.ValueKind != JsonValueKind.Object || !message.TryGetProperty("content", out JsonElement content) || content.ValueKind != JsonValueKind.Array)
        {
            writer.WriteRaw(message);
            return;
        }

        JsonElement[] kept = [.. content.EnumerateArray().Where(block => !IsForeign(block))];
        if (kept.Length == 0 && content.GetArrayLength() > 0)
        {
            // A turn without content is refused; its neighbours are joined by the API.
            return;
        }

        writer.WriteStartObject();
        foreach (JsonProperty property in message.EnumerateObject())
        {
            writer.WritePropertyName(property.Name);
            if (!property.NameEquals("content"u8))
            {
                writer.WriteRaw(property.Value);
                continue;
            }

            writer.WriteStartArray();
            foreach (JsonElement block in kept)
            {
                WriteBlock(writer, block);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static bool IsForeign(JsonElement block)
    {
        if (block.ValueKind != JsonValueKind.Object || !block.TryGetProperty("type", out JsonElement type) || type.ValueKind != JsonValueKind.String)
        {
            return false;
        }

        string? seal = type.Is("thinking") && block.TryGetProperty("signature", out JsonElement signature) ? Json.Text(signature)
            : type.Is("redacted_thinking") && block.TryGetProperty("data", out JsonElement data) ? Json.Text(data)
            : null;
        return seal is not null && (seal.Length == 0 || SignatureCarrier.Unwrap(seal, MessagesWire.Id).Origin != MessagesWire.Id);
    }

    /// <summary>Writes a block, the seal taken off a tool call's id.</summary>
    private static void WriteBlock(Utf8JsonWriter writer, JsonElement block)
    {
        string? field = block.ValueKind != JsonValueKind.Object ? null
            : block.TryGetProperty("tool_use_id", out _) ? "tool_use_id"
            : block.TryGetProperty("type", out JsonElement type) && type.Is("tool_use") ? "id"
            : null;
        if (field is null || !block.TryGetProperty(field, out JsonElement id) || Json.Text(id) is not { } text
            || ToolCallIdCarrier.Unwrap(text) is not (var plain, not null))
        {
            writer.WriteRaw(block);
            return;
        }

        writer.WriteStartObject();
        foreach (JsonProperty property in block.EnumerateObject())
        {
            writer.WritePropertyName(property.Name);
            if (property.NameEquals(field))
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

    private static byte[] Quote(string model) => Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(model)}\"");
}
