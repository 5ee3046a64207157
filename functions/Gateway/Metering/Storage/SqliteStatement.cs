using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>Statements that run for every row: the library's commands cost several times what the row does.</summary>
internal static class SqliteStatement
{
    /// <summary>Prepares a statement.</summary>
    /// <exception cref="SqliteException">It is none.</exception>
    public static sqlite3_stmt Prepare(SqliteConnection connection, string sql)
    {
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(connection.Handle, sql, out sqlite3_stmt statement), connection.Handle);
        return statement;
    }

    /// <summary>Runs a statement that gives no rows, and makes it ready to run again.</summary>
    /// <exception cref="SqliteException">It has failed.</exception>
    public static void Run(this sqlite3_stmt statement, SqliteConnection connection)
    {
        raw.sqlite3_step(statement);

        // Says what the step has said, with the error's own code.
        SqliteException.ThrowExceptionForRC(raw.sqlite3_reset(statement), connection.Handle);
    }
}
