using Serverless.Gateway.Access;
using Serverless.Gateway.Metering.Prices;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Metering.Telemetry;
using Serverless.Gateway.Providers;
using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Configuration;

/// <summary>The whole configuration, checked: what is in here can be used.</summary>
internal sealed record GatewaySettings
{
    /// <summary>Where the gateway listens.</summary>
    public required ListenAddress Address { get; init; }

    /// <summary>Providers by name, the configured ones before those found in the environment.</summary>
    public required IReadOnlyList<ProviderSettings> Providers { get; init; }

    /// <summary>The named endpoints.</summary>
    public required IReadOnlyList<EndpointSettings> Endpoints { get; init; }

    /// <summary>Who may call; empty in the open mode.</summary>
    public required IReadOnlyList<CallerSettings> Callers { get; init; }

    /// <summary>Sizes and times.</summary>
    public required GatewayLimits Limits { get; init; }

    /// <summary>Where usage records are kept.</summary>
    public required UsageSettings Usage { get; init; }

    /// <summary>What models cost.</summary>
    public required PriceList Prices { get; init; }

    /// <summary>Whom the gateway tells of its work.</summary>
    public required TelemetrySettings Telemetry { get; init; }

    /// <summary>What whoever starts the gateway should know, though nothing is wrong.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>True when callers need no key: nobody but this machine can reach the gateway.</summary>
    public bool IsOpen => Callers.Count == 0;
}

/// <summary>One provider.</summary>
/// <param name="Name">Its name in this gateway; models are reachable as <c>name/model</c>.</param>
/// <param name="Kind">What it is, from <see cref="ProviderCatalog"/>.</param>
internal sealed record ProviderSettings(string Name, ProviderKind Kind)
{
    /// <summary>Where its API begins; null for a provider within this process.</summary>
    public Uri? BaseUrl { get; init; }

    /// <summary>The credential; null where none is needed or the platform's identity stands in for it.</summary>
    public Secret? ApiKey { get; init; }

    /// <summary>A dated API version (Azure); null for the undated one.</summary>
    public string? ApiVersion { get; init; }

    /// <summary>The dialects that it speaks, the preferred one first; null for what its kind speaks.</summary>
    public IReadOnlyList<DialectId>? Dialects { get; init; }

    /// <summary>Where it departs from its dialect; null for the ways of its kind.</summary>
    public DialectQuirks? Quirks { get; init; }

    /// <summary>Headers to send with every request, over the client's.</summary>
    public IReadOnlyList<KeyValuePair<string, Secret>> Headers { get; init; } = [];

    /// <summary>The models served as <c>name/model</c>; null for any that the provider has.</summary>
    public IReadOnlyList<string>? Models { get; init; }

    /// <summary>The setting by which it was found in the environment; null when it is configured.</summary>
    public string? FoundBy { get; init; }
}

/// <summary>One named endpoint.</summary>
internal sealed record EndpointSettings(string Name, IReadOnlyList<DestinationSettings> Destinations)
{
    /// <summary>What to do with a field that a destination cannot be told.</summary>
    public OnUnsupported OnUnsupported { get; init; }

    /// <summary>What the endpoint serves; null when that is not said.</summary>
    public EndpointTask? Task { get; init; }

    /// <summary>A name for people.</summary>
    public string? DisplayName { get; init; }

    /// <summary>Whether models without a price are refused; null for what counts everywhere.</summary>
    public bool? RequirePrice { get; init; }
}

/// <summary>One destination of an endpoint.</summary>
internal sealed record DestinationSettings(string Name, string Provider, string Model);

/// <summary>One caller.</summary>
internal sealed record CallerSettings(string Id, PrincipalType Type)
{
    /// <summary>What the caller may do besides asking models.</summary>
    public PrincipalRole Role { get; init; }

    /// <summary>SHA-256 of each of the caller's keys.</summary>
    public required IReadOnlyList<KeyHash> Keys { get; init; }

    /// <summary>Groups that the caller belongs to.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>Names of the endpoints that the caller may use, or patterns that end in <c>*</c>; null for all.</summary>
    public IReadOnlyList<string>? Endpoints { get; init; }
}
