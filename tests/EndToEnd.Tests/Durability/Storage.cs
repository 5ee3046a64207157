using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Serverless.Tests;

namespace Serverless.EndToEnd.Tests.Durability;

/// <summary>What keeps the usage records of a gateway under test, and can be made to hang.</summary>
internal abstract class Storage : IAsyncDisposable
{
    /// <summary>Starts one; skips the test where it cannot run.</summary>
    /// <param name="kind"><c>sqlite</c> or <c>table</c>.</param>
    /// <param name="folder">Where it may put files.</param>
    public static async Task<Storage> StartAsync(string kind, string folder)
    {
        if (kind == "sqlite")
        {
            return new SqliteStorage(Path.Combine(folder, "usage.db"));
        }

        Assert.SkipWhen(OperatingSystem.IsWindows(), "A process cannot be halted on Windows.");
        AzuriteProcess azurite = await AzuriteProcess.StartAsync();
        Assert.SkipWhen(azurite.Missing is not null, azurite.Missing ?? "");
        return new TableStorage(azurite);
    }

    /// <summary>The setting <c>usage</c> of the gateway.</summary>
    public abstract JsonObject Settings { get; }

    /// <summary>From now on nothing can be written.</summary>
    public abstract void Hang();

    /// <summary>Ends it.</summary>
    public abstract void Resume();

    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>A file hangs for a writer while another has begun to write.</summary>
    private sealed class SqliteStorage(string path) : Storage
    {
        private SqliteConnection? _other;

        public override JsonObject Settings => new() { ["store"] = "sqlite", ["path"] = path };

        public override void Hang()
        {
            _other = new SqliteConnection($"Data Source={path};Pooling=False");
            _other.Open();
            using SqliteCommand begin = _other.CreateCommand();
            begin.CommandText = "BEGIN IMMEDIATE";
            begin.ExecuteNonQuery();
        }

        public override void Resume() => _other?.Dispose();

        public override ValueTask DisposeAsync()
        {
            Resume();
            return base.DisposeAsync();
        }
    }

    /// <summary>The emulator hangs while its process is halted: connections are made, nobody answers.</summary>
    private sealed class TableStorage(AzuriteProcess azurite) : Storage
    {
        public override JsonObject Settings => new() { ["store"] = "table", ["connectionString"] = azurite.ConnectionString };

        public override void Hang() => azurite.Suspend();

        public override void Resume() => azurite.Resume();

        public override async ValueTask DisposeAsync()
        {
            Resume();
            await azurite.DisposeAsync();
        }
    }
}
