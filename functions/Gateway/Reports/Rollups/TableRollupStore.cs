using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Data.Tables;
using Serverless.Gateway.Metering.Storage;

namespace Serverless.Gateway.Reports.Rollups;

/// <summary>
/// Rollups in Azure Table Storage: table <c>{prefix}rollup</c>, the period as the partition. The rows of one making have keys
/// <c>{version}-{hash of the dimensions}</c>; the row <c>~</c> tells which version counts and how many rows it has, and is replaced only as it
/// was when the making began. So rows are there all at once, and what was forgotten meanwhile is not kept.
/// </summary>
internal sealed class TableRollupStore(UsageTables tables, TimeProvider? time = null) : IRollupStore
{
    /// <summary>Sorts behind all versions.</summary>
    private const string Head = "~";

    private const string Done = "done";
    private const string ChangingUntil = "changing_until";
    private const string Version = "version";
    private const string Rows = "rows";

    private const int TransactionsAtOnce = 4;

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly TableClient _table = tables.Named("rollup");

    public int PeriodsAtOnce => 8;

    public async Task<IReadOnlyList<RollupRow>?> ReadAsync(RollupPeriod period, CancellationToken cancellationToken)
    {
        // Other rows may have come in their place while they were read.
        const int Tries = 3;
        for (int i = 0; i < Tries; i++)
        {
            List<TableEntity> entities = [];
            try
            {
                await foreach (TableEntity entity in _table.QueryAsync<TableEntity>(TableClient.CreateQueryFilter($"PartitionKey eq {period.Key}"), 1000, cancellationToken: cancellationToken))
                {
                    entities.Add(entity);
                }
            }
            catch (RequestFailedException e) when (e.Status == 404)
            {
                return null;
            }

            if (entities.Count == 0 || entities[^1] is not { RowKey: Head } head || head.GetBoolean(Done) != true)
            {
                return null;
            }

            string prefix = head.GetString(Version) + "-";
            RollupRow[] rows = [.. entities.Where(e => e.RowKey.StartsWith(prefix, StringComparison.Ordinal)).Select(ToRow)];
            if (rows.Length == head.GetInt32(Rows))
            {
                return rows;
            }
        }

        return null;
    }

    public async Task<RollupTurn> BeginAsync(RollupPeriod period, CancellationToken cancellationToken)
    {
        if (await HeadAsync(period.Key, cancellationToken) is not { } head)
        {
            return new RollupTurn(false, "");
        }

        bool changing = head.GetDateTimeOffset(ChangingUntil) > _time.GetUtcNow();
        return new RollupTurn(head.GetBoolean(Done) == true, changing ? null : head.ETag.ToString());
    }

    public async Task<bool> WriteAsync(RollupPeriod period, IReadOnlyList<RollupRow> rows, RollupTurn turn, CancellationToken cancellationToken)
    {
        if (turn.Mark is null)
        {
            return false;
        }

        await tables.CreateAsync(_table, cancellationToken);
        string version = UsageKey.FirstOf(_time.GetUtcNow()) + RandomNumberGenerator.GetHexString(8, lowercase: true);
        await WriteRowsAsync(period, version, rows, cancellationToken);
        if (!await TrySetHeadAsync(new TableEntity(period.Key, Head) { [Done] = true, [Version] = version, [Rows] = rows.Count }, turn.Mark, cancellationToken))
        {
            await DeleteAsync(TableClient.CreateQueryFilter($"PartitionKey eq {period.Key} and RowKey ge {version} and RowKey lt {version + "~"}"), cancellationToken);
            return false;
        }

        await DeleteAsync(TableClient.CreateQueryFilter($"PartitionKey eq {period.Key} and RowKey lt {version}"), cancellationToken);
        return true;
    }

    public async Task ForgetAsync(RollupPeriod period, bool changing, CancellationToken cancellationToken)
    {
        await tables.CreateAsync(_table, cancellationToken);
        var head = new TableEntity(period.Key, Head) { [Done] = false };
        if (changing)
        {
            head[ChangingUntil] = _time.GetUtcNow() + RollupBuilder.LongestChange;
        }

        await _table.UpsertEntityAsync(head, TableUpdateMode.Replace, cancellationToken);
    }

