using Serverless.Gateway.Providers;

namespace Serverless.Gateway.Routing;

/// <summary>What a client names as its model: a governed name with the destinations behind it.</summary>
/// <param name="Name">The name; may contain <c>.</c>, <c>/</c>, <c>-</c>, <c>:</c>.</param>
/// <param name="Destinations">In order: a refusal before the first content goes to the next. Never empty.</param>
public sealed record GatewayEndpoint(string Name, IReadOnlyList<Destination> Destinations)
{
    /// <summary>What to do with a field that the chosen destination cannot be told.</summary>
    public OnUnsupported OnUnsupported { get; init; }

    /// <summary>What the endpoint serves; null when that is not known (a provider's whole catalogue).</summary>
    public EndpointTask? Task { get; init; }

    /// <summary>True when a destination whose model has no price is not asked.</summary>
    public bool RequirePrice { get; init; }

    /// <summary>When the endpoint was made, for model lists.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>A name for people, for model lists; null for <see cref="Name"/>.</summary>
    public string? DisplayName { get; init; }
}

/// <summary>One model at one provider.</summary>
/// <param name="Name">Unique within its endpoint; in usage records and attempts.</param>
/// <param name="Provider">Who serves it.</param>
/// <param name="Model">The model's (or deployment's) name at the provider.</param>
public sealed record Destination(string Name, IProvider Provider, string Model);

/// <summary>What to do with a field that a target dialect cannot say.</summary>
public enum OnUnsupported
{
    /// <summary>Leave it out and say so in <c>x-gateway-dropped</c> and the usage record.</summary>
    Drop,

    /// <summary>Refuse the request with a 400 that names the field.</summary>
    Reject,
}

/// <summary>What an endpoint serves.</summary>
public enum EndpointTask
{
    /// <summary>Chat answers.</summary>
    Chat,

    /// <summary>Embeddings.</summary>
    Embeddings,
}

/// <summary>The endpoints that this gateway serves.</summary>
public interface IEndpointDirectory
{
    /// <summary>The endpoint of that name, or null. Names are compared exactly.</summary>
    GatewayEndpoint? Find(string name);

    /// <summary>All endpoints that can be listed, a provider's catalogue included where it can be had quickly.</summary>
    ValueTask<IReadOnlyList<GatewayEndpoint>> ListAsync(CancellationToken cancellationToken);
}
