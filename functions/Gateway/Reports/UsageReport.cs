using System.Runtime.CompilerServices;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Reports.Rollups;
using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Reports;

/// <summary>Answers usage reports from rollups, and from the records themselves where no rollup covers the time.</summary>
internal sealed class UsageReport(RollupBuilder rollups)
{
    /// <summary>The whole answer, before paging, rows in order of time and then of requests, most first.</summary>
    public async Task<UsageReportResult> RunAsync(ReportQuery query, CancellationToken cancellationToken)
    {
        Dictionary<ReportKey, ReportSums> groups = [];
        ReportSums total = new();
        SortedSet<string> folded = new(StringComparer.Ordinal);
        bool byTag = query.GroupBy.Contains("tag") || query.Filters.ContainsKey("tag");
        await foreach ((DateTimeOffset? start, RollupRow row) in RowsAsync(query, cancellationToken))
        {
            if (byTag)
            {
                folded.UnionWith(row.Dimensions.FoldedTags());
            }

            if (!query.Keeps(row.Dimensions))
            {
                continue;
            }

            total.Add(row);
            foreach (string[] values in Groups(query, row.Dimensions))
            {
                var key = new ReportKey(start, values);
                if (!groups.TryGetValue(key, out ReportSums? sums))
                {
                    groups[key] = sums = new ReportSums();
                }

                sums.Add(row);
            }
        }

        UsageReportRow[] rows = [.. groups
            .Select(g => new UsageReportRow(g.Key.Start, g.Key.Values, g.Value.Measures, [.. g.Value.Unpriced]))
            .OrderBy(r => r.Start).ThenByDescending(r => r.Measures["requests"]).ThenBy(r => string.Join('\n', r.Values), StringComparer.Ordinal)];
        return new UsageReportResult(query, rows, total.Measures, [.. total.Unpriced], [.. folded]);
    }

    /// <summary>The values that each dimension has in a span, with their requests, most first: what a reader can filter by.</summary>
    public async Task<IReadOnlyList<(string Dimension, IReadOnlyList<(string Value, long Requests)> Values)>> ValuesAsync(ReportQuery query, CancellationToken cancellationToken)
    {
        Dictionary<string, long>[] counts = [.. UsageDimensions.Names.Select(_ => new Dictionary<string, long>())];
        await foreach ((_, RollupRow row) in RowsAsync(query, cancellationToken))
        {
            if (!query.Keeps(row.Dimensions))
            {
                continue;
            }

            for (int i = 0; i < counts.Length; i++)
            {
                foreach (string value in row.Dimensions.Values(UsageDimensions.Names[i]))
                {
                    counts[i][value] = counts[i].GetValueOrDefault(value) + row.Measures["requests"];
                }
            }
        }

        return [.. counts.Select((values, i) => (
            UsageDimensions.Names[i],
            (IReadOnlyList<(string, long)>)[.. values.Select(v => (v.Key, v.Value)).OrderByDescending(v => v.Value).ThenBy(v => v.Key, StringComparer.Ordinal)]))];
    }

    /// <summary>
    /// The longest periods that fit into a span, with what is left over at either end as plain spans of time. Steps never reach over an
    /// interval's bounds, so that each belongs to one of them.
    /// </summary>
    internal static IEnumerable<(RollupPeriod? Period, DateTimeOffset From, DateTimeOffset To)> Cover(DateTimeOffset from, DateTimeOffset to, RollupLevel? interval)
    {
        RollupLevel longest = interval ?? RollupLevel.Month;
        DateTimeOffset at = from;
        while (at < to)
        {
            RollupPeriod? period = null;
            for (RollupLevel level = longest; level >= RollupLevel.Hour; level--)
            {
                RollupPeriod candidate = RollupPeriod.Of(level, at);
                if (candidate.Start == at && candidate.End <= to)
                {
                    period = candidate;
                    break;
                }
            }

            DateTimeOffset hourEnd = RollupPeriod.Of(RollupLevel.Hour, at).End;
            DateTimeOffset end = period?.End ?? (hourEnd < to ? hourEnd : to);
            yield return (period, at, end);
            at = end;
        }
    }

    private async IAsyncEnumerable<(DateTimeOffset? Start, RollupRow Row)> RowsAsync(ReportQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var steps = await StepsAsync(query, cancellationToken);
        await foreach (var rows in WorkAhead.InOrderAsync(steps, rollups.PeriodsAtOnce, (step, stop) => Task.Run(() => StepAsync(query.Interval, step.Period, step.From, step.To, stop), stop), cancellationToken))
        {
            foreach ((DateTimeOffset?, RollupRow) row in rows)
            {
                yield return row;
            }
        }
    }

    /// <summary>The steps of a report that have requests.</summary>
    private async Task<IEnumerable<(RollupPeriod? Period, DateTimeOffset From, DateTimeOffset To)>> StepsAsync(ReportQuery query, CancellationToken cancellationToken)
    {
        DateTimeOffset[] hours = [.. (await rollups.HoursAsync(query.From, query.To, cancellationToken)).Order()];
        if (hours.Length == 0)
        {
            return [];
        }

        // Years without requests are not stepped through, whatever span was asked for.
        DateTimeOffset first = RollupPeriod.Of(RollupLevel.Month, hours[0]).Start;
        DateTimeOffset last = RollupPeriod.Of(RollupLevel.Month, hours[^1]).End;
        return Cover(query.From > first ? query.From : first, query.To < last ? query.To : last, query.Interval).Where(step =>
        {
            int next = Array.BinarySearch(hours, step.From.AddHours(-1).AddTicks(1));
            next = next < 0 ? ~next : next;
            return next < hours.Length && hours[next] < step.To;
        });
    }

