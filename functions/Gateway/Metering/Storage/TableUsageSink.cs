using Azure;
using Azure.Data.Tables;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>
/// Writes usage records to Azure Table Storage. The service's limits are kept here, since the emulator does not enforce them:
/// https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model.
/// </summary>
internal sealed class TableUsageSink(UsageTables tables) : IUsageSink
{
    /// <summary>Longest text of a property: 64 KiB of UTF-16.</summary>
    public const int MaxText = 32 * 1024;

    /// <summary>Most characters in all texts of a row, of two bytes each: the service takes 1 MiB, names and numbers included.</summary>
    public const int MaxTexts = 480 * 1024;

    /// <summary>Longest text of a row whose texts are too long together.</summary>
    private const int LongestOfMany = 4 * 1024;

    /// <summary>Most rows of a transaction.</summary>
    public const int MaxRows = 100;

    /// <summary>Most bytes of a transaction, with room for the envelope: the service takes 4 MiB.</summary>
    public const int MaxTransaction = 3 * 1024 * 1024;

    /// <summary>What the service says of rows that it will never take. Any other 400 may come from whatever stands between, and pass.</summary>
    private static readonly HashSet<string> RowFaults =
    [
        "EntityTooLarge", "InvalidDuplicateRow", "InvalidInput", "KeyValueTooLarge", "OutOfRangeInput", "PropertyNameInvalid", "PropertyNameTooLong", "PropertyValueTooLarge", "RequestBodyTooLarge", "TooManyProperties",
    ];

    public int MaxBatch => MaxRows;

    public string GroupOf(UsageRow row) => UsageKey.PartitionOf(row.RequestId);

    public Task PrepareAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task WriteAsync(IReadOnlyList<UsageRow> rows, CancellationToken cancellationToken)
    {
        await tables.EnsureAsync(rows[0].RequestId, cancellationToken);
        TableClient table = tables.Month(UsageKey.TimeOf(rows[0].RequestId));
        foreach (IReadOnlyList<TableEntity> entities in Transactions(rows.Select(ToEntity)))
        {
            await SubmitAsync(table, entities.Select(static entity => new TableTransactionAction(TableTransactionActionType.UpsertMerge, entity)), cancellationToken);
        }
    }

    /// <summary>Divides entities of one partition into what the service takes at once.</summary>
    /// <param name="entities">The entities, with the most bytes that each takes.</param>
    internal static IEnumerable<IReadOnlyList<TableEntity>> Transactions(IEnumerable<(TableEntity Entity, int Bytes)> entities)
    {
        List<TableEntity> transaction = [];
        int size = 0;
        foreach ((TableEntity entity, int bytes) in entities)
        {
            if (transaction.Count == MaxRows || (size + bytes > MaxTransaction && transaction.Count > 0))
            {
                yield return transaction;
                transaction = [];
                size = 0;
            }

            transaction.Add(entity);
            size += bytes;
        }

        if (transaction.Count > 0)
        {
            yield return transaction;
        }
    }

    private async Task SubmitAsync(TableClient table, IEnumerable<TableTransactionAction> actions, CancellationToken cancellationToken)
    {
        try
        {
            await table.SubmitTransactionAsync(actions, cancellationToken);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            tables.Forget();
            throw;
        }
        catch (RequestFailedException e) when (e.Status == 413 || (e.Status == 400 && RowFaults.Contains(e.ErrorCode ?? "")))
        {
            throw new UsageRowRefusedException($"The table service refuses the rows: {e.ErrorCode}", e);
        }
    }

    /// <summary>The row as an entity, and the most bytes that it takes. A text that is too long is cut; JSON that is too long is left out.</summary>
    internal static (TableEntity Entity, int Bytes) ToEntity(UsageRow row)
    {
        int texts = 0;
        foreach (object value in row.Values.Values)
        {
            texts += Math.Min((value as string)?.Length ?? 0, MaxText);
        }

        int longest = texts <= MaxTexts ? MaxText : LongestOfMany;
        var entity = new TableEntity(UsageKey.PartitionOf(row.RequestId), row.RequestId);
        int bytes = 256;
        foreach ((UsageColumn column, object value) in row.Values)
        {
            if (value is not string text)
            {
                entity[column.Name] = value;
                bytes += 80 + column.Name.Length;
            }
            else if (text.Length <= longest || column.Type != UsageColumnType.Json)
            {
                string stored = Cut(text, longest);
                entity[column.Name] = stored;

                // A character may be escaped, as six of ASCII.
                bytes += 80 + column.Name.Length + (6 * stored.Length);
            }
        }

        return (entity, bytes);
    }

    private static string Cut(string text, int longest) =>
        text.Length <= longest ? text : text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)];
}
