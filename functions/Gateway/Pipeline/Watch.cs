namespace Serverless.Gateway.Pipeline;

/// <summary>
/// Looks at the clock for one request: cancels a try at a provider that is silent for too long, and tells when a client has gone
/// without a byte for so long that it is owed a sign of life. One timer serves both; being early it looks again, so that noting an
/// event costs no more than noting the time.
/// </summary>
internal sealed class Watch : IDisposable
{
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private long _armed = long.MaxValue;
    private long _providerDue = long.MaxValue;
    private long _clientDue = long.MaxValue;
    private CancellationTokenSource? _attempt;
    private TaskCompletionSource _clientOwed = NewSignal();

    public Watch(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(static state => ((Watch)state!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>True when the try was cancelled because the provider was silent for too long.</summary>
    public bool ProviderIsLate { get; private set; }

    /// <summary>Completes when the client is owed a sign of life.</summary>
    public Task ClientOwed
    {
        get
        {
            lock (_gate)
            {
                return _clientOwed.Task;
            }
        }
    }

    /// <summary>A try begins; it is cancelled unless <see cref="ExpectProvider"/> is called again within that time.</summary>
    public void BeginAttempt(CancellationTokenSource attempt, TimeSpan within)
    {
        lock (_gate)
        {
            _attempt = attempt;
            ProviderIsLate = false;
        }

        ExpectProvider(within);
    }

    /// <summary>The provider has that long for its next byte.</summary>
    public void ExpectProvider(TimeSpan within)
    {
        lock (_gate)
        {
            _providerDue = After(within);
            Arm();
        }
    }

    /// <summary>The provider owes nothing any more.</summary>
    public void EndAttempt()
    {
        lock (_gate)
        {
            _attempt = null;
            _providerDue = long.MaxValue;
        }
    }

    /// <summary>The client has just got something; it is owed the next after that time.</summary>
    public void ServeClient(TimeSpan next)
    {
        lock (_gate)
        {
            _clientDue = After(next);
            if (_clientOwed.Task.IsCompleted)
            {
                _clientOwed = NewSignal();
            }

            Arm();
        }
    }

    public void Dispose() => _timer.Dispose();

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private long After(TimeSpan time) => time == Timeout.InfiniteTimeSpan
        ? long.MaxValue
        : _time.GetTimestamp() + (long)(time.TotalSeconds * _time.TimestampFrequency);

    private void Arm()
    {
        long due = Math.Min(_providerDue, _clientDue);
        if (due < _armed)
        {
            _armed = due;
            double seconds = Math.Max(0, due - _time.GetTimestamp()) / (double)_time.TimestampFrequency;

            // Timers take no more than 49 days; nobody waits that long.
            _timer.Change(TimeSpan.FromSeconds(Math.Min(Math.Ceiling(seconds * 1000) / 1000, 1_000_000)), Timeout.InfiniteTimeSpan);
        }
    }

    private void Look()
    {
        CancellationTokenSource? late = null;
        lock (_gate)
        {
            _armed = long.MaxValue;
            long now = _time.GetTimestamp();
            if (now >= _providerDue)
            {
                _providerDue = long.MaxValue;
                ProviderIsLate = _attempt is not null;
                late = _attempt;
            }

            if (now >= _clientDue)
            {
                _clientDue = long.MaxValue;
                _clientOwed.TrySetResult();
            }

            Arm();
        }

        // The attempt may have ended at this very moment.
        try
        {
            late?.Cancel();
        }
        catch (ObjectDisposedException)
        {
        }
    }
}
