namespace Serverless.Gateway.Reports.Rollups;

/// <summary>Sums of closed periods: one row for each combination of dimensions that occurred.</summary>
public interface IRollupStore
{
    /// <summary>How many periods are best read or made at once: a service far away answers several as soon as one, a file has one writer.</summary>
    int PeriodsAtOnce { get; }

    /// <summary>The rows of a period, or null when it was not rolled up yet. A period without requests has no rows, which is not null.</summary>
    Task<IReadOnlyList<RollupRow>?> ReadAsync(RollupPeriod period, CancellationToken cancellationToken);

    /// <summary>Writes the rows of a closed period. Writing the same again changes nothing: several instances may do it at once.</summary>
    Task WriteAsync(RollupPeriod period, IReadOnlyList<RollupRow> rows, CancellationToken cancellationToken);

    /// <summary>From now on the period counts as not rolled up.</summary>
    Task ForgetAsync(RollupPeriod period, CancellationToken cancellationToken);
}

/// <summary>Sums over the requests with the same dimensions.</summary>
/// <param name="Dimensions">What they have in common.</param>
/// <param name="Measures">The sums.</param>
public sealed record RollupRow(UsageDimensions Dimensions, UsageMeasures Measures);
