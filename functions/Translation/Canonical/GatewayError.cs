namespace Serverless.Translation.Canonical;

/// <summary>What went wrong, in no vendor's words. Each dialect has its own envelope and type names for it.</summary>
/// <param name="Kind">The class of fault; decides the envelope's type.</param>
/// <param name="Status">The HTTP status for the caller.</param>
/// <param name="Message">One or two sentences for the caller; never holds a secret.</param>
public sealed record GatewayError(ErrorKind Kind, int Status, string Message)
{
    /// <summary>One or two sentences for the caller; never empty, whatever a provider sends.</summary>
    public string Message { get; init; } = string.IsNullOrWhiteSpace(Message) ? "The provider gave no reason." : Message;

    /// <summary>The request field at fault, as a JSON path.</summary>
    public string? Param { get; init; }

    /// <summary>A machine-readable code, for example <c>context_length_exceeded</c>.</summary>
    public string? Code { get; init; }

    /// <summary>How long the caller should wait before it tries again.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The provider's own type name, for reports.</summary>
    public string? UpstreamType { get; init; }

    /// <summary>A fault of the request, status 400.</summary>
    public static GatewayError Invalid(string message, string? param = null, string? code = null) =>
        new(ErrorKind.InvalidRequest, 400, message) { Param = param, Code = code };

    /// <summary>A feature that the chosen target cannot say, status 400.</summary>
    public static GatewayError Unsupported(string param, string reason) =>
        new(ErrorKind.InvalidRequest, 400, $"'{param}' is not supported here: {reason}") { Param = param, Code = "unsupported_parameter" };

    /// <summary>An answer of the provider's that could not be read, or that broke off, status 502.</summary>
    public static GatewayError Upstream(string message, string? code = null) => new(ErrorKind.Upstream, 502, message) { Code = code };

    /// <summary>The class of fault that a provider's HTTP status stands for, where its envelope says no more.</summary>
    public static ErrorKind KindOfUpstream(int status) => status switch
    {
        401 => ErrorKind.Authentication,
        402 => ErrorKind.Billing,
        403 => ErrorKind.Permission,
        404 => ErrorKind.NotFound,
        405 => ErrorKind.MethodNotAllowed,
        408 or 504 => ErrorKind.Timeout,
        409 => ErrorKind.Conflict,
        413 => ErrorKind.TooLarge,
        429 => ErrorKind.RateLimited,
        503 or 529 => ErrorKind.Overloaded,
        >= 400 and < 500 => ErrorKind.InvalidRequest,
        _ => ErrorKind.Upstream,
    };
}

/// <summary>The classes of faults.</summary>
public enum ErrorKind
{
    /// <summary>400 or 422: the request is wrong.</summary>
    InvalidRequest,

    /// <summary>401: no credential, or an unknown one.</summary>
    Authentication,

    /// <summary>402: the account cannot pay.</summary>
    Billing,

    /// <summary>403: this caller may not.</summary>
    Permission,

    /// <summary>404: no such route, endpoint or model.</summary>
    NotFound,

    /// <summary>405: the route has no such method.</summary>
    MethodNotAllowed,

    /// <summary>409.</summary>
    Conflict,

    /// <summary>413: the body is too large.</summary>
    TooLarge,

    /// <summary>429: a limit of the gateway's or the provider's.</summary>
    RateLimited,

    /// <summary>500: a fault of the gateway's.</summary>
    Internal,

    /// <summary>502: the provider's answer is of no use, or it refuses the gateway's own credential.</summary>
    Upstream,

    /// <summary>503 or 529: the provider has no room.</summary>
    Overloaded,

    /// <summary>504: the provider did not answer in time.</summary>
    Timeout,
}

/// <summary>Ends the handling of a request with an error for the caller.</summary>
public sealed class GatewayException(GatewayError error, Exception? inner = null) : Exception(error.Message, inner)
{
    /// <summary>What the caller is told.</summary>
    public GatewayError Error { get; } = error;
}
