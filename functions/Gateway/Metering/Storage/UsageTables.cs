using System.Diagnostics.CodeAnalysis;
using Azure;
using Azure.Data.Tables;
using Azure.Data.Tables.Models;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>
/// The tables of the usage records in one storage account: <c>{prefix}{yyyyMM}</c> holds a month's records, <c>{prefix}meta</c> says which
/// shards wrote in which hour, so that a span of time can be read although the shard leads the key.
/// </summary>
internal sealed class UsageTables
{
    /// <summary>Partition of the meta table that lists <c>{yyyyMMddHH}-{shard}</c>.</summary>
    private const string Hours = "hours";

    private readonly TableServiceClient _service;
    private readonly string _prefix;
    private readonly HashSet<string> _known = [];

    // The constructor only: rooting more than it breaks queries under native compilation.
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor, typeof(TableEntity))]
    public UsageTables(TableServiceClient service, string prefix = "usage")
    {
        _service = service;
        _prefix = prefix;
    }

    /// <summary>Which account, and which tables in it.</summary>
    public string Address => $"{_service.Uri}{_prefix}";

    /// <summary>The table of a request's month.</summary>
    public TableClient Month(DateTimeOffset time) => _service.GetTableClient($"{_prefix}{UsageKey.MonthOf(time)}");

    /// <summary>The table named <c>{prefix}{name}</c>.</summary>
    public TableClient Named(string name) => _service.GetTableClient(_prefix + name);

    /// <summary>The months that have a table, the oldest first.</summary>
    public async Task<List<string>> MonthsAsync(CancellationToken cancellationToken)
    {
        List<string> months = [];
        string filter = TableClient.CreateQueryFilter($"TableName ge {_prefix + "0"} and TableName lt {_prefix + ":"}");
        await foreach (TableItem table in _service.QueryAsync(filter, cancellationToken: cancellationToken))
        {
            string name = table.Name[_prefix.Length..];
            if (name.Length == 6 && name.All(char.IsAsciiDigit))
            {
                months.Add(name);
            }
        }

        months.Sort(StringComparer.Ordinal);
        return months;
    }

    /// <summary>Makes sure that a partition's table is there and that the partition can be found by its hour.</summary>
    public async Task EnsureAsync(string requestId, CancellationToken cancellationToken)
    {
        DateTimeOffset time = UsageKey.TimeOf(requestId);
        string partition = UsageKey.PartitionOf(requestId);
        if (Knows(partition))
        {
            return;
        }

        await CreateAsync(Month(time), cancellationToken);
        TableClient meta = Named("meta");
        await CreateAsync(meta, cancellationToken);
        await meta.UpsertEntityAsync(new TableEntity(Hours, $"{UsageKey.HourOf(time)}-{UsageKey.ShardOf(requestId)}"), TableUpdateMode.Merge, cancellationToken);
        lock (_known)
        {
            _known.Add(partition);
        }
    }

    /// <summary>Makes a table, if it is not there.</summary>
    public async Task CreateAsync(TableClient table, CancellationToken cancellationToken)
    {
        if (Knows(table.Name))
        {
            return;
        }

        try
        {
            await table.CreateAsync(cancellationToken);
        }
        catch (RequestFailedException e) when (e.Status == 409)
        {
            // It is there already, or is being deleted; the write will tell.
        }

        lock (_known)
        {
            _known.Add(table.Name);
        }
    }

    /// <summary>A row; null when it is not there, or its table is not.</summary>
    public static async Task<TableEntity?> FindAsync(TableClient table, string partition, string row, CancellationToken cancellationToken)
    {
        try
        {
            NullableResponse<TableEntity> found = await table.GetEntityIfExistsAsync<TableEntity>(partition, row, cancellationToken: cancellationToken);
            return found.HasValue ? found.Value : null;
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
    }

    /// <summary>Forgets what is known: the account was emptied, or a month was dropped.</summary>
    public void Forget()
    {
        lock (_known)
        {
            _known.Clear();
        }
    }

    /// <summary>The shards that wrote in the hours from one to another (inclusive), as pairs of the hour and the shard, in order of time.</summary>
    public async Task<List<(string Hour, string Shard)>> ShardsAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        List<(string, string)> found = [];
        string filter = TableClient.CreateQueryFilter($"PartitionKey eq {Hours} and RowKey ge {UsageKey.HourOf(from)} and RowKey lt {UsageKey.HourOf(to) + "~"}");
        try
        {
            await foreach (TableEntity row in Named("meta").QueryAsync<TableEntity>(filter, cancellationToken: cancellationToken))
            {
                int dash = row.RowKey.IndexOf('-');
                found.Add((row.RowKey[..dash], row.RowKey[(dash + 1)..]));
            }
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            // Nothing was ever written.
        }

        return found;
    }

    private bool Knows(string name)
    {
        lock (_known)
        {
            return _known.Contains(name);
        }
    }
}
