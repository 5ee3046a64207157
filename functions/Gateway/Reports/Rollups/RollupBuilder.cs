using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;

namespace Serverless.Gateway.Reports.Rollups;

/// <summary>
/// Rolls closed periods up: hours from the records, days from hours, months from days. A period is closed once every request that began
/// in it has ended or must have (<see cref="Settle"/> after its end). Done when a report first needs it and, while the process lives,
/// ahead of that; the result is the same whoever does it, and how often. The sink is its own: a sink is not written to by two at once.
/// </summary>
internal sealed class RollupBuilder(IUsageReader reader, IUsageSink sink, IRollupStore store, TimeProvider time)
{
    /// <summary>The longest that a request may run, and its record be on its way.</summary>
    public static readonly TimeSpan Settle = TimeSpan.FromMinutes(70);

    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>True when no record of the period can change any more.</summary>
    public bool IsClosed(RollupPeriod period) => period.End + Settle <= time.GetUtcNow();

    /// <summary>The rows of a period: from the store, or made now. A period that is not closed is computed and not kept.</summary>
    public async Task<IReadOnlyList<RollupRow>> RowsAsync(RollupPeriod period, CancellationToken cancellationToken)
    {
        if (!IsClosed(period))
        {
            return await SumAsync(period, RowsAsync, cancellationToken);
        }

        if (await store.ReadAsync(period, cancellationToken) is { } stored)
        {
            return stored;
        }

        // One after the other: whoever looks at usage asks for several reports at once, and each would do the same work.
        await _turn.WaitAsync(cancellationToken);
        try
        {
            return await KeepAsync(period, cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<IReadOnlyList<RollupRow>> KeepAsync(RollupPeriod period, CancellationToken cancellationToken)
    {
        if (await store.ReadAsync(period, cancellationToken) is { } stored)
        {
            return stored;
        }

        IReadOnlyList<RollupRow> rows = await SumAsync(period, KeepAsync, cancellationToken);
        await store.WriteAsync(period, rows, cancellationToken);
        return rows;
    }

    private async Task<IReadOnlyList<RollupRow>> SumAsync(RollupPeriod period, Func<RollupPeriod, CancellationToken, Task<IReadOnlyList<RollupRow>>> rowsOf, CancellationToken cancellationToken)
    {
        var rows = new RollupRows();
        if (period.Level == RollupLevel.Hour)
        {
            await AddRecordsAsync(rows, period.Start, period.End, IsClosed(period), cancellationToken);
            return rows.Rows;
        }

        IReadOnlySet<DateTimeOffset> hours = await reader.HoursAsync(period.Start, period.End.AddTicks(-1), cancellationToken);
        IEnumerable<RollupPeriod> parts = period.Parts().Where(p => hours.Any(h => h >= p.Start && h < p.End));

        // In their order: rows depend on it once there are very many of them, and several instances must make the same. One day at a time bounds what is held.
        int atOnce = period.Level == RollupLevel.Day ? store.PeriodsAtOnce : 1;
        await foreach (IReadOnlyList<RollupRow> part in WorkAhead.InOrderAsync(parts, atOnce, rowsOf, cancellationToken))
        {
            foreach (RollupRow row in part)
            {
                rows.Add(row);
            }
        }

        return rows.Rows;
    }

    /// <summary>
    /// Makes the sums of a closed month anew, of its hours and days too: records that were in a journal while the hour was rolled up are in them
    /// now. Done before the records go.
    /// </summary>
    /// <param name="month">The month.</param>
    /// <param name="seen">Is given every record on the way; null for nobody.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RebuildAsync(RollupPeriod month, Func<UsageRecord, ValueTask>? seen, CancellationToken cancellationToken)
    {
        IReadOnlySet<DateTimeOffset> hours = await reader.HoursAsync(month.Start, month.End.AddTicks(-1), cancellationToken);
        var ofMonth = new RollupRows();
        foreach (RollupPeriod day in month.Parts())
        {
            var ofDay = new RollupRows();
            foreach (RollupPeriod hour in day.Parts().Where(h => hours.Contains(h.Start)))
            {
                var ofHour = new RollupRows();
                await AddRecordsAsync(ofHour, hour.Start, hour.End, sweep: true, cancellationToken, seen);
                if (ofHour.Rows.Count == 0)
                {
                    // An hour that is known to have had requests: its records are gone, its sums are not.
                    foreach (RollupRow row in await store.ReadAsync(hour, cancellationToken) ?? [])
                    {
                        ofDay.Add(row);
                    }

                    continue;
                }

                await WriteAsync(hour, ofHour, ofDay);
            }

            await WriteAsync(day, ofDay, ofMonth);
        }

        await WriteAsync(month, ofMonth, null);

        async Task WriteAsync(RollupPeriod period, RollupRows rows, RollupRows? longer)
        {
            await store.WriteAsync(period, rows.Rows, cancellationToken);
            foreach (RollupRow row in rows.Rows)
            {
                longer?.Add(row);
            }
        }
    }

    /// <summary>How many periods are best asked for at once.</summary>
    public int PeriodsAtOnce => store.PeriodsAtOnce;

    /// <summary>The starts of the hours in which any request was accepted.</summary>
    public Task<IReadOnlySet<DateTimeOffset>> HoursAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) => reader.HoursAsync(from, to, cancellationToken);

    /// <summary>The records of a span of time, with what sums are made of.</summary>
    public IAsyncEnumerable<UsageRecord> RecordsAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) => reader.ReadAsync(from, to, cancellationToken, RollupRows.Columns);

    /// <summary>Adds the records of a span of time.</summary>
    /// <param name="rows">Takes them.</param>
    /// <param name="from">First moment.</param>
    /// <param name="to">The moment after the last.</param>
    /// <param name="sweep">True to mark requests that never ended as lost: their process was killed.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <param name="seen">Is given every record on the way; null for nobody.</param>
    public async Task AddRecordsAsync(RollupRows rows, DateTimeOffset from, DateTimeOffset to, bool sweep, CancellationToken cancellationToken, Func<UsageRecord, ValueTask>? seen = null)
    {
        await foreach (UsageRecord record in reader.ReadAsync(from, to, cancellationToken, seen is null ? RollupRows.Columns : null))
        {
            UsageRecord settled = record;
            if (sweep && record.Outcome == RequestOutcome.Open)
            {
                settled = record with { Outcome = RequestOutcome.Lost };
                await sink.PrepareAsync(cancellationToken);
                await sink.WriteAsync([UsageRow.Lost(record.RequestId)], cancellationToken);
            }

            rows.Add(settled);
            if (seen is not null)
            {
                await seen(settled);
            }
        }
    }
}
