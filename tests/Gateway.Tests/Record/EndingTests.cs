using System.Net.Sockets;
using System.Text;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Prices;
using Serverless.Gateway.Routing;
using Serverless.Gateway.Tests.Pipeline;

namespace Serverless.Gateway.Tests.Record;

/// <summary>However a request ends, and whatever is spoken on its two sides: one record, and every column of it says what happened.</summary>
public sealed class EndingTests : GatewayTest
{
    private const int MaxBody = 4096;
    private const string Priced = "gpt-5.1-2025-11-13";

    /// <summary>Whether tokens were used: none, as many as the provider counted, as many as the gateway thinks.</summary>
    public enum Used
    {
        None,
        Counted,
        Estimated,
    }

    private static readonly Ending[] Endings =
    [
        new("success", RequestOutcome.Success, 200, null, Used.Counted),
        new("streamed", RequestOutcome.Success, 200, null, Used.Counted) { Stream = true },
        new("one-for-many", RequestOutcome.Success, 200, null, Used.Counted) { Stream = true, Answer = p => StubAnswer.Json(Served(p.Json)) },
        new("many-for-one", RequestOutcome.Success, 200, null, Used.Counted) { Answer = p => StubAnswer.Sse([.. p.Frames.Select(Served)]) },
        new("provider-400", RequestOutcome.UpstreamError, 400, "some_code|invalid_request", Used.None) { Answer = p => StubAnswer.Json(p.ErrorBody(400), 400) },
        new("provider-429", RequestOutcome.UpstreamError, 429, "some_code|rate_limited", Used.None) { Answer = p => StubAnswer.Json(p.ErrorBody(429), 429), Stream = true },
        new("provider-500", RequestOutcome.UpstreamError, 0, "some_code|upstream_error", Used.None) { Answer = p => StubAnswer.Json(p.ErrorBody(500), 500) },
        new("provider-401", RequestOutcome.UpstreamError, 502, "upstream_credential_refused", Used.None) { Answer = p => StubAnswer.Json(p.ErrorBody(401), 401) },
        new("not-json", RequestOutcome.UpstreamError, 502, "upstream_not_json", Used.None) { Answer = _ => StubAnswer.Json("{\"id\": \"cut of") },
        new("reset", RequestOutcome.UpstreamError, 502, "upstream_connection_lost", Used.None) { Answer = _ => StubAnswer.Reset },
        new("silence", RequestOutcome.Timeout, 504, "upstream_timeout", Used.None) { Answer = _ => StubAnswer.Silence, Patience = 300 },
        new("forbidden", RequestOutcome.Refused, 403, "endpoint_forbidden", Used.None) { Model = "secret", Attempts = 0 },
        new("unknown", RequestOutcome.Refused, 404, "model_not_found", Used.None) { Model = "nowhere", Attempts = 0 },
        new("bad-json", RequestOutcome.Refused, 400, "invalid_json|invalid_request", Used.None) { Body = "{\"model\":\"m\",", Attempts = 0 },
        new("too-large", RequestOutcome.Refused, 413, "request_too_large", Used.None) { Body = new string(' ', MaxBody + 1), Attempts = 0 },
        new("failed-mid", RequestOutcome.Truncated, 200, "server_error|upstream_error|overloaded|overloaded_error|UNAVAILABLE", Used.Estimated) { Stream = true, Then = p => StubStep.Write(p.ErrorFrame) },
        new("cut-mid", RequestOutcome.Truncated, 200, "upstream_connection_lost|stream_truncated|incomplete_stream|upstream_error|upstream_truncated", Used.Estimated) { Stream = true, Then = _ => StubStep.Reset },
        new("stalled-mid", RequestOutcome.Truncated, 200, "upstream_stalled", Used.Estimated) { Stream = true, Then = _ => StubStep.Hang, Patience = 300 },
        new("gone-before", RequestOutcome.ClientClosed, 499, "client_closed", Used.Estimated) { Answer = _ => StubAnswer.Silence, HangsUp = true },
        new("gone-mid", RequestOutcome.ClientClosed, 200, "client_closed", Used.Estimated) { Stream = true, Then = _ => StubStep.Hang, HangsUp = true },
    ];

