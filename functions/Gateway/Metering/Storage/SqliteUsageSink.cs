using System.Data;
using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>
/// Usage records in a SQLite file beside the app: what is used where no storage account is configured. A write-ahead log with full
/// synchronisation keeps every row that was written, whatever kills the process or the machine.
/// </summary>
internal sealed class SqliteUsageSink(string path) : IUsageSink, IDisposable
{
    private SqliteConnection? _connection;
    private SqliteCommand? _upsert;

    public int MaxBatch => 200;

    public string GroupOf(UsageRow row) => "";

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (_connection is not null)
        {
            return;
        }

        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
        {
            Directory.CreateDirectory(folder);
        }

        SqliteConnection connection = await OpenAsync(path, cancellationToken);
        await ExecuteAsync(connection, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000;", cancellationToken);
        await ExecuteAsync(connection, Schema(), cancellationToken);
        await AddMissingColumnsAsync(connection, cancellationToken);
        _upsert = Upsert(connection);
        _connection = connection;
    }

    public async Task WriteAsync(IReadOnlyList<UsageRow> rows, CancellationToken cancellationToken)
    {
        await using SqliteTransaction transaction = _connection!.BeginTransaction(IsolationLevel.Serializable, deferred: false);
        _upsert!.Transaction = transaction;
        foreach (UsageRow row in rows)
        {
            _upsert.Parameters[0].Value = row.RequestId;
            for (int i = 0; i < UsageColumns.All.Count; i++)
            {
                _upsert.Parameters[i + 1].Value = row.Values.TryGetValue(UsageColumns.All[i], out object? value) ? ToStored(value) : DBNull.Value;
            }

            await _upsert.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    public void Dispose()
    {
        _upsert?.Dispose();
        _connection?.Dispose();
    }

    /// <summary>A connection to the file.</summary>
    internal static async Task<SqliteConnection> OpenAsync(string path, CancellationToken cancellationToken)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    /// <summary>A value as it is stored: times as ISO text that sorts, flags as 0 and 1.</summary>
    internal static object ToStored(object value) => value switch
    {
        DateTimeOffset time => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture),
        bool flag => flag ? 1L : 0L,
        _ => value,
    };

    /// <summary>A stored value as the column's type.</summary>
    internal static object? FromStored(UsageColumn column, object stored) => (column.Type, stored) switch
    {
        (_, DBNull) => null,
        (UsageColumnType.Time, string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal),
        (UsageColumnType.Boolean, long number) => number != 0,
        (UsageColumnType.Real, long number) => (double)number,
        _ => stored,
    };

    private static string Schema()
    {
        var sql = new StringBuilder("CREATE TABLE IF NOT EXISTS usage (request_id TEXT PRIMARY KEY");
        foreach (UsageColumn column in UsageColumns.All)
        {
            sql.Append(CultureInfo.InvariantCulture, $", {column.Name} {TypeOf(column)}");
        }

        return sql.Append(") WITHOUT ROWID; CREATE INDEX IF NOT EXISTS usage_event_time ON usage (event_time);").ToString();
    }

    private static async Task AddMissingColumnsAsync(SqliteConnection connection, CancellationToken cancellationToken)
    {
        HashSet<string> present = [];
        await using (SqliteCommand command = connection.CreateCommand())
        {
            command.CommandText = "SELECT name FROM pragma_table_info('usage')";
            await using SqliteDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                present.Add(reader.GetString(0));
            }
        }

        foreach (UsageColumn column in UsageColumns.All.Where(c => !present.Contains(c.Name)))
        {
            await ExecuteAsync(connection, $"ALTER TABLE usage ADD COLUMN {column.Name} {TypeOf(column)}", cancellationToken);
        }
    }

    private static SqliteCommand Upsert(SqliteConnection connection)
    {
        SqliteCommand command = connection.CreateCommand();
        string names = string.Join(", ", UsageColumns.All.Select(c => c.Name));
        string values = string.Join(", ", UsageColumns.All.Select(c => "$" + c.Name));
        string updates = string.Join(", ", UsageColumns.All.Select(c => $"{c.Name} = coalesce(excluded.{c.Name}, {c.Name})"));
        command.CommandText = $"INSERT INTO usage (request_id, {names}) VALUES ($request_id, {values}) ON CONFLICT (request_id) DO UPDATE SET {updates}";
        command.Parameters.Add("$request_id", SqliteType.Text);
        foreach (UsageColumn column in UsageColumns.All)
        {
            command.Parameters.Add("$" + column.Name, column.Type switch
            {
                UsageColumnType.Integer or UsageColumnType.Boolean => SqliteType.Integer,
                UsageColumnType.Real => SqliteType.Real,
                _ => SqliteType.Text,
            });
        }

        command.Prepare();
        return command;
    }

    private static string TypeOf(UsageColumn column) => column.Type switch
    {
        UsageColumnType.Integer or UsageColumnType.Boolean => "INTEGER",
        UsageColumnType.Real => "REAL",
        _ => "TEXT",
    };

    private static async Task ExecuteAsync(SqliteConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
