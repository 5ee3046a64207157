using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini.GenerateContent;

/// <summary>The words of the format: tables between Google's names and canonical ones. Source: https://ai.google.dev/api/generate-content.</summary>
internal static class GenerateContentWire
{
    /// <summary>Begins every id that stands for a call to which Google gave none.</summary>
    public const string MadeIdPrefix = "gcall_";

    public static readonly DialectId Dialect = DialectIds.GenerateContent;

    /// <summary>What <c>finishReason</c> means. Whether a call was emitted, the caller adds.</summary>
    public static FinishReason FinishReasonOf(string? name) => name switch
    {
        "MAX_TOKENS" => FinishReason.Length,
        "SAFETY" or "RECITATION" or "LANGUAGE" or "BLOCKLIST" or "PROHIBITED_CONTENT" or "SPII" or "MODEL_ARMOR" or "JAILBREAK"
            or "IMAGE_SAFETY" or "IMAGE_PROHIBITED_CONTENT" or "IMAGE_RECITATION" => FinishReason.ContentFilter,
        "MALFORMED_FUNCTION_CALL" or "UNEXPECTED_TOOL_CALL" or "TOO_MANY_TOOL_CALLS" or "MISSING_THOUGHT_SIGNATURE" or "MALFORMED_RESPONSE"
            or "NO_IMAGE" or "IMAGE_OTHER" or "OTHER" => FinishReason.Malformed,
        _ => FinishReason.Stop,
    };

    /// <summary>A reason in Google's words.</summary>
    public static string NameOf(FinishReason reason) => reason switch
    {
        FinishReason.Length or FinishReason.ContextWindow => "MAX_TOKENS",
        FinishReason.ContentFilter or FinishReason.Refusal => "SAFETY",
        FinishReason.Malformed or FinishReason.Pause => "OTHER",
        _ => "STOP",
    };

    /// <summary>The canonical reason, given that a call was emitted: the client is asked for its result unless the answer was cut off.</summary>
    public static FinishReason WithCalls(FinishReason reason, bool hasCalls) => hasCalls && reason == FinishReason.Stop ? FinishReason.ToolCalls : reason;

    /// <summary>A processing tier in OpenAI's words.</summary>
    public static string? TierOf(string? name) => name?.ToLowerInvariant() switch
    {
        null or "" or "unspecified" or "service_tier_unspecified" => null,
        "standard" or "service_tier_standard" => "default",
        "flex" or "service_tier_flex" => "flex",
        "priority" or "service_tier_priority" => "priority",
        var other => other,
    };

    /// <summary>A tier in Google's words; null when it has none.</summary>
    public static string? TierNameOf(string tier) => tier switch
    {
        "default" => "standard",
        "flex" or "priority" => tier,
        _ => null,
    };

    /// <summary>Media types as Google spells them.</summary>
    public static string MediaTypeOf(string mediaType) => mediaType switch
    {
        "image/jpg" => "image/jpeg",
        "audio/x-wav" or "audio/wave" or "audio/vnd.wave" => "audio/wav",
        "audio/x-flac" => "audio/flac",
        "audio/x-aac" => "audio/aac",
        _ => mediaType,
    };

    /// <summary>A signature as clients send it back; the words that stand for none are none.</summary>
    public static Signature? SignatureOf(string? text) =>
        text is null or "" or GeminiModels.NoSignature or "context_engineering_is_the_way_to_go" ? null : SignatureCarrier.Unwrap(text, Dialect);

    /// <summary>Writes a signature for a client: Google's own as it is, others so that they come back to their maker.</summary>
    public static void WriteSignatureForClient(Utf8JsonWriter writer, Signature? signature)
    {
        if (signature is not null)
        {
            writer.WriteString("thoughtSignature"u8, SignatureCarrier.Wrap(signature, Dialect));
        }
    }

    /// <summary>Writes a function call's arguments: always an object.</summary>
    /// <returns>False when the text was none and had to be put into one.</returns>
    public static bool WriteArguments(Utf8JsonWriter writer, ToolCallPart call, string arguments)
    {
        writer.WritePropertyName("args"u8);
        if (string.IsNullOrWhiteSpace(arguments))
        {
            writer.WriteStartObject();
            writer.WriteEndObject();
            return true;
        }

        if (call.Kind == ToolKind.Function && JsonText.IsStruct(arguments))
        {
            writer.WriteRaw(arguments);
            return true;
        }

        writer.WriteStartObject();
        writer.WriteString("input"u8, arguments);
        writer.WriteEndObject();
        return call.Kind == ToolKind.Custom;
    }

    /// <summary>Standard base64 with its padding: Google's Python client writes the URL-safe alphabet, which nobody else reads.</summary>
    public static ReadOnlyMemory<byte> Base64(JsonElement data)
    {
        ReadOnlyMemory<byte> text = Json.Base64Bytes(data);
        int padding = (4 - (text.Length & 3)) & 3;
        if (padding == 0 && text.Span.IndexOfAny((byte)'-', (byte)'_') < 0)
        {
            return text;
        }

        byte[] standard = new byte[text.Length + padding];
        text.CopyTo(standard);
        standard.AsSpan(text.Length).Fill((byte)'=');
        standard.AsSpan().Replace((byte)'-', (byte)'+');
        standard.AsSpan().Replace((byte)'_', (byte)'/');
        return standard;
    }
}
