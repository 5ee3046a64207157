using System.Buffers;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>
/// The error envelope, <c>{"type":"error","error":{"type","message"},"request_id"}</c>, in bodies and in streams alike.
/// Source: https://platform.claude.com/docs/en/api/errors.
/// </summary>
internal static class MessagesError
{
    private const int MaxQuote = 1000;
    private const string TooLong = "prompt is too long";

    /// <summary>Reads a provider's refusal, whatever its shape.</summary>
    public static GatewayError Decode(int status, ReadOnlyMemory<byte> body)
    {
        try
        {
            using JsonDocument document = Json.Parse(body);
            return Read(document.RootElement, status);
        }
        catch (JsonException)
        {
            string text = Encoding.UTF8.GetString(body.Span[..Math.Min(body.Length, MaxQuote)]).Trim();
            return new GatewayError(GatewayError.KindOfUpstream(status), status, text.Length == 0 || text[0] == '<' ? NoWords(status) : text);
        }
    }

    /// <summary>True for this API's envelope.</summary>
    public static bool IsEnvelope(JsonElement body) =>
        MessagesWire.Find(body, "error") is { ValueKind: JsonValueKind.Object or JsonValueKind.String };

    /// <summary>Reads an error's JSON.</summary>
    /// <param name="body">The envelope; also those of the platforms that resell the API (Bedrock, Vertex).</param>
    /// <param name="status">The HTTP status; null for an error in a stream, whose type tells it.</param>
    public static GatewayError Read(JsonElement body, int? status)
    {
        JsonElement error = MessagesWire.Find(body, "error") ?? body;
        string? type = Text(error, "type") ?? Text(error, "status");
        string? message = Json.Text(error) ?? Text(error, "message") ?? Text(body, "message") ?? Text(body, "Message") ?? Text(body, "detail");
        int actual = status ?? StatusOf(type);
        message = message is { Length: > 0 } ? message : NoWords(actual);
        return new GatewayError(KindOf(type, message, actual), actual, message)
        {
            Code = IsContextLength(message) ? "context_length_exceeded" : null,
            UpstreamType = type,
        };
    }

    /// <summary>Writes the envelope as a whole body.</summary>
    public static void Encode(GatewayError error, string? requestId, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output, Json.WriterOptions);
        Write(writer, error, requestId);
    }

    /// <summary>Writes the envelope.</summary>
    public static void Write(Utf8JsonWriter writer, GatewayError error, string? requestId)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "error"u8);
        writer.WriteStartObject("error"u8);
        writer.WriteString("type"u8, TypeOf(error.Kind));
        writer.WriteString("message"u8, MessageOf(error));
        writer.WriteEndObject();
        if (requestId is not null)
        {
            writer.WriteString("request_id"u8, requestId);
        }

        writer.WriteEndObject();
    }

    private static ReadOnlySpan<byte> TypeOf(ErrorKind kind) => kind switch
    {
        ErrorKind.Authentication => "authentication_error"u8,
        ErrorKind.Billing => "billing_error"u8,
        ErrorKind.Permission => "permission_error"u8,
        ErrorKind.NotFound => "not_found_error"u8,
        ErrorKind.Conflict => "conflict_error"u8,
        ErrorKind.TooLarge => "request_too_large"u8,
        ErrorKind.RateLimited => "rate_limit_error"u8,
        ErrorKind.Overloaded => "overloaded_error"u8,
        ErrorKind.Timeout => "timeout_error"u8,
        ErrorKind.Internal or ErrorKind.Upstream => "api_error"u8,
        _ => "invalid_request_error"u8,
    };

    /// <summary>
    /// The envelope has no field for the parameter, so the message names it; and agents know a full context by the words with which
    /// Anthropic reports one (Claude Code then compacts the conversation), so another provider's words come after those.
    /// </summary>
    private static string MessageOf(GatewayError error)
    {
        string message = error.Message;
        if (error.Code == "context_length_exceeded" && !IsContextLength(message))
        {
            return $"{TooLong}: {message}";
        }

        return error.Param is { Length: > 0 } param && !message.Contains(param, StringComparison.Ordinal) ? $"{param}: {message}" : message;
    }

    private static ErrorKind KindOf(string? type, string message, int status) => type switch
    {
        // Anthropic reports an empty account as a fault of the request.
        "invalid_request_error" when message.Contains("credit balance is too low", StringComparison.OrdinalIgnoreCase) => ErrorKind.Billing,
        "billing_error" => ErrorKind.Billing,
        "overloaded_error" => ErrorKind.Overloaded,
        "timeout_error" => ErrorKind.Timeout,
        "rate_limit_error" => ErrorKind.RateLimited,
        "request_too_large" => ErrorKind.TooLarge,
        "not_found_error" => ErrorKind.NotFound,
        "conflict_error" => ErrorKind.Conflict,
        "permission_error" => ErrorKind.Permission,
        "authentication_error" => ErrorKind.Authentication,
        _ => GatewayError.KindOfUpstream(status),
    };

    private static int StatusOf(string? type) => type switch
    {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "conflict_error" => 409,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        "api_error" => 500,
        _ => 502,
    };

    private static bool IsContextLength(string message) =>
        message.Contains(TooLong, StringComparison.OrdinalIgnoreCase)
        || message.Contains("exceed context limit", StringComparison.OrdinalIgnoreCase);

    private static string NoWords(int status) => $"The provider answered with status {status}.";

    private static string? Text(JsonElement element, string name) => MessagesWire.Find(element, name) is { } value ? Json.Text(value) : null;
}
