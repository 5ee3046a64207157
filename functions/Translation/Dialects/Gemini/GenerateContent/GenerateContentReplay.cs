using System.Buffers;
using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini.GenerateContent;

/// <summary>
/// A client's own bytes for Google. Its URL names the model; a body need not, but where it does it must be the same. Besides, answers of other
/// makers that the client now replays must not pass as they are: Google refuses their seals, and Gemini 3 refuses calls without one, so
/// that a session that was switched to it would be broken for good.
/// </summary>
internal static class GenerateContentReplay
{
    /// <summary>Writes the body with the model replaced where it stands and, where there is need, foreign seals taken out of the contents.</summary>
    public static void Splice(JsonBody body, string model, IBufferWriter<byte> output)
    {
        string name = GeminiPath.ResourceName(model);
        List<JsonReplacement> replacements = [];
        if (!body.RawValue("model").IsEmpty)
        {
            replacements.Add(new JsonReplacement("model", Json.Quote(name)));
        }

        if (GeminiBody.WithModel(body, "generateContentRequest", name) is { } inner)
        {
            replacements.Add(inner);
        }

        // A name of another kind says too little to add to what its client wrote.
        bool signsCalls = name.Contains("gemini", StringComparison.OrdinalIgnoreCase) && GeminiModels.Of(model).SignsCalls;
        if (Clean(body, signsCalls) is { } contents)
        {
            replacements.Add(new JsonReplacement("contents", contents));
        }

        if (replacements.Count == 0)
        {
            output.Write(body.Bytes.Span);
        }
        else
        {
            body.Splice(output, [.. replacements]);
        }
    }

    private static ReadOnlyMemory<byte>? Clean(JsonBody body, bool signsCalls)
    {
        ReadOnlySpan<byte> raw = body.RawValue("contents");
        bool mayHoldForeign = raw.IndexOf("\"Z3cxL"u8) >= 0 || raw.IndexOf("\"gw1."u8) >= 0 || raw.IndexOf("__sig_"u8) >= 0;
        bool mayLackSeals = signsCalls && (raw.IndexOf("\"functionCall\""u8) >= 0 || raw.IndexOf("\"function_call\""u8) >= 0);
        if ((!mayHoldForeign && !mayLackSeals) || raw[0] != '[')
        {
            return null;
        }

        using JsonDocument document = body.Parse();
        JsonElement contents = document.RootElement.GetProperty("contents");
        if (!mayHoldForeign && contents.EnumerateArray().All(IsSealed))
        {
            return null;
        }

        var buffer = new ArrayBufferWriter<byte>(raw.Length);
        using (var writer = new Utf8JsonWriter(buffer, Json.WriterOptions))
        {
            writer.WriteStartArray();
            foreach (JsonElement content in contents.EnumerateArray())
            {
                WriteContent(writer, content, signsCalls);
            }

            writer.WriteEndArray();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>False when the first call of a content has no signature.</summary>
    private static bool IsSealed(JsonElement content) =>
        !TryGetParts(content, out JsonElement parts)
        || parts.EnumerateArray().FirstOrDefault(p => GeminiNames.TryGet(p, "functionCall", out _)) is not { ValueKind: JsonValueKind.Object } call
        || GeminiNames.TryGet(call, "thoughtSignature", out _);

    private static void WriteContent(Utf8JsonWriter writer, JsonElement content, bool signsCalls)
    {
        if (!TryGetParts(content, out JsonElement parts))
        {
            writer.WriteRaw(content);
            return;
        }

        JsonElement[] kept = [.. parts.EnumerateArray().Where(p => !IsForeignThought(p))];
        if (kept.Length == 0 && parts.GetArrayLength() > 0)
        {
            // Google refuses a content without parts.
            return;
        }

        writer.WriteStartObject();
        foreach (JsonProperty property in content.EnumerateObject())
        {
            writer.WritePropertyName(property.Name);
            if (property.Name != "parts")
            {
                writer.WriteRaw(property.Value);
                continue;
            }

            bool needsSeal = signsCalls;
            writer.WriteStartArray();
            foreach (JsonElement part in kept)
            {
                bool isCall = GeminiNames.TryGet(part, "functionCall", out _);
                WritePart(writer, part, needsSeal && isCall);
                needsSeal &= !isCall;
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static void WritePart(Utf8JsonWriter writer, JsonElement part, bool needsSeal)
    {
        if (part.ValueKind != JsonValueKind.Object)
        {
            writer.WriteRaw(part);
            return;
        }

        writer.WriteStartObject();
        foreach (JsonProperty property in part.EnumerateObject())
        {
            switch (GeminiNames.Camel(property.Name))
            {
                case "thoughtSignature" when IsForeign(property.Value):
                    continue;
                case "thoughtSignature":
                    needsSeal = false;
                    break;
                case "functionCall" or "functionResponse" when property.Value.ValueKind == JsonValueKind.Object:
                    writer.WritePropertyName(property.Name);
                    WriteWithPlainId(writer, property.Value);
                    continue;
            }

            writer.WritePropertyName(property.Name);
            writer.WriteRaw(property.Value);
        }

        if (needsSeal)
        {
            writer.WriteString("thoughtSignature"u8, GeminiModels.NoSignature);
        }

        writer.WriteEndObject();
    }

    private static void WriteWithPlainId(Utf8JsonWriter writer, JsonElement call)
    {
        writer.WriteStartObject();
        foreach (JsonProperty property in call.EnumerateObject())
        {
            writer.WritePropertyName(property.Name);
            if (property.Name == "id" && Json.Text(property.Value) is { } id)
            {
                writer.WriteStringValue(ToolCallIdCarrier.Unwrap(id).Id);
            }
            else
            {
                writer.WriteRaw(property.Value);
            }
        }

        writer.WriteEndObject();
    }

    private static bool IsForeignThought(JsonElement part) =>
        part.ValueKind == JsonValueKind.Object && part.TryGetProperty("thought", out JsonElement thought) && thought.ValueKind == JsonValueKind.True
        && GeminiNames.TryGet(part, "thoughtSignature", out JsonElement seal) && IsForeign(seal);

    private static bool IsForeign(JsonElement seal) =>
        Json.Text(seal) is { } text && SignatureCarrier.Unwrap(text, GenerateContentWire.Dialect).Origin != GenerateContentWire.Dialect;

    private static bool TryGetParts(JsonElement content, out JsonElement parts)
    {
        parts = default;
        return content.ValueKind == JsonValueKind.Object && content.TryGetProperty("parts", out parts) && parts.ValueKind == JsonValueKind.Array;
    }
}
