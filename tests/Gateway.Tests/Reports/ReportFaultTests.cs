using System.Collections.Concurrent;
using Azure;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Microsoft.Extensions.Time.Testing;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Reports;
using Serverless.Gateway.Reports.Rollups;
using Serverless.Gateway.Tests.Storage;

namespace Serverless.Gateway.Tests.Reports;

/// <summary>Whatever the table service does while a report reads from it and rolls up: the report is right, or there is none.</summary>
public sealed class ReportFaultTests(Azurite azurite) : IAsyncLifetime
{
    private const int Requests = 260;
    private static readonly DateTimeOffset Start = new(2026, 10, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly ReportQuery Month = new() { From = Start.AddMinutes(-20), To = Start.AddMonths(1), GroupBy = ["endpoint"] };

    private string _prefix = "";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _prefix = azurite.NextPrefix();
        var sink = new TableUsageSink(new UsageTables(azurite.Connect(), _prefix));
        UsageRecord[] records = [.. Enumerable.Range(0, Requests).Select(i => Records.Full(Start.AddMinutes(i * 3)) with { Endpoint = $"e{i % 130}" })];
        foreach (IGrouping<string, UsageRow> group in records.Select(UsageRow.OfCompleted).GroupBy(sink.GroupOf))
        {
            await sink.WriteAsync([.. group], Stop);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory]
    [InlineData(nameof(Fault.Unavailable))]
    [InlineData(nameof(Fault.Throttled))]
    [InlineData(nameof(Fault.Reset))]
    public async Task Faults_now_and_then_are_ridden_out(string fault)
    {
        // Each request meets it twice, and is tried up to five times.
        ConcurrentDictionary<string, int> tries = [];
        var transport = new FaultyTransport { Decide = r => tries.AddOrUpdate(r.ClientRequestId, 1, (_, n) => n + 1) <= 2 ? Enum.Parse<Fault>(fault) : Fault.None };

        AssertRight(await RunAsync(transport));

        Assert.Contains(tries.Values, n => n == 3);
    }

    [Theory]
    [InlineData(nameof(Fault.Unavailable))]
    [InlineData(nameof(Fault.Throttled))]
    [InlineData(nameof(Fault.Forbidden))]
    [InlineData(nameof(Fault.Reset))]
    public async Task A_service_that_goes_away_in_the_middle_gives_no_report_and_the_next_one_is_right(string fault)
    {
        int failed = 0;
        for (int works = 1; works < 80; works += 13)
        {
            int left = works;
            var transport = new FaultyTransport { Decide = _ => Interlocked.Decrement(ref left) < 0 ? Enum.Parse<Fault>(fault) : Fault.None };
            try
            {
                // Every time there is less left to do.
                AssertRight(await RunAsync(transport));
            }
            catch (Exception e) when (e is RequestFailedException or IOException or AggregateException)
            {
                failed++;
            }
        }

        Assert.InRange(failed, 2, 7);
        AssertRight(await RunAsync(new HttpClientTransport(new HttpClient())));
    }

    [Fact]
    public async Task Short_and_empty_pages_are_followed_to_the_end()
    {
        var transport = new ShortPagesTransport(rows: 7);

        AssertRight(await RunAsync(transport));
        AssertRight(await RunAsync(transport));

        Assert.True(transport.Empty > 20);
    }

    [Fact]
    public async Task Sums_whose_writing_was_done_without_a_word_are_there_once()
    {
        // What the client does not hear of it does again, and the service says no to that.
        int writes = 0;
        var transport = new FaultyTransport { Decide = r => r.Method != Azure.Core.RequestMethod.Get && Interlocked.Increment(ref writes) % 3 == 0 ? Fault.SilenceAfterCommit : Fault.None };

        AssertRight(await RunAsync(transport, TimeSpan.FromMilliseconds(500)));
        AssertRight(await RunAsync(new HttpClientTransport(new HttpClient())));
    }

    private static void AssertRight(UsageReportResult result)
    {
        Assert.Equal(Requests, result.Total["requests"]);
        Assert.Equal(Requests * 1_234_567L, result.Total["cost_nano_usd"]);
        Assert.Equal(130, result.Rows.Count);
        Assert.All(result.Rows, r => Assert.Equal(2, r.Measures["requests"]));
    }

    private Task<UsageReportResult> RunAsync(HttpPipelineTransport transport, TimeSpan? patience = null)
    {
        var options = new TableClientOptions { Transport = transport };
        options.Retry.MaxRetries = 4;
        options.Retry.Delay = TimeSpan.FromMilliseconds(1);
        options.Retry.MaxDelay = TimeSpan.FromMilliseconds(10);
        options.Retry.NetworkTimeout = patience ?? TimeSpan.FromSeconds(30);
        var tables = new UsageTables(new TableServiceClient(azurite.ConnectionString, options), _prefix);
        var builder = new RollupBuilder(new TableUsageReader(tables), new TableUsageSweep(tables), new TableRollupStore(tables), new FakeTimeProvider(Start.AddMonths(2)));
        return new UsageReport(builder).RunAsync(Month, Stop);
    }
}
