using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>
/// Months in the SQLite file: table <c>month</c> keeps their exports, <c>dropped_hour</c> the hours whose records are gone. Records are dropped hour by
/// hour, so that the gateway never waits long for its turn; the file does not shrink, its free pages are used again.
/// </summary>
internal sealed class SqliteUsageMonths(string path) : IUsageMonths
{
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS month (name TEXT PRIMARY KEY, exported TEXT, records INTEGER, file TEXT, sha256 TEXT, state INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE IF NOT EXISTS dropped_hour (hour TEXT PRIMARY KEY) WITHOUT ROWID;
        """;

    /// <summary>The hours whose records are gone; none when nothing was ever dropped.</summary>
    internal static async Task<List<string>> DroppedHoursAsync(string path, string from, string to, CancellationToken cancellationToken)
    {
        List<string> hours = [];
        await using SqliteConnection connection = await SqliteUsageSink.OpenAsync(path, cancellationToken);
        await using SqliteCommand exists = Command(connection, "SELECT 1 FROM sqlite_master WHERE name = 'dropped_hour'");
        if (await exists.ExecuteScalarAsync(cancellationToken) is not null)
        {
            await using SqliteCommand command = Command(connection, "SELECT hour FROM dropped_hour WHERE hour >= $from AND hour <= $to", ("$from", from), ("$to", to));
            await using SqliteDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                hours.Add(reader.GetString(0));
            }
        }

        return hours;
    }

    public async Task<IReadOnlyList<UsageMonth>> ListAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        await using SqliteConnection connection = await OpenAsync(cancellationToken);
        List<UsageMonth> months = [];
        string after = "";
        while (await NextAsync(connection, after, cancellationToken) is { } id)
        {
            string name = UsageKey.MonthOf(UsageKey.TimeOf(id));
            months.Add(await FindAsync(connection, name, cancellationToken));
            after = UsageKey.FirstOf(UsageKey.TimeOfMonth(name).AddMonths(1));
        }

        return months;
    }

    public async Task<UsageMonthState> StateAsync(string month, CancellationToken cancellationToken)
    {
        await using SqliteConnection connection = await OpenAsync(cancellationToken);
        return (await FindAsync(connection, month, cancellationToken)).State;
    }

    public async Task MarkAsync(string month, ExportMark? mark, CancellationToken cancellationToken)
    {
        await using SqliteConnection connection = await OpenAsync(cancellationToken);
        await MarkAsync(connection, month, mark, cancellationToken);
    }

    public async Task<bool> TryMarkAsync(string month, ExportMark known, ExportMark? mark, CancellationToken cancellationToken)
    {
        await using SqliteConnection connection = await OpenAsync(cancellationToken);
        await using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        if ((await FindAsync(connection, month, cancellationToken)).Exported != known)
        {
            return false;
        }

        await MarkAsync(connection, month, mark, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    public async Task<bool> DropAsync(string month, ExportMark? known, CancellationToken cancellationToken)
    {
        await using SqliteConnection connection = await OpenAsync(cancellationToken);
        await using (SqliteTransaction transaction = connection.BeginTransaction(deferred: false))
        {
            if (known is not null && (await FindAsync(connection, month, cancellationToken)).Exported != known)
            {
                return false;
            }

            await SetStateAsync(connection, month, UsageMonthState.Dropping, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        DateTimeOffset start = UsageKey.TimeOfMonth(month);
        string end = UsageKey.FirstOf(start.AddMonths(1));
        string at = UsageKey.FirstOf(start);
        while (await NextAsync(connection, at, cancellationToken) is { } id && string.CompareOrdinal(id, end) < 0)
        {
            string hour = UsageKey.HourOf(UsageKey.TimeOf(id));
            string next = UsageKey.FirstOf(UsageKey.TimeOfHour(hour).AddHours(1));
            await using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
            await using SqliteCommand keep = Command(connection, "INSERT OR IGNORE INTO dropped_hour (hour) VALUES ($hour)", ("$hour", hour));
            await keep.ExecuteNonQueryAsync(cancellationToken);
            await using SqliteCommand delete = Command(connection, "DELETE FROM record WHERE request_id >= $from AND request_id < $to", ("$from", id), ("$to", next));
            await delete.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            at = next;
        }

        // What still comes was not exported.
        await SetStateAsync(connection, month, UsageMonthState.Dropped, cancellationToken);
        return true;
    }

    private static async Task MarkAsync(SqliteConnection connection, string month, ExportMark? mark, CancellationToken cancellationToken)
    {
        await using SqliteCommand command = Command(
            connection,
            "INSERT INTO month (name, exported, records, file, sha256) VALUES ($name, $at, $records, $file, $sha256) "
            + "ON CONFLICT (name) DO UPDATE SET exported = $at, records = $records, file = $file, sha256 = $sha256",
            ("$name", month),
            ("$at", mark is null ? DBNull.Value : mark.At.UtcDateTime.ToString("o", CultureInfo.InvariantCulture)),
            ("$records", mark is null ? DBNull.Value : mark.Records),
            ("$file", mark is null ? DBNull.Value : mark.File),
            ("$sha256", mark is null ? DBNull.Value : mark.Sha256));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task SetStateAsync(SqliteConnection connection, string month, UsageMonthState state, CancellationToken cancellationToken)
    {
        await using SqliteCommand command = Command(
            connection,
            "INSERT INTO month (name, state) VALUES ($name, $state) ON CONFLICT (name) DO UPDATE SET state = $state, exported = iif($state = 2, NULL, exported)",
            ("$name", month),
            ("$state", (int)state));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<string?> NextAsync(SqliteConnection connection, string from, CancellationToken cancellationToken)
    {
        await using SqliteCommand command = Command(connection, "SELECT request_id FROM record WHERE request_id >= $from ORDER BY request_id LIMIT 1", ("$from", from));
        return await command.ExecuteScalarAsync(cancellationToken) as string;
    }

    private static async Task<UsageMonth> FindAsync(SqliteConnection connection, string name, CancellationToken cancellationToken)
    {
        await using SqliteCommand command = Command(connection, "SELECT exported, records, file, sha256, state FROM month WHERE name = $name", ("$name", name));
        await using SqliteDataReader row = await command.ExecuteReaderAsync(cancellationToken);
        if (!await row.ReadAsync(cancellationToken))
        {
            return new UsageMonth(name, null, UsageMonthState.Whole);
        }

        ExportMark? mark = row.IsDBNull(0)
            ? null
            : new ExportMark(DateTimeOffset.Parse(row.GetString(0), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal), row.GetInt64(1), row.GetString(2), row.GetString(3));
        return new UsageMonth(name, mark, (UsageMonthState)row.GetInt32(4));
    }

    private async Task<SqliteConnection> OpenAsync(CancellationToken cancellationToken)
    {
        SqliteConnection connection = await SqliteUsageSink.OpenAsync(path, cancellationToken);
        await using SqliteCommand command = Command(connection, SqliteUsageSink.RecordTable + Schema);
        await command.ExecuteNonQueryAsync(cancellationToken);
        return connection;
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach ((string name, object value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }
}
