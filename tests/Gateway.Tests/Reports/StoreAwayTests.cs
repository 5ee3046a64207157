using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Reports;
using Serverless.Gateway.Reports.Rollups;
using Serverless.Gateway.Tests.Pipeline;

namespace Serverless.Gateway.Tests.Reports;

/// <summary>What reports answer when the table service refuses: that it is the store, and when to ask again.</summary>
public sealed class StoreAwayTests : GatewayTest
{
    [Theory]
    [InlineData("/reports/usage")]
    [InlineData("/reports/dimensions")]
    [InlineData("/reports/requests")]
    [InlineData("/reports/requests/01m866x69hevrvvtmthnaz5svp")]
    public async Task A_store_that_refuses_is_a_503_that_says_so(string path)
    {
        Stub.Answer = _ => StubAnswer.Json("""{"odata.error":{"code":"AuthorizationFailure","message":{"value":"secret words of the store"}}}""", 403);
        using UsageStorage tables = UsageStorage.Open(new UsageSettings
        {
            Store = UsageStoreKind.Table,
            ConnectionString = $"DefaultEndpointsProtocol=http;AccountName=account;AccountKey=c2VjcmV0;TableEndpoint={Stub.Address}account;",
        })!;
        await StartAsync([], services: s => s
            .AddSingleton(tables.Reader)
            .AddSingleton(new UsageReport(new RollupBuilder(tables.Reader, tables.Sweep, tables.Rollups, TimeProvider.System))));

        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new("Bearer", "good");
        (HttpResponseMessage response, string body) = await AskAsync(request);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(10), response.Headers.RetryAfter!.Delta);
        Assert.Equal("usage_store_unavailable", Parse(body).GetProperty("error").GetProperty("code").GetString());
        Assert.DoesNotContain("secret", body);
        Assert.Contains("could not be read", Gateway.Log.Text);
    }
}
