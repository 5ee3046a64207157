using System.Net;
using Azure.Core;
using Azure.Identity;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Providers;
using Serverless.Gateway.Routing;

namespace Serverless.Gateway.Tests.Pipeline;

/// <summary>What an operator finds in the log: each failed try with what lies beneath it, and never a word of a prompt or a secret.</summary>
public sealed class LogTests : GatewayTest
{
    [Fact]
    public async Task Why_there_is_no_token_of_Entra_ID_is_in_the_log_and_not_in_the_answer()
    {
        var settings = new ProviderSettings("azure", AzureOpenAIProvider.Row) { BaseUrl = Stub.Address };
        using var provider = new AzureOpenAIProvider(settings, new GatewayLimits(), static () => new RefusedCredential(), TimeProvider.System);
        await StartAsync(new GatewayEndpoint("m", [new Destination("d0", provider, "gpt-5")]));
        (HttpResponseMessage response, string body) = await AskAsync(Family.Chat.Request("m"));

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.DoesNotContain("AADSTS", body, StringComparison.Ordinal);
        string line = Assert.Single(Gateway.Log.Text.Split('\n'), line => line.Contains("AADSTS700016", StringComparison.Ordinal));
        Assert.StartsWith("Warning: Request ", line, StringComparison.Ordinal);
        Assert.Contains("destination d0 has failed with status 0 (provider_credential); the caller is told. Because: The credential failed. Because: AADSTS700016: no such application in the directory of the tenant.", line, StringComparison.Ordinal);
        Assert.Empty(Stub.Requests);
    }

    [Fact]
    public async Task A_fallback_is_one_line_that_says_who_is_next()
    {
        await StartAsync(Family.Chat.Endpoint("m", Stub, Second));
        Stub.Answer = _ => StubAnswer.Json(Family.Chat.ErrorBody(503), 503);
        Second.Answer = _ => StubAnswer.Json(Family.Chat.Json);
        await AskAsync(Family.Chat.Request("m"));

        string line = Assert.Single(Gateway.Log.Text.Split('\n'), line => line.Contains("has failed", StringComparison.Ordinal));
        Assert.Contains("to endpoint m: destination d0 has failed with status 503 (some_code); d1 is next.", line, StringComparison.Ordinal);

        // A provider's words may quote the prompt.
        Assert.DoesNotContain("upstream says", Gateway.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_nobody_answers_at_is_named()
    {
        var nobody = new Uri("http://127.0.0.1:9/");
        await StartAsync(new GatewayEndpoint("m", [new Destination("d0", new TestProvider("p", nobody, Family.Chat.Dialect), "x")]));
        await AskAsync(Family.Chat.Request("m"));
        Assert.Contains("d0 has failed with status 0 (upstream_unreachable); the caller is told. Because: ", Gateway.Log.Text, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:9", Gateway.Log.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(400, "Information: Request")]
    [InlineData(429, "Warning: Request")]
    public async Task The_callers_own_mistakes_are_no_warning(int status, string start)
    {
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        Stub.Answer = _ => StubAnswer.Json(Family.Chat.ErrorBody(status), status);
        await AskAsync(Family.Chat.Request("m"));
        Assert.Contains(Gateway.Log.Text.Split('\n'), line => line.StartsWith(start, StringComparison.Ordinal) && line.Contains("d0 has failed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_stream_that_breaks_off_is_a_line()
    {
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        var arrived = new TaskCompletionSource();
        Stub.Answer = _ => StubAnswer.Sse([.. Family.Chat.Head.Concat(Family.Chat.Content).Select(StubStep.Write), StubStep.Await(arrived.Task), StubStep.Reset]);
        HttpResponseMessage response = await SendAsync(Family.Chat.Request("m", stream: true));
        var reading = new Reading(await response.Content.ReadAsStreamAsync(Stop));
        await reading.UntilAsync(Family.Said);
        arrived.SetResult();
        await reading.ToEndAsync();
        await RecordAsync();
        string line = Assert.Single(Gateway.Log.Text.Split('\n'), line => line.Contains("broke off", StringComparison.Ordinal));
        Assert.Contains("the stream of destination d0 broke off after its client got a part of it (upstream_connection_lost). Because: ", line, StringComparison.Ordinal);
        Assert.DoesNotContain(Family.Said, Gateway.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_caller_that_is_not_known_is_a_line_since_it_leaves_no_record()
    {
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        HttpRequestMessage stranger = Family.Chat.Request("m");
        stranger.Headers.Authorization = new("Bearer", "wrong-key");
        await AskAsync(stranger);
        Assert.Contains("was not accepted: status 401 (invalid_api_key).", Gateway.Log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-key", Gateway.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_goes_well_is_no_line()
    {
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        Stub.Answer = _ => StubAnswer.Json(Family.Chat.Json);
        await AskAsync(Family.Chat.Request("m"));
        var list = new HttpRequestMessage(HttpMethod.Get, "/openai/v1/models");
        list.Headers.Authorization = new("Bearer", "good");
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(list)).Response.StatusCode);
        await RecordAsync();
        Assert.DoesNotContain("Request ", Gateway.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_counter_that_is_out_of_order_is_a_line()
    {
        await StartAsync(Family.Messages.Endpoint("m", Stub));
        Stub.Answer = _ => StubAnswer.Json(Family.Messages.ErrorBody(500), 500);
        var request = new HttpRequestMessage(HttpMethod.Post, "/anthropic/v1/messages/count_tokens")
        {
            Content = new StringContent("""{"model":"m","messages":[{"role":"user","content":"Hello"}]}""", System.Text.Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new("Bearer", "good");
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(request)).Response.StatusCode);
        Assert.Contains("d0 has failed with status 500", Gateway.Log.Text, StringComparison.Ordinal);
        Assert.Contains("; its tokens are estimated.", Gateway.Log.Text, StringComparison.Ordinal);
    }

    private sealed class RefusedCredential : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) => throw Refusal();

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) => throw Refusal();

        private static AuthenticationFailedException Refusal() =>
            new("The credential failed.", new InvalidOperationException("AADSTS700016: no such application\r\n  in the directory of the tenant."));
    }
}
