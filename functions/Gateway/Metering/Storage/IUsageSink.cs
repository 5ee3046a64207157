namespace Serverless.Gateway.Metering.Storage;

/// <summary>
/// A store that can take several rows at once, all or none. Writing a row again gives the same, whatever came between: a value replaces
/// the one that is there, an absent one changes nothing.
/// </summary>
public interface IUsageSink
{
    /// <summary>Most rows in one write.</summary>
    int MaxBatch { get; }

    /// <summary>Only rows with the same answer may be written together.</summary>
    string GroupOf(UsageRow row);

    /// <summary>Makes whatever the store needs (tables, schema).</summary>
    Task PrepareAsync(CancellationToken cancellationToken);

    /// <summary>Writes rows of one group, all or none.</summary>
    /// <exception cref="UsageRowRefusedException">The store will never take these rows as they are.</exception>
    /// <exception cref="Exception">Anything else may pass: it is tried again.</exception>
    Task WriteAsync(IReadOnlyList<UsageRow> rows, CancellationToken cancellationToken);
}

/// <summary>A store will never take these rows as they are.</summary>
public sealed class UsageRowRefusedException(string message, Exception? inner = null) : Exception(message, inner);
