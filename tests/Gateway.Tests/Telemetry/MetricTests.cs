using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Metering.Telemetry;
using Serverless.Gateway.Pipeline;
using Serverless.Gateway.Tests.Pipeline;
using Serverless.Gateway.Tests.Storage;
using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Tests.Telemetry;

/// <summary>The metrics: names, units and buckets of the conventions, and what is counted.</summary>
[Collection(nameof(ListeningTests))]
public sealed class MetricTests : GatewayTest
{
    private const string Sizes = "1 4 16 64 256 1024 4096 16384 65536 262144 1048576 4194304 16777216 67108864";

    private const string Seconds = "0.01 0.02 0.04 0.08 0.16 0.32 0.64 1.28 2.56 5.12 10.24 20.48 40.96 81.92";

    [Theory]
    [InlineData("gen_ai.client.operation.duration", "s", Seconds)]
    [InlineData("gen_ai.client.operation.time_to_first_chunk", "s", Seconds)]
    [InlineData("gen_ai.client.operation.time_per_output_chunk", "s", Seconds)]
    [InlineData("gen_ai.client.token.usage", "{token}", Sizes)]
    [InlineData("gen_ai.server.request.duration", "s", Seconds)]
    [InlineData("gen_ai.server.time_to_first_token", "s", "0.001 0.005 0.01 0.02 0.04 0.06 0.08 0.1 0.25 0.5 0.75 1 2.5 5 7.5 10")]
    [InlineData("gen_ai.server.time_per_output_token", "s", "0.01 0.025 0.05 0.075 0.1 0.15 0.2 0.3 0.4 0.5 0.75 1 2.5")]
    [InlineData("gateway.fallbacks", "{fallback}", null)]
    [InlineData("gateway.streams.open", "{stream}", null)]
    public void Instruments_are_named_as_the_conventions_say(string name, string unit, string? buckets) => Check(new GatewayTelemetry(), name, unit, buckets);

    [Theory]
    [InlineData("gen_ai.client.inference.duration", "s", Seconds)]
    [InlineData("gen_ai.client.inference.time_to_first_chunk", "s", Seconds)]
    [InlineData("gen_ai.client.inference.time_per_output_chunk", "s", Seconds)]
    [InlineData("gen_ai.client.embeddings.duration", "s", Seconds)]
    [InlineData("gen_ai.client.operation.duration", "s", Seconds)]
    [InlineData("gen_ai.client.inference.usage.input_tokens", "{token}", null)]
    [InlineData("gen_ai.client.inference.usage.output_tokens", "{token}", null)]
    [InlineData("gen_ai.client.inference.usage.cache_read.input_tokens", "{token}", null)]
    [InlineData("gen_ai.client.inference.usage.cache_write.input_tokens", "{token}", null)]
    [InlineData("gen_ai.client.inference.usage.reasoning.output_tokens", "{token}", null)]
    [InlineData("gen_ai.client.inference.operation.input_tokens", "{token}", Sizes)]
    [InlineData("gen_ai.client.inference.operation.output_tokens", "{token}", Sizes)]
    [InlineData("gen_ai.client.embeddings.operation.input_tokens", "{token}", Sizes)]
    [InlineData("gen_ai.server.request.duration", "s", Seconds)]
    public void They_have_the_newest_names_where_asked_for(string name, string unit, string? buckets) => Check(new GatewayTelemetry(latest: true), name, unit, buckets);

    [Fact]
    public void Tokens_are_counted_by_the_newest_conventions()
    {
        using var telemetry = new GatewayTelemetry(latest: true);
        using var heard = new Heard(telemetry.Meter);
        var usage = new TokenUsage { InputTokens = 100, CacheReadTokens = 60, CacheWriteTokens = 20, AudioInputTokens = 10, OutputTokens = 7, ReasoningTokens = 5 };
        telemetry.Calls.Count("chat", usage, []);
        telemetry.Calls.Count("embeddings", usage, []);
        telemetry.Calls.Count("count_tokens", usage, []);
        telemetry.Calls.Record("chat", TimeSpan.FromSeconds(2), []);
        telemetry.Calls.Record("embeddings", TimeSpan.FromSeconds(3), []);
        telemetry.Calls.Record("count_tokens", TimeSpan.FromSeconds(4), []);

        Assert.DoesNotContain(heard.Instruments, i => i.Name == "gen_ai.client.token.usage");
        string[] told = [.. heard.Instruments.SelectMany(i => heard.Of(i.Name).Select(m => $"{i.Name["gen_ai.client.".Length..]} {m.Tags.GetValueOrDefault("gen_ai.token.modality")} {m.Value}"))];
        Assert.Equal(
            [
                "embeddings.duration  3", "embeddings.operation.input_tokens  100", "inference.duration  2", "inference.operation.input_tokens  100", "inference.operation.output_tokens  7",
                "inference.usage.cache_read.input_tokens unknown 60", "inference.usage.cache_write.input_tokens unknown 20", "inference.usage.input_tokens audio 10",
                "inference.usage.input_tokens unknown 90", "inference.usage.output_tokens unknown 7", "inference.usage.reasoning.output_tokens unknown 5", "operation.duration  4",
            ],
            told.Order(StringComparer.Ordinal));
    }

