using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Serverless.Gateway.Configuration;

/// <summary>
/// One object of the configuration, read by hand: no reflection, and every key that was not asked for is a fault (<see cref="Close"/>), so
/// that a typing error is never a setting without effect. All faults of all sections go to one list.
/// </summary>
internal sealed class SettingsSection(IConfigurationSection section, string path, List<ConfigurationFault> faults, IConfiguration root)
{
    private readonly List<string> _asked = [];

    /// <summary>The key in the map or list that holds this object.</summary>
    public string Key => Unescape(section.Key);

    /// <summary>Full name of this object or of one of its settings.</summary>
    public string PathOf(string? key = null) => key is null ? path : path.Length == 0 ? key : $"{path}.{key}";

    /// <summary>Reports a fault of this object or of one of its settings.</summary>
    public void Fault(string? key, string message)
    {
        var fault = new ConfigurationFault(PathOf(key), message);
        if (!faults.Contains(fault))
        {
            faults.Add(fault);
        }
    }

    /// <summary>True when anything is said under that key.</summary>
    public bool Has(string key)
    {
        IConfigurationSection child = Ask(key);
        return !string.IsNullOrEmpty(child.Value) || HasChildren(child);
    }

    /// <summary>A text; null when absent or empty.</summary>
    public string? Text(string key)
    {
        IConfigurationSection child = Ask(key);
        if (HasChildren(child))
        {
            Fault(key, "must be a text, not an object or a list.");
            return null;
        }

        return child.Value?.Trim() is { Length: > 0 } text ? text : null;
    }

    /// <summary>A text that must be there; empty after a fault.</summary>
    public string Required(string key, string whatFor)
    {
        if (!Has(key))
        {
            Fault(key, $"is missing: {whatFor}");
        }

        return Text(key) ?? "";
    }

    /// <summary>True or false; null when absent.</summary>
    public bool? Flag(string key) => Parsed<bool>(key, bool.TryParse, "must be true or false");

    /// <summary>A whole number of at least <paramref name="least"/>; null when absent.</summary>
    public long? Number(string key, long least) => Parsed(
        key,
        (string text, out long number) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= least,
        $"must be a whole number of at least {least}");

