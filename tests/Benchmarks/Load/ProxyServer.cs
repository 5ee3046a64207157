using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace Serverless.Benchmarks.Load;

/// <summary>A bare reverse proxy, to compare with: YARP's forwarder and nothing else.</summary>
internal static class ProxyServer
{
    public static async Task RunAsync(string url, string target)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        builder.Services.AddHttpForwarder();
        WebApplication app = builder.Build();
        IHttpForwarder forwarder = app.Services.GetRequiredService<IHttpForwarder>();
        using var connections = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false, ActivityHeadersPropagator = null });
        app.MapGet("/", (RequestDelegate)(c => c.Response.WriteAsync("ready")));
        app.MapPost("/{**path}", (RequestDelegate)(async c => await forwarder.SendAsync(c, target, connections, ForwarderRequestConfig.Empty)));
        await app.RunAsync();
    }
}
