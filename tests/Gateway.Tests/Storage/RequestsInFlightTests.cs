using System.Buffers;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;

namespace Serverless.Gateway.Tests.Storage;

/// <summary>What a process was working on is known to its successor.</summary>
public sealed class RequestsInFlightTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("serverless-running-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task What_was_running_is_taken_over_and_what_had_ended_is_not()
    {
        UsageRecord ended = Records.Full();
        UsageRecord running = Records.Full();
        UsageRecord longWinded = Records.Full() with { UserAgent = new string('u', 512), SessionId = new string('s', 512), Tags = new Dictionary<string, string> { ["t"] = new string('v', 8000) } };
        await RunAsync(async requests =>
        {
            foreach (UsageRecord record in (UsageRecord[])[ended, running, longWinded])
            {
                requests.Accepted(record);
            }

            await requests.CompletedAsync(ended, Stop);
        });

        List<UsageRow> found = await TakenOverAsync();

        Assert.Equal(new[] { running.RequestId, longWinded.RequestId }.Order(), found.Select(r => r.RequestId).Order());
        UsageRow full = found.Single(r => r.RequestId == running.RequestId);
        Assert.Equal(UsageRow.OfAccepted(running).Values.ToHashSet(), full.Values.ToHashSet());
        UsageRow cut = found.Single(r => r.RequestId == longWinded.RequestId);
        Assert.Equal(("ada", "chat/big", false), (cut.Values[UsageColumns.Find("requester")!], cut.Values[UsageColumns.Find("endpoint_name")!], cut.Values.ContainsKey(UsageColumns.Find("user_agent")!)));
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task A_record_that_no_answer_waited_for_is_kept_until_it_is_stored()
    {
        UsageRecord stored = Records.Full();
        UsageRecord waiting = Records.Full();
        UsageRecord refused = Records.Full();
        UsageRecord tooLong = Records.Full() with { SessionId = new string('s', 8000) };
        List<Action<bool>> later = [];
        var store = new Silent();
        using (var journal = new UsageJournal(_folder, TimeProvider.System))
        using (var requests = new RequestsInFlight(store, Later, journal, TimeProvider.System, NullLogger<RequestsInFlight>.Instance))
        {
            await requests.StartAsync(Stop);
            foreach (UsageRecord record in (UsageRecord[])[stored, waiting, refused, tooLong])
            {
                requests.Accepted(record);
                await requests.CompletedAsync(record, Stop);
            }

            later[0](true);
            later[2](false);
            await requests.StopAsync(Stop);
        }

        // What does not fit is waited for.
        Assert.Equal((3, 4 + 1), (later.Count, store.Calls));
        List<UsageRow> found = await TakenOverAsync();
        Assert.Equal(new[] { waiting.RequestId, refused.RequestId }.Order(), found.Select(r => r.RequestId).Order());
        Assert.Equal(UsageRow.OfCompleted(waiting).Values.ToHashSet(), found.Single(r => r.RequestId == waiting.RequestId).Values.ToHashSet());

        void Later(UsageRow row, Action<UsageRow, bool> settled)
        {
            later.Add(taken => settled(row, taken));
        }
    }

    [Fact]
    public async Task More_requests_at_once_than_there_is_room_for_are_no_fault()
    {
        UsageRecord[] records = [.. Enumerable.Range(0, 5000).Select(_ => Records.Full())];
        await RunAsync(async requests =>
        {
            Parallel.ForEach(records, requests.Accepted);
            await Parallel.ForEachAsync(records.Skip(100), Stop, async (r, c) => await requests.CompletedAsync(r, c));
        });

        List<UsageRow> found = await TakenOverAsync();

        Assert.NotEmpty(found);
        Assert.All(found, r => Assert.Contains(r.RequestId, records.Take(100).Select(x => x.RequestId)));
        Assert.Equal(found.Count, found.Select(r => r.RequestId).Distinct().Count());
    }

    [Fact]
    public async Task Without_a_folder_to_write_to_it_goes_on_without()
    {
        string file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, "", Stop);
        var store = new Silent();
        using var journal = new UsageJournal(file, TimeProvider.System);
        using var requests = new RequestsInFlight(store, null, journal, TimeProvider.System, NullLogger<RequestsInFlight>.Instance);
        await requests.StartAsync(Stop);
        UsageRecord record = Records.Full();

        requests.Accepted(record);
        await requests.CompletedAsync(record, Stop);

        Assert.Equal(2, store.Calls);
        await requests.StopAsync(Stop);
    }

    [Theory]
    [InlineData("{\"request_id\":\"01m866x69hevrvvtmthnaz5svp\",\"status_code\":\"two hundred\"}", 2048, "left.running")]
    [InlineData("{\"request_id\":42}", RequestsInFlight.SlotSize, "left.4160.running")]
    [InlineData("[]", 8192, "left.8192.running")]
    public async Task Nothing_that_a_predecessor_of_whatever_version_has_left_ends_the_process(string slot, int size, string name)
    {
        byte[] left = new byte[2 * size];
        BitConverter.TryWriteBytes(left, slot.Length);
        Encoding.UTF8.GetBytes(slot, left.AsSpan(4));
        var good = new ArrayBufferWriter<byte>();
        UsageRow row = UsageRow.OfAccepted(Records.Full());
        UsageRowJson.Write(row, good);
        BitConverter.TryWriteBytes(left.AsSpan(size), good.WrittenCount);
        good.WrittenSpan.CopyTo(left.AsSpan(size + 4));
        await File.WriteAllBytesAsync(Path.Combine(_folder, name), left, Stop);

        Assert.Equal([row.RequestId], (await TakenOverAsync()).Select(r => r.RequestId));
    }

    [Fact]
    public async Task When_the_folder_is_deleted_the_process_goes_on_and_answers_wait_for_the_store()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        string folder = Path.Combine(_folder, "tidied");
        var store = new Silent();
        int later = 0;
        using var journal = new UsageJournal(folder, time);
        using var requests = new RequestsInFlight(store, (row, settled) => { later++; settled(row, true); }, journal, time, NullLogger<RequestsInFlight>.Instance);
        await requests.StartAsync(Stop);
        Directory.Delete(folder, recursive: true);
        int sent = 0;
        for (; later == sent && sent < 400; sent++)
        {
            time.Advance(TimeSpan.FromSeconds(10));
            await Task.Delay(10, Stop);
            UsageRecord record = Records.Full();
            requests.Accepted(record);
            await requests.CompletedAsync(record, Stop);
        }

        Assert.Equal((sent - 1, sent + 1), (later, store.Calls));
        Assert.False(requests.ExecuteTask!.IsCompleted);
        await requests.StopAsync(Stop);
    }

    private async Task RunAsync(Func<RequestsInFlight, Task> work)
    {
        using var journal = new UsageJournal(_folder, TimeProvider.System);
        using var requests = new RequestsInFlight(new Silent(), null, journal, TimeProvider.System, NullLogger<RequestsInFlight>.Instance);
        await requests.StartAsync(Stop);
        await work(requests);
        await requests.StopAsync(Stop);
    }

    /// <summary>What a successor finds and puts into the journal.</summary>
    private async Task<List<UsageRow>> TakenOverAsync()
    {
        await RunAsync(async _ =>
        {
            for (int i = 0; i < 400 && Directory.GetFiles(_folder, "*.running").Length > 1; i++)
            {
                await Task.Delay(25, Stop);
            }
        });

        List<UsageRow> found = [];
        using var journal = new UsageJournal(_folder, TimeProvider.System);
        await journal.DrainAsync(rows =>
        {
            found.AddRange(rows);
            return Task.CompletedTask;
        });
        return found;
    }

    private sealed class Silent : IUsageStore
    {
        public int Calls { get; private set; }

        public void Accepted(UsageRecord record) => Calls++;

        public ValueTask CompletedAsync(UsageRecord record, CancellationToken cancellationToken)
        {
            Calls++;
            return ValueTask.CompletedTask;
        }
    }
}