    public async Task<bool> TakeLeadAsync(string who, TimeSpan length, CancellationToken cancellationToken)
    {
        const string Lead = "lead", Who = "who", Until = "until";
        await tables.CreateAsync(_table, cancellationToken);
        TableEntity? held = await HeadAsync(Lead, cancellationToken);
        if (held is not null && held.GetString(Who) != who && held.GetDateTimeOffset(Until) > _time.GetUtcNow())
        {
            return false;
        }

        var mine = new TableEntity(Lead, Head) { [Who] = who, [Until] = _time.GetUtcNow() + length };
        try
        {
            await (held is null ? _table.AddEntityAsync(mine, cancellationToken) : _table.UpdateEntityAsync(mine, held.ETag, TableUpdateMode.Replace, cancellationToken));
            return true;
        }
        catch (RequestFailedException e) when (e.Status is 409 or 412)
        {
            return false;
        }
    }

    private Task WriteRowsAsync(RollupPeriod period, string version, IReadOnlyList<RollupRow> rows, CancellationToken cancellationToken) => SubmitAsync(
        TableUsageSink.Transactions(rows.Select(r => ToEntity(period, version, r))), static e => new TableTransactionAction(TableTransactionActionType.UpsertReplace, e), cancellationToken);

    private Task SubmitAsync(IEnumerable<IReadOnlyList<TableEntity>> transactions, Func<TableEntity, TableTransactionAction> action, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        transactions,
        new ParallelOptions { MaxDegreeOfParallelism = TransactionsAtOnce, CancellationToken = cancellationToken },
        async (entities, stop) => await _table.SubmitTransactionAsync(entities.Select(action), stop));

    private async Task<bool> TrySetHeadAsync(TableEntity head, string mark, CancellationToken cancellationToken)
    {
        try
        {
            await (mark.Length == 0 ? _table.AddEntityAsync(head, cancellationToken) : _table.UpdateEntityAsync(head, new ETag(mark), TableUpdateMode.Replace, cancellationToken));
            return true;
        }
        catch (RequestFailedException e) when (e.Status is 409 or 412)
        {
            // Its own, when the service did it, did not say so, and was asked again.
            return (await HeadAsync(head.PartitionKey, cancellationToken))?.GetString(Version) == head.GetString(Version);
        }
    }

    private Task<TableEntity?> HeadAsync(string period, CancellationToken cancellationToken) => UsageTables.FindAsync(_table, period, Head, cancellationToken);

    /// <summary>Deletes rows that count no more: of makings before, and of those that were broken off.</summary>
    private async Task DeleteAsync(string filter, CancellationToken cancellationToken)
    {
        List<TableEntity> stale = [];
        await foreach (TableEntity entity in _table.QueryAsync<TableEntity>(filter, 1000, [nameof(TableEntity.PartitionKey), nameof(TableEntity.RowKey)], cancellationToken))
        {
            stale.Add(entity);
        }

        try
        {
            await SubmitAsync(stale.Chunk(TableUsageSink.MaxRows), static e => new TableTransactionAction(TableTransactionActionType.Delete, e, ETag.All), cancellationToken);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            // Another one is deleting the same.
        }
    }

    private static (TableEntity Entity, int Bytes) ToEntity(RollupPeriod period, string version, RollupRow row)
    {
        RollupValues values = RollupValues.Of(row);
        string key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', values.Texts.Take(RollupValues.DimensionCount)))), 0, 16);
        var entity = new TableEntity(period.Key, $"{version}-{key}");
        int bytes = 512 + (64 * UsageMeasures.Names.Count);
        for (int i = 0; i < values.Texts.Length; i++)
        {
            string text = values.Texts[i];
            entity[RollupValues.TextNames[i]] = text.Length <= TableUsageSink.MaxText ? text : text[..TableUsageSink.MaxText];
            bytes += 64 + (3 * text.Length);
        }

        for (int i = 0; i < values.Sums.Length; i++)
        {
            entity[UsageMeasures.Names[i]] = values.Sums[i];
        }

        return (entity, bytes);
    }

    private static RollupRow ToRow(TableEntity entity) => RollupValues.ToRow(i => entity.GetString(RollupValues.TextNames[i]) ?? "", i => entity.GetInt64(UsageMeasures.Names[i]) ?? 0);
}
