using Microsoft.AspNetCore.Http;
using Serverless.Gateway.Pipeline;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Tests.Pipeline;

/// <summary>Headers that the gateway makes are safe whatever the client's fields are called, and bounded.</summary>
public sealed class HeaderPolicyTests
{
    [Fact]
    public void Names_of_fields_cannot_break_a_header()
    {
        IHeaderDictionary headers = new HeaderDictionary();
        HeaderPolicy.Report([new ReportEntry("a\r\nSet-Cookie: x", "r", Dropped: true), new ReportEntry("größe,länge", "r", Dropped: true), new ReportEntry("b", "r", Dropped: false)], headers);
        Assert.Equal("a??Set-Cookie: x, gr??e;l?nge", headers["x-gateway-dropped"].ToString().Replace("ö", "?", StringComparison.Ordinal));
        Assert.Equal("b", headers["x-gateway-changed"]);
    }

    [Fact]
    public void A_long_list_is_cut_and_counted()
    {
        IHeaderDictionary headers = new HeaderDictionary();
        HeaderPolicy.Report([.. Enumerable.Range(0, 500).Select(i => new ReportEntry($"messages[{i}].content[0].cache_control", "r", Dropped: true))], headers);
        string value = headers["x-gateway-dropped"].ToString();
        Assert.InRange(value.Length, 900, 1100);
        Assert.Matches(", and \\d+ more$", value);
    }

    [Fact]
    public void A_later_report_replaces_an_earlier_one()
    {
        IHeaderDictionary headers = new HeaderDictionary();
        HeaderPolicy.Report([new ReportEntry("seed", "r", Dropped: true)], headers);
        HeaderPolicy.Report([], headers);
        Assert.Empty(headers);
    }

    [Theory]
    [InlineData(0.2, "1")]
    [InlineData(2.1, "3")]
    [InlineData(60, "60")]
    public void A_wait_is_told_in_whole_seconds(double seconds, string expected)
    {
        IHeaderDictionary headers = new HeaderDictionary();
        var error = new GatewayError(ErrorKind.RateLimited, 429, "Slowly.") { RetryAfter = TimeSpan.FromSeconds(seconds) };
        HeaderPolicy.RetryAfter(error, headers);
        Assert.Equal(expected, headers.RetryAfter);
        HeaderPolicy.RetryAfter(error with { RetryAfter = TimeSpan.FromHours(1) }, headers);
        Assert.Equal(expected, headers.RetryAfter);
    }
}
