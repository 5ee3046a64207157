using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini.GenerateContent;

/// <summary>
/// <c>thinkingConfig</c>: Gemini 2.5 is given a budget in tokens, Gemini 3 and later a level, never both. Which model takes what stands in
/// <see cref="GeminiModels"/>, how efforts and budgets compare in <see cref="ReasoningTable"/>. Source: https://ai.google.dev/gemini-api/docs/thinking.
/// </summary>
internal static class GenerateContentThinking
{
    private const string Field = "reasoning";

    /// <summary>Reads the object.</summary>
    public static ReasoningOptions Read(JsonElement config, string path)
    {
        var options = new ReasoningOptions();
        foreach (JsonProperty property in RequestField.Object(config, path).EnumerateObject())
        {
            JsonElement value = property.Value;
            string name = GeminiNames.Camel(property.Name);
            if (value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            options = name switch
            {
                "includeThoughts" => options with { IncludeThoughts = RequestField.Boolean(value, $"{path}.{name}") },
                "thinkingLevel" => options with { Effort = EffortOf(RequestField.String(value, $"{path}.{name}"), $"{path}.{name}") },
                "thinkingBudget" => GeminiNames.Integer(value, $"{path}.{name}") switch
                {
                    0 => options with { Mode = ReasoningMode.Disabled },
                    < 0 => options with { Mode = ReasoningMode.Adaptive },
                    var budget => options with { Mode = ReasoningMode.Enabled, BudgetTokens = budget },
                },
                _ => options,
            };
        }

        return options;
    }

    /// <summary>Writes the object, if there is something to say and the model thinks.</summary>
    public static void Write(Utf8JsonWriter writer, ChatRequest request, GeminiModel model, TranslationReport report)
    {
        if (request.Reasoning is not { } options)
        {
            return;
        }

        ReasoningEffort? effort = ReasoningTable.EffortOf(options);
        if (model.Budget is null && model.Levels.Count == 0)
        {
            if (effort is not null and not ReasoningEffort.None)
            {
                report.Drop(Field, "this model has no control of its thinking");
            }

            return;
        }

        long? budget = model.Budget is { } range ? BudgetOf(options, effort, range, report) : null;
        ReasoningEffort? level = model.Budget is null && effort is { } wanted ? LevelOf(options, wanted, model.Levels, report) : null;
        bool? include = IncludesThoughts(options);
        if (budget is null && level is null && include is null)
        {
            return;
        }

        writer.WriteStartObject("thinkingConfig"u8);
        if (budget is { } tokens)
        {
            writer.WriteNumber("thinkingBudget"u8, tokens);
        }

        if (level is { } name)
        {
            writer.WriteString("thinkingLevel"u8, ReasoningTable.NameOf(name).ToUpperInvariant());
        }

        if (include is { } thoughts)
        {
            writer.WriteBoolean("includeThoughts"u8, thoughts);
        }

        writer.WriteEndObject();
    }

    /// <summary>Thinking is shown to a client that asked for it, in whichever words: a summary, or thinking itself where its API always shows it.</summary>
    private static bool? IncludesThoughts(ReasoningOptions options) =>
        options.IncludeThoughts ?? (options.Summary is not null || options is { Mode: ReasoningMode.Enabled or ReasoningMode.Adaptive } ? true : null);

    private static long? BudgetOf(ReasoningOptions options, ReasoningEffort? effort, ThinkingBudget range, TranslationReport report)
    {
        if (effort == ReasoningEffort.None)
        {
            return Told(range.CanBeOff ? 0 : range.Min, isAsAsked: options.Mode == ReasoningMode.Disabled && range.CanBeOff);
        }

        if (options.BudgetTokens is { } wanted)
        {
            long clamped = Math.Clamp(wanted, range.Min, range.Max);
            return Told(clamped, clamped == wanted);
        }

        return effort is { } known ? Told(Math.Clamp(ReasoningTable.BudgetOf(known), range.Min, range.Max), isAsAsked: false)
            : options.Mode is null ? null
            : -1;

        long Told(long budget, bool isAsAsked)
        {
            if (!isAsAsked)
            {
                report.Change(Field, $"a budget of {budget} tokens");
            }

            return budget;
        }
    }

    /// <summary>The model's lowest level that is not below the effort; its highest when there is none.</summary>
    private static ReasoningEffort LevelOf(ReasoningOptions options, ReasoningEffort effort, IReadOnlyList<ReasoningEffort> levels, TranslationReport report)
    {
        ReasoningEffort chosen = levels[^1];
        for (int i = levels.Count - 1; i >= 0 && levels[i] >= effort; i--)
        {
            chosen = levels[i];
        }

        if (chosen != effort || options.Effort is null)
        {
            report.Change(Field, $"the level {ReasoningTable.NameOf(chosen)}");
        }

        return chosen;
    }

    private static ReasoningEffort? EffortOf(string level, string path) => level.ToUpperInvariant() switch
    {
        "THINKING_LEVEL_UNSPECIFIED" or "" => null,
        _ => ReasoningTable.Parse(level) ?? throw RequestField.Unknown(path, level, "'MINIMAL', 'LOW', 'MEDIUM' or 'HIGH'"),
    };
}
