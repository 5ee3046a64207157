using System.Runtime.CompilerServices;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;

namespace Serverless.Gateway.Reports.Rollups;

/// <summary>
/// Rolls closed periods up: hours from the records, days from hours, months from days. A period is closed once every request that began
/// in it has ended or must have (<see cref="Settle"/> after its end). Done when a report first needs it and, while the process lives,
/// ahead of that; the result is the same whoever does it, and how often.
/// </summary>
internal sealed class RollupBuilder
{
    /// <summary>The longest that a request may run, and its record be on its way.</summary>
    public static readonly TimeSpan Settle = TimeSpan.FromMinutes(70);

    /// <summary>The longest that writing a late record takes: see <see cref="IRollupStore.ForgetAsync"/>.</summary>
    public static readonly TimeSpan LongestChange = TimeSpan.FromMinutes(10);

    private const int TurnsOfLevel = 64;

    private readonly IUsageReader _reader;
    private readonly IUsageSweep _sweep;
    private readonly IRollupStore _store;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _reading;
    private readonly SemaphoreSlim[] _turns = [.. Enumerable.Range(0, TurnsOfLevel * ((int)RollupLevel.Month + 1)).Select(_ => new SemaphoreSlim(1))];

    public RollupBuilder(IUsageReader reader, IUsageSweep sweep, IRollupStore store, TimeProvider time)
    {
        _reader = reader;
        _sweep = sweep;
        _store = store;
        _time = time;
        _reading = new SemaphoreSlim(store.PeriodsAtOnce);
    }

    /// <summary>How many periods are best asked for at once.</summary>
    public int PeriodsAtOnce => _store.PeriodsAtOnce;

    /// <summary>True when nobody is reading, nor waiting to.</summary>
    public bool IsIdle => _reading.CurrentCount == PeriodsAtOnce;

    /// <summary>True when no record of the period can change any more.</summary>
    public bool IsClosed(RollupPeriod period) => period.End + Settle <= _time.GetUtcNow();

    /// <summary>True when the sums of the period are there.</summary>
    public async Task<bool> IsDoneAsync(RollupPeriod period, CancellationToken cancellationToken) => (await _store.BeginAsync(period, cancellationToken)).Done;

