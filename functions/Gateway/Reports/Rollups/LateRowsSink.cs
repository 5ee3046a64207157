using Serverless.Gateway.Metering.Storage;

namespace Serverless.Gateway.Reports.Rollups;

/// <summary>
/// Lets sums of closed periods be made anew when a record of them comes late: out of the journal of a process that was away for long, or of a
/// request that ran for longer than any should. Such periods are forgotten before the record is written, so that nobody keeps sums of them
/// while it is on its way, whatever becomes of this process; and after it, so that sums which were begun before are not kept either. Records
/// of a month that was dropped change no sums: those cannot be made again. A month that was exported no longer counts as such; that is noted
/// before it is asked whether the month is being dropped, which begins only while its export counts.
/// </summary>
internal sealed class LateRowsSink(IUsageSink sink, IRollupStore rollups, IUsageMonths months, TimeProvider time) : IUsageSink
{
    /// <summary>By how much the clocks of instances may differ: what comes shortly before its hour is closed counts as late.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(10);

    public int MaxBatch => sink.MaxBatch;

    public string GroupOf(UsageRow row) => sink.GroupOf(row);

    public Task PrepareAsync(CancellationToken cancellationToken) => sink.PrepareAsync(cancellationToken);

    public async Task WriteAsync(IReadOnlyList<UsageRow> rows, CancellationToken cancellationToken)
    {
        await ForgetAsync(rows, changing: true, cancellationToken);
        await sink.WriteAsync(rows, cancellationToken);

        // When this fails the rows are written again, which changes nothing, and so is this.
        await ForgetAsync(rows, changing: false, cancellationToken);
    }

    private async Task ForgetAsync(IReadOnlyList<UsageRow> rows, bool changing, CancellationToken cancellationToken)
    {
        string closed = UsageKey.FirstOf(RollupPeriod.Of(RollupLevel.Hour, time.GetUtcNow() - RollupBuilder.Settle + Skew).Start);
        HashSet<RollupPeriod>? late = null;
        foreach (UsageRow row in rows)
        {
            if (string.CompareOrdinal(row.RequestId, closed) < 0)
            {
                (late ??= []).Add(RollupPeriod.Of(RollupLevel.Hour, UsageKey.TimeOf(row.RequestId)));
            }
        }

        foreach (IGrouping<string, RollupPeriod> month in (late ?? []).GroupBy(hour => UsageKey.MonthOf(hour.Start)))
        {
            await months.MarkAsync(month.Key, null, cancellationToken);
            if (await months.StateAsync(month.Key, cancellationToken) != UsageMonthState.Whole)
            {
                continue;
            }

            // The shortest first: who makes a day between two of these finds its hours forgotten already.
            foreach (RollupLevel level in (RollupLevel[])[RollupLevel.Hour, RollupLevel.Day, RollupLevel.Month])
            {
                foreach (RollupPeriod period in month.Select(hour => RollupPeriod.Of(level, hour.Start)).Distinct())
                {
                    await rollups.ForgetAsync(period, changing, cancellationToken);
                }
            }
        }
    }
}
