using Azure.Data.Tables;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Tests.Storage;

/// <summary>The limits of the table service, which the emulator does not know, are kept whatever clients and providers make a record say.</summary>
public sealed class TableLimitsTests(Azurite azurite)
{
    public static TheoryData<string, string> Hostile => new()
    {
        { "ASCII", "a" },
        { "quotes", "\"" },
        { "control characters", "\u0001" },
        { "nothing", "\0" },
        { "Chinese", "字" },
        { "emoji", "👩" },
        { "lone surrogates", "\ud83d" },
        { "line ends", "\r\n" },
        { "JSON", "{\"request_id\":\"x\"}," },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task A_full_transaction_of_the_longest_rows_is_within_them(string what, string text)
    {
        var transport = new FaultyTransport();
        long most = 0;
        transport.Decide = request =>
        {
            most = Math.Max(most, request.Content is not null && request.Content.TryComputeLength(out long length) ? length : 0);
            return Fault.None;
        };
        var tables = new UsageTables(azurite.Connect(transport), azurite.NextPrefix());
        var sink = new TableUsageSink(tables);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        UsageRow[] rows = [.. Enumerable.Range(0, 12).Select(_ => UsageRow.OfCompleted(Long(text, now)))];

        await sink.WriteAsync(rows, TestContext.Current.CancellationToken);

        Assert.InRange(most, 1, 4 * 1024 * 1024);
        Assert.All(rows, r => Assert.InRange(SizeOf(TableUsageSink.ToEntity(r).Entity), 1, 1024 * 1024));
        List<UsageRecord> found = [];
        await foreach (UsageRecord record in new TableUsageReader(tables).ReadAsync(now.AddHours(-1), now.AddHours(1), TestContext.Current.CancellationToken))
        {
            found.Add(record);
        }

        Assert.Equal(rows.Select(r => r.RequestId).Order(), found.Select(r => r.RequestId).Order());
        Assert.All(found, r => Assert.Equal((120L, 1_234_567L, what.Length > 0), (r.Usage!.InputTokens!.Value, r.CostNanoUsd!.Value, r.UserAgent!.Length > 1000)));
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task A_text_of_the_longest_length_is_cut_between_characters(string what, string text)
    {
        var tables = new UsageTables(azurite.Connect(), azurite.NextPrefix());
        UsageRecord record = Records.Full() with { UserAgent = "x" + string.Concat(Enumerable.Repeat(text, 40_000)) };

        await new TableUsageSink(tables).WriteAsync([UsageRow.OfCompleted(record)], TestContext.Current.CancellationToken);

        UsageRecord? found = await new TableUsageReader(tables).FindAsync(record.RequestId, TestContext.Current.CancellationToken);
        Assert.InRange(found!.UserAgent!.Length, TableUsageSink.MaxText - 1, TableUsageSink.MaxText);
        if (what == "emoji")
        {
            Assert.DoesNotContain('\ufffd', found.UserAgent);
        }
    }

    private static UsageRecord Long(string text, DateTimeOffset now)
    {
        string value = string.Concat(Enumerable.Repeat(text, 40_000 / text.Length));
        return Records.Full(now) with
        {
            UserAgent = value,
            Principal = value,
            KeyId = value,
            Endpoint = value,
            SessionId = value,
            Provider = value,
            Destination = value,
            ModelAsked = value,
            ModelServed = value,
            ProviderRequestId = value,
            ErrorCode = value,
            ServiceTier = value,
            Agent = value,
            InvocationId = value,
            Instance = value,
            ApiType = value,
            ClientDialect = value,
            ProviderDialect = value,
            Tags = char.IsSurrogate(text[0]) && text.Length == 1 ? null : new Dictionary<string, string> { [value[..8000]] = value[..8000] },
            Translation = [new ReportEntry("field", value.Replace('\ud83d', '?'), true)],
        };
    }

    /// <summary>The service's own formula: https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model.</summary>
    private static int SizeOf(TableEntity entity) => 4 + entity.Sum(p => 8 + (2 * p.Key.Length) + (p.Value is string s ? 4 + (2 * s.Length) : 8));
}