    public static TheoryData<string, string, string> All
    {
        get
        {
            var all = new TheoryData<string, string, string>();
            foreach (Ending ending in Endings)
            {
                foreach (Family client in Family.All)
                {
                    foreach (Family provider in Family.All)
                    {
                        all.Add(ending.Name, client.Name, provider.Name);
                    }
                }
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task It_is_told_in_every_column(string name, string clientName, string providerName)
    {
        (Ending ending, Family client, Family provider) = (Endings.Single(e => e.Name == name), Family.Named(clientName), Family.Named(providerName));
        var patience = TimeSpan.FromMilliseconds(ending.Patience);
        await StartAsync([Endpoint("m", provider), Endpoint("secret", provider)], new GatewayLimits { FirstByte = patience, Silence = patience, MaxBodyBytes = MaxBody });
        var begun = new TaskCompletionSource();
        Stub.Answer = _ =>
        {
            StubAnswer answer = ending.Answer?.Invoke(provider)
                ?? (ending.Then is { } then ? StubAnswer.Sse([.. provider.Head.Concat(provider.Content).Select(Served).Select(StubStep.Write), StubStep.Await(begun.Task), then(provider)])
                : ending.Stream ? StubAnswer.Sse([.. provider.Frames.Select(Served)]) : StubAnswer.Json(Served(provider.Json)));
            answer.Headers["x-request-id"] = "theirs";
            return answer;
        };
        HttpRequestMessage request = client.Request(ending.Model, ending.Stream, ending.Body);
        long sent = request.Content!.Headers.ContentLength!.Value;

        string? body = null;
        HttpResponseMessage? response = null;
        if (ending.HangsUp && !ending.Stream)
        {
            await HangUpAsync(request);
        }
        else
        {
            response = await SendAsync(request);
            var reader = new Reading(await response.Content.ReadAsStreamAsync(Stop));
            await (ending.Then is null ? Task.CompletedTask : reader.UntilAsync(Family.Said));
            begun.SetResult();
            if (ending.HangsUp)
            {
                response.Dispose();
            }
            else
            {
                body = await reader.ToEndAsync();
            }
        }

        UsageRecord record = await RecordAsync();
        Assert.Equal((ending.Outcome, ending.Stream), (record.Outcome, record.Stream));
        Assert.True(ending.Status == 0 ? record.StatusCode >= 500 : ending.Status == record.StatusCode, $"{record.StatusCode}");
        Assert.Contains(record.ErrorCode ?? "", (ending.Codes ?? "").Split('|'));
        Assert.Equal(ending.Outcome == RequestOutcome.Success ? Translation.Canonical.FinishReason.Stop : null, record.FinishReason);
        Assert.Equal((record.RequestId, record.StatusCode), response is null ? (record.RequestId, 499) : (response.Headers.GetValues("x-request-id").Single(), (int)response.StatusCode));
        Assert.Equal(body is null ? record.BytesOut : Encoding.UTF8.GetByteCount(body), record.BytesOut);

        // Who and what
        Assert.Equal(("alice", "User", "alice-1", "127.0.0.1"), (record.Principal, record.PrincipalType, record.KeyId, record.ClientAddress));
        Assert.Equal((client.Dialect.Name, ending.Body is null ? ending.Model : null), (record.ClientDialect, record.Endpoint));
        Assert.Equal(ending.Name == "too-large" ? 0 : sent, record.BytesIn);

        // Where to
        Assert.Equal(ending.Attempts, record.Attempts.Count);
        Assert.Equal(ending.Attempts == 0 ? (null, null, null, null) : ("d0", "p0", "gpt-5.1", provider.Dialect.Name), (record.Destination, record.Provider, record.ModelAsked, record.ProviderDialect));
        if (ending.Attempts > 0)
        {
            Assert.Equal(ending.Outcome == RequestOutcome.Success, record.Attempts[0].Reason is null);
            Assert.Equal(record.ErrorCode, record.Attempts[0].Reason);
            Assert.Equal(ending.Name is "reset" or "silence" or "gone-before" ? 0 : ending.Name.StartsWith("provider-", StringComparison.Ordinal) ? int.Parse(ending.Name[^3..], null) : 200, record.Attempts[0].Status);
            Assert.Equal(record.Attempts[0].Status == 0 ? null : "theirs", record.ProviderRequestId);
        }

        // When
        Assert.Equal(record.Accepted + record.Latency, record.Completed);
        Assert.Equal(ending.Used != Used.None && ending.Name != "gone-before", record.TimeToFirstToken is not null);
        Assert.True(record.TimeToFirstToken is null || record.TimeToFirstToken <= record.Latency);
        Assert.Equal(ending.Attempts > 0, record.QueueTime is not null);

        // How much
        Assert.Equal(ending.Used, record.Usage switch { null => Used.None, { Estimated: true } => Used.Estimated, _ => Used.Counted });
        if (ending.Used == Used.Counted)
        {
            Assert.Equal((11, 4), (record.Usage!.InputTokens, record.Usage.OutputTokens));
        }

        // $1.25 and $10 per million
        Assert.Equal((record.Usage?.InputTokens * 1250) + (record.Usage?.OutputTokens * 10_000), record.CostNanoUsd);
        Assert.Equal(record.CostNanoUsd is null ? null : new PriceList().Version, record.PriceVersion);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_process_that_ends_meanwhile_is_not_the_clients_doing(bool begun)
    {
        TestGateway gateway = await TestGateway.StartAsync([Endpoint("m", Family.Messages)]);
        Stub.Answer = _ => StubAnswer.Sse([.. (begun ? Family.Messages.Head.Concat(Family.Messages.Content) : []).Select(StubStep.Write), StubStep.Hang]);
        Task<HttpResponseMessage> asking = gateway.Client.SendAsync(Family.Messages.Request("m", stream: true), HttpCompletionOption.ResponseHeadersRead, Stop);
        while (Stub.Requests.Count == 0)
        {
            await Task.Delay(10, Stop);
        }

        if (begun)
        {
            await new Reading(await (await asking).Content.ReadAsStreamAsync(Stop)).UntilAsync(Family.Said);
        }

        await gateway.DisposeAsync();

        UsageRecord record = await gateway.Usage.SingleAsync();
        Assert.Equal((RequestOutcome.InternalError, begun ? 200 : 503, "gateway_stopped"), (record.Outcome, record.StatusCode, record.ErrorCode));
        Assert.Equal((begun ? 200 : 0, "gateway_stopped"), (record.Attempts.Single().Status, record.Attempts[0].Reason));
        Assert.True(record.Usage is { Estimated: true, InputTokens: > 0 });
        await Stub.Request.Aborted.WaitAsync(TimeSpan.FromSeconds(2), Stop);
        await asking.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    [Theory]
    [MemberData(nameof(Family.Names), MemberType = typeof(Family))]
    public async Task A_client_that_goes_while_it_uploads_leaves_a_record_too(string name)
    {
        Family client = Family.Named(name);
        await StartAsync(client.Endpoint("m", Stub));
        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync(Gateway.Address.Host, Gateway.Address.Port, Stop);
            string head = $"POST {client.Path("m", false)} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n";
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head + "{\"model\":"), Stop);
            await Task.Delay(200, Stop);
        }

        UsageRecord record = await RecordAsync();
        Assert.Equal((RequestOutcome.ClientClosed, 499, "client_closed", 9), (record.Outcome, record.StatusCode, record.ErrorCode, record.BytesIn));
        Assert.Equal((null, null, 0), (record.Usage, record.CostNanoUsd, record.Attempts.Count));
        Assert.Empty(Stub.Requests);
    }

    private async Task HangUpAsync(HttpRequestMessage request)
    {
        using var gone = new CancellationTokenSource();
        Task<HttpResponseMessage> answer = Gateway.Client.SendAsync(request, gone.Token);
        while (Stub.Requests.Count == 0)
        {
            await Task.Delay(10, Stop);
        }

        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
    }

    private GatewayEndpoint Endpoint(string name, Family provider) =>
        new(name, [new Destination("d0", new TestProvider("p0", Stub.Address, provider.Dialect) { Kind = "openai" }, "gpt-5.1")]);

    private static string Served(string text) => text.Replace("served-model", Priced, StringComparison.Ordinal);

    /// <summary>A way to end.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Outcome">What the record calls it.</param>
    /// <param name="Status">The status; 0 for any above 500, which the vendors do not agree on.</param>
    /// <param name="Codes">The codes that it may have, by provider.</param>
    /// <param name="Used">Whether tokens were used.</param>
    private sealed record Ending(string Name, RequestOutcome Outcome, int Status, string? Codes, Used Used)
    {
        public bool Stream { get; init; }

        public Func<Family, StubAnswer>? Answer { get; init; }

        /// <summary>What the provider does after the client has got some content.</summary>
        public Func<Family, StubStep>? Then { get; init; }

        public string Model { get; init; } = "m";

        public string? Body { get; init; }

        public int Attempts { get; init; } = 1;

        public int Patience { get; init; } = 30_000;

        public bool HangsUp { get; init; }
    }
}
