using Azure;
using Azure.Data.Tables;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>Months in Azure Table Storage: a table each, and a row of the meta table that keeps the export. The rows that tell a month's hours stay.</summary>
internal sealed class TableUsageMonths(UsageTables tables) : IUsageMonths
{
    private const string Months = "months";

    /// <summary>Merging cannot take a value away: the number of records says that none of what stands beside it counts.</summary>
    private const long None = -1;

    private readonly TableClient _meta = tables.Named("meta");

    public async Task<IReadOnlyList<UsageMonth>> ListAsync(CancellationToken cancellationToken)
    {
        List<UsageMonth> months = [];
        foreach (string name in await tables.MonthsAsync(cancellationToken))
        {
            TableEntity? row = await FindAsync(name, cancellationToken);
            months.Add(new UsageMonth(name, MarkOf(row), StateOf(row)));
        }

        return months;
    }

    public async Task<UsageMonthState> StateAsync(string month, CancellationToken cancellationToken) => StateOf(await FindAsync(month, cancellationToken));

    public async Task MarkAsync(string month, ExportMark? mark, CancellationToken cancellationToken)
    {
        await tables.CreateAsync(_meta, cancellationToken);
        await _meta.UpsertEntityAsync(RowOf(month, mark), TableUpdateMode.Merge, cancellationToken);
    }

    public Task<bool> TryMarkAsync(string month, ExportMark known, ExportMark? mark, CancellationToken cancellationToken) =>
        TryMergeAsync(RowOf(month, mark), known, cancellationToken);

    public async Task<bool> DropAsync(string month, ExportMark? known, CancellationToken cancellationToken)
    {
        var dropping = new TableEntity(Months, month) { ["state"] = nameof(UsageMonthState.Dropping) };
        if (known is null)
        {
            await tables.CreateAsync(_meta, cancellationToken);
            await _meta.UpsertEntityAsync(dropping, TableUpdateMode.Merge, cancellationToken);
        }
        else if (!await TryMergeAsync(dropping, known, cancellationToken))
        {
            return false;
        }

        await tables.Named(month).DeleteAsync(cancellationToken);
        tables.Forget();

        // What still comes was not exported: the row is replaced, the export goes with it.
        await _meta.UpsertEntityAsync(new TableEntity(Months, month) { ["state"] = nameof(UsageMonthState.Dropped) }, TableUpdateMode.Replace, cancellationToken);
        return true;
    }

    private async Task<bool> TryMergeAsync(TableEntity change, ExportMark known, CancellationToken cancellationToken)
    {
        if (await FindAsync(change.RowKey, cancellationToken) is not { } row || MarkOf(row) != known)
        {
            return false;
        }

        try
        {
            await _meta.UpdateEntityAsync(change, row.ETag, TableUpdateMode.Merge, cancellationToken);
            return true;
        }
        catch (RequestFailedException e) when (e.Status is 404 or 412)
        {
            // Others noted something in between; or it was noted, the service did not say so, and was asked again: that is safe, though not seen.
            return false;
        }
    }

    private static TableEntity RowOf(string month, ExportMark? mark) => mark is null
        ? new TableEntity(Months, month) { ["records"] = None }
        : new TableEntity(Months, month) { ["exported"] = mark.At, ["records"] = mark.Records, ["file"] = mark.File, ["sha256"] = mark.Sha256 };

    private static ExportMark? MarkOf(TableEntity? row) => row?.GetDateTimeOffset("exported") is { } at && row.GetInt64("records") is { } records and not None
        ? new ExportMark(at, records, row.GetString("file") ?? "", row.GetString("sha256") ?? "")
        : null;

    private static UsageMonthState StateOf(TableEntity? row) => Enum.Parse<UsageMonthState>(row?.GetString("state") ?? nameof(UsageMonthState.Whole));

    private Task<TableEntity?> FindAsync(string month, CancellationToken cancellationToken) => UsageTables.FindAsync(_meta, Months, month, cancellationToken);
}
