using Serverless.Gateway.Configuration;

namespace Serverless.Gateway.Metering.Telemetry;

/// <summary>Whom the gateway tells of its work, and how much of a trace goes on to providers.</summary>
internal sealed record TelemetrySettings
{
    /// <summary>What providers are sent of the trace that a request belongs to.</summary>
    public TracePropagation Propagate { get; init; }

    /// <summary>True for the names of the newest conventions for generative AI in place of those that most backends know.</summary>
    public bool LatestConventions { get; init; }

    /// <summary>Export by OTLP; null when it is off.</summary>
    public OtlpSettings? Otlp { get; init; }

    /// <summary>Export to Azure Monitor; null when it is off.</summary>
    public AzureMonitorSettings? AzureMonitor { get; init; }

    /// <summary>The sampler that is asked for, a standard one or one of Azure's; null for the usual one.</summary>
    public string? Sampler { get; init; }

    /// <summary>The share of traces that a sampler by ratio keeps, 0 to 1.</summary>
    public double SamplerRatio { get; init; } = 1;

    /// <summary>True when anything is exported.</summary>
    public bool IsOn => Otlp is not null || AzureMonitor is not null;
}

/// <summary>Export by OTLP. What is null is read by the exporter from the standard variables (<c>OTEL_EXPORTER_OTLP_…</c>) or is its default.</summary>
internal sealed record OtlpSettings
{
    /// <summary>Where the collector is; for HTTP without <c>/v1/traces</c>.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>How it is spoken to.</summary>
    public OtlpProtocol? Protocol { get; init; }

    /// <summary>Headers, as <c>name=value,name=value</c>.</summary>
    public Secret? Headers { get; init; }

    /// <summary>What is said of traces alone; null when <c>OTEL_TRACES_EXPORTER=none</c>.</summary>
    public OtlpSignal? Traces { get; init; }

    /// <summary>What is said of metrics alone; null when <c>OTEL_METRICS_EXPORTER=none</c>.</summary>
    public OtlpSignal? Metrics { get; init; }
}

/// <summary>What the variables say of one signal (<c>OTEL_EXPORTER_OTLP_TRACES_…</c>), which goes over what they say of both. The exporter does not read these.</summary>
/// <param name="Endpoint">Where the collector takes the signal: for HTTP the whole address.</param>
/// <param name="Protocol">How it is spoken to.</param>
/// <param name="Headers">Headers, as <c>name=value,name=value</c>.</param>
/// <param name="TimeoutMilliseconds">How long an export may take.</param>
internal sealed record OtlpSignal(Uri? Endpoint, OtlpProtocol? Protocol, Secret? Headers, int? TimeoutMilliseconds);

/// <summary>The ways to speak OTLP.</summary>
internal enum OtlpProtocol
{
    /// <summary>gRPC.</summary>
    Grpc,

    /// <summary>Protocol buffers over HTTP.</summary>
    HttpProtobuf,
}

/// <summary>Export to Azure Monitor.</summary>
/// <param name="ConnectionString">The resource of Application Insights.</param>
/// <param name="UseIdentity">True to show the gateway's Microsoft Entra identity, which resources without local authentication ask for.</param>
/// <param name="ClientId">The user-assigned identity; null for the default one.</param>
internal sealed record AzureMonitorSettings(Secret ConnectionString, bool UseIdentity, string? ClientId);
