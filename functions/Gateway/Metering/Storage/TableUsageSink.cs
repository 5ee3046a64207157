using System.Diagnostics.CodeAnalysis;
using Azure;
using Azure.Data.Tables;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>
/// Usage records in Azure Table Storage: a table a month, see <see cref="UsageKey"/>. The service's limits are kept here, since the
/// emulator does not enforce them: https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model.
/// </summary>
internal sealed class TableUsageSink : IUsageSink
{
    /// <summary>Longest text of a property: 64 KiB of UTF-16.</summary>
    public const int MaxText = 32 * 1024;

    /// <summary>Most bytes of a transaction, with room for the envelope: the service takes 4 MiB.</summary>
    public const int MaxTransaction = 3 * 1024 * 1024;

    private readonly TableServiceClient _service;
    private readonly HashSet<string> _known = [];

    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor, typeof(TableEntity))]
    public TableUsageSink(TableServiceClient service) => _service = service;

    public int MaxBatch => 100;

    public string GroupOf(UsageRow row) => $"{UsageKey.TableOf(UsageKey.TimeOf(row.RequestId))}/{UsageKey.PartitionOf(row.RequestId)}";

    public Task PrepareAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task WriteAsync(IReadOnlyList<UsageRow> rows, CancellationToken cancellationToken)
    {
        string table = UsageKey.TableOf(UsageKey.TimeOf(rows[0].RequestId));
        await EnsureAsync(table, cancellationToken);
        TableClient client = _service.GetTableClient(table);
        List<TableTransactionAction> actions = new(rows.Count);
        int size = 0;
        foreach (UsageRow row in rows)
        {
            (TableEntity entity, int bytes) = ToEntity(row);
            if (size + bytes > MaxTransaction && actions.Count > 0)
            {
                await SubmitAsync(client, actions, cancellationToken);
                actions.Clear();
                size = 0;
            }

            actions.Add(new TableTransactionAction(TableTransactionActionType.UpsertMerge, entity));
            size += bytes;
        }

        await SubmitAsync(client, actions, cancellationToken);
    }

    private async Task SubmitAsync(TableClient client, List<TableTransactionAction> actions, CancellationToken cancellationToken)
    {
        try
        {
            await client.SubmitTransactionAsync(actions, cancellationToken);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            // The month was dropped, or this process remembers a table of another account.
            lock (_known)
            {
                _known.Remove(client.Name);
            }

            throw;
        }
        catch (RequestFailedException e) when (e.Status is 400 or 413)
        {
            throw new UsageRowRefusedException($"The table service refuses the rows: {e.ErrorCode}", e);
        }
    }

    private async Task EnsureAsync(string table, CancellationToken cancellationToken)
    {
        lock (_known)
        {
            if (_known.Contains(table))
            {
                return;
            }
        }

        try
        {
            await _service.GetTableClient(table).CreateAsync(cancellationToken);
        }
        catch (RequestFailedException e) when (e.Status == 409)
        {
            // It is there already, or is being deleted; the write will tell.
        }

        lock (_known)
        {
            _known.Add(table);
        }
    }

    private static (TableEntity Entity, int Bytes) ToEntity(UsageRow row)
    {
        var entity = new TableEntity(UsageKey.PartitionOf(row.RequestId), row.RequestId);
        int bytes = 256;
        foreach ((UsageColumn column, object value) in row.Values)
        {
            object? stored = value;
            if (value is string text)
            {
                stored = text.Length <= MaxText ? text : column.Type == UsageColumnType.Json ? null : text[..MaxText];
            }

            if (stored is not null)
            {
                entity[column.Name] = stored;
                bytes += 64 + column.Name.Length + (stored is string s ? 3 * s.Length : 16);
            }
        }

        return (entity, bytes);
    }
}
