using System.Buffers;
using System.Globalization;
using System.Text;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>
/// Files that keep rows while the store is away: a line of JSON each, on the disk (fsync) before the call returns. A file that is being
/// written is held open exclusively; the lock goes with the process, so that a successor finds what a killed one has left.
/// </summary>
internal sealed class UsageJournal(string folder, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private FileStream? _file;

    /// <summary>Where the files are.</summary>
    public string Folder => folder;

    /// <summary>Bytes that wait for the store, those that a predecessor has left included.</summary>
    public long Size => Directory.Exists(folder) ? new DirectoryInfo(folder).EnumerateFiles("*.journal").Sum(LengthOf) : 0;

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
            if (_file is null)
            {
                Directory.CreateDirectory(folder);
                string name = string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():yyyyMMddHHmmssfff}-{Environment.ProcessId}-{Guid.NewGuid():N}.journal");
                _file = new FileStream(Path.Combine(folder, name), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.Asynchronous);
            }

            await _file.WriteAsync(lines.WrittenMemory);
            _file.Flush(flushToDisk: true);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>
    /// Hands every file that nobody writes to, this process's own included, to <paramref name="write"/> and deletes it when that returns. A
    /// torn last line (the process was killed while writing it) is passed over: its request's answer had not ended.
    /// </summary>
    /// <returns>How many rows were handed over.</returns>
    public async Task<int> DrainAsync(Func<IReadOnlyList<UsageRow>, Task> write)
    {
        await _gate.WaitAsync();
        try
        {
            _file?.Dispose();
            _file = null;
        }
        finally
        {
            _gate.Release();
        }

        if (!Directory.Exists(folder))
        {
            return 0;
        }

        int count = 0;
        foreach (string path in Directory.GetFiles(folder, "*.journal").Order(StringComparer.Ordinal))
        {
            FileStream file;
            try
            {
                file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                continue;
            }

            await using (file)
            {
                List<UsageRow> rows = await ReadAsync(file);
                await write(rows);
                count += rows.Count;
                File.Delete(path);
            }
        }

        return count;
    }

    /// <summary>What waits for the store, in this process's file and in those that others have left.</summary>
    public (int Files, long Bytes) Backlog()
    {
        FileInfo[] files = Directory.Exists(folder) ? new DirectoryInfo(folder).GetFiles("*.journal") : [];
        return (files.Length, files.Sum(static file => file.Exists ? file.Length : 0));
    }

    public void Dispose() => _file?.Dispose();

    private static long LengthOf(FileInfo file)
    {
        try
        {
            return file.Length;
        }
        catch (FileNotFoundException)
        {
            // It was handed to the store at this very moment.
            return 0;
        }
    }

    private static async Task<List<UsageRow>> ReadAsync(Stream file)
    {
        List<UsageRow> rows = [];
        using var reader = new StreamReader(file, Encoding.UTF8, leaveOpen: true);
        while (await reader.ReadLineAsync() is { } line)
        {
            if (UsageRowJson.Read(line) is { } row)
            {
                rows.Add(row);
            }
        }

        return rows;
    }
}
