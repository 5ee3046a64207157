using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Reports;
using Serverless.Gateway.Reports.Rollups;
using Serverless.Gateway.Tests.Storage;
using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Tests.Reports;

/// <summary>A report's sums are the sums over the raw records, to the last token and billionth of a dollar, whatever was rolled up.</summary>
public abstract class UsageReportContract : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 6, 30, 0, TimeSpan.Zero);

    private readonly FakeTimeProvider _time = new(Now);
    private List<UsageRecord> _records = [];
    private CountingReader _reader = null!;
    private IUsageSink _sink = null!;
    private LateRowsSink _late = null!;
    private IRollupStore _rollups = null!;
    private IUsageMonths _months = null!;
    private RollupBuilder _builder = null!;
    private UsageReport _report = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>A record of a month that is over.</summary>
    private UsageRecord OldRecord => _records.First(r => r.Accepted < new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero));

    private protected string Folder { get; } = Directory.CreateTempSubdirectory("serverless-report-").FullName;

    private protected abstract UsageStorage Open(TimeProvider time);

    public async ValueTask InitializeAsync()
    {
        (_sink, IUsageReader reader, _rollups, _months, IUsageSweep sweep) = Open(_time);
        _late = new LateRowsSink(_sink, _rollups, _months, _time);
        _reader = new CountingReader(reader);
        _report = new UsageReport(_builder = new RollupBuilder(_reader, sweep, _rollups, _time));
        _records = Random(900);
        await _sink.PrepareAsync(TestContext.Current.CancellationToken);
        foreach (IGrouping<string, UsageRow> group in _records.Select(r => r.Outcome == RequestOutcome.Open ? UsageRow.OfAccepted(r) : UsageRow.OfCompleted(r)).GroupBy(_sink.GroupOf))
        {
            foreach (UsageRow[] chunk in group.Chunk(_sink.MaxBatch))
            {
                await _sink.WriteAsync(chunk, TestContext.Current.CancellationToken);
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        (_sink as IDisposable)?.Dispose();
        Directory.Delete(Folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData(null, "")]
    [InlineData("Minute", "endpoint")]
    [InlineData("Hour", "endpoint")]
    [InlineData("Day", "principal,model")]
    [InlineData("Month", "provider")]
    [InlineData(null, "tag")]
    [InlineData("Day", "group")]
    [InlineData(null, "agent,status,api_type,key")]
    public async Task Sums_equal_those_over_the_raw_records(string? interval, string groupBy)
    {
        ReportQuery query = new()
        {
            From = new DateTimeOffset(2026, 10, 20, 3, 20, 0, TimeSpan.Zero),
            To = Now,
            Interval = interval is null ? null : Enum.Parse<RollupLevel>(interval),
            GroupBy = groupBy.Length == 0 ? [] : groupBy.Split(','),
        };

        for (int round = 0; round < 2; round++)
        {
            UsageReportResult result = await _report.RunAsync(query, TestContext.Current.CancellationToken);
            AssertSums(query, result);
        }
    }

    /// <summary>Whatever is asked for: random spans and edges, steps, groups and filters, between late records and lost requests.</summary>
    [Fact]
    public async Task Any_report_is_what_its_records_say()
    {
        var random = new Random(4711);
        DateTimeOffset first = _records.Min(r => r.Accepted);
        for (int round = 0; round < 40; round++)
        {
            if (round % 8 == 3)
            {
                UsageRecord late = Records.Full(_records[random.Next(_records.Count)].Accepted) with { Endpoint = "e1", Principal = $"p{random.Next(5)}", Tags = new Dictionary<string, string> { ["team"] = "a" }, Groups = ["g1"] };
                _records.Add(late);
                await _late.WriteAsync([UsageRow.OfCompleted(late)], Stop);
            }

            // On a record, on an hour, on a month, or anywhere.
            DateTimeOffset Edge() => random.Next(4) switch
            {
                0 => _records[random.Next(_records.Count)].Accepted.AddMilliseconds(random.Next(-1, 2)),
                1 => RollupPeriod.Of(RollupLevel.Hour, _records[random.Next(_records.Count)].Accepted).Start.AddHours(random.Next(2)),
                2 => RollupPeriod.Of(RollupLevel.Month, _records[random.Next(_records.Count)].Accepted).Start.AddMonths(random.Next(2)),
                _ => first.AddMinutes(random.Next(90_000)),
            };
            (DateTimeOffset from, DateTimeOffset to) = (Edge(), Edge());
            if (from == to)
            {
                continue;
            }

            var filters = new Dictionary<string, IReadOnlySet<string>>();
            if (random.Next(2) == 0)
            {
                filters["endpoint"] = new HashSet<string> { "e1", "e3", "nobody" };
            }

            if (random.Next(3) == 0)
            {
                filters["tag"] = new HashSet<string> { "team=a", UsageDimensions.None };
            }

            var query = new ReportQuery
            {
                From = from < to ? from : to,
                To = from < to ? to : from,
                Interval = random.Next(5) is var level and < 4 ? (RollupLevel)level : null,
                GroupBy = [.. UsageDimensions.Names.Where(_ => random.Next(5) == 0)],
                Filters = filters,
            };
            AssertSums(query, await _report.RunAsync(query, Stop));
        }
    }

    [Fact]
    public async Task A_tag_with_a_value_for_each_request_costs_no_other_tag_its_sums()
    {
        DateTimeOffset at = new(2026, 9, 3, 7, 0, 0, TimeSpan.Zero);
        UsageRecord[] tagged = [.. Enumerable.Range(0, 5000).Select(i => Records.Full(at.AddMilliseconds(i * 100)) with { Tags = new Dictionary<string, string> { ["run"] = $"{i}", ["team"] = $"t{i % 7}" } })];
        foreach (UsageRow[] chunk in tagged.Select(UsageRow.OfCompleted).GroupBy(_sink.GroupOf).SelectMany(g => g.Chunk(_sink.MaxBatch)))
        {
            await _sink.WriteAsync(chunk, Stop);
        }

        UsageReportResult result = await _report.RunAsync(new ReportQuery { From = at, To = at.AddHours(1), GroupBy = ["tag"] }, Stop);

        Assert.Equal(["run"], result.FoldedTags);
        Assert.Equal(tagged.CountBy(t => t.Tags!["team"]).Select(t => ($"team={t.Key}", (long)t.Value)).Order(), result.Rows.Where(r => r.Values[0].StartsWith("team=")).Select(r => (r.Values[0], r.Measures["requests"])).Order());
        Assert.Equal(5000, result.Rows.Where(r => r.Values[0].StartsWith("run=")).Sum(r => r.Measures["requests"]));
        Assert.InRange((await _rollups.ReadAsync(RollupPeriod.Of(RollupLevel.Hour, at), Stop))!.Count, 7, RollupRows.ManyRows);
        Assert.Empty((await _report.RunAsync(new ReportQuery { From = at, To = at.AddHours(1), GroupBy = ["endpoint"] }, Stop)).FoldedTags);
    }

    [Fact]
    public async Task A_filter_keeps_what_has_one_of_its_values()
    {
        ReportQuery query = new()
        {
            From = Now.AddDays(-40),
            To = Now,
            GroupBy = ["tag"],
            Filters = new Dictionary<string, IReadOnlySet<string>> { ["endpoint"] = new HashSet<string> { "e1", "e2" }, ["tag"] = new HashSet<string> { "team=a" } },
        };

        UsageReportResult result = await _report.RunAsync(query, TestContext.Current.CancellationToken);

        UsageRecord[] expected = [.. _records.Where(r => r.Accepted >= query.From && r.Accepted < query.To && r.Endpoint is "e1" or "e2" && r.Tags?.GetValueOrDefault("team") == "a")];
        UsageReportRow row = Assert.Single(result.Rows);
        Assert.Equal("team=a", row.Values[0]);
        Assert.Equal(expected.Length, row.Measures["requests"]);
        Assert.Equal(expected.Sum(r => r.Usage?.OutputTokens ?? 0), result.Total["output_tokens"]);
    }

    [Fact]
    public async Task The_values_to_filter_by_are_those_that_occur_with_their_requests_most_first()
    {
        ReportQuery query = new()
        {
            From = Now.AddDays(-40),
            To = Now,
            Filters = new Dictionary<string, IReadOnlySet<string>> { ["endpoint"] = new HashSet<string> { "e1", "e2" } },
        };

        var values = (await _report.ValuesAsync(query, TestContext.Current.CancellationToken)).ToDictionary(d => d.Dimension, d => d.Values);

        UsageRecord[] kept = [.. _records.Where(r => r.Accepted >= query.From && r.Accepted < query.To && r.Endpoint is "e1" or "e2")];
        Assert.Equal(UsageDimensions.Names, values.Keys);
        Assert.Equal(kept.CountBy(r => r.Principal!).Select(p => (p.Key, (long)p.Value)).Order(), values["principal"].Order());
        Assert.Equal(kept.Count(r => r.Tags?.GetValueOrDefault("team") == "a"), values["tag"].Single(t => t.Value == "team=a").Requests);
        Assert.Equal(["e1", "e2"], values["endpoint"].Select(v => v.Value).Order());
        Assert.All(values.Values, list => Assert.Equal(list.OrderByDescending(v => v.Requests), list));
    }

    [Fact]
    public async Task Once_rolled_up_a_month_is_read_without_its_records()
    {
        ReportQuery query = new() { From = new DateTimeOffset(2026, 10, 1, 0, 0, 0, TimeSpan.Zero), To = new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero) };
        await _report.RunAsync(query, TestContext.Current.CancellationToken);
        _reader.Read = 0;

        UsageReportResult again = await _report.RunAsync(query, TestContext.Current.CancellationToken);

        Assert.Equal(0, _reader.Read);
        Assert.Equal(_records.Count(r => r.Accepted >= query.From && r.Accepted < query.To), again.Total["requests"]);
    }

    [Fact]
    public async Task Reports_that_are_asked_for_at_once_roll_up_once()
    {
        ReportQuery query = new() { From = new DateTimeOffset(2026, 10, 1, 0, 0, 0, TimeSpan.Zero), To = new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero) };
        int records = _records.Count(r => r.Accepted >= query.From && r.Accepted < query.To);

        UsageReportResult[] results = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => _report.RunAsync(query, TestContext.Current.CancellationToken))));

        Assert.All(results, r => Assert.Equal(records, r.Total["requests"]));
        Assert.Equal(records, _reader.Read);
    }

    [Fact]
    public async Task A_record_that_comes_when_its_month_is_rolled_up_is_in_the_sums_all_the_same()
    {
        ReportQuery month = new() { From = new DateTimeOffset(2026, 10, 1, 0, 0, 0, TimeSpan.Zero), To = new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero) };
        ReportQuery[] queries = [month, month with { Interval = RollupLevel.Day }, month with { Interval = RollupLevel.Hour }];
        UsageMeasures before = (await _report.RunAsync(month, TestContext.Current.CancellationToken)).Total;

        await _late.WriteAsync([UsageRow.OfCompleted(Records.Full(Now.AddMinutes(-5)))], TestContext.Current.CancellationToken);
        _reader.Read = 0;
        await _report.RunAsync(month, TestContext.Current.CancellationToken);
        Assert.Equal(0, _reader.Read);

        UsageRecord late = Records.Full(_records.First(r => r.Accepted >= month.From && r.Accepted < month.To).Accepted);
        await _late.WriteAsync([UsageRow.OfCompleted(late)], TestContext.Current.CancellationToken);
        foreach (ReportQuery query in queries)
        {
            UsageMeasures after = (await _report.RunAsync(query, TestContext.Current.CancellationToken)).Total;
            Assert.Equal((before["requests"] + 1, before["total_tokens"] + late.Usage!.TotalTokens, before["cost_nano_usd"] + late.CostNanoUsd), (after["requests"], after["total_tokens"], after["cost_nano_usd"]));
        }
    }

    [Theory]
    [InlineData("Hour")]
    [InlineData("Day")]
    [InlineData("Month")]
    public async Task A_record_that_lands_while_its_hour_is_rolled_up_is_in_the_next_sums(string level)
    {
        RollupPeriod period = RollupPeriod.Of(Enum.Parse<RollupLevel>(level), OldRecord.Accepted);
        int before = _records.Count(r => r.Accepted >= period.Start && r.Accepted < period.End);
        _reader.AfterReading = () => _late.WriteAsync([UsageRow.OfCompleted(Records.Full(OldRecord.Accepted))], Stop);

        await _builder.RowsAsync(period, Stop);

        Assert.Null(_reader.AfterReading);
        foreach (RollupPeriod each in Longer(OldRecord.Accepted).Where(p => p.Level >= period.Level))
        {
            int all = _records.Count(r => r.Accepted >= each.Start && r.Accepted < each.End) + 1;
            Assert.Equal(all, (await _builder.RowsAsync(each, Stop)).Sum(r => r.Measures["requests"]));
        }

        Assert.Equal(before + 1, (await _builder.RowsAsync(period, Stop)).Sum(r => r.Measures["requests"]));
    }

    [Fact]
    public async Task A_day_that_is_made_of_an_hour_before_a_late_record_of_it_came_is_not_kept()
    {
        RollupPeriod[] periods = [.. Longer(OldRecord.Accepted)];
        await _builder.RowsAsync(periods[0], Stop);
        RollupTurn day = await _rollups.BeginAsync(periods[1], Stop);
        IReadOnlyList<RollupRow> hour = await _builder.RowsAsync(periods[0], Stop);

        await _late.WriteAsync([UsageRow.OfCompleted(Records.Full(OldRecord.Accepted))], Stop);

        Assert.False(await _rollups.WriteAsync(periods[1], hour, day, Stop));
        Assert.Null(await _rollups.ReadAsync(periods[1], Stop));
        Assert.All(await Task.WhenAll(periods.Select(p => _rollups.ReadAsync(p, Stop))), Assert.Null);
    }

    [Fact]
    public async Task Nobody_keeps_sums_while_a_late_record_is_on_its_way_for_a_while_after_its_writer_was_killed()
    {
        RollupPeriod[] periods = [.. Longer(OldRecord.Accepted)];
        var late = Records.Full(OldRecord.Accepted);
        var killed = new LateRowsSink(new KilledSink(), _rollups, new WholeMonths(), _time);
        await Assert.ThrowsAsync<IOException>(() => killed.WriteAsync([UsageRow.OfCompleted(late)], Stop));

        // Another process makes sums now; then the row of the killed one is there, of which nobody tells any more.
        await _builder.RowsAsync(periods[2], Stop);
        await _sink.WriteAsync([UsageRow.OfCompleted(late)], Stop);

        int requests = _records.Count(r => r.Accepted >= periods[2].Start && r.Accepted < periods[2].End) + 1;
        Assert.Equal(requests, (await _builder.RowsAsync(periods[2], Stop)).Sum(r => r.Measures["requests"]));
        Assert.False(await _builder.IsDoneAsync(periods[2], Stop));

        _time.Advance(RollupBuilder.LongestChange + TimeSpan.FromMinutes(1));
        Assert.Equal(requests, (await _builder.RowsAsync(periods[2], Stop)).Sum(r => r.Measures["requests"]));
        Assert.True(await _builder.IsDoneAsync(periods[2], Stop));
    }

    [Fact]
    public async Task Of_two_who_make_the_same_sums_one_writes_them()
    {
        RollupPeriod hour = RollupPeriod.Of(RollupLevel.Hour, OldRecord.Accepted);
        RollupTurn first = await _rollups.BeginAsync(hour, Stop);
        RollupTurn second = await _rollups.BeginAsync(hour, Stop);
        IReadOnlyList<RollupRow> rows = await _builder.SumRecordsAsync(hour.Start, hour.End, Stop);

        Assert.True(await _rollups.WriteAsync(hour, rows, first, Stop));
        await _rollups.WriteAsync(hour, rows, second, Stop);

        Assert.True(RollupRows.AreSame(rows, (await _rollups.ReadAsync(hour, Stop))!));
    }

    [Fact]
    public async Task A_reader_sees_the_old_sums_or_the_new_ones_and_after_a_crash_the_old_ones()
    {
        RollupPeriod hour = RollupPeriod.Of(RollupLevel.Hour, OldRecord.Accepted);
        RollupRow[] Rows(int requests) => [.. Enumerable.Range(0, 350).Select(i => new RollupRow(new UsageDimensions { Endpoint = $"e{i}" }, UsageMeasures.Restore(i => UsageMeasures.Names[i] == "requests" ? requests : 0, "", "")))];
        Assert.True(await _rollups.WriteAsync(hour, Rows(1), await _rollups.BeginAsync(hour, Stop), Stop));
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        Task<HashSet<long>> reading = Task.Run(async () =>
        {
            HashSet<long> seen = [];
            do
            {
                if (await _rollups.ReadAsync(hour, Stop) is { } rows)
                {
                    seen.Add(rows.Sum(r => r.Measures["requests"]));
                }
            }
            while (!done.IsCancellationRequested);
            return seen;
        }, Stop);

        for (int i = 2; i < 8; i++)
        {
            Assert.True(await _rollups.WriteAsync(hour, Rows(i), await _rollups.BeginAsync(hour, Stop), Stop));
        }

        await done.CancelAsync();
        Assert.All(await reading, sum => Assert.Equal(0, sum % 350));
        Assert.Equal(7 * 350, (await _rollups.ReadAsync(hour, Stop))!.Sum(r => r.Measures["requests"]));
    }

    [Fact]
    public async Task A_rebuilding_that_was_broken_off_leaves_no_wrong_sums()
    {
        RollupPeriod[] periods = [.. Longer(OldRecord.Accepted)];
        int requests = _records.Count(r => r.Accepted >= periods[2].Start && r.Accepted < periods[2].End);
        await _builder.RowsAsync(periods[2], Stop);

        // Past the sink that forgets sums, as a gateway of an earlier version may have done it.
        await _sink.WriteAsync([UsageRow.OfCompleted(Records.Full(OldRecord.Accepted))], Stop);
        int left = 20;
        await Assert.ThrowsAsync<OperationCanceledException>(() => _builder.RebuildAsync(periods[2], r => r.Accepted > OldRecord.Accepted && left-- == 0 ? throw new OperationCanceledException() : ValueTask.CompletedTask, Stop));

        long month = (await _builder.RowsAsync(periods[2], Stop)).Sum(r => r.Measures["requests"]);
        long days = 0;
        foreach (RollupPeriod day in periods[2].Parts())
        {
            days += (await _builder.RowsAsync(day, Stop)).Sum(r => r.Measures["requests"]);
        }

        Assert.Equal(month, days);
        await _builder.RebuildAsync(periods[2], null, Stop);
        Assert.Equal(requests + 1, (await _builder.RowsAsync(periods[2], Stop)).Sum(r => r.Measures["requests"]));
    }

    [Fact]
    public async Task A_request_that_ends_while_it_is_given_up_is_not_lost()
    {
        UsageRecord open = _records.First(r => r.Outcome == RequestOutcome.Open && r.Accepted < Now.AddHours(-5));
        RollupPeriod hour = RollupPeriod.Of(RollupLevel.Hour, open.Accepted);
        UsageRecord ended = Records.Full(open.Accepted) with { RequestId = open.RequestId, Principal = "late" };
        _reader.AfterReading = () => _late.WriteAsync([UsageRow.OfCompleted(ended)], Stop);

        for (int i = 0; i < 2; i++)
        {
            Assert.Contains(await _builder.RowsAsync(hour, Stop), r => r.Dimensions.Principal == "late" && r.Measures["lost"] == 0);
        }

        Assert.Equal(RequestOutcome.Success, (await _reader.FindAsync(open.RequestId, Stop))!.Outcome);
    }

    [Fact]
    public async Task The_last_millisecond_of_a_month_belongs_to_it()
    {
        DateTimeOffset end = new(2026, 9, 1, 0, 0, 0, TimeSpan.Zero);
        await _sink.WriteAsync([UsageRow.OfCompleted(Records.Full(end.AddMilliseconds(-1)))], Stop);

        foreach (RollupLevel? level in (RollupLevel?[])[null, RollupLevel.Month, RollupLevel.Day, RollupLevel.Hour])
        {
            Assert.Equal(1, (await _report.RunAsync(new ReportQuery { From = end.AddMonths(-1), To = end, Interval = level }, Stop)).Total["requests"]);
        }
    }

    [Fact]
    public async Task What_is_closed_is_rolled_up_ahead_as_far_back_as_there_are_records_by_one_instance()
    {
        await _sink.WriteAsync([UsageRow.OfCompleted(Records.Full(Now.AddDays(-400)))], Stop);
        using var one = new RollupService(_builder, _rollups, _months, _time, NullLogger<RollupService>.Instance);
        using var other = new RollupService(_builder, _rollups, _months, _time, NullLogger<RollupService>.Instance);

        Assert.True(await one.RollUpAsync(Stop));

        _reader.Read = 0;
        UsageReportResult past = await _report.RunAsync(new ReportQuery { From = Now.AddDays(-420), To = new DateTimeOffset(2026, 11, 24, 5, 0, 0, TimeSpan.Zero) }, Stop);
        Assert.Equal((_records.Count(r => r.Accepted < new DateTimeOffset(2026, 11, 24, 5, 0, 0, TimeSpan.Zero)) + 1, 0), (past.Total["requests"], _reader.Read));

        // The other one does nothing, until the first has not been heard of for long.
        await _rollups.ForgetAsync(RollupPeriod.Of(RollupLevel.Month, Now.AddDays(-400)), changing: false, Stop);
        Assert.True(await other.RollUpAsync(Stop));
        Assert.False(await _builder.IsDoneAsync(RollupPeriod.Of(RollupLevel.Month, Now.AddDays(-400)), Stop));
        _time.Advance(TimeSpan.FromMinutes(16));
        Assert.True(await other.RollUpAsync(Stop));
        Assert.True(await _builder.IsDoneAsync(RollupPeriod.Of(RollupLevel.Month, Now.AddDays(-400)), Stop));
    }

    /// <summary>The hour of a moment, its day and its month.</summary>
    private static IEnumerable<RollupPeriod> Longer(DateTimeOffset time) => [.. new[] { RollupLevel.Hour, RollupLevel.Day, RollupLevel.Month }.Select(l => RollupPeriod.Of(l, time))];

    [Fact]
    public async Task A_request_whose_process_was_killed_is_lost_and_not_silently_missing()
    {
        UsageRecord open = _records.First(r => r.Outcome == RequestOutcome.Open && r.Accepted < Now.AddHours(-5));
        RollupPeriod hour = RollupPeriod.Of(RollupLevel.Hour, open.Accepted);

        UsageReportResult result = await _report.RunAsync(new ReportQuery { From = hour.Start, To = hour.End, GroupBy = ["status"] }, TestContext.Current.CancellationToken);

        Assert.Contains(result.Rows, r => r.Values[0] == "lost" && r.Measures["lost"] >= 1);
        Assert.Equal(RequestOutcome.Lost, (await _reader.FindAsync(open.RequestId, TestContext.Current.CancellationToken))!.Outcome);
    }

    [Fact]
    public async Task Single_requests_are_paged_from_the_newest_on_each_once()
    {
        List<string> seen = [];
        string? token = null;
        do
        {
            var query = new RequestQuery(Now.AddDays(-40), Now, 77, token) { Filters = new Dictionary<string, IReadOnlySet<string>> { ["endpoint"] = new HashSet<string> { "e1" } } };
            (IReadOnlyList<UsageRecord> page, token) = await query.RunAsync(_reader, TestContext.Current.CancellationToken);
            Assert.InRange(page.Count, 0, 77);
            seen.AddRange(page.Select(r => r.RequestId));
        }
        while (token is not null);

        Assert.Equal(_records.Where(r => r.Endpoint == "e1" && r.Accepted >= Now.AddDays(-40) && r.Accepted < Now).Select(r => r.RequestId).OrderDescending(StringComparer.Ordinal), seen);
    }

    [Fact]
    public async Task Models_without_a_price_are_named_and_the_cost_is_exact_to_the_billionth()
    {
        ReportQuery query = new() { From = Now.AddDays(-40), To = Now, GroupBy = ["endpoint"] };

        UsageReportResult result = await _report.RunAsync(query, TestContext.Current.CancellationToken);
        var json = new ArrayBufferWriter<byte>();
        ReportFormat.WriteJson(result, json);
        var csv = new ArrayBufferWriter<byte>();
        ReportFormat.WriteCsv(result, csv);

        UsageRecord[] raw = [.. _records.Where(r => r.Accepted >= query.From && r.Accepted < query.To)];
        string[] unpriced = [.. Unpriced(raw)];
        Assert.NotEmpty(unpriced);
        using JsonDocument report = JsonDocument.Parse(json.WrittenMemory);
        JsonElement total = report.RootElement.GetProperty("total");
        Assert.Equal(unpriced, total.GetProperty("unpriced_models").EnumerateArray().Select(m => m.GetString()));
        Assert.Equal(raw.Sum(r => r.CostNanoUsd ?? 0) / 1_000_000_000m, total.GetProperty("cost_usd").GetDecimal());
        string[] lines = Encoding.UTF8.GetString(csv.WrittenSpan).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.EndsWith(",unpriced_models", lines[0], StringComparison.Ordinal);
        foreach (JsonElement row in report.RootElement.GetProperty("rows").EnumerateArray())
        {
            string endpoint = row.GetProperty("endpoint").GetString()!;
            UsageRecord[] its = [.. raw.Where(r => r.Endpoint == endpoint)];
            Assert.Equal(Unpriced(its), row.GetProperty("unpriced_models").EnumerateArray().Select(m => m.GetString()));
            Assert.Equal(its.Sum(r => r.CostNanoUsd ?? 0) / 1_000_000_000m, row.GetProperty("cost_usd").GetDecimal());
            string line = Assert.Single(lines, l => l.StartsWith(endpoint + ",", StringComparison.Ordinal));
            Assert.EndsWith("," + string.Join("; ", Unpriced(its)), line, StringComparison.Ordinal);
        }
    }

    private static IEnumerable<string> Unpriced(IEnumerable<UsageRecord> records) => records
        .Where(r => r.Usage is not null && r.CostNanoUsd is null)
        .Select(r => $"{r.Provider}/{r.ModelServed ?? r.ModelAsked}")
        .Distinct()
        .Order(StringComparer.Ordinal);

    private void AssertSums(ReportQuery query, UsageReportResult result)
    {
        var expected = new Dictionary<string, UsageMeasures>();
        var latencies = new Dictionary<string, List<double>>();
        UsageMeasures total = new();
        foreach (UsageRecord record in _records.Where(r => r.Accepted >= query.From && r.Accepted < query.To))
        {
            // What cannot run any more is lost by now.
            UsageRecord settled = record.Outcome == RequestOutcome.Open && _builder.IsClosed(RollupPeriod.Of(RollupLevel.Hour, record.Accepted)) ? record with { Outcome = RequestOutcome.Lost } : record;
            UsageDimensions dimensions = UsageDimensions.Of(settled);
            if (!query.Filters.All(f => dimensions.Values(f.Key).Any(f.Value.Contains)))
            {
                continue;
            }

            total.Add(settled);
            IEnumerable<string> keys = [query.Interval is { } interval ? RollupPeriod.Of(interval, record.Accepted).Start.ToString("o") : ""];
            foreach (string name in query.GroupBy)
            {
                keys = keys.SelectMany(k => dimensions.Values(name).Where(v => !query.Filters.TryGetValue(name, out var wanted) || wanted.Contains(v)).Select(v => $"{k}|{v}"));
            }

            foreach (string key in keys)
            {
                (expected.TryGetValue(key, out UsageMeasures? measures) ? measures : expected[key] = new UsageMeasures()).Add(settled);
                if (settled.Latency is { } latency && settled.Outcome is not (RequestOutcome.Open or RequestOutcome.Lost))
                {
                    (latencies.TryGetValue(key, out List<double>? list) ? list : latencies[key] = []).Add(latency.TotalMilliseconds);
                }
            }
        }

        string asked = $"{query.From:o} to {query.To:o} by {query.Interval} and {string.Join(',', query.GroupBy)}, filtered by {string.Join(',', query.Filters.Keys)}";
        Assert.All(UsageMeasures.Names, name => Assert.Equal((asked, name, total[name]), (asked, name, result.Total[name])));
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), result.Rows.Select(KeyOf).Order(StringComparer.Ordinal));
        foreach (UsageReportRow row in result.Rows)
        {
            UsageMeasures wanted = expected[KeyOf(row)];
            Assert.All(UsageMeasures.Names, name => Assert.Equal((name, wanted[name]), (name, row.Measures[name])));
            Assert.Equal(wanted.Latency.Serialize(), row.Measures.Latency.Serialize());
            double[] sorted = [.. latencies.GetValueOrDefault(KeyOf(row), []).Order()];
            foreach (double share in (double[])[0.5, 0.9, 0.99])
            {
                double? exact = sorted.Length == 0 ? null : sorted[Math.Max(1, (int)Math.Ceiling(share * sorted.Length)) - 1];
                Assert.Equal(exact is null, row.Measures.Latency.Percentile(share) is null);
                Assert.True(exact is null || Math.Abs(row.Measures.Latency.Percentile(share)!.Value - exact.Value) <= Math.Max(0.0101 * exact.Value, 0.01), asked);
            }
        }

        // Where no request counts twice, and none is left out, the groups add up to the whole.
        if (!query.GroupBy.Contains("tag") && !query.GroupBy.Contains("group"))
        {
            Assert.All(UsageMeasures.Names, name => Assert.Equal(result.Total[name], result.Rows.Sum(r => r.Measures[name])));
        }
    }

    private static string KeyOf(UsageReportRow row) => string.Join('|', row.Values.Prepend(row.Start?.ToString("o") ?? ""));

    private static List<UsageRecord> Random(int count)
    {
        var random = new Random(17);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            UsageRecord full = Records.Full(i % 10 == 0 ? Now.AddMinutes(-random.Next(180)) : Now.AddHours(-random.Next(12) * 100).AddMinutes(-random.Next(60)));
            return full with
            {
                Endpoint = $"e{random.Next(4)}",
                Principal = $"p{random.Next(5)}",
                ModelServed = random.Next(10) == 0 ? null : $"m{random.Next(3)}",
                Provider = random.Next(2) == 0 ? "openai" : "anthropic",
                Agent = random.Next(3) == 0 ? null : "codex",
                StatusCode = random.Next(8) == 0 ? 429 : 200,
                Outcome = random.Next(12) == 0 ? RequestOutcome.Open : random.Next(8) == 0 ? RequestOutcome.UpstreamError : RequestOutcome.Success,
                Groups = [.. Enumerable.Range(0, random.Next(3)).Select(g => $"g{g}")],
                Tags = random.Next(3) == 0 ? null : new Dictionary<string, string> { ["team"] = random.Next(2) == 0 ? "a" : "b", ["x"] = "y" },
                CostNanoUsd = random.Next(5) == 0 ? null : random.Next(1_000_000_000),
                Usage = random.Next(9) == 0 ? null : new TokenUsage { InputTokens = random.Next(100_000), CacheReadTokens = random.Next(1000), OutputTokens = random.Next(5000) },
                Latency = TimeSpan.FromMilliseconds(random.NextDouble() * 10_000),
            };
        }).Select(r => r.Outcome == RequestOutcome.Open ? Unfinished(r) : r)];
    }

    private static UsageRecord Unfinished(UsageRecord r) => r with
    {
        Usage = null,
        CostNanoUsd = null,
        Latency = null,
        TimeToFirstToken = null,
        QueueTime = null,
        Attempts = [],
        ModelServed = null,
        ModelAsked = null,
        Provider = null,
        BytesIn = 0,
        BytesOut = 0,
    };

    /// <summary>Its process does not live to write.</summary>
    private sealed class KilledSink : IUsageSink
    {
        public int MaxBatch => 100;

        public string GroupOf(UsageRow row) => "";

        public Task PrepareAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task WriteAsync(IReadOnlyList<UsageRow> rows, CancellationToken cancellationToken) => throw new IOException();
    }

    private sealed class WholeMonths : IUsageMonths
    {
        public Task<IReadOnlyList<UsageMonth>> ListAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<UsageMonthState> StateAsync(string month, CancellationToken cancellationToken) => Task.FromResult(UsageMonthState.Whole);

        public Task MarkAsync(string month, ExportMark? mark, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<bool> TryMarkAsync(string month, ExportMark known, ExportMark? mark, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<bool> DropAsync(string month, ExportMark? known, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    private sealed class CountingReader(IUsageReader inner) : IUsageReader
    {
        private int _read;

        public int Read
        {
            get => _read;
            set => _read = value;
        }

        /// <summary>Done once, when a span of time has been read and nothing has been made of it yet.</summary>
        public Func<Task>? AfterReading { get; set; }

        public Task<UsageRecord?> FindAsync(string requestId, CancellationToken cancellationToken) => inner.FindAsync(requestId, cancellationToken);

        public Task<IReadOnlySet<DateTimeOffset>> HoursAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) => inner.HoursAsync(from, to, cancellationToken);

        public IAsyncEnumerable<UsageRecord> ReadAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) => inner.ReadAsync(from, to, cancellationToken);

        public async IAsyncEnumerable<UsageFacts> ReadFactsAsync(DateTimeOffset from, DateTimeOffset to, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await foreach (UsageFacts facts in inner.ReadFactsAsync(from, to, cancellationToken))
            {
                Interlocked.Increment(ref _read);
                yield return facts;
            }

            if (AfterReading is { } after)
            {
                AfterReading = null;
                await after();
            }
        }
    }
}

/// <summary>The contract over the real emulator of Azure Table Storage.</summary>
public sealed class TableUsageReportTests(Azurite azurite) : UsageReportContract
{
    private protected override UsageStorage Open(TimeProvider time)
    {
        var tables = new UsageTables(azurite.Connect(), azurite.NextPrefix());
        return new UsageStorage(new TableUsageSink(tables), new TableUsageReader(tables), new TableRollupStore(tables, time), new TableUsageMonths(tables), new TableUsageSweep(tables));
    }
}

/// <summary>The contract over a SQLite file.</summary>
public sealed class SqliteUsageReportTests : UsageReportContract
{
    private protected override UsageStorage Open(TimeProvider time)
    {
        string path = Path.Combine(Folder, "usage.db");
        return UsageStorage.Open(new UsageSettings { Path = path })! with { Rollups = new SqliteRollupStore(path, time) };
    }
}
