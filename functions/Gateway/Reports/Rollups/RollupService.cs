using System.Runtime.CompilerServices;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Serverless.Gateway.Metering.Storage;

namespace Serverless.Gateway.Reports.Rollups;

/// <summary>
/// Rolls up ahead whatever is closed, the newest first and as far back as there are records, so that reports find it done. One instance at a
/// time does it, in short turns with as much rest as work, and only while nobody waits for a report. A process that is never alive long enough
/// for it leaves the work to the first report.
/// </summary>
internal sealed partial class RollupService(RollupBuilder builder, IRollupStore store, IUsageMonths months, TimeProvider time, ILogger<RollupService> logger) : BackgroundService
{
    private static readonly TimeSpan FirstAfter = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    /// <summary>Longest time of a turn, and the time to the next one when there is more to do.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(20), Between = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Lead = TimeSpan.FromMinutes(15);

    private readonly string _me = Guid.NewGuid().ToString("N");
    private readonly HashSet<RollupPeriod> _failed = [];

    /// <summary>Rolls up for a turn; false when there is more to do.</summary>
    internal async Task<bool> RollUpAsync(CancellationToken cancellationToken)
    {
        if (!await store.TakeLeadAsync(_me, Lead, cancellationToken))
        {
            return true;
        }

        long start = time.GetTimestamp();
        await foreach (RollupPeriod period in MissingAsync(cancellationToken))
        {
            if (time.GetElapsedTime(start) > Turn)
            {
                return false;
            }

            long began = time.GetTimestamp();
            try
            {
                await builder.RowsAsync(period, cancellationToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // The next turn goes on with the others.
                _failed.Add(period);
                Log.Failed(logger, period.Key, e);
                return true;
            }

            // As much rest as work; and reports come first.
            await Task.Delay(time.GetElapsedTime(began), cancellationToken);
            while (!builder.IsIdle && time.GetElapsedTime(start) <= Turn)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
            }
        }

        _failed.Clear();
        return true;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        TimeSpan wait = FirstAfter;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(wait, time, stoppingToken);
                wait = Every;
                wait = await RollUpAsync(stoppingToken) ? Every : Between;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                Log.Failed(logger, "", e);
            }
        }
    }

    /// <summary>The closed periods that are not rolled up, each after those that it consists of. What was dropped is rolled up, or never will be.</summary>
    private async IAsyncEnumerable<RollupPeriod> MissingAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (UsageMonth each in (await months.ListAsync(cancellationToken)).Where(m => m.State == UsageMonthState.Whole).Reverse())
        {
            var month = new RollupPeriod(RollupLevel.Month, UsageKey.TimeOfMonth(each.Name));
            if (!await IsMissingAsync(month) && builder.IsClosed(month))
            {
                continue;
            }

            IReadOnlySet<DateTimeOffset> hours = await builder.HoursAsync(month.Start, month.End, cancellationToken);
            foreach (RollupPeriod day in month.Parts().Reverse().Where(d => d.Parts().Any(h => hours.Contains(h.Start))))
            {
                if (!await IsMissingAsync(day) && builder.IsClosed(day))
                {
                    continue;
                }

                foreach (RollupPeriod hour in day.Parts().Reverse().Where(h => hours.Contains(h.Start)))
                {
                    if (await IsMissingAsync(hour))
                    {
                        yield return hour;
                    }
                }

                if (builder.IsClosed(day))
                {
                    yield return day;
                }
            }

            if (builder.IsClosed(month))
            {
                yield return month;
            }
        }

        async Task<bool> IsMissingAsync(RollupPeriod period) => builder.IsClosed(period) && !_failed.Contains(period) && !await builder.IsDoneAsync(period, cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Usage could not be rolled up ({Period}); it is tried again.")]
        public static partial void Failed(ILogger logger, string period, Exception exception);
    }
}
