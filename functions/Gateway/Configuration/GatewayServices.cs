using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Serverless.Gateway.Access;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Pipeline;
using Serverless.Gateway.Routing;

namespace Serverless.Gateway.Configuration;

/// <summary>The gateway's table of contents.</summary>
public static class GatewayServices
{
    /// <summary>Reads the configuration and registers everything that the gateway consists of.</summary>
    /// <exception cref="GatewayConfigurationException">The configuration cannot be used; holds all its faults.</exception>
    public static IServiceCollection AddGateway(this IServiceCollection services, IConfiguration configuration) =>
        services.AddGateway(GatewaySettingsReader.Read(configuration));

    /// <summary>Registers everything that the gateway consists of.</summary>
    internal static IServiceCollection AddGateway(this IServiceCollection services, GatewaySettings settings)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(settings);
        services.AddSingleton(settings.Limits);

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

    /// <summary>Adds what stands before routing: in the open mode, the guard against web pages.</summary>
    public static IApplicationBuilder UseGatewayGuard(this IApplicationBuilder app) =>
        app.ApplicationServices.GetRequiredService<GatewaySettings>().IsOpen
            ? app.Use(static next => new LoopbackGuard(next).InvokeAsync)
            : app;
}
