namespace Serverless.App;

/// <summary>The arguments of a command: <c>--name value</c>, <c>--name=value</c>, <c>--flag</c>, and settings of the gateway.</summary>
internal sealed class CommandOptions
{
    private const string SettingPrefix = "--Gateway:";

    private readonly Dictionary<string, string?> _values = [];

    /// <param name="args">The arguments after the command's name.</param>
    /// <param name="named">Options that take a value.</param>
    /// <param name="flags">Options that take none.</param>
    public CommandOptions(string[] args, IReadOnlyList<string> named, IReadOnlyList<string> flags)
    {
        List<string> settings = [];
        for (int i = 0; i < args.Length && Fault is null; i++)
        {
            int equals = args[i].IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? args[i] : args[i][..equals];
            string? value = equals >= 0 ? args[i][(equals + 1)..] : flags.Contains(name) || i + 1 == args.Length ? null : args[++i];
            if (name.StartsWith(SettingPrefix, StringComparison.OrdinalIgnoreCase) && value is not null)
            {
                settings.Add($"{name}={value}");
            }
            else if (!named.Contains(name) && !flags.Contains(name))
            {
                Fault = $"'{name}' is no option; there are {string.Join(", ", named.Concat(flags))}.";
            }
            else if (named.Contains(name) == value is null || !_values.TryAdd(name, value))
            {
                Fault = named.Contains(name) ? $"{name} must be given once, with a value." : $"{name} takes no value.";
            }
        }

        Settings = [.. settings];
    }

    /// <summary>What is wrong; null when nothing is.</summary>
    public string? Fault { get; }

    /// <summary>Settings of the gateway among the arguments.</summary>
    public string[] Settings { get; }

    /// <summary>The value of an option; null when it was not given.</summary>
    public string? this[string name] => _values.GetValueOrDefault(name);

    /// <summary>True when an option was given.</summary>
    public bool Has(string name) => _values.ContainsKey(name);
}
