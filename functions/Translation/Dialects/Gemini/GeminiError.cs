using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini;

/// <summary>
/// Google's error envelope, <c>{"error":{"code","message","status","details"}}</c>, also as the only element of an array.
/// Sources: https://cloud.google.com/apis/design/errors and https://ai.google.dev/gemini-api/docs/troubleshooting.
/// </summary>
internal static class GeminiError
{
    private const int MaxQuote = 1000;
    private const string TypePrefix = "type.googleapis.com/google.rpc.";

    /// <summary>Reads a provider's refusal.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="body">The body; may be empty, HTML or cut off.</param>
    public static GatewayError Decode(int status, ReadOnlyMemory<byte> body)
    {
        try
        {
            using JsonDocument document = Json.Parse(body);
            if (Find(document.RootElement) is { } error)
            {
                return Read(error, status);
            }
        }
        catch (JsonException)
        {
            // Not JSON: quoted below.
        }

        string text = Encoding.UTF8.GetString(body.Span[..Math.Min(body.Length, MaxQuote)]).Trim();
        string message = text.Length == 0 || text[0] == '<' ? $"The provider answered with status {status}." : text;
        return new GatewayError(GatewayError.KindOfUpstream(status), status, message);
    }

    /// <summary>The object under <c>error</c> of a body or of a stream's chunk, or null.</summary>
    public static JsonElement? Find(JsonElement body)
    {
        while (body.ValueKind == JsonValueKind.Array && body.GetArrayLength() > 0)
        {
            body = body[0];
        }

        return body.ValueKind == JsonValueKind.Object && body.TryGetProperty("error", out JsonElement error)
            && error.ValueKind is JsonValueKind.Object or JsonValueKind.String
            ? error
            : null;
    }

    /// <summary>Reads the object under <c>error</c>.</summary>
    /// <param name="error">The object; some proxies send a string.</param>
    /// <param name="httpStatus">The HTTP status, or null when the error stood in a stream.</param>
    public static GatewayError Read(JsonElement error, int? httpStatus)
    {
        if (error.ValueKind != JsonValueKind.Object)
        {
            return new GatewayError(GatewayError.KindOfUpstream(httpStatus ?? 502), httpStatus ?? 502, Json.Text(error) ?? "The provider reported an error.");
        }

        string? name = Text(error, "status");
        int status = httpStatus ?? CodeOf(error) ?? StatusOf(name) ?? 502;
        string message = Text(error, "message") is { Length: > 0 } text ? text : $"The provider answered with status {status}.";
        var result = new GatewayError(GatewayError.KindOfUpstream(status), status, message) { UpstreamType = name };
        if (error.TryGetProperty("details", out JsonElement details) && details.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement detail in details.EnumerateArray())
            {
                result = ReadDetail(detail, result);
            }
        }

        // Google answers a wrong key with 400; to the gateway it is what a 401 is elsewhere.
        if (result.Code is "API_KEY_INVALID")
        {
            return result with { Kind = ErrorKind.Authentication, Status = 401 };
        }

