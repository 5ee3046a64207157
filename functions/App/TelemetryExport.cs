using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Instrumentation.AspNetCore;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Telemetry;

namespace Serverless.App;

/// <summary>
/// The OpenTelemetry SDK, which listens to the gateway and to ASP.NET Core and exports what it hears. Where nothing is exported none of it is made, and ASP.NET Core
/// makes no activity for a request either.
/// </summary>
internal static class TelemetryExport
{
    private const string ServiceName = "serverless-gateway";

    /// <summary>The SDK's own default.</summary>
    private static readonly Sampler Parents = new ParentBasedSampler(new AlwaysOnSampler());

    /// <summary>
    /// The default behind a Functions host. The host gives every request a <c>traceparent</c> that has none, and unless it traces itself, one that says
    /// "not sampled": to follow that would be to see no trace at all. What a caller decided cannot be told apart from it.
    /// </summary>
    private static readonly Sampler BehindHost = new ParentBasedSampler(new AlwaysOnSampler(), remoteParentNotSampled: new AlwaysOnSampler());

    /// <summary>The standard samplers, https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/, by the ratio that some of them need.</summary>
    private static readonly Dictionary<string, Func<double, Sampler>> Samplers = new()
    {
        ["always_on"] = static _ => new AlwaysOnSampler(),
        ["always_off"] = static _ => new AlwaysOffSampler(),
        ["traceidratio"] = static ratio => new TraceIdRatioBasedSampler(ratio),
        ["parentbased_always_on"] = static _ => new ParentBasedSampler(new AlwaysOnSampler()),
        ["parentbased_always_off"] = static _ => new ParentBasedSampler(new AlwaysOffSampler()),
        ["parentbased_traceidratio"] = static ratio => new ParentBasedSampler(new TraceIdRatioBasedSampler(ratio)),
    };

    /// <summary>Meters of ASP.NET Core and the runtime.</summary>
    private static readonly string[] Meters = ["Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Runtime"];

    /// <summary>Sets it up as the settings say.</summary>
    /// <param name="builder">The App.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="behindFunctionsHost">True when a Functions host stands in front.</param>
    public static void Apply(WebApplicationBuilder builder, TelemetrySettings settings, bool behindFunctionsHost)
    {
        if (!settings.IsOn)
        {
            // With this logger on, ASP.NET Core makes an activity for every request, whether anybody listens or not. What it says of a failed start is thrown as well.
            builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
            return;
        }

        // ASP.NET Core sets most of HTTP's attributes by itself then, which spares the instrumentation the work; the default from .NET 11 on.
        AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);
        OpenTelemetryBuilder telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(resource => Describe(resource, builder.Configuration));
        if (settings.AzureMonitor is not null || settings.Otlp is { Traces: not null })
        {
            telemetry.WithTracing(tracing => Export(tracing.AddSource(GatewayTelemetry.Name).AddAspNetCoreInstrumentation(Configure), settings, behindFunctionsHost));
        }

        if (settings.AzureMonitor is not null || settings.Otlp is { Metrics: not null })
        {
            telemetry.WithMetrics(metrics => Export(metrics.AddMeter(GatewayTelemetry.Name).AddMeter(Meters), settings));
        }
    }

    private static void Export(TracerProviderBuilder tracing, TelemetrySettings settings, bool behindFunctionsHost)
    {
        if (settings.Otlp is { Traces: { } signal } otlp)
        {
            tracing.AddOtlpExporter(options => Configure(options, otlp, signal, "v1/traces"));
        }

        if (settings.AzureMonitor is { } azure)
        {
            tracing.AddAzureMonitorTraceExporter(options => Configure(options, azure));
        }

        // Azure's exporter has set its own by now: five traces a second, whatever the caller's flag says. That stays where nobody else is exported to, and where one
        // of Azure's is asked for.
        if (settings.Sampler is null)
        {
            if (settings.Otlp is { Traces: not null })
            {
                tracing.SetSampler(behindFunctionsHost ? BehindHost : Parents);
            }
        }
        else if (Samplers.TryGetValue(settings.Sampler, out Func<double, Sampler>? make))
        {
            tracing.SetSampler(make(settings.SamplerRatio));
        }
    }

    private static void Export(MeterProviderBuilder metrics, TelemetrySettings settings)
    {
        if (settings.Otlp is { Metrics: { } signal } otlp)
        {
            metrics.AddOtlpExporter(options => Configure(options, otlp, signal, "v1/metrics"));
        }

        if (settings.AzureMonitor is { } azure)
        {
            metrics.AddAzureMonitorMetricExporter(options => Configure(options, azure));
        }
    }

    private static void Configure(AspNetCoreTraceInstrumentationOptions options)
    {
        // A probe every few seconds says nothing that its metrics do not.
        options.Filter = static http => !http.Request.Path.StartsWithSegments("/health");
    }

    private static void Configure(OtlpExporterOptions options, OtlpSettings settings, OtlpSignal signal, string path)
    {
        // The variables for both signals have been read into the options already.
        if ((settings.Protocol ?? signal.Protocol) is { } protocol)
        {
            options.Protocol = protocol == OtlpProtocol.Grpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        }

        if (settings.Endpoint is { } endpoint)
        {
            options.Endpoint = options.Protocol == OtlpExportProtocol.Grpc ? endpoint : new Uri($"{endpoint.AbsoluteUri.TrimEnd('/')}/{path}");
        }
        else if (signal.Endpoint is { } whole)
        {
            options.Endpoint = whole;
        }

        options.Headers = (settings.Headers ?? signal.Headers)?.Reveal() ?? options.Headers;
        options.TimeoutMilliseconds = signal.TimeoutMilliseconds ?? options.TimeoutMilliseconds;
    }

    private static void Configure(AzureMonitorExporterOptions options, AzureMonitorSettings settings)
    {
        options.ConnectionString = settings.ConnectionString.Reveal();
        if (settings.UseIdentity)
        {
            options.Credential = new DefaultAzureCredential(new DefaultAzureCredentialOptions { ManagedIdentityClientId = settings.ClientId });
        }
    }

    private static void Describe(ResourceBuilder resource, IConfiguration configuration) => resource
        .AddService(configuration["WEBSITE_SITE_NAME"] ?? ServiceName, serviceVersion: RequestTraits.GatewayVersion, serviceInstanceId: RequestTraits.Instance)
        .AddEnvironmentVariableDetector();      // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES over it
}
