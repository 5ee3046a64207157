using System.Security.Cryptography;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Reports.Rollups;

namespace Serverless.Gateway.Reports.Export;

/// <summary>Writes all records of a month to a file, hour by hour; and drops months that are in a file and older than they need to be kept.</summary>
internal sealed class UsageExport
{
    private readonly UsageStorage _storage;
    private readonly TimeProvider _time;
    private readonly RollupBuilder _rollups;

    public UsageExport(UsageStorage storage, TimeProvider time)
    {
        _storage = storage;
        _time = time;
        _rollups = new RollupBuilder(storage.Reader, storage.Sweep, storage.Rollups, time);
    }

    /// <summary>True when no record of the month can change any more.</summary>
    public bool IsClosed(string month) => _rollups.IsClosed(Period(month));

    /// <summary>
    /// Writes a month into a file, which is there as a whole or not at all, and notes that it was exported when the month is over. Requests that
    /// never ended are marked as lost before.
    /// </summary>
    /// <param name="month">The month, <c>202611</c>.</param>
    /// <param name="format">One of <see cref="ExportFormats.ByName"/>.</param>
    /// <param name="path">The file.</param>
    /// <param name="progress">Told of records as they are written: how many, and when the last was accepted.</param>
    /// <param name="cancellationToken">Ends it; no file is left behind.</param>
    /// <returns>How many records there are; when there are none, no file is written.</returns>
    public async Task<long> ToFileAsync(string month, string format, string path, Action<long, DateTimeOffset>? progress, CancellationToken cancellationToken)
    {
        string target = Path.GetFullPath(path);
        if (File.Exists(target) && await _storage.Months.StateAsync(month, cancellationToken) != UsageMonthState.Whole)
        {
            throw new IOException($"{target} exists, and {month} was dropped: what there is of it now belongs into another file.");
        }

        DeleteLeft(target);
        string partial = $"{target}.{Environment.ProcessId}.partial";
        bool closed = IsClosed(month);
        ExportMark? before = closed ? await MarkOfAsync(month, cancellationToken) : null;

        // No month that can be dropped has 0 records. What comes while the file is written puts another mark in the place of this one.
        var writing = new ExportMark(_time.GetUtcNow(), 0, Path.GetFileName(partial), "");
        bool noted = false;
        try
        {
            if (closed)
            {
                await _storage.Months.MarkAsync(month, writing, cancellationToken);
            }

            long count;
            await using (var file = new FileStream(partial, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 128 * 1024, FileOptions.Asynchronous))
            {
                count = await ToStreamAsync(month, format, file, progress, cancellationToken);
                file.Flush(flushToDisk: true);
            }

            if (count == 0)
            {
                // The month may have been dropped; the file of its export must not be replaced by an empty one.
                return 0;
            }

            string hash = await HashAsync(partial, cancellationToken);
            File.Move(partial, target, overwrite: true);
            noted = !closed || await _storage.Months.TryMarkAsync(month, writing, new ExportMark(_time.GetUtcNow(), count, Path.GetFileName(target), hash), cancellationToken);
            if (!noted)
            {
                File.Delete(target);
                throw new IOException($"Records of {month} came while it was exported, or it was exported twice at once: export it again.");
            }

            return count;
        }
        finally
        {
            File.Delete(partial);
            if (closed && !noted)
            {
                await TakeBackAsync(month, writing, before);
            }
        }
    }

    private async Task<ExportMark?> MarkOfAsync(string month, CancellationToken cancellationToken) =>
        (await _storage.Months.ListAsync(cancellationToken)).FirstOrDefault(m => m.Name == month)?.Exported;

