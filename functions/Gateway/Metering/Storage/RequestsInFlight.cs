using System.Buffers;
using System.Collections.Concurrent;
using System.IO.MemoryMappedFiles;
using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>
/// Remembers the running requests in a file that is mapped into memory, which outlives the process without a call to the system: what a
/// killed process was working on is visible from the first moment, and not only once the store was told. A successor moves what it finds
/// into its journal. The file does not outlive the machine; that requests are announced to the store is for that.
/// </summary>
/// <remarks>
/// Where the store is a file on the same disk, this one is as good a place: the record of a finished request is put here, its answer ends, and
/// the store takes it a few milliseconds later, together with many others.
/// </remarks>
/// <param name="store">The store.</param>
/// <param name="later">Hands a row to the store that answers need not wait for, and is told whether it got there; null when they must wait.</param>
/// <param name="journal">Takes what killed processes have left, and says where the file lies.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed partial class RequestsInFlight(
    IUsageStore store, Func<UsageRow, Action<string, bool>, ValueTask>? later, UsageJournal journal, TimeProvider time, ILogger<RequestsInFlight> logger) : BackgroundService, IUsageStore
{
    /// <summary>Rows at once that are remembered; requests beyond it are not, until they are announced, and records beyond it wait for the store.</summary>
    private const int Slots = 4096;

    /// <summary>Bytes for one: the length of the row, then the row. The length is written last and taken back first.</summary>
    private const int SlotSize = 2048;

    /// <summary>Texts longer than this are left out of a row that is too long with them.</summary>
    private const int LongestOfMany = 48;

    private static readonly TimeSpan LongestSettling = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    private readonly ConcurrentDictionary<string, int> _taken = [];
    private readonly ConcurrentStack<int> _free = [];
    private Action<string, bool>? _onSettled;
    private long _handedOn;
    private long _settled;
    private int _used;
    private volatile bool _gone;
    private FileStream? _file;
    private MemoryMappedFile? _map;
    private MemoryMappedViewAccessor? _view;

    public void Accepted(UsageRecord record)
    {
        UsageRow row = UsageRow.OfAccepted(record);
        _ = TryKeep(row, out _) || TryKeep(row with { Values = row.Values.Where(v => v.Value is not string { Length: > LongestOfMany }).ToDictionary() }, out _);
        store.Accepted(record);
    }

    public async ValueTask CompletedAsync(UsageRecord record, CancellationToken cancellationToken)
    {
        if (later is not null && UsageRow.OfCompleted(record) is var row && TryKeep(row, out ReadOnlySpan<byte> json))
        {
            Interlocked.Increment(ref _handedOn);
            await later(row with { Json = json.ToArray() }, _onSettled ??= Settled);
            return;
        }

        await store.CompletedAsync(record, cancellationToken);
        Forget(record.RequestId);
    }

    /// <summary>Waits until the records of all answers that have ended are in the store, where a reader finds them; no longer than it may be away.</summary>
    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        long all = Interlocked.Read(ref _handedOn);
        long start = time.GetTimestamp();
        while (Interlocked.Read(ref _settled) < all && time.GetElapsedTime(start) < LongestSettling)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), time, cancellationToken);
        }
    }

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            Directory.CreateDirectory(journal.Folder);

            // Allocated at once: a page of a mapped file that finds no room on the disk later would end the process.
            _file = new FileStream(Path.Combine(journal.Folder, $"{Guid.NewGuid():N}.running"), new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                PreallocationSize = Slots * SlotSize,
            });
            _map = MemoryMappedFile.CreateFromFile(_file, null, (long)Slots * SlotSize, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
            _view = _map.CreateViewAccessor();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.NoFile(logger, journal.Folder, e);
        }

        return base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        base.Dispose();
        Interlocked.Exchange(ref _view, null)?.Dispose();
        _map?.Dispose();
        _file?.Dispose();
        if (_file is not null && _taken.IsEmpty && File.Exists(_file.Name))
        {
            File.Delete(_file.Name);
        }
    }

    /// <summary>Takes over what killed processes have left, those of its own time included.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (_file is not null)
            {
                try
                {
                    await TakeOverAsync();
                    LookAfter(_file.Name);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    Log.NoLook(logger, journal.Folder, e);
                }

                await Task.Delay(LookEvery, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    /// <summary>Somebody may delete the file (a temporary folder is tidied up): nobody would find what is put into it, so that answers wait for the store again.</summary>
    private void LookAfter(string file)
    {
        if (!_gone && !File.Exists(file))
        {
            _gone = true;
            Log.Gone(logger, file);
        }
    }

    /// <summary>Keeps a row, in place of an earlier one of the same request; false when it is too long, or there is no room.</summary>
    private bool TryKeep(UsageRow row, out ReadOnlySpan<byte> json)
    {
        json = default;
        if (_gone || _view is not { } view)
        {
            return false;
        }

        ArrayBufferWriter<byte> buffer = _buffer ??= new ArrayBufferWriter<byte>(2 * SlotSize);
        buffer.ResetWrittenCount();
        UsageRowJson.Write(row, buffer);
        json = buffer.WrittenSpan;
        if (json.Length > SlotSize - sizeof(int) || !TryTake(out int slot))
        {
            return false;
        }

        // In a slot of its own: the earlier row is there until this one is, whenever the process is killed.
        long at = (long)slot * SlotSize;
        view.SafeMemoryMappedViewHandle.WriteSpan((ulong)at + sizeof(int), json);
        Interlocked.MemoryBarrier();
        view.Write(at, json.Length);
        Forget(row.RequestId);
        _taken[row.RequestId] = slot;
        return true;
    }

    /// <summary>What neither the store nor the journal has taken stays here for a successor.</summary>
    private void Settled(string requestId, bool taken)
    {
        if (taken)
        {
            Forget(requestId);
        }

        Interlocked.Increment(ref _settled);
    }

    private void Forget(string requestId)
    {
        if (_view is { } view && _taken.TryRemove(requestId, out int slot))
        {
            view.Write((long)slot * SlotSize, 0);
            _free.Push(slot);
        }
    }

    private bool TryTake(out int slot)
    {
        if (_free.TryPop(out slot))
        {
            return true;
        }

        slot = Volatile.Read(ref _used) < Slots ? Interlocked.Increment(ref _used) - 1 : Slots;
        return slot < Slots;
    }

    private async Task TakeOverAsync()
    {
        foreach (string path in Directory.Exists(journal.Folder) ? Directory.GetFiles(journal.Folder, "*.running") : [])
        {
            try
            {
                await using var left = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                List<UsageRow> rows = await ReadAsync(left);
                if (rows.Count > 0)
                {
                    await journal.AppendAsync(rows);
                    Log.TakenOver(logger, rows.Count);
                }

                File.Delete(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Its process is alive: the lock goes with it.
            }
        }
    }

    private static async Task<List<UsageRow>> ReadAsync(Stream file)
    {
        List<UsageRow> rows = [];
        byte[] slot = new byte[SlotSize];
        while (await file.ReadAtLeastAsync(slot, SlotSize, throwOnEndOfStream: false) == SlotSize)
        {
            int length = BitConverter.ToInt32(slot);
            if (length is > 0 and <= SlotSize - sizeof(int) && UsageRowJson.Read(Encoding.UTF8.GetString(slot, sizeof(int), length)) is { } row)
            {
                rows.Add(row);
            }
        }

        return rows;
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "There can be no file in {Folder}: neither the requests that run nor, while the usage store is away, their records can be kept there. Set usage.journalFolder.")]
        public static partial void NoFile(ILogger logger, string folder, Exception exception);

        [LoggerMessage(2, LogLevel.Information, "{Count} usage records of a process that was killed are taken over; those of requests that were running are open.")]
        public static partial void TakenOver(ILogger logger, int count);

        [LoggerMessage(3, LogLevel.Error, "{File}, which keeps the requests that run, was deleted. From now on, until the next start, answers wait for the usage store, and what runs when this process is killed is known only if it ran for long.")]
        public static partial void Gone(ILogger logger, string file);

        [LoggerMessage(4, LogLevel.Warning, "What killed processes may have left in {Folder} cannot be looked for; it is tried again.")]
        public static partial void NoLook(ILogger logger, string folder, Exception exception);
    }
}
