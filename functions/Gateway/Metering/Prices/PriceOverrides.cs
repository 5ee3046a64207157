using System.Collections.Frozen;

namespace Serverless.Gateway.Metering.Prices;

/// <summary>What the operator says about prices.</summary>
internal sealed record PriceOverrides
{
    /// <summary>Nothing.</summary>
    public static readonly PriceOverrides None = new();

    /// <summary>The whole price, in millionths of it.</summary>
    public const long Million = 1_000_000;

    /// <summary>A list that goes before the built-in one.</summary>
    public (string Date, IReadOnlyDictionary<string, ProviderPrices> Providers)? File { get; init; }

    /// <summary>Prices of single models, by names of the form <c>provider/model</c>.</summary>
    public IReadOnlyList<PriceEntry> Models { get; init; } = [];

    /// <summary>Models that cost what a model of a list does: <c>provider/model</c> with the kind of provider and the model.</summary>
    public IReadOnlyList<(PriceEntry Names, string Kind, string Model)> Like { get; init; } = [];

    /// <summary>Millionths of the price that are paid, by provider.</summary>
    public FrozenDictionary<string, long> ProviderShares { get; init; } = FrozenDictionary<string, long>.Empty;

    /// <summary>Millionths of the price that are paid, by endpoint.</summary>
    public FrozenDictionary<string, long> EndpointShares { get; init; } = FrozenDictionary<string, long>.Empty;

    /// <summary>True when requests to models without a price are refused at every endpoint.</summary>
    public bool Required { get; init; }

    /// <summary>All of it as a text that changes with it.</summary>
    public string Fingerprint { get; init; } = "";

    /// <summary>The share of the price that is paid, in parts of <see cref="PriceList.Whole"/>. Both discounts count, one after the other.</summary>
    public long ShareOf(string provider, string? endpoint) =>
        ProviderShares.GetValueOrDefault(provider, Million) * (endpoint is null ? Million : EndpointShares.GetValueOrDefault(endpoint, Million));

    /// <summary>The model of a list that a model is priced like.</summary>
    public (string Kind, string Model)? LikeOf(string provider, string asked, string? served)
    {
        foreach ((PriceEntry names, string kind, string model) in Like)
        {
            if (names.Fits($"{provider}/{asked}") > 0 || (served is not null && names.Fits($"{provider}/{served}") > 0))
            {
                return (kind, model);
            }
        }

        return null;
    }
}
