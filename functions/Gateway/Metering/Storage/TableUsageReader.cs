using System.Runtime.CompilerServices;
using Azure;
using Azure.Data.Tables;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>Reads usage records from Azure Table Storage: a point read by id, a span of time partition by partition.</summary>
internal sealed class TableUsageReader(UsageTables tables) : IUsageReader
{
    public async Task<UsageRecord?> FindAsync(string requestId, CancellationToken cancellationToken)
    {
        if (!UsageKey.IsValid(requestId))
        {
            return null;
        }

        try
        {
            NullableResponse<TableEntity> found = await tables.Month(UsageKey.TimeOf(requestId))
                .GetEntityIfExistsAsync<TableEntity>(UsageKey.PartitionOf(requestId), requestId, cancellationToken: cancellationToken);
            return found.HasValue ? ToRecord(found.Value!) : null;
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
    }

    public async IAsyncEnumerable<UsageRecord> ReadAsync(DateTimeOffset from, DateTimeOffset to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        HashSet<string> dropped = [];
        foreach ((string hour, string shard) in await tables.ShardsAsync(from, to, cancellationToken))
        {
            string month = hour[..6];
            if (dropped.Contains(month))
            {
                continue;
            }

            string filter = TableClient.CreateQueryFilter($"PartitionKey eq {$"{shard}-{hour}"} and RowKey ge {UsageKey.FirstOf(from)} and RowKey lt {UsageKey.FirstOf(to)}");
            await using IAsyncEnumerator<TableEntity> rows = tables.Named(month).QueryAsync<TableEntity>(filter, 1000, cancellationToken: cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (await NextAsync(rows, () => dropped.Add(month)))
            {
                yield return ToRecord(rows.Current);
            }
        }
    }

    /// <summary>The hours of a dropped month are known still, but its table is gone.</summary>
    private static async ValueTask<bool> NextAsync(IAsyncEnumerator<TableEntity> rows, Action gone)
    {
        try
        {
            return await rows.MoveNextAsync();
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            gone();
            return false;
        }
    }

    public async Task<IReadOnlySet<DateTimeOffset>> HoursAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) =>
        (await tables.ShardsAsync(from, to, cancellationToken)).Select(s => UsageKey.TimeOfHour(s.Hour)).ToHashSet();

    private static UsageRecord ToRecord(TableEntity entity) => UsageColumns.ToRecord(entity.RowKey, name => entity.TryGetValue(name, out object? value) ? value : null);
}
