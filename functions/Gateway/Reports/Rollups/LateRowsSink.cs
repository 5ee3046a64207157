using Serverless.Gateway.Metering.Storage;

namespace Serverless.Gateway.Reports.Rollups;

/// <summary>
/// Lets sums of closed periods be made anew when a record of them comes late: out of the journal of a process that was away for long, or of a
/// request that ran for longer than any should. Those of a month that was dropped stay as they are: they cannot be made again.
/// </summary>
internal sealed class LateRowsSink(IUsageSink sink, IRollupStore rollups, IUsageMonths months, TimeProvider time) : IUsageSink
{
    public int MaxBatch => sink.MaxBatch;

    public string GroupOf(UsageRow row) => sink.GroupOf(row);

    public Task PrepareAsync(CancellationToken cancellationToken) => sink.PrepareAsync(cancellationToken);

    public async Task WriteAsync(IReadOnlyList<UsageRow> rows, CancellationToken cancellationToken)
    {
        await sink.WriteAsync(rows, cancellationToken);
        string closed = UsageKey.FirstOf(RollupPeriod.Of(RollupLevel.Hour, time.GetUtcNow() - RollupBuilder.Settle).Start);
        HashSet<RollupPeriod>? stale = null;
        foreach (UsageRow row in rows)
        {
            if (string.CompareOrdinal(row.RequestId, closed) < 0)
            {
                (stale ??= []).Add(RollupPeriod.Of(RollupLevel.Hour, UsageKey.TimeOf(row.RequestId)));
            }
        }

        // When this fails the rows are written again, which changes nothing, and so is this.
        foreach (RollupPeriod hour in stale ?? [])
        {
            if (await months.StateAsync(UsageKey.MonthOf(hour.Start), cancellationToken) == UsageMonthState.Whole)
            {
                await rollups.ForgetAsync(RollupPeriod.Of(RollupLevel.Month, hour.Start), cancellationToken);
                await rollups.ForgetAsync(RollupPeriod.Of(RollupLevel.Day, hour.Start), cancellationToken);
                await rollups.ForgetAsync(hour, cancellationToken);
            }
        }
    }
}
