using System.Globalization;
using System.Text.Json;
using Serverless.Translation.Dialects.OpenAI;
using Serverless.Translation.Dialects.OpenAI.ChatCompletions;
using Serverless.Translation.Dialects.OpenAI.Responses;

namespace Serverless.Translation.Tests;

/// <summary>What providers say that a request cost, each in its own words.</summary>
public sealed class ReportedCostTests
{
    [Theory]
    [InlineData("""{"cost":0.0042}""", "0.0042")]
    [InlineData("""{"cost":1.5e-7,"is_byok":false}""", "0.00000015")]
    [InlineData("""{"cost":0.0002,"is_byok":true,"cost_details":{"upstream_inference_cost":0.0042}}""", null)]
    [InlineData("""{"cost":{"currency":"USD","request_cost":0.006,"total_cost":0.0061}}""", "0.0061")]
    [InlineData("""{"cost":{"currency":"USD"}}""", null)]
    [InlineData("""{"cost_in_usd_ticks":37756000}""", "0.0037756")]
    [InlineData("""{"cost":"0.0042"}""", null)]
    [InlineData("""{"cost":1e400}""", null)]
    [InlineData("""{"cost":null}""", null)]
    [InlineData("{}", null)]
    public void It_is_read_in_dollars(string usage, string? dollars) =>
        Assert.Equal(dollars is null ? null : decimal.Parse(dollars, CultureInfo.InvariantCulture), ReportedCost.Read(JsonElement.Parse(usage)));

    [Fact]
    public void Chat_Completions_and_Responses_tell_it_with_the_tokens()
    {
        Assert.Equal(0.5m, ChatCompletionsUsage.Read(JsonElement.Parse("""{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"cost":0.5}"""))!.CostUsd);
        Assert.Equal(0.5m, ResponsesResponse.DecodeUsage(JsonElement.Parse("""{"input_tokens":1,"output_tokens":2,"total_tokens":3,"cost_in_usd_ticks":5000000000}"""))!.CostUsd);
    }
}
