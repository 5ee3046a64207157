using Microsoft.Data.Sqlite;
using Serverless.Gateway.Metering.Storage;

namespace Serverless.Gateway.Reports.Rollups;

/// <summary>Rollups in the SQLite file of the usage records.</summary>
internal sealed class SqliteRollupStore(string path) : IRollupStore
{
    private static readonly string Columns = string.Join(", ", RollupValues.TextNames.Concat(UsageMeasures.Names));

    private static readonly string Schema =
        $"CREATE TABLE IF NOT EXISTS rollup (period TEXT NOT NULL, {string.Join(", ", RollupValues.TextNames.Select(n => n + " TEXT NOT NULL"))}, {string.Join(", ", UsageMeasures.Names.Select(n => n + " INTEGER NOT NULL"))}); " +
        "CREATE INDEX IF NOT EXISTS rollup_period ON rollup (period); CREATE TABLE IF NOT EXISTS rollup_done (period TEXT PRIMARY KEY);";

    public int PeriodsAtOnce => 1;

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
            rows.Add(RollupValues.ToRow(name => reader.GetString(reader.GetOrdinal(name)), name => reader.GetInt64(reader.GetOrdinal(name))));
        }

        return rows;
    }

    public async Task WriteAsync(RollupPeriod period, IReadOnlyList<RollupRow> rows, CancellationToken cancellationToken)
    {
        await using SqliteConnection connection = await OpenAsync(cancellationToken);
        await using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        await using SqliteCommand delete = Command(connection, "DELETE FROM rollup WHERE period = $period", period);
        await delete.ExecuteNonQueryAsync(cancellationToken);
        await using SqliteCommand insert = Command(connection, $"INSERT INTO rollup (period, {Columns}) VALUES ($period, {string.Join(", ", RollupValues.TextNames.Concat(UsageMeasures.Names).Select(n => "$" + n))})", period);
        foreach (string name in RollupValues.TextNames.Concat(UsageMeasures.Names))
        {
            insert.Parameters.AddWithValue("$" + name, "");
        }

        foreach (RollupRow row in rows)
        {
            RollupValues values = RollupValues.Of(row);
            for (int i = 0; i < values.Texts.Length; i++)
            {
                insert.Parameters[1 + i].Value = values.Texts[i];
            }

            for (int i = 0; i < values.Sums.Length; i++)
            {
                insert.Parameters[1 + values.Texts.Length + i].Value = values.Sums[i];
            }

            await insert.ExecuteNonQueryAsync(cancellationToken);
        }

        await using SqliteCommand mark = Command(connection, "INSERT OR IGNORE INTO rollup_done (period) VALUES ($period)", period);
        await mark.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public async Task ForgetAsync(RollupPeriod period, CancellationToken cancellationToken)
    {
        await using SqliteConnection connection = await OpenAsync(cancellationToken);
        await using SqliteCommand forget = Command(connection, "DELETE FROM rollup_done WHERE period = $period", period);
        await forget.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<SqliteConnection> OpenAsync(CancellationToken cancellationToken)
    {
        SqliteConnection connection = await SqliteUsageSink.OpenAsync(path, cancellationToken);
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
