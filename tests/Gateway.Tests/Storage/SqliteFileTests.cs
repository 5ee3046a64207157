using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;

namespace Serverless.Gateway.Tests.Storage;

/// <summary>People do things to a file beside an app while it runs: no record may go where nobody finds it.</summary>
public sealed class SqliteFileTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("serverless-sqlite-").FullName;
    private readonly SqliteUsageSink _sink;
    private readonly GroupCommitStore _store;

    public SqliteFileTests()
    {
        _sink = new SqliteUsageSink(Db);
        var times = new UsageStoreTimes { Attempt = TimeSpan.FromMilliseconds(200), Patience = TimeSpan.FromMilliseconds(500), Probe = TimeSpan.FromMilliseconds(50) };
        _store = new GroupCommitStore(_sink, new UsageJournal(Path.Combine(_folder, "journal"), TimeProvider.System), times, TimeProvider.System, NullLogger<GroupCommitStore>.Instance);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Db => Path.Combine(_folder, "usage.db");

    public async ValueTask InitializeAsync() => await _store.StartAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _sink.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task After_the_file_was_deleted_records_go_to_a_new_one()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A file that is open cannot be deleted on Windows.");
        await CompleteAsync();
        foreach (string file in Directory.GetFiles(_folder, "usage.db*"))
        {
            File.Delete(file);
        }

        UsageRecord[] after = [await CompleteAsync(), await CompleteAsync()];

        await AssertStoredAsync(after);
    }

    [Fact]
    public async Task After_the_file_was_replaced_records_go_to_the_one_that_has_its_name()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A file that is open cannot be replaced on Windows.");
        UsageRecord saved = await CompleteAsync();
        string backup = Path.Combine(_folder, "backup");
        await using (SqliteConnection connection = await SqliteUsageSink.OpenAsync(Db, Stop))
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = $"VACUUM INTO '{backup}'";
            command.ExecuteNonQuery();
        }

        await CompleteAsync();
        foreach (string file in Directory.GetFiles(_folder, "usage.db-*"))
        {
            File.Delete(file);
        }

        File.Move(backup, Db, overwrite: true);
        UsageRecord after = await CompleteAsync();

        await AssertStoredAsync([saved, after]);
    }

    [Fact]
    public async Task Records_wait_while_the_file_is_damaged_and_are_in_the_one_that_takes_its_place()
    {
        await File.WriteAllTextAsync(Db, string.Concat(Enumerable.Repeat("This is no database. ", 1000)), Stop);

        UsageRecord[] meanwhile = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => CompleteAsync()));
        Assert.True(_store.IsOpen);
        int before = HandlesOf(Db);
        for (int i = 0; i < 20; i++)
        {
            await CompleteAsync();
        }

        Assert.InRange(HandlesOf(Db), 0, before + 3);
        File.Delete(Db);

        await AssertStoredAsync(meanwhile, others: true);
        Assert.False(_store.IsOpen);
    }

    [Fact]
    public async Task Whoever_reads_for_long_holds_no_record_up()
    {
        await CompleteAsync();
        await using SqliteConnection other = new($"Data Source={Db};Pooling=False");
        await other.OpenAsync(Stop);
        await using SqliteTransaction reading = other.BeginTransaction(deferred: true);
        using (SqliteCommand read = other.CreateCommand())
        {
            read.CommandText = "SELECT count(*) FROM record";
            read.ExecuteScalar();
        }

        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => CompleteAsync()));

        Assert.Equal((201L, 0L), (_store.Stored, _store.Journaled));
    }

    [Fact]
    public async Task Records_wait_while_the_file_is_vacuumed_or_written_by_another()
    {
        await CompleteAsync();
        await using SqliteConnection other = new($"Data Source={Db};Pooling=False");
        await other.OpenAsync(Stop);
        await RunAsync(other, "BEGIN EXCLUSIVE");

        UsageRecord[] meanwhile = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => CompleteAsync()));
        Assert.True(_store.IsOpen);
        await RunAsync(other, "COMMIT");
        await RunAsync(other, "VACUUM");

        await AssertStoredAsync(meanwhile, others: true);
    }

    [Fact]
    public async Task A_full_disk_takes_no_record_for_stored_and_everything_again_when_there_is_room()
    {
        using SmallDisk disk = SmallDisk.Make(kilobytes: 2048);
        string path = Path.Combine(disk.Folder, "usage.db");
        using var sink = new SqliteUsageSink(path);
        var times = new UsageStoreTimes { Attempt = TimeSpan.FromMilliseconds(100), Patience = TimeSpan.FromMilliseconds(200), Probe = TimeSpan.FromMilliseconds(50) };
        await using var store = new GroupCommitStore(sink, new UsageJournal(Path.Combine(_folder, "elsewhere"), TimeProvider.System), times, TimeProvider.System, NullLogger<GroupCommitStore>.Instance);
        await store.StartAsync(Stop);
        List<UsageRecord> all = [await CompleteAsync(store)];
        disk.Fill();

        while (!store.IsOpen)
        {
            all.AddRange(await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => CompleteAsync(store))));
        }

        disk.Clear();
        await AssertStoredAsync(all, path: path);
        Assert.Equal(0, store.Lost);
    }

    private Task<UsageRecord> CompleteAsync() => CompleteAsync(_store);

    private static async Task<UsageRecord> CompleteAsync(GroupCommitStore store)
    {
        UsageRecord record = Records.Full();
        await store.CompletedAsync(record, Stop).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Stop);
        return record;
    }

    private static async Task RunAsync(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(Stop);
    }

    private static int HandlesOf(string path) => Directory.Exists("/proc/self/fd")
        ? Directory.GetFiles("/proc/self/fd").Count(fd => new FileInfo(fd).LinkTarget?.StartsWith(path, StringComparison.Ordinal) == true)
        : 0;

    /// <summary>Waits until they are in the file of that name, each once.</summary>
    private async Task AssertStoredAsync(IReadOnlyCollection<UsageRecord> expected, bool others = false, string? path = null)
    {
        var reader = new SqliteUsageReader(path ?? Db);
        List<string> found = [];
        for (int i = 0; i < 400; i++)
        {
            found.Clear();
            await foreach (UsageRecord record in reader.ReadAsync(DateTimeOffset.UtcNow.AddHours(-2), DateTimeOffset.UtcNow.AddHours(1), Stop))
            {
                found.Add(record.RequestId);
            }

            if (!expected.Select(r => r.RequestId).Except(found).Any())
            {
                break;
            }

            await Task.Delay(25, Stop);
        }

        Assert.Equal(expected.Select(r => r.RequestId).Order(), found.Where(id => !others || expected.Any(r => r.RequestId == id)).Order());
    }
}
