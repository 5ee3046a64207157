using System.Collections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Serverless.Gateway.Metering;

/// <summary>
/// The Functions host's invocation of a request: a feature of it, and on every line that is logged for it, since the host itself correlates nothing.
/// </summary>
internal sealed class InvocationScope(string id) : IReadOnlyList<KeyValuePair<string, object?>>
{
    // A custom handler is sent both, an isolated worker the second.
    private static readonly string[] Headers = ["X-Azure-Functions-InvocationId", "x-ms-invocation-id"];

    /// <summary>The invocation's id.</summary>
    public string Id => id;

    /// <inheritdoc/>
    public int Count => 1;

    /// <inheritdoc/>
    public KeyValuePair<string, object?> this[int index] =>
        index == 0 ? KeyValuePair.Create("InvocationId", (object?)id) : throw new ArgumentOutOfRangeException(nameof(index));

    /// <summary>The middleware.</summary>
    public static Func<RequestDelegate, RequestDelegate> Middleware(ILogger logger) => next => async context =>
    {
        if (Headers.Select(header => context.Request.Headers[header].ToString()).FirstOrDefault(id => id.Length is > 0 and <= 128) is { } id)
        {
            var scope = new InvocationScope(id);
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
        yield return this[0];
    }

    /// <inheritdoc/>
    public override string ToString() => $"InvocationId:{id}";

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
