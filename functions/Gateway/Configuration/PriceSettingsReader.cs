using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using Serverless.Gateway.Metering.Prices;
using Serverless.Gateway.Providers;

namespace Serverless.Gateway.Configuration;

/// <summary>Reads <c>prices</c>: what the operator pays, where that is not what the built-in list says.</summary>
internal static class PriceSettingsReader
{
    /// <summary>The price list with the operator's own prices over it.</summary>
    public static PriceList Read(SettingsSection section, IReadOnlyList<ProviderSettings> providers, IReadOnlyList<EndpointSettings> endpoints)
    {
        var fingerprint = new StringBuilder();
        bool required = section.Flag("required") ?? false;
        (string, IReadOnlyDictionary<string, ProviderPrices>)? file = ReadFile(section, fingerprint);
        List<PriceEntry> models = [];
        List<(PriceEntry, string, string)> like = [];
        foreach (SettingsSection item in section.List("models"))
        {
            ReadModel(item, providers, models, like, fingerprint);
        }

        var byProvider = new Dictionary<string, long>();
        var byEndpoint = new Dictionary<string, long>();
        foreach (SettingsSection item in section.List("discounts"))
        {
            ReadDiscount(item, providers, endpoints, byProvider, byEndpoint, fingerprint);
        }

        section.Close();
        return new PriceList(new PriceOverrides
        {
            Required = required,
            File = file,
            Models = models,
            Like = like,
            ProviderShares = byProvider.ToFrozenDictionary(),
            EndpointShares = byEndpoint.ToFrozenDictionary(),
            Fingerprint = fingerprint.ToString(),
        });
    }

    /// <summary>
    /// Checks the endpoints that refuse models without a price: one that could never answer is a fault, a destination that is passed over is worth
    /// a note.
    /// </summary>
    public static void CheckRequired(SettingsSection root, IReadOnlyList<EndpointSettings> endpoints, IReadOnlyList<ProviderSettings> providers, PriceList prices, DateTimeOffset now, List<string> notes)
    {
        foreach (EndpointSettings endpoint in endpoints.Where(e => e.RequirePrice ?? prices.Required))
        {
            DestinationSettings[] unpriced = [.. endpoint.Destinations.Where(d => providers.FirstOrDefault(p => p.Name == d.Provider) is { } provider && !prices.Has(provider.Kind.Name, provider.Name, d.Model, now))];
            string names = string.Join(", ", unpriced.Select(d => $"'{d.Provider}/{d.Model}'"));
            if (unpriced.Length > 0 && unpriced.Length == endpoint.Destinations.Count)
            {
                root.Fault($"endpoints.{endpoint.Name}.requirePrice", $"would refuse every request: {names} {(unpriced.Length == 1 ? "has" : "have")} no price. Give one in 'prices.models'.");
            }
            else if (unpriced.Length > 0)
            {
                notes.Add($"The endpoint '{endpoint.Name}' passes over {names}: it requires a price, and there is none.");
            }
        }
    }

