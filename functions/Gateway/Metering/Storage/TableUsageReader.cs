using System.Runtime.CompilerServices;
using Azure;
using Azure.Data.Tables;
using Serverless.Gateway.Reports.Rollups;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>
/// Reads usage records from Azure Table Storage: a point read by id, a span of time partition by partition. A page of a query has at most 1,000
/// rows, and ends at the bounds of partitions too (https://learn.microsoft.com/rest/api/storageservices/query-timeout-and-pagination), so that
/// queries over several partitions would save nothing; instead the next page is on its way while one is read.
/// </summary>
internal sealed class TableUsageReader(UsageTables tables) : IUsageReader
{
    private const int PageSize = 1000;

    /// <summary>Partitions that are asked at once. Their pages are held: a few MB each.</summary>
    private const int PartitionsAhead = 2;

    /// <summary>What sums are made of: less than half of a record's bytes.</summary>
    private static readonly string[] FactColumns = [nameof(TableEntity.PartitionKey), nameof(TableEntity.RowKey), .. UsageFactsJson.Columns];

    public async Task<UsageRecord?> FindAsync(string requestId, CancellationToken cancellationToken)
    {
        if (!UsageKey.IsValid(requestId))
        {
            return null;
        }

        TableEntity? found = await UsageTables.FindAsync(tables.Month(UsageKey.TimeOf(requestId)), UsageKey.PartitionOf(requestId), requestId, cancellationToken);
        return found is null ? null : ToRecord(found);
    }

    public IAsyncEnumerable<UsageRecord> ReadAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) => QueryAsync(from, to, null, cancellationToken);

    public async IAsyncEnumerable<UsageFacts> ReadFactsAsync(DateTimeOffset from, DateTimeOffset to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (UsageRecord record in QueryAsync(from, to, FactColumns, cancellationToken))
        {
            yield return UsageFacts.Of(record);
        }
    }

    private async IAsyncEnumerable<UsageRecord> QueryAsync(DateTimeOffset from, DateTimeOffset to, string[]? select, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Queue<Partition> ahead = new();
        try
        {
            foreach ((string hour, string shard) in await tables.ShardsAsync(from, to.AddTicks(-1), cancellationToken))
            {
                ahead.Enqueue(new Partition(Query(hour, shard)));
                if (ahead.Count == PartitionsAhead)
                {
                    await foreach (UsageRecord record in ReadNextAsync())
                    {
                        yield return record;
                    }
                }
            }

            while (ahead.Count > 0)
            {
                await foreach (UsageRecord record in ReadNextAsync())
                {
                    yield return record;
                }
            }
        }
        finally
        {
            foreach (Partition left in ahead)
            {
                await left.DisposeAsync();
            }
        }

        IAsyncEnumerable<Page<TableEntity>> Query(string hour, string shard) => tables.Named(hour[..6])
            .QueryAsync<TableEntity>(
                TableClient.CreateQueryFilter($"PartitionKey eq {$"{shard}-{hour}"} and RowKey ge {UsageKey.FirstOf(from)} and RowKey lt {UsageKey.FirstOf(to)}"), PageSize, select, cancellationToken)
            .AsPages();

        async IAsyncEnumerable<UsageRecord> ReadNextAsync()
        {
            await using Partition partition = ahead.Dequeue();
            while (await partition.NextAsync() is { } page)
            {
                foreach (TableEntity entity in page)
                {
                    yield return ToRecord(entity);
                }
            }
        }
    }

    public async Task<IReadOnlySet<DateTimeOffset>> HoursAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) =>
        (await tables.ShardsAsync(from, to.AddTicks(-1), cancellationToken)).Select(s => UsageKey.TimeOfHour(s.Hour)).ToHashSet();

    private static UsageRecord ToRecord(TableEntity entity) => UsageColumns.ToRecord(entity.RowKey, name => entity.TryGetValue(name, out object? value) ? value : null);

    /// <summary>The pages of a partition. The first is asked for at once, every further one when the one before is taken.</summary>
    private sealed class Partition : IAsyncDisposable
    {
        private readonly IAsyncEnumerator<Page<TableEntity>> _pages;
        private Task<bool> _next;

        public Partition(IAsyncEnumerable<Page<TableEntity>> pages)
        {
            _pages = pages.GetAsyncEnumerator();
            _next = _pages.MoveNextAsync().AsTask();
        }

        /// <summary>The next page; null when there is none, or no table: the hours of a dropped month are known still.</summary>
        public async Task<IReadOnlyList<TableEntity>?> NextAsync()
        {
            try
            {
                if (!await _next)
                {
                    return null;
                }
            }
            catch (RequestFailedException e) when (e.Status == 404)
            {
                return null;
            }

            IReadOnlyList<TableEntity> page = _pages.Current.Values;
            _next = _pages.MoveNextAsync().AsTask();
            return page;
        }

        public async ValueTask DisposeAsync()
        {
            await ((Task)_next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _pages.DisposeAsync();
        }
    }
}
