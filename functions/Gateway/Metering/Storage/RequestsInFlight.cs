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
internal sealed partial class RequestsInFlight(IUsageStore store, UsageJournal journal, TimeProvider time, ILogger<RequestsInFlight> logger) : BackgroundService, IUsageStore
{
    /// <summary>Requests at once that are remembered; those beyond it are not, until they are announced.</summary>
    private const int Slots = 4096;

    /// <summary>Bytes for one: the length of the row, then the row. The length is written last and taken back first.</summary>
    private const int SlotSize = 1024;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    private readonly ConcurrentDictionary<string, int> _taken = [];
    private readonly ConcurrentStack<int> _free = [];
    private int _used;
    private FileStream? _file;
    private MemoryMappedFile? _map;
    private MemoryMappedViewAccessor? _view;

    public void Accepted(UsageRecord record)
    {
        if (_view is { } view && Row(record) is { IsEmpty: false } row && TryTake(out int slot))
        {
            long at = (long)slot * SlotSize;
            view.SafeMemoryMappedViewHandle.WriteSpan((ulong)at + sizeof(int), row);
            Interlocked.MemoryBarrier();
            view.Write(at, row.Length);
            _taken[record.RequestId] = slot;
        }

        store.Accepted(record);
    }

    public async ValueTask CompletedAsync(UsageRecord record, CancellationToken cancellationToken)
    {
        await store.CompletedAsync(record, cancellationToken);
        if (_view is { } view && _taken.TryRemove(record.RequestId, out int slot))
        {
            view.Write((long)slot * SlotSize, 0);
            _free.Push(slot);
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
        if (_file is not null && _taken.IsEmpty)
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
                await TakeOverAsync();
                await Task.Delay(LookEvery, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
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
        foreach (string path in Directory.GetFiles(journal.Folder, "*.running"))
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

    /// <summary>The row as it is kept; without its long texts where it is too long with them, empty where it is still too long.</summary>
    private static ReadOnlySpan<byte> Row(UsageRecord record)
    {
        ArrayBufferWriter<byte> buffer = _buffer ??= new ArrayBufferWriter<byte>(2 * SlotSize);
        UsageRow row = UsageRow.OfAccepted(record);
        foreach (int longest in (ReadOnlySpan<int>)[int.MaxValue, 48])
        {
            buffer.ResetWrittenCount();
            UsageRowJson.Write(longest == int.MaxValue ? row : row with { Values = row.Values.Where(v => v.Value is not string text || text.Length <= longest).ToDictionary() }, buffer);
            if (buffer.WrittenCount <= SlotSize - sizeof(int))
            {
                return buffer.WrittenSpan;
            }
        }

        return [];
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "There can be no file in {Folder}: neither the requests that run nor, while the usage store is away, their records can be kept there. Set usage.journalFolder.")]
        public static partial void NoFile(ILogger logger, string folder, Exception exception);

        [LoggerMessage(2, LogLevel.Information, "{Count} requests were running when their process ended; they are open in the usage records.")]
        public static partial void TakenOver(ILogger logger, int count);
    }
}
