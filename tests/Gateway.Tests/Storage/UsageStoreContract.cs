using Microsoft.Extensions.Logging.Abstractions;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Reports.Rollups;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Tests.Storage;

/// <summary>What every store of usage records keeps to, through the same writer.</summary>
public abstract class UsageStoreContract : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("serverless-usage-").FullName;
    private GroupCommitStore _store = null!;
    private IUsageSink _sink = null!;
    private IUsageReader _reader = null!;

    private protected string Folder => _folder;

    private protected abstract (IUsageSink Sink, IUsageReader Reader) Open();

    public async ValueTask InitializeAsync()
    {
        (_sink, _reader) = Open();
        _store = new GroupCommitStore(_sink, new UsageJournal(Path.Combine(_folder, "journal"), TimeProvider.System), new UsageStoreTimes { Attempt = TimeSpan.FromSeconds(20), Patience = TimeSpan.FromSeconds(60) }, TimeProvider.System, NullLogger<GroupCommitStore>.Instance);
        await _store.StartAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_record_comes_back_as_it_was()
    {
        UsageRecord record = Records.Full();

        await _store.CompletedAsync(record, TestContext.Current.CancellationToken);

        UsageRecord? found = await _reader.FindAsync(record.RequestId, TestContext.Current.CancellationToken);
        Records.AssertSame(record, found);
    }

    [Fact]
    public async Task A_request_that_was_accepted_is_visible_before_it_has_ended()
    {
        UsageRecord record = Records.Full();

        _store.Accepted(record);
        UsageRecord? found = null;
        for (int i = 0; i < 200 && found is null; i++)
        {
            await Task.Delay(25, TestContext.Current.CancellationToken);
            found = await _reader.FindAsync(record.RequestId, TestContext.Current.CancellationToken);
        }

        Assert.Equal((RequestOutcome.Open, record.Principal, record.Endpoint), (found!.Outcome, found.Principal, found.Endpoint));
        Assert.Null(found.Usage);
    }

    [Fact]
    public async Task The_order_in_which_the_two_rows_of_a_request_arrive_does_not_matter()
    {
        UsageRecord record = Records.Full();

        await _store.CompletedAsync(record, TestContext.Current.CancellationToken);
        await _sink.WriteAsync([UsageRow.OfAccepted(record)], TestContext.Current.CancellationToken);

        Records.AssertSame(record, await _reader.FindAsync(record.RequestId, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_thousand_requests_at_once_leave_a_thousand_records()
    {
        UsageRecord[] records = [.. Enumerable.Range(0, 1000).Select(_ => Records.Full())];

        await Task.WhenAll(records.Select(async r =>
        {
            _store.Accepted(r);
            await _store.CompletedAsync(r, TestContext.Current.CancellationToken);
        }));

        List<UsageRecord> found = [];
        await foreach (UsageRecord record in _reader.ReadAsync(records.Min(r => r.Accepted), records.Max(r => r.Accepted).AddMilliseconds(1), TestContext.Current.CancellationToken))
        {
            found.Add(record);
        }

        Assert.Equal(records.Select(r => r.RequestId).Order(), found.Select(r => r.RequestId).Order());
        Assert.Equal(1000L * 120, found.Sum(r => r.Usage!.InputTokens));
    }

    [Theory]
    [InlineData("'; DROP TABLE usage; --")]
    [InlineData("a/b\\c#d?e\u0001\u007f")]
    [InlineData("emoji 👩‍👩‍👧 and \u202Ertl and \u2028")]
    public async Task Hostile_text_is_stored_as_it_is(string text)
    {
        UsageRecord record = Records.Full() with { UserAgent = text, Principal = text, Endpoint = text, Tags = new Dictionary<string, string> { [text] = text } };

        await _store.CompletedAsync(record, TestContext.Current.CancellationToken);

        UsageRecord? found = await _reader.FindAsync(record.RequestId, TestContext.Current.CancellationToken);
        Assert.Equal((text, text, text, text), (found!.UserAgent, found.Principal, found.Endpoint, found.Tags![text]));
    }

    [Fact]
    public async Task Text_that_is_no_Unicode_does_not_lose_the_record()
    {
        const string half = "before \ud83d after";
        UsageRecord record = Records.Full() with { UserAgent = half, Principal = half, Endpoint = "\ude00", Tags = new Dictionary<string, string> { [half] = half }, Groups = [half] };

        _store.Accepted(record);
        await _store.CompletedAsync(record, TestContext.Current.CancellationToken);

        UsageRecord? found = await _reader.FindAsync(record.RequestId, TestContext.Current.CancellationToken);
        Assert.Equal((record.Usage, record.CostNanoUsd), (found!.Usage, found.CostNanoUsd));
        Assert.StartsWith("before ", found.Principal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_too_long_for_the_store_does_not_lose_the_record()
    {
        UsageRecord record = Records.Full() with
        {
            UserAgent = new string('u', 200_000),
            Translation = [.. Enumerable.Range(0, 2000).Select(i => new ReportEntry($"field{i}", new string('r', 50), true))],
        };

        await _store.CompletedAsync(record, TestContext.Current.CancellationToken);

        UsageRecord? found = await _reader.FindAsync(record.RequestId, TestContext.Current.CancellationToken);
        Assert.Equal(record.Usage, found!.Usage);
        Assert.StartsWith("uuuu", found.UserAgent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_id_is_no_error()
    {
        Assert.Null(await _reader.FindAsync("no-such-id", TestContext.Current.CancellationToken));
        Assert.Null(await _reader.FindAsync(Records.Full().RequestId, TestContext.Current.CancellationToken));
    }
}

/// <summary>The contract over the real emulator of Azure Table Storage.</summary>
public sealed class TableUsageStoreTests(Azurite azurite) : UsageStoreContract
{
    private protected override (IUsageSink Sink, IUsageReader Reader) Open()
    {
        var tables = new UsageTables(azurite.Connect(), azurite.NextPrefix());
        return (new TableUsageSink(tables), new TableUsageReader(tables));
    }
}

/// <summary>The contract over the emulator when it pages as the real service may: a few rows at once, and pages without any.</summary>
public sealed class ShortPagesUsageStoreTests(Azurite azurite) : UsageStoreContract
{
    private readonly ShortPagesTransport _transport = new(rows: 37);

    [Fact]
    public async Task Every_page_is_followed_to_the_end()
    {
        await A_thousand_requests_at_once_leave_a_thousand_records();

        // 1000 rows, and the one that says which shard has written in the hour; at the turn of an hour a few more.
        Assert.InRange(_transport.Full, 29, 40);
        Assert.Equal(_transport.Full, _transport.Empty);
    }

    private protected override (IUsageSink Sink, IUsageReader Reader) Open()
    {
        string prefix = azurite.NextPrefix();
        return (new TableUsageSink(new UsageTables(azurite.Connect(), prefix)), new TableUsageReader(new UsageTables(azurite.Connect(_transport), prefix)));
    }
}

/// <summary>The contract over a SQLite file.</summary>
public sealed class SqliteUsageStoreTests : UsageStoreContract
{
    [Fact]
    public async Task A_file_without_records_yet_is_no_error()
    {
        string path = Path.Combine(Folder, "empty.db");
        await new SqliteRollupStore(path).ReadAsync(RollupPeriod.Of(RollupLevel.Hour, DateTimeOffset.UtcNow), TestContext.Current.CancellationToken);
        var reader = new SqliteUsageReader(path);

        Assert.Null(await reader.FindAsync(Records.Full().RequestId, TestContext.Current.CancellationToken));
        Assert.Empty(await reader.HoursAsync(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Two_who_write_at_once_do_not_mix_their_rows_up()
    {
        using var sink = new SqliteUsageSink(Path.Combine(Folder, "shared.db"));
        UsageRecord[] records = [.. Enumerable.Range(0, 2000).Select(i => Records.Full() with { Endpoint = $"e{i}" })];

        await Parallel.ForEachAsync(records.Chunk(10), new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = TestContext.Current.CancellationToken }, async (chunk, stop) =>
        {
            await sink.PrepareAsync(stop);
            await sink.WriteAsync([.. chunk.Select(UsageRow.OfCompleted)], stop);
        });

        var reader = new SqliteUsageReader(Path.Combine(Folder, "shared.db"));
        Dictionary<string, string?> found = [];
        await foreach (UsageRecord record in reader.ReadAsync(records[0].Accepted, records[^1].Accepted.AddMilliseconds(1), TestContext.Current.CancellationToken))
        {
            found.Add(record.RequestId, record.Endpoint);
        }

        Assert.Equal(records.ToDictionary(r => r.RequestId, r => r.Endpoint), found);
    }

    private protected override (IUsageSink Sink, IUsageReader Reader) Open()
    {
        string path = Path.Combine(Folder, "usage.db");
        return (new SqliteUsageSink(path), new SqliteUsageReader(path));
    }
}