    /// <summary>The rows of a period: from the store, or made now. A period that is not closed is computed and not kept.</summary>
    public async Task<IReadOnlyList<RollupRow>> RowsAsync(RollupPeriod period, CancellationToken cancellationToken)
    {
        if (!IsClosed(period))
        {
            return await SumAsync(period, cancellationToken);
        }

        if (await StoredAsync(period, cancellationToken) is { } stored)
        {
            return stored;
        }

        // Whoever looks at usage asks for several reports at once, and each would do the same work. A month waits for its days and a day for its
        // hours, never the other way round: nobody waits in a circle, though two periods may share a turn.
        SemaphoreSlim turn = _turns[((int)period.Level * TurnsOfLevel) + (int)((uint)period.GetHashCode() % TurnsOfLevel)];
        await turn.WaitAsync(cancellationToken);
        try
        {
            return await StoredAsync(period, cancellationToken) ?? (await MakeAsync(period, cancellationToken)).Rows;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>
    /// Makes sure that all sums of a closed month are there, of its hours and days too, and that they are those of its records, whoever wrote
    /// these. Done before the records go.
    /// </summary>
    /// <param name="month">The month.</param>
    /// <param name="seen">Is given every record on the way; null for nobody.</param>
    /// <param name="cancellationToken">Ends it. What was done until then is right.</param>
    /// <param name="progress">Told after each hour: how many records there were so far, and its end.</param>
    /// <returns>How many records there are.</returns>
    /// <exception cref="IOException">A record came meanwhile.</exception>
    public async Task<long> RebuildAsync(RollupPeriod month, Func<UsageRecord, ValueTask>? seen, CancellationToken cancellationToken, Action<long, DateTimeOffset>? progress = null)
    {
        long count = 0;
        IReadOnlySet<DateTimeOffset> hours = await _reader.HoursAsync(month.Start, month.End, cancellationToken);
        foreach (RollupPeriod day in month.Parts())
        {
            RollupPeriod[] used = [.. day.Parts().Where(h => hours.Contains(h.Start))];
            foreach (RollupPeriod hour in used)
            {
                count += await RebuildHourAsync(hour, day, month, seen, cancellationToken);
                progress?.Invoke(count, hour.End);
            }

            if (used.Length > 0)
            {
                await EnsureAsync(day, cancellationToken);
            }
        }

        await EnsureAsync(month, cancellationToken);
        return count;
    }

    /// <summary>The starts of the hours in which any request was accepted.</summary>
    public Task<IReadOnlySet<DateTimeOffset>> HoursAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) => _reader.HoursAsync(from, to, cancellationToken);

    /// <summary>What the records of a span of time within an hour add to sums. Where no request runs any more, those that never ended are lost.</summary>
    public async IAsyncEnumerable<UsageFacts> FactsAsync(DateTimeOffset from, DateTimeOffset to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        bool closed = IsClosed(RollupPeriod.Of(RollupLevel.Hour, from));
        await _reading.WaitAsync(cancellationToken);
        try
        {
            IAsyncEnumerable<UsageFacts> all = _reader.ReadFactsAsync(from, to, cancellationToken);
            await foreach (UsageFacts facts in closed ? SettledAsync(all, f => (f.RequestId, f.Outcome), UsageFacts.Of, cancellationToken) : all)
            {
                yield return facts;
            }
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>The sums over the records of a span of time within an hour.</summary>
    public async Task<IReadOnlyList<RollupRow>> SumRecordsAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var rows = new RollupRows();
        await foreach (UsageFacts facts in FactsAsync(from, to, cancellationToken))
        {
            rows.Add(facts);
        }

        return rows.Rows;
    }

    /// <summary>True when an hour had requests, as its sums say, and has no record any more: its month was dropped.</summary>
    public async Task<bool> IsGoneAsync(RollupPeriod hour, CancellationToken cancellationToken)
    {
        if (await StoredAsync(hour, cancellationToken) is not { Count: > 0 })
        {
            return false;
        }

        await foreach (UsageFacts _ in FactsAsync(hour.Start, hour.End, cancellationToken))
        {
            return false;
        }

        return true;
    }

    /// <summary>Marks the requests among all that never ended as lost, and gives them last; a few may have ended after all.</summary>
    private async IAsyncEnumerable<T> SettledAsync<T>(
        IAsyncEnumerable<T> all, Func<T, (string RequestId, RequestOutcome Outcome)> which, Func<UsageRecord, T> of, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<string> open = [];
        await foreach (T one in all)
        {
            (string requestId, RequestOutcome outcome) = which(one);
            if (outcome == RequestOutcome.Open)
            {
                open.Add(requestId);
            }
            else
            {
                yield return one;
            }
        }

        if (open.Count > 0)
        {
            await _sweep.LoseAsync(open, cancellationToken);
        }

        foreach (string requestId in open)
        {
            if (await _reader.FindAsync(requestId, cancellationToken) is { } record)
            {
                yield return of(record);
            }
        }
    }

    private async Task<IReadOnlyList<RollupRow>?> StoredAsync(RollupPeriod period, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            return await _store.ReadAsync(period, cancellationToken);
        }
        finally
        {
            _reading.Release();
        }
    }

    private async Task<(IReadOnlyList<RollupRow> Rows, bool Kept)> MakeAsync(RollupPeriod period, CancellationToken cancellationToken)
    {
        RollupTurn turn = await _store.BeginAsync(period, cancellationToken);
        IReadOnlyList<RollupRow> rows = await SumAsync(period, cancellationToken);
        return (rows, turn.Mark is not null && await _store.WriteAsync(period, rows, turn, cancellationToken));
    }

    private async Task<IReadOnlyList<RollupRow>> SumAsync(RollupPeriod period, CancellationToken cancellationToken)
    {
        if (period.Level == RollupLevel.Hour)
        {
            return await SumRecordsAsync(period.Start, period.End, cancellationToken);
        }

        IReadOnlySet<DateTimeOffset> hours = await _reader.HoursAsync(period.Start, period.End, cancellationToken);
        IEnumerable<RollupPeriod> parts = period.Parts().Where(p => hours.Any(h => h >= p.Start && h < p.End));

        // In their order: rows depend on it once there are very many of them, and several instances must make the same. One day at a time bounds what is held.
        int atOnce = period.Level == RollupLevel.Day ? PeriodsAtOnce : 1;
        var rows = new RollupRows();
        await foreach (IReadOnlyList<RollupRow> part in WorkAhead.InOrderAsync(parts, atOnce, (p, stop) => Task.Run(() => RowsAsync(p, stop), stop), cancellationToken))
        {
            foreach (RollupRow row in part)
            {
                rows.Add(row);
            }
        }

        return rows.Rows;
    }

    /// <summary>Sees to the sums of an hour. Returns how many records it has.</summary>
    private async Task<long> RebuildHourAsync(RollupPeriod hour, RollupPeriod day, RollupPeriod month, Func<UsageRecord, ValueTask>? seen, CancellationToken cancellationToken)
    {
        IReadOnlyList<RollupRow> rows = seen is null ? await SumRecordsAsync(hour.Start, hour.End, cancellationToken) : await SumSeenAsync(hour, seen, cancellationToken);
        long count = rows.Sum(r => r.Measures["requests"]);

        // An hour that is known to have had requests, and has none: its records are gone, its sums are not.
        if (count == 0 || (await _store.ReadAsync(hour, cancellationToken) is { } stored && RollupRows.AreSame(stored, rows)))
        {
            return count;
        }

        foreach (RollupPeriod period in (RollupPeriod[])[hour, day, month])
        {
            await _store.ForgetAsync(period, changing: false, cancellationToken);
        }

        await EnsureAsync(hour, cancellationToken);
        return count;
    }

    private async Task<IReadOnlyList<RollupRow>> SumSeenAsync(RollupPeriod hour, Func<UsageRecord, ValueTask> seen, CancellationToken cancellationToken)
    {
        var rows = new RollupRows();
        await foreach (UsageRecord record in SettledAsync(_reader.ReadAsync(hour.Start, hour.End, cancellationToken), r => (r.RequestId, r.Outcome), r => r, cancellationToken))
        {
            rows.Add(record);
            await seen(record);
        }

        return rows.Rows;
    }

    private async Task EnsureAsync(RollupPeriod period, CancellationToken cancellationToken)
    {
        // Another process may be making the same, and be first.
        if (!await IsDoneAsync(period, cancellationToken) && !(await MakeAsync(period, cancellationToken)).Kept && !await IsDoneAsync(period, cancellationToken))
        {
            throw new IOException($"A record of {period.Start:yyyy-MM} came while its sums were made. Try again in {LongestChange.TotalMinutes:0} minutes.");
        }
    }
}
