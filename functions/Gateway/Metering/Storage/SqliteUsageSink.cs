using System.Buffers;
using System.Data;
using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>
/// Usage records in a SQLite file: what is used where no storage account is configured. A record is one JSON text beside its key and its
/// time, since binding fifty columns costs more than all the rest of a request; the view <c>usage</c> shows the columns. The write-ahead log
/// keeps every row that was written, whatever kills the process; a machine that loses power may lose the last second, for which every
/// answer would have to wait for the disk.
/// </summary>
internal sealed class SqliteUsageSink(string path) : IUsageSink, IDisposable
{
    private readonly ArrayBufferWriter<byte> _json = new(2048);
    private SqliteConnection? _connection;
    private SqliteCommand? _upsert;

    public int MaxBatch => 500;

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
        await using (SqliteCommand schema = connection.CreateCommand())
        {
            schema.CommandText = Schema();
            await schema.ExecuteNonQueryAsync(cancellationToken);
        }

        // A later row is laid over an earlier one; an absent value changes nothing (RFC 7396).
        _upsert = connection.CreateCommand();
        _upsert.CommandText = """
            INSERT INTO record (request_id, event_time, json) VALUES ($id, $time, $json)
            ON CONFLICT (request_id) DO UPDATE SET json = json_patch(json, excluded.json)
            """;
        _upsert.Parameters.Add("$id", SqliteType.Text);
        _upsert.Parameters.Add("$time", SqliteType.Text);
        _upsert.Parameters.Add("$json", SqliteType.Text);
        _upsert.Prepare();
        _connection = connection;
    }

    public async Task WriteAsync(IReadOnlyList<UsageRow> rows, CancellationToken cancellationToken)
    {
        await using SqliteTransaction transaction = _connection!.BeginTransaction(IsolationLevel.Serializable, deferred: false);
        _upsert!.Transaction = transaction;
        foreach (UsageRow row in rows)
        {
            _json.ResetWrittenCount();
            UsageRowJson.Write(row, _json);
            _upsert.Parameters[0].Value = row.RequestId;
            _upsert.Parameters[1].Value = ToStored(UsageKey.TimeOf(row.RequestId));
            _upsert.Parameters[2].Value = Encoding.UTF8.GetString(_json.WrittenSpan);
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
        await using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=5000; PRAGMA wal_autocheckpoint=8000;";
        await command.ExecuteNonQueryAsync(cancellationToken);
        return connection;
    }

    /// <summary>A time as text that sorts.</summary>
    internal static string ToStored(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private static string Schema()
    {
        var columns = new StringBuilder();
        foreach (UsageColumn column in UsageColumns.All)
        {
            columns.Append(CultureInfo.InvariantCulture, $", json ->> '$.{column.Name}' AS {column.Name}");
        }

        return $"""
            CREATE TABLE IF NOT EXISTS record (request_id TEXT PRIMARY KEY, event_time TEXT NOT NULL, json TEXT NOT NULL) WITHOUT ROWID;
            CREATE INDEX IF NOT EXISTS record_event_time ON record (event_time);
            DROP VIEW IF EXISTS usage;
            CREATE VIEW usage AS SELECT request_id{columns} FROM record;
            """;
    }
}
