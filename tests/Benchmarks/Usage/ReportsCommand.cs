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
    private static readonly RollupPeriod[] Hours = [.. new RollupPeriod(RollupLevel.Month, Month).Parts().SelectMany(d => d.Parts())];

    public static async Task<int> RunAsync(string[] arguments)
    {
        int records = Arguments.Number(arguments, "--records", 1_000_000);
        TimeSpan limit = TimeSpan.FromMinutes(Arguments.Number(arguments, "--minutes", 15));
        foreach (string kind in Arguments.Stores(arguments))
        {
            await using BenchmarkStore? store = await BenchmarkStore.OpenAsync(kind);
            if (store is not null)
            {
                await MeasureAsync(kind, store, records, limit);
            }
        }

        return 0;
    }

    private static async Task MeasureAsync(string kind, BenchmarkStore store, int records, TimeSpan limit)
    {
        long start = Stopwatch.GetTimestamp();
        await FillAsync(store.Storage, kind, records);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{kind}: a month of {records:N0} records, written in {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s; the store holds {store.Megabytes:N0} MB\n"));
        Console.WriteLine("| report | s | processor s | records read | rollup rows read | rows given |");
        Console.WriteLine("|---|---|---|---|---|---|");
        var reader = new CountingReader(store.Storage.Reader);
        var rollups = new CountingRollups(store.Storage.Rollups);
        var builder = new RollupBuilder(reader, store.Storage.Sweep, rollups, TimeProvider.System);
        var report = new UsageReport(builder);
        ReportQuery month = new() { From = Month, To = Month.AddMonths(1) };

        // The first hour compiles what the others run. Then a day by the way that the month goes.
        await TimeAsync("an hour, rolled up by it", async () => await builder.RowsAsync(Hours[0], CancellationToken.None), r => r.Count);
        start = Stopwatch.GetTimestamp();
        await TimeAsync("a day, rolled up by it", () => report.RunAsync(month with { From = Month.AddDays(1), To = Month.AddDays(2) }, CancellationToken.None), r => r.Rows.Count);
        TimeSpan expected = Stopwatch.GetElapsedTime(start) * 30;
        if (expected > limit)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| the month, were it rolled up by it | about {expected.TotalSeconds:0} | | | | |"));
            await RollUpAsync(store.Storage, records);
        }

        foreach ((string name, ReportQuery query) in ((string, ReportQuery)[])
        [
            ("the month, rolled up by it", month),
            ("sum", month),
            ("by principal and model", month with { GroupBy = ["principal", "model"] }),
            ("by tag, one endpoint", month with { GroupBy = ["tag"], Filters = new Dictionary<string, IReadOnlySet<string>> { ["endpoint"] = new HashSet<string> { "endpoint-03" } } }),
            ("by day and endpoint", month with { Interval = RollupLevel.Day, GroupBy = ["endpoint"] }),
            ("by hour, its last day", month with { From = Month.AddMonths(1).AddDays(-1), Interval = RollupLevel.Hour }),
        ])
        {
            if (expected > limit && query == month && name != "sum")
            {
                continue;
            }

            UsageReportResult result = await TimeAsync(name, () => report.RunAsync(query, CancellationToken.None), r => r.Rows.Count);
            if (result.Total["requests"] != records && query.Filters.Count == 0 && query.From == Month)
            {
                throw new InvalidOperationException($"The report counts {result.Total["requests"]} requests.");
            }
        }

        (IReadOnlyList<UsageRecord> page, string? next) = await TimeAsync(
            "single requests: the newest 100", () => new RequestQuery(month.From, month.To, 100, null).RunAsync(reader, CancellationToken.None), p => p.Records.Count);
        await TimeAsync("the next 100", () => new RequestQuery(month.From, month.To, 100, next).RunAsync(reader, CancellationToken.None), p => p.Records.Count);
        await TimeAsync("one request by its id", () => reader.FindAsync(page[50].RequestId, CancellationToken.None), r => r is null ? 0 : 1);
        Console.WriteLine();

        async Task<T> TimeAsync<T>(string name, Func<Task<T>> run, Func<T, int> rows)
        {
            reader.Read = rollups.Read = 0;
            long start = Stopwatch.GetTimestamp();
            TimeSpan before = Environment.CpuUsage.TotalTime;
            T result = await run();
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            double busy = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {seconds:0.000} | {busy:0.000} | {reader.Read:N0} | {rollups.Read:N0} | {rows(result):N0} |"));
            return result;
        }
    }

    /// <summary>Writes the records of a month, evenly spread, through the gateway's own sink.</summary>
    private static async Task FillAsync(UsageStorage store, string kind, int records)
    {
        await store.Sink.PrepareAsync(CancellationToken.None);

        // SQLite takes one writer. The emulator has one thread, which never waits for the next rows when there are some writers.
        await Parallel.ForEachAsync(
            Made(records).SelectMany(hour => hour.Chunk(store.Sink.MaxBatch)),
            new ParallelOptions { MaxDegreeOfParallelism = kind == "sqlite" ? 1 : 4 },
            async (batch, stop) => await store.Sink.WriteAsync([.. batch.Select(UsageRow.OfCompleted)], stop));
    }

    /// <summary>Rolls hours and days up from the records as they were made, where to read them again would take too long.</summary>
    private static async Task RollUpAsync(UsageStorage store, int records)
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

            await WriteAsync(store.Rollups, period, hour.Rows);
            if (period.Start.Hour == 23)
            {
                await WriteAsync(store.Rollups, RollupPeriod.Of(RollupLevel.Day, period.Start), day.Rows);
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

    private sealed class CountingReader(IUsageReader inner) : IUsageReader
    {
        private long _read;

        public long Read { get => _read; set => _read = value; }

        public Task<UsageRecord?> FindAsync(string requestId, CancellationToken cancellationToken) => inner.FindAsync(requestId, cancellationToken);

        public Task<IReadOnlySet<DateTimeOffset>> HoursAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) => inner.HoursAsync(from, to, cancellationToken);

        public async IAsyncEnumerable<UsageRecord> ReadAsync(DateTimeOffset from, DateTimeOffset to, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await foreach (UsageRecord record in inner.ReadAsync(from, to, cancellationToken))
            {
                Interlocked.Increment(ref _read);
                yield return record;
            }
        }

        public async IAsyncEnumerable<UsageFacts> ReadFactsAsync(DateTimeOffset from, DateTimeOffset to, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            long read = 0;
            await foreach (UsageFacts facts in inner.ReadFactsAsync(from, to, cancellationToken))
            {
                read++;
                yield return facts;
            }

            Interlocked.Add(ref _read, read);
        }
    }

    private sealed class CountingRollups(IRollupStore inner) : IRollupStore
    {
        private long _read;

        public long Read { get => _read; set => _read = value; }

        public int PeriodsAtOnce => inner.PeriodsAtOnce;

        public async Task<IReadOnlyList<RollupRow>?> ReadAsync(RollupPeriod period, CancellationToken cancellationToken)
        {
            IReadOnlyList<RollupRow>? rows = await inner.ReadAsync(period, cancellationToken);
            Interlocked.Add(ref _read, rows?.Count ?? 0);
            return rows;
        }

        public Task<RollupTurn> BeginAsync(RollupPeriod period, CancellationToken cancellationToken) => inner.BeginAsync(period, cancellationToken);

        public Task<bool> WriteAsync(RollupPeriod period, IReadOnlyList<RollupRow> rows, RollupTurn turn, CancellationToken cancellationToken) => inner.WriteAsync(period, rows, turn, cancellationToken);

        public Task ForgetAsync(RollupPeriod period, bool changing, CancellationToken cancellationToken) => inner.ForgetAsync(period, changing, cancellationToken);

        public Task<bool> TakeLeadAsync(string who, TimeSpan length, CancellationToken cancellationToken) => inner.TakeLeadAsync(who, length, cancellationToken);
    }
}
