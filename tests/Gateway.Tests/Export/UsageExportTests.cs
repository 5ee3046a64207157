using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Parquet;
using Parquet.Schema;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Reports;
using Serverless.Gateway.Reports.Export;
using Serverless.Gateway.Reports.Rollups;
using Serverless.Gateway.Tests.Storage;
using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Tests.Export;

/// <summary>A month in a file has every record of it; a month is dropped only when it is in a file, and reports go on without it.</summary>
public abstract class UsageExportContract : IAsyncLifetime
{
    private static readonly DateTimeOffset Start = new(2026, 8, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 6, 30, 0, TimeSpan.Zero));
    private UsageStorage _storage = null!;
    private UsageExport _export = null!;

    private protected string Folder { get; } = Directory.CreateTempSubdirectory("serverless-export-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private protected abstract UsageStorage Open();

    public async ValueTask InitializeAsync()
    {
        _storage = Open();
        _export = new UsageExport(_storage, _time);
        await _storage.Sink.PrepareAsync(Stop);
    }

    public ValueTask DisposeAsync()
    {
        _storage.Dispose();
        Directory.Delete(Folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Lines_of_JSON_are_the_records()
    {
        List<UsageRecord> records = await StoreAsync(Start, 40);
        await StoreAsync(Start.AddDays(-1), 3);
        await StoreAsync(Start.AddMonths(1), 3);

        Assert.Equal(40, await _export.ToFileAsync("202608", "jsonl", File("a.jsonl"), null, Stop));

        UsageRecord[] found = [.. (await System.IO.File.ReadAllLinesAsync(File("a.jsonl"), Stop)).Select(line => UsageRowJson.Read(line)!)
            .Select(row => UsageColumns.ToRecord(row.RequestId, name => row.Values.GetValueOrDefault(UsageColumns.Find(name)!)))];
        Assert.Equal(records.Count, found.Length);
        foreach (UsageRecord record in records)
        {
            Records.AssertSame(record, found.Single(f => f.RequestId == record.RequestId));
        }

        Assert.Equal(["a.jsonl"], Directory.GetFiles(Folder, "a*").Select(Path.GetFileName));
    }

    [Fact]
    public async Task What_a_killed_export_has_left_is_tidied_up_and_one_that_is_at_work_is_left_alone()
    {
        await StoreAsync(Start, 3);
        await System.IO.File.WriteAllTextAsync(File("a.csv.1.partial"), "half", Stop);
        await using var held = new FileStream(File("a.csv.2.partial"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);

        await _export.ToFileAsync("202608", "csv", File("a.csv"), null, Stop);

        Assert.Equal(["a.csv", "a.csv.2.partial"], Directory.GetFiles(Folder, "a.csv*").Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Csv_has_every_column_and_no_cell_that_a_spreadsheet_would_run()
    {
        string[] hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "a,b", "a\"b", "a\r\nb", "x;y", "emoji 👩‍👩‍👧"];
        await StoreAsync(Start, hostile.Length, (record, i) => record with { UserAgent = hostile[i], Tags = new Dictionary<string, string> { [hostile[i]] = hostile[i] } });

        await _export.ToFileAsync("202608", "csv", File("a.csv"), null, Stop);

        List<string[]> rows = ReadCsv(await System.IO.File.ReadAllTextAsync(File("a.csv"), Stop));
        Assert.Equal(UsageColumns.All.Select(c => c.Name).Prepend("request_id"), rows[0]);
        Assert.Equal(hostile.Length, rows.Count - 1);
        Assert.All(rows, row => Assert.Equal(rows[0].Length, row.Length));
        int agent = Array.IndexOf(rows[0], "user_agent");
        int tags = Array.IndexOf(rows[0], "request_tags");
        Assert.Equal(hostile.Select(h => h[0] is '=' or '+' or '-' or '@' or '\t' ? "'" + h : h).Order(), rows.Skip(1).Select(r => r[agent]).Order());
        Assert.Equal(hostile.Order(), rows.Skip(1).Select(r => JsonDocument.Parse(r[tags]).RootElement.EnumerateObject().Single().Name).Order());
    }

    [Fact]
    public async Task Parquet_holds_typed_columns_in_groups_of_rows()
    {
        List<UsageRecord> records = await StoreAsync(Start, 25, (record, i) => i % 5 == 0 ? record with { Usage = null, CostNanoUsd = null, Agent = null } : record with { CostNanoUsd = i });
        using var file = new MemoryStream();
        await using (var writer = new ParquetRecordWriter(file, groupSize: 10))
        {
            foreach (UsageRecord record in records)
            {
                await writer.WriteAsync(record, Stop);
            }

            await writer.CompleteAsync(Stop);
        }

        file.Position = 0;
        await using ParquetReader reader = await ParquetReader.CreateAsync(file, cancellationToken: Stop);
        Assert.Equal(UsageColumns.All.Select(c => c.Name).Prepend("request_id"), reader.Schema.DataFields.Select(f => f.Name));
        Assert.Equal(3, reader.RowGroupCount);
        List<(string? Id, DateTime? Time, long? Cost, bool? Stream, double? Latency, string? Agent, string? Attempts)> rows = [];
        for (int g = 0; g < reader.RowGroupCount; g++)
        {
            using ParquetRowGroupReader group = reader.OpenRowGroupReader(g);
            int count = (int)group.RowCount;
            string?[] ids = new string?[count], agents = new string?[count], attempts = new string?[count];
            var times = new DateTime?[count];
            var costs = new long?[count];
            var streams = new bool?[count];
            var latencies = new double?[count];
            await group.ReadAsync(Field("request_id"), ids.AsMemory()!, cancellationToken: Stop);
            await group.ReadAsync(Field("agent"), agents.AsMemory()!, cancellationToken: Stop);
            await group.ReadAsync(Field("attempts"), attempts.AsMemory()!, cancellationToken: Stop);
            await group.ReadAsync<DateTime>(Field("event_time"), times.AsMemory(), cancellationToken: Stop);
            await group.ReadAsync<long>(Field("cost_nano_usd"), costs.AsMemory(), cancellationToken: Stop);
            await group.ReadAsync<bool>(Field("stream"), streams.AsMemory(), cancellationToken: Stop);
            await group.ReadAsync<double>(Field("latency_ms"), latencies.AsMemory(), cancellationToken: Stop);
            rows.AddRange(Enumerable.Range(0, count).Select(i => (ids[i], times[i], costs[i], streams[i], latencies[i], agents[i], attempts[i])));
        }

        Assert.Equal(
            records.Select(r => ((string?)r.RequestId, (DateTime?)r.Accepted.UtcDateTime, r.CostNanoUsd, (bool?)r.Stream, r.Latency?.TotalMilliseconds, r.Agent)),
            rows.Select(r => (r.Id, r.Time, r.Cost, r.Stream, r.Latency, r.Agent)));
        Assert.Equal(["zero", "first"], JsonDocument.Parse(rows[0].Attempts!).RootElement.EnumerateArray().Select(a => a.GetProperty("destination").GetString()));

        DataField Field(string name) => reader.Schema.FindDataField(name);
    }

    [Fact]
    public async Task A_month_is_dropped_only_when_a_file_has_all_of_it_and_reports_go_on()
    {
        List<UsageRecord> records = await StoreAsync(Start, 30);
        await StoreAsync(Start.AddMonths(2), 5);

        Assert.Contains("not exported", Assert.Single(await _export.DueAsync(2, unexported: false, Stop)).Obstacle, StringComparison.Ordinal);
        Assert.Null(Assert.Single(await _export.DueAsync(2, unexported: true, Stop)).Obstacle);
        Assert.Empty(await _export.DueAsync(3, unexported: false, Stop));

        await _export.ToFileAsync("202608", "jsonl", File("a.jsonl"), null, Stop);
        records.AddRange(await StoreAsync(Start.AddDays(3), 1));
        Assert.Contains("31 records, but 30 when it was exported", Assert.Single(await _export.DueAsync(2, unexported: false, Stop)).Obstacle, StringComparison.Ordinal);

        await _export.ToFileAsync("202608", "jsonl", File("a.jsonl"), null, Stop);
        DueMonth due = Assert.Single(await _export.DueAsync(2, unexported: false, Stop));
        Assert.Equal((null, 31L, "a.jsonl"), (due.Obstacle, due.Month.Exported!.Records, due.Month.Exported.File));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(await System.IO.File.ReadAllBytesAsync(File("a.jsonl"), Stop))), due.Month.Exported.Sha256);

        // One that comes while it is being dropped keeps it.
        UsageRecord late = Assert.Single(await StoreAsync(Start.AddDays(4), 1));
        List<long> told = [];
        Assert.Contains("32 records, but 31 when it was exported", await _export.DropAsync(due, Stop, (count, _) => told.Add(count)), StringComparison.Ordinal);
        Assert.Equal((32, 32), (told[^1], (await ReadAsync(Start, Start.AddMonths(1))).Count));
        records.Add(late);
        await _export.ToFileAsync("202608", "jsonl", File("a.jsonl"), null, Stop);
        due = Assert.Single(await _export.DueAsync(2, unexported: false, Stop, (month, count, _) => told.Add(month == "202608" ? count : 0)));
        Assert.Equal(32, told[^1]);

        Assert.Null(await _export.DropAsync(due, Stop));

        Assert.Empty(await _export.DueAsync(2, unexported: true, Stop));
        Assert.Null(await _storage.Reader.FindAsync(records[0].RequestId, Stop));
        Assert.Empty(await ReadAsync(Start, Start.AddMonths(1)));
        Assert.Equal(5, (await ReadAsync(Start, _time.GetUtcNow())).Count);
        // The file of what is gone is not replaced by an empty one, nor are its sums.
        await Assert.ThrowsAsync<IOException>(() => _export.ToFileAsync("202608", "jsonl", File("a.jsonl"), null, Stop));
        Assert.Equal(0, await _export.ToFileAsync("202608", "jsonl", File("b.jsonl"), null, Stop));
        Assert.Equal(32, (await System.IO.File.ReadAllLinesAsync(File("a.jsonl"), Stop)).Length);
        Assert.False(System.IO.File.Exists(File("b.jsonl")));
        var report = new UsageReport(new RollupBuilder(_storage.Reader, _storage.Sweep, _storage.Rollups, _time));
        foreach (RollupLevel? level in (RollupLevel?[])[null, RollupLevel.Month, RollupLevel.Day, RollupLevel.Hour])
        {
            UsageReportResult result = await report.RunAsync(new ReportQuery { From = Start, To = Start.AddMonths(1), Interval = level }, Stop);
            Assert.Equal(32, result.Total["requests"]);
            Assert.Equal(32 * 1_234_567L, result.Total["cost_nano_usd"]);
        }

        // Of single minutes there is nothing any more, which is not the same as nothing.
        var cut = await Assert.ThrowsAsync<GatewayException>(() => report.RunAsync(new ReportQuery { From = Start.AddMinutes(-10), To = Start.AddMinutes(10) }, Stop));
        Assert.Equal(("from", "records_dropped"), (cut.Error.Param, cut.Error.Code));
    }

    [Fact]
    public async Task What_comes_after_a_month_was_dropped_is_not_dropped_with_it()
    {
        await StoreAsync(Start, 3);
        await _export.ToFileAsync("202608", "csv", File("a.csv"), null, Stop);
        await _export.DropAsync(Assert.Single(await _export.DueAsync(2, unexported: false, Stop)), Stop);

        UsageRecord late = Assert.Single(await StoreAsync(Start.AddDays(1), 1));

        Assert.Contains("not exported", Assert.Single(await _export.DueAsync(2, unexported: false, Stop)).Obstacle, StringComparison.Ordinal);
        Records.AssertSame(late, await _storage.Reader.FindAsync(late.RequestId, Stop));
        await Assert.ThrowsAsync<IOException>(() => _export.ToFileAsync("202608", "csv", File("a.csv"), null, Stop));
        Assert.Equal(1, await _export.ToFileAsync("202608", "csv", File("late.csv"), null, Stop));
        await _export.DropAsync(Assert.Single(await _export.DueAsync(2, unexported: false, Stop)), Stop);
        var report = new UsageReport(new RollupBuilder(_storage.Reader, _storage.Sweep, _storage.Rollups, _time));
        Assert.Equal(3, (await report.RunAsync(new ReportQuery { From = Start, To = Start.AddMonths(1) }, Stop)).Total["requests"]);
    }

    [Fact]
    public async Task A_record_that_came_late_is_in_the_sums_before_its_month_goes()
    {
        List<UsageRecord> records = await StoreAsync(Start, 3, (record, i) => i == 0 ? record with { Outcome = RequestOutcome.Open } : record);
        var builder = new RollupBuilder(_storage.Reader, _storage.Sweep, _storage.Rollups, _time);
        await builder.RowsAsync(RollupPeriod.Of(RollupLevel.Month, Start), Stop);
        await _storage.Sink.WriteAsync([UsageRow.OfCompleted(records[0] with { Outcome = RequestOutcome.Success })], Stop);
        await StoreAsync(Start.AddMinutes(1), 1);

        await _export.ToFileAsync("202608", "csv", File("a.csv"), null, Stop);

        foreach (RollupLevel level in Enum.GetValues<RollupLevel>())
        {
            UsageReportResult result = await new UsageReport(builder).RunAsync(new ReportQuery { From = Start, To = Start.AddMonths(1), Interval = level }, Stop);
            Assert.Equal((4, 0, 0), (result.Total["requests"], result.Total["lost"], result.Total["open"]));
        }
    }

    [Fact]
    public async Task A_month_whose_record_has_changed_since_is_to_be_exported_again()
    {
        UsageRecord lost = Assert.Single(await StoreAsync(Start, 1, (record, _) => record with { Outcome = RequestOutcome.Open }));
        await _export.ToFileAsync("202608", "csv", File("a.csv"), null, Stop);
        DueMonth due = Assert.Single(await _export.DueAsync(2, unexported: false, Stop));
        Assert.Null(due.Obstacle);

        await LateAsync(lost with { Outcome = RequestOutcome.Success });

        // Who asked before is told so too: there are as many records as before.
        Assert.Contains("records came while it was being dropped", await _export.DropAsync(due, Stop), StringComparison.Ordinal);
        Assert.Equal(UsageMonthState.Whole, await _storage.Months.StateAsync("202608", Stop));
        Assert.Equal(RequestOutcome.Success, (await _storage.Reader.FindAsync(lost.RequestId, Stop))!.Outcome);
        Assert.Contains("records came since", Assert.Single(await _export.DueAsync(2, unexported: false, Stop)).Obstacle, StringComparison.Ordinal);
        await _export.ToFileAsync("202608", "csv", File("a.csv"), null, Stop);
        due = Assert.Single(await _export.DueAsync(2, unexported: false, Stop));
        Assert.Null(due.Obstacle);
        Assert.Null(await _export.DropAsync(due, Stop));
    }

    [Fact]
    public async Task A_record_that_comes_into_an_hour_that_was_counted_already_keeps_its_month()
    {
        await StoreAsync(Start, 3);
        await _export.ToFileAsync("202608", "csv", File("a.csv"), null, Stop);
        DueMonth due = Assert.Single(await _export.DueAsync(2, unexported: false, Stop));
        UsageRecord late = Records.Full(Start.AddMinutes(5));
        bool came = false;

        string? obstacle = await _export.DropAsync(due, Stop, (_, at) =>
        {
            if (!came && at >= Start.AddHours(1))
            {
                came = true;
                LateAsync(late).GetAwaiter().GetResult();
            }
        });

        Assert.True(came);
        Assert.Contains("records came while it was being dropped", obstacle, StringComparison.Ordinal);
        Records.AssertSame(late, await _storage.Reader.FindAsync(late.RequestId, Stop));
    }

    [Fact]
    public async Task A_record_that_comes_while_its_month_is_exported_leaves_no_export()
    {
        await StoreAsync(Start, 3);
        bool came = false;
        void Told(long count, DateTimeOffset at)
        {
            if (!came && at >= Start.AddHours(1))
            {
                came = true;
                LateAsync(Records.Full(Start.AddMinutes(5))).GetAwaiter().GetResult();
            }
        }

        var e = await Assert.ThrowsAsync<IOException>(() => _export.ToFileAsync("202608", "csv", File("a.csv"), Told, Stop));

        Assert.Contains("export it again", e.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Folder, "a.csv*"));
        Assert.Contains("not exported", Assert.Single(await _export.DueAsync(2, unexported: false, Stop)).Obstacle, StringComparison.Ordinal);
        Assert.Equal(4, await _export.ToFileAsync("202608", "csv", File("a.csv"), Told, Stop));
        Assert.Null(Assert.Single(await _export.DueAsync(2, unexported: false, Stop)).Obstacle);
    }

    [Fact]
    public async Task An_export_that_is_interrupted_takes_nothing_from_the_one_before()
    {
        await StoreAsync(Start, 3);
        await _export.ToFileAsync("202608", "csv", File("a.csv"), null, Stop);
        ExportMark? before = Assert.Single(await _storage.Months.ListAsync(Stop)).Exported;
        using var stop = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _export.ToFileAsync("202608", "csv", File("a.csv"), (_, _) => stop.Cancel(), stop.Token));

        Assert.NotNull(before);
        Assert.Equal(before, Assert.Single(await _storage.Months.ListAsync(Stop)).Exported);
        Assert.Null(Assert.Single(await _export.DueAsync(2, unexported: false, Stop)).Obstacle);
    }

    [Fact]
    public async Task The_month_that_runs_can_be_exported_and_is_never_due()
    {
        await StoreAsync(new DateTimeOffset(2026, 11, 2, 0, 0, 0, TimeSpan.Zero), 4);

        Assert.Equal(4, await _export.ToFileAsync("202611", "csv", File("now.csv"), null, Stop));

        Assert.Null(Assert.Single(await _storage.Months.ListAsync(Stop)).Exported);
        Assert.Empty(await _export.DueAsync(1, unexported: true, Stop));
    }

    [Fact]
    public async Task An_export_that_is_interrupted_leaves_no_file()
    {
        await StoreAsync(Start, 5);
        using var stop = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _export.ToFileAsync("202608", "csv", File("a.csv"), (_, _) => stop.Cancel(), stop.Token));

        Assert.Empty(Directory.GetFiles(Folder, "a.csv*"));
        Assert.Null(Assert.Single(await _storage.Months.ListAsync(Stop)).Exported);
    }

    private Task LateAsync(UsageRecord record) =>
        new LateRowsSink(_storage.Sink, _storage.Rollups, _storage.Months, _time).WriteAsync([UsageRow.OfCompleted(record)], Stop);

    private string File(string name) => Path.Combine(Folder, name);

    private async Task<List<UsageRecord>> ReadAsync(DateTimeOffset from, DateTimeOffset to)
    {
        List<UsageRecord> records = [];
        await foreach (UsageRecord record in _storage.Reader.ReadAsync(from, to, Stop))
        {
            records.Add(record);
        }

        return records;
    }

    private async Task<List<UsageRecord>> StoreAsync(DateTimeOffset from, int count, Func<UsageRecord, int, UsageRecord>? change = null)
    {
        List<UsageRecord> records = [.. Enumerable.Range(0, count).Select(i => Records.Full(from.AddMinutes(i * 97))).Select((r, i) => change?.Invoke(r, i) ?? r)];
        foreach (IGrouping<string, UsageRow> group in records.Select(UsageRow.OfCompleted).GroupBy(_storage.Sink.GroupOf))
        {
            await Retry(() => _storage.Sink.WriteAsync([.. group], Stop));
        }

        return records;
    }

    // A table that was just deleted cannot be made again at once.
    private static async Task Retry(Func<Task> write)
    {
        for (int i = 0; ; i++)
        {
            try
            {
                await write();
                return;
            }
            catch (Azure.RequestFailedException) when (i < 20)
            {
                await Task.Delay(100, Stop);
            }
        }
    }

    private static List<string[]> ReadCsv(string text)
    {
        List<string[]> rows = [];
        List<string> cells = [];
        var cell = new StringBuilder();
        bool quoted = false;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (quoted)
            {
                if (c != '"')
                {
                    cell.Append(c);
                }
                else if (i + 1 < text.Length && text[i + 1] == '"')
                {
                    cell.Append('"');
                    i++;
                }
                else
                {
                    quoted = false;
                }
            }
            else if (c == '"')
            {
                quoted = true;
            }
            else if (c is ',' or '\n')
            {
                cells.Add(cell.ToString());
                cell.Clear();
                if (c == '\n')
                {
                    rows.Add([.. cells]);
                    cells.Clear();
                }
            }
            else if (c != '\r')
            {
                cell.Append(c);
            }
        }

        return rows;
    }
}

/// <summary>The contract over the real emulator of Azure Table Storage.</summary>
public sealed class TableUsageExportTests(Azurite azurite) : UsageExportContract
{
    private protected override UsageStorage Open()
    {
        var tables = new UsageTables(azurite.Connect(), azurite.NextPrefix());
        return new UsageStorage(new TableUsageSink(tables), new TableUsageReader(tables), new TableRollupStore(tables), new TableUsageMonths(tables), new TableUsageSweep(tables));
    }
}

/// <summary>The contract over a SQLite file.</summary>
public sealed class SqliteUsageExportTests : UsageExportContract
{
    private protected override UsageStorage Open() => UsageStorage.Open(new UsageSettings { Path = Path.Combine(Folder, "usage.db") })!;
}
