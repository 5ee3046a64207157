using Serverless.Translation.Canonical;

namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>
/// What differs between the models behind this API, as a table. Without it a parameter that one generation needs is a 400 at the next.
/// Sources, read 2026-11: https://platform.claude.com/docs/en/about-claude/models/overview (limits),
/// https://platform.claude.com/docs/en/build-with-claude/thinking-troubleshooting (modes of thinking),
/// https://platform.claude.com/docs/en/build-with-claude/effort (levels),
/// https://platform.claude.com/docs/en/build-with-claude/structured-outputs (schemas),
/// https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages, and the migration guides of each model
/// (sampling parameters, prefill, forced tools).
/// </summary>
internal static class ClaudeModels
{
    private const string Every = "";

    /// <summary>
    /// Servers that speak this API for models of their own: everything can be said, nothing is forbidden. Claude Code sends turns of role
    /// <c>system</c> and adaptive thinking to every model whose name it does not know, so that such servers have to take them.
    /// </summary>
    private static readonly ClaudeModel Unknown = new()
    {
        MaxOutput = 8192,
        IsKnown = false,
        Thinking = ThinkingModes.Budget | ThinkingModes.Adaptive,
        MaxEffort = ReasoningEffort.Max,
        XHighEffort = true,
        SystemTurns = true,
        JsonSchema = true,
    };

    private static readonly ClaudeModel Claude3 = new() { MaxOutput = 4096 };
    private static readonly ClaudeModel Claude35 = Claude3 with { MaxOutput = 8192 };
    private static readonly ClaudeModel Sonnet37 = Claude3 with { MaxOutput = 64_000, Thinking = ThinkingModes.Budget };
    private static readonly ClaudeModel Opus4 = Sonnet37 with { MaxOutput = 32_000 };
    private static readonly ClaudeModel Opus41 = Opus4 with { JsonSchema = true, TemperatureWithTopP = false };
    private static readonly ClaudeModel Claude45 = Opus41 with { MaxOutput = 64_000 };
    private static readonly ClaudeModel Opus45 = Claude45 with { MaxEffort = ReasoningEffort.High };

    private static readonly ClaudeModel Claude46 = Claude45 with
    {
        MaxOutput = 128_000,
        Thinking = ThinkingModes.Budget | ThinkingModes.Adaptive,
        MaxEffort = ReasoningEffort.Max,
        Prefill = false,
    };

    private static readonly ClaudeModel Opus47 = Claude46 with { Thinking = ThinkingModes.Adaptive, XHighEffort = true, Sampling = false };
    private static readonly ClaudeModel Opus48 = Opus47 with { SystemTurns = true };
    private static readonly ClaudeModel Sonnet5 = Opus47 with { ThinksByDefault = true };
    private static readonly ClaudeModel Opus5 = Opus48 with { ThinksByDefault = true, MaxEffortUnthinking = ReasoningEffort.High };
    private static readonly ClaudeModel Fable5 = Opus48 with { ThinksByDefault = true, Off = ThinkingOff.Never };
    private static readonly ClaudeModel Fable51 = Fable5 with { ForcedTools = false };
    private static readonly ClaudeModel Sonnet55 = Opus5 with { ForcedTools = false, Off = ThinkingOff.BetweenTools };

    /// <summary>Newest first within a family; the first row that fits counts, so that a newer model is taken for the newest known.</summary>
    private static readonly (string Family, int Since, ClaudeModel Model)[] Rows =
    [
        ("fable", 51, Fable51),
        ("fable", 0, Fable5),
        ("mythos", 51, Fable51),
        ("mythos", 0, Fable5),
        ("opus", 55, Fable51),
        ("opus", 50, Opus5),
        ("opus", 48, Opus48),
        ("opus", 47, Opus47),
        ("opus", 46, Claude46),
        ("opus", 45, Opus45),
        ("opus", 41, Opus41),
        ("opus", 40, Opus4),
        ("sonnet", 55, Sonnet55),
        ("sonnet", 50, Sonnet5),
        ("sonnet", 46, Claude46),
        ("sonnet", 45, Claude45),
        ("sonnet", 37, Sonnet37),
        ("haiku", 50, Opus5),
        ("haiku", 45, Claude45),
        (Every, 50, Fable51),
        (Every, 40, Opus4),
        (Every, 35, Claude35),
        (Every, 0, Claude3),
    ];

