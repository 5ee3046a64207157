using Microsoft.Extensions.Configuration;

namespace Serverless.Gateway.Configuration;

/// <summary>A text that must not be shown. It prints as stars, so that no log, error or record can hold it by accident.</summary>
internal sealed class Secret(string value)
{
    /// <summary>The text itself, for the one place that sends it.</summary>
    public string Reveal() => value;

    /// <inheritdoc/>
    public override string ToString() => "***";

    /// <summary>
    /// Reads a setting that holds a secret or says where it is: <c>env:NAME</c> an environment variable or app setting, <c>file:PATH</c> a file
    /// (a mounted secret), anything else the secret itself. Key Vault references in app settings are resolved by the platform before that.
    /// </summary>
    /// <param name="setting">The setting's value.</param>
    /// <param name="configuration">Where app settings are looked up.</param>
    /// <param name="fault">Why there is no secret; null when there is one.</param>
    public static Secret? Resolve(string setting, IConfiguration configuration, out string? fault)
    {
        (string? value, string? missing) = setting switch
        {
            _ when setting.StartsWith("env:", StringComparison.OrdinalIgnoreCase) => FromEnvironment(setting[4..].Trim(), configuration),
            _ when setting.StartsWith("file:", StringComparison.OrdinalIgnoreCase) => FromFile(setting[5..].Trim()),
            _ => (setting, null),
        };
        fault = missing ?? Unusable(value!);
        return fault is null ? new Secret(value!) : null;
    }

    private static (string? Value, string? Fault) FromEnvironment(string name, IConfiguration configuration) =>
        configuration[name.Replace("__", ConfigurationPath.KeyDelimiter, StringComparison.Ordinal)]?.Trim() is { Length: > 0 } value
            ? (value, null)
            : (null, $"the environment variable (or app setting) {name} is not set.");

    private static (string? Value, string? Fault) FromFile(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim() is { Length: > 0 } value ? (value, null) : (null, $"the file {path} is empty.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return (null, $"the file {path} cannot be read ({e.GetType().Name}).");
        }
    }

    private static string? Unusable(string value) => value switch
    {
        _ when value.StartsWith("@Microsoft.KeyVault(", StringComparison.OrdinalIgnoreCase) =>
            "is a Key Vault reference that the platform has not resolved: check the identity's access to the vault.",
        _ when value.AsSpan().ContainsAnyInRange('\0', '\x1f') || value.Contains('\x7f', StringComparison.Ordinal) => "holds control characters or line breaks.",
        _ => null,
    };
}
