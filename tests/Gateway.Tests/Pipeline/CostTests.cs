using System.Net;
using System.Text;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Prices;
using Serverless.Gateway.Routing;

namespace Serverless.Gateway.Tests.Pipeline;

/// <summary>The record says what the request cost; an endpoint may refuse what has no price.</summary>
public sealed class CostTests : GatewayTest
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_record_has_the_cost_of_what_served(bool stream)
    {
        await StartAsync(Endpoint("openai", "whatever-it-is-called-here"));
        Stub.Answer = _ => stream ? StubAnswer.Sse([.. Family.Chat.Frames.Select(Served)]) : StubAnswer.Json(Served(Family.Chat.Json));

        await AskAsync(Family.Chat.Request("m", stream));

        // 11 tokens of $1.25 and 4 of $10 per million.
        UsageRecord record = await RecordAsync();
        Assert.Equal((11 * 1250) + (4 * 10_000), record.CostNanoUsd);
        Assert.Equal(new PriceList().Version, record.PriceVersion);
        Assert.Null(Gateway.Usage.AllAccepted[0].CostNanoUsd);
    }

    [Theory]
    [InlineData("flex", null, 0.5)]
    [InlineData("priority", null, 2)]
    [InlineData("flex", "default", 1)]
    [InlineData("auto", null, 1)]
    public async Task The_tier_that_served_counts_else_the_one_asked_for(string asked, string? served, double factor)
    {
        await StartAsync(Endpoint("openai", "gpt-5.1"));
        Stub.Answer = _ => StubAnswer.Json(Served(Family.Chat.Json, served));
        HttpRequestMessage request = Family.Chat.Request("m", stream: false);
        string body = await request.Content!.ReadAsStringAsync(Stop);
        request.Content = new StringContent(body.Insert(1, $"\"service_tier\":\"{asked}\","), Encoding.UTF8, "application/json");

        await AskAsync(request);

        Assert.Equal((long)(((11 * 1250) + (4 * 10_000)) * factor), (await RecordAsync()).CostNanoUsd);
    }

    [Theory]
    [InlineData("openrouter", """ "cost":0.0123456789, "is_byok":false, """, false, 12_345_679L)]
    [InlineData("openrouter", """ "cost":0.0123456789, """, true, 12_345_679L)]
    [InlineData("openrouter", """ "cost":0.0006, "is_byok":true, "cost_details":{"upstream_inference_cost":0.012}, """, false, null)]
    [InlineData("perplexity", """ "cost":{"request_cost":0.006,"total_cost":0.0061}, """, true, 6_100_000L)]
    [InlineData("xai", """ "cost_in_usd_ticks":37756000, """, false, 3_775_600L)]
    [InlineData("vllm", """ "cost":0.5, """, false, null)]
    public async Task Who_says_what_an_answer_cost_is_believed_where_that_is_what_it_bills(string kind, string told, bool stream, long? nanoUsd)
    {
        await StartAsync(Endpoint(kind, "some-model"));
        string With(string json) => json.Replace("\"usage\":{", "\"usage\":{" + told.Trim(), StringComparison.Ordinal);
        Stub.Answer = _ => stream ? StubAnswer.Sse([.. Family.Chat.Frames.Select(With)]) : StubAnswer.Json(With(Family.Chat.Json));

        await AskAsync(Family.Chat.Request("m", stream));

        UsageRecord record = await RecordAsync();
        Assert.Equal((11, nanoUsd), (record.Usage!.InputTokens, record.CostNanoUsd));
    }

    [Fact]
    public async Task A_model_without_a_price_costs_null()
    {
        await StartAsync(Endpoint("openai", "gpt-99"));
        Stub.Answer = _ => StubAnswer.Json(Family.Chat.Json);

        await AskAsync(Family.Chat.Request("m", stream: false));

        UsageRecord record = await RecordAsync();
        Assert.Equal((11, null, null), (record.Usage!.InputTokens, record.CostNanoUsd, record.PriceVersion));
    }

    [Theory]
    [MemberData(nameof(Family.Pairs), MemberType = typeof(Family))]
    public async Task An_endpoint_may_refuse_it_before_the_provider_is_asked(string clientName, string providerName)
    {
        Family client = Family.Named(clientName);
        await StartAsync(Family.Named(providerName).Endpoint("m", Stub) with { RequirePrice = true });

        (HttpResponseMessage response, string body) = await AskAsync(client.Request("m", stream: false));

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Contains("'p0/upstream-model' has none", client.ErrorMessage(Parse(body)), StringComparison.Ordinal);
        Assert.Empty(Stub.Requests);
        UsageRecord record = await RecordAsync();
        Assert.Equal((RequestOutcome.Refused, 403, "model_unpriced", null), (record.Outcome, record.StatusCode, record.ErrorCode, record.Usage));
    }

    [Fact]
    public async Task What_has_a_price_is_asked_in_place_of_what_has_none()
    {
        GatewayEndpoint unpriced = Family.Chat.Endpoint("m", Second);
        await StartAsync(Endpoint("openai", "gpt-5.1") with { RequirePrice = true, Destinations = [unpriced.Destinations[0], Endpoint("openai", "gpt-5.1").Destinations[0]] });
        Stub.Answer = _ => StubAnswer.Json(Served(Family.Chat.Json));

        (HttpResponseMessage response, _) = await AskAsync(Family.Chat.Request("m", stream: false));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Empty(Second.Requests);
        UsageRecord record = await RecordAsync();
        Assert.Equal(["model_unpriced", null], record.Attempts.Select(a => a.Reason));
        Assert.NotNull(record.CostNanoUsd);
    }

    private GatewayEndpoint Endpoint(string kind, string model) =>
        new("m", [new Destination("d0", new TestProvider("p0", Stub.Address, Family.Chat.Dialect) { Kind = kind }, model)]);

    private static string Served(string json) => Served(json, null);

    private static string Served(string json, string? tier) =>
        json.Replace("served-model", "gpt-5.1-2025-11-13" + (tier is null ? "" : $"\",\"service_tier\":\"{tier}"), StringComparison.Ordinal);
}
