using Serverless.Gateway.Metering;

namespace Serverless.Gateway.Reports.Rollups;

/// <summary>What the record of one request adds to sums.</summary>
public sealed record UsageFacts
{
    /// <summary>The request's id.</summary>
    public required string RequestId { get; init; }

    /// <summary>What it can be grouped by.</summary>
    public required UsageDimensions Dimensions { get; init; }

    /// <summary>How it ended.</summary>
    public RequestOutcome Outcome { get; init; }

    /// <summary>True when more than one destination was tried.</summary>
    public bool Fallback { get; init; }

    /// <summary>True for a streamed answer.</summary>
    public bool Stream { get; init; }

    /// <summary>True when there are tokens, be it none of any kind.</summary>
    public bool Counted { get; init; }

    /// <summary>True when the tokens are estimated.</summary>
    public bool Estimated { get; init; }

    /// <summary>Tokens read.</summary>
    public long InputTokens { get; init; }

    /// <summary>Those of them that came out of a cache.</summary>
    public long CacheReadTokens { get; init; }

    /// <summary>Those of them that went into a cache.</summary>
    public long CacheWriteTokens { get; init; }

    /// <summary>Tokens written.</summary>
    public long OutputTokens { get; init; }

    /// <summary>Those of them that were thought only.</summary>
    public long ReasoningTokens { get; init; }

    /// <summary>Tokens of sound, read and written.</summary>
    public long AudioTokens { get; init; }

    /// <summary>The cost in billionths of a US dollar; null without a price.</summary>
    public long? CostNanoUsd { get; init; }

    /// <summary>Bytes of the request's body.</summary>
    public long BytesIn { get; init; }

    /// <summary>Bytes of the answer's body.</summary>
    public long BytesOut { get; init; }

    /// <summary>Milliseconds to the end; null when that is not known.</summary>
    public double? LatencyMs { get; init; }

    /// <summary>Milliseconds to the first token; null when there was none.</summary>
    public double? FirstTokenMs { get; init; }

    /// <summary>What a record adds.</summary>
    public static UsageFacts Of(UsageRecord record) => new()
    {
        RequestId = record.RequestId,
        Dimensions = UsageDimensions.Of(record),
        Outcome = record.Outcome,
        Fallback = record.Attempts.Count > 1,
        Stream = record.Stream,
        Counted = record.Usage is not null,
        Estimated = record.Usage is { Estimated: true },
        InputTokens = record.Usage?.InputTokens ?? 0,
        CacheReadTokens = record.Usage?.CacheReadTokens ?? 0,
        CacheWriteTokens = record.Usage?.CacheWriteTokens ?? 0,
        OutputTokens = record.Usage?.OutputTokens ?? 0,
        ReasoningTokens = record.Usage?.ReasoningTokens ?? 0,
        AudioTokens = (record.Usage?.AudioInputTokens ?? 0) + (record.Usage?.AudioOutputTokens ?? 0),
        CostNanoUsd = record.CostNanoUsd,
        BytesIn = record.BytesIn,
        BytesOut = record.BytesOut,
        LatencyMs = record.Latency?.TotalMilliseconds,
        FirstTokenMs = record.TimeToFirstToken?.TotalMilliseconds,
    };
}
