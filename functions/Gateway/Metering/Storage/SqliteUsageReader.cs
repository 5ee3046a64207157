using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>Reads usage records from the SQLite file, on connections of its own: the write-ahead log lets it read while the sink writes.</summary>
internal sealed class SqliteUsageReader(string path) : IUsageReader
{
    public async Task<UsageRecord?> FindAsync(string requestId, CancellationToken cancellationToken)
    {
        await foreach (UsageRecord record in QueryAsync("SELECT json FROM record WHERE request_id = $a", requestId, null, ToRecord, cancellationToken))
        {
            return record;
        }

        return null;
    }

    public IAsyncEnumerable<UsageRecord> ReadAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) => QueryAsync(
        "SELECT json FROM record WHERE event_time >= $a AND event_time < $b", SqliteUsageSink.ToStored(from), SqliteUsageSink.ToStored(to), ToRecord, cancellationToken);

    public async Task<IReadOnlySet<DateTimeOffset>> HoursAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        // One look into the index for each hour that has records, whatever their number.
        const string Sql = """
            WITH RECURSIVE hour (at) AS (
              SELECT min(event_time) FROM record WHERE event_time >= $a AND event_time < $b
              UNION ALL
              SELECT (SELECT min(event_time) FROM record WHERE event_time > substr(hour.at, 1, 13) || ':59:59.999Z' AND event_time < $b) FROM hour WHERE hour.at IS NOT NULL)
            SELECT substr(at, 1, 13) FROM hour WHERE at IS NOT NULL
            """;
        HashSet<DateTimeOffset> hours = [];
        await foreach (DateTimeOffset hour in QueryAsync(Sql, SqliteUsageSink.ToStored(from), SqliteUsageSink.ToStored(to), ToHour, cancellationToken))
        {
            hours.Add(hour);
        }

        return hours;
    }

    private static UsageRecord ToRecord(SqliteDataReader reader)
    {
        UsageRow row = UsageRowJson.Read(reader.GetString(0)) ?? throw new InvalidDataException("A usage record in the SQLite file is no JSON.");
        return UsageColumns.ToRecord(row.RequestId, name => row.Values.GetValueOrDefault(UsageColumns.Find(name)!));
    }

    private static DateTimeOffset ToHour(SqliteDataReader reader) => DateTimeOffset.ParseExact(reader.GetString(0), "yyyy-MM-ddTHH", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private async IAsyncEnumerable<T> QueryAsync<T>(string sql, string a, string? b, Func<SqliteDataReader, T> read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            yield break;
        }

        await using SqliteConnection connection = await SqliteUsageSink.OpenAsync(path, cancellationToken);
        await using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("$a", a);
        command.Parameters.AddWithValue("$b", b ?? "");
        await using SqliteDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            yield return read(reader);
        }
    }
}
