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

    public IAsyncEnumerable<UsageRecord> ReadAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken, IReadOnlyCollection<string>? columns = null) => QueryAsync(
        "SELECT json FROM record WHERE request_id >= $a AND request_id < $b", UsageKey.FirstOf(from), UsageKey.FirstOf(to), ToRecord, cancellationToken);

    public async Task<IReadOnlySet<DateTimeOffset>> HoursAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        HashSet<DateTimeOffset> hours = [];
        if (!File.Exists(path))
        {
            return hours;
        }

        // The hours of months that were dropped live on in rollups.
        foreach (string dropped in await SqliteUsageMonths.DroppedHoursAsync(path, UsageKey.HourOf(from), UsageKey.HourOf(to), cancellationToken))
        {
            hours.Add(UsageKey.TimeOfHour(dropped));
        }

        // One look at the key for each hour that has records, whatever their number.
        DateTimeOffset at = from;
        while (await NextAsync(at, to, cancellationToken) is { } id)
        {
            DateTimeOffset hour = UsageKey.TimeOfHour(UsageKey.HourOf(UsageKey.TimeOf(id)));
            hours.Add(hour);
            at = hour.AddHours(1);
        }

        return hours;
    }

    private async Task<string?> NextAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        const string Sql = "SELECT request_id FROM record WHERE request_id >= $a AND request_id < $b ORDER BY request_id LIMIT 1";
        await foreach (string id in QueryAsync(Sql, UsageKey.FirstOf(from), UsageKey.FirstOf(to), static r => r.GetString(0), cancellationToken))
        {
            return id;
        }

        return null;
    }

    private static UsageRecord ToRecord(SqliteDataReader reader)
    {
        UsageRow row = UsageRowJson.Read(reader.GetString(0)) ?? throw new InvalidDataException("A usage record in the SQLite file is no JSON.");
        return UsageColumns.ToRecord(row.RequestId, name => row.Values.GetValueOrDefault(UsageColumns.Find(name)!));
    }

    private async IAsyncEnumerable<T> QueryAsync<T>(string sql, string a, string? b, Func<SqliteDataReader, T> read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            yield break;
        }

        await using SqliteConnection connection = await SqliteUsageSink.OpenAsync(path, cancellationToken);
        await using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT 1 FROM sqlite_master WHERE name = 'record'";
        if (await command.ExecuteScalarAsync(cancellationToken) is null)
        {
            // Nothing was ever written; the file may be there for another reason.
            yield break;
        }

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
