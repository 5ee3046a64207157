using System.Globalization;

namespace Serverless.Gateway.Reports.Rollups;

/// <summary>A minute, an hour, a day or a month in UTC.</summary>
/// <param name="Level">How long it is.</param>
/// <param name="Start">Its first moment.</param>
public readonly record struct RollupPeriod(RollupLevel Level, DateTimeOffset Start)
{
    /// <summary>The period of that length that holds a moment.</summary>
    public static RollupPeriod Of(RollupLevel level, DateTimeOffset time)
    {
        DateTime utc = time.UtcDateTime;
        return new RollupPeriod(level, level switch
        {
            RollupLevel.Minute => new DateTimeOffset(utc.Year, utc.Month, utc.Day, utc.Hour, utc.Minute, 0, TimeSpan.Zero),
            RollupLevel.Hour => new DateTimeOffset(utc.Year, utc.Month, utc.Day, utc.Hour, 0, 0, TimeSpan.Zero),
            RollupLevel.Day => new DateTimeOffset(utc.Year, utc.Month, utc.Day, 0, 0, 0, TimeSpan.Zero),
            _ => new DateTimeOffset(utc.Year, utc.Month, 1, 0, 0, 0, TimeSpan.Zero),
        });
    }

    /// <summary>The moment after its last.</summary>
    public DateTimeOffset End => Level switch
    {
        RollupLevel.Minute => Start.AddMinutes(1),
        RollupLevel.Hour => Start.AddHours(1),
        RollupLevel.Day => Start.AddDays(1),
        _ => Start.AddMonths(1),
    };

    /// <summary>The next one of the same length.</summary>
    public RollupPeriod Next => this with { Start = End };

    /// <summary>Its key in stores: <c>h-2026112406</c>, <c>d-20261124</c>, <c>m-202611</c>.</summary>
    public string Key => Level switch
    {
        RollupLevel.Hour => Start.ToString("'h-'yyyyMMddHH", CultureInfo.InvariantCulture),
        RollupLevel.Day => Start.ToString("'d-'yyyyMMdd", CultureInfo.InvariantCulture),
        _ => Start.ToString("'m-'yyyyMM", CultureInfo.InvariantCulture),
    };

    /// <summary>The periods of the next shorter length that it consists of.</summary>
    public IEnumerable<RollupPeriod> Parts()
    {
        RollupLevel level = Level == RollupLevel.Month ? RollupLevel.Day : RollupLevel.Hour;
        for (RollupPeriod part = Of(level, Start); part.Start < End; part = part.Next)
        {
            yield return part;
        }
    }
}

/// <summary>Lengths of periods.</summary>
public enum RollupLevel
{
    /// <summary>A minute: a step of reports, computed from the records; no sums of it are kept.</summary>
    Minute,

    /// <summary>An hour.</summary>
    Hour,

    /// <summary>A day.</summary>
    Day,

    /// <summary>A month.</summary>
    Month,
}
