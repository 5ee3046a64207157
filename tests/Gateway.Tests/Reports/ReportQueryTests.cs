using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Serverless.Gateway.Reports;
using Serverless.Gateway.Reports.Rollups;

namespace Serverless.Gateway.Tests.Reports;

public sealed class ReportQueryTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 6, 30, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("?interval=minute&from=2026-11-24T00:30:00Z", true)]
    [InlineData("?interval=minute&from=2026-11-24T00:29:00Z", false)]
    [InlineData("?interval=minute", false)]
    [InlineData("?interval=hour", true)]
    public void Minutes_are_for_short_spans(string query, bool taken)
    {
        List<string> faults = [];
        ReportQuery? read = ReportQuery.Parse(new QueryCollection(QueryHelpers.ParseQuery(query)), Now, faults);
        Assert.Equal(taken, read is not null);
        Assert.Equal(taken ? [] : ["'interval' can be minute for at most 6 hours."], faults);
        Assert.Equal(taken && query.Contains("minute") ? RollupLevel.Minute : taken ? RollupLevel.Hour : null, read?.Interval);
    }
}
