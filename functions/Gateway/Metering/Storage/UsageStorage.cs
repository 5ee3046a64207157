using Serverless.Gateway.Reports.Rollups;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>A store as commands use it, beside a gateway that may be running on it.</summary>
/// <param name="Sink">Writes.</param>
/// <param name="Reader">Reads.</param>
/// <param name="Rollups">Keeps sums.</param>
/// <param name="Months">Ends months.</param>
/// <param name="Sweep">Ends requests that never ended.</param>
internal sealed record UsageStorage(IUsageSink Sink, IUsageReader Reader, IRollupStore Rollups, IUsageMonths Months, IUsageSweep Sweep) : IDisposable
{
    /// <summary>How often a table service that is busy is asked again: nobody waits for a command as an answer waits for its record.</summary>
    private const int Retries = 6;

    /// <summary>The store of the settings; null when records go to the log.</summary>
    public static UsageStorage? Open(UsageSettings settings)
    {
        switch (settings.Store)
        {
            case UsageStoreKind.Sqlite:
                return new UsageStorage(new SqliteUsageSink(settings.Path), new SqliteUsageReader(settings.Path), new SqliteRollupStore(settings.Path), new SqliteUsageMonths(settings.Path), new SqliteUsageSweep(settings.Path));
            case UsageStoreKind.Table:
                return Of(new UsageTables(UsageServices.Connect(settings, Retries), settings.TablePrefix));
            default:
                return null;
        }
    }

    /// <summary>The store in those tables.</summary>
    public static UsageStorage Of(UsageTables tables) =>
        new(new TableUsageSink(tables), new TableUsageReader(tables), new TableRollupStore(tables), new TableUsageMonths(tables), new TableUsageSweep(tables));

    public void Dispose() => (Sink as IDisposable)?.Dispose();
}
