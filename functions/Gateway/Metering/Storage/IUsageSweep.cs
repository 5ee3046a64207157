namespace Serverless.Gateway.Metering.Storage;

/// <summary>Ends the records of requests that never ended: their process was killed.</summary>
public interface IUsageSweep
{
    /// <summary>Marks requests as lost. Those that have ended meanwhile stay as they are.</summary>
    Task LoseAsync(IReadOnlyCollection<string> requestIds, CancellationToken cancellationToken);
}