    /// <summary>
    /// The ways of a model. Takes the names of every platform: <c>claude-opus-4-5-20251101</c>, <c>anthropic/claude-3.7-sonnet</c>,
    /// <c>us.anthropic.claude-sonnet-4-20250514-v1:0</c>, <c>claude-opus-4@20250514</c>, <c>databricks-claude-haiku-5-5</c>.
    /// </summary>
    public static ClaudeModel Find(string model)
    {
        int at = model.IndexOf("claude", StringComparison.OrdinalIgnoreCase);
        if (at < 0)
        {
            return Unknown;
        }

        (string? family, int version) = Parse(model.AsSpan(at + "claude".Length));
        foreach ((string rowFamily, int since, ClaudeModel row) in Rows)
        {
            if ((rowFamily == family || rowFamily.Length == 0) && version >= since)
            {
                return row;
            }
        }

        return Unknown;
    }

    /// <summary>Family and ten times the version; without a version the newest is meant (<c>claude-opus-latest</c>).</summary>
    private static (string? Family, int Version) Parse(ReadOnlySpan<char> name)
    {
        string? family = null;
        int? major = null;
        int? minor = null;
        bool afterMajor = false;
        foreach (Range range in name.SplitAny("-._:@/[ "))
        {
            ReadOnlySpan<char> word = name[range];
            if (word.Length is 1 or 2 && int.TryParse(word, out int number))
            {
                if (major is null)
                {
                    major = number;
                    afterMajor = true;
                    continue;
                }

                minor ??= afterMajor ? number : null;
            }
            else
            {
                family ??= FamilyOf(word);
            }

            afterMajor = false;
        }

        return (family, major is null ? int.MaxValue : (10 * major.Value) + (minor ?? 0));
    }

    private static string? FamilyOf(ReadOnlySpan<char> word)
    {
        foreach (string family in (ReadOnlySpan<string>)["opus", "sonnet", "haiku", "fable", "mythos"])
        {
            if (word.Equals(family, StringComparison.OrdinalIgnoreCase))
            {
                return family;
            }
        }

        return null;
    }
}

/// <summary>The ways of one model.</summary>
internal sealed record ClaudeModel
{
    /// <summary>Most output tokens of one answer, thinking included.</summary>
    public required long MaxOutput { get; init; }

    /// <summary>False when nothing is known of the model, so that nothing may be forbidden to it.</summary>
    public bool IsKnown { get; init; } = true;

    /// <summary>How thinking can be asked for.</summary>
    public ThinkingModes Thinking { get; init; }

    /// <summary>True when it thinks unless told otherwise.</summary>
    public bool ThinksByDefault { get; init; }

    /// <summary>How its thinking is turned off.</summary>
    public ThinkingOff Off { get; init; }

    /// <summary>The highest <c>output_config.effort</c>; null when it has no such parameter.</summary>
    public ReasoningEffort? MaxEffort { get; init; }

    /// <summary>The highest effort that goes with thinking turned off; null when any does.</summary>
    public ReasoningEffort? MaxEffortUnthinking { get; init; }

    /// <summary>The effort <c>xhigh</c> exists.</summary>
    public bool XHighEffort { get; init; }

    /// <summary>Temperature, top_p and top_k can be set.</summary>
    public bool Sampling { get; init; } = true;

    /// <summary>Temperature and top_p can be set together.</summary>
    public bool TemperatureWithTopP { get; init; } = true;

    /// <summary>The last turn may be the assistant's, to be continued.</summary>
    public bool Prefill { get; init; } = true;

    /// <summary>A tool can be forced.</summary>
    public bool ForcedTools { get; init; } = true;

    /// <summary>Turns of role <c>system</c> can stand within the conversation.</summary>
    public bool SystemTurns { get; init; }

    /// <summary>Answers and tool arguments can be held to a schema.</summary>
    public bool JsonSchema { get; init; }
}

/// <summary>How thinking can be asked for.</summary>
[Flags]
internal enum ThinkingModes
{
    None = 0,

    /// <summary><c>{"type":"enabled","budget_tokens":N}</c>.</summary>
    Budget = 1,

    /// <summary><c>{"type":"adaptive"}</c>.</summary>
    Adaptive = 2,
}

/// <summary>How thinking is turned off.</summary>
internal enum ThinkingOff
{
    /// <summary><c>{"type":"disabled"}</c>.</summary>
    Disabled,

    /// <summary><c>{"type":"between_tools"}</c>: none before the answer, short notes between tool calls.</summary>
    BetweenTools,

    /// <summary>It cannot be.</summary>
    Never,
}
