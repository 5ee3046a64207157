using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;

namespace Serverless.Gateway.Tests.Storage;

/// <summary>Whatever the store does: no record is lost, none is there twice, and no answer waits for long.</summary>
public sealed class OutageTests(Azurite azurite) : IAsyncLifetime
{
    private static readonly UsageStoreTimes Times = new()
    {
        Attempt = TimeSpan.FromMilliseconds(200),
        Patience = TimeSpan.FromMilliseconds(500),
        Probe = TimeSpan.FromMilliseconds(100),
        Redrive = TimeSpan.FromSeconds(2),
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("serverless-outage-").FullName;
    private readonly FaultyTransport _transport = new();
    private readonly CapturedLog _log = new();
    private UsageTables _tables = null!;

    private string Journal => Path.Combine(_folder, "journal");

    public ValueTask InitializeAsync()
    {
        _tables = new UsageTables(azurite.Connect(_transport), azurite.NextPrefix());
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData(nameof(Fault.Unavailable))]
    [InlineData(nameof(Fault.Throttled))]
    [InlineData(nameof(Fault.Forbidden))]
    [InlineData(nameof(Fault.Conflict))]
    [InlineData(nameof(Fault.Silence))]
    [InlineData(nameof(Fault.SilenceAfterCommit))]
    [InlineData(nameof(Fault.Reset))]
    [InlineData(nameof(Fault.BadGateway))]
    public async Task Records_made_during_an_outage_are_in_the_store_after_it(string fault)
    {
        Fault during = Enum.Parse<Fault>(fault);
        await using GroupCommitStore store = await StartAsync();
        UsageRecord before = await CompleteAsync(store);

        _transport.Decide = _ => during;
        UsageRecord[] meanwhile = await Task.WhenAll(Enumerable.Range(0, 250).Select(_ => CompleteAsync(store)));
        Assert.True(store.IsOpen);
        UsageRecord late = await CompleteAsync(store);

        _transport.Decide = static _ => Fault.None;
        await DrainedAsync(store);
        UsageRecord after = await CompleteAsync(store);

        await AssertStoredAsync([before, .. meanwhile, late, after]);
        Assert.False(store.IsOpen);

        // An operator finds the beginning and the end, once each, however often it was tried in between.
        Assert.Single(_log.Lines, l => l.StartsWith("The usage store does not take records", StringComparison.Ordinal));
        Assert.Single(_log.Lines, l => l.StartsWith("The usage store takes records again, after ", StringComparison.Ordinal));
        Assert.InRange(_log.Lines.Count(l => l.StartsWith("The journal of usage records cannot be written", StringComparison.Ordinal)), 0, 1);
        foreach (UsageRecord record in meanwhile.Append(late))
        {
            Assert.Contains(_log.Lines, l => l.StartsWith("usage.spill", StringComparison.Ordinal) && l.Contains(record.RequestId, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task An_answer_that_is_cut_off_makes_no_record_twice_and_loses_none()
    {
        await using GroupCommitStore store = await StartAsync();
        UsageRecord before = await CompleteAsync(store);
        int cut = 0;
        _transport.Decide = _ => Interlocked.Increment(ref cut) <= 3 ? Fault.CutAnswer : Fault.None;

        UsageRecord[] meanwhile = await Task.WhenAll(Enumerable.Range(0, 150).Select(_ => CompleteAsync(store)));

        await DrainedAsync(store);
        Assert.InRange(cut, 3, int.MaxValue);
        await AssertStoredAsync([before, .. meanwhile]);
    }

    [Fact]
    public async Task A_transaction_that_is_too_large_is_taken_apart()
    {
        await using GroupCommitStore store = await StartAsync();
        UsageRecord before = await CompleteAsync(store);
        _transport.Decide = r => r.Content is { } content && content.TryComputeLength(out long length) && length > 20_000 ? Fault.TooLarge : Fault.None;

        UsageRecord[] meanwhile = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => CompleteAsync(store)));

        await AssertStoredAsync([before, .. meanwhile]);
        Assert.Equal(0, store.Lost);
    }

    [Fact]
    public async Task Tables_that_are_dropped_meanwhile_are_made_again()
    {
        await using GroupCommitStore store = await StartAsync();
        await CompleteAsync(store);
        await _tables.Month(DateTimeOffset.UtcNow).DeleteAsync(TestContext.Current.CancellationToken);
        await _tables.Named("meta").DeleteAsync(TestContext.Current.CancellationToken);

        UsageRecord[] after = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => CompleteAsync(store)));

        await DrainedAsync(store);
        await AssertStoredAsync(after);
    }

    [Fact]
    public async Task A_clock_that_jumps_over_the_end_of_a_month_and_back_mixes_no_rows_up()
    {
        await using GroupCommitStore store = await StartAsync();
        var midnight = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        UsageRecord[] records = await Task.WhenAll(Enumerable.Range(0, 300).Select(i => CompleteAsync(store, Records.Full(midnight.AddMilliseconds(i % 2 == 0 ? -1 - i : i)))));

        List<string> found = [];
        foreach (string month in (string[])["202512", "202601"])
        {
            await foreach (Azure.Data.Tables.TableEntity row in _tables.Named(month).QueryAsync<Azure.Data.Tables.TableEntity>(cancellationToken: TestContext.Current.CancellationToken))
            {
                Assert.Equal(month, UsageKey.MonthOf(UsageKey.TimeOf(row.RowKey)));
                found.Add(row.RowKey);
            }
        }

        Assert.Equal(records.Select(r => r.RequestId).Order(), found.Order());
    }

    [Fact]
    public async Task A_short_fault_is_ridden_out_without_the_journal()
    {
        int faults = 2;
        _transport.Decide = _ => faults-- > 0 ? Fault.Unavailable : Fault.None;
        await using GroupCommitStore store = await StartAsync(new UsageStoreTimes { Attempt = TimeSpan.FromSeconds(20), Patience = TimeSpan.FromSeconds(60) });

        UsageRecord record = await CompleteAsync(store);

        await AssertStoredAsync([record]);
        Assert.False(Directory.Exists(Journal));
    }

    [Fact]
    public async Task What_a_killed_process_left_in_its_journal_is_stored_by_its_successor()
    {
        UsageRecord[] left = [.. Enumerable.Range(0, 150).Select(_ => Records.Full())];
        using (var journal = new UsageJournal(Journal, TimeProvider.System))
        {
            await journal.AppendAsync([.. left.Select(UsageRow.OfCompleted)]);
        }

        string file = Assert.Single(Directory.GetFiles(Journal));
        await File.AppendAllTextAsync(file, """{"request_id":"01torn""", TestContext.Current.CancellationToken);

        await using GroupCommitStore store = await StartAsync();
        await DrainedAsync(store);

        await AssertStoredAsync(left);
    }

    [Fact]
    public async Task A_record_that_comes_after_the_end_of_the_store_is_left_to_the_successor()
    {
        UsageRecord late = Records.Full();
        bool? settled = null;
        GroupCommitStore ending = await StartAsync();
        await ending.StopAsync(CancellationToken.None);

        await CompleteAsync(ending, late);
        ending.StoreLater(UsageRow.OfCompleted(Records.Full()), (_, taken) => settled = taken);
        await ending.DisposeAsync();

        // What no answer waits for stays where it is kept.
        Assert.False(settled);
        await using GroupCommitStore store = await StartAsync();
        await DrainedAsync(store);
        await AssertStoredAsync([late]);
    }

    [Fact]
    public async Task What_neither_the_store_nor_the_journal_takes_is_tried_again_where_it_is_kept_elsewhere()
    {
        await File.WriteAllTextAsync(Journal, "no folder", TestContext.Current.CancellationToken);
        var sink = new PickySink { Fails = true };
        await using var store = new GroupCommitStore(sink, new UsageJournal(Journal, TimeProvider.System), Times, TimeProvider.System, _log.For<GroupCommitStore>());
        await store.StartAsync(CancellationToken.None);
        UsageRow[] rows = [.. Enumerable.Range(0, 250).Select(_ => UsageRow.OfCompleted(Records.Full()))];
        var settled = new ConcurrentDictionary<string, bool>();
        foreach (UsageRow row in rows)
        {
            store.StoreLater(row, (r, taken) => settled[r.RequestId] = taken);
        }

        UsageRecord waiting = await CompleteAsync(store);
        Assert.Empty(settled);
        Assert.Equal((1, 0), (store.Lost, sink.Stored.Count));
        Assert.Contains(_log.Lines, l => l.StartsWith("usage.spill", StringComparison.Ordinal) && l.Contains(waiting.RequestId, StringComparison.Ordinal));

        sink.Fails = false;
        for (int i = 0; i < 400 && settled.Count < rows.Length; i++)
        {
            await Task.Delay(25, TestContext.Current.CancellationToken);
        }

        Assert.Equal(rows.Select(r => r.RequestId).Order(), settled.Where(s => s.Value).Select(s => s.Key).Order());
        Assert.Equal(rows.Select(r => r.RequestId).Order(), sink.Stored.Order());
        Assert.Equal(1, store.Lost);
    }

    [Fact]
    public async Task A_journal_that_another_process_is_writing_is_left_alone()
    {
        using var theirs = new UsageJournal(Journal, TimeProvider.System);
        await theirs.AppendAsync([UsageRow.OfCompleted(Records.Full())]);
        using var mine = new UsageJournal(Journal, TimeProvider.System);

        int drained = await mine.DrainAsync(_ => Task.CompletedTask);

        Assert.Equal(0, drained);
        Assert.Single(Directory.GetFiles(Journal));
    }

    [Fact]
    public async Task A_row_that_the_store_refuses_does_not_take_the_others_with_it()
    {
        var sink = new PickySink();
        await using var store = new GroupCommitStore(sink, new UsageJournal(Journal, TimeProvider.System), Times, TimeProvider.System, _log.For<GroupCommitStore>());
        await store.StartAsync(CancellationToken.None);

        UsageRecord poisoned = Records.Full() with { Endpoint = PickySink.Poison };
        UsageRecord[] good = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => CompleteAsync(store)).Append(CompleteAsync(store, poisoned)));

