namespace Serverless.Gateway.Reports.Rollups;

/// <summary>
/// Sums of closed periods: one row for each combination of dimensions that occurred. Whoever makes sums begins before anything that goes into
/// them is read; they are kept only when the period was not forgotten since. So a record that comes late is in the sums, or there are none.
/// </summary>
public interface IRollupStore
{
    /// <summary>How many periods are best read or made at once: a service far away answers several as soon as one, a file has one writer.</summary>
    int PeriodsAtOnce { get; }

    /// <summary>The rows of a period, all of them, or null when it was not rolled up yet. A period without requests has no rows, which is not null.</summary>
    Task<IReadOnlyList<RollupRow>?> ReadAsync(RollupPeriod period, CancellationToken cancellationToken);

    /// <summary>Begins to make the sums of a period.</summary>
    Task<RollupTurn> BeginAsync(RollupPeriod period, CancellationToken cancellationToken);

    /// <summary>Writes the rows of a closed period in place of those that are there. Readers see the ones or the others.</summary>
    /// <param name="period">The period.</param>
    /// <param name="rows">All its rows.</param>
    /// <param name="turn">What <see cref="BeginAsync"/> said.</param>
    /// <param name="cancellationToken">Ends it; nothing has changed then.</param>
    /// <returns>False when they were not kept, since the period was forgotten, or written by another, after the beginning.</returns>
    Task<bool> WriteAsync(RollupPeriod period, IReadOnlyList<RollupRow> rows, RollupTurn turn, CancellationToken cancellationToken);

    /// <summary>From now on the period counts as not rolled up, and sums that were begun before are not kept.</summary>
    /// <param name="period">The period.</param>
    /// <param name="changing">
    /// True when a record of it is about to be written: until it is forgotten once more, which says that the record is there, no sums of it are
    /// kept. For some minutes at most; the writer may be killed in between.
    /// </param>
    /// <param name="cancellationToken">Ends it.</param>
    Task ForgetAsync(RollupPeriod period, bool changing, CancellationToken cancellationToken);

    /// <summary>Agrees with other instances on the one that rolls up ahead: whoever had it last has it again, until it has not asked for long enough.</summary>
    /// <param name="who">The instance that asks.</param>
    /// <param name="length">For how long it wants it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>True when it is this instance.</returns>
    Task<bool> TakeLeadAsync(string who, TimeSpan length, CancellationToken cancellationToken);
}

/// <summary>Leave to write the sums of a period.</summary>
/// <param name="Done">True when the period is rolled up already.</param>
/// <param name="Mark">What changes whenever the period is forgotten or written; null when no sums of it are kept now.</param>
public readonly record struct RollupTurn(bool Done, string? Mark);

/// <summary>Sums over the requests with the same dimensions.</summary>
/// <param name="Dimensions">What they have in common.</param>
/// <param name="Measures">The sums.</param>
public sealed record RollupRow(UsageDimensions Dimensions, UsageMeasures Measures);
