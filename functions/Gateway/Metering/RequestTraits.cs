using System.Diagnostics;
using System.Text.Json;
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

    /// <summary>Most labels that are kept.</summary>
    private const int MostTags = 64;

    /// <summary>Both may be there; where they name the same label, the later one of these counts.</summary>
    private static readonly string[] TagHeaders = ["Databricks-Ai-Gateway-Request-Tags", "x-gateway-tags"];

    /// <summary>Claude Code, Codex, opencode, and a name of our own.</summary>
    private static readonly string[] SessionHeaders = ["x-claude-code-session-id", "session-id", "session_id", "x-session-id", "x-gateway-session"];

    /// <summary>The Functions host's invocation id.</summary>
    public string? InvocationId { get; private init; }

    /// <summary>The W3C trace that the request belongs to, 32 hexadecimal digits.</summary>
    public string? TraceId { get; private init; }

    /// <summary>The client's <c>User-Agent</c>.</summary>
    public string? UserAgent { get; private init; }

    /// <summary>The coding agent that the user agent names.</summary>
    public string? Agent { get; private init; }

    /// <summary>The client's session, where it names one.</summary>
    public string? SessionId { get; private init; }

    /// <summary>The address that the connection comes from; a host in front tells the caller's by rewriting it.</summary>
    public string? ClientAddress { get; private init; }

    /// <summary>The client's labels; null when there are none.</summary>
    public IReadOnlyDictionary<string, string>? Tags { get; private init; }

    /// <summary>True when there was a header with labels that could not be read.</summary>
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
        Dictionary<string, string>? labels = null;
        bool readable = true;
        foreach (string name in TagHeaders)
        {
            readable &= TryReadTags(headers[name].ToString(), ref labels);
        }

        return new RequestTraits(requestId, apiType, dialect)
        {
            InvocationId = http.Features.Get<InvocationScope>()?.Id,
            TraceId = TraceContext.IdOf(headers, server),
            UserAgent = Cut(headers.UserAgent),
            Agent = CodingAgent.NameOf(headers.UserAgent),
            SessionId = Cut(First(headers, SessionHeaders)),
            ClientAddress = http.Connection.RemoteIpAddress?.ToString(),
            Tags = labels,
            BadTags = !readable,
        };
    }

    private static string? First(IHeaderDictionary headers, string[] names)
    {
        foreach (string name in names)
        {
            if (headers.TryGetValue(name, out var values) && values.ToString() is { Length: > 0 } value)
            {
                return value;
            }
        }

        return null;
    }

    private static string? Cut(string? value) => value switch
    {
        null or "" => null,
        { Length: > LongestValue } => value[..LongestValue],
        _ => value,
    };

    /// <summary>Adds the labels of a header; none of them when they are not as they must be.</summary>
    private static bool TryReadTags(string json, ref Dictionary<string, string>? tags)
    {
        if (json.Length == 0)
        {
            return true;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return false;
            }

            Dictionary<string, string> all = tags is null ? [] : new(tags);
            foreach (JsonProperty tag in document.RootElement.EnumerateObject())
            {
                if (tag.Value.ValueKind != JsonValueKind.String || all.Count >= MostTags)
                {
                    return false;
                }

                all[tag.Name] = tag.Value.GetString()!;
            }

            tags = all.Count > 0 ? all : null;
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