    /// <summary>A number that may have decimals; null when absent.</summary>
    public decimal? Decimal(string key) => Parsed(
        key,
        static (string text, out decimal number) => decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out number),
        "must be a number such as 0.25");

    /// <summary>A time such as <c>500ms</c>, <c>15s</c>, <c>2m</c>, <c>1h</c> or <c>00:00:15</c>; null when absent.</summary>
    public TimeSpan? Duration(string key) => Parsed<TimeSpan>(key, TryDuration, "must be a time above zero with its unit, such as 500ms, 15s, 2m, 1h or 00:00:15");

    /// <summary>One of the names in a table; null when absent.</summary>
    public T? Choice<T>(string key, IReadOnlyDictionary<string, T> names)
        where T : struct
    {
        string? text = Text(key);
        return text is null ? null : Lookup(key, text, names);
    }

    /// <summary>A secret or a reference to one, see <see cref="Secret.Resolve"/>; null when absent.</summary>
    public Secret? Secret(string key)
    {
        string? text = Text(key);
        if (text is null)
        {
            return null;
        }

        Secret? secret = Configuration.Secret.Resolve(text, root, out string? fault);
        if (fault is not null)
        {
            Fault(key, fault);
        }

        return secret;
    }

    /// <summary>A list of texts, or one text with commas; null when absent, empty when given as empty.</summary>
    public IReadOnlyList<string>? Texts(string key)
    {
        IConfigurationSection child = Ask(key);
        if (!string.IsNullOrEmpty(child.Value) || !HasChildren(child))
        {
            // A text over a list is how an environment variable overrides the file's list as a whole.
            return child.Value?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        }

        List<string> texts = [];
        foreach (IConfigurationSection item in child.GetChildren())
        {
            if (HasChildren(item) || !IsIndex(item.Key))
            {
                Fault(key, "must be a list of texts.");
                return [];
            }

            texts.Add(item.Value?.Trim() ?? "");
        }

        return texts;
    }

    /// <summary>A list of names from a table; null when absent.</summary>
    public IReadOnlyList<T>? Choices<T>(string key, IReadOnlyDictionary<string, T> names)
        where T : struct => Texts(key)?.Select(text => Lookup(key, text, names)).OfType<T>().ToArray();

    /// <summary>An object within this one.</summary>
    public SettingsSection Object(string key)
    {
        IConfigurationSection child = Ask(key);
        RefuseValue(child, key, "an object");
        return Child(child, PathOf(key));
    }

    /// <summary>The objects of a map, by name.</summary>
    public IEnumerable<SettingsSection> Map(string key)
    {
        IConfigurationSection child = Ask(key);
        RefuseValue(child, key, "an object that maps names to objects");
        return child.GetChildren().Select(item => Child(item, $"{PathOf(key)}.{Unescape(item.Key)}"));
    }

    /// <summary>The items of a list, each an object or a text.</summary>
    public IEnumerable<SettingsSection> List(string key)
    {
        IConfigurationSection child = Ask(key);
        RefuseValue(child, key, "a list");
        foreach (IConfigurationSection item in child.GetChildren())
        {
            if (!IsIndex(item.Key))
            {
                Fault(key, $"must be a list, but has the key '{item.Key}'.");
                continue;
            }

            yield return Child(item, $"{PathOf(key)}[{item.Key}]");
        }
    }

    /// <summary>The text that stands in place of this object; null when it is an object.</summary>
    public string? AsText() => HasChildren(section) ? null : section.Value?.Trim();

    /// <summary>The texts of this object's own keys, whatever they are called.</summary>
    public IEnumerable<string> Keys => section.GetChildren().Select(child => Unescape(child.Key));

    /// <summary>Reports every key that nobody asked for. Call it last.</summary>
    public void Close()
    {
        foreach (IConfigurationSection child in section.GetChildren())
        {
            if (!_asked.Contains(child.Key, StringComparer.OrdinalIgnoreCase))
            {
                string key = Unescape(child.Key);
                string hint = NearestName.Question(key, _asked) is { Length: > 0 } question ? question : $" There are: {string.Join(", ", _asked.Distinct())}.";
                Fault(key, "is not a setting." + hint);
            }
        }
    }

    /// <summary>Writes a colon so that it can be part of a name: the configuration system separates keys by it.</summary>
    public static string Escape(string name) => name.Replace(ConfigurationPath.KeyDelimiter, "%3A", StringComparison.Ordinal);

    private static string Unescape(string key) => key.Replace("%3A", ConfigurationPath.KeyDelimiter, StringComparison.Ordinal);

    private SettingsSection Child(IConfigurationSection child, string childPath) => new(child, childPath, faults, root);

    private IConfigurationSection Ask(string key)
    {
        _asked.Add(key);
        return section.GetSection(Escape(key));
    }

    private void RefuseValue(IConfigurationSection child, string key, string expected)
    {
        if (!string.IsNullOrEmpty(child.Value))
        {
            Fault(key, $"must be {expected}.");
        }
    }

    private T? Parsed<T>(string key, TryParse<T> tryParse, string rule)
        where T : struct
    {
        string? text = Text(key);
        if (text is null)
        {
            return null;
        }

        if (tryParse(text, out T value))
        {
            return value;
        }

        Fault(key, $"{rule}; it is '{text}'.");
        return null;
    }

    private T? Lookup<T>(string key, string text, IReadOnlyDictionary<string, T> names)
        where T : struct
    {
        foreach ((string name, T value) in names)
        {
            if (name.Equals(text, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        Fault(key, $"'{text}' is not one of {string.Join(", ", names.Keys)}.{NearestName.Question(text, names.Keys)}");
        return null;
    }

    private static bool HasChildren(IConfigurationSection child) => child.GetChildren().Any();

    private static bool IsIndex(string key) => int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private static bool TryDuration(string text, out TimeSpan value)
    {
        if (text.Contains(':', StringComparison.Ordinal))
        {
            return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out value) && value > TimeSpan.Zero;
        }

        value = default;
        string number = text.TrimEnd("hms".ToCharArray());
        double unit = text[number.Length..] switch
        {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => 0,
        };
        if (unit == 0 || !double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count) || count * unit is <= 0 or > int.MaxValue)
        {
            return false;
        }

        value = TimeSpan.FromMilliseconds(count * unit);
        return true;
    }

    private delegate bool TryParse<T>(string text, out T value);
}
