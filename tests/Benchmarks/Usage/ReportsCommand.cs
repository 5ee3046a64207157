using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Reports;
using Serverless.Gateway.Reports.Rollups;

namespace Serverless.Benchmarks.Usage;

/// <summary>How long reports over a month take, and how many rows they read, the first time and once it is rolled up.</summary>
internal static class ReportsCommand
{
    private static readonly DateTimeOffset Month = new(2026, 10, 1, 0, 0, 0, TimeSpan.Zero);

    public static async Task<int> RunAsync(string[] arguments)
    {
        int records = Arguments.Number(arguments, "--records", 1_000_000);
        foreach (string kind in Arguments.Stores(arguments))
        {
            await using BenchmarkStore? store = await BenchmarkStore.OpenAsync(kind);
            if (store is not null)
            {
                await MeasureAsync(kind, store, records);
            }
        }

        return 0;
    }

    private static async Task MeasureAsync(string kind, BenchmarkStore store, int records)
    {
        long start = Stopwatch.GetTimestamp();
        int written = await FillAsync(store.Storage, records, ahead: kind == "table");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{kind}: a month of {records:N0} requests, {written:N0} records written, made in {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s\n"));
        Console.WriteLine("| report over the month | s | records read | rollup rows read | rows given |");
        Console.WriteLine("|---|---|---|---|---|");
        var reader = new CountingReader(store.Storage.Reader);
        var rollups = new CountingRollups(store.Storage.Rollups);
        var report = new UsageReport(new RollupBuilder(reader, store.Storage.Sink, rollups, TimeProvider.System));
        ReportQuery month = new() { From = Month, To = Month.AddMonths(1) };
        foreach ((string name, ReportQuery query) in ((string, ReportQuery)[])
        [
            ("the first, which rolls up what is not", month),
            ("sum", month),
            ("by principal and model", month with { GroupBy = ["principal", "model"] }),
            ("by tag, one endpoint", month with { GroupBy = ["tag"], Filters = new Dictionary<string, IReadOnlySet<string>> { ["endpoint"] = new HashSet<string> { "endpoint-03" } } }),
            ("by day and endpoint", month with { Interval = RollupLevel.Day, GroupBy = ["endpoint"] }),
            ("by hour, its last day", month with { From = Month.AddMonths(1).AddDays(-1), Interval = RollupLevel.Hour }),
        ])
        {
            reader.Read = rollups.Read = 0;
            start = Stopwatch.GetTimestamp();
            UsageReportResult result = await report.RunAsync(query, CancellationToken.None);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {seconds:0.00} | {reader.Read:N0} | {rollups.Read:N0} | {result.Rows.Count:N0} |"));
            if (result.Total["requests"] != records && query.Filters.Count == 0 && query.From == Month)
            {
                throw new InvalidOperationException($"The report counts {result.Total["requests"]} requests.");
            }
        }

        Console.WriteLine();
    }

    /// <summary>Fills the store. Returns how many records it holds.</summary>
    /// <param name="store">The store.</param>
    /// <param name="records">Requests of the month.</param>
    /// <param name="ahead">
    /// True to roll hours and days up as they go by, as a running gateway does, and to write only the first few records of each hour: the
    /// emulator looks at every row of a table for each query, whatever its keys, so that it cannot be asked over a million.
    /// </param>
    private static async Task<int> FillAsync(UsageStorage store, int records, bool ahead)
    {
        const int Few = 20;
        var random = new Random(1);
        await store.Sink.PrepareAsync(CancellationToken.None);
        RollupPeriod[] hours = [.. new RollupPeriod(RollupLevel.Month, Month).Parts().SelectMany(d => d.Parts())];
        int written = 0;
        var day = new RollupRows();
        for (int h = 0; h < hours.Length; h++)
        {
            int count = (int)((long)records * (h + 1) / hours.Length) - (int)((long)records * h / hours.Length);
            UsageRecord[] made = [.. Enumerable.Range(0, count).Select(i => SyntheticRecords.Make(random, hours[h].Start.AddHours((double)i / count)))];
            UsageRecord[] kept = ahead ? made[..Math.Min(Few, count)] : made;
            foreach (UsageRecord[] batch in kept.Chunk(store.Sink.MaxBatch))
            {
                await store.Sink.WriteAsync([.. batch.Select(UsageRow.OfCompleted)], CancellationToken.None);
                written += batch.Length;
            }

            if (ahead)
            {
                var hour = new RollupRows();
                Array.ForEach(made, hour.Add);
                await store.Rollups.WriteAsync(hours[h], hour.Rows, CancellationToken.None);
                foreach (RollupRow row in hour.Rows)
                {
                    day.Add(row);
                }

                if (hours[h].Start.Hour == 23)
                {
                    await store.Rollups.WriteAsync(RollupPeriod.Of(RollupLevel.Day, hours[h].Start), day.Rows, CancellationToken.None);
                    day = new RollupRows();
                }
            }
        }

        return written;
    }

    private sealed class CountingReader(IUsageReader inner) : IUsageReader
    {
        public long Read { get; set; }

        public Task<UsageRecord?> FindAsync(string requestId, CancellationToken cancellationToken) => inner.FindAsync(requestId, cancellationToken);

        public Task<IReadOnlySet<DateTimeOffset>> HoursAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) => inner.HoursAsync(from, to, cancellationToken);

        public async IAsyncEnumerable<UsageRecord> ReadAsync(DateTimeOffset from, DateTimeOffset to, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await foreach (UsageRecord record in inner.ReadAsync(from, to, cancellationToken))
            {
                Read++;
                yield return record;
            }
        }
    }

    private sealed class CountingRollups(IRollupStore inner) : IRollupStore
    {
        public long Read { get; set; }

        public async Task<IReadOnlyList<RollupRow>?> ReadAsync(RollupPeriod period, CancellationToken cancellationToken)
        {
            IReadOnlyList<RollupRow>? rows = await inner.ReadAsync(period, cancellationToken);
            Read += rows?.Count ?? 0;
            return rows;
        }

        public Task WriteAsync(RollupPeriod period, IReadOnlyList<RollupRow> rows, CancellationToken cancellationToken) => inner.WriteAsync(period, rows, cancellationToken);

        public Task ForgetAsync(RollupPeriod period, CancellationToken cancellationToken) => inner.ForgetAsync(period, cancellationToken);
    }
}
