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
    public async Task Sums_need_no_column_that_they_do_not_ask_for()
    {
        UsageRecord asked = Records.Full(Now);
        foreach (UsageRecord record in (UsageRecord[])[asked, asked with { ModelServed = null, Agent = null }, asked with { Outcome = RequestOutcome.Lost }, asked with { Usage = null, CostNanoUsd = null }])
        {
            IReadOnlyDictionary<UsageColumn, object> all = UsageRow.OfCompleted(record).Values;
            RollupRows whole = new(), some = new();
            whole.Add(UsageColumns.ToRecord(record.RequestId, name => all.GetValueOrDefault(UsageColumns.Find(name)!)));
            some.Add(UsageColumns.ToRecord(record.RequestId, name => RollupRows.Columns.Contains(name) ? all.GetValueOrDefault(UsageColumns.Find(name)!) : null));
            Assert.Equal(Values(whole), Values(some));
        }

        Assert.All(RollupRows.Columns, name => Assert.NotNull(UsageColumns.Find(name)));

        static IEnumerable<object> Values(RollupRows rows) => rows.Rows.Select(RollupValues.Of).SelectMany(v => v.Texts.Concat<object>(v.Sums.Cast<object>()));
    }

    private Task<UsageReportResult> RunAsync(ReportQuery query) =>
        new UsageReport(new RollupBuilder(_ledger, new NoSink(), _ledger, new Clock())).RunAsync(query, TestContext.Current.CancellationToken);

    /// <summary>Counts what is read of it. Records are there of the open hours only: whoever reads any other has lost the wager.</summary>
    private sealed class Ledger : IUsageReader, IRollupStore
    {
        private static readonly DateTimeOffset FirstOpen = new(2026, 11, 24, 5, 0, 0, TimeSpan.Zero);

        private readonly Dictionary<RollupPeriod, IReadOnlyList<RollupRow>> _made = [];

        public int PeriodsAtOnce => 1;

        public int RollupsRead { get; set; }

        public int RecordsRead { get; private set; }

        public List<UsageRecord> Open { get; } = [.. Enumerable.Range(0, 90).Select(i => Records.Full(FirstOpen.AddMinutes(i)) with { Usage = new TokenUsage { InputTokens = i, OutputTokens = 1 } })];

        public Task<UsageRecord?> FindAsync(string requestId, CancellationToken cancellationToken) => throw new NotSupportedException();

        public async IAsyncEnumerable<UsageRecord> ReadAsync(DateTimeOffset from, DateTimeOffset to, [EnumeratorCancellation] CancellationToken cancellationToken, IReadOnlyCollection<string>? columns = null)
        {
            Assert.True(from >= FirstOpen, $"The records of {from} were read.");
            await Task.Yield();
            foreach (UsageRecord record in Open.Where(r => r.Accepted >= from && r.Accepted < to))
            {
                RecordsRead++;
                yield return record;
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
            RollupsRead += rows?.Count ?? 0;
            return Task.FromResult(rows);
        }

        public Task WriteAsync(RollupPeriod period, IReadOnlyList<RollupRow> rows, CancellationToken cancellationToken)
        {
            _made[period] = rows;
            return Task.CompletedTask;
        }

        public Task ForgetAsync(RollupPeriod period, CancellationToken cancellationToken) => throw new NotSupportedException();

        private static List<RollupRow> Rows(int requests) => [.. Enumerable.Range(0, Combinations).Select(i =>
        {
            int count = (requests * (i + 1) / Combinations) - (requests * i / Combinations);
            return new RollupRow(
                new UsageDimensions { Principal = $"p{i % 40}", Endpoint = $"e{i}" },
                UsageMeasures.Restore(name => name switch { "requests" => count, "total_tokens" => 10L * count, _ => 0 }, "", ""));
        })];
    }

    private sealed class NoSink : IUsageSink
    {
        public int MaxBatch => 1;

        public string GroupOf(UsageRow row) => "";

        public Task PrepareAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task WriteAsync(IReadOnlyList<UsageRow> rows, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    private sealed class Clock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Now;
    }
}
