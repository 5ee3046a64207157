using System.Runtime.Versioning;
using Microsoft.Extensions.DependencyInjection;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Metering.Storage;

namespace Serverless.Gateway.Tests.Storage;

/// <summary>What is in the journal gets out of it, whatever else is in it, and whatever becomes of its disk.</summary>
public sealed class UsageJournalTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("serverless-journal-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("{\"request_id\":\"01m866x69hevrvvtmthnaz5svp\",\"status_code\":\"two hundred\"}")]
    [InlineData("{\"request_id\":\"../../etc\",\"status_code\":200}")]
    [InlineData("{\"request_id\":42}")]
    [InlineData("{\"status_code\":200}")]
    [InlineData("null")]
    [InlineData("[1]")]
    [InlineData("{\"request_id\":\"01m866x69hevrvvtmthnaz5svp\",\"status_code\":12345678901234567890}")]
    [InlineData("{\"request_id\":\"01m866x69hevrvvtmthnaz5svp\",\"event_time\":\"yesterday\"}")]
    [InlineData("{\"request_id\":\"01m866x69hev{\"request_id\":\"01m866x69hevrvvtmthnaz5svp\"}")]
    public async Task A_line_that_is_no_record_holds_nothing_up_and_is_kept(string line)
    {
        UsageRow before = Row();
        UsageRow after = Row();
        using (var theirs = new UsageJournal(_folder, TimeProvider.System))
        {
            await theirs.AppendAsync([before]);
        }

        string file = Assert.Single(Directory.GetFiles(_folder));
        await File.AppendAllTextAsync(file, line + "\n", Stop);
        using (var theirs = new UsageJournal(_folder, TimeProvider.System))
        {
            await theirs.AppendAsync([after]);
        }

        List<string> found = await DrainedAsync();

        Assert.Equal(new[] { before.RequestId, after.RequestId }.Order(), found.Order());
        string kept = Assert.Single(Directory.GetFiles(_folder));
        Assert.Equal((UsageJournal.RejectedFile, line + "\n"), (Path.GetFileName(kept), await File.ReadAllTextAsync(kept, Stop)));
    }

    [Fact]
    public async Task A_torn_last_line_and_what_a_crashed_machine_leaves_are_passed_over()
    {
        UsageRow row = Row();
        using (var theirs = new UsageJournal(_folder, TimeProvider.System))
        {
            await theirs.AppendAsync([row]);
        }

        string file = Assert.Single(Directory.GetFiles(_folder));
        await File.AppendAllTextAsync(file, new string('\0', 5000) + "\n{\"request_id\":\"01m8", Stop);

        Assert.Equal([row.RequestId], await DrainedAsync());
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task A_file_that_cannot_be_handed_over_does_not_hold_the_others_up()
    {
        UsageRow[] rows = [Row(), Row(), Row()];
        foreach (UsageRow row in rows)
        {
            using var theirs = new UsageJournal(_folder, TimeProvider.System);
            await theirs.AppendAsync([row]);
            await Task.Delay(5, Stop);
        }

        List<string> found = [];
        using var journal = new UsageJournal(_folder, TimeProvider.System);
        Task Write(IReadOnlyList<UsageRow> handed)
        {
            if (handed[0].RequestId == rows[0].RequestId)
            {
                throw new IOException("The store does not take this one.");
            }

            found.AddRange(handed.Select(r => r.RequestId));
            return Task.CompletedTask;
        }

        await Assert.ThrowsAsync<IOException>(() => journal.DrainAsync(Write));
        await Assert.ThrowsAsync<IOException>(() => journal.DrainAsync(Write));

        Assert.Equal([rows[1].RequestId, rows[2].RequestId], found);
        Assert.Single(Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task An_outage_makes_few_files_however_often_the_store_is_tried()
    {
        using var journal = new UsageJournal(_folder, TimeProvider.System);
        for (int i = 0; i < 50; i++)
        {
            await journal.AppendAsync([Row()]);
            await Assert.ThrowsAsync<IOException>(() => journal.DrainAsync(_ => throw new IOException("The store is away.")));
        }

        Assert.InRange(journal.Backlog().Files, 1, 2);
        Assert.Equal(50, (await DrainedAsync(journal)).Count);
    }

    [Fact]
    public async Task A_long_outage_is_handed_over_piece_by_piece()
    {
        UsageRow[] rows = [.. Enumerable.Range(0, 200).Select(_ => Row())];
        using var journal = new UsageJournal(_folder, TimeProvider.System);
        for (int i = 0; i < 100; i++)
        {
            await journal.AppendAsync([.. rows.Select(r => new UsageRow(Records.Full().RequestId, r.Values))]);
        }

        int files = journal.Backlog().Files;
        int most = 0;
        int smallest = int.MaxValue;
        int count = await journal.DrainAsync(handed =>
        {
            most = Math.Max(most, handed.Count);
            smallest = Math.Min(smallest, journal.Backlog().Files);
            return Task.CompletedTask;
        });

        Assert.Equal(20_000, count);
        Assert.InRange(most, 1, 1000);
        Assert.InRange(files, 3, 20);
        Assert.InRange(smallest, 1, 2);
    }

    [Fact]
    public async Task What_is_written_after_the_disk_was_full_can_be_read()
    {
        using SmallDisk disk = SmallDisk.Make(kilobytes: 256);
        using var journal = new UsageJournal(disk.Folder, TimeProvider.System);
        UsageRow before = Row();
        await journal.AppendAsync([before]);
        disk.Fill();

        List<UsageRow> refused = [];
        for (int i = 0; i < 10; i++)
        {
            UsageRow[] rows = [.. Enumerable.Range(0, 10).Select(_ => Row())];
            try
            {
                await journal.AppendAsync(rows);
                Assert.Fail("The disk is not full.");
            }
            catch (IOException)
            {
                refused.AddRange(rows);
            }
        }

        disk.Clear();
        UsageRow after = Row();
        await journal.AppendAsync([after]);

        List<string> found = await DrainedAsync(journal);
        Assert.Equal([before.RequestId, after.RequestId], found.Except(refused.Select(r => r.RequestId)));
        Assert.Empty(Directory.GetFiles(disk.Folder));
    }

    [Fact]
    public async Task A_folder_that_is_deleted_meanwhile_is_made_again()
    {
        string folder = Path.Combine(_folder, "sub");
        using var journal = new UsageJournal(folder, TimeProvider.System);
        await journal.AppendAsync([Row()]);
        Directory.Delete(folder, recursive: true);

        Assert.Equal((0, 0), journal.Backlog());
        Assert.Equal(0, await journal.DrainAsync(_ => Task.CompletedTask));
        UsageRow row = Row();
        await journal.AppendAsync([row]);

        Assert.Equal([row.RequestId], await DrainedAsync(journal));
    }

    [Fact]
    public async Task A_column_of_a_newer_version_is_passed_over_and_its_record_is_not()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "newer.journal"), "{\"request_id\":\"01m866x69hevrvvtmthnaz5svp\",\"new_column\":{\"a\":[1]},\"status_code\":200,\"outcome\":\"no_such_outcome_yet\"}\n", Stop);
        List<UsageRow> found = [];
        using var journal = new UsageJournal(_folder, TimeProvider.System);

        await journal.DrainAsync(rows =>
        {
            found.AddRange(rows);
            return Task.CompletedTask;
        });

        UsageRow row = Assert.Single(found);
        Assert.Equal(["outcome", "status_code"], row.Values.Select(v => v.Key.Name).Order());
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Nobody_else_may_look_into_a_folder_in_the_temporary_one()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("The temporary folder is each user's own on Windows.");
        }

        string prefix = $"t{Guid.NewGuid():N}";
        using ServiceProvider services = new ServiceCollection()
            .AddLogging()
            .AddSingleton(TimeProvider.System)
            .AddUsage(new UsageSettings { Store = UsageStoreKind.Table, ConnectionString = "UseDevelopmentStorage=true", TablePrefix = prefix })
            .BuildServiceProvider();

        string folder = services.GetRequiredService<UsageJournal>().Folder;

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
        Directory.Delete(folder);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void A_folder_in_the_temporary_one_that_was_there_before_is_closed_to_others_or_not_used()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("The temporary folder is each user's own on Windows.");
        }

        string open = Directory.CreateDirectory(Path.Combine(_folder, "open")).FullName;
        File.SetUnixFileMode(open, (UnixFileMode)0b111_111_111);
        string link = Path.Combine(_folder, "link");
        File.CreateSymbolicLink(link, "/nowhere");

        UsageServices.KeepPrivate(open);
        var refused = Assert.Throws<GatewayConfigurationException>(() => UsageServices.KeepPrivate(link));

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(open));
        Assert.Equal("usage.journalFolder", Assert.Single(refused.Faults).Setting);

        // Root may do anything with anybody's.
        if (!Environment.IsPrivilegedProcess)
        {
            Assert.Throws<GatewayConfigurationException>(() => UsageServices.KeepPrivate("/usr"));
        }
    }

    [Fact]
    public async Task Rows_that_are_refused_at_the_same_time_are_all_kept()
    {
        using var journal = new UsageJournal(_folder, TimeProvider.System);
        UsageRow[] rows = [.. Enumerable.Range(0, 100).Select(_ => Row())];

        await Parallel.ForEachAsync(rows, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Stop }, async (row, _) => await journal.RejectAsync(row));

        string[] kept = await File.ReadAllLinesAsync(Path.Combine(_folder, UsageJournal.RejectedFile), Stop);
        Assert.Equal(rows.Select(r => r.RequestId).Order(), kept.Select(line => UsageRowJson.Read(line)!.RequestId).Order());
    }

    private static UsageRow Row() => UsageRow.OfCompleted(Records.Full());

    private async Task<List<string>> DrainedAsync(UsageJournal? journal = null)
    {
        List<string> found = [];
        using UsageJournal? mine = journal is null ? new UsageJournal(_folder, TimeProvider.System) : null;
        await (journal ?? mine!).DrainAsync(rows =>
        {
            found.AddRange(rows.Select(r => r.RequestId));
            return Task.CompletedTask;
        });
        return found;
    }
}
