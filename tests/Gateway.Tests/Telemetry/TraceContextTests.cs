using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Prices;
using Serverless.Gateway.Metering.Telemetry;
using Serverless.Gateway.Tests.Pipeline;

namespace Serverless.Gateway.Tests.Telemetry;

/// <summary>W3C Trace Context in and out, with a listener and without.</summary>
[Collection(nameof(ListeningTests))]
public sealed class TraceContextTests : GatewayTest
{
    private const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string Sampled = $"00-{TraceId}-00f067aa0ba902b7-01";
    private const string Unsampled = $"00-{TraceId}-00f067aa0ba902b7-00";

    [Fact]
    public async Task The_clients_trace_goes_on_with_the_span_of_the_call()
    {
        using var heard = new Heard();
        StubRequest asked = await AskAsync(TracePropagation.TraceParent, Sampled);

        Activity server = await heard.ServerAsync();
        Activity call = Assert.Single(heard.Calls);
        Assert.Equal((TraceId, "00f067aa0ba902b7"), (server.TraceId.ToHexString(), server.ParentSpanId.ToHexString()));
        Assert.Equal($"00-{TraceId}-{call.SpanId.ToHexString()}-01", asked.Headers["traceparent"]);
        Assert.False(asked.Headers.ContainsKey("tracestate"));
        Assert.False(asked.Headers.ContainsKey("baggage"));
        Assert.Equal("vendor=1", call.TraceStateString);
        Assert.Equal(TraceId, (await RecordAsync()).TraceId);
    }

    [Fact]
    public async Task Tracestate_goes_on_where_it_may()
    {
        using var heard = new Heard();
        StubRequest asked = await AskAsync(TracePropagation.All, Sampled);
        Assert.Equal("vendor=1", asked.Headers["tracestate"]);
        Assert.False(asked.Headers.ContainsKey("baggage"));
    }

    [Fact]
    public async Task Nothing_goes_on_where_it_may_not()
    {
        using var heard = new Heard();
        StubRequest asked = await AskAsync(TracePropagation.None, Sampled);
        Assert.DoesNotContain(asked.Headers.Keys, key => key.StartsWith("trace", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task A_trace_that_is_not_sampled_goes_on_and_is_told_to_nobody()
    {
        using var heard = new Heard();
        StubRequest asked = await AskAsync(TracePropagation.TraceParent, Unsampled);
        await heard.ServerAsync();
        Assert.StartsWith($"00-{TraceId}-", asked.Headers["traceparent"], StringComparison.Ordinal);
        Assert.EndsWith("-00", asked.Headers["traceparent"], StringComparison.Ordinal);
        Assert.All(heard.Calls, call => Assert.DoesNotContain(call.TagObjects, t => t.Key.StartsWith("gateway.", StringComparison.Ordinal)));
        Assert.Single(heard.Of("gen_ai.client.operation.duration"));
    }

    [Fact]
    public async Task Without_a_trace_of_the_clients_a_new_one_begins()
    {
        using var heard = new Heard();
        StubRequest asked = await AskAsync(TracePropagation.TraceParent, null);
        Activity call = Assert.Single(heard.Calls);
        Assert.Equal(call.Id, asked.Headers["traceparent"]);
    }

    [Fact]
    public async Task With_nobody_listening_the_clients_own_goes_on_as_it_is()
    {
        StubRequest asked = await AskAsync(TracePropagation.All, Sampled);
        Assert.Equal((Sampled, "vendor=1"), (asked.Headers["traceparent"], asked.Headers["tracestate"]));
        Assert.False(asked.Headers.ContainsKey("baggage"));
        Assert.Equal(TraceId, (await RecordAsync()).TraceId);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("nonsense")]
    [InlineData("00-00000000000000000000000000000000-00f067aa0ba902b7-01")]
    public async Task With_nobody_listening_none_is_invented(string? parent)
    {
        StubRequest asked = await AskAsync(TracePropagation.All, parent);
        Assert.DoesNotContain(asked.Headers.Keys, key => key.StartsWith("trace", StringComparison.OrdinalIgnoreCase));
        Assert.Null((await RecordAsync()).TraceId);
    }

    [Fact]
    public void With_nobody_listening_nothing_is_allocated()
    {
        using var telemetry = new GatewayTelemetry();
        var meter = new UsageMeter(TimeProvider.System, new PriceList(), DateTimeOffset.UnixEpoch);
        var client = new HeaderDictionary();
        List<KeyValuePair<string, string>> headers = [];
        Run();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Empty(headers);
        Assert.Null(telemetry.Source.StartActivity("chat"));

        // What a request does of it with nobody listening.
        void Run()
        {
            for (int i = 0; i < 1000; i++)
            {
                Assert.False(telemetry.IsHeard);
                meter.Call?.Chunk();
                TraceContext.Add(headers, client, current: null, TracePropagation.TraceParent);
                meter.EndAttempt(200, null);
            }
        }
    }

    private async Task<StubRequest> AskAsync(TracePropagation propagation, string? parent)
    {
        await StartAsync([Family.Chat.Endpoint("m", Stub)], services: services => services.AddSingleton(new TelemetrySettings { Propagate = propagation }));
        Stub.Answer = _ => StubAnswer.Json(Family.Chat.Json);
        HttpRequestMessage request = Family.Chat.Request("m");
        if (parent is not null)
        {
            request.Headers.TryAddWithoutValidation("traceparent", parent);
            request.Headers.TryAddWithoutValidation("tracestate", "vendor=1");
            request.Headers.TryAddWithoutValidation("baggage", "user=alice");
        }

        await AskAsync(request);
        return Stub.Request;
    }
}
