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
    private readonly IReadOnlyDictionary<string, IReadOnlyList<PriceEntry>>[] _lists;
    private readonly ConcurrentDictionary<Asked, ModelPrice[]> _known = [];
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
        (string date, IReadOnlyDictionary<string, IReadOnlyList<PriceEntry>> entries) = PriceFile.Read(builtIn);
        _lists = overrides.File is { } file ? [file.Entries, entries] : [entries];

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(builtIn);
        hash.AppendData(Encoding.UTF8.GetBytes(overrides.Fingerprint));
        Version = $"{overrides.File?.Date ?? date}.{Convert.ToHexStringLower(hash.GetHashAndReset(), 0, 4)}";
    }

    /// <summary>Names the list and everything that the operator says about prices: the list's date, and a hash of it all.</summary>
    public string Version { get; }

    /// <summary>True when requests to models without a price are refused at every endpoint.</summary>
    public bool Required => _overrides.Required;

    /// <summary>True when a destination's model has a price.</summary>
    public bool Has(IProvider provider, string model, DateTimeOffset at) => PriceOf(provider.Kind, provider.Name, model, null, at) is not null;

    /// <summary>True when a model has a price.</summary>
    public bool Has(string kind, string provider, string model, DateTimeOffset at) => PriceOf(kind, provider, model, null, at) is not null;

    /// <summary>What tokens cost, in billionths of a dollar; null when there is no price for one of them.</summary>
    /// <param name="destination">Who answered.</param>
    /// <param name="endpoint">The endpoint that the client named; it may have a discount.</param>
    /// <param name="served">The model that the provider says has served; null for the one that was asked.</param>
    /// <param name="tier">The service tier; null for the usual one.</param>
    /// <param name="usage">The tokens.</param>
    /// <param name="at">When the request was accepted.</param>
    public long? CostNanoUsd(Destination destination, string? endpoint, string? served, string? tier, TokenUsage usage, DateTimeOffset at) =>
        PriceOf(destination.Provider.Kind, destination.Provider.Name, destination.Model, served, at)
            ?.For(ModelPrice.TierOf(tier), usage.InputTokens ?? 0)
            ?.CostNanoUsd(usage, _overrides.ShareOf(destination.Provider.Name, endpoint));

    private ModelPrice? PriceOf(string kind, string provider, string asked, string? served, DateTimeOffset at)
    {
        var key = new Asked(provider, asked, served);
        if (!_known.TryGetValue(key, out ModelPrice[]? prices))
        {
            prices = Find(kind, provider, asked, served);
            if (Volatile.Read(ref _count) < MostKnown && _known.TryAdd(key, prices))
            {
                Interlocked.Increment(ref _count);
            }
        }

        DateOnly day = DateOnly.FromDateTime(at.UtcDateTime);
        foreach (ModelPrice price in prices)
        {
            if (price.From <= day)
            {
                return price;
            }
        }

        return null;
    }

    /// <summary>The prices of a model, the latest first: the operator's for it, else those of the first list that knows the model that served, or was asked.</summary>
    private ModelPrice[] Find(string kind, string provider, string asked, string? served)
    {
        if ((Best(_overrides.Models, $"{provider}/{asked}") ?? (served is null ? null : Best(_overrides.Models, $"{provider}/{served}"))) is { } own)
        {
            return own;
        }

        if (_overrides.LikeOf(provider, asked, served) is ({ } likeKind, { } likeModel))
        {
            (kind, asked, served) = (likeKind, likeModel, null);
        }

        foreach (IReadOnlyDictionary<string, IReadOnlyList<PriceEntry>> list in _lists)
        {
            if (list.TryGetValue(kind, out IReadOnlyList<PriceEntry>? entries) && Best(entries, served ?? asked) is { } found)
            {
                return found;
            }
        }

        return [];
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

    private readonly record struct Asked(string Provider, string Model, string? Served);
}
