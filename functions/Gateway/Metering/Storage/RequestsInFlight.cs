using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Serverless.Translation.Wire;

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
    IUsageStore store, Action<UsageRow, Action<UsageRow, bool>>? later, UsageJournal journal, TimeProvider time, ILogger<RequestsInFlight> logger) : BackgroundService, IUsageStore
{
    /// <summary>Rows at once that are remembered; requests beyond it are not, until they are announced, and records beyond it wait for the store.</summary>
    private const int Slots = 4096;

    /// <summary>
    /// Bytes for one: the length of the row, then the row. The length is written last and taken back first. No power of two: all slots would begin in
    /// the same few lines of the processor's caches.
    /// </summary>
    internal const int SlotSize = 4096 + 64;

    /// <summary>Texts longer than this are left out of a row that is too long with them.</summary>
    private const int LongestOfMany = 48;

    private static readonly TimeSpan LongestSettling = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);

    [ThreadStatic]
    private static RowText? _text;

    private readonly ConcurrentDictionary<string, int> _running = [];
    private readonly ConcurrentStack<int> _free = [];
    private Action<UsageRow, bool>? _onSettled;
    private long _handedOn;
    private long _settled;
    private int _used;
    private volatile bool _gone;
    private FileStream? _file;
    private MemoryMappedFile? _map;
    private MemoryMappedViewAccessor? _view;

    public void Accepted(UsageRecord record)
    {
        if (_view is { } view)
        {
            RowText text = _text ??= new RowText();
            if (TryKeep(view, text.OfAccepted(record), out int slot) || TryKeep(view, text.OfAccepted(record, LongestOfMany), out slot))
            {
                _running[record.RequestId] = slot;
            }
        }

        store.Accepted(record);
    }

    public async ValueTask CompletedAsync(UsageRecord record, CancellationToken cancellationToken)
    {
        if (later is null || _view is not { } view || TryKeepCompleted(view, record) is not { } row)
        {
            await store.CompletedAsync(record, cancellationToken);
            Forget(record.RequestId);
            return;
        }

        // In a slot of its own: the earlier row is there until this one is, whenever the process is killed.
        Forget(record.RequestId);
        Interlocked.Increment(ref _handedOn);
        later(row, _onSettled ??= Settled);
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
            _file = new FileStream(Path.Combine(journal.Folder, $"{Guid.NewGuid():N}.{SlotSize}.running"), new FileStreamOptions
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
        if (_file is not null && _free.Count >= Math.Min(_used, Slots) && File.Exists(_file.Name))
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

    private KeptRow? TryKeepCompleted(MemoryMappedViewAccessor view, UsageRecord record)
    {
        ReadOnlySpan<byte> json = (_text ??= new RowText()).OfCompleted(record);
        return TryKeep(view, json, out int slot) ? new KeptRow(record.RequestId, view.SafeMemoryMappedViewHandle, slot, json.Length) : null;
    }

    /// <summary>Keeps the text of a row in a slot that is free; false when it is too long, or there is no room.</summary>
    private bool TryKeep(MemoryMappedViewAccessor view, ReadOnlySpan<byte> json, out int slot)
    {
        slot = 0;
        if (_gone || json.Length > SlotSize - sizeof(int) || !TryTake(out slot))
        {
            return false;
        }

        long at = (long)slot * SlotSize;
        view.SafeMemoryMappedViewHandle.WriteSpan((ulong)at + sizeof(int), json);
        Volatile.WriteBarrier();
        view.Write(at, json.Length);
        return true;
    }

    /// <summary>What neither the store nor the journal has taken stays here for a successor.</summary>
    private void Settled(UsageRow row, bool taken)
    {
        if (taken)
        {
            Free(((KeptRow)row).Slot);
        }

        Interlocked.Increment(ref _settled);
    }

    private void Forget(string requestId)
    {
        if (_running.TryRemove(requestId, out int slot))
        {
            Free(slot);
        }
    }

    private void Free(int slot)
    {
        _view?.Write((long)slot * SlotSize, 0);
        _free.Push(slot);
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
                await using (var left = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
                {
                    List<UsageRow> rows = await ReadAsync(left, SlotSizeOf(path));
                    if (rows.Count > 0)
                    {
                        await journal.AppendAsync(rows);
                        Log.TakenOver(logger, rows.Count);
                    }

                    // Windows deletes no file that is open, and what is in this one must not be taken over twice.
                    left.SetLength(0);
                }

                File.Delete(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Its process is alive: the lock goes with it.
            }
        }
    }

    /// <summary>A file's name tells the size of its slots: the predecessor may have been another version. The first one's did not.</summary>
    private static int SlotSizeOf(string path) =>
        Path.GetFileName(path).Split('.') is [_, var size, _] && int.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out int told) && told is > sizeof(int) and <= 1024 * 1024 ? told : 2048;

    private static async Task<List<UsageRow>> ReadAsync(Stream file, int slotSize)
    {
        List<UsageRow> rows = [];
        byte[] slot = new byte[slotSize];
        while (await file.ReadAtLeastAsync(slot, slotSize, throwOnEndOfStream: false) == slotSize)
        {
            int length = BitConverter.ToInt32(slot);
            if (length > 0 && length <= slotSize - sizeof(int) && UsageRowJson.Read(slot.AsMemory(sizeof(int), length)) is { } row)
            {
                rows.Add(row);
            }
        }

        return rows;
    }

    /// <summary>The row of a finished request whose text stands in a slot until it is settled.</summary>
    private sealed class KeptRow(string requestId, SafeBuffer slots, int slot, int length) : UsageRow(requestId)
    {
        public int Slot => slot;

        internal override bool TryCopyText(IBufferWriter<byte> output)
        {
            Span<byte> text = output.GetSpan(length)[..length];
            slots.ReadSpan((ulong)slot * SlotSize + sizeof(int), text);
            output.Advance(length);
            return true;
        }
    }

    /// <summary>Where a thread writes the text of a row before it is copied.</summary>
    private sealed class RowText
    {
        private readonly ArrayBufferWriter<byte> _buffer = new(2 * SlotSize);
        private readonly Utf8JsonWriter _json;

        public RowText() => _json = new Utf8JsonWriter(_buffer, Json.WriterOptions);

        public ReadOnlySpan<byte> OfAccepted(UsageRecord record, int longest = int.MaxValue)
        {
            Begin();
            UsageRowJson.WriteAccepted(record, _json, longest);
            return End();
        }

        public ReadOnlySpan<byte> OfCompleted(UsageRecord record)
        {
            Begin();
            UsageRowJson.Write(record, _json);
            return End();
        }

        private void Begin()
        {
            _buffer.ResetWrittenCount();
            _json.Reset();
        }

        private ReadOnlySpan<byte> End()
        {
            _json.Flush();
            return _buffer.WrittenSpan;
        }
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
