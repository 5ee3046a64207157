namespace Serverless.Gateway.Tests.Infrastructure;

/// <summary>What has to hold between the resources of an environment.</summary>
/// <param name="Name">What holds.</param>
/// <param name="Faults">What of a snapshot breaks the rule.</param>
/// <param name="Breaks">Changes of the environment in which everything is switched on; the rule must see each.</param>
internal sealed record Rule(string Name, Func<Snapshot, IEnumerable<string>> Faults, IReadOnlyList<Break> Breaks)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Rule> All { get; } = [.. AppRules.All, .. AccessRules.All, .. NetworkRules.All, .. OperationRules.All];

    public override string ToString() => Name;
}

/// <summary>A change that a rule must see.</summary>
/// <param name="Name">What is changed.</param>
/// <param name="Apply">Changes it.</param>
internal sealed record Break(string Name, Action<Snapshot> Apply);
