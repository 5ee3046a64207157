using Microsoft.Data.Sqlite;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>Ends records in the SQLite file.</summary>
internal sealed class SqliteUsageSweep(string path) : IUsageSweep
{
    public async Task LoseAsync(IReadOnlyCollection<string> requestIds, CancellationToken cancellationToken)
    {
        await using SqliteConnection connection = await SqliteUsageSink.OpenAsync(path, cancellationToken);
        connection.DefaultTimeout = 10;
        await using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        await using SqliteCommand lose = connection.CreateCommand();
        lose.CommandText = "UPDATE record SET json = json_set(json, '$.outcome', $lost) WHERE request_id = $id AND json ->> '$.outcome' IS NULL";
        lose.Parameters.AddWithValue("$lost", UsageNames.Of(RequestOutcome.Lost));
        SqliteParameter id = lose.Parameters.AddWithValue("$id", "");
        foreach (string requestId in requestIds)
        {
            id.Value = requestId;
            await lose.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }
}
