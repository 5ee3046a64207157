using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Data.Tables;
using Serverless.Gateway.Metering.Storage;

namespace Serverless.Gateway.Reports.Rollups;

/// <summary>
/// Rollups in Azure Table Storage: table <c>{prefix}rollup</c>, the period as the partition, a hash of the dimensions as the row. The row
/// <c>done</c> says that all others of its period are there.
/// </summary>
internal sealed class TableRollupStore(UsageTables tables) : IRollupStore
{
    private const string Done = "done";
    private const int TransactionsAtOnce = 4;

    private readonly TableClient _table = tables.Named("rollup");

    public int PeriodsAtOnce => 4;

    public async Task<IReadOnlyList<RollupRow>?> ReadAsync(RollupPeriod period, CancellationToken cancellationToken)
    {
        List<RollupRow> rows = [];
        bool done = false;
        try
        {
            await foreach (TableEntity entity in _table.QueryAsync<TableEntity>(TableClient.CreateQueryFilter($"PartitionKey eq {period.Key}"), 1000, cancellationToken: cancellationToken))
            {
                if (entity.RowKey == Done)
                {
                    done = true;
                }
                else
                {
                    rows.Add(ToRow(entity));
                }
            }
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }

        return done ? rows : null;
    }

    public async Task WriteAsync(RollupPeriod period, IReadOnlyList<RollupRow> rows, CancellationToken cancellationToken)
    {
        await tables.CreateAsync(_table, cancellationToken);
        TableEntity[] entities = [.. rows.Select(r => ToEntity(period, r))];

        // Written anew, a period may lack what it had before: a request that was lost then and ended after all. Looked for beside the writing, which adds nothing to it.
        Task<List<TableEntity>> stale = StaleAsync(period, entities.Select(e => e.RowKey).ToHashSet(), cancellationToken);
        await Task.WhenAll(stale, SubmitAsync(entities, static e => new TableTransactionAction(TableTransactionActionType.UpsertReplace, e), cancellationToken));
        await SubmitAsync(await stale, static e => new TableTransactionAction(TableTransactionActionType.Delete, e, ETag.All), cancellationToken);
        await _table.UpsertEntityAsync(new TableEntity(period.Key, Done), TableUpdateMode.Replace, cancellationToken);
    }

    public async Task ForgetAsync(RollupPeriod period, CancellationToken cancellationToken)
    {
        try
        {
            await _table.DeleteEntityAsync(period.Key, Done, ETag.All, cancellationToken);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            // It was not rolled up.
        }
    }

    private async Task<List<TableEntity>> StaleAsync(RollupPeriod period, HashSet<string> kept, CancellationToken cancellationToken)
    {
        string filter = TableClient.CreateQueryFilter($"PartitionKey eq {period.Key} and RowKey ne {Done}");
        List<TableEntity> stale = [];
        await foreach (TableEntity entity in _table.QueryAsync<TableEntity>(filter, 1000, [nameof(TableEntity.PartitionKey), nameof(TableEntity.RowKey)], cancellationToken))
        {
            if (!kept.Contains(entity.RowKey))
            {
                stale.Add(entity);
            }
        }

        return stale;
    }

    private Task SubmitAsync(IEnumerable<TableEntity> entities, Func<TableEntity, TableTransactionAction> action, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        entities.Chunk(100),
        new ParallelOptions { MaxDegreeOfParallelism = TransactionsAtOnce, CancellationToken = cancellationToken },
        async (chunk, stop) => await _table.SubmitTransactionAsync(chunk.Select(action), stop));

    private static TableEntity ToEntity(RollupPeriod period, RollupRow row)
    {
        RollupValues values = RollupValues.Of(row);
        string key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', values.Texts.Take(RollupValues.DimensionCount)))), 0, 16);
        var entity = new TableEntity(period.Key, key);
        for (int i = 0; i < values.Texts.Length; i++)
        {
            string text = values.Texts[i];
            entity[RollupValues.TextNames[i]] = text.Length <= TableUsageSink.MaxText ? text : text[..TableUsageSink.MaxText];
        }

        for (int i = 0; i < values.Sums.Length; i++)
        {
            entity[UsageMeasures.Names[i]] = values.Sums[i];
        }

        return entity;
    }

    private static RollupRow ToRow(TableEntity entity) => RollupValues.ToRow(name => entity.GetString(name) ?? "", name => entity.GetInt64(name) ?? 0);
}
