using System.Globalization;
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

    public async Task<IReadOnlySet<DateTimeOffset>> HoursAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        HashSet<DateTimeOffset> hours = [];
        if (!File.Exists(path))
        {
            return hours;
        }

        await using SqliteConnection connection = await SqliteUsageSink.OpenAsync(path, cancellationToken);
        await using SqliteCommand command = connection.CreateCommand();

        // One look into the index for each hour that has records, whatever their number.
        command.CommandText = """
            WITH RECURSIVE hour (at) AS (
              SELECT min(event_time) FROM usage WHERE event_time >= $a AND event_time < $b
              UNION ALL
              SELECT (SELECT min(event_time) FROM usage WHERE event_time > substr(hour.at, 1, 13) || ':59:59.9999999Z' AND event_time < $b) FROM hour WHERE hour.at IS NOT NULL)
            SELECT substr(at, 1, 13) FROM hour WHERE at IS NOT NULL
            """;
        command.Parameters.AddWithValue("$a", SqliteUsageSink.ToStored(from));
        command.Parameters.AddWithValue("$b", SqliteUsageSink.ToStored(to));
        await using SqliteDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            hours.Add(DateTimeOffset.ParseExact(reader.GetString(0), "yyyy-MM-ddTHH", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal));
        }

        return hours;
    }

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