    private async Task<IReadOnlyList<(DateTimeOffset? Start, RollupRow Row)>> StepAsync(RollupLevel? interval, RollupPeriod? period, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        if (interval != RollupLevel.Minute && period is { } whole)
        {
            return [.. (await rollups.RowsAsync(whole, cancellationToken)).Select(row => (StartOf(interval, from), row))];
        }

        IReadOnlyList<(DateTimeOffset?, RollupRow)> rows = interval == RollupLevel.Minute
            ? await MinutesAsync(from, to, cancellationToken)
            : [.. (await rollups.SumRecordsAsync(from, to, cancellationToken)).Select(row => (StartOf(interval, from), row))];
        if (rows.Count == 0 && await rollups.IsGoneAsync(RollupPeriod.Of(RollupLevel.Hour, from), cancellationToken))
        {
            throw new GatewayException(GatewayError.Invalid(
                $"The records of {from.UtcDateTime:yyyy-MM} were dropped; there are sums of whole hours. Let 'from' and 'to' be at the beginning of an hour, and 'interval' no minute.",
                interval == RollupLevel.Minute ? "interval" : "from",
                "records_dropped"));
        }

        return rows;
    }

    private static DateTimeOffset? StartOf(RollupLevel? interval, DateTimeOffset time) => interval is { } level ? RollupPeriod.Of(level, time).Start : null;

    private async Task<IReadOnlyList<(DateTimeOffset? Start, RollupRow Row)>> MinutesAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        Dictionary<DateTimeOffset, RollupRows> minutes = [];
        await foreach (UsageFacts facts in rollups.FactsAsync(from, to, cancellationToken))
        {
            DateTimeOffset minute = RollupPeriod.Of(RollupLevel.Minute, UsageKey.TimeOf(facts.RequestId)).Start;
            if (!minutes.TryGetValue(minute, out RollupRows? rows))
            {
                minutes[minute] = rows = new RollupRows();
            }

            rows.Add(facts);
        }

        return [.. minutes.SelectMany(m => m.Value.Rows.Select(row => ((DateTimeOffset?)m.Key, row)))];
    }

    /// <summary>The groups that a row counts under: one, unless it is grouped by groups or tags, of which it can have several.</summary>
    private static List<string[]> Groups(ReportQuery query, UsageDimensions dimensions)
    {
        List<string[]> groups = [[]];
        foreach (string name in query.GroupBy)
        {
            IReadOnlyList<string> values = dimensions.Values(name);

            // Filtered by the dimension that it is grouped by, a request counts only under the values that were asked for.
            if (query.Filters.TryGetValue(name, out IReadOnlySet<string>? wanted))
            {
                values = [.. values.Where(wanted.Contains)];
            }

            groups = [.. groups.SelectMany(g => values.Select(v => (string[])[.. g, v]))];
        }

        return groups;
    }

    /// <summary>The sums of a row of the report, and the models among it that have no price.</summary>
    private sealed class ReportSums
    {
        public UsageMeasures Measures { get; } = new();

        public SortedSet<string> Unpriced { get; } = new(StringComparer.Ordinal);

        public void Add(RollupRow row)
        {
            Measures.Merge(row.Measures);
            if (row.Measures["unpriced"] > 0)
            {
                Unpriced.Add($"{row.Dimensions.Provider}/{row.Dimensions.Model}");
            }
        }
    }

    private readonly record struct ReportKey(DateTimeOffset? Start, string[] Values)
    {
        public bool Equals(ReportKey other) => Start == other.Start && Values.AsSpan().SequenceEqual(other.Values);

        public override int GetHashCode()
        {
            HashCode hash = default;
            hash.Add(Start);
            foreach (string value in Values)
            {
                hash.Add(value);
            }

            return hash.ToHashCode();
        }
    }
}

/// <summary>A report.</summary>
/// <param name="Query">What was asked.</param>
/// <param name="Rows">All rows, before paging.</param>
/// <param name="Total">The sum over all requests, each counted once.</param>
/// <param name="Unpriced">The models, as <c>provider/model</c>, that answered requests without having a price.</param>
/// <param name="FoldedTags">The tags that the report is by of which some values are told together, as <see cref="UsageDimensions.Many"/>.</param>
public sealed record UsageReportResult(ReportQuery Query, IReadOnlyList<UsageReportRow> Rows, UsageMeasures Total, IReadOnlyList<string> Unpriced, IReadOnlyList<string> FoldedTags);

/// <summary>A row of a report.</summary>
/// <param name="Start">Start of the step; null without an interval.</param>
/// <param name="Values">Values of the dimensions that are grouped by, in the query's order.</param>
/// <param name="Measures">The sums.</param>
/// <param name="Unpriced">The models of the row, as <c>provider/model</c>, that have no price: the cost is without them.</param>
public sealed record UsageReportRow(DateTimeOffset? Start, IReadOnlyList<string> Values, UsageMeasures Measures, IReadOnlyList<string> Unpriced);