    private static (string, IReadOnlyDictionary<string, ProviderPrices>)? ReadFile(SettingsSection section, StringBuilder fingerprint)
    {
        if (section.Text("file") is not { } path)
        {
            return null;
        }

        try
        {
            byte[] bytes = File.ReadAllBytes(path);
            (string Date, IReadOnlyDictionary<string, ProviderPrices> Providers) file = PriceFile.Read(bytes);
            foreach (string kind in file.Providers.Keys.Where(k => !ProviderCatalog.ByName.ContainsKey(k)))
            {
                section.Fault("file", $"{path} has prices for '{kind}', which is no kind of provider.{NearestName.Question(kind, ProviderCatalog.ByName.Keys)}");
            }

            fingerprint.Append("file ").Append(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes))).Append('\n');
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            section.Fault("file", $"{path} cannot be read ({e.GetType().Name}).");
        }
        catch (FormatException e)
        {
            section.Fault("file", $"{path} cannot be used: {e.Message}.");
        }

        return null;
    }

    private static void ReadModel(SettingsSection item, IReadOnlyList<ProviderSettings> providers, List<PriceEntry> models, List<(PriceEntry, string, string)> like, StringBuilder fingerprint)
    {
        string model = item.Required("model", "provider/model, or a pattern such as provider/*.");
        if (model.Length > 0 && !providers.Any(p => model.StartsWith(p.Name + "/", StringComparison.OrdinalIgnoreCase) && model.Length > p.Name.Length + 1))
        {
            item.Fault("model", $"'{model}' must be provider/model, with the name of one of the providers: {string.Join(", ", providers.Select(p => p.Name))}.");
        }

        string tier = item.Text("serviceTier") ?? ModelPrice.Standard;
        bool free = item.Flag("free") ?? false;
        string? of = item.Text("like");
        TokenPrices prices = ReadPrices(item);
        List<Rate> rates = [new(ModelPrice.TierOf(tier), -1, free ? TokenPrices.Free : prices)];
        if (item.Has("longContext") && ReadLongContext(item.Object("longContext")) is (var above, { } longer))
        {
            rates.Add(new Rate(ModelPrice.TierOf(tier), above, longer));
        }

        item.Close();
        bool priced = prices != new TokenPrices();
        if ((free ? 1 : 0) + (of is null ? 0 : 1) + (priced ? 1 : 0) != 1)
        {
            item.Fault(null, "must say what the model costs, in one way: prices in dollars per million tokens ('input', 'output', …), or 'free': true, or 'like': a model of the list.");
        }

        if (priced && prices.Input is null)
        {
            item.Fault("input", "is missing: dollars per million tokens.");
        }

        // Appended as it was read, so that any change of it makes another version.
        fingerprint.Append("model ").Append(model).Append(' ').Append(of).Append(' ').AppendJoin(';', rates).Append('\n');
        string[] names = [model.ToLowerInvariant()];
        if (of is not null)
        {
            int slash = of.IndexOf('/', StringComparison.Ordinal);
            if (slash <= 0 || !new PriceList().Has(of[..slash], "", of[(slash + 1)..], DateTimeOffset.MaxValue))
            {
                item.Fault("like", $"'{of}' must be kind/model, as in openai/gpt-5.1, and be in the price list.");
                return;
            }

            like.Add((new PriceEntry(names, new ModelPrice(DateOnly.MinValue, [])), of[..slash], of[(slash + 1)..]));
            return;
        }

        PriceEntry? same = models.Find(m => m.Names[0] == names[0]);
        if (same is not null)
        {
            // The same model in another service tier.
            models.Remove(same);
            rates.AddRange(same.Price.Rates);
        }

        models.Add(new PriceEntry(names, new ModelPrice(DateOnly.MinValue, [.. rates.OrderByDescending(r => r.Above)])));
    }

    private static (long Above, TokenPrices Prices)? ReadLongContext(SettingsSection section)
    {
        long? above = section.Number("above", 1);
        TokenPrices prices = ReadPrices(section);
        if (!section.Has("above"))
        {
            section.Fault("above", "is missing: the number of input tokens over which these prices count.");
        }

        section.Close();
        return above is { } bound ? (bound, prices) : null;
    }

    private static TokenPrices ReadPrices(SettingsSection section)
    {
        long? Price(string key)
        {
            if (section.Decimal(key) is not { } dollars)
            {
                return null;
            }

            long? price = TokenPrices.OfDollars(dollars);
            if (price is null)
            {
                section.Fault(key, "must be dollars per million tokens, not negative, with at most six decimals.");
            }

            return price;
        }

        return TokenPrices.Read(Price);
    }

    private static void ReadDiscount(
        SettingsSection item, IReadOnlyList<ProviderSettings> providers, IReadOnlyList<EndpointSettings> endpoints, Dictionary<string, long> byProvider, Dictionary<string, long> byEndpoint, StringBuilder fingerprint)
    {
        string? provider = item.Text("provider");
        string? endpoint = item.Text("endpoint");
        decimal? percent = item.Decimal("percent");
        if (!item.Has("percent"))
        {
            item.Fault("percent", "is missing: how much less than the list price is paid; a negative number for a surcharge.");
        }

        item.Close();
        if (provider is null == endpoint is null)
        {
            item.Fault(null, "must name a 'provider' or an 'endpoint', one of the two.");
            return;
        }

        if (provider is not null && !providers.Any(p => p.Name == provider))
        {
            item.Fault("provider", $"'{provider}' is no provider.{NearestName.Question(provider, providers.Select(p => p.Name))}");
        }

        if (endpoint is not null && !endpoints.Any(e => e.Name == endpoint) && !providers.Any(p => endpoint.StartsWith(p.Name + "/", StringComparison.Ordinal)))
        {
            item.Fault("endpoint", $"'{endpoint}' is no endpoint.{NearestName.Question(endpoint, endpoints.Select(e => e.Name))}");
        }

        if (percent is not { } less)
        {
            return;
        }

        decimal share = (100 - less) / 100 * PriceOverrides.Million;
        if (less is > 100 or < -100 || decimal.Truncate(share) != share)
        {
            item.Fault("percent", "must be a number from -100 to 100 with at most four decimals.");
            return;
        }

        if (!(provider is not null ? byProvider : byEndpoint).TryAdd(provider ?? endpoint!, (long)share))
        {
            item.Fault(null, $"'{provider ?? endpoint}' has a discount already.");
        }

        fingerprint.Append("discount ").Append(provider).Append('|').Append(endpoint).Append(' ').Append(((long)share).ToString(CultureInfo.InvariantCulture)).Append('\n');
    }
}
