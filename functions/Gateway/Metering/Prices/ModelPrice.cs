namespace Serverless.Gateway.Metering.Prices;

/// <summary>What a model costs from a day on.</summary>
/// <param name="From">The first day, in UTC.</param>
/// <param name="Rates">Prices by service tier and length of the prompt; the longest prompts first.</param>
internal sealed record ModelPrice(DateOnly From, Rate[] Rates)
{
    /// <summary>The tier of a request for which nothing else was agreed.</summary>
    public const string Standard = "standard";

    /// <summary>The prices for a request; null when its tier has none.</summary>
    /// <param name="tier">The service tier, as <see cref="TierOf"/> gives it.</param>
    /// <param name="inputTokens">All tokens of the prompt: what exceeds a bound pays the higher price for everything.</param>
    public TokenPrices? For(string tier, long inputTokens)
    {
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
