using System.Buffers;
using System.Text.RegularExpressions;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Metering;

/// <summary>
/// What a usage record takes over of words that others have chosen: providers' codes, clients' names of fields. A record holds no text of a prompt or an
/// answer, and no secret, so that only what looks like a name is taken, and only so much that a store takes the record.
/// </summary>
internal static partial class RecordText
{
    /// <summary>Stands for what is no name.</summary>
    public const string NoName = "…";

    /// <summary>Longest code of an error, and longest name in brackets: vendors allow tools 64 characters.</summary>
    private const int LongestCode = 64;

    /// <summary>Longest name of a field: shorter than most secrets, longer than nearly all names.</summary>
    private const int LongestName = 32;

    /// <summary>Longest reason of an entry.</summary>
    private const int LongestReason = 256;

    /// <summary>Most entries that are kept, and most characters of them all: a store takes no more in one column.</summary>
    private const int MostEntries = 100;
    private const int MostCharacters = 12_000;

    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

    /// <summary>A failure in one word: its code where that looks like one, since anything else may be a text that quotes the prompt, else its kind.</summary>
    public static string CodeOf(GatewayError error) => error.Code is { } code && IsName(code, LongestCode) ? code : error.Kind switch
    {
        ErrorKind.InvalidRequest => "invalid_request",
        ErrorKind.Authentication => "authentication",
        ErrorKind.Billing => "billing",
        ErrorKind.Permission => "permission",
        ErrorKind.NotFound => "not_found",
        ErrorKind.MethodNotAllowed => "method_not_allowed",
        ErrorKind.Conflict => "conflict",
        ErrorKind.TooLarge => "too_large",
        ErrorKind.RateLimited => "rate_limited",
        ErrorKind.Overloaded => "overloaded",
        ErrorKind.Timeout => "timeout",
        ErrorKind.Upstream => "upstream_error",
        _ => "internal_error",
    };

    /// <summary>A name that a provider or a client gives: without white space around it and control characters, and cut; null when nothing is left.</summary>
    /// <param name="text">The name.</param>
    /// <param name="longest">How many characters of it are kept.</param>
    public static string? Name(string? text, int longest)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        ReadOnlySpan<char> trimmed = text.AsSpan().Trim();
        trimmed = trimmed.Length > longest ? trimmed[..(char.IsHighSurrogate(trimmed[longest - 1]) ? longest - 1 : longest)] : trimmed;
        if (trimmed.Length == text.Length && !text.AsSpan().ContainsAnyInRange('\0', '\u001f') && !text.Contains('\u007f'))
        {
            return text;
        }

        return string.Create(trimmed.Length, trimmed, static (span, source) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = char.IsControl(source[i]) ? '?' : source[i];
            }
        });
    }

    /// <summary>What could not be translated, in names alone; the client itself has been told it in full.</summary>
    public static IReadOnlyList<ReportEntry> Entries(IReadOnlyList<ReportEntry> entries)
    {
        if (entries.Count == 0)
        {
            return [];
        }

        List<ReportEntry> kept = new(Math.Min(entries.Count, MostEntries));
        int characters = 0;
        foreach (ReportEntry entry in entries)
        {
            var told = new ReportEntry(Field(entry.Field), Reason(entry.Reason), entry.Dropped);
            characters += told.Field.Length + told.Reason.Length;
            if (kept.Count == MostEntries || characters > MostCharacters)
            {
                kept.Add(new ReportEntry(NoName, $"{entries.Count - kept.Count} more", entry.Dropped));
                break;
            }

            if (!kept.Contains(told))
            {
                kept.Add(told);
            }
        }

        return kept;
    }

    private static string Field(string field) => FieldPart().Replace(field, static part => part.Value switch
    {
        "." or "[]" => part.Value,
        ['[', .. var inner, ']'] => IsName(inner, LongestCode) ? part.Value : $"[{NoName}]",
        var name when name.StartsWith("header ", StringComparison.Ordinal) => IsName(name["header ".Length..], LongestName) ? name : NoName,
        var name => IsName(name, LongestName) ? name : NoName,
    });

    private static string Reason(string reason)
    {
        // A client's own word may hold quotes, too: what stands between the first and the last is names, or is not told at all.
        string told = Quoted().Replace(reason, static quoted => quoted.Value[1..^1].Split("', '").All(name => IsName(name, LongestName)) ? quoted.Value : $"'{NoName}'");
        return Name(told, LongestReason) ?? NoName;
    }

    private static bool IsName(string text, int longest) => text.Length > 0 && text.Length <= longest && !text.AsSpan().TrimStart('$').ContainsAnyExcept(NameCharacters);

    [GeneratedRegex(@"\.|\[[^\]]*\]?|[^.\[]+", RegexOptions.Singleline)]
    private static partial Regex FieldPart();

    [GeneratedRegex(@"'.*'", RegexOptions.Singleline)]
    private static partial Regex Quoted();
}
