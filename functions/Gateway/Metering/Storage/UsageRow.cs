namespace Serverless.Gateway.Metering.Storage;

/// <summary>
/// A usage record on its way to a store: only the columns that are known. The row of an accepted request holds what cannot change any
/// more, the row of the finished one all of it, so that writing them twice or in either order gives the same.
/// </summary>
/// <param name="RequestId">The key.</param>
/// <param name="Values">Values by column; none is null.</param>
public sealed record UsageRow(string RequestId, IReadOnlyDictionary<UsageColumn, object> Values)
{
    /// <summary>Its text as <see cref="UsageRowJson"/> writes it, in UTF-8, where somebody has made it already; null otherwise.</summary>
    public byte[]? Json { get; init; }

    /// <summary>The row of a request that was accepted.</summary>
    public static UsageRow OfAccepted(UsageRecord record) => Of(record, completed: false);

    /// <summary>The row of a request that has ended.</summary>
    public static UsageRow OfCompleted(UsageRecord record) => Of(record, completed: true);

    /// <summary>The row that says of an accepted request that its process was ended before it could say how it went.</summary>
    public static UsageRow Lost(string requestId) => new(requestId, new Dictionary<UsageColumn, object> { [UsageColumns.Outcome] = UsageNames.Of(RequestOutcome.Lost) });

    /// <summary>This row with a later one of the same request over it.</summary>
    public UsageRow With(UsageRow later)
    {
        var values = new Dictionary<UsageColumn, object>(Values);
        foreach ((UsageColumn column, object value) in later.Values)
        {
            values[column] = value;
        }

        return new UsageRow(RequestId, values);
    }

    private static UsageRow Of(UsageRecord record, bool completed)
    {
        var values = new Dictionary<UsageColumn, object>(UsageColumns.All.Count);
        foreach (UsageColumn column in UsageColumns.All)
        {
            if ((completed || column.KnownWhenAccepted) && column.Get(record) is { } value)
            {
                values[column] = value;
            }
        }

        return new UsageRow(record.RequestId, values);
    }
}
