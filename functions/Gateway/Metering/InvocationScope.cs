using System.Collections;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Serverless.Gateway.Metering.Telemetry;

namespace Serverless.Gateway.Metering;

/// <summary>
/// The Functions host's invocation of a request: a feature of it, and on every line that is logged for it, since the host itself correlates nothing. While no
/// telemetry is on, which would add it, the trace that the host names is on them too.
/// </summary>
internal sealed class InvocationScope(string id, string? traceId) : IReadOnlyList<KeyValuePair<string, object?>>
{
    // A custom handler is sent both, an isolated worker the second.
    private static readonly string[] Headers = ["X-Azure-Functions-InvocationId", "x-ms-invocation-id"];

    /// <summary>The invocation's id.</summary>
    public string Id => id;

    /// <inheritdoc/>
    public int Count => traceId is null ? 1 : 2;

    /// <inheritdoc/>
    public KeyValuePair<string, object?> this[int index] => index switch
    {
        0 => new("InvocationId", id),
        1 when traceId is not null => new("TraceId", traceId),
        _ => throw new ArgumentOutOfRangeException(nameof(index)),
    };

    /// <summary>The middleware.</summary>
    public static Func<RequestDelegate, RequestDelegate> Middleware(ILogger logger) => next => async context =>
    {
        if (Headers.Select(header => context.Request.Headers[header].ToString()).FirstOrDefault(id => id.Length is > 0 and <= 128) is { } id)
        {
            var scope = new InvocationScope(id, Activity.Current is null ? TraceContext.IdOf(context.Request.Headers, null) : null);
            context.Features.Set(scope);
            using (logger.BeginScope(scope))
            {
                await next(context);
            }
        }
        else
        {
            await next(context);
        }
    };

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", this.Select(pair => $"{pair.Key}:{pair.Value}"));

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
