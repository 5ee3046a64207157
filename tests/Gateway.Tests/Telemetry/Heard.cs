using System.Diagnostics;
using System.Diagnostics.Metrics;
using Serverless.Gateway.Metering.Telemetry;

namespace Serverless.Gateway.Tests.Telemetry;

/// <summary>Tests that listen run alone: a listener hears every gateway of the process.</summary>
[CollectionDefinition(nameof(ListeningTests), DisableParallelization = true)]
public sealed class ListeningTests;

/// <summary>Listens to spans and instruments, as a collector's SDK does.</summary>
internal sealed class Heard : IDisposable
{
    private readonly ActivityListener _spans;
    private readonly MeterListener _meters = new();
    private readonly Lock _gate = new();
    private readonly HashSet<ActivitySpanId> _begun = [];
    private readonly List<Activity> _ended = [];
    private readonly List<Measured> _measured = [];
    private readonly List<Instrument> _instruments = [];

    /// <param name="only">The only meter to listen to; null for those of all gateways of the process, of which some may be left from other tests.</param>
    public Heard(Meter? only = null)
    {
        _spans = new ActivityListener
        {
            ShouldListenTo = source => source.Name is GatewayTelemetry.Name or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Parent.TraceId != default && (options.Parent.TraceFlags & ActivityTraceFlags.Recorded) == 0 ? ActivitySamplingResult.PropagationData : ActivitySamplingResult.AllDataAndRecorded,
            ActivityStarted = activity =>
            {
                lock (_gate)
                {
                    _begun.Add(activity.SpanId);
                }
            },
            ActivityStopped = activity =>
            {
                lock (_gate)
                {
                    _ended.Add(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(_spans);
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (only is null ? instrument.Meter.Name == GatewayTelemetry.Name : instrument.Meter == only)
            {
                lock (_gate)
                {
                    _instruments.Add(instrument);
                }

                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        _meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _meters.Start();
    }

    /// <summary>The gateway's spans, in the order in which they ended.</summary>
    public IReadOnlyList<Activity> Calls => Ended(GatewayTelemetry.Name);

    public IReadOnlyList<Instrument> Instruments
    {
        get
        {
            lock (_gate)
            {
                return [.. _instruments];
            }
        }
    }

    /// <summary>ASP.NET Core's span of the gateway, as soon as it has ended; nothing comes after it.</summary>
    public async Task<Activity> ServerAsync()
    {
        Activity[] ended = [];
        for (int i = 0; i < 500 && ended.Length == 0; i++)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);

            // The stub's spans have the gateway's for parents.
            ended = [.. Ended("Microsoft.AspNetCore").Where(a => !Began(a.ParentSpanId))];
        }

        return Assert.Single(ended);
    }

    /// <summary>What an instrument has measured; asks those that wait to be asked.</summary>
    public IReadOnlyList<Measured> Of(string instrument)
    {
        _meters.RecordObservableInstruments();
        lock (_gate)
        {
            return [.. _measured.Where(m => m.Instrument == instrument)];
        }
    }

    public void Dispose()
    {
        _spans.Dispose();
        _meters.Dispose();
    }

    private bool Began(ActivitySpanId id)
    {
        lock (_gate)
        {
            return _begun.Contains(id);
        }
    }

    private Activity[] Ended(string source)
    {
        lock (_gate)
        {
            return [.. _ended.Where(a => a.Source.Name == source)];
        }
    }

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_gate)
        {
            _measured.Add(new Measured(instrument.Name, value, tags.ToArray().ToDictionary()));
        }
    }
}

/// <summary>One measurement.</summary>
internal sealed record Measured(string Instrument, double Value, IReadOnlyDictionary<string, object?> Tags);
