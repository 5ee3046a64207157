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

    /// <summary>Most bytes of a transaction, with room for the envelope: the service takes 4 MiB.</summary>
    public const int MaxTransaction = 3 * 1024 * 1024;

    /// <summary>What the service says of rows that it will never take. Any other 400 may come from whatever stands between, and pass.</summary>
    private static readonly HashSet<string> RowFaults =
    [
        "EntityTooLarge", "InvalidDuplicateRow", "InvalidInput", "KeyValueTooLarge", "OutOfRangeInput", "PropertyNameInvalid", "PropertyNameTooLong", "PropertyValueTooLarge", "RequestBodyTooLarge", "TooManyProperties",
    ];

    public int MaxBatch => 100;

    public string GroupOf(UsageRow row) => UsageKey.PartitionOf(row.RequestId);

    public Task PrepareAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task WriteAsync(IReadOnlyList<UsageRow> rows, CancellationToken cancellationToken)
    {
        await tables.EnsureAsync(rows[0].RequestId, cancellationToken);
        TableClient table = tables.Month(UsageKey.TimeOf(rows[0].RequestId));
        List<TableTransactionAction> actions = new(rows.Count);
        int size = 0;
        foreach (UsageRow row in rows)
        {
            (TableEntity entity, int bytes) = ToEntity(row);
            if (size + bytes > MaxTransaction && actions.Count > 0)
            {
                await SubmitAsync(table, actions, cancellationToken);
                actions.Clear();
                size = 0;
            }

            actions.Add(new TableTransactionAction(TableTransactionActionType.UpsertMerge, entity));
            size += bytes;
        }

        await SubmitAsync(table, actions, cancellationToken);
    }

    private async Task SubmitAsync(TableClient table, List<TableTransactionAction> actions, CancellationToken cancellationToken)
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
