using System.Buffers;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>
/// A usage record on its way to a store: only the columns that are known. The row of an accepted request holds what cannot change any
/// more, the row of the finished one all of it, so that writing them twice or in either order gives the same.
/// </summary>
public class UsageRow
{
    private IReadOnlyDictionary<UsageColumn, object>? _values;

    /// <summary>A row of values.</summary>
    /// <param name="requestId">The key.</param>
    /// <param name="values">Values by column; none is null.</param>
    public UsageRow(string requestId, IReadOnlyDictionary<UsageColumn, object> values)
    {
        RequestId = requestId;
        _values = values;
        IsEnded = values.ContainsKey(UsageColumns.Outcome);
    }

    /// <summary>The row of a request that has ended, of which there is a text: a store that keeps texts need not take it apart.</summary>
    private protected UsageRow(string requestId)
    {
        RequestId = requestId;
        IsEnded = true;
    }

    /// <summary>The key.</summary>
    public string RequestId { get; }

    /// <summary>True for the row of a request that has ended, false for one that only says that it was accepted.</summary>
    public bool IsEnded { get; }

    /// <summary>Values by column; none is null.</summary>
    public IReadOnlyDictionary<UsageColumn, object> Values => _values ??= OfText();

    /// <summary>Adds its text as <see cref="UsageRowJson"/> writes it; false, and nothing, where it was not made of one.</summary>
    internal virtual bool TryCopyText(IBufferWriter<byte> output) => false;

    /// <summary>The row of a request that was accepted.</summary>
    public static UsageRow OfAccepted(UsageRecord record) => Of(record, completed: false);

    /// <summary>The row of a request that has ended.</summary>
    public static UsageRow OfCompleted(UsageRecord record) => Of(record, completed: true);

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

    private IReadOnlyDictionary<UsageColumn, object> OfText()
    {
        var text = new ArrayBufferWriter<byte>();
        TryCopyText(text);
        return UsageRowJson.Read(text.WrittenMemory)!.Values;
    }
}
