using Serverless.Gateway.Metering;

namespace Serverless.Gateway.Reports.Rollups;

/// <summary>
/// What is summed over requests. Sums are exact: tokens and billionths of a dollar are whole numbers. Not thread-safe.
/// </summary>
public sealed class UsageMeasures
{
    /// <summary>The sums that are whole numbers, in the order in which they are reported.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "requests", "errors", "fallbacks", "streams", "estimated", "unpriced", "open", "lost",
        "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens", "audio_tokens", "total_tokens",
        "cost_nano_usd", "bytes_in", "bytes_out",
    ];

    private readonly long[] _sums = new long[Names.Count];

    /// <summary>Times from acceptance to the end.</summary>
    public Histogram Latency { get; private set; } = new();

    /// <summary>Times from acceptance to the first token.</summary>
    public Histogram TimeToFirstToken { get; private set; } = new();

    /// <summary>A sum by its place in <see cref="Names"/>.</summary>
    public long this[int index] => _sums[index];

    /// <summary>A sum by its name.</summary>
    public long this[string name] => _sums[IndexOf(name)];

    /// <summary>Adds a request.</summary>
    public void Add(UsageRecord record) => Add(UsageFacts.Of(record));

    /// <summary>Adds a request.</summary>
    public void Add(UsageFacts facts)
    {
        bool open = facts.Outcome == RequestOutcome.Open;
        bool lost = facts.Outcome == RequestOutcome.Lost;
        ReadOnlySpan<long> values =
        [
            1,
            facts.Outcome == RequestOutcome.Success || open ? 0 : 1,
            facts.Fallback ? 1 : 0,
            facts.Stream ? 1 : 0,
            facts.Estimated ? 1 : 0,
            facts.Counted && facts.CostNanoUsd is null ? 1 : 0,
            open ? 1 : 0,
            lost ? 1 : 0,
            facts.InputTokens,
            facts.CacheReadTokens,
            facts.CacheWriteTokens,
            facts.OutputTokens,
            facts.ReasoningTokens,
            facts.AudioTokens,
            facts.InputTokens + facts.OutputTokens,
            facts.CostNanoUsd ?? 0,
            facts.BytesIn,
            facts.BytesOut,
        ];
        for (int i = 0; i < values.Length; i++)
        {
            _sums[i] += values[i];
        }

        if (!open && !lost && facts.LatencyMs is { } latency)
        {
            Latency.Add(latency);
        }

        if (!open && !lost && facts.FirstTokenMs is { } first)
        {
            TimeToFirstToken.Add(first);
        }
    }

    /// <summary>Adds all of another.</summary>
    public void Merge(UsageMeasures other)
    {
        for (int i = 0; i < _sums.Length; i++)
        {
            _sums[i] += other._sums[i];
        }

        Latency.Merge(other.Latency);
        TimeToFirstToken.Merge(other.TimeToFirstToken);
    }

    /// <summary>True when all sums are the same, and the times within what percentiles can tell apart.</summary>
    public bool IsSame(UsageMeasures other) =>
        _sums.AsSpan().SequenceEqual(other._sums) && Latency.Serialize() == other.Latency.Serialize() && TimeToFirstToken.Serialize() == other.TimeToFirstToken.Serialize();

    /// <summary>Measures from what a store holds.</summary>
    /// <param name="sum">A sum by its place in <see cref="Names"/>.</param>
    /// <param name="latency">As <see cref="Histogram.Serialize"/> wrote it.</param>
    /// <param name="firstToken">As <see cref="Histogram.Serialize"/> wrote it.</param>
    public static UsageMeasures Restore(Func<int, long> sum, string latency, string firstToken)
    {
        var measures = new UsageMeasures { Latency = Histogram.Deserialize(latency), TimeToFirstToken = Histogram.Deserialize(firstToken) };
        for (int i = 0; i < Names.Count; i++)
        {
            measures._sums[i] = sum(i);
        }

        return measures;
    }

    private static int IndexOf(string name)
    {
        for (int i = 0; i < Names.Count; i++)
        {
            if (Names[i] == name)
            {
                return i;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(name), name, "There is no such measure.");
    }
}
