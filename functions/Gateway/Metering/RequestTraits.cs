using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Http;
using Serverless.Gateway.Metering.Telemetry;
using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Metering;

/// <summary>What is known of a request from its URL and headers alone.</summary>
/// <param name="RequestId">The gateway's id.</param>
/// <param name="ApiType">The API, for example <c>mlflow/v1/chat/completions</c>.</param>
/// <param name="Dialect">The client's dialect.</param>
internal sealed record RequestTraits(string RequestId, string ApiType, DialectId Dialect)
{
    /// <summary>The process that handles the request.</summary>
    public static readonly string Instance = $"{Environment.MachineName}-{Environment.ProcessId}";

    /// <summary>The version of this gateway.</summary>
    public static readonly string? GatewayVersion = typeof(RequestTraits).Assembly.GetName().Version?.ToString(3);

    /// <summary>Longest header value that is kept.</summary>
    private const int LongestValue = 512;

    /// <summary>The Functions host's invocation id.</summary>
    public string? InvocationId { get; private init; }

    /// <summary>The W3C trace that the request belongs to, 32 hexadecimal digits.</summary>
    public string? TraceId { get; private init; }

    /// <summary>The client's <c>User-Agent</c>.</summary>
    public string? UserAgent { get; private init; }

    /// <summary>The coding agent that sent it, where it tells.</summary>
    public string? Agent { get; private init; }

    /// <summary>The client's session, where a header names one.</summary>
    public string? SessionId { get; private init; }

    /// <summary>The address that the connection comes from; a host in front tells the caller's by rewriting it.</summary>
    public string? ClientAddress { get; private init; }

    /// <summary>The client's labels; null when there are none.</summary>
    public IReadOnlyDictionary<string, string>? Tags { get; private init; }

    /// <summary>True when there were labels that could not be taken.</summary>
    public bool BadTags { get; private init; }

    /// <summary>Reads them off a request.</summary>
    /// <param name="http">The request.</param>
    /// <param name="requestId">The gateway's id.</param>
    /// <param name="apiType">The API.</param>
    /// <param name="dialect">The client's dialect.</param>
    /// <param name="server">The span of the request; null when it is not traced.</param>
    public static RequestTraits Read(HttpContext http, string requestId, string apiType, DialectId dialect, Activity? server)
    {
        IHeaderDictionary headers = http.Request.Headers;
        IReadOnlyDictionary<string, string>? labels = RequestTags.Read(headers, out bool readable);
        return new RequestTraits(requestId, apiType, dialect)
        {
            InvocationId = http.Features.Get<InvocationScope>()?.Id,
            TraceId = TraceContext.IdOf(headers, server),
            UserAgent = RecordText.Name(headers.UserAgent, LongestValue),
            Agent = CodingAgent.Of(http.Request),
            SessionId = ClientSession.Of(headers),
            ClientAddress = AddressOf(http.Connection.RemoteIpAddress),
            Tags = labels,
            BadTags = !readable,
        };
    }

    /// <summary>An address of the old kind that came in over a socket for both kinds is written as what it is.</summary>
    private static string? AddressOf(IPAddress? address) => (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString();
}