    private static void Check(GatewayTelemetry telemetry, string name, string unit, string? buckets)
    {
        using GatewayTelemetry disposed = telemetry;
        using var heard = new Heard(telemetry.Meter);
        Instrument instrument = Assert.Single(heard.Instruments, i => i.Name == name);
        Assert.Equal(unit, instrument.Unit);
        IEnumerable<object>? boundaries = instrument switch
        {
            Histogram<double> histogram => histogram.Advice?.HistogramBucketBoundaries?.Cast<object>(),
            Histogram<long> histogram => histogram.Advice?.HistogramBucketBoundaries?.Cast<object>(),
            _ => null,
        };
        Assert.Equal(buckets, boundaries is null ? null : string.Join(' ', boundaries.Select(b => FormattableString.Invariant($"{b}"))));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_request_is_measured(bool stream)
    {
        using var heard = new Heard();
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        Stub.Answer = _ => stream ? StubAnswer.Sse([.. Family.Chat.Frames]) : StubAnswer.Json(Family.Chat.Json);
        await AskAsync(Family.Chat.Request("m", stream));
        await heard.ServerAsync();

        Measured duration = Assert.Single(heard.Of("gen_ai.client.operation.duration"));
        Assert.InRange(duration.Value, 0.000_001, 60);
        Assert.Equal(
            ["gen_ai.operation.name=chat", "gen_ai.provider.name=stub", "gen_ai.request.model=upstream-model", "gen_ai.response.model=served-model", "server.address=127.0.0.1", $"server.port={Stub.Address.Port}"],
            duration.Tags.Select(t => $"{t.Key}={t.Value}").Order());
        Assert.Equal([("input", 11.0), ("output", 4.0)], heard.Of("gen_ai.client.token.usage").Select(m => ((string)m.Tags["gen_ai.token.type"]!, m.Value)));
        Measured request = Assert.Single(heard.Of("gen_ai.server.request.duration"));
        Assert.True(request.Value >= duration.Value, "the request takes longer than the call that it is made of");
        Assert.Equal("m", request.Tags["gateway.endpoint"]);
        string[] ofStreams = ["gen_ai.client.operation.time_to_first_chunk", "gen_ai.server.time_to_first_token", "gen_ai.server.time_per_output_token"];
        Assert.All(ofStreams, name => Assert.Equal(stream ? 1 : 0, heard.Of(name).Count));
        Assert.Equal(stream, heard.Of("gen_ai.client.operation.time_per_output_chunk").Count > 1);
        Assert.Equal(stream ? [1.0, -1.0] : [], heard.Of("gateway.streams.open").Select(m => m.Value));
    }

    [Fact]
    public async Task A_failure_is_measured_with_its_reason()
    {
        using var heard = new Heard();
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        Stub.Answer = _ => StubAnswer.Json(Family.Chat.ErrorBody(429), 429);
        await AskAsync(Family.Chat.Request("m"));
        await heard.ServerAsync();

        Assert.Equal("some_code", Assert.Single(heard.Of("gen_ai.client.operation.duration")).Tags["error.type"]);
        Assert.Equal("some_code", Assert.Single(heard.Of("gen_ai.server.request.duration")).Tags["error.type"]);
        Assert.Empty(heard.Of("gen_ai.client.token.usage"));
    }

    [Fact]
    public async Task The_store_of_usage_records_says_what_became_of_them()
    {
        string folder = Directory.CreateTempSubdirectory("serverless-journal-").FullName;
        using var telemetry = new GatewayTelemetry();
        using var heard = new Heard(telemetry.Meter);
        var sink = new SwitchedSink { Away = true };
        var times = new UsageStoreTimes { Attempt = TimeSpan.FromMilliseconds(20), Patience = TimeSpan.FromMilliseconds(20), Probe = TimeSpan.FromMilliseconds(20) };
        await using (var store = new GroupCommitStore(sink, new UsageJournal(folder, TimeProvider.System), times, TimeProvider.System, NullLogger<GroupCommitStore>.Instance))
        {
            telemetry.Watch(store);
            await store.StartAsync(Stop);
            await store.CompletedAsync(Records.Full(), Stop);
            Assert.Equal((0, 1, 0), States());
            Assert.True(heard.Of("gateway.usage.journal.size")[^1].Value > 100);

            sink.Away = false;
            for (int i = 0; i < 500 && States().Stored == 0; i++)
            {
                await Task.Delay(10, Stop);
            }

            Assert.Equal((1, 1, 0), States());
            for (int i = 0; i < 500 && heard.Of("gateway.usage.journal.size")[^1].Value > 0; i++)
            {
                await Task.Delay(10, Stop);
            }

            Assert.Equal(0, heard.Of("gateway.usage.journal.size")[^1].Value);
            Assert.Equal(0, heard.Of("gateway.usage.queue")[^1].Value);

            sink.Refuses = true;
            await store.CompletedAsync(Records.Full() with { RequestId = RequestId.Next(DateTimeOffset.UtcNow) }, Stop);
            Assert.Equal((1, 1, 1), States());
        }

        Directory.Delete(folder, recursive: true);

        (double Stored, double Journaled, double Lost) States()
        {
            ILookup<object?, double> states = heard.Of("gateway.usage.records").ToLookup(m => m.Tags["gateway.usage.state"], m => m.Value);
            return (states["stored"].Last(), states["journaled"].Last(), states["lost"].Last());
        }
    }

    private sealed class SwitchedSink : IUsageSink
    {
        public bool Away { get; set; }

        public bool Refuses { get; set; }

        public int MaxBatch => 100;

        public string GroupOf(UsageRow row) => "";

        public Task PrepareAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task WriteAsync(IReadOnlyList<UsageRow> rows, CancellationToken cancellationToken) =>
            Refuses ? throw new UsageRowRefusedException("no", new InvalidDataException()) : Away ? throw new IOException("away") : Task.CompletedTask;
    }
}
