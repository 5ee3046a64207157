namespace Serverless.Gateway.Metering.Storage;

/// <summary>
/// The months that a store holds records of, and how they end: exported, then dropped. What was rolled up of a month stays, and so do the hours
/// in which it had requests, so that reports by whole hours go on as before.
/// </summary>
public interface IUsageMonths
{
    /// <summary>The months with records, the oldest first.</summary>
    Task<IReadOnlyList<UsageMonth>> ListAsync(CancellationToken cancellationToken);

    /// <summary>How far the end of a month has come, whether or not there are records of it.</summary>
    Task<UsageMonthState> StateAsync(string month, CancellationToken cancellationToken);

    /// <summary>Notes that all records of a whole month are in a file, or, with null, that they are not, since others have come.</summary>
    Task MarkAsync(string month, ExportMark? mark, CancellationToken cancellationToken);

    /// <summary>Notes another export of a month, or with null none, if what is noted of it is still <paramref name="known"/>; in one step, whoever else notes something.</summary>
    /// <returns>False when something else is noted by now.</returns>
    Task<bool> TryMarkAsync(string month, ExportMark known, ExportMark? mark, CancellationToken cancellationToken);

    /// <summary>Drops the records of a month. Told again after it was interrupted, it goes on.</summary>
    /// <param name="month">The month.</param>
    /// <param name="known">The export that must be noted of it, as it is when dropping begins, in one step; null when it does not matter.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>False, and nothing is dropped, when something else is noted by now.</returns>
    Task<bool> DropAsync(string month, ExportMark? known, CancellationToken cancellationToken);
}

/// <summary>A month of records.</summary>
/// <param name="Name">Its name, <c>202611</c>.</param>
/// <param name="Exported">Its export; null when there was none.</param>
/// <param name="State">How far its end has come.</param>
public sealed record UsageMonth(string Name, ExportMark? Exported, UsageMonthState State);

/// <summary>How far the end of a month has come.</summary>
public enum UsageMonthState
{
    /// <summary>All its records are there.</summary>
    Whole,

    /// <summary>Dropping it has begun, and was interrupted.</summary>
    Dropping,

    /// <summary>It was dropped; what there is has come since, from a journal that was away for that long.</summary>
    Dropped,
}

/// <summary>That a month was exported as a whole.</summary>
/// <param name="At">When.</param>
/// <param name="Records">How many records the file has; 0 while it is being written. A month that has more by now is not the one that was exported.</param>
/// <param name="File">Name of the file.</param>
/// <param name="Sha256">Hash of the file, in hexadecimal digits.</param>
public sealed record ExportMark(DateTimeOffset At, long Records, string File, string Sha256);
