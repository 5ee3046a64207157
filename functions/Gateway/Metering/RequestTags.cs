using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Serverless.Gateway.Metering;

/// <summary>
/// The labels that a client puts on a request, in either header: a JSON object of strings, or <c>name=value</c> with commas between. Each stands for itself:
/// one that cannot be taken does not cost the others.
/// </summary>
internal static class RequestTags
{
    /// <summary>Most labels that are kept, and most characters of them all: a store takes no more in one column.</summary>
    public const int Most = 64;

    /// <summary>As <see cref="Most"/>.</summary>
    public const int MostCharacters = 4096;

    /// <summary>Longest name of a label.</summary>
    public const int LongestName = 128;

    /// <summary>Longest value of a label.</summary>
    public const int LongestValue = 256;

    /// <summary>Both may be there; where they name the same label, the later one of these counts.</summary>
    private static readonly string[] Headers = ["Databricks-Ai-Gateway-Request-Tags", "x-gateway-tags"];

    /// <summary>Reads them off a request's headers.</summary>
    /// <param name="headers">The headers.</param>
    /// <param name="readable">False when there was something that could not be taken.</param>
    /// <returns>Null when there are none.</returns>
    public static IReadOnlyDictionary<string, string>? Read(IHeaderDictionary headers, out bool readable)
    {
        Labels labels = default;
        readable = true;
        foreach (string name in Headers)
        {
            if (headers.TryGetValue(name, out StringValues values))
            {
                foreach (string? value in values)
                {
                    string text = value?.Trim() ?? "";
                    readable &= text is "" || (text[0] is '{' or '[' ? ReadJson(text, ref labels) : ReadPairs(text, ref labels));
                }
            }
        }

        return labels.All;
    }

    private static bool ReadJson(string text, ref Labels labels)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return false;
            }

            bool readable = true;
            foreach (JsonProperty tag in document.RootElement.EnumerateObject())
            {
                readable &= tag.Value.ValueKind == JsonValueKind.String && labels.Add(tag.Name, tag.Value.GetString()!);
            }

            return readable;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static bool ReadPairs(string text, ref Labels labels)
    {
        bool readable = true;
        foreach (string pair in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=');
            readable &= equals > 0 && labels.Add(pair[..equals].TrimEnd(), pair[(equals + 1)..].TrimStart());
        }

        return readable;
    }

    /// <summary>What was taken so far.</summary>
    private struct Labels
    {
        private int _characters;

        public Dictionary<string, string>? All { get; private set; }

        public bool Add(string name, string value)
        {
            bool fits = name.Length is > 0 and <= LongestName && value.Length <= LongestValue && !name.Any(char.IsControl) && !value.Any(char.IsControl);
            string? before = fits && All is not null && All.TryGetValue(name, out string? known) ? known : null;
            int characters = _characters + value.Length - (before?.Length ?? -name.Length);
            if (!fits || characters > MostCharacters || (before is null && All?.Count >= Most))
            {
                return false;
            }

            All ??= [];
            All[name] = value;
            _characters = characters;
            return true;
        }
    }
}