        Assert.Equal(good.Where(r => r != poisoned).Select(r => r.RequestId).Order(), sink.Stored.Order());
        Assert.Contains(_log.Lines, l => l.StartsWith("usage.refused", StringComparison.Ordinal) && l.Contains(poisoned.RequestId, StringComparison.Ordinal));
        string kept = Assert.Single(await File.ReadAllLinesAsync(Path.Combine(Journal, UsageJournal.RejectedFile), TestContext.Current.CancellationToken));
        Assert.Equal(UsageRow.OfCompleted(poisoned).Values.ToHashSet(), UsageRowJson.Read(kept)!.Values.ToHashSet());
        Assert.Equal(1, store.Lost);
    }

    [Fact]
    public async Task A_refused_row_that_cannot_be_kept_does_not_take_the_others_with_it()
    {
        // No line can be added to a folder.
        Directory.CreateDirectory(Path.Combine(Journal, UsageJournal.RejectedFile));
        var sink = new PickySink();
        UsageRow[] rows = [.. Enumerable.Range(0, 10).Select(i => UsageRow.OfCompleted(Records.Full() with { Endpoint = i % 3 == 0 ? PickySink.Poison : "good" }))];
        using (var left = new UsageJournal(Journal, TimeProvider.System))
        {
            await left.AppendAsync(rows[..5]);
        }

        await using var store = new GroupCommitStore(sink, new UsageJournal(Journal, TimeProvider.System), Times, TimeProvider.System, _log.For<GroupCommitStore>());
        var settled = new ConcurrentDictionary<string, bool>();
        foreach (UsageRow row in rows[5..])
        {
            store.StoreLater(row, (r, taken) => settled[r.RequestId] = taken);
        }

        await store.StartAsync(CancellationToken.None);
        await SoonAsync(() => settled.Count == 5 && Directory.GetFiles(Journal).Length == 0);

        string[] refused = [.. rows.Where((_, i) => i % 3 == 0).Select(r => r.RequestId)];
        Assert.Equal(rows.Select(r => r.RequestId).Except(refused).Order(), sink.Stored.Order());
        Assert.All(refused, id => Assert.Contains(_log.Lines, l => l.StartsWith("usage.spill", StringComparison.Ordinal) && l.Contains(id, StringComparison.Ordinal)));
        Assert.Equal(refused.Length, store.Lost);
    }

    [Fact]
    public async Task Rows_of_the_journal_have_more_time_than_an_answer_has()
    {
        var sink = new PickySink { Takes = Times.Attempt * 3 };
        UsageRow row = UsageRow.OfCompleted(Records.Full());
        using (var left = new UsageJournal(Journal, TimeProvider.System))
        {
            await left.AppendAsync([row]);
        }

        await using var store = new GroupCommitStore(sink, new UsageJournal(Journal, TimeProvider.System), Times with { Redrive = TimeSpan.FromMinutes(1) }, TimeProvider.System, _log.For<GroupCommitStore>());
        await store.StartAsync(CancellationToken.None);
        await SoonAsync(() => Directory.GetFiles(Journal).Length == 0);

        Assert.Equal([row.RequestId], sink.Stored);
    }

    [Fact]
    public async Task The_end_of_the_process_does_not_wait_for_the_journal()
    {
        var sink = new PickySink { Takes = Timeout.InfiniteTimeSpan };
        using (var left = new UsageJournal(Journal, TimeProvider.System))
        {
            await left.AppendAsync([UsageRow.OfCompleted(Records.Full())]);
        }

        var store = new GroupCommitStore(sink, new UsageJournal(Journal, TimeProvider.System), Times with { Redrive = Timeout.InfiniteTimeSpan }, TimeProvider.System, _log.For<GroupCommitStore>());
        await store.StartAsync(CancellationToken.None);
        await SoonAsync(() => sink.Begun);

        await store.StopAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await store.DisposeAsync();

        Assert.NotEqual(0, new FileInfo(Assert.Single(Directory.GetFiles(Journal))).Length);
    }

    private static async Task SoonAsync(Func<bool> condition)
    {
        for (int i = 0; i < 1200 && !condition(); i++)
        {
            await Task.Delay(25, TestContext.Current.CancellationToken);
        }

        Assert.True(condition());
    }

    private async Task<GroupCommitStore> StartAsync(UsageStoreTimes? times = null)
    {
        var store = new GroupCommitStore(new TableUsageSink(_tables), new UsageJournal(Journal, TimeProvider.System), times ?? Times, TimeProvider.System, _log.For<GroupCommitStore>());
        await store.StartAsync(CancellationToken.None);
        return store;
    }

    private static async Task<UsageRecord> CompleteAsync(GroupCommitStore store, UsageRecord? record = null)
    {
        record ??= Records.Full();
        store.Accepted(record);
        await store.CompletedAsync(record, TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        return record;
    }

    private async Task DrainedAsync(GroupCommitStore store)
    {
        for (int i = 0; i < 300 && (store.IsOpen || (Directory.Exists(Journal) && Directory.GetFiles(Journal).Length > 0)); i++)
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        Assert.Empty(Directory.Exists(Journal) ? Directory.GetFiles(Journal) : []);
    }

    private async Task AssertStoredAsync(IReadOnlyCollection<UsageRecord> expected)
    {
        List<string> found = [];
        await foreach (UsageRecord record in new TableUsageReader(_tables).ReadAsync(DateTimeOffset.UtcNow.AddHours(-2), DateTimeOffset.UtcNow.AddHours(1), TestContext.Current.CancellationToken))
        {
            Assert.Equal(RequestOutcome.Success, record.Outcome);
            found.Add(record.RequestId);
        }

        Assert.Equal(expected.Select(r => r.RequestId).Order(), found.Order());
    }

    /// <summary>Takes everything but rows of one endpoint.</summary>
    private sealed class PickySink : IUsageSink
    {
        public const string Poison = "poison";

        public List<string> Stored { get; } = [];

        public bool Fails { get; set; }

        public int MaxBatch => 100;

        public string GroupOf(UsageRow row) => "";

        public Task PrepareAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        /// <summary>How long it takes to write.</summary>
        public TimeSpan Takes { get; init; }

        public bool Begun { get; private set; }

        public async Task WriteAsync(IReadOnlyList<UsageRow> rows, CancellationToken cancellationToken)
        {
            Begun = true;
            await Task.Delay(Takes, cancellationToken);
            if (Fails)
            {
                throw new IOException("away");
            }

            if (rows.Any(r => Equals(r.Values.GetValueOrDefault(UsageColumns.Find("endpoint_name")!), Poison)))
            {
                throw new UsageRowRefusedException("poison");
            }

            lock (Stored)
            {
                Stored.AddRange(rows.Select(r => r.RequestId).Except(Stored));
            }
        }
    }

    private sealed class CapturedLog
    {
        private readonly List<string> _lines = [];

        public IReadOnlyList<string> Lines
        {
            get
            {
                lock (_lines)
                {
                    return [.. _lines];
                }
            }
        }

        public ILogger<T> For<T>() => new Logger<T>(_lines);

        private sealed class Logger<T>(List<string> lines) : ILogger<T>
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            {
                lock (lines)
                {
                    lines.Add(formatter(state, exception));
                }
            }
        }
    }
}
