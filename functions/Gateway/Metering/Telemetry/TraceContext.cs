using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace Serverless.Gateway.Metering.Telemetry;

/// <summary>
/// W3C Trace Context, https://www.w3.org/TR/trace-context/. ASP.NET Core takes it in; to a provider goes what <see cref="TracePropagation"/> allows: the id of
/// the call's span while somebody listens, else what the client itself has sent, and nothing where there is neither. <c>baggage</c> never goes on.
/// </summary>
internal static class TraceContext
{
    private const string Parent = "traceparent";
    private const string State = "tracestate";

    /// <summary>Adds the headers for a provider.</summary>
    /// <param name="headers">Where to.</param>
    /// <param name="client">The client's headers.</param>
    /// <param name="current">The span that the provider's work belongs to; null while nobody listens.</param>
    /// <param name="propagation">What may go.</param>
    public static void Add(List<KeyValuePair<string, string>> headers, IHeaderDictionary client, Activity? current, TracePropagation propagation)
    {
        if (propagation == TracePropagation.None)
        {
            return;
        }

        string? parent = current is { IdFormat: ActivityIdFormat.W3C } ? current.Id : Valid(client);
        if (parent is null)
        {
            return;
        }

        headers.Add(new(Parent, parent));
        string? state = propagation == TracePropagation.All ? current is null ? client.TraceState.ToString() : current.TraceStateString : null;
        if (!string.IsNullOrEmpty(state))
        {
            headers.Add(new(State, state));
        }
    }

    /// <summary>The trace that a request belongs to: that of the server's span, else the one that the client names; null when there is none.</summary>
    public static string? IdOf(IHeaderDictionary client, Activity? server) =>
        server is { IdFormat: ActivityIdFormat.W3C } ? server.TraceId.ToHexString()
        : Valid(client) is { } parent ? parent.Substring(3, 32)
        : null;

    private static string? Valid(IHeaderDictionary client)
    {
        if (client.TraceParent.Count != 1)
        {
            return null;
        }

        string? parent = client.TraceParent[0];
        return ActivityContext.TryParse(parent, null, isRemote: true, out _) ? parent : null;
    }
}

/// <summary>What providers are sent of the trace that a request belongs to.</summary>
internal enum TracePropagation
{
    /// <summary><c>traceparent</c>, which holds ids and nothing else.</summary>
    TraceParent,

    /// <summary><c>tracestate</c> too, in which tracing systems keep what they like.</summary>
    All,

    /// <summary>Nothing.</summary>
    None,
}
