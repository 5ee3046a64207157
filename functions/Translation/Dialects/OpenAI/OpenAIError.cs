using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI;

/// <summary>
/// The error envelope of all of OpenAI's APIs, <c>{"error":{"message","type","param","code"}}</c>, and what servers that call themselves
/// compatible send in its place. Source: https://platform.openai.com/docs/guides/error-codes.
/// </summary>
internal static class OpenAIError
{
    private const int MaxQuote = 1000;

    /// <summary>Reads a provider's refusal, whatever its shape.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="body">The body; may be empty, HTML or cut off.</param>
    public static GatewayError Decode(int status, ReadOnlyMemory<byte> body)
    {
        try
        {
            using JsonDocument document = Json.Parse(body);
            return Read(document.RootElement, status);
        }
        catch (JsonException)
        {
            return new GatewayError(GatewayError.KindOfUpstream(status), status, Quote(status, body.Span));
        }
    }

    /// <summary>
    /// Reads an error that stands in a stream, after a 200: its status is told by its code or type. Takes the envelope or the object in it.
    /// </summary>
    public static GatewayError DecodeInStream(JsonElement error) => Read(error, status: null);

    /// <summary>Writes the envelope as a whole body.</summary>
    public static void Encode(GatewayError error, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output, Json.WriterOptions);
        WriteEnvelope(writer, error);
    }

    /// <summary>Writes the envelope.</summary>
    public static void WriteEnvelope(Utf8JsonWriter writer, GatewayError error)
    {
        (string type, string? code) = Names(error.Kind);
        writer.WriteStartObject();
        writer.WriteStartObject("error"u8);
        writer.WriteString("message"u8, error.Message);
        writer.WriteString("type"u8, type);
        writer.WriteString("param"u8, error.Param);
        writer.WriteString("code"u8, error.Code ?? code);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>The <c>type</c> and, where the error has no <c>code</c> of its own, the code that clients know a fault by.</summary>
    public static (string Type, string? Code) Names(ErrorKind kind) => kind switch
    {
        ErrorKind.Authentication => ("authentication_error", "invalid_api_key"),
        ErrorKind.Billing => ("insufficient_quota", "insufficient_quota"),
        ErrorKind.Permission => ("permission_error", null),
        ErrorKind.NotFound => ("invalid_request_error", "not_found"),
        ErrorKind.Conflict => ("conflict_error", null),
        ErrorKind.TooLarge => ("invalid_request_error", "request_too_large"),
        ErrorKind.RateLimited => ("rate_limit_error", "rate_limit_exceeded"),
        ErrorKind.Internal => ("server_error", "internal_error"),
        ErrorKind.Upstream => ("server_error", "upstream_error"),
        ErrorKind.Overloaded => ("server_error", "overloaded"),
        ErrorKind.Timeout => ("server_error", "timeout"),
        _ => ("invalid_request_error", null),
    };

    private static GatewayError Read(JsonElement body, int? status)
    {
        // Gemini's compatible endpoint wraps its envelope in an array.
        while (body.ValueKind == JsonValueKind.Array && body.GetArrayLength() > 0)
        {
            body = body[0];
        }

        JsonElement error = body;
        if (body.ValueKind == JsonValueKind.Object && Find(body, "error") is { ValueKind: JsonValueKind.Object or JsonValueKind.String } inner)
        {
            error = inner;
        }

        string? type = Text(error, "type") ?? Text(error, "status") ?? Text(body, "error_code") ?? Text(body, "type");
        string? code = Text(error, "code") ?? Text(body, "error_code");
        int actual = status ?? StatusOf(code) ?? StatusOf(type) ?? StatusOf(Text(error, "status_code")) ?? 502;
        string message = MessageOf(error) ?? (error.ValueKind == JsonValueKind.Object ? MessageOf(body) : null)
            ?? (status is null ? "The provider reported an error in its stream." : $"The provider answered with status {actual}.");
        ErrorKind kind = actual == 429 && (code ?? type) == "insufficient_quota" ? ErrorKind.Billing : GatewayError.KindOfUpstream(actual);
        return new GatewayError(kind, actual, message)
        {
            Param = Text(error, "param"),
            Code = int.TryParse(code, CultureInfo.InvariantCulture, out _) ? null : code,
            UpstreamType = type,
        };
    }

    private static string? MessageOf(JsonElement error)
    {
        if (error.ValueKind == JsonValueKind.String)
        {
            return Json.Text(error);
        }

        // OpenAI, Databricks · FastAPI · Mistral nests {"detail":[…]} under message · Azure API Management.
        foreach (string name in (ReadOnlySpan<string>)["message", "detail", "error_description", "error", "Message"])
        {
            if (Find(error, name) is { } found && Words(found) is { Length: > 0 } words)
            {
                return words;
            }
        }

        return null;
    }

    private static string? Words(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => Json.Text(value),
        JsonValueKind.Array => string.Join("; ", value.EnumerateArray().Select(Words).Where(w => w is not null)),
        JsonValueKind.Object => (Find(value, "msg") ?? Find(value, "message") ?? Find(value, "detail")) is { } inner ? Words(inner) : null,
        _ => null,
    };

    private static int? StatusOf(string? word) => word switch
    {
        null => null,
        "invalid_request_error" or "invalid_request" or "invalid_prompt" or "context_length_exceeded" or "BadRequestError" or "BAD_REQUEST" or "INVALID_PARAMETER_VALUE" or "INVALID_ARGUMENT" => 400,
        "authentication_error" or "invalid_api_key" => 401,
        "permission_error" or "permission_denied" or "PERMISSION_DENIED" => 403,
        "not_found_error" or "not_found" or "model_not_found" or "RESOURCE_DOES_NOT_EXIST" => 404,
        "rate_limit_exceeded" or "rate_limit_error" or "insufficient_quota" or "too_many_requests" or "RESOURCE_EXHAUSTED" or "REQUEST_LIMIT_EXCEEDED" => 429,
        "server_error" or "internal_error" or "api_error" or "InternalServerError" => 500,
        "overloaded" or "overloaded_error" or "server_overloaded" or "service_unavailable" or "UNAVAILABLE" or "TEMPORARILY_UNAVAILABLE" => 503,
        "timeout" or "timeout_error" or "DEADLINE_EXCEEDED" => 504,
        _ => int.TryParse(word, CultureInfo.InvariantCulture, out int status) && status is >= 400 and < 600 ? status : null,
    };

    private static JsonElement? Find(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) ? value : null;

    private static string? Text(JsonElement parent, string name) => Find(parent, name) switch
    {
        { ValueKind: JsonValueKind.String } text => Json.Text(text),
        { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
        _ => null,
    };

    private static string Quote(int status, ReadOnlySpan<byte> body)
    {
        string text = Encoding.UTF8.GetString(body[..Math.Min(body.Length, MaxQuote)]).Trim();
        return text.Length == 0 || text[0] == '<' ? $"The provider answered with status {status}." : text;
    }
}
