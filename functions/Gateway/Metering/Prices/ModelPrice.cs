namespace Serverless.Gateway.Metering.Prices;

/// <summary>What a model costs from a day on.</summary>
/// <param name="From">The first day, in UTC.</param>
/// <param name="Rates">Prices by service tier and length of the prompt; the longest prompts first.</param>
/// <param name="Peak">When the usual tier costs what <see cref="PeakTier"/> does; null for never.</param>
internal sealed record ModelPrice(DateOnly From, Rate[] Rates, PeakHours? Peak = null)
{
    /// <summary>The tier of a request for which nothing else was agreed.</summary>
    public const string Standard = "standard";

    /// <summary>The tier of prices that count in the hours of <see cref="Peak"/>.</summary>
    public const string PeakTier = "peak";

    /// <summary>The prices for a request; null when its tier has none.</summary>
    /// <param name="tier">The service tier, as <see cref="TierOf"/> gives it.</param>
    /// <param name="inputTokens">All tokens of the prompt: what exceeds a bound pays the higher price for everything.</param>
    /// <param name="at">When the request was accepted.</param>
    public TokenPrices? For(string tier, long inputTokens, DateTimeOffset at)
    {
        if (tier == Standard && Peak is not null && Peak.Cover(at))
        {
            tier = PeakTier;
        }

        foreach (Rate rate in Rates)
        {
            if (inputTokens > rate.Above && rate.Tier == tier)
            {
                return rate.Prices;
            }
        }

        return null;
    }

    /// <summary>A service tier under one name for all vendors; their names for the usual one are many.</summary>
    public static string TierOf(string? tier) => tier switch
    {
        null or "" or "default" or "standard" or "auto" or "on_demand" or "standard_only" or "SERVICE_TIER_STANDARD" or "SERVICE_TIER_UNSPECIFIED" => Standard,
        "SERVICE_TIER_FLEX" => "flex",
        "SERVICE_TIER_PRIORITY" => "priority",
        _ => tier,
    };
}

/// <summary>Prices under a condition.</summary>
/// <param name="Tier">The service tier.</param>
/// <param name="Above">Prompts of more tokens than this; -1 for all.</param>
/// <param name="Prices">The prices.</param>
internal sealed record Rate(string Tier, long Above, TokenPrices Prices);

/// <summary>Hours at which a provider asks more.</summary>
/// <param name="Hours">From and to, in UTC, from Monday to Friday.</param>
/// <param name="Except">Days on which they do not count, holidays that is.</param>
internal sealed record PeakHours(IReadOnlyList<(TimeOnly From, TimeOnly To)> Hours, IReadOnlyList<DateOnly> Except)
{
    /// <summary>True when a moment is one of them.</summary>
    public bool Cover(DateTimeOffset at)
    {
        DateTime utc = at.UtcDateTime;
        if (utc.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday)
        {
            return false;
        }

        bool within = false;
        foreach ((TimeOnly from, TimeOnly to) in Hours)
        {
            within |= TimeOnly.FromDateTime(utc).IsBetween(from, to);
        }

        return within && !Except.Contains(DateOnly.FromDateTime(utc));
    }
}

/// <summary>What a list says of a kind of provider.</summary>
/// <param name="Models">Its models.</param>
internal sealed record ProviderPrices(IReadOnlyList<PriceEntry> Models)
{
    /// <summary>True when the model that was asked for tells the price, since its answers call it something else.</summary>
    public bool ByAsked { get; init; }

    /// <summary>True when its answers tell what they cost, which counts more than any list (<see cref="Serverless.Translation.Canonical.TokenUsage.CostUsd"/>).</summary>
    public bool Reported { get; init; }
}

/// <summary>A line of a price list: some models and their price.</summary>
/// <param name="Names">Names of models, in lower case; those that end in <c>*</c> stand for all that begin so.</param>
/// <param name="Price">The price.</param>
internal sealed record PriceEntry(IReadOnlyList<string> Names, ModelPrice Price)
{
    private const int Exact = int.MaxValue;

    /// <summary>
    /// How well a model's name fits, 0 for not at all. It fits exactly, or as one of the names with a date or a version after it, as vendors write
    /// them (<c>-2025-08-07</c>, <c>-20250929</c>, <c>-0709</c>, <c>-001</c>), or by a pattern.
    /// </summary>
    public int Fits(ReadOnlySpan<char> model)
    {
        int best = 0;
        foreach (string name in Names)
        {
            if (name[^1] == '*')
            {
                best = model.StartsWith(name.AsSpan(0, name.Length - 1), StringComparison.OrdinalIgnoreCase) ? Math.Max(best, name.Length) : best;
            }
            else if (model.StartsWith(name, StringComparison.OrdinalIgnoreCase))
            {
                int fit = model.Length == name.Length ? Exact : IsVersion(model[name.Length..]) ? Exact - 1 : 0;
                best = Math.Max(best, fit);
            }
        }

        return best;
    }

    private static bool IsVersion(ReadOnlySpan<char> suffix)
    {
        if (suffix[0] is not ('-' or '@'))
        {
            return false;
        }

        ReadOnlySpan<char> version = suffix[1..];
        if (version.Length == 10)
        {
            return version[4] == '-' && version[7] == '-' && IsNumber(version[..4]) && IsNumber(version[5..7]) && IsNumber(version[8..]);
        }

        return version.Length is 3 or 4 or 8 && IsNumber(version);
    }

    private static bool IsNumber(ReadOnlySpan<char> text) => !text.ContainsAnyExceptInRange('0', '9');
}
