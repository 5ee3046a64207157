using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Reports.Rollups;

namespace Serverless.Gateway.Reports;

/// <summary>Which single requests are asked for, the newest first.</summary>
/// <param name="From">First moment.</param>
/// <param name="To">The moment after the last.</param>
/// <param name="Limit">Requests of a page.</param>
/// <param name="Before">Id of the last request of the page before; null for the first page.</param>
public sealed record RequestQuery(DateTimeOffset From, DateTimeOffset To, int Limit, string? Before)
{
    /// <summary>Most requests of a page.</summary>
    public const int MaxLimit = 1000;

    private static readonly string[] Known = ["from", "to", "limit", "page_token", "format", "outcome", "session_id"];

    /// <summary>Values to keep, by dimension, or <c>outcome</c>, or <c>session_id</c>.</summary>
    public IReadOnlyDictionary<string, IReadOnlySet<string>> Filters { get; init; } = new Dictionary<string, IReadOnlySet<string>>();

    /// <summary>Reads the parameters of a request.</summary>
    /// <param name="parameters">The query string.</param>
    /// <param name="now">The time of the request: the default span is the last 24 hours.</param>
    /// <param name="faults">Takes what is wrong, each with the parameter's name.</param>
    /// <returns>The query, or null when there are faults.</returns>
    public static RequestQuery? Parse(IQueryCollection parameters, DateTimeOffset now, IList<string> faults)
    {
        int before = faults.Count;
        ReportQuery.RefuseUnknown(parameters, Known, faults);
        (DateTimeOffset from, DateTimeOffset to) = ReportQuery.Span(parameters, now.AddSeconds(1), faults);
        int limit = ReportQuery.Number(parameters, "limit", 100, 1, MaxLimit, faults);
        string? token = ReportQuery.One(parameters, "page_token");
        if (token is { Length: > 0 })
        {
            // The first moment of the first page: the default would move on with the clock, and leave the oldest out.
            string[] parts = token.Split('.');
            if (parts.Length == 2 && UsageKey.IsValid(parts[0]) && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long first) && first >= 0 && first <= DateTimeOffset.MaxValue.UtcTicks)
            {
                token = parts[0];
                from = ReportQuery.Time(parameters, "from", new DateTimeOffset(first, TimeSpan.Zero), faults);
            }
            else
            {
                faults.Add("'page_token' must be what an earlier page gave as next_page_token.");
            }
        }

        Dictionary<string, IReadOnlySet<string>> filters = [];
        foreach (string name in (IEnumerable<string>)[.. UsageDimensions.Names, "outcome", "session_id"])
        {
            if (parameters.TryGetValue(name, out StringValues values) && values.Count > 0)
            {
                filters[name] = values.Select(v => v ?? "").ToHashSet();
            }
        }

        return faults.Count > before ? null : new RequestQuery(from, to, limit, token is { Length: > 0 } ? token : null) { Filters = filters };
    }

    /// <summary>The token of the page after a request; null when there is none.</summary>
    public string? TokenAfter(string? requestId) => requestId is null ? null : string.Create(CultureInfo.InvariantCulture, $"{requestId}.{From.UtcTicks}");

    /// <summary>True when a record passes the filters.</summary>
    public bool Keeps(UsageRecord record)
    {
        if (Filters.Count == 0)
        {
            return true;
        }

        UsageDimensions dimensions = UsageDimensions.Of(record);
        foreach ((string name, IReadOnlySet<string> wanted) in Filters)
        {
            bool kept = name switch
            {
                "outcome" => wanted.Contains(UsageNames.Of(record.Outcome)),
                "session_id" => wanted.Contains(record.SessionId ?? UsageDimensions.None),
                _ => dimensions.Values(name).Any(wanted.Contains),
            };
            if (!kept)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// The requests asked for, and the last one's id when there is another page. Reads backwards in spans that double, so that a page of
    /// recent requests costs little whatever the span asked for.
    /// </summary>
    internal async Task<(IReadOnlyList<UsageRecord> Records, string? Next)> RunAsync(IUsageReader reader, CancellationToken cancellationToken)
    {
        List<UsageRecord> found = [];
        DateTimeOffset end = Before is null ? To : Min(To, UsageKey.TimeOf(Before).AddMilliseconds(1));
        TimeSpan span = TimeSpan.FromSeconds(10);
        while (end > From && found.Count <= Limit)
        {
            DateTimeOffset start = end - span > From ? end - span : From;
            List<UsageRecord> part = [];
            await foreach (UsageRecord record in reader.ReadAsync(start, end, cancellationToken))
            {
                if ((Before is null || string.CompareOrdinal(record.RequestId, Before) < 0) && Keeps(record))
                {
                    part.Add(record);
                }

                // Only the newest count: a span may hold more than there is memory for.
                if (part.Count > 4 * (Limit + 1))
                {
                    part = Newest(part);
                }
            }

            found.AddRange(Newest(part));
            end = start;
            span *= 2;
        }

        return found.Count > Limit ? (found[..Limit], found[Limit - 1].RequestId) : (found, null);
    }

    private List<UsageRecord> Newest(List<UsageRecord> records) => [.. records.OrderByDescending(r => r.RequestId, StringComparer.Ordinal).Take(Limit + 1)];

    private static DateTimeOffset Min(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
