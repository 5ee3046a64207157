using System.Collections.Frozen;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Providers;

namespace Serverless.Gateway.Routing;

/// <summary>
/// The configured endpoints, and every model of a provider as <c>provider/model</c>. An endpoint's exact name goes first; a bare model name is
/// an endpoint only when it is configured as one, since two providers may have it.
/// </summary>
internal sealed class EndpointDirectory : IEndpointDirectory
{
    /// <summary>Longest name that is looked at; it goes into records.</summary>
    private const int MaxName = 512;

    private readonly ModelCatalogue _catalogue;
    private readonly DateTimeOffset _created;
    private readonly bool _requirePrice;
    private readonly FrozenDictionary<string, GatewayEndpoint> _endpoints;
    private readonly IReadOnlyList<Catalogued> _catalogued;
    private readonly FrozenDictionary<string, Catalogued>.AlternateLookup<ReadOnlySpan<char>> _byProvider;

    public EndpointDirectory(GatewaySettings settings, GatewayLimits limits, ModelCatalogue catalogue, TimeProvider time)
    {
        _catalogue = catalogue;
        _created = time.GetUtcNow();
        _requirePrice = settings.Prices.Required;
        Providers = settings.Providers.ToFrozenDictionary(provider => provider.Name, provider => provider.Kind.Create(provider, limits));
        _endpoints = settings.Endpoints.ToFrozenDictionary(endpoint => endpoint.Name, EndpointOf);
        _catalogued = [.. settings.Providers
            .Where(provider => provider.Models is not { Count: 0 })
            .Select(provider => new Catalogued(Providers[provider.Name], provider.Models))];
        _byProvider = _catalogued.ToFrozenDictionary(entry => entry.Provider.Name).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>The providers by name.</summary>
    public FrozenDictionary<string, IProvider> Providers { get; }

    /// <inheritdoc/>
    public GatewayEndpoint? Find(string name)
    {
        if (_endpoints.TryGetValue(name, out GatewayEndpoint? endpoint))
        {
            return endpoint;
        }

        int slash = name.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && name.Length is var length && length > slash + 1 && length <= MaxName
            && _byProvider.TryGetValue(name.AsSpan(0, slash), out Catalogued? entry) && entry.Serves(name.AsSpan(slash + 1))
            ? EndpointOf(entry.Provider, name[(slash + 1)..])
            : null;
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<GatewayEndpoint>> ListAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<string>[] models = await Task.WhenAll(_catalogued.Select(ModelsOf)).WaitAsync(cancellationToken);
        List<GatewayEndpoint> all = [.. _endpoints.Values.OrderBy(endpoint => endpoint.Name, StringComparer.Ordinal)];
        foreach ((Catalogued entry, IReadOnlyList<string> names) in _catalogued.Zip(models))
        {
            all.AddRange(names.Select(model => EndpointOf(entry.Provider, model)).Where(endpoint => !_endpoints.ContainsKey(endpoint.Name)));
        }

        return all;
    }

    private Task<IReadOnlyList<string>> ModelsOf(Catalogued entry) =>
        entry.Models is not null ? Task.FromResult(entry.Models)
        : entry.Provider.ModelsPath is null ? Task.FromResult<IReadOnlyList<string>>([])
        : _catalogue.ListAsync(entry.Provider);

    private GatewayEndpoint EndpointOf(EndpointSettings endpoint) => new(
        endpoint.Name,
        [.. endpoint.Destinations.Select(destination => new Destination(destination.Name, Providers[destination.Provider], destination.Model))])
    {
        OnUnsupported = endpoint.OnUnsupported,
        Task = endpoint.Task,
        DisplayName = endpoint.DisplayName,
        RequirePrice = endpoint.RequirePrice ?? _requirePrice,
        Created = _created,
    };

    private GatewayEndpoint EndpointOf(IProvider provider, string model)
    {
        string name = $"{provider.Name}/{model}";
        return new GatewayEndpoint(name, [new Destination(name, provider, model)]) { Created = _created, RequirePrice = _requirePrice };
    }

    /// <summary>A provider whose models are endpoints.</summary>
    /// <param name="Provider">Who it is.</param>
    /// <param name="Models">The models; null for all that it has.</param>
    private sealed record Catalogued(IProvider Provider, IReadOnlyList<string>? Models)
    {
        public bool Serves(ReadOnlySpan<char> model)
        {
            if (Models is null)
            {
                return true;
            }

            foreach (string known in Models)
            {
                if (model.SequenceEqual(known))
                {
                    return true;
                }
            }

            return false;
        }
    }
}
