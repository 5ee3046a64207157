using System.Text;

namespace Serverless.Gateway.Configuration;

/// <summary>The configuration cannot be used. Thrown once, at start, with everything that is wrong with it.</summary>
public sealed class GatewayConfigurationException(IReadOnlyList<ConfigurationFault> faults) : Exception(Describe(faults))
{
    /// <summary>All faults, in the order of the settings; never empty.</summary>
    public IReadOnlyList<ConfigurationFault> Faults { get; } = faults;

    private static string Describe(IReadOnlyList<ConfigurationFault> faults)
    {
        var text = new StringBuilder();
        text.Append("The gateway's configuration has ").Append(faults.Count == 1 ? "a fault:" : $"{faults.Count} faults:");
        foreach (ConfigurationFault fault in faults)
        {
            text.Append('\n').Append("  ").Append(fault.Setting).Append(": ").Append(fault.Message);
        }

        return text.ToString();
    }
}

/// <summary>One thing that is wrong with the configuration.</summary>
/// <param name="Setting">Full name of the setting, for example <c>endpoints.chat.destinations[0].provider</c>.</param>
/// <param name="Message">What is wrong and what to do, in a sentence or two; never holds a secret.</param>
public sealed record ConfigurationFault(string Setting, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Setting}: {Message}";
}
