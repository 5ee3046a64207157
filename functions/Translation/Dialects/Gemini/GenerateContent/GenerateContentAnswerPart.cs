using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini.GenerateContent;

/// <summary>The parts of an answer, streamed or not. Whatever a provider leaves out or adds is taken as it is.</summary>
internal static class GenerateContentAnswerPart
{
    /// <summary>Reads a part; null when it says nothing.</summary>
    /// <param name="part">The part.</param>
    /// <param name="answerId">The answer's id, of which ids of calls are made where Google gives none.</param>
    /// <param name="calls">How many calls the answer has had.</param>
    public static ContentPart? Read(JsonElement part, string answerId, int calls)
    {
        if (part.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        bool isThought = part.TryGetProperty("thought", out JsonElement thought) && thought.ValueKind == JsonValueKind.True;
        Signature? signature = part.TryGetProperty("thoughtSignature", out JsonElement seal) && Json.Text(seal) is { Length: > 0 } value
            ? new Signature(value, GenerateContentWire.Dialect)
            : null;
        if (part.TryGetProperty("functionCall", out JsonElement call))
        {
            return ReadCall(call, answerId, calls) is { } read ? read with { Signature = signature } : null;
        }

        if (part.TryGetProperty("inlineData", out JsonElement data) && data.ValueKind == JsonValueKind.Object)
        {
            string type = Text(data, "mimeType") is { Length: > 0 } told ? told : "application/octet-stream";
            ReadOnlyMemory<byte> base64 = data.TryGetProperty("data", out JsonElement bytes) && bytes.ValueKind == JsonValueKind.String ? GenerateContentWire.Base64(bytes) : default;
            return new MediaPart(MediaTypes.KindOf(type), new Base64Source(type, base64)) { Signature = signature };
        }

        if (part.TryGetProperty("fileData", out JsonElement file) && Text(file, "fileUri") is { Length: > 0 } uri)
        {
            return GenerateContentMedia.ReadFile(uri, Text(file, "mimeType")) with { Signature = signature };
        }

        if (part.TryGetProperty("text", out JsonElement text) || signature is not null)
        {
            string words = Json.Text(text) ?? "";
            return isThought ? new ReasoningPart(words) { Signature = signature, IsSummary = true } : new TextPart(words) { Signature = signature };
        }

        return part.GetPropertyCount() == 0 ? null : new OpaquePart(GenerateContentWire.Dialect, JsonElement.Parse(JsonText.Compact(part)), "candidates.content.parts");
    }

    /// <summary>Writes a part for a client; nothing for what it cannot be told.</summary>
    /// <param name="showThoughts">False when the client refused thoughts. Sealed ones it is given anyway: it has to send them back.</param>
    public static void Write(Utf8JsonWriter writer, ContentPart part, bool showThoughts)
    {
        switch (part)
        {
            case ReasoningPart { Signature: null } when !showThoughts:
            case OpaquePart opaque when opaque.Dialect != GenerateContentWire.Dialect:
                return;
            case OpaquePart opaque:
                writer.WriteRaw(opaque.Json);
                return;
        }

        writer.WriteStartObject();
        switch (part)
        {
            case TextPart text:
                writer.WriteString("text"u8, text.Text);
                GenerateContentWire.WriteSignatureForClient(writer, text.Signature);
                break;
            case ReasoningPart reasoning:
                writer.WriteString("text"u8, reasoning.Text);
                writer.WriteBoolean("thought"u8, true);
                GenerateContentWire.WriteSignatureForClient(writer, reasoning.Signature);
                break;
            case RefusalPart refusal:
                writer.WriteString("text"u8, refusal.Text);
                break;
            case MediaPart media:
                GenerateContentMedia.Write(writer, media);
                GenerateContentWire.WriteSignatureForClient(writer, media.Signature);
                break;
            case ToolCallPart call:
                WriteCall(writer, call, call.Arguments, call.Signature);
                break;
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes the properties of a part that holds a call.</summary>
    public static void WriteCall(Utf8JsonWriter writer, ToolCallPart call, string arguments, Signature? signature)
    {
        writer.WriteStartObject("functionCall"u8);
        if (!call.Id.StartsWith(GenerateContentWire.MadeIdPrefix, StringComparison.Ordinal))
        {
            writer.WriteString("id"u8, call.Id);
        }

        writer.WriteString("name"u8, call.Name);
        GenerateContentWire.WriteArguments(writer, call, arguments);
        writer.WriteEndObject();
        GenerateContentWire.WriteSignatureForClient(writer, signature);
    }

    private static ToolCallPart? ReadCall(JsonElement call, string answerId, int calls)
    {
        if (Text(call, "name") is not { Length: > 0 } name)
        {
            return null;
        }

        string id = Text(call, "id") is { Length: > 0 } given ? given : $"{GenerateContentWire.MadeIdPrefix}{answerId}_{calls}";
        string arguments = call.TryGetProperty("args", out JsonElement args) && args.ValueKind == JsonValueKind.Object ? JsonText.Compact(args) : "{}";
        return new ToolCallPart(id, name, arguments);
    }

    private static string? Text(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) ? Json.Text(value) : null;
}
