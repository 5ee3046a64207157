using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;
using Serverless.Gateway.Metering.Storage;
using SQLitePCL;

namespace Serverless.Gateway.Reports.Rollups;

/// <summary>
/// Rollups in the SQLite file of the usage records. Table <c>rollup_late</c> counts how often a period was forgotten; that is compared in the
/// transaction that writes the rows.
/// </summary>
internal sealed class SqliteRollupStore(string path, TimeProvider? time = null) : IRollupStore
{
    /// <summary>Seconds that it waits for others who write into the file: a report may, an answer to a client may not.</summary>
    private const int Patience = 10;

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    private static readonly string Columns = string.Join(", ", RollupValues.TextNames.Concat(UsageMeasures.Names));

    private static readonly string Insert = $"INSERT INTO rollup (period, {Columns}) VALUES (?{string.Concat(Enumerable.Repeat(", ?", RollupValues.TextNames.Length + UsageMeasures.Names.Count))})";

    private static readonly string Schema =
        $"CREATE TABLE IF NOT EXISTS rollup (period TEXT NOT NULL, {string.Join(", ", RollupValues.TextNames.Select(n => n + " TEXT NOT NULL"))}, {string.Join(", ", UsageMeasures.Names.Select(n => n + " INTEGER NOT NULL"))}); " +
        "CREATE INDEX IF NOT EXISTS rollup_period ON rollup (period); CREATE TABLE IF NOT EXISTS rollup_done (period TEXT PRIMARY KEY); " +
        "CREATE TABLE IF NOT EXISTS rollup_late (period TEXT PRIMARY KEY, mark INTEGER NOT NULL, changing_until INTEGER NOT NULL) WITHOUT ROWID; " +
        "CREATE TABLE IF NOT EXISTS rollup_lead (id INTEGER PRIMARY KEY CHECK (id = 0), who TEXT NOT NULL, until INTEGER NOT NULL);";

    /// <summary>Half of the machine: the other half is for requests. It is the reading of records that takes the time.</summary>
    public int PeriodsAtOnce => Math.Clamp(Environment.ProcessorCount / 2, 2, 8);

    public async Task<IReadOnlyList<RollupRow>?> ReadAsync(RollupPeriod period, CancellationToken cancellationToken)
    {
        await using SqliteConnection connection = await OpenAsync(cancellationToken);
        await using SqliteCommand done = Command(connection, "SELECT 1 FROM rollup_done WHERE period = $period", period);
        if (await done.ExecuteScalarAsync(cancellationToken) is null)
        {
            return null;
        }

        List<RollupRow> rows = [];
        await using SqliteCommand command = Command(connection, $"SELECT {Columns} FROM rollup WHERE period = $period", period);
        await using SqliteDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(RollupValues.ToRow(reader.GetString, i => reader.GetInt64(RollupValues.TextNames.Length + i)));
        }

        return rows;
    }

    public async Task<RollupTurn> BeginAsync(RollupPeriod period, CancellationToken cancellationToken)
    {
        await using SqliteConnection connection = await OpenAsync(cancellationToken);
        await using SqliteCommand command = Command(connection, "SELECT EXISTS (SELECT 1 FROM rollup_done WHERE period = $period), mark, changing_until FROM (SELECT 1) LEFT JOIN rollup_late ON period = $period", period);
        await using SqliteDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        bool changing = !reader.IsDBNull(2) && reader.GetInt64(2) > _time.GetUtcNow().ToUnixTimeSeconds();
        return new RollupTurn(reader.GetBoolean(0), changing ? null : Mark(reader.GetValue(1)));
    }

    public async Task<bool> WriteAsync(RollupPeriod period, IReadOnlyList<RollupRow> rows, RollupTurn turn, CancellationToken cancellationToken)
    {
        await using SqliteConnection connection = await OpenAsync(cancellationToken);
        await using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        await using SqliteCommand late = Command(connection, "SELECT mark FROM rollup_late WHERE period = $period", period);
        if (Mark(await late.ExecuteScalarAsync(cancellationToken)) != turn.Mark)
        {
            return false;
        }

        await using SqliteCommand delete = Command(connection, "DELETE FROM rollup WHERE period = $period", period);
        await delete.ExecuteNonQueryAsync(cancellationToken);
        using sqlite3_stmt insert = SqliteStatement.Prepare(connection, Insert);
        foreach (RollupRow row in rows)
        {
            RollupValues values = RollupValues.Of(row);
            int place = 1;
            raw.sqlite3_bind_text(insert, place++, period.Key);
            foreach (string text in values.Texts)
            {
                // By its length: a text that is bound as a string would end at a NUL.
                raw.sqlite3_bind_text(insert, place++, Encoding.UTF8.GetBytes(text).AsSpan());
            }

            foreach (long sum in values.Sums)
            {
                raw.sqlite3_bind_int64(insert, place++, sum);
            }

            insert.Run(connection);
        }

        await using SqliteCommand mark = Command(connection, "INSERT OR IGNORE INTO rollup_done (period) VALUES ($period)", period);
        await mark.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    public async Task ForgetAsync(RollupPeriod period, bool changing, CancellationToken cancellationToken)
    {
        await using SqliteConnection connection = await OpenAsync(cancellationToken);
        await using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        await using SqliteCommand forget = Command(
            connection,
            "DELETE FROM rollup_done WHERE period = $period; "
            + "INSERT INTO rollup_late (period, mark, changing_until) VALUES ($period, 1, $until) ON CONFLICT (period) DO UPDATE SET mark = mark + 1, changing_until = $until",
            period);
        forget.Parameters.AddWithValue("$until", changing ? (_time.GetUtcNow() + RollupBuilder.LongestChange).ToUnixTimeSeconds() : 0);
        await forget.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public async Task<bool> TakeLeadAsync(string who, TimeSpan length, CancellationToken cancellationToken)
    {
        await using SqliteConnection connection = await OpenAsync(cancellationToken);
        await using SqliteCommand take = connection.CreateCommand();
        take.CommandText = "INSERT INTO rollup_lead (id, who, until) VALUES (0, $who, $until) ON CONFLICT (id) DO UPDATE SET who = $who, until = $until WHERE who = $who OR until <= $now";
        take.Parameters.AddWithValue("$who", who);
        take.Parameters.AddWithValue("$now", _time.GetUtcNow().ToUnixTimeSeconds());
        take.Parameters.AddWithValue("$until", (_time.GetUtcNow() + length).ToUnixTimeSeconds());
        return await take.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    private static string Mark(object? value) => value is long mark ? mark.ToString(CultureInfo.InvariantCulture) : "0";

    private async Task<SqliteConnection> OpenAsync(CancellationToken cancellationToken)
    {
        SqliteConnection connection = await SqliteUsageSink.OpenAsync(path, cancellationToken);
        connection.DefaultTimeout = Patience;
        await using SqliteCommand command = connection.CreateCommand();
        command.CommandText = Schema;
        await command.ExecuteNonQueryAsync(cancellationToken);
        return connection;
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, RollupPeriod period)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("$period", period.Key);
        return command;
    }
}
