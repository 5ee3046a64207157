using Microsoft.AspNetCore.Http;
using Serverless.Gateway.Access;
using Serverless.Gateway.Pipeline;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Endpoints;

/// <summary>Answers of the gateway about itself, reports and status: for a known caller alone, never kept by anybody on the way.</summary>
internal static class OperatorAnswer
{
    /// <summary>The shape of their errors.</summary>
    public static readonly IDialect Envelope = DialectCatalog.ChatDialect(DialectIds.ChatCompletions);

    /// <summary>Answers with what is written for the caller, or with the error that is thrown.</summary>
    /// <param name="http">The request.</param>
    /// <param name="access">Who knows the callers.</param>
    /// <param name="time">The clock.</param>
    /// <param name="write">Writes the body and says its content type.</param>
    public static async Task WriteAsync(HttpContext http, IAccessControl access, TimeProvider time, Func<Principal, PooledBuffer, Task<string>> write)
    {
        string requestId = RequestId.Next(time.GetUtcNow());
        try
        {
            Principal principal = await access.AuthenticateAsync(Credentials.Read(http.Request), http.RequestAborted);
            using var body = new PooledBuffer();
            string contentType = await write(principal, body);
            ErrorAnswer.Identify(http, Envelope, requestId);
            http.Response.ContentType = contentType;
            http.Response.ContentLength = body.Length;
            http.Response.Headers.CacheControl = "no-store";
            http.Response.Headers.XContentTypeOptions = "nosniff";
            await http.Response.Body.WriteAsync(body.Written, http.RequestAborted);
        }
        catch (GatewayException e)
        {
            await ErrorAnswer.WriteAsync(http, Envelope, e.Error, requestId);
        }
    }
}
