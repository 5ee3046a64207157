using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;

namespace Serverless.Benchmarks.Usage;

/// <summary>
/// How long an answer waits for its record to be durable: requests begin at a steady rate whatever the store does, run for 100 to 400 ms,
/// and are announced and completed as the gateway does it.
/// </summary>
internal static class LedgerCommand
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        int rate = Arguments.Number(arguments, "--rate", 500);
        int seconds = Arguments.Number(arguments, "--seconds", 20);
        Console.WriteLine($"{Environment.ProcessorCount} cores, {rate} requests/s for {seconds} s, each running for 100 to 400 ms\n");
        Console.WriteLine("| store | requests/s reached | rows a write | wait p50 ms | p90 | p99 | longest |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (string kind in Arguments.Stores(arguments))
        {
            await using BenchmarkStore? store = await BenchmarkStore.OpenAsync(kind);
            if (store is not null)
            {
                await MeasureAsync(kind, store, rate, seconds);
            }
        }

        return 0;
    }

    private static async Task MeasureAsync(string kind, BenchmarkStore store, int rate, int seconds)
    {
        using var journal = new UsageJournal(store.Journal, TimeProvider.System);
        var sink = new CountingSink(store.Settings.Store == UsageStoreKind.Table
            ? new TableUsageSink(new UsageTables(UsageServices.Connect(store.Settings, retries: 0)))
            : new SqliteUsageSink(store.Settings.Path));
        bool sameDisk = store.Settings.Store == UsageStoreKind.Sqlite;
        var times = new UsageStoreTimes { Gather = TimeSpan.FromMilliseconds(sameDisk ? 5 : 0) };
        await using var commit = new GroupCommitStore(sink, journal, times, TimeProvider.System, NullLogger<GroupCommitStore>.Instance);
        using var running = new RequestsInFlight(commit, sameDisk ? commit.StoreLater : null, journal, TimeProvider.System, NullLogger<RequestsInFlight>.Instance);
        await commit.StartAsync(CancellationToken.None);
        await running.StartAsync(CancellationToken.None);

        // What has to be made and compiled first is not what is measured.
        await LoadAsync(running, rate, 3);
        sink.Reset();
        long start = Stopwatch.GetTimestamp();
        double[] waits = await LoadAsync(running, rate, seconds);
        double took = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {kind} | {waits.Length / took:0} | {(double)sink.Rows / sink.Writes:0.0} | {At(waits, 0.5):0.00} | {At(waits, 0.9):0.00} | {At(waits, 0.99):0.00} | {waits[^1]:0.0} |"));
        await running.StopAsync(CancellationToken.None);
        await commit.StopAsync(CancellationToken.None);
    }

    private static async Task<double[]> LoadAsync(IUsageStore store, int rate, int seconds)
    {
        ConcurrentBag<double> waits = [];
        List<Task> requests = new(rate * seconds);
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed.TotalSeconds < seconds)
        {
            for (int due = (int)(clock.Elapsed.TotalSeconds * rate); requests.Count < due;)
            {
                requests.Add(RequestAsync(store, waits));
            }

            await Task.Delay(1);
        }

        await Task.WhenAll(requests);
        return [.. waits.Order()];
    }

    private static async Task RequestAsync(IUsageStore store, ConcurrentBag<double> waits)
    {
        UsageRecord record = SyntheticRecords.Make(Random.Shared, DateTimeOffset.UtcNow);
        store.Accepted(record);
        await Task.Delay(Random.Shared.Next(100, 400));
        long start = Stopwatch.GetTimestamp();
        await store.CompletedAsync(record, CancellationToken.None);
        waits.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    private static double At(double[] sorted, double share) => sorted[(int)((sorted.Length - 1) * share)];

    private sealed class CountingSink(IUsageSink inner) : IUsageSink
    {
        private long _rows;
        private long _writes;

        public long Rows => Volatile.Read(ref _rows);

        public long Writes => Math.Max(1, Volatile.Read(ref _writes));

        public int MaxBatch => inner.MaxBatch;

        public void Reset() => _rows = _writes = 0;

        public string GroupOf(UsageRow row) => inner.GroupOf(row);

        public Task PrepareAsync(CancellationToken cancellationToken) => inner.PrepareAsync(cancellationToken);

        public Task WriteAsync(IReadOnlyList<UsageRow> rows, CancellationToken cancellationToken)
        {
            Interlocked.Add(ref _rows, rows.Count);
            Interlocked.Increment(ref _writes);
            return inner.WriteAsync(rows, cancellationToken);
        }
    }
}
