using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>
/// Usage records in a SQLite file: what is used where no storage account is configured. A record is one JSON text beside its key, which sorts
/// by time; binding fifty columns would cost more than all the rest of a request. The view <c>usage</c> shows the columns. The write-ahead log
/// keeps every row that was written, whatever kills the process; a machine that loses power may lose the last second, for which every
/// answer would have to wait for the disk.
/// </summary>
internal sealed class SqliteUsageSink(string path) : IUsageSink, IDisposable
{
    /// <summary>Makes the table of the records.</summary>
    internal const string RecordTable = "CREATE TABLE IF NOT EXISTS record (request_id TEXT PRIMARY KEY, json TEXT NOT NULL);";

    /// <summary>Results of SQLite that say nothing against the connection: another one writes, the disk is full.</summary>
    private const int Busy = 5, Full = 13;

    private static readonly TimeSpan CheckpointEvery = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly ArrayBufferWriter<byte> _json = new(2048);
    private readonly CancellationTokenSource _stop = new();
    private Task? _checkpoints;
    private SqliteConnection? _connection;
    private sqlite3_stmt? _begin;
    private sqlite3_stmt? _upsert;
    private sqlite3_stmt? _commit;
    private sqlite3_stmt? _rollback;

    public int MaxBatch => 2000;

    public string GroupOf(UsageRow row) => "";

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await ConnectAsync(cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Opens the file, unless it is open and still the one of that name: what is written to one that was deleted or replaced, nobody would find.</summary>
    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        if (_connection is not null && !HasMoved(_connection))
        {
            return;
        }

        Disconnect();
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
        {
            Directory.CreateDirectory(folder);
        }

        SqliteConnection connection = await OpenAsync(path, cancellationToken);
        try
        {
            using SqliteCommand schema = Command(connection, Schema());
            schema.ExecuteNonQuery();
        }
        catch
        {
            connection.Dispose();
            throw;
        }

        _begin = SqliteStatement.Prepare(connection, "BEGIN IMMEDIATE");
        _commit = SqliteStatement.Prepare(connection, "COMMIT");
        _rollback = SqliteStatement.Prepare(connection, "ROLLBACK");

        // A later row is laid over an earlier one; an absent value changes nothing (RFC 7396).
        _upsert = SqliteStatement.Prepare(connection, "INSERT INTO record (request_id, json) VALUES (?1, ?2) ON CONFLICT (request_id) DO UPDATE SET json = json_patch(json, excluded.json)");
        _connection = connection;
        _checkpoints ??= Task.Run(CheckpointAsync, CancellationToken.None);
    }

    private void Disconnect()
    {
        _begin?.Dispose();
        _upsert?.Dispose();
        _commit?.Dispose();
        _rollback?.Dispose();
        _connection?.Dispose();
        _connection = null;
    }

    private static bool HasMoved(SqliteConnection connection)
    {
        const int HasMovedCode = 20;        // SQLITE_FCNTL_HAS_MOVED, https://sqlite.org/c3ref/c_fcntl_begin_atomic_write.html
        int moved = 0;
        return sqlite3_file_control(connection.Handle!.DangerousGetHandle(), 0, HasMovedCode, ref moved) == 0 && moved != 0;
    }

    // Not among the calls that SQLitePCLRaw has; the library is the one that it loads.
    [DllImport("e_sqlite3", ExactSpelling = true)]
    private static extern int sqlite3_file_control(nint connection, nint database, int code, ref int value);

    public async Task WriteAsync(IReadOnlyList<UsageRow> rows, CancellationToken cancellationToken)
    {
        // A connection is for one at a time: what was in the journal goes to the store beside what is new.
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await ConnectAsync(cancellationToken);
            Write(rows);
        }
        catch (SqliteException e) when (e.SqliteErrorCode is not (Busy or Full))
        {
            // A connection that has seen a broken file does not see a mended one.
            Disconnect();
            throw;
        }
        finally
        {
            _turn.Release();
        }
    }

    private void Write(IReadOnlyList<UsageRow> rows)
    {
        // SQLite has no asynchronous calls; this runs on the store's own loop.
        _begin!.Run(_connection!);
        try
        {
            foreach (UsageRow row in rows)
            {
                raw.sqlite3_bind_text(_upsert!, 1, row.RequestId);
                raw.sqlite3_bind_text(_upsert!, 2, TextOf(row));
                _upsert!.Run(_connection!);
            }

            _commit!.Run(_connection!);
        }
        catch
        {
            try
            {
                _rollback!.Run(_connection!);
            }
            catch (SqliteException)
            {
                // The transaction had not begun, or has been rolled back already.
            }

            throw;
        }
    }

    private ReadOnlySpan<byte> TextOf(UsageRow row)
    {
        _json.ResetWrittenCount();
        UsageRowJson.Write(row, _json);
        return _json.WrittenSpan;
    }

    public void Dispose()
    {
        _stop.Cancel();
        Disconnect();
    }

    /// <summary>A connection to the file.</summary>
    internal static async Task<SqliteConnection> OpenAsync(string path, CancellationToken cancellationToken)
    {
        // Whoever finds another one writing waits for a second, then fails: callers have a patience of their own.
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 1 }.ToString());
        try
        {
            await connection.OpenAsync(cancellationToken);
            Prepare(connection);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void Prepare(SqliteConnection connection)
    {
        // A record fits into a page of 8 KB, but not into one of 4 without an overflow page, which would be written besides. The log is folded
        // into the file by a connection of its own, since that waits for the disk; the first limit is for when that falls behind, the second gives back what it has grown to then.
        using SqliteCommand command = Command(connection, "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=1000; PRAGMA wal_autocheckpoint=50000; PRAGMA journal_size_limit=67108864;");
        command.ExecuteNonQuery();
    }

    private async Task CheckpointAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(CheckpointEvery, _stop.Token);
                await using SqliteConnection connection = await OpenAsync(path, _stop.Token);
                using SqliteCommand checkpoint = Command(connection, "PRAGMA wal_checkpoint(PASSIVE)");
                checkpoint.ExecuteNonQuery();
            }
            catch (Exception e) when (e is OperationCanceledException or SqliteException)
            {
                // Without it the writer folds the log in by itself, more rarely and less smoothly.
            }
        }
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command;
    }

    private static string Schema()
    {
        var columns = new StringBuilder();
        foreach (UsageColumn column in UsageColumns.All)
        {
            columns.Append(CultureInfo.InvariantCulture, $", json ->> '$.{column.Name}' AS {column.Name}");
        }

        return $"""
            {RecordTable}
            DROP VIEW IF EXISTS usage;
            CREATE VIEW usage AS SELECT request_id{columns} FROM record;
            """;
    }
}
