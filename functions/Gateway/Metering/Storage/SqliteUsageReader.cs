using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>Reads usage records from the SQLite file, on connections of its own: the write-ahead log lets it read while the sink writes.</summary>
internal sealed class SqliteUsageReader(string path) : IUsageReader
{
    public async Task<UsageRecord?> FindAsync(string requestId, CancellationToken cancellationToken)
    {
        await foreach (UsageRecord record in QueryAsync("request_id = $a", cancellationToken, requestId))
        {
            return record;
        }

        return null;
    }

    public IAsyncEnumerable<UsageRecord> ReadAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) =>
        QueryAsync("event_time >= $a AND event_time < $b", cancellationToken, SqliteUsageSink.ToStored(from), SqliteUsageSink.ToStored(to));

    private async IAsyncEnumerable<UsageRecord> QueryAsync(string where, [EnumeratorCancellation] CancellationToken cancellationToken, params object[] values)
    {
        if (!File.Exists(path))
        {
            yield break;
        }

        await using SqliteConnection connection = await SqliteUsageSink.OpenAsync(path, cancellationToken);
        await using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"SELECT request_id, {string.Join(", ", UsageColumns.All.Select(c => c.Name))} FROM usage WHERE {where}";
        for (int i = 0; i < values.Length; i++)
        {
            command.Parameters.AddWithValue("$" + (char)('a' + i), values[i]);
        }

        await using SqliteDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            yield return UsageColumns.ToRecord(reader.GetString(0), name =>
            {
                int index = reader.GetOrdinal(name);
                return SqliteUsageSink.FromStored(UsageColumns.Find(name)!, reader.GetValue(index));
            });
        }
    }
}
