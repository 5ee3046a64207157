using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Serverless.Gateway.Reports.Rollups;

/// <summary>
/// Rolls up what has closed lately, so that reports find it done. It only works ahead: a process that is never alive long enough for it
/// leaves the work to the first report.
/// </summary>
internal sealed partial class RollupService(RollupBuilder builder, TimeProvider time, ILogger<RollupService> logger) : BackgroundService
{
    /// <summary>How far back it looks: a day that had no process is rolled up by the first one after it.</summary>
    private const int DaysBack = 3;

    private static readonly TimeSpan FirstAfter = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

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
                await RollUpAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                Log.Failed(logger, e);
            }
        }
    }

    private async Task RollUpAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        for (RollupPeriod hour = RollupPeriod.Of(RollupLevel.Hour, now.AddDays(-DaysBack)); builder.IsClosed(hour); hour = hour.Next)
        {
            await builder.RowsAsync(hour, cancellationToken);
        }

        for (RollupPeriod day = RollupPeriod.Of(RollupLevel.Day, now.AddDays(-DaysBack)); builder.IsClosed(day); day = day.Next)
        {
            await builder.RowsAsync(day, cancellationToken);
        }

        RollupPeriod month = RollupPeriod.Of(RollupLevel.Month, now.AddDays(-DaysBack));
        if (builder.IsClosed(month))
        {
            await builder.RowsAsync(month, cancellationToken);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Usage could not be rolled up; it is tried again.")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
