using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Serverless.Gateway.Pipeline;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Endpoints;

/// <summary>Maps the routes of an API family and answers for what it does not have in the family's own envelope.</summary>
internal sealed class RouteFamily(IEndpointRouteBuilder endpoints, IDialect dialect)
{
    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];
    private static readonly string[] Posting = [HttpMethods.Post];

    /// <summary>A route that is posted to.</summary>
    public void Post(string pattern, RequestDelegate handler)
    {
        endpoints.MapMethods(pattern, Posting, handler);
        NoOtherMethod(pattern, Posting);
    }

    /// <summary>A route that is read; HEAD is answered as GET without its body.</summary>
    public void Get(string pattern, RequestDelegate handler)
    {
        endpoints.MapMethods(pattern, Reading, handler);
        NoOtherMethod(pattern, Reading);
    }

    /// <summary>A route that is read and posted to.</summary>
    public void GetAndPost(string pattern, RequestDelegate read, RequestDelegate posted)
    {
        endpoints.MapMethods(pattern, Reading, read);
        endpoints.MapMethods(pattern, Posting, posted);
        NoOtherMethod(pattern, [.. Reading, .. Posting]);
    }

    /// <summary>Whatever else is below a path does not exist.</summary>
    public void NothingElse(string path)
    {
        endpoints.Map($"{path}/{{**rest}}", (RequestDelegate)NotFound);
        if (path.Length > 0)
        {
            // Agents probe their base URL before they use it.
            endpoints.MapMethods(path, Reading, (RequestDelegate)(http =>
            {
                ErrorAnswer.Identify(http, dialect, NewId());
                return Task.CompletedTask;
            }));
        }
    }

    /// <summary>Answers that there is nothing here.</summary>
    public Task NotFound(HttpContext http) => RefuseAsync(http, new GatewayError(
        ErrorKind.NotFound,
        StatusCodes.Status404NotFound,
        $"There is no {http.Request.Method} {http.Request.Path} here.")
    { Code = "unknown_route" });

    private void NoOtherMethod(string pattern, string[] methods)
    {
        string allowed = string.Join(", ", methods);
        endpoints.Map(pattern, (RequestDelegate)(http => OtherMethodAsync(http, allowed)));
    }

    private Task OtherMethodAsync(HttpContext http, string allowed)
    {
        http.Response.Headers.Allow = allowed;
        if (HttpMethods.IsOptions(http.Request.Method))
        {
            ErrorAnswer.Identify(http, dialect, NewId());
            http.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }

        return RefuseAsync(http, new GatewayError(
            ErrorKind.MethodNotAllowed,
            StatusCodes.Status405MethodNotAllowed,
            $"This route takes {allowed}, not {http.Request.Method}.")
        { Code = "method_not_allowed" });
    }

    private Task RefuseAsync(HttpContext http, GatewayError error) => ErrorAnswer.WriteAsync(http, dialect, error, NewId());

    private static string NewId() => RequestId.Next(DateTimeOffset.UtcNow);
}
