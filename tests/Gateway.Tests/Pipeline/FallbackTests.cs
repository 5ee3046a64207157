using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Tests.Pipeline;

/// <summary>A refusal before the first content goes to the next destination; the caller's own faults do not.</summary>
public sealed class FallbackTests : GatewayTest
{
    private static readonly string[] OnlyInStreams = ["first-event", "lifecycle-then-error", "empty-stream", "lifecycle-then-cut", "malformed"];

    public static TheoryData<string, string, bool> Failures
    {
        get
        {
            var data = new TheoryData<string, string, bool>();
            foreach (string failure in (string[])["401", "402", "403", "408", "409", "413", "429", "500", "502", "503", "529", "302", "reset", "html", "not-json", "first-event", "lifecycle-then-error", "empty-stream", "lifecycle-then-cut", "malformed", "unreachable", "no-credential"])
            {
                foreach (Family family in Family.All)
                {
                    foreach (bool stream in (bool[])[false, true])
                    {
                        if (stream ? failure != "not-json" : !OnlyInStreams.Contains(failure))
                        {
                            data.Add(family.Name, failure, stream);
                        }
                    }
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task What_may_be_better_elsewhere_goes_elsewhere(string name, string failure, bool stream)
    {
        Family family = Family.Named(name);
        GatewayEndpoint endpoint = family.Endpoint("m", Stub, Second);
        switch (failure)
        {
            case "unreachable":
                endpoint = new GatewayEndpoint("m", [new Destination("d0", new TestProvider("p", await NobodyAsync(), family.Dialect), "x"), endpoint.Destinations[1]]);
                break;
            case "no-credential":
                endpoint = new GatewayEndpoint("m", [new Destination("d0", new TestProvider("p", Stub.Address, family.Dialect) { Fault = GatewayError.Upstream("No token could be had.", "no_credential") }, "x"), endpoint.Destinations[1]]);
                break;
            default:
                Stub.Enqueue(Failure(family, failure));
                break;
        }

        await StartAsync(endpoint);
        Second.Answer = _ => stream ? StubAnswer.Sse([.. family.Frames]) : StubAnswer.Json(family.Json, 200, ("x-request-id", "second"));
        (HttpResponseMessage response, string body) = await AskAsync(family.Request("m", stream));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("d1", response.Headers.GetValues("x-gateway-destination").Single());
        if (stream)
        {
            Assert.Contains(Family.Said, body, StringComparison.Ordinal);
            Assert.DoesNotContain("on fire", body, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal(family.Json, body);
        }

        UsageRecord record = await RecordAsync();
        Assert.Equal((RequestOutcome.Success, "d1"), (record.Outcome, record.Destination));
        Assert.Equal(["d0", "d1"], record.Attempts.Select(a => a.Destination));
        Assert.NotNull(record.Attempts[0].Reason);
        Assert.Null(record.Attempts[1].Reason);
        Assert.Equal((11, 4), (record.Usage!.InputTokens, record.Usage.OutputTokens));
    }

    [Theory]
    [MemberData(nameof(Family.Names), MemberType = typeof(Family))]
    public async Task What_is_wrong_everywhere_does_not(string name)
    {
        Family family = Family.Named(name);
        await StartAsync(family.Endpoint("m", Stub, Second));
        foreach (int status in (int[])[400, 404, 422])
        {
            Stub.Enqueue(StubAnswer.Json(family.ErrorBody(status), status));
            (HttpResponseMessage response, string body) = await AskAsync(family.Request("m"));
            Assert.Equal(status, (int)response.StatusCode);
            Assert.Equal(family.ErrorBody(status), body);
        }

        Assert.Empty(Second.Requests);
        Assert.All(Gateway.Usage.All, r => Assert.Single(r.Attempts));
    }

    [Fact]
    public async Task A_prompt_that_is_too_long_may_fit_elsewhere()
    {
        await StartAsync(Family.Chat.Endpoint("m", Stub, Second));
        Stub.Enqueue(StubAnswer.Json("""{"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}""", 400));
        Second.Enqueue(StubAnswer.Json(Family.Chat.Json));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(Family.Chat.Request("m"))).Response.StatusCode);
    }

    [Theory]
    [MemberData(nameof(Family.Names), MemberType = typeof(Family))]
    public async Task When_all_fail_the_last_failure_is_told(string name)
    {
        Family family = Family.Named(name);
        await StartAsync(family.Endpoint("m", Stub, Second));
        foreach (bool stream in (bool[])[false, true])
        {
            Stub.Enqueue(StubAnswer.Json(family.ErrorBody(500), 500));
            Second.Enqueue(StubAnswer.Json(family.ErrorBody(429), 429, ("Retry-After", "3"), ("retry-after-ms", "3000")));
            (HttpResponseMessage response, string body) = await AskAsync(family.Request("m", stream));
            Assert.Equal(429, (int)response.StatusCode);
            Assert.Equal(family.ErrorBody(429), body);
            Assert.Equal("3", response.Headers.GetValues("Retry-After").Single());
            Assert.Equal("3000", response.Headers.GetValues("retry-after-ms").Single());
        }

        Assert.All(Gateway.Usage.All, r => Assert.Equal([500, 429], r.Attempts.Select(a => a.Status)));
        Assert.All(Gateway.Usage.All, r => Assert.Equal((RequestOutcome.UpstreamError, 429, "d1"), (r.Outcome, r.StatusCode, r.Destination)));
    }

    [Fact]
    public async Task Two_streams_that_fail_at_once_leave_a_status_and_no_frame()
    {
        foreach (Family family in Family.All)
        {
            await using TestGateway gateway = await TestGateway.StartAsync([family.Endpoint("m", Stub, Second)]);
            Stub.Enqueue(StubAnswer.Sse([.. family.Head, family.ErrorFrame]));
            Second.Enqueue(StubAnswer.Sse([.. family.Head, family.ErrorFrame]));
            HttpResponseMessage response = await gateway.Client.SendAsync(family.Request("m", stream: true), Stop);
            Assert.True((int)response.StatusCode >= 500, family.Name);
            JsonElement body = Parse(await response.Content.ReadAsStringAsync(Stop));
            Assert.Equal("The engine is on fire", family.ErrorMessage(body));
        }
    }

    [Fact]
    public async Task A_silent_provider_is_left_after_its_time()
    {
        await StartAsync(Family.Messages.Endpoint("m", Stub, Second), new GatewayLimits { FirstByte = TimeSpan.FromMilliseconds(300) });
        Stub.Enqueue(StubAnswer.Silence, StubAnswer.Sse([.. Family.Messages.Head.Select(StubStep.Write), StubStep.Hang]), StubAnswer.Silence);
        Second.Enqueue(StubAnswer.Sse([.. Family.Messages.Frames]), StubAnswer.Sse([.. Family.Messages.Frames]), StubAnswer.Json(Family.Messages.Json));
        var watch = Stopwatch.StartNew();
        (_, string body) = await AskAsync(Family.Messages.Request("m", stream: true));
        Assert.Equal(Family.Messages.Stream, body);
        (_, body) = await AskAsync(Family.Messages.Request("m", stream: true));
        Assert.Equal(Family.Messages.Stream, body);
        (_, body) = await AskAsync(Family.Messages.Request("m"));
        Assert.Equal(Family.Messages.Json, body);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0.8, 8);
        foreach (StubRequest request in Stub.Requests)
        {
            await request.Aborted.WaitAsync(TimeSpan.FromSeconds(2), Stop);
        }

        Assert.Equal(["upstream_timeout", "upstream_stalled", "upstream_timeout"], Gateway.Usage.All.Select(r => r.Attempts[0].Reason));
    }

    [Fact]
    public async Task Nobody_in_time_is_a_504()
    {
        await StartAsync(Family.Messages.Endpoint("m", Stub), new GatewayLimits { FirstByte = TimeSpan.FromMilliseconds(200) });
        Stub.Answer = _ => StubAnswer.Silence;
        (HttpResponseMessage response, string body) = await AskAsync(Family.Messages.Request("m"));
        Assert.Equal(504, (int)response.StatusCode);
        Assert.Equal("error", Parse(body).GetProperty("type").GetString());
        Assert.Equal((RequestOutcome.Timeout, 504), ((await RecordAsync()).Outcome, Gateway.Usage.All[0].StatusCode));
    }

    [Fact]
    public async Task The_next_destination_may_speak_another_dialect()
    {
        foreach (Family first in Family.All)
        {
            foreach (Family second in Family.All)
            {
                GatewayEndpoint endpoint = new("m", [first.Endpoint("", Stub).Destinations[0], second.Endpoint("", Second, Second).Destinations[1]]);
                await using TestGateway gateway = await TestGateway.StartAsync([endpoint]);
                Stub.Enqueue(StubAnswer.Json(first.ErrorBody(503), 503));
                Second.Enqueue(StubAnswer.Sse([.. second.Frames]));
                HttpResponseMessage response = await gateway.Client.SendAsync(first.Request("m", stream: true), Stop);
                string body = await response.Content.ReadAsStringAsync(Stop);
                Assert.Contains(Family.Said, body, StringComparison.Ordinal);
                Assert.Contains(first.EndMark, body, StringComparison.Ordinal);
                UsageRecord record = await gateway.Usage.SingleAsync();
                Assert.Equal((second.Dialect.Name, 15), (record.ProviderDialect, record.Usage!.TotalTokens));
            }
        }
    }

    [Fact]
    public async Task What_one_destination_cannot_be_told_another_may()
    {
        // Chat Completions has no top_k; the second destination takes the request as it is.
        Family gemini = Family.Gemini;
        GatewayEndpoint endpoint = new("m", [Family.Chat.Endpoint("", Stub).Destinations[0], gemini.Endpoint("", Second, Second).Destinations[1]]) { OnUnsupported = OnUnsupported.Reject };
        await StartAsync(endpoint);
        Second.Answer = _ => StubAnswer.Json(gemini.Json);
        string asked = """{"contents":[{"role":"user","parts":[{"text":"Hello"}]}],"generationConfig":{"topK":5}}""";
        (_, string body) = await AskAsync(gemini.Request("m", body: asked));
        Assert.Equal(gemini.Json, body);
        Assert.Empty(Stub.Requests);

        Second.Answer = _ => StubAnswer.Json(gemini.ErrorBody(503), 503);
        (HttpResponseMessage response, _) = await AskAsync(gemini.Request("m", body: asked));
        Assert.Equal(503, (int)response.StatusCode);
    }

    [Fact]
    public async Task A_client_that_is_gone_is_not_answered_elsewhere()
    {
        await StartAsync(Family.Chat.Endpoint("m", Stub, Second));
        var asked = new TaskCompletionSource();
        Stub.Answer = _ =>
        {
            asked.SetResult();
            return StubAnswer.Silence;
        };
        using var gone = new CancellationTokenSource();
        Task<HttpResponseMessage> answer = Gateway.Client.SendAsync(Family.Chat.Request("m"), gone.Token);
        await asked.Task.WaitAsync(Stop);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        UsageRecord record = await RecordAsync();
        Assert.Equal((RequestOutcome.ClientClosed, 499), (record.Outcome, record.StatusCode));
        Assert.Empty(Second.Requests);
    }

    private static StubAnswer Failure(Family family, string failure) => failure switch
    {
        "302" => new StubAnswer { Status = 302, Headers = { ["Location"] = "http://127.0.0.1:1/" } },
        "reset" => StubAnswer.Reset,
        "html" => new StubAnswer { Status = 502, Headers = { ["Content-Type"] = "text/html" }, Steps = [StubStep.Write("<html>Bad gateway</html>")] },
        "not-json" => StubAnswer.Json("""{"id": "cut of"""),
        "first-event" => StubAnswer.Sse(family.ErrorFrame),
        "lifecycle-then-error" => StubAnswer.Sse([.. family.Head, family.ErrorFrame]),
        "empty-stream" => StubAnswer.Sse(""),
        "lifecycle-then-cut" => StubAnswer.Sse([.. family.Head.Select(StubStep.Write), StubStep.Reset]),
        "malformed" => StubAnswer.Sse("data: {\"nope\n\n"),
        _ => StubAnswer.Json(family.ErrorBody(int.Parse(failure, CultureInfo.InvariantCulture)), int.Parse(failure, CultureInfo.InvariantCulture)),
    };

    private static async Task<Uri> NobodyAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var address = new Uri($"http://{listener.LocalEndpoint}");
        listener.Stop();
        await Task.Yield();
        return address;
    }
}
