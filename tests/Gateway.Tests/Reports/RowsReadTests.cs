using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Reports;
using Serverless.Gateway.Reports.Rollups;
using Serverless.Gateway.Tests.Storage;
using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Tests.Reports;

/// <summary>
/// What a report reads of months with ten million requests each, whose closed hours and days were rolled up as they went by: 200 combinations
/// of dimensions, 13,500 requests an hour, the last two hours still open.
/// </summary>
public sealed class RowsReadTests
{
    private const int Combinations = 200;
    private const int PerHour = 13_500;
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 6, 30, 0, TimeSpan.Zero);

    private readonly Ledger _ledger = new();

    [Fact]
    public async Task A_month_of_ten_million_requests_reads_rows_in_the_thousands()
    {
        var query = new ReportQuery { From = new DateTimeOffset(2026, 10, 1, 0, 0, 0, TimeSpan.Zero), To = new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero), GroupBy = ["principal"] };

        UsageReportResult first = await RunAsync(query);
        Assert.Equal(31L * 24 * PerHour, first.Total["requests"]);
        Assert.True(first.Total["requests"] > 10_000_000);
        Assert.Equal((31 * Combinations, 0), (_ledger.RollupsRead, _ledger.RecordsRead));

        _ledger.RollupsRead = 0;
        UsageReportResult again = await RunAsync(query);
        Assert.Equal(first.Total["total_tokens"], again.Total["total_tokens"]);
        Assert.Equal((Combinations, 0), (_ledger.RollupsRead, _ledger.RecordsRead));
    }

    [Fact]
    public async Task The_hours_still_open_are_read_record_by_record_and_are_exact()
    {
        UsageReportResult result = await RunAsync(new ReportQuery { From = new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero), To = Now });

        // 23 days, then the hours 0 to 4 of the last; 5 and 6 cannot be closed at half past six.
        Assert.Equal((((23 * 24) + 5L) * PerHour) + _ledger.Open.Count, result.Total["requests"]);
        Assert.Equal(((((23 * 24) + 5L) * PerHour) * 10) + _ledger.Open.Sum(r => r.Usage!.TotalTokens), result.Total["total_tokens"]);
        Assert.Equal((28 * Combinations, _ledger.Open.Count), (_ledger.RollupsRead, _ledger.RecordsRead));
    }

    [Fact]
    public async Task What_sums_read_of_a_record_is_what_the_record_says()
    {
        UsageRecord full = Records.Full(Now);
        var json = new ArrayBufferWriter<byte>();
        var reader = new UsageFactsJson();
        foreach (UsageRecord record in (UsageRecord[])
        [
            full, full with { ModelServed = null, Agent = null, Attempts = [] }, full with { Outcome = RequestOutcome.Lost }, full with { Usage = null, CostNanoUsd = null, Latency = null },
            full with { Principal = "\"q\\ü👩‍👧", Groups = ["b", "a", "b"], Tags = new Dictionary<string, string> { ["z"] = "1", ["a"] = "ü\n" }, StatusCode = 429 },
            full with { Groups = [], Tags = null, Usage = new TokenUsage { OutputTokens = 0 }, Stream = false }, full,
        ])
        {
            UsageRow row = UsageRow.OfCompleted(record);
            json.ResetWrittenCount();
            UsageRowJson.Write(row, json);
            Assert.Equal(UsageFacts.Of(record), reader.Read(json.WrittenSpan));
            Assert.Equal(UsageFacts.Of(record), UsageFacts.Of(UsageColumns.ToRecord(record.RequestId, name => UsageFactsJson.Columns.Contains(name) ? row.Values.GetValueOrDefault(UsageColumns.Find(name)!) : null)));
        }

        UsageRow open = UsageRow.OfAccepted(full);
        json.ResetWrittenCount();
        UsageRowJson.Write(open, json);
        Assert.Equal(UsageFacts.Of(UsageColumns.ToRecord(open.RequestId, name => open.Values.GetValueOrDefault(UsageColumns.Find(name)!))), reader.Read(json.WrittenSpan));
        Assert.All(UsageFactsJson.Columns, name => Assert.NotNull(UsageColumns.Find(name)));
        Assert.Throws<InvalidDataException>(() => reader.Read("{\"request_id\":"u8));
    }

    private Task<UsageReportResult> RunAsync(ReportQuery query) =>
        new UsageReport(new RollupBuilder(_ledger, new NoSweep(), _ledger, new Clock())).RunAsync(query, TestContext.Current.CancellationToken);

    /// <summary>Counts what is read of it. Records are there of the open hours only: whoever reads any other has lost the wager.</summary>
    private sealed class Ledger : IUsageReader, IRollupStore
    {
        private static readonly DateTimeOffset FirstOpen = new(2026, 11, 24, 5, 0, 0, TimeSpan.Zero);

        private readonly ConcurrentDictionary<RollupPeriod, IReadOnlyList<RollupRow>> _made = [];
        private int _rollupsRead;
        private int _recordsRead;

        public int RollupsRead { get => _rollupsRead; set => _rollupsRead = value; }

        public int RecordsRead => _recordsRead;

        public List<UsageRecord> Open { get; } = [.. Enumerable.Range(0, 90).Select(i => Records.Full(FirstOpen.AddMinutes(i)) with { Usage = new TokenUsage { InputTokens = i, OutputTokens = 1 } })];

        public Task<UsageRecord?> FindAsync(string requestId, CancellationToken cancellationToken) => throw new NotSupportedException();

        public int PeriodsAtOnce => 4;

        public IAsyncEnumerable<UsageRecord> ReadAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) => throw new NotSupportedException();

        public async IAsyncEnumerable<UsageFacts> ReadFactsAsync(DateTimeOffset from, DateTimeOffset to, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            Assert.True(from >= FirstOpen, $"The records of {from} were read.");
            await Task.Yield();
            foreach (UsageRecord record in Open.Where(r => r.Accepted >= from && r.Accepted < to))
            {
                Interlocked.Increment(ref _recordsRead);
                yield return UsageFacts.Of(record);
            }
        }

        public Task<IReadOnlySet<DateTimeOffset>> HoursAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
        {
            HashSet<DateTimeOffset> hours = [];
            for (DateTimeOffset hour = RollupPeriod.Of(RollupLevel.Hour, from).Start; hour < to && hour < Now; hour = hour.AddHours(1))
            {
                hours.Add(hour);
            }

            return Task.FromResult<IReadOnlySet<DateTimeOffset>>(hours);
        }

        public Task<IReadOnlyList<RollupRow>?> ReadAsync(RollupPeriod period, CancellationToken cancellationToken)
        {
            IReadOnlyList<RollupRow>? rows = _made.TryGetValue(period, out var made) ? made : period.Level switch
            {
                RollupLevel.Hour => Rows(PerHour),
                RollupLevel.Day => Rows(24 * PerHour),
                _ => null,
            };
            Interlocked.Add(ref _rollupsRead, rows?.Count ?? 0);
            return Task.FromResult(rows);
        }

        public Task<RollupTurn> BeginAsync(RollupPeriod period, CancellationToken cancellationToken) => Task.FromResult(new RollupTurn(false, ""));

        public Task<bool> WriteAsync(RollupPeriod period, IReadOnlyList<RollupRow> rows, RollupTurn turn, CancellationToken cancellationToken)
        {
            _made[period] = rows;
            return Task.FromResult(true);
        }

        public Task ForgetAsync(RollupPeriod period, bool changing, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<bool> TakeLeadAsync(string who, TimeSpan length, CancellationToken cancellationToken) => throw new NotSupportedException();

        private static List<RollupRow> Rows(int requests) => [.. Enumerable.Range(0, Combinations).Select(i =>
        {
            int count = (requests * (i + 1) / Combinations) - (requests * i / Combinations);
            return new RollupRow(
                new UsageDimensions { Principal = $"p{i % 40}", Endpoint = $"e{i}" },
                UsageMeasures.Restore(sum => UsageMeasures.Names[sum] switch { "requests" => count, "total_tokens" => 10L * count, _ => 0 }, "", ""));
        })];
    }

    private sealed class NoSweep : IUsageSweep
    {
        public Task LoseAsync(IReadOnlyCollection<string> requestIds, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    private sealed class Clock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Now;
    }
}
