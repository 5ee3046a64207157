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

    /// <summary>Most bytes of a transaction, with room for the envelope: the service takes 4 MiB.</summary>
    public const int MaxTransaction = 3 * 1024 * 1024;

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
        catch (RequestFailedException e) when (e.Status is 400 or 413)
        {
            throw new UsageRowRefusedException($"The table service refuses the rows: {e.ErrorCode}", e);
        }
    }

    /// <summary>The row as an entity, and about how many bytes it takes. A text that is too long is cut; JSON that is too long is left out.</summary>
    internal static (TableEntity Entity, int Bytes) ToEntity(UsageRow row)
    {
        var entity = new TableEntity(UsageKey.PartitionOf(row.RequestId), row.RequestId);
        int bytes = 256;
        foreach ((UsageColumn column, object value) in row.Values)
        {
            object? stored = value is not string text || text.Length <= MaxText ? value : column.Type == UsageColumnType.Json ? null : text[..MaxText];
            if (stored is not null)
            {
                entity[column.Name] = stored;
                bytes += 64 + column.Name.Length + (stored is string s ? 3 * s.Length : 16);
            }
        }

        return (entity, bytes);
    }
}
