using Serverless.Translation.Canonical;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// How hard to think, between the vendors' two scales: named efforts (OpenAI <c>reasoning_effort</c>, Anthropic
/// <c>output_config.effort</c>, Gemini <c>thinkingLevel</c>) and budgets in tokens (Anthropic <c>thinking.budget_tokens</c>, Gemini
/// <c>thinkingBudget</c>).
/// <code>
/// effort    none  minimal  low   medium  high   xhigh  max
/// budget    0     1024     1024  8192    24576  32768  65536
/// </code>
/// The first five columns are Google's (https://ai.google.dev/gemini-api/docs/openai, "Thinking"); the last two continue them.
/// 1024 is also the least that Anthropic takes (https://docs.claude.com/en/docs/build-with-claude/extended-thinking).
/// </summary>
public static class ReasoningTable
{
    /// <summary>The least budget that Anthropic takes.</summary>
    public const long MinBudget = 1024;

    /// <summary>The budget in tokens that stands for an effort.</summary>
    public static long BudgetOf(ReasoningEffort effort) => effort switch
    {
        ReasoningEffort.None => 0,
        ReasoningEffort.Minimal or ReasoningEffort.Low => 1024,
        ReasoningEffort.Medium => 8192,
        ReasoningEffort.High => 24576,
        ReasoningEffort.XHigh => 32768,
        _ => 65536,
    };

    /// <summary>The effort that a budget in tokens comes nearest to, from above.</summary>
    public static ReasoningEffort EffortOf(long budget) => budget switch
    {
        <= 0 => ReasoningEffort.None,
        <= 1024 => ReasoningEffort.Low,
        <= 8192 => ReasoningEffort.Medium,
        <= 24576 => ReasoningEffort.High,
        <= 32768 => ReasoningEffort.XHigh,
        _ => ReasoningEffort.Max,
    };

    /// <summary>The effort that a request asks for, in whichever words; null when it leaves that to the model.</summary>
    public static ReasoningEffort? EffortOf(ReasoningOptions? options) => options switch
    {
        null => null,
        { Mode: ReasoningMode.Disabled } => ReasoningEffort.None,
        { Effort: { } effort } => effort,
        { BudgetTokens: { } budget } => EffortOf(budget),
        _ => null,
    };

    /// <summary>An effort in the words that all vendors share.</summary>
    public static string NameOf(ReasoningEffort effort) => effort switch
    {
        ReasoningEffort.None => "none",
        ReasoningEffort.Minimal => "minimal",
        ReasoningEffort.Low => "low",
        ReasoningEffort.Medium => "medium",
        ReasoningEffort.High => "high",
        ReasoningEffort.XHigh => "xhigh",
        _ => "max",
    };

    /// <summary>Reads an effort's name in any case; null when it is none.</summary>
    public static ReasoningEffort? Parse(string? name) => name?.ToLowerInvariant() switch
    {
        "none" => ReasoningEffort.None,
        "minimal" => ReasoningEffort.Minimal,
        "low" => ReasoningEffort.Low,
        "medium" => ReasoningEffort.Medium,
        "high" => ReasoningEffort.High,
        "xhigh" => ReasoningEffort.XHigh,
        "max" => ReasoningEffort.Max,
        _ => null,
    };
}
