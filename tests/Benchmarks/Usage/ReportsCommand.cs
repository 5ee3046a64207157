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
    private static readonly DateTimeOffset Month = SyntheticMonth.Start;

    public static async Task<int> RunAsync(string[] arguments)
    {
        int records = Arguments.Number(arguments, "--records", 1_000_000);
        TimeSpan limit = TimeSpan.FromMinutes(Arguments.Number(arguments, "--minutes", 15));
        foreach (string kind in Arguments.Stores(arguments))
        {
            await using BenchmarkStore? store = await BenchmarkStore.OpenAsync(kind, TimeSpan.FromMilliseconds(Arguments.Number(arguments, "--delay", 0)));
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
        await SyntheticMonth.WriteAsync(store.Storage.Sink, kind, records);
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
        await TimeAsync("an hour, rolled up by it", async () => await builder.RowsAsync(RollupPeriod.Of(RollupLevel.Hour, Month), CancellationToken.None), r => r.Count);
        start = Stopwatch.GetTimestamp();
        await TimeAsync("a day, rolled up by it", () => report.RunAsync(month with { From = Month.AddDays(1), To = Month.AddDays(2) }, CancellationToken.None), r => r.Rows.Count);
        TimeSpan expected = Stopwatch.GetElapsedTime(start) * 30;
        if (expected > limit)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| the month, were it rolled up by it | about {expected.TotalSeconds:0} | | | | |"));
            await SyntheticMonth.RollUpAsync(store.Storage.Rollups, records);
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
