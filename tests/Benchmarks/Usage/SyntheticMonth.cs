using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Reports.Rollups;

namespace Serverless.Benchmarks.Usage;

/// <summary>A month of synthetic records, the same every time but for their ids.</summary>
internal static class SyntheticMonth
{
    public static readonly DateTimeOffset Start = new(2026, 8, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly RollupPeriod[] Hours = [.. new RollupPeriod(RollupLevel.Month, Start).Parts().SelectMany(d => d.Parts())];

    /// <summary>Writes the records of a month, evenly spread, through the gateway's own sink.</summary>
    public static async Task WriteAsync(IUsageSink sink, string kind, int records)
    {
        await sink.PrepareAsync(CancellationToken.None);

        // SQLite takes one writer. The emulator has one thread, which never waits for the next rows when there are some writers.
        await Parallel.ForEachAsync(
            Made(records).SelectMany(hour => hour.Chunk(sink.MaxBatch)),
            new ParallelOptions { MaxDegreeOfParallelism = kind == "sqlite" ? 1 : 4 },
            async (batch, stop) => await sink.WriteAsync([.. batch.Select(UsageRow.OfCompleted)], stop));
    }

    /// <summary>Rolls hours and days up from the records as they were made, where to read them again would take too long.</summary>
    public static async Task RollUpAsync(IRollupStore rollups, int records)
    {
        var day = new RollupRows();
        foreach ((RollupPeriod period, IEnumerable<UsageRecord> made) in Hours.Zip(Made(records)))
        {
            var hour = new RollupRows();
            foreach (UsageRecord record in made)
            {
                hour.Add(record);
                day.Add(record);
            }

            await WriteAsync(rollups, period, hour.Rows);
            if (period.Start.Hour == 23)
            {
                await WriteAsync(rollups, RollupPeriod.Of(RollupLevel.Day, period.Start), day.Rows);
                day = new RollupRows();
            }
        }
    }

    /// <summary>The records, hour by hour; the same every time but for their ids.</summary>
    private static IEnumerable<IEnumerable<UsageRecord>> Made(int records)
    {
        var random = new Random(1);
        for (int h = 0; h < Hours.Length; h++)
        {
            int count = (int)((long)records * (h + 1) / Hours.Length) - (int)((long)records * h / Hours.Length);
            DateTimeOffset start = Hours[h].Start;
            yield return Enumerable.Range(0, count).Select(i => SyntheticRecords.Make(random, start.AddHours((double)i / count)));
        }
    }

    private static async Task WriteAsync(IRollupStore rollups, RollupPeriod period, IReadOnlyList<RollupRow> rows) =>
        await rollups.WriteAsync(period, rows, await rollups.BeginAsync(period, CancellationToken.None), CancellationToken.None);
}
