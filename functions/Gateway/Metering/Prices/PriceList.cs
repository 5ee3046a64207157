using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Serverless.Gateway.Providers;
using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Metering.Prices;

/// <summary>
/// What models cost: the list of <c>prices.json</c>, under the operator's own list and prices, less discounts. It only ever prices requests that
/// end now; a record keeps the cost that was computed then, with the version of the list.
/// </summary>
internal sealed class PriceList
{
    /// <summary>The whole price, in the parts in which shares of it are told: exact for two percentages of four decimals.</summary>
    public const long Whole = PriceOverrides.Million * PriceOverrides.Million;

    /// <summary>Models that are remembered once looked for. What servers claim to have served is no name of ours, so there must be a bound.</summary>
    private const int MostKnown = 4096;

    private readonly PriceOverrides _overrides;
    private readonly IReadOnlyDictionary<string, ProviderPrices>[] _lists;
    private readonly ConcurrentDictionary<Asked, Found> _known = [];
    private int _count;

    /// <summary>The built-in list as it is.</summary>
    public PriceList()
        : this(PriceOverrides.None)
    {
    }

    /// <param name="overrides">What the operator says, checked.</param>
    public PriceList(PriceOverrides overrides)
    {
        _overrides = overrides;
        byte[] builtIn = PriceFile.BuiltIn();
        (string date, IReadOnlyDictionary<string, ProviderPrices> providers) = PriceFile.Read(builtIn);
        _lists = overrides.File is { } file ? [file.Providers, providers] : [providers];

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(builtIn);
        hash.AppendData(Encoding.UTF8.GetBytes(overrides.Fingerprint));
        Version = $"{overrides.File?.Date ?? date}.{Convert.ToHexStringLower(hash.GetHashAndReset(), 0, 4)}";
    }

    /// <summary>Names the list and everything that the operator says about prices: the list's date, and a hash of it all.</summary>
    public string Version { get; }

    /// <summary>True when requests to models without a price are refused at every endpoint.</summary>
    public bool Required => _overrides.Required;

    /// <summary>True when a destination's model has a price, or its answers tell what they cost.</summary>
    public bool Has(IProvider provider, string model, DateTimeOffset at) => Has(provider.Kind, provider.Name, model, at);

    /// <summary>True when a model has a price, or its answers tell what they cost.</summary>
    public bool Has(string kind, string provider, string model, DateTimeOffset at)
    {
        Found found = LookUp(kind, provider, model, null);
        return found.Reported || found.On(at) is not null;
    }

    /// <summary>What a request cost, in billionths of a dollar; null when there is no price for some of its tokens.</summary>
    /// <param name="destination">Who answered.</param>
    /// <param name="endpoint">The endpoint that the client named; it may have a discount.</param>
    /// <param name="served">The model that the provider says has served; null for the one that was asked.</param>
    /// <param name="tier">The service tier; null for the usual one.</param>
    /// <param name="usage">The tokens, or what the provider says they cost.</param>
    /// <param name="at">When the request was accepted.</param>
    public long? CostNanoUsd(Destination destination, string? endpoint, string? served, string? tier, TokenUsage usage, DateTimeOffset at)
    {
        Found found = LookUp(destination.Provider.Kind, destination.Provider.Name, destination.Model, served);
        long share = _overrides.ShareOf(destination.Provider.Name, endpoint);
        return found.Reported && usage.CostUsd is { } told
            ? TokenPrices.NanoUsd(told, share)
            : found.On(at)?.For(ModelPrice.TierOf(tier), usage.InputTokens ?? 0, at)?.CostNanoUsd(usage, share);
    }

    private Found LookUp(string kind, string provider, string asked, string? served)
    {
        var key = new Asked(provider, asked, served);
        if (!_known.TryGetValue(key, out Found? found))
        {
            found = Find(kind, provider, asked, served);
            if (Volatile.Read(ref _count) < MostKnown && _known.TryAdd(key, found))
            {
                Interlocked.Increment(ref _count);
            }
        }

        return found;
    }

    /// <summary>The operator's prices for a model, else those of the first list that knows the model that served, or was asked.</summary>
    private Found Find(string kind, string provider, string asked, string? served)
    {
        if ((Best(_overrides.Models, $"{provider}/{asked}") ?? (served is null ? null : Best(_overrides.Models, $"{provider}/{served}"))) is { } own)
        {
            return new Found(own, Reported: false);
        }

        bool priced = false;
        if (_overrides.LikeOf(provider, asked, served) is ({ } likeKind, { } likeModel))
        {
            (kind, asked, served, priced) = (likeKind, likeModel, null, true);
        }

        foreach (IReadOnlyDictionary<string, ProviderPrices> list in _lists)
        {
            if (!list.TryGetValue(kind, out ProviderPrices? prices))
            {
                continue;
            }

            ModelPrice[]? best = Best(prices.Models, prices.ByAsked ? asked : served ?? asked);
            bool reported = prices.Reported && !priced;
            if (best is not null || reported)
            {
                return new Found(best ?? [], reported);
            }
        }

        return new Found([], Reported: false);
    }

    private static ModelPrice[]? Best(IReadOnlyList<PriceEntry> entries, string model)
    {
        int best = 0;
        List<ModelPrice> found = [];
        foreach (PriceEntry entry in entries)
        {
            int fit = entry.Fits(model);
            if (fit > best)
            {
                best = fit;
                found.Clear();
            }

            if (fit > 0 && fit == best)
            {
                found.Add(entry.Price);
            }
        }

        return best == 0 ? null : [.. found.OrderByDescending(p => p.From)];
    }

    /// <summary>What is known of a model.</summary>
    /// <param name="Prices">Its prices, the latest first.</param>
    /// <param name="Reported">True when its answers tell what they cost.</param>
    private sealed record Found(ModelPrice[] Prices, bool Reported)
    {
        public ModelPrice? On(DateTimeOffset at)
        {
            DateOnly day = DateOnly.FromDateTime(at.UtcDateTime);
            foreach (ModelPrice price in Prices)
            {
                if (price.From <= day)
                {
                    return price;
                }
            }

            return null;
        }
    }

    private readonly record struct Asked(string Provider, string Model, string? Served);
}
