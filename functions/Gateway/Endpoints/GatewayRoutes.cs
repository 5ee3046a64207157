using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Endpoints;

/// <summary>Everything that the world can call.</summary>
public static class GatewayRoutes
{
    /// <summary>Every route stands bare and under this prefix.</summary>
    private const string Prefix = "/ai-gateway";

    /// <summary>
    /// Maps the API families and the readiness probe. Needs the services of <c>AddGateway</c>. Every path that leads nowhere is answered with the
    /// error envelope of its family.
    /// </summary>
    public static IEndpointRouteBuilder MapGateway(this IEndpointRouteBuilder endpoints)
    {
        foreach (string root in (ReadOnlySpan<string>)["", Prefix])
        {
            MlflowRoutes.Map(endpoints, root);
            OpenAIRoutes.Map(endpoints, root);
            AnthropicRoutes.Map(endpoints, root);
            GeminiRoutes.Map(endpoints, root);
            ReportRoutes.Map(endpoints, root);
            AdminRoutes.Map(endpoints, root);
        }

        var other = new RouteFamily(endpoints, DialectCatalog.ChatDialect(DialectIds.ChatCompletions));
        other.Get("/", Ready);
        other.Get("/health", Ready);
        other.NothingElse("");
        return endpoints;
    }

    /// <summary>The Functions host asks for it every 25 ms until the process is up: it waits for nothing.</summary>
    private static Task Ready(HttpContext http)
    {
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync("""{"status":"ok"}""", http.RequestAborted);
    }
}
