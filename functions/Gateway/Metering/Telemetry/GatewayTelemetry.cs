using System.Diagnostics;
using System.Diagnostics.Metrics;
using Serverless.Gateway.Metering.Storage;

namespace Serverless.Gateway.Metering.Telemetry;

/// <summary>
/// What the gateway tells of its work to whoever listens: spans of an <see cref="ActivitySource"/> and instruments of a <see cref="Meter"/>, both called
/// <see cref="Name"/>. Without a listener nothing is made and nothing is counted. Names, units and buckets are those of the OpenTelemetry semantic
/// conventions for generative AI as https://opentelemetry.io/docs/specs/semconv/gen-ai/ has them (1.41, state of development), or where asked for those of their
/// successor, https://github.com/open-telemetry/semantic-conventions-genai. What begins with <c>gateway.</c> is the gateway's own. Neither a
/// prompt nor an answer, neither a caller's name nor a secret is ever told.
/// <code>
/// POST /v1/chat/completions        server span, ASP.NET Core's own; the gateway adds gateway.* and how the answer ended
/// ├─ chat gpt-5.1                  client span for each try at a destination, see ProviderCall
/// └─ chat claude-sonnet-4-5        the next, after a fallback
/// </code>
/// </summary>
public sealed class GatewayTelemetry : IDisposable
{
    /// <summary>The name of the source of spans and of the meter, for those who listen.</summary>
    public const string Name = "Serverless.Gateway";

