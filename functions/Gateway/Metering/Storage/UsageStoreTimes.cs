namespace Serverless.Gateway.Metering.Storage;

/// <summary>How patient the store is.</summary>
internal sealed record UsageStoreTimes
{
    /// <summary>How long a request runs before it is announced to the store.</summary>
    public TimeSpan Announce { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How long rows gather before they are written together, unless an answer waits for one of them.</summary>
    public TimeSpan Gather { get; init; }

    /// <summary>Longest time of one try.</summary>
    public TimeSpan Attempt { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest time of one try with rows of the journal: those of closed hours need a dozen round trips.</summary>
    public TimeSpan Redrive { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest time that an answer waits for the store before its record goes to the journal.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How often a store that was away is tried again.</summary>
    public TimeSpan Probe { get; init; } = TimeSpan.FromMilliseconds(500);
}
