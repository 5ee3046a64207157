using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Serverless.Gateway.Metering.Telemetry;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>
/// Makes usage records durable before their answers end. Rows that wait together are written together, one write at a time; while the
/// store is slow or away they go to a <see cref="UsageJournal"/> instead and from there to the store when it is back. An answer
/// therefore waits a millisecond or two as a rule, and <see cref="UsageStoreTimes.Patience"/> at the worst; not at all where
/// <see cref="RequestsInFlight"/> keeps its record meanwhile.
/// </summary>
internal sealed partial class GroupCommitStore : IUsageStore, IUsageStoreFigures, IHostedService, IAsyncDisposable
{
    private readonly IUsageSink _sink;
    private readonly UsageJournal _journal;
    private readonly UsageStoreTimes _times;
    private readonly TimeProvider _time;
    private readonly ILogger<GroupCommitStore> _logger;

    // That there is one reader is not said: such a channel cannot be counted, and its length is a metric.
    private readonly Channel<Pending> _queue = Channel.CreateUnbounded<Pending>();
    private readonly ConcurrentDictionary<string, Waiting> _accepted = [];
    private readonly Queue<Pending> _held = [];

    /// <summary>Rows that neither store nor journal has taken and that are kept elsewhere meanwhile: one is tried at each probe, and when that is taken the others are.</summary>
    private readonly ConcurrentQueue<Pending> _unplaced = [];
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Ends the gathering: an answer waits.</summary>
    private readonly SemaphoreSlim _hurry = new(0);
    private Task _writing = Task.CompletedTask;
    private Task _announcing = Task.CompletedTask;
    private Task _redriving = Task.CompletedTask;
    private bool _open;
    private long _openSince;
    private long _nextProbe;
    private bool _prepared;
    private int _disposed;
    private long _stored;
    private long _journaled;
    private long _lost;

    public GroupCommitStore(IUsageSink sink, UsageJournal journal, UsageStoreTimes times, TimeProvider time, ILogger<GroupCommitStore> logger)
    {
        _sink = sink;
        _journal = journal;
        _times = times;
        _time = time;
        _logger = logger;
    }

    /// <summary>True while rows go to the journal because the store does not take them.</summary>
    public bool IsOpen => Volatile.Read(ref _open);

    public long Stored => Volatile.Read(ref _stored);

    public long Journaled => Volatile.Read(ref _journaled);

    public long Lost => Volatile.Read(ref _lost);

    public long Queued => _queue.Reader.Count;

    public long JournalBytes => _journal.Size;

    public void Accepted(UsageRecord record) => _accepted[record.RequestId] = new Waiting(record, _time.GetTimestamp());

    public async ValueTask CompletedAsync(UsageRecord record, CancellationToken cancellationToken)
    {
        _accepted.TryRemove(record.RequestId, out _);
        UsageRow row = UsageRow.OfCompleted(record);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_queue.Writer.TryWrite(new Pending(row, done)))
        {
            // The process is ending, and this request has outlived the time that was given to it: its record is for the successor.
            await SpillAsync([row]);
            return;
        }

        if (_hurry.CurrentCount == 0)
        {
            _hurry.Release();
        }