    /// <summary>No file has come about: the one before is as good as it was, if nothing came meanwhile.</summary>
    private async Task TakeBackAsync(string month, ExportMark writing, ExportMark? before)
    {
        try
        {
            await _storage.Months.TryMarkAsync(month, writing, before, CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or System.Data.Common.DbException or Azure.RequestFailedException)
        {
            // What is noted then lets nobody drop the month; and why there is no file is the thing to tell.
        }
    }

    /// <summary>Writes a month into a stream. Nobody knows what becomes of that: it does not count as exported.</summary>
    public async Task<long> ToStreamAsync(string month, string format, Stream stream, Action<long, DateTimeOffset>? progress, CancellationToken cancellationToken)
    {
        RollupPeriod period = Period(month);
        if ((await _storage.Reader.HoursAsync(period.Start, period.End, cancellationToken)).Count == 0)
        {
            return 0;
        }

        long count = 0;
        await using IRecordWriter writer = ExportFormats.ByName[format](stream);
        ValueTask Write(UsageRecord record)
        {
            count++;
            progress?.Invoke(count, record.Accepted);
            return writer.WriteAsync(record, cancellationToken);
        }

        if (IsClosed(month) && await _storage.Months.StateAsync(month, cancellationToken) == UsageMonthState.Whole)
        {
            await _rollups.RebuildAsync(period, Write, cancellationToken);
        }
        else
        {
            await foreach (UsageRecord record in RecordsAsync(period, cancellationToken))
            {
                await Write(record);
            }
        }

        await writer.CompleteAsync(cancellationToken);
        return count;
    }

    /// <summary>What would become of the months that are older than so many whole months before this one.</summary>
    /// <param name="keep">How many whole months are kept besides the current one.</param>
    /// <param name="unexported">True when it does not matter whether a month was exported.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="progress">Told of records as they are counted: of which month, how many, and up to when.</param>
    public async Task<IReadOnlyList<DueMonth>> DueAsync(int keep, bool unexported, CancellationToken cancellationToken, Action<string, long, DateTimeOffset>? progress = null)
    {
        string oldest = UsageKey.MonthOf(RollupPeriod.Of(RollupLevel.Month, _time.GetUtcNow()).Start.AddMonths(-keep));
        List<DueMonth> due = [];
        foreach (UsageMonth month in await _storage.Months.ListAsync(cancellationToken))
        {
            if (string.CompareOrdinal(month.Name, oldest) < 0 && IsClosed(month.Name))
            {
                due.Add(new DueMonth(month, unexported ? null : await ObstacleAsync(month, progress, cancellationToken), unexported));
            }
        }

        return due;
    }

    /// <summary>Drops the records of a month, after what is rolled up of it is complete.</summary>
    /// <param name="due">The month.</param>
    /// <param name="cancellationToken">Ends it; told again, it goes on.</param>
    /// <param name="progress">Told of records as they are rolled up: how many, and up to when.</param>
    /// <returns>Why it was not dropped after all; null when it was.</returns>
    public async Task<string?> DropAsync(DueMonth due, CancellationToken cancellationToken, Action<long, DateTimeOffset>? progress = null)
    {
        // Of a month that is not whole the sums are all that there is.
        UsageMonth month = due.Month;
        if (month.State == UsageMonthState.Whole)
        {
            long count = await _rollups.RebuildAsync(Period(month.Name), seen: null, cancellationToken, progress);
            if (!due.Unexported && Difference(month, count) is { } obstacle)
            {
                return obstacle;
            }
        }

        // A record may have come, or have changed, in an hour that was counted already: it took the mark away.
        ExportMark? known = due.Unexported || month.State == UsageMonthState.Dropping ? null : month.Exported;
        return await _storage.Months.DropAsync(month.Name, known, cancellationToken) ? null : "records came while it was being dropped; export it again";
    }

    private async Task<string?> ObstacleAsync(UsageMonth month, Action<string, long, DateTimeOffset>? progress, CancellationToken cancellationToken)
    {
        if (month.State == UsageMonthState.Dropping)
        {
            return null;
        }

        if (month.Exported is null)
        {
            return "it was not exported, or records came since";
        }

        long count = 0;
        foreach (DateTimeOffset hour in await HoursAsync(Period(month.Name), cancellationToken))
        {
            await foreach (UsageFacts _ in _storage.Reader.ReadFactsAsync(hour, hour.AddHours(1), cancellationToken))
            {
                count++;
            }

            progress?.Invoke(month.Name, count, hour.AddHours(1));
        }

        return Difference(month, count);
    }

    /// <summary>Says that a month has other records than its file; null when it has as many.</summary>
    private static string? Difference(UsageMonth month, long count) => month.Exported is { } export && count == export.Records
        ? null
        : $"it has {count} records, but {month.Exported?.Records} when it was exported; export it again";

    private async IAsyncEnumerable<UsageRecord> RecordsAsync(RollupPeriod month, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (DateTimeOffset hour in await HoursAsync(month, cancellationToken))
        {
            await foreach (UsageRecord record in _storage.Reader.ReadAsync(hour, hour.AddHours(1), cancellationToken))
            {
                yield return record;
            }
        }
    }

    /// <summary>The hours that have records. Hour by hour no query of the store is long: SQLite's log could not be folded in while one runs.</summary>
    private async Task<IEnumerable<DateTimeOffset>> HoursAsync(RollupPeriod month, CancellationToken cancellationToken) =>
        (await _storage.Reader.HoursAsync(month.Start, month.End, cancellationToken)).Order();

    private static RollupPeriod Period(string month) => new(RollupLevel.Month, UsageKey.TimeOfMonth(month));

    /// <summary>Deletes what exports that were killed have left of the same file; another one that is at work holds its own.</summary>
    private static void DeleteLeft(string target)
    {
        string folder = Path.GetDirectoryName(target)!;
        foreach (string partial in Directory.Exists(folder) ? Directory.GetFiles(folder, Path.GetFileName(target) + ".*.partial") : [])
        {
            try
            {
                new FileStream(partial, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose).Dispose();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It is being written.
            }
        }
    }

    private static async Task<string> HashAsync(string path, CancellationToken cancellationToken)
    {
        await using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
    }
}

/// <summary>A month that is older than it needs to be kept.</summary>
/// <param name="Month">The month.</param>
/// <param name="Obstacle">Why it may not be dropped; null when it may.</param>
/// <param name="Unexported">True when it may be dropped whatever was exported of it.</param>
internal sealed record DueMonth(UsageMonth Month, string? Obstacle, bool Unexported);
