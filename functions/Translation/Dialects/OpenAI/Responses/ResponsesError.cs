using System.Text.Json;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>
/// The error of an answer that failed, <c>{"code","message"}</c>: it comes with a status of 200, so its code tells what went wrong.
/// Source: https://platform.openai.com/docs/api-reference/responses/object (error).
/// </summary>
internal static class ResponsesError
{
    /// <summary>Reads an error object, or the envelope of one.</summary>
    public static GatewayError Read(JsonElement error)
    {
        GatewayError read = OpenAIError.DecodeInStream(error);
        return read.Kind == ErrorKind.Upstream && IsFaultOfRequest(read.Code) ? read with { Kind = ErrorKind.InvalidRequest, Status = 400 } : read;
    }

    /// <summary>Writes the error of a failed answer.</summary>
    public static void Write(Utf8JsonWriter writer, GatewayError error)
    {
        writer.WriteStartObject();
        writer.WriteString("code"u8, CodeOf(error));
        writer.WriteString("message"u8, error.Message);
        writer.WriteEndObject();
    }

    /// <summary>Writes the fields of an <c>error</c> event: flat, as OpenAI does, and once more as an object, as the OpenResponses specification asks.</summary>
    public static void WriteEvent(Utf8JsonWriter writer, GatewayError error)
    {
        string code = CodeOf(error);
        writer.WriteString("code"u8, code);
        writer.WriteString("message"u8, error.Message);
        writer.WriteString("param"u8, error.Param);
        writer.WriteStartObject("error"u8);
        writer.WriteString("type"u8, OpenAIError.Names(error.Kind).Type);
        writer.WriteString("code"u8, code);
        writer.WriteString("message"u8, error.Message);
        writer.WriteString("param"u8, error.Param);
        writer.WriteEndObject();
    }

    private static string CodeOf(GatewayError error) => error.Code ?? OpenAIError.Names(error.Kind).Code ?? OpenAIError.Names(error.Kind).Type;

    private static bool IsFaultOfRequest(string? code) => code is not null
        && (code.Contains("image", StringComparison.Ordinal) || code.StartsWith("invalid_", StringComparison.Ordinal) || code is "bio_policy" or "data_residency_mismatch");
}
