using System.Globalization;
using System.Text.Json;

namespace Serverless.Gateway.Metering.Prices;

/// <summary>
/// Reads a price list, the one within this assembly (<c>prices.json</c>, which says what its fields mean) or one of the operator's.
/// </summary>
internal static class PriceFile
{
    private static readonly string[] ModelFields =
        ["models", "from", "source", "above", "tiers", "free", "input", "cacheRead", "cacheWrite", "cacheWrite1h", "output", "audioInput", "audioOutput"];

    private static readonly string[] ProviderFields = ["source", "checked", "like", "by", "reported", "peak", "tiers", "models"];

    /// <summary>The list within this assembly.</summary>
    public static byte[] BuiltIn()
    {
        using Stream stream = typeof(PriceFile).Assembly.GetManifestResourceStream("prices.json")!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>The date of the list, and what it says of each kind of provider.</summary>
    /// <exception cref="FormatException">Something is wrong with it; the message names the place.</exception>
    public static (string Date, IReadOnlyDictionary<string, ProviderPrices> Providers) Read(ReadOnlyMemory<byte> json)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        }
        catch (JsonException e)
        {
            throw new FormatException($"it is not JSON (line {e.LineNumber + 1})");
        }

        using (document)
        {
            string date = Text(document.RootElement, "date", "the list");
            var lists = new Dictionary<string, ProviderPrices>(StringComparer.OrdinalIgnoreCase);
            foreach (JsonProperty provider in Object(document.RootElement, "providers", "the list").EnumerateObject())
            {
                lists[provider.Name] = ReadProvider(provider, lists);
            }

            return (date, lists);
        }
    }

    private static ProviderPrices ReadProvider(JsonProperty provider, Dictionary<string, ProviderPrices> before)
    {
        foreach (JsonProperty field in provider.Value.EnumerateObject().Where(f => !ProviderFields.Contains(f.Name)))
        {
            throw new FormatException($"'{provider.Name}' has '{field.Name}', which means nothing; there are {string.Join(", ", ProviderFields)}");
        }

        if (provider.Value.TryGetProperty("like", out JsonElement like))
        {
            // Only what every request pays: other tiers are each vendor's own.
            return before.TryGetValue(like.GetString()!, out ProviderPrices? other)
                ? new ProviderPrices([.. other.Models.Select(e => e with { Price = e.Price with { Peak = null, Rates = [.. e.Price.Rates.Where(r => r.Tier == ModelPrice.Standard)] } })])
                : throw new FormatException($"'{provider.Name}' is like '{like}', which does not stand before it");
        }

        return new ProviderPrices(ReadModels(provider))
        {
            ByAsked = provider.Value.TryGetProperty("by", out JsonElement by) && (by.ValueEquals("asked") || by.ValueEquals("served") ? by.ValueEquals("asked") : throw new FormatException($"'by' of '{provider.Name}' must be asked or served")),
            Reported = provider.Value.TryGetProperty("reported", out JsonElement reported) && reported.ValueKind == JsonValueKind.True,
        };
    }

    private static List<PriceEntry> ReadModels(JsonProperty provider)
    {
        List<PriceEntry> entries = [];
        provider.Value.TryGetProperty("tiers", out JsonElement tiers);
        PeakHours? peak = provider.Value.TryGetProperty("peak", out JsonElement hours) ? ReadPeak(hours, $"'{provider.Name}'") : null;
        foreach (JsonElement model in Object(provider.Value, "models", provider.Name).EnumerateArray())
        {
            string[] names = [.. Object(model, "models", provider.Name).EnumerateArray().Select(n => n.GetString()!.ToLowerInvariant())];
            string where = $"'{provider.Name}/{names.FirstOrDefault()}'";
            foreach (JsonProperty field in model.EnumerateObject().Where(f => !ModelFields.Contains(f.Name)))
            {
                throw new FormatException($"{where} has '{field.Name}', which means nothing; there are {string.Join(", ", ModelFields)}");
            }

            DateOnly from = model.TryGetProperty("from", out JsonElement day) ? Day(day, "from", where) : DateOnly.MinValue;
            Rate[] rates = ReadRates(model, tiers, where);
            entries.Add(new PriceEntry(names, new ModelPrice(from, rates, rates.Any(r => r.Tier == ModelPrice.PeakTier) ? peak : null)));
        }

        return entries;
    }

    private static PeakHours ReadPeak(JsonElement peak, string where)
    {
        List<(TimeOnly, TimeOnly)> hours = [];
        foreach (JsonElement span in Object(peak, "weekdays", $"'peak' of {where}").EnumerateArray())
        {
            string[] ends = span.GetString()!.Split('-');
            hours.Add(ends.Length == 2 && Time(ends[0]) is { } from && Time(ends[1]) is { } to ? (from, to) : throw new FormatException($"'{span}' of 'peak' of {where} is no span such as 01:00-04:00"));
        }

        IEnumerable<JsonElement> except = peak.TryGetProperty("except", out JsonElement days) ? days.EnumerateArray() : [];
        return new PeakHours(hours, [.. except.Select(day => Day(day, "except", where))]);
    }

    private static TimeOnly? Time(string text) =>
        TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out TimeOnly time) ? time : null;

    private static DateOnly Day(JsonElement day, string name, string where) =>
        day.ValueKind == JsonValueKind.String && DateOnly.TryParseExact(day.GetString(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly parsed)
            ? parsed
            : throw new FormatException($"'{name}' of {where} is no date such as 2026-11-24");

    private static Rate[] ReadRates(JsonElement model, JsonElement commonTiers, string where)
    {
        List<Rate> rates = [.. Steps(model, ModelPrice.Standard, where)];
        Rate[] standard = [.. rates];
        JsonElement tiers = model.TryGetProperty("tiers", out JsonElement own) ? own : commonTiers;
        if (tiers.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty tier in tiers.EnumerateObject())
            {
                rates.AddRange(tier.Value.ValueKind == JsonValueKind.Number
                    ? standard.Select(r => new Rate(tier.Name, r.Above, r.Prices.Times(tier.Value.GetDecimal()) ?? throw new FormatException($"the tier '{tier.Name}' of {where} has prices of more than six decimals")))
                    : Steps(tier.Value, tier.Name, where));
            }
        }

        return [.. rates.OrderByDescending(r => r.Above)];
    }

    private static IEnumerable<Rate> Steps(JsonElement prices, string tier, string where)
    {
        yield return new Rate(tier, -1, ReadPrices(prices, where));
        if (prices.TryGetProperty("above", out JsonElement above))
        {
            foreach (JsonProperty step in above.EnumerateObject())
            {
                // Null is a length at which the tier is not to be had.
                yield return long.TryParse(step.Name, NumberStyles.None, CultureInfo.InvariantCulture, out long bound)
                    ? new Rate(tier, bound, step.Value.ValueKind == JsonValueKind.Null ? new TokenPrices() : ReadPrices(step.Value, where))
                    : throw new FormatException($"'above' of {where} must map numbers of tokens to prices");
            }
        }
    }

    private static TokenPrices ReadPrices(JsonElement prices, string where)
    {
        if (prices.TryGetProperty("free", out JsonElement free) && free.ValueKind == JsonValueKind.True)
        {
            return TokenPrices.Free;
        }

        long? Price(string name) => !prices.TryGetProperty(name, out JsonElement value) ? null
            : value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out decimal dollars) && TokenPrices.OfDollars(dollars) is { } price ? price
            : throw new FormatException($"'{name}' of {where} must be dollars per million tokens, with at most six decimals");

        return TokenPrices.Read(Price);
    }

    private static JsonElement Object(JsonElement parent, string name, string where) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) && value.ValueKind is JsonValueKind.Object or JsonValueKind.Array
            ? value
            : throw new FormatException($"'{name}' of {where} is missing");

    private static string Text(JsonElement parent, string name, string where) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : throw new FormatException($"'{name}' of {where} is missing");
}
