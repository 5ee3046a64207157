using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Serverless.Gateway.Reports.Rollups;
using SQLitePCL;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>Reads usage records from the SQLite file, on connections of its own: the write-ahead log lets it read while the sink writes.</summary>
internal sealed class SqliteUsageReader(string path) : IUsageReader
{
    private const string InSpan = "SELECT json FROM record WHERE request_id >= $a AND request_id < $b";

    public async Task<UsageRecord?> FindAsync(string requestId, CancellationToken cancellationToken)
    {
        await foreach (UsageRecord record in QueryAsync("SELECT json FROM record WHERE request_id = $a", requestId, null, ToRecord, cancellationToken))
        {
            return record;
        }

        return null;
    }

    public IAsyncEnumerable<UsageRecord> ReadAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) => QueryAsync(
        InSpan, UsageKey.FirstOf(from), UsageKey.FirstOf(to), ToRecord, cancellationToken);

    public async IAsyncEnumerable<UsageFacts> ReadFactsAsync(DateTimeOffset from, DateTimeOffset to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var json = new UsageFactsJson();

        // The text where SQLite has it: a copy of each would cost more than reading it.
        await foreach (UsageFacts facts in QueryAsync(InSpan, UsageKey.FirstOf(from), UsageKey.FirstOf(to), r => json.Read(raw.sqlite3_column_blob(r.Handle, 0)), cancellationToken))
        {
            yield return facts;
        }
    }

    public async Task<IReadOnlySet<DateTimeOffset>> HoursAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        HashSet<DateTimeOffset> hours = [];
        if (!File.Exists(path))
        {
            return hours;
        }

        // The hours of months that were dropped live on in rollups.
        foreach (string dropped in await SqliteUsageMonths.DroppedHoursAsync(path, UsageKey.HourOf(from), UsageKey.HourOf(to.AddTicks(-1)), cancellationToken))
        {
            hours.Add(UsageKey.TimeOfHour(dropped));
        }

        await using SqliteConnection connection = await SqliteUsageSink.OpenAsync(path, cancellationToken);
        if (!await HasRecordsAsync(connection, cancellationToken))
        {
            return hours;
        }

        // One look at the key for each hour that has records, whatever their number.
        await using SqliteCommand next = connection.CreateCommand();
        next.CommandText = "SELECT request_id FROM record WHERE request_id >= $a AND request_id < $b ORDER BY request_id LIMIT 1";
        SqliteParameter at = next.Parameters.AddWithValue("$a", UsageKey.FirstOf(from));
        next.Parameters.AddWithValue("$b", UsageKey.FirstOf(to));
        while (await next.ExecuteScalarAsync(cancellationToken) is string id)
        {
            DateTimeOffset hour = UsageKey.TimeOfHour(UsageKey.HourOf(UsageKey.TimeOf(id)));
            hours.Add(hour);
            at.Value = UsageKey.FirstOf(hour.AddHours(1));
        }

        return hours;
    }

    /// <summary>False when nothing was ever written; the file may be there for another reason.</summary>
    private static async Task<bool> HasRecordsAsync(SqliteConnection connection, CancellationToken cancellationToken)
    {
        await using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT 1 FROM sqlite_master WHERE name = 'record'";
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
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
        if (!await HasRecordsAsync(connection, cancellationToken))
        {
            yield break;
        }

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