        return result.Code is null && message.Contains("exceeds the maximum number of tokens", StringComparison.Ordinal)
            ? result with { Code = "context_length_exceeded" }
            : result;
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
        writer.WriteStartObject("error"u8);
        writer.WriteNumber("code"u8, error.Status);
        writer.WriteString("message"u8, error.Message);
        writer.WriteString("status"u8, NameOf(error));
        if (error.Code is not null || error.Param is not null || error.RetryAfter is not null || requestId is not null)
        {
            writer.WriteStartArray("details"u8);
            WriteDetails(writer, error, requestId);
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteDetails(Utf8JsonWriter writer, GatewayError error, string? requestId)
    {
        if (error.Code is not null)
        {
            Begin(writer, "ErrorInfo");
            writer.WriteString("reason"u8, error.Code);
            writer.WriteEndObject();
        }

        if (error.Param is not null)
        {
            Begin(writer, "BadRequest");
            writer.WriteStartArray("fieldViolations"u8);
            writer.WriteStartObject();
            writer.WriteString("field"u8, error.Param);
            writer.WriteString("description"u8, error.Message);
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        if (error.RetryAfter is { } wait)
        {
            Begin(writer, "RetryInfo");
            writer.WriteString("retryDelay"u8, wait.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture) + "s");
            writer.WriteEndObject();
        }

        if (requestId is not null)
        {
            Begin(writer, "RequestInfo");
            writer.WriteString("requestId"u8, requestId);
            writer.WriteEndObject();
        }
    }

    private static void Begin(Utf8JsonWriter writer, string type)
    {
        writer.WriteStartObject();
        writer.WriteString("@type"u8, TypePrefix + type);
    }

    private static GatewayError ReadDetail(JsonElement detail, GatewayError error) => Text(detail, "@type") switch
    {
        TypePrefix + "ErrorInfo" => error with { Code = Text(detail, "reason") ?? error.Code },
        TypePrefix + "RetryInfo" => error with { RetryAfter = Duration(Text(detail, "retryDelay")) ?? error.RetryAfter },
        TypePrefix + "BadRequest" when detail.TryGetProperty("fieldViolations", out JsonElement faults) && faults.ValueKind == JsonValueKind.Array && faults.GetArrayLength() > 0 =>
            error with { Param = Text(faults[0], "field") ?? error.Param },
        _ => error,
    };

    private static TimeSpan? Duration(string? text) =>
        text is not null && text.EndsWith('s') && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds < 1e6
            ? TimeSpan.FromSeconds(seconds)
            : null;

    private static int? CodeOf(JsonElement error) =>
        error.TryGetProperty("code", out JsonElement code) && code.ValueKind == JsonValueKind.Number && code.TryGetInt32(out int status) && status is >= 400 and < 600 ? status : null;

    private static string? Text(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) ? Json.Text(value) : null;

    private static int? StatusOf(string? name) => name switch
    {
        "INVALID_ARGUMENT" or "FAILED_PRECONDITION" or "OUT_OF_RANGE" => 400,
        "UNAUTHENTICATED" => 401,
        "PERMISSION_DENIED" => 403,
        "NOT_FOUND" => 404,
        "ALREADY_EXISTS" or "ABORTED" => 409,
        "RESOURCE_EXHAUSTED" => 429,
        "CANCELLED" => 499,
        "INTERNAL" or "UNKNOWN" or "DATA_LOSS" => 500,
        "UNIMPLEMENTED" => 501,
        "UNAVAILABLE" => 503,
        "DEADLINE_EXCEEDED" => 504,
        _ => null,
    };

    /// <summary>Google's word for a fault. Its table (https://cloud.google.com/apis/design/errors) is by status; where that is silent, the class decides.</summary>
    private static string NameOf(GatewayError error) => error.Status switch
    {
        499 => "CANCELLED",
        500 => "INTERNAL",
        501 => "UNIMPLEMENTED",
        _ => NameOf(error.Kind),
    };

    private static string NameOf(ErrorKind kind) => kind switch
    {
        ErrorKind.Authentication => "UNAUTHENTICATED",
        ErrorKind.Billing => "FAILED_PRECONDITION",
        ErrorKind.Permission => "PERMISSION_DENIED",
        ErrorKind.NotFound => "NOT_FOUND",
        ErrorKind.MethodNotAllowed => "UNIMPLEMENTED",
        ErrorKind.Conflict => "ABORTED",
        ErrorKind.RateLimited => "RESOURCE_EXHAUSTED",
        ErrorKind.Internal => "INTERNAL",
        ErrorKind.Upstream or ErrorKind.Overloaded => "UNAVAILABLE",
        ErrorKind.Timeout => "DEADLINE_EXCEEDED",
        _ => "INVALID_ARGUMENT",
    };
}
