using Microsoft.AspNetCore.Http;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Pipeline;

/// <summary>Errors in the envelope that the caller's own SDK understands.</summary>
internal static class ErrorAnswer
{
    /// <summary>Names the request on every answer, in the headers that the vendors' clients look at.</summary>
    public static void Identify(HttpContext http, IDialect dialect, string requestId)
    {
        http.Response.Headers["x-request-id"] = requestId;
        if (dialect.Id == DialectIds.Messages)
        {
            http.Response.Headers["request-id"] = requestId;
        }
    }

    /// <summary>Prepares status and headers, and writes the body into a buffer.</summary>
    public static void Prepare(HttpContext http, IDialect dialect, GatewayError error, string requestId, PooledBuffer body)
    {
        HttpResponse response = http.Response;
        response.StatusCode = error.Status;
        response.ContentType = "application/json";
        HeaderPolicy.RetryAfter(error, response.Headers);
        switch (error.Kind)
        {
            case ErrorKind.Authentication:
                response.Headers.WWWAuthenticate = "Bearer";
                break;
            case ErrorKind.TooLarge:
                // What is left of the body is not worth reading.
                response.Headers.Connection = "close";
                break;
        }

        dialect.EncodeError(error, requestId, body);
    }

    /// <summary>Writes an error as the whole answer.</summary>
    public static async Task WriteAsync(HttpContext http, IDialect dialect, GatewayError error, string requestId)
    {
        using var body = new PooledBuffer();
        Identify(http, dialect, requestId);
        Prepare(http, dialect, error, requestId, body);
        http.Response.ContentLength = body.Length;
        await http.Response.Body.WriteAsync(body.Written, http.RequestAborted);
    }
}
