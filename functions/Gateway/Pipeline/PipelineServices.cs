using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Prices;
using Serverless.Gateway.Metering.Telemetry;

namespace Serverless.Gateway.Pipeline;

/// <summary>The parts of the request path.</summary>
internal static class PipelineServices
{
    /// <summary>
    /// Adds the request path. Callers, endpoints (<c>IAccessControl</c>, <c>IEndpointDirectory</c>) are the caller's to add; limits, the clock, the
    /// usage store and the price list have defaults.
    /// </summary>
    public static IServiceCollection AddGatewayPipeline(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<GatewayLimits>();
        services.TryAddSingleton<IUsageStore, LogUsageStore>();
        services.TryAddSingleton(_ => new PriceList());
        services.TryAddSingleton<TelemetrySettings>();
        services.AddSingleton(p => new GatewayTelemetry(p.GetRequiredService<TelemetrySettings>().LatestConventions));
        services.AddSingleton<ExchangeServices>();
        services.AddSingleton<Upstream>();
        services.AddSingleton<ChatGateway>();
        services.AddSingleton<EmbeddingGateway>();
        services.AddSingleton<TokenCountGateway>();
        return services;
    }
}