    private static readonly InstrumentAdvice<double> FirstTokenSeconds =
        new() { HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0] };

    private static readonly InstrumentAdvice<double> TokenSeconds =
        new() { HistogramBucketBoundaries = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5] };

    private readonly Histogram<double> _requestDuration;
    private readonly Histogram<double> _firstToken;
    private readonly Histogram<double> _perToken;
    private readonly Counter<long> _fallbacks;
    private readonly UpDownCounter<long> _streams;

    /// <summary>Makes the instruments; nothing is counted before somebody listens.</summary>
    public GatewayTelemetry()
        : this(latest: false)
    {
    }

    /// <param name="latest">True for the newest conventions, see <see cref="CallInstruments"/>.</param>
    internal GatewayTelemetry(bool latest)
    {
        Calls = CallInstruments.Of(Meter, latest);
        _requestDuration = Histogram("gen_ai.server.request.duration", "Time from acceptance of a request to the end of its answer.", CallInstruments.Seconds);
        _firstToken = Histogram("gen_ai.server.time_to_first_token", "Time from acceptance of a request to the first content of a streamed answer.", FirstTokenSeconds);
        _perToken = Histogram("gen_ai.server.time_per_output_token", "Time per output token after the first content of a streamed answer.", TokenSeconds);
        _fallbacks = Meter.CreateCounter<long>("gateway.fallbacks", "{fallback}", "Requests that went on to the next destination after one had failed.");
        _streams = Meter.CreateUpDownCounter<long>("gateway.streams.open", "{stream}", "Streams that are open to clients.");
    }

    /// <summary>True when somebody listens, to spans or to any instrument that is written to while a request runs.</summary>
    public bool IsHeard =>
        Source.HasListeners() || Calls.Enabled
        || _requestDuration.Enabled || _firstToken.Enabled || _perToken.Enabled || _fallbacks.Enabled || _streams.Enabled;

    internal ActivitySource Source { get; } = new(Name, RequestTraits.GatewayVersion ?? "");

    internal Meter Meter { get; } = new(Name, RequestTraits.GatewayVersion);

    /// <summary>The instruments of calls to providers.</summary>
    internal CallInstruments Calls { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Source.Dispose();
        Meter.Dispose();
    }

    /// <summary>Adds what the store of usage records can say of itself; asked when somebody collects.</summary>
    internal void Watch(IUsageStoreFigures store)
    {
        Meter.CreateObservableCounter(
            "gateway.usage.records",
            () => new Measurement<long>[]
            {
                new(store.Stored, KeyValuePair.Create<string, object?>("gateway.usage.state", "stored")),
                new(store.Journaled, KeyValuePair.Create<string, object?>("gateway.usage.state", "journaled")),
                new(store.Lost, KeyValuePair.Create<string, object?>("gateway.usage.state", "lost")),
            },
            "{record}",
            "Usage records by what became of them: written to the store, kept in the journal until it takes them, or refused by both.");
        Meter.CreateObservableUpDownCounter("gateway.usage.queue", () => store.Queued, "{record}", "Usage records that wait to be written.");
        Meter.CreateObservableUpDownCounter("gateway.usage.journal.size", () => store.JournalBytes, "By", "Size of the journal of usage records that the store has not taken yet.");
    }

    /// <summary>A try has failed, and the next destination is asked.</summary>
    internal void FellBack(string endpoint, string next, string reason) => _fallbacks.Add(1, new TagList
    {
        { TelemetryNames.Endpoint, endpoint },
        { TelemetryNames.Destination, next },
        { TelemetryNames.ErrorType, reason },
    });

    internal void StreamOpened() => _streams.Add(1);

    internal void StreamClosed() => _streams.Add(-1);

    /// <summary>An answer has ended, or is about to with its last bytes.</summary>
    /// <param name="server">ASP.NET Core's span of the request; null when it is not traced.</param>
    /// <param name="record">What the usage record says.</param>
    /// <param name="call">The last try; null when there was none.</param>
    internal void EndRequest(Activity? server, UsageRecord record, ProviderCall? call)
    {
        string? error = record.Outcome == RequestOutcome.Success ? null : record.ErrorCode ?? UsageNames.Of(record.Outcome);
        if (server is { IsAllDataRequested: true })
        {
            Tell(server, record, error);
        }

        if (call is null)
        {
            return;
        }

        TagList tags = call.Tags(record.ModelServed);
        tags.Add(TelemetryNames.Endpoint, record.Endpoint);
        if (error is null && record is { Stream: true, TimeToFirstToken: { } first, Latency: { } latency })
        {
            _firstToken.Record(first.TotalSeconds, tags);
            if (record.Usage is { OutputTokens: > 1 and var produced, Estimated: false })
            {
                _perToken.Record((latency - first).TotalSeconds / (produced - 1), tags);
            }
        }

        if (error is not null)
        {
            tags.Add(TelemetryNames.ErrorType, error);
        }

        _requestDuration.Record(record.Latency?.TotalSeconds ?? 0, tags);
    }

    private static void Tell(Activity server, UsageRecord record, string? error)
    {
        server.SetTag(TelemetryNames.RequestId, record.RequestId);
        server.SetTag(TelemetryNames.Endpoint, record.Endpoint);
        server.SetTag("gateway.outcome", UsageNames.Of(record.Outcome));
        server.SetTag("gateway.attempts", record.Attempts.Count);
        server.SetTag("faas.invocation_id", record.InvocationId);
        if (record.Outcome is RequestOutcome.Truncated or RequestOutcome.Timeout or RequestOutcome.UpstreamError or RequestOutcome.InternalError && error is not null)
        {
            // A stream that broke off after its status line is a 200 to HTTP.
            server.SetTag(TelemetryNames.ErrorType, error);
            server.SetStatus(ActivityStatusCode.Error);
        }
    }

    private Histogram<double> Histogram(string name, string description, InstrumentAdvice<double> advice) => Meter.CreateHistogram(name, "s", description, tags: null, advice);
}

/// <summary>What a store of usage records can say of itself.</summary>
internal interface IUsageStoreFigures
{
    /// <summary>Records that the store has taken since the start.</summary>
    long Stored { get; }

    /// <summary>Records that went to the journal since the start.</summary>
    long Journaled { get; }

    /// <summary>Records that neither the store nor the journal has taken since the start; a line of the log is all that is left of them.</summary>
    long Lost { get; }

    /// <summary>Records that wait to be written.</summary>
    long Queued { get; }

    /// <summary>Bytes in the journal.</summary>
    long JournalBytes { get; }
}
