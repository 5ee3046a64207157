using Azure;
using Azure.Data.Tables;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>Ends records in Azure Table Storage.</summary>
internal sealed class TableUsageSweep(UsageTables tables) : IUsageSweep
{
    public async Task LoseAsync(IReadOnlyCollection<string> requestIds, CancellationToken cancellationToken)
    {
        foreach (string requestId in requestIds)
        {
            while (!await TryLoseAsync(requestId, cancellationToken))
            {
                // It was written between the look and the mark; as a rule because it has ended.
            }
        }
    }

    private async Task<bool> TryLoseAsync(string requestId, CancellationToken cancellationToken)
    {
        TableClient table = tables.Month(UsageKey.TimeOf(requestId));
        string partition = UsageKey.PartitionOf(requestId);
        string outcome = UsageColumns.Outcome.Name;
        NullableResponse<TableEntity> found = await table.GetEntityIfExistsAsync<TableEntity>(partition, requestId, [outcome], cancellationToken);
        if (!found.HasValue || found.Value!.GetString(outcome) is not null)
        {
            return true;
        }

        try
        {
            await table.UpdateEntityAsync(new TableEntity(partition, requestId) { [outcome] = UsageNames.Of(RequestOutcome.Lost) }, found.Value.ETag, TableUpdateMode.Merge, cancellationToken);
            return true;
        }
        catch (RequestFailedException e) when (e.Status == 412)
        {
            return false;
        }
    }
}
