using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Serverless.Gateway.Reports.Rollups;

namespace Serverless.Gateway.Reports;

/// <summary>What a usage report is asked for.</summary>
public sealed record ReportQuery
{
    /// <summary>Most rows of a page.</summary>
    public const int MaxLimit = 10_000;

    /// <summary>Longest span that is reported on by the minute: it is read record by record.</summary>
    public static readonly TimeSpan MaxMinutes = TimeSpan.FromHours(6);

    /// <summary>First moment.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>The moment after the last.</summary>
    public required DateTimeOffset To { get; init; }

    /// <summary>Length of the steps; null for one sum over all of the time.</summary>
    public RollupLevel? Interval { get; init; }

    /// <summary>Dimensions to group by, of <see cref="UsageDimensions.Names"/>.</summary>
    public IReadOnlyList<string> GroupBy { get; init; } = [];

    /// <summary>Values to keep, by dimension; a request passes when it has one of the values of every dimension named.</summary>
    public IReadOnlyDictionary<string, IReadOnlySet<string>> Filters { get; init; } = new Dictionary<string, IReadOnlySet<string>>();

    /// <summary>Rows of a page.</summary>
    public int Limit { get; init; } = 1000;

    /// <summary>Rows to pass over.</summary>
    public int Offset { get; init; }

    /// <summary>Which rows the report had, and in which order, when the page before was given; null for the first page.</summary>
    public string? Order { get; init; }

    /// <summary>Reads the parameters of a request.</summary>
    /// <param name="parameters">The query string.</param>
    /// <param name="now">The time of the request: the default span is the last 24 hours.</param>
    /// <param name="faults">Takes what is wrong, each with the parameter's name.</param>
    /// <returns>The query, or null when there are faults.</returns>
    public static ReportQuery? Parse(IQueryCollection parameters, DateTimeOffset now, IList<string> faults)
    {
        int before = faults.Count;
        RefuseUnknown(parameters, Known, faults);
        ReportPage? page = ReportPage.Parse(parameters, faults);
        (DateTimeOffset from, DateTimeOffset to) = page is null ? Span(parameters, now, faults) : (page.From, page.To);
        RollupLevel? interval = null;
        switch (One(parameters, "interval"))
        {
            case null or "" or "none":
                break;
            case "minute":
                interval = RollupLevel.Minute;
                break;
            case "hour":
                interval = RollupLevel.Hour;
                break;
            case "day":
                interval = RollupLevel.Day;
                break;
            case "month":
                interval = RollupLevel.Month;
                break;
            case { } other:
                faults.Add($"'interval' must be minute, hour, day, month or none, not '{other}'.");
                break;
        }

        if (interval == RollupLevel.Minute && to - from > MaxMinutes)
        {
            faults.Add($"'interval' can be minute for at most {MaxMinutes.TotalHours:0} hours.");
        }

        string[] groupBy = [.. Many(parameters, "group_by")];
        foreach (string name in groupBy.Where(n => !UsageDimensions.Names.Contains(n)))
        {
            faults.Add($"'group_by' must be of {string.Join(", ", UsageDimensions.Names)}, not '{name}'.");
        }

        Dictionary<string, IReadOnlySet<string>> filters = [];
        foreach (string name in UsageDimensions.Names)
        {
            // Not split at commas: endpoints and tags may hold them.
            if (parameters.TryGetValue(name, out StringValues values) && values.Count > 0)
            {
                filters[name] = values.Select(v => v ?? "").ToHashSet();
            }
        }

        int limit = Number(parameters, "limit", 1000, 1, MaxLimit, faults);
        return faults.Count > before
            ? null
            : new ReportQuery { From = from, To = to, Interval = interval, GroupBy = groupBy, Filters = filters, Limit = limit, Offset = page?.Offset ?? 0, Order = page?.Order };
    }

    /// <summary>True when a row passes the filters.</summary>
    public bool Keeps(UsageDimensions dimensions)
    {
        foreach ((string name, IReadOnlySet<string> values) in Filters)
        {
            if (!dimensions.Values(name).Any(values.Contains))
            {
                return false;
            }
        }

        return true;
    }

    private static readonly string[] Known = ["from", "to", "interval", "group_by", "limit", "page_token", "format"];

    /// <summary>Parameters that may be given more than once, as dimensions may.</summary>
    private static readonly string[] Lists = ["group_by", "outcome", "session_id"];

    /// <summary>Reports every parameter that is neither one of those nor a dimension, and every one that is there twice though it has one value.</summary>
    internal static void RefuseUnknown(IQueryCollection parameters, string[] known, IList<string> faults)
    {
        foreach (string name in parameters.Keys.Where(k => !known.Contains(k) && !UsageDimensions.Names.Contains(k)))
        {
            faults.Add($"'{name}' is no parameter of this report; there are {string.Join(", ", known.Concat(UsageDimensions.Names))}.");
        }

        foreach (string name in known.Except(Lists).Where(n => parameters.TryGetValue(n, out StringValues values) && values.Count > 1))
        {
            faults.Add($"'{name}' can be given once.");
        }
    }

    /// <summary>The span of time that is asked for; the last day before <paramref name="end"/> when nothing is said.</summary>
    internal static (DateTimeOffset From, DateTimeOffset To) Span(IQueryCollection parameters, DateTimeOffset end, IList<string> faults)
    {
        DateTimeOffset to = Time(parameters, "to", end, faults);
        DateTimeOffset from = Time(parameters, "from", to.AddDays(-1), faults);
        if (from >= to)
        {
            faults.Add("'from' must be before 'to'.");
        }

        return (from, to);
    }

    internal static string? One(IQueryCollection parameters, string name) => parameters.TryGetValue(name, out StringValues values) ? values[0] : null;

    /// <summary>No request is older or newer; calendars end sooner than the type does.</summary>
    private const int FirstYear = 2000;

    private const int LastYear = 2200;

    /// <summary>ISO 8601 alone: who writes 01/02 means one of two days.</summary>
    private static readonly string[] TimeFormats = ["yyyy-MM", "yyyy-MM-dd", "yyyy-MM-ddTHH:mmK", "yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK"];

    internal static DateTimeOffset Time(IQueryCollection parameters, string name, DateTimeOffset otherwise, IList<string> faults)
    {
        if (One(parameters, name) is not { Length: > 0 } text)
        {
            return otherwise;
        }

        // A plus that was not escaped arrives as a space.
        string unescaped = text.Length > 6 && text[^6] == ' ' ? $"{text[..^6]}+{text[^5..]}" : text;
        if (DateTimeOffset.TryParseExact(unescaped, TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset time)
            && time.Year is >= FirstYear and <= LastYear)
        {
            return time;
        }

        faults.Add($"'{name}' must be a time such as 2026-11-24 or 2026-11-24T06:00:00Z, not '{text}'.");
        return otherwise;
    }

    internal static int Number(IQueryCollection parameters, string name, int otherwise, int least, int most, IList<string> faults)
    {
        if (One(parameters, name) is not { Length: > 0 } text)
        {
            return otherwise;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most)
        {
            return number;
        }

        faults.Add($"'{name}' must be a number from {least} to {most}, not '{text}'.");
        return otherwise;
    }

    private static IEnumerable<string> Many(IQueryCollection parameters, string name) =>
        parameters.TryGetValue(name, out StringValues values) ? values.SelectMany(v => (v ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).Distinct() : [];
}
