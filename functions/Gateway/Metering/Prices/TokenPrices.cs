using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Metering.Prices;

/// <summary>
/// Prices of the kinds of tokens, in trillionths of a US dollar a token, which is dollars per million tokens times a million: whole numbers, so
/// that nothing is lost on the way. Null means that there is no price, which is never the same as zero.
/// </summary>
internal sealed record TokenPrices
{
    /// <summary>What costs nothing.</summary>
    public static readonly TokenPrices Free = new() { Input = 0, CacheRead = 0, CacheWrite = 0, CacheWrite1h = 0, Output = 0, AudioInput = 0, AudioOutput = 0 };

    private const long UnitsPerDollar = 1_000_000;
    private const int UnitsPerNanoUsd = 1_000;
    private const decimal NanoUsdPerDollar = 1_000_000_000;

    /// <summary>More tokens than any request has; what claims more is not believed.</summary>
    private const long MostTokens = 1_000_000_000_000;

    /// <summary>Text, images and whatever else is not priced on its own.</summary>
    public long? Input { get; init; }

    /// <summary>Input read from a prompt cache.</summary>
    public long? CacheRead { get; init; }

    /// <summary>Input written to a prompt cache, for five minutes or for as long as the provider likes.</summary>
    public long? CacheWrite { get; init; }

    /// <summary>Input written to a prompt cache for an hour.</summary>
    public long? CacheWrite1h { get; init; }

    /// <summary>What the model wrote, reasoning included.</summary>
    public long? Output { get; init; }

    /// <summary>Sound heard.</summary>
    public long? AudioInput { get; init; }

    /// <summary>Sound made.</summary>
    public long? AudioOutput { get; init; }

    /// <summary>Prices by the names that they have in price lists and in the configuration.</summary>
    /// <param name="price">The price of that name; null when there is none.</param>
    public static TokenPrices Read(Func<string, long?> price) => new()
    {
        Input = price("input"),
        CacheRead = price("cacheRead"),
        CacheWrite = price("cacheWrite"),
        CacheWrite1h = price("cacheWrite1h"),
        Output = price("output"),
        AudioInput = price("audioInput"),
        AudioOutput = price("audioOutput"),
    };

    /// <summary>A price in dollars per million tokens; null when it has more than six decimals or is out of reach.</summary>
    public static long? OfDollars(decimal perMillionTokens) =>
        perMillionTokens is >= 0 and <= 1_000_000 && decimal.Truncate(perMillionTokens * UnitsPerDollar) == perMillionTokens * UnitsPerDollar
            ? (long)(perMillionTokens * UnitsPerDollar)
            : null;

    /// <summary>What a provider says that a request cost, in billionths of a dollar; null when that cannot be.</summary>
    /// <param name="dollars">What it says.</param>
    /// <param name="share">The share of it that is paid, in parts of <see cref="PriceList.Whole"/>.</param>
    public static long? NanoUsd(decimal dollars, long share) =>
        dollars is >= 0 and <= 1_000_000 ? (long)decimal.Round(dollars * NanoUsdPerDollar * share / PriceList.Whole, MidpointRounding.AwayFromZero) : null;

    /// <summary>These prices times a factor; null when one of them would no longer be a whole number.</summary>
    public TokenPrices? Times(decimal factor)
    {
        bool exact = true;
        long? Scale(long? price)
        {
            decimal? scaled = price * factor;
            exact &= scaled is null || decimal.Truncate(scaled.Value) == scaled;
            return (long?)scaled;
        }

        var scaled = new TokenPrices
        {
            Input = Scale(Input),
            CacheRead = Scale(CacheRead),
            CacheWrite = Scale(CacheWrite),
            CacheWrite1h = Scale(CacheWrite1h),
            Output = Scale(Output),
            AudioInput = Scale(AudioInput),
            AudioOutput = Scale(AudioOutput),
        };
        return exact ? scaled : null;
    }

    /// <summary>
    /// What tokens cost, in billionths of a dollar: the exact sum, rounded once, to the nearest and upwards from the middle. Sound that was read
    /// from a cache is priced as cached input, since no provider tells the two apart.
    /// </summary>
    /// <param name="usage">The tokens.</param>
    /// <param name="share">The share of the price that is paid, in parts of <see cref="PriceList.Whole"/>.</param>
    /// <returns>Null when the input is not known, or a kind of token that occurred has no price.</returns>
    public long? CostNanoUsd(TokenUsage usage, long share)
    {
        if (usage.InputTokens is not { } input)
        {
            return null;
        }

        long output = usage.OutputTokens ?? 0;
        long read = usage.CacheReadTokens ?? 0;
        long write1h = usage.CacheWrite1hTokens ?? 0;
        long write = Math.Max(usage.CacheWriteTokens ?? 0, write1h + (usage.CacheWrite5mTokens ?? 0)) - write1h;
        long fresh = Math.Max(0, input - read - write - write1h);
        long heard = Math.Min(usage.AudioInputTokens ?? 0, fresh);
        long spoken = Math.Min(usage.AudioOutputTokens ?? 0, output);

        Int128 sum = 0;
        bool priced = Add(ref sum, fresh - heard, Input)
            && Add(ref sum, heard, AudioInput)
            && Add(ref sum, read, CacheRead)
            && Add(ref sum, write, CacheWrite)
            && Add(ref sum, write1h, CacheWrite1h)
            && Add(ref sum, output - spoken, Output)
            && Add(ref sum, spoken, AudioOutput);
        if (!priced)
        {
            return null;
        }

        Int128 divisor = (Int128)UnitsPerNanoUsd * PriceList.Whole;
        Int128 rounded = ((sum * share) + (divisor / 2)) / divisor;
        return rounded <= long.MaxValue ? (long)rounded : null;
    }

    private static bool Add(ref Int128 sum, long tokens, long? price)
    {
        if (tokens is <= 0 or > MostTokens)
        {
            return tokens == 0;
        }

        sum += (Int128)tokens * (price ?? 0);
        return price is not null;
    }
}