        await done.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Takes the row of a request whose answer need not wait for the store: it is as safe elsewhere until it is stored.</summary>
    /// <param name="row">The row of the finished request.</param>
    /// <param name="settled">Is told the row, and true once it is in the store or in the journal, false when the store has stopped before either took it.</param>
    public void StoreLater(UsageRow row, Action<UsageRow, bool> settled)
    {
        _accepted.TryRemove(row.RequestId, out _);
        if (!_queue.Writer.TryWrite(new Pending(row, null, settled)))
        {
            settled(row, false);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _writing = Task.Run(WriteLoopAsync, CancellationToken.None);
        _announcing = Task.Run(AnnounceLoopAsync, CancellationToken.None);
        _redriving = Task.Run(RedriveLoopAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _queue.Writer.TryComplete();
        await _writing.WaitAsync(cancellationToken);
        await _stop.CancelAsync();
        await Task.WhenAll(_announcing, _redriving).WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        // The container knows it under three names and disposes it under each.
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
        {
            return;
        }

        _queue.Writer.TryComplete();
        await _stop.CancelAsync();
        await Task.WhenAll(_writing, _announcing, _redriving);
        _journal.Dispose();
        _stop.Dispose();
        _hurry.Dispose();
    }

    /// <summary>
    /// Announces the requests that are still running after <see cref="UsageStoreTimes.Announce"/>. Those that end before it, as most refusals
    /// and all of a load test do, cost one row instead of two.
    /// </summary>
    private async Task AnnounceLoopAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(_times.Announce, _time, _stop.Token);
                foreach ((string requestId, Waiting waiting) in _accepted)
                {
                    if (_time.GetElapsedTime(waiting.Since) >= _times.Announce && _accepted.TryRemove(requestId, out _))
                    {
                        _queue.Writer.TryWrite(new Pending(UsageRow.OfAccepted(waiting.Record), null));
                    }
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
    }

    private async Task WriteLoopAsync()
    {
        List<Pending> batch = new(_sink.MaxBatch);
        while (_held.Count > 0 || await _queue.Reader.WaitToReadAsync())
        {
            if (_times.Gather > TimeSpan.Zero)
            {
                await _hurry.WaitAsync(_times.Gather);
            }

            Take(batch);
            IReadOnlyList<UsageRow> rows = Merge(batch);
            bool taken = true;
            try
            {
                await CommitAsync(rows);
            }
            catch (Exception e)
            {
                taken = false;
                Lose(batch, e);
            }

            foreach (Pending pending in batch)
            {
                pending.Done?.TrySetResult();
                if (taken)
                {
                    pending.Settled?.Invoke(pending.Row, true);
                }
                else if (pending.Settled is not null)
                {
                    _unplaced.Enqueue(pending);
                }
            }

            if (taken)
            {
                Requeue(int.MaxValue);
            }
        }

        Requeue(int.MaxValue);
    }

    /// <summary>Neither the store nor the disk: the log line is all that is left of a row, unless it is kept elsewhere. The answer must end all the same.</summary>
    private void Lose(List<Pending> batch, Exception e)
    {
        UsageRow[] lost = [.. batch.Where(p => p.Settled is null).Select(p => p.Row)];
        if (lost.Length < batch.Count)
        {
            Log.Unplaced(_logger, batch.Count - lost.Length, e);
        }

        if (lost.Length > 0)
        {
            Log.Lost(_logger, Lines(lost), e);
            Count(ref _lost, lost);
        }
    }

    /// <summary>Tries rows again that nobody has taken; once the store has stopped they are left to where they are kept.</summary>
    private void Requeue(int count)
    {
        while (count-- > 0 && _unplaced.TryDequeue(out Pending pending))
        {
            if (!_queue.Writer.TryWrite(pending))
            {
                pending.Settled!(pending.Row, false);
            }
        }
    }

    /// <summary>Takes what waits, as far as it may be written together; the rest is held for the next round.</summary>
    private void Take(List<Pending> batch)
    {
        batch.Clear();
        string? group = null;
        bool Fits(Pending pending)
        {
            string its = _sink.GroupOf(pending.Row);
            group ??= its;
            if (its != group || batch.Count == _sink.MaxBatch)
            {
                return false;
            }

            batch.Add(pending);
            return true;
        }

        for (int i = _held.Count; i > 0; i--)
        {
            Pending held = _held.Dequeue();
            if (!Fits(held))
            {
                _held.Enqueue(held);
            }
        }

        while (batch.Count < _sink.MaxBatch && _held.Count < _sink.MaxBatch && _queue.Reader.TryRead(out Pending next))
        {
            if (!Fits(next))
            {
                _held.Enqueue(next);
            }
        }
    }

    /// <summary>One row a request: a transaction may not hold a key twice.</summary>
    private static IReadOnlyList<UsageRow> Merge(List<Pending> batch)
    {
        var rows = new OrderedDictionary<string, UsageRow>(batch.Count);
        foreach (Pending pending in batch)
        {
            rows[pending.Row.RequestId] = rows.TryGetValue(pending.Row.RequestId, out UsageRow? earlier) ? earlier.With(pending.Row) : pending.Row;
        }

        return [.. rows.Values];
    }

    private async Task CommitAsync(IReadOnlyList<UsageRow> rows)
    {
        bool probing = IsOpen;
        if (probing && _time.GetTimestamp() < Volatile.Read(ref _nextProbe))
        {
            await SpillAsync(rows);
            return;
        }

        long start = _time.GetTimestamp();
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                await TryWriteAsync(rows, _times.Attempt, CancellationToken.None);
                Close();
                return;
            }
            catch (UsageRowRefusedException e)
            {
                await SeparateAsync(rows, e, CommitAsync);
                return;
            }
            catch (Exception e)
            {
                if (probing || _time.GetElapsedTime(start) + _times.Attempt >= _times.Patience)
                {
                    if (!probing)
                    {
                        Volatile.Write(ref _openSince, _time.GetTimestamp());
                        Log.Opened(_logger, e);
                    }

                    Volatile.Write(ref _open, true);
                    Volatile.Write(ref _nextProbe, _time.GetTimestamp() + (long)(_times.Probe.TotalSeconds * _time.TimestampFrequency));
                    await SpillAsync(rows);
                    return;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(50 << Math.Min(attempt, 4), 500)), _time);
            }
        }
    }

    /// <summary>The store takes rows; where it did not, that is over.</summary>
    private void Close()
    {
        if (Interlocked.Exchange(ref _open, false))
        {
            Log.Closed(_logger, _time.GetElapsedTime(Volatile.Read(ref _openSince)).TotalSeconds);
        }
    }

    private async Task TryWriteAsync(IReadOnlyList<UsageRow> rows, TimeSpan longest, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(longest, _time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
        if (!_prepared)
        {
            await _sink.PrepareAsync(end.Token);
            _prepared = true;
        }

        await _sink.WriteAsync(rows, end.Token);
        Count(ref _stored, rows);
    }

    /// <summary>Counts the records of requests that have ended; the rows that only announce one are none.</summary>
    private static void Count(ref long counter, IReadOnlyList<UsageRow> rows) =>
        Interlocked.Add(ref counter, rows.Count(row => row.IsEnded));

    /// <summary>One row that the store refuses must not take the others with it.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="refusal">What the store says.</param>
    /// <param name="retry">Tries some of them.</param>
    private async Task SeparateAsync(IReadOnlyList<UsageRow> rows, UsageRowRefusedException refusal, Func<IReadOnlyList<UsageRow>, Task> retry)
    {
        if (rows.Count == 1)
        {
            await RejectAsync(rows, refusal);
            return;
        }

        foreach (UsageRow row in rows)
        {
            await retry([row]);
        }
    }

    private async Task RejectAsync(IReadOnlyList<UsageRow> rows, UsageRowRefusedException refusal)
    {
        Log.Refused(_logger, Lines(rows), refusal);
        Count(ref _lost, rows);
        try
        {
            await _journal.RejectAsync(rows[0]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The disk is full, say: the rows behind this one must be tried all the same.
            Log.Lost(_logger, Lines(rows), e);
        }
    }

    /// <summary>Keeps rows on the disk, and in the log: the disk may go with the instance.</summary>
    private async Task SpillAsync(IReadOnlyList<UsageRow> rows)
    {
        foreach (UsageRow row in rows)
        {
            // A line each: collectors of logs cut long ones.
            Log.Spilled(_logger, Lines([row]));
        }

        await _journal.AppendAsync(rows);
        Count(ref _journaled, rows);
    }

    private async Task RedriveLoopAsync()
    {
        bool told = false;
        while (!_stop.IsCancellationRequested)
        {
            Requeue(1);
            try
            {
                int count = await _journal.DrainAsync(RedriveAsync);
                if (count > 0)
                {
                    Close();
                    Log.Redriven(_logger, count);
                }

                told = false;

                await Task.Delay(_times.Probe, _time, _stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                if (!told)
                {
                    // Once for an outage; it is tried twice a second.
                    told = true;
                    Log.RedriveFailed(_logger, e);
                }

                await Task.Delay(_times.Probe, _time, CancellationToken.None);
            }
        }
    }

    private async Task RedriveAsync(IReadOnlyList<UsageRow> rows)
    {
        foreach (IGrouping<string, UsageRow> group in rows.GroupBy(_sink.GroupOf))
        {
            foreach (UsageRow[] chunk in group.GroupBy(r => r.RequestId).Select(r => r.Aggregate((a, b) => a.With(b))).Chunk(_sink.MaxBatch))
            {
                await RedriveChunkAsync(chunk);
            }
        }
    }

    /// <summary>No answer waits for these, so that they have the time that rows of closed hours take; but the end of the process does not wait for them.</summary>
    private async Task RedriveChunkAsync(IReadOnlyList<UsageRow> rows)
    {
        try
        {
            _stop.Token.ThrowIfCancellationRequested();
            await TryWriteAsync(rows, _times.Redrive, _stop.Token);
        }
        catch (UsageRowRefusedException e)
        {
            await SeparateAsync(rows, e, RedriveChunkAsync);
        }
    }

    private static string Lines(IReadOnlyList<UsageRow> rows)
    {
        var lines = new ArrayBufferWriter<byte>(512 * rows.Count);
        foreach (UsageRow row in rows)
        {
            UsageRowJson.Write(row, lines);
            lines.Write(" "u8);
        }

        return Encoding.UTF8.GetString(lines.WrittenSpan).TrimEnd();
    }

    private readonly record struct Waiting(UsageRecord Record, long Since);

    [DebuggerDisplay("{Row.RequestId}")]
    private readonly record struct Pending(UsageRow Row, TaskCompletionSource? Done, Action<UsageRow, bool>? Settled = null);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "usage.spill {Rows}")]
        public static partial void Spilled(ILogger logger, string rows);

        [LoggerMessage(2, LogLevel.Error, "The usage store does not take records; they go to the journal until it does.")]
        public static partial void Opened(ILogger logger, Exception exception);

        [LoggerMessage(3, LogLevel.Information, "The usage store takes records again, after {Seconds:F1} seconds.")]
        public static partial void Closed(ILogger logger, double seconds);

        [LoggerMessage(4, LogLevel.Information, "{Count} usage records went from the journal to the store.")]
        public static partial void Redriven(ILogger logger, int count);

        [LoggerMessage(5, LogLevel.Warning, "The journal of usage records cannot be written to the store; it is tried until it can.")]
        public static partial void RedriveFailed(ILogger logger, Exception exception);

        [LoggerMessage(6, LogLevel.Error, "usage.refused {Rows}")]
        public static partial void Refused(ILogger logger, string rows, Exception exception);

        [LoggerMessage(8, LogLevel.Error, "Neither the usage store nor the journal takes {Count} records. They are kept among the requests in flight and tried again.")]
        public static partial void Unplaced(ILogger logger, int count, Exception exception);

        [LoggerMessage(7, LogLevel.Critical, "usage.spill {Rows}")]
        public static partial void Lost(ILogger logger, string rows, Exception exception);
    }
}
