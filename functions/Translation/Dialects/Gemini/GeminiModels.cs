using System.Collections.Frozen;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Dialects.Gemini;

/// <summary>
/// What differs between Google's models, as a table; the first row whose prefix fits wins. Sources: thinking budgets and levels
/// https://ai.google.dev/gemini-api/docs/thinking and https://docs.cloud.google.com/vertex-ai/generative-ai/docs/thinking; penalties
/// https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/gemini/3-6-flash; media in function responses
/// https://ai.google.dev/gemini-api/docs/function-calling (multimodal function responses); tools together with structured output
/// https://ai.google.dev/gemini-api/docs/gemini-3; voices https://ai.google.dev/gemini-api/docs/speech-generation.
/// </summary>
internal static class GeminiModels
{
    private static readonly ReasoningEffort[] AllLevels = [ReasoningEffort.Minimal, ReasoningEffort.Low, ReasoningEffort.Medium, ReasoningEffort.High];
    private static readonly ReasoningEffort[] FromLow = [ReasoningEffort.Low, ReasoningEffort.Medium, ReasoningEffort.High];

    /// <summary>What a model that no row names is taken for: the newest generation.</summary>
    private static readonly GeminiModel Newest = new() { Levels = FromLow, Penalties = false };

    private static readonly GeminiModel Gemini3 = new() { Levels = AllLevels };

    private static readonly GeminiModel Gemini2 = new()
    {
        SignsCalls = false,
        MediaInFunctionResponses = false,
        ToolsWithJson = false,
    };

    private static readonly (string Prefix, GeminiModel Model)[] Table =
    [
        ("gemini-3-pro-image", Gemini3 with { Levels = [] }),
        ("gemini-3-pro", Gemini3 with { Levels = [ReasoningEffort.Low, ReasoningEffort.High] }),
        ("gemini-3-flash", Gemini3),
        ("gemini-3-1-pro", Gemini3 with { Levels = FromLow }),
        ("gemini-3-1-flash-image", Gemini3 with { Levels = [ReasoningEffort.Minimal, ReasoningEffort.High] }),
        ("gemini-3-1-flash", Gemini3),
        ("gemini-3-5-flash-lite", Gemini3 with { Penalties = false }),
        ("gemini-3-5-flash", Gemini3),
        ("gemini-3-6-flash", Gemini3 with { Penalties = false }),
        ("gemini-2-5-flash-image", Gemini2),
        ("gemini-2-5-flash-preview-tts", Gemini2),
        ("gemini-2-5-pro-preview-tts", Gemini2),
        ("gemini-2-5-flash-lite", Gemini2 with { Budget = new ThinkingBudget(512, 24576, CanBeOff: true) }),
        ("gemini-2-5-flash", Gemini2 with { Budget = new ThinkingBudget(1, 24576, CanBeOff: true) }),
        ("gemini-2-5-pro", Gemini2 with { Budget = new ThinkingBudget(128, 32768, CanBeOff: false) }),
        ("gemini-2-5", Gemini2 with { Budget = new ThinkingBudget(1, 24576, CanBeOff: true) }),
        ("gemini-2", Gemini2),
        ("gemini-1", Gemini2),
        ("gemma-3", Gemini2 with { SystemInstruction = false }),
    ];

    /// <summary>Names of the voices; any other is refused.</summary>
    public static readonly FrozenSet<string> Voices = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "Achernar", "Achird", "Algenib", "Algieba", "Alnilam", "Aoede", "Autonoe", "Callirrhoe", "Charon", "Despina", "Enceladus", "Erinome", "Fenrir", "Gacrux", "Iapetus",
        "Kore", "Laomedeia", "Leda", "Orus", "Puck", "Pulcherrima", "Rasalgethi", "Sadachbia", "Sadaltager", "Schedar", "Sulafat", "Umbriel", "Vindemiatrix", "Zephyr", "Zubenelgenubi");

    /// <summary>Most stop sequences in a request.</summary>
    public const int MaxStopSequences = 5;

    /// <summary>
    /// What Google lets stand for the signature of a function call that another model made, so that Gemini 3 accepts it:
    /// https://ai.google.dev/gemini-api/docs/thought-signatures (FAQ).
    /// </summary>
    public const string NoSignature = "skip_thought_signature_validator";

    /// <summary>What is known of a model.</summary>
    /// <param name="name">Its name at the provider, with or without collections before it (<c>databricks-gemini-2-5-pro</c> is known, too).</param>
    public static GeminiModel Of(string name)
    {
        string plain = name[(name.LastIndexOf('/') + 1)..].ToLowerInvariant().Replace('.', '-');
        int start = Math.Max(plain.IndexOf("gemini", StringComparison.Ordinal), plain.IndexOf("gemma", StringComparison.Ordinal));
        string family = start < 0 ? plain : plain[start..];
        foreach ((string prefix, GeminiModel model) in Table)
        {
            if (family.StartsWith(prefix, StringComparison.Ordinal))
            {
                return model;
            }
        }

        return Newest;
    }
}

/// <summary>What differs between Google's models. The defaults are those of Gemini 3.</summary>
internal sealed record GeminiModel
{
    /// <summary>The thinking levels that it takes, ascending; empty when it takes none.</summary>
    public IReadOnlyList<ReasoningEffort> Levels { get; init; } = [];

    /// <summary>The thinking budgets that it takes; null when it takes none. A model never takes both levels and budgets.</summary>
    public ThinkingBudget? Budget { get; init; }

    /// <summary>It refuses a history in which the first call of a turn has no signature.</summary>
    public bool SignsCalls { get; init; } = true;

    /// <summary>Function responses can hold images and documents.</summary>
    public bool MediaInFunctionResponses { get; init; } = true;

    /// <summary>It can be held to JSON while it is given tools.</summary>
    public bool ToolsWithJson { get; init; } = true;

    /// <summary>It takes presence and frequency penalties.</summary>
    public bool Penalties { get; init; } = true;

    /// <summary>It takes a system instruction.</summary>
    public bool SystemInstruction { get; init; } = true;
}

/// <summary>The thinking budgets that a model takes, in tokens; -1 (it decides) is always one of them.</summary>
/// <param name="Min">The least.</param>
/// <param name="Max">The most.</param>
/// <param name="CanBeOff">True when 0 turns thinking off.</param>
internal sealed record ThinkingBudget(int Min, int Max, bool CanBeOff);
