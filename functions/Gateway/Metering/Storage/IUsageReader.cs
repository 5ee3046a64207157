using Serverless.Gateway.Reports.Rollups;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>Reads usage records back, for reports and exports.</summary>
public interface IUsageReader
{
    /// <summary>The record of one request, or null.</summary>
    Task<UsageRecord?> FindAsync(string requestId, CancellationToken cancellationToken);

    /// <summary>
    /// The records of the requests that were accepted in a span of time, in no particular order. A record without an outcome is of a
    /// request that is still running, or was lost with its process.
    /// </summary>
    /// <param name="from">First moment.</param>
    /// <param name="to">The moment after the last.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    IAsyncEnumerable<UsageRecord> ReadAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken);

    /// <summary>What the records of a span of time add to sums; as <see cref="ReadAsync"/>, but without reading what sums do not need.</summary>
    /// <param name="from">First moment.</param>
    /// <param name="to">The moment after the last.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    IAsyncEnumerable<UsageFacts> ReadFactsAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken);

    /// <summary>The starts of the hours in which any request was accepted, so that empty time costs nothing to report on.</summary>
    /// <param name="from">First moment.</param>
    /// <param name="to">The moment after the last.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    Task<IReadOnlySet<DateTimeOffset>> HoursAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken);
}
