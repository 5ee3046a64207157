using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Serverless.Gateway.Access;
using Serverless.Gateway.Endpoints;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Pipeline;
using Serverless.Gateway.Routing;

namespace Serverless.Gateway.Configuration;

/// <summary>The gateway's table of contents.</summary>
public static class GatewayServices
{
    /// <summary>Reads the configuration and registers everything that the gateway consists of.</summary>
    /// <param name="services">Where they are registered.</param>
    /// <param name="configuration">What is served, see <see cref="GatewayFile"/>.</param>
    /// <param name="isolatedWorker">
    /// True in an isolated worker of Azure Functions. It carries the requests of the world though it listens on loopback, so that it does not start
    /// without callers.
    /// </param>
    /// <exception cref="GatewayConfigurationException">The configuration cannot be used; holds all its faults.</exception>
    public static IServiceCollection AddGateway(this IServiceCollection services, IConfiguration configuration, bool isolatedWorker = false) =>
        services.AddGateway(GatewaySettingsReader.Read(configuration, isolatedWorker));

    /// <summary>Registers everything that the gateway consists of.</summary>
    internal static IServiceCollection AddGateway(this IServiceCollection services, GatewaySettings settings)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(settings);
        services.AddSingleton(settings.Limits);
        services.AddSingleton(settings.Telemetry);

        // Routing: what a client can name as its model
        services.AddSingleton<ModelCatalogue>();
        services.AddSingleton<EndpointDirectory>();
        services.AddSingleton<IEndpointDirectory>(provider => provider.GetRequiredService<EndpointDirectory>());

        // Access: who may
        services.AddSingleton<IAccessControl>(settings.IsOpen ? new OpenAccess() : new ConfiguredCallers(settings.Callers));

        // Metering: what requests cost, where usage records go, and the reports over them
        services.AddSingleton(settings.Prices);
        services.AddUsage(settings.Usage);

        // The request path, from a client's bytes to a provider and back, and the record of it
        return services.AddGatewayPipeline();
    }

    /// <summary>
    /// Adds what every request passes before it is routed: behind a Functions host, belief in its headers and the invocation's id on every line of
    /// the log; in the open mode, the guard against web pages.
    /// </summary>
    public static IApplicationBuilder UseGateway(this IApplicationBuilder app)
    {
        GatewaySettings settings = app.ApplicationServices.GetRequiredService<GatewaySettings>();
        if (settings.Address.BehindFunctionsHost)
        {
            // The host in front overwrites these; elsewhere a client could write into them what it likes. Nobody but the host connects to the
            // loopback port, and in an isolated worker the connection's address has been replaced by then: so every address is a known proxy.
            var forwarded = new ForwardedHeadersOptions
            {
                ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedHost | ForwardedHeaders.XForwardedProto,
                ForwardedForHeaderName = "client-ip",
                ForwardLimit = 1,
            };
            forwarded.KnownIPNetworks.Clear();
            forwarded.KnownProxies.Clear();
            app.UseForwardedHeaders(forwarded);
            app.Use(InvocationScope.Middleware(app.ApplicationServices.GetRequiredService<ILogger<InvocationScope>>()));
        }

        return settings.IsOpen ? app.Use(static next => new LoopbackGuard(next).InvokeAsync) : app;
    }
}
