using System.Collections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Serverless.Gateway.Endpoints;

/// <summary>Puts the Functions host's invocation id on every line that is logged for a request, since the host itself correlates nothing.</summary>
internal sealed class InvocationScope(string id) : IReadOnlyList<KeyValuePair<string, object?>>
{
    /// <inheritdoc/>
    public int Count => 1;

    /// <inheritdoc/>
    public KeyValuePair<string, object?> this[int index] =>
        index == 0 ? KeyValuePair.Create("InvocationId", (object?)id) : throw new ArgumentOutOfRangeException(nameof(index));

    /// <summary>The middleware.</summary>
    public static Func<RequestDelegate, RequestDelegate> Middleware(ILogger logger) => next => async context =>
    {
        if (context.Request.Headers["X-Azure-Functions-InvocationId"].ToString() is { Length: > 0 and <= 128 } id)
        {
            using (logger.BeginScope(new InvocationScope(id)))
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
