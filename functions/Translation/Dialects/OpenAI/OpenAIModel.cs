using Serverless.Translation.Canonical;

namespace Serverless.Translation.Dialects.OpenAI;

/// <summary>
/// What OpenAI's models differ in, told by their names, so that a client of another family is not refused for a parameter that it sends
/// to every model. A name that is not in the table (a deployment's, another maker's) is taken to accept everything.
/// Source: https://platform.openai.com/docs/guides/reasoning and the models' pages.
/// </summary>
internal sealed class OpenAIModel
{
    private static readonly ReasoningEffort[] Classic = [ReasoningEffort.Low, ReasoningEffort.Medium, ReasoningEffort.High];
    private static readonly ReasoningEffort[] WithMinimal = [ReasoningEffort.Minimal, .. Classic];
    private static readonly ReasoningEffort[] WithNone = [ReasoningEffort.None, .. Classic];
    private static readonly ReasoningEffort[] WithXHigh = [.. Classic, ReasoningEffort.XHigh];
    private static readonly ReasoningEffort[] Pro = [ReasoningEffort.Medium, ReasoningEffort.High, ReasoningEffort.XHigh];
    private static readonly ReasoningEffort[] Full = [ReasoningEffort.None, .. WithXHigh];
    private static readonly ReasoningEffort[] FullAndMax = [.. Full, ReasoningEffort.Max];

    private static readonly OpenAIModel Unknown = new();
    private static readonly OpenAIModel Plain = new() { Reasons = false };

    private readonly ReasoningEffort[]? _efforts;

    private OpenAIModel(ReasoningEffort[]? efforts = null) => _efforts = efforts;

    /// <summary>True for a model that thinks, false for one that does not, null when the name does not tell.</summary>
    public bool? Reasons { get; private init; }

    /// <summary>True when the model takes marks for the end of a cacheable prefix (<c>prompt_cache_breakpoint</c>).</summary>
    public bool CacheBreakpoints { get; private init; }

    /// <summary>False when Chat Completions takes an effort only in a request without functions.</summary>
    public bool EffortWithTools { get; private init; } = true;

    /// <summary>False when the model takes no stop sequences.</summary>
    public bool Stops => Reasons != true;

    /// <summary>True when the model does not think unless it is asked to.</summary>
    private bool NoneByDefault { get; init; }

    /// <summary>What the name tells.</summary>
    public static OpenAIModel Of(string name)
    {
        string model = name.ToLowerInvariant();
        if (IsSeries(model))
        {
            return new OpenAIModel(Classic) { Reasons = true };
        }

        if (model.Contains("gpt-oss", StringComparison.Ordinal) || model.StartsWith("codex-mini", StringComparison.Ordinal))
        {
            return new OpenAIModel(Classic) { Reasons = true };
        }

        return VersionOf(model) switch
        {
            null => Unknown,
            { Major: < 5 } => Plain,
            _ when model.Contains("-chat", StringComparison.Ordinal) => Plain,
            var version => new OpenAIModel(EffortsOf(version.Value, model))
            {
                Reasons = true,
                NoneByDefault = version is { Major: 5, Minor: >= 1 and <= 4 },
                EffortWithTools = version is { Major: 5, Minor: < 4 },
                CacheBreakpoints = version is { Major: 5, Minor: >= 6 } or { Major: > 5 },
            },
        };
    }

    /// <summary>The effort nearest to the one asked for that the model takes.</summary>
    public ReasoningEffort Nearest(ReasoningEffort effort)
    {
        if (_efforts is null || Array.IndexOf(_efforts, effort) >= 0)
        {
            return effort;
        }

        // Who asks for a little thinking must not get none; who asks for none gets as little as can be had.
        return _efforts.Where(e => e != ReasoningEffort.None).MinBy(e => (Math.Abs(e - effort), e));
    }

    /// <summary>True when <c>temperature</c>, <c>top_p</c> and log probabilities can be asked of the model at that effort.</summary>
    public bool Samples(ReasoningEffort? effort) =>
        Reasons != true || effort == ReasoningEffort.None || (effort is null && NoneByDefault);

    private static ReasoningEffort[] EffortsOf((int Major, int Minor) version, string model)
    {
        bool codex = model.Contains("codex", StringComparison.Ordinal);
        bool pro = model.Contains("-pro", StringComparison.Ordinal);
        return version switch
        {
            { Major: 5, Minor: 0 } => pro ? [ReasoningEffort.High] : codex ? Classic : WithMinimal,
            { Major: 5, Minor: 1 } => model.Contains("codex-max", StringComparison.Ordinal) ? WithXHigh : codex ? Classic : WithNone,
            { Major: 5, Minor: <= 5 } => pro ? Pro : codex ? WithXHigh : Full,
            _ => FullAndMax,
        };
    }

    /// <summary>o1, o3, o4-mini …, also behind a maker's name and a slash.</summary>
    private static bool IsSeries(string model)
    {
        ReadOnlySpan<char> name = model.AsSpan(model.LastIndexOf('/') + 1);
        return name.Length >= 2 && name[0] == 'o' && char.IsAsciiDigit(name[1]) && (name.Length == 2 || name[2] == '-');
    }

    /// <summary>5.1 of gpt-5.1-codex, 5.0 of gpt-5-2025-08-07, 4.0 of gpt-4o.</summary>
    private static (int Major, int Minor)? VersionOf(string model)
    {
        int at = model.IndexOf("gpt-", StringComparison.Ordinal);
        if (at < 0 || at + 4 >= model.Length || !char.IsAsciiDigit(model[at + 4]))
        {
            return null;
        }

        int major = model[at + 4] - '0';
        ReadOnlySpan<char> rest = model.AsSpan(at + 5);
        if (rest.Length >= 2 && rest[0] is '.' or '-' && char.IsAsciiDigit(rest[1]))
        {
            int digits = rest[1..].IndexOfAnyExceptInRange('0', '9');
            ReadOnlySpan<char> minor = digits < 0 ? rest[1..] : rest.Slice(1, digits);
            return minor.Length <= 2 ? (major, int.Parse(minor)) : (major, 0);
        }

        return (major, 0);
    }
}
