using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>
/// Files that keep rows while the store is away: a line of JSON each, on the disk (fsync) before the call returns. A file that is being
/// written is held open exclusively; the lock goes with the process, so that a successor finds what a killed one has left.
/// </summary>
internal sealed partial class UsageJournal(string folder, TimeProvider time, ILogger<UsageJournal>? logger = null) : IDisposable
{
    /// <summary>
    /// What is kept for a person to look at, since no store will ever take it: lines that cannot be understood (the disk has damaged them, or
    /// another version has written them), and rows that the store refuses.
    /// </summary>
    public const string RejectedFile = "rejected.jsonl";

    /// <summary>A file that has grown to so many bytes is followed by another: what is in the store is gone from the disk by and by, not after the last row.</summary>
    private const long Large = 8 * 1024 * 1024;

    /// <summary>Rows that are in memory at once.</summary>
    private const int RowsAtOnce = 1000;

    private readonly ILogger _logger = logger ?? NullLogger<UsageJournal>.Instance;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly SemaphoreSlim _rejecting = new(1, 1);
    private FileStream? _file;
    private string _stuck = "";

    /// <summary>Where the files are.</summary>
    public string Folder => folder;

    /// <summary>Bytes that wait for the store, those that a predecessor has left included.</summary>
    public long Size => Backlog().Bytes;

    /// <summary>Adds rows; they are on the disk when the call returns.</summary>
    public async Task AppendAsync(IReadOnlyList<UsageRow> rows)
    {
        var lines = new ArrayBufferWriter<byte>(1024 * rows.Count);
        foreach (UsageRow row in rows)
        {
            UsageRowJson.Write(row, lines);
            lines.Write("\n"u8);
        }

        await _gate.WaitAsync();
        try
        {
            FileStream file = _file ??= Create();
            long whole = file.Position;
            try
            {
                await file.WriteAsync(lines.WrittenMemory);
                file.Flush(flushToDisk: true);
            }
            catch
            {
                Abandon(file, whole);
                throw;
            }

            if (file.Position >= Large)
            {
                Close();
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>
    /// Hands every file that nobody writes to, this process's own included, to <paramref name="write"/> and deletes it when that returns. A
    /// torn last line (the process was killed while writing it) is passed over: its request's answer had not ended. When a file cannot be
    /// handed over that ends it, and the next call begins with the file after it.
    /// </summary>
    /// <returns>How many rows were handed over.</returns>
    public async Task<int> DrainAsync(Func<IReadOnlyList<UsageRow>, Task> write)
    {
        int count = 0;
        foreach (string path in Left().OrderBy(p => string.CompareOrdinal(p, _stuck) <= 0).ThenBy(p => p, StringComparer.Ordinal))
        {
            count += await DrainAsync(path, write);
        }

        // The own one is the last: while nothing can be handed over it grows, instead of being followed by another twice a second.
        await _gate.WaitAsync();
        string? own = _file?.Name;
        Close();
        _gate.Release();
        return own is null ? count : count + await DrainAsync(own, write);
    }

    /// <summary>Keeps a row that the store refuses, where nobody tries it again.</summary>
    public Task RejectAsync(UsageRow row)
    {
        var line = new ArrayBufferWriter<byte>(1024);
        UsageRowJson.Write(row, line);
        return KeepAsync([Encoding.UTF8.GetString(line.WrittenSpan)]);
    }

    /// <summary>What waits for the store, in this process's file and in those that others have left.</summary>
    public (int Files, long Bytes) Backlog()
    {
        try
        {
            FileInfo[] files = [.. Left().Select(static path => new FileInfo(path))];
            return (files.Length, files.Sum(static file => file.Exists ? file.Length : 0));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The folder is being deleted, or may not be looked into: appending tells of that.
            return default;
        }
    }

    public void Dispose()
    {
        _gate.Wait();
        Close();
        _gate.Release();
    }

    private string[] Left() => Directory.Exists(folder) ? Directory.GetFiles(folder, "*.journal") : [];

    private FileStream Create()
    {
        Directory.CreateDirectory(folder);
        string name = string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():yyyyMMddHHmmssfff}-{Environment.ProcessId}-{Guid.NewGuid():N}.journal");
        return new FileStream(Path.Combine(folder, name), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.Asynchronous);
    }

    private void Close()
    {
        _file?.Dispose();
        _file = null;
    }

    /// <summary>The disk is full or broken: what is whole stays, nothing is written behind a torn line, which would make the next one unreadable.</summary>
    private void Abandon(FileStream file, long whole)
    {
        try
        {
            file.SetLength(whole);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The torn line is the last one of its file.
            Close();
            return;
        }

        Close();
        if (whole == 0)
        {
            DeleteEmpty(file.Name);
        }
    }

    /// <summary>Windows deletes no file that is open, so that it is closed before; whoever opens it in between finds nothing in it.</summary>
    private static void DeleteEmpty(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is passed over, and deleted, the next time.
        }
    }

    private async Task<int> DrainAsync(string path, Func<IReadOnlyList<UsageRow>, Task> write)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Somebody writes to it, or hands it over at this very moment.
            return 0;
        }

        int count;
        await using (file)
        {
            _stuck = path;
            (count, List<string> unreadable) = await ReadAsync(file, write);
            if (unreadable.Count > 0)
            {
                await KeepAsync(unreadable);
                Log.Unreadable(_logger, unreadable.Count, Path.Combine(folder, RejectedFile));
            }

            _stuck = "";
            file.SetLength(0);
        }

        DeleteEmpty(path);
        return count;
    }

    private static async Task<(int Count, List<string> Unreadable)> ReadAsync(FileStream file, Func<IReadOnlyList<UsageRow>, Task> write)
    {
        bool torn = file.Length > 0 && EndsTorn(file);
        List<UsageRow> rows = new(RowsAtOnce);
        List<string> unreadable = [];
        int count = 0;
        using var reader = new StreamReader(file, Encoding.UTF8, leaveOpen: true);
        string? next = await reader.ReadLineAsync();
        while (next is { } line)
        {
            next = await reader.ReadLineAsync();
            if (UsageRowJson.Read(line) is { } row)
            {
                rows.Add(row);
            }
            else if (line.AsSpan().Trim('\0').Length > 0 && !(torn && next is null))
            {
                unreadable.Add(line);
            }

            if (rows.Count == RowsAtOnce)
            {
                await HandAsync();
            }
        }

        await HandAsync();
        return (count, unreadable);

        async Task HandAsync()
        {
            if (rows.Count > 0)
            {
                await write(rows);
                count += rows.Count;
                rows = new(RowsAtOnce);
            }
        }
    }

    private static bool EndsTorn(FileStream file)
    {
        file.Seek(-1, SeekOrigin.End);
        bool torn = file.ReadByte() != '\n';
        file.Seek(0, SeekOrigin.Begin);
        return torn;
    }

    /// <summary>One at a time: the file is opened exclusively.</summary>
    private async Task KeepAsync(List<string> lines)
    {
        await _rejecting.WaitAsync();
        try
        {
            Directory.CreateDirectory(folder);
            await File.AppendAllLinesAsync(Path.Combine(folder, RejectedFile), lines);
        }
        finally
        {
            _rejecting.Release();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "{Count} lines of the journal of usage records are no records that this version can read; they are kept in {File}.")]
        public static partial void Unreadable(ILogger logger, int count, string file);
    }
}
