using Microsoft.AspNetCore.Http;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Pipeline;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Endpoints;

/// <summary>
/// Keeps web pages out of a gateway that is open because only this machine can reach it: a browser on this machine can, too. Only requests
/// under a loopback name are served (DNS rebinding brings a foreign name), and none that a page of another origin makes.
/// </summary>
internal sealed class LoopbackGuard(RequestDelegate next)
{
    /// <summary>Serves the request or refuses it with a 403 in the caller's dialect.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        string? reason = Refusal(context.Request);
        return reason is null ? next(context) : RefuseAsync(context, reason);
    }

    private static string? Refusal(HttpRequest request)
    {
        if (!ListenAddress.IsLoopbackHost(request.Host.Host.Trim('[', ']')))
        {
            return "This gateway has no callers configured, so it serves only requests to localhost; this one names another host. "
                + "Configure 'callers' to serve it under other names.";
        }

        string origin = request.Headers.Origin.ToString();
        if (origin.Length > 0 && !(Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri) && ListenAddress.IsLoopbackHost(uri.Host.Trim('[', ']'))))
        {
            return "This gateway has no callers configured, so it serves no requests of web pages from elsewhere. Configure 'callers' to serve them.";
        }

        return null;
    }

    private static Task RefuseAsync(HttpContext context, string reason) => ErrorAnswer.WriteAsync(
        context,
        DialectOf(context.Request.Path),
        new GatewayError(ErrorKind.Permission, StatusCodes.Status403Forbidden, reason) { Code = "open_mode" },
        RequestId.Next(DateTimeOffset.UtcNow));

    // Stands before routing, so that no route can be reached around it; hence it looks at the path itself.
    private static IDialect DialectOf(PathString path) => path.Value switch
    {
        { } text when text.Contains("/anthropic/", StringComparison.OrdinalIgnoreCase) => DialectCatalog.ChatDialect(DialectIds.Messages),
        { } text when text.Contains("/gemini/", StringComparison.OrdinalIgnoreCase) => DialectCatalog.ChatDialect(DialectIds.GenerateContent),
        _ => DialectCatalog.ChatDialect(DialectIds.ChatCompletions),
    };
}
