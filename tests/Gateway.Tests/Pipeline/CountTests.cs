using System.Net;
using System.Text;
using System.Text.Json;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Routing;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Tests.Pipeline;

/// <summary>Tokens of a prompt: counted where somebody counts, otherwise estimated and marked.</summary>
public sealed class CountTests : GatewayTest
{
    private static readonly Dictionary<string, (string Path, string Body, string Answer, Func<JsonElement, long> Read)> Counters = new()
    {
        ["messages"] = ("/anthropic/v1/messages/count_tokens", """{"model":"m","messages":[{"role":"user","content":"Hello"}]}""", """{"input_tokens":42}""", r => r.GetProperty("input_tokens").GetInt64()),
        ["responses"] = ("/openai/v1/responses/input_tokens", """{"model":"m","input":"Hello"}""", """{"object":"response.input_tokens","input_tokens":42}""", r => r.GetProperty("input_tokens").GetInt64()),
        ["gemini"] = ("/gemini/v1beta/models/m:countTokens", """{"contents":[{"role":"user","parts":[{"text":"Hello"}]}]}""", """{"totalTokens":42}""", r => r.GetProperty("totalTokens").GetInt64()),
    };

    public static TheoryData<string, string> Pairs
    {
        get
        {
            var pairs = new TheoryData<string, string>();
            foreach (string client in Counters.Keys)
            {
                foreach (string provider in Counters.Keys)
                {
                    pairs.Add(client, provider);
                }
            }

            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task The_providers_counter_is_asked(string client, string provider)
    {
        await StartAsync(Family.Named(provider).Endpoint("m", Stub));
        Stub.Answer = _ => StubAnswer.Json(Counters[provider].Answer);
        (HttpResponseMessage response, string body) = await AskAsync(Request(client));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(42, Counters[client].Read(Parse(body)));
        Assert.False(response.Headers.Contains("x-gateway-estimated"));
        Assert.EndsWith(Counters[provider].Path.Split('/', ':')[^1], Stub.Request.Target, StringComparison.Ordinal);
        Assert.Contains("upstream-model", Stub.Request.Text + Stub.Request.Target, StringComparison.Ordinal);
        UsageRecord record = await RecordAsync();
        Assert.Equal((RequestOutcome.Success, 200), (record.Outcome, record.StatusCode));
        Assert.Null(record.Usage);
        Assert.DoesNotContain("messages\"", record.ApiType, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("messages")]
    [InlineData("responses")]
    [InlineData("gemini")]
    public async Task Where_nobody_counts_it_is_estimated(string client)
    {
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        (HttpResponseMessage response, string body) = await AskAsync(Request(client));
        Assert.True(Counters[client].Read(Parse(body)) > 0);
        Assert.Equal("true", response.Headers.GetValues("x-gateway-estimated").Single());
        Assert.Empty(Stub.Requests);
    }

    [Theory]
    [InlineData("messages", 500)]
    [InlineData("messages", 404)]
    [InlineData("responses", 401)]
    [InlineData("gemini", 429)]
    public async Task A_counter_out_of_order_is_replaced_by_an_estimate(string client, int status)
    {
        Family family = Family.Named(client);
        await StartAsync(family.Endpoint("m", Stub));
        Stub.Answer = _ => StubAnswer.Json(family.ErrorBody(status), status);
        (HttpResponseMessage response, string body) = await AskAsync(Request(client));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(Counters[client].Read(Parse(body)) > 0);
        Assert.Equal("true", response.Headers.GetValues("x-gateway-estimated").Single());
    }

    [Fact]
    public async Task A_prompt_that_the_counter_refuses_is_refused()
    {
        await StartAsync(Family.Messages.Endpoint("m", Stub));
        Stub.Answer = _ => StubAnswer.Json(Family.Messages.ErrorBody(400), 400);
        (HttpResponseMessage response, string body) = await AskAsync(Request("messages"));
        Assert.Equal(400, (int)response.StatusCode);
        Assert.Equal(Family.Messages.ErrorBody(400), body);
    }

    [Fact]
    public async Task An_unknown_endpoint_is_not_counted()
    {
        await StartAsync(new GatewayEndpoint("other", [new Destination("d", new TestProvider("p", Stub.Address, DialectIds.Messages), "x")]));
        Assert.Equal(404, (int)(await AskAsync(Request("messages"))).Response.StatusCode);
    }

    private static HttpRequestMessage Request(string client)
    {
        (string path, string body, _, _) = Counters[client];
        return new HttpRequestMessage(HttpMethod.Post, path)
        {
            Headers = { Authorization = new("Bearer", "good") },
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
    }
}
