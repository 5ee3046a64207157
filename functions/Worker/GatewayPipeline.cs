using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Endpoints;

namespace Serverless.Worker;

/// <summary>The gateway as the custom handler serves it, within an invocation of the worker's.</summary>
public sealed class GatewayPipeline(IServiceProvider services)
{
    private readonly RequestDelegate _gateway = Build(new ApplicationBuilder(services));

    /// <summary>Serves the request; the answer is written when the task has ended.</summary>
    public Task RunAsync(HttpRequest request)
    {
        // The worker has chosen the function's endpoint; while that stands, the gateway's own routes would not be looked at.
        HttpContext http = request.HttpContext;
        http.SetEndpoint(null);
        request.RouteValues.Clear();
        return _gateway(http);
    }

    private static RequestDelegate Build(ApplicationBuilder app)
    {
        app.UseGateway();
        app.UseRouting();
        app.UseEndpoints(static endpoints => endpoints.MapGateway());
        return app.Build();
    }
}
