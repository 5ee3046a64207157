using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.ChatCompletions;

/// <summary>
/// How hard a model should think, in the words that clients have for it:
/// <code>
/// reasoning_effort: "low"                                           OpenAI, https://platform.openai.com/docs/guides/reasoning
/// reasoning: {effort, max_tokens, enabled, exclude}                 OpenRouter, https://openrouter.ai/docs/use-cases/reasoning-tokens
/// thinking: {type, budget_tokens}, output_config: {effort}          Databricks, after Anthropic
/// </code>
/// </summary>
internal static class ChatCompletionsEffort
{
    /// <summary>Reads <c>reasoning_effort</c>; null when it leaves the matter to the model.</summary>
    public static ReasoningEffort? ReadEffort(JsonElement value, string path)
    {
        string name = RequestField.String(value, path);
        return ReasoningTable.Parse(name) ?? (name is "default" or "auto"
            ? null
            : throw RequestField.Unknown(path, name, "none, minimal, low, medium, high, xhigh or max"));
    }

    /// <summary>Reads <c>reasoning</c>, an object.</summary>
    public static ReasoningOptions ReadReasoning(ReasoningOptions options, JsonElement value, string path)
    {
        foreach (JsonProperty property in RequestField.Object(value, path).EnumerateObject())
        {
            string fieldPath = $"{path}.{property.Name}";
            options = property.Name switch
            {
                _ when property.Value.ValueKind == JsonValueKind.Null => options,
                "effort" => options with { Effort = ReadEffort(property.Value, fieldPath) },
                "max_tokens" => options with { Mode = ReasoningMode.Enabled, BudgetTokens = RequestField.Integer(property.Value, fieldPath) },
                "enabled" => options with { Mode = RequestField.Boolean(property.Value, fieldPath) ? options.Mode ?? ReasoningMode.Adaptive : ReasoningMode.Disabled },
                "exclude" => options with { IncludeThoughts = !RequestField.Boolean(property.Value, fieldPath) },
                "summary" => options with { Summary = RequestField.String(property.Value, fieldPath) },
                _ => options,
            };
        }

        return options;
    }

    /// <summary>Reads <c>thinking</c>.</summary>
    public static ReasoningOptions ReadThinking(ReasoningOptions options, JsonElement value, string path)
    {
        foreach (JsonProperty property in RequestField.Object(value, path).EnumerateObject())
        {
            string fieldPath = $"{path}.{property.Name}";
            switch (property.Name)
            {
                case "type":
                    string type = RequestField.String(property.Value, fieldPath);
                    options = options with
                    {
                        Mode = type switch
                        {
                            "enabled" => ReasoningMode.Enabled,
                            "disabled" => ReasoningMode.Disabled,
                            "adaptive" or "auto" => ReasoningMode.Adaptive,
                            _ => throw RequestField.Unknown(fieldPath, type, "enabled, disabled or adaptive"),
                        },
                    };
                    break;
                case "budget_tokens" when property.Value.ValueKind != JsonValueKind.Null:
                    options = options with { BudgetTokens = RequestField.Integer(property.Value, fieldPath) };
                    break;
                case "display" when property.Value.ValueKind == JsonValueKind.String:
                    options = options with { IncludeThoughts = !property.Value.Is("omitted"u8) };
                    break;
            }
        }

        return options;
    }

    /// <summary>Reads <c>output_config</c>, which stands beside an adaptive <c>thinking</c>.</summary>
    public static ReasoningOptions? ReadOutputConfig(ReasoningOptions? options, JsonElement value, ref ExtraFieldsBuilder extra)
    {
        foreach (JsonProperty property in RequestField.Object(value, "output_config").EnumerateObject())
        {
            if (property.NameEquals("effort") && property.Value.ValueKind != JsonValueKind.Null)
            {
                options = (options ?? new()) with { Effort = ReadEffort(property.Value, "output_config.effort") };
            }
            else
            {
                extra.Add("output_config", property);
            }
        }

        return options;
    }

    /// <summary>Writes <c>reasoning_effort</c>, the only word that OpenAI has for it here, or <c>thinking</c>.</summary>
    /// <returns>The effort that is asked for; null when that is left to the model.</returns>
    public static ReasoningEffort? Write(Utf8JsonWriter writer, RequestFieldWriter fields, ChatRequest request, OpenAIModel model, DialectQuirks quirks, TranslationReport report)
    {
        if (request.Reasoning is not { } options)
        {
            return null;
        }

        if (options.Summary is { } summary && summary != "auto")
        {
            report.Drop("reasoning.summary", "Chat Completions has no summaries of the model's thinking");
        }

        if (options.IncludeThoughts is not null)
        {
            report.Change("reasoning.summary", "whether thinking is shown is up to the provider");
        }

        if (quirks.ThinkingField)
        {
            WriteThinking(writer, fields, options);
            return null;
        }

        if (options is { Mode: ReasoningMode.Disabled, Effort: null } && model.Reasons is null)
        {
            // Models without reasoning refuse the field, and those that cannot stop refuse "none"; the newest do not think unless asked to.
            report.Change("reasoning", "left to the model, which thinks only when asked to if it can do without");
            return null;
        }

        if (ReasoningTable.EffortOf(options) is not { } asked)
        {
            if (options.Mode is not null)
            {
                report.Change("reasoning", "left to the model");
            }

            return null;
        }

        return WriteEffort(fields, options, asked, request.Tools.Count > 0, model, quirks, report);
    }

    private static ReasoningEffort? WriteEffort(
        RequestFieldWriter fields, ReasoningOptions options, ReasoningEffort asked, bool hasTools, OpenAIModel model, DialectQuirks quirks, TranslationReport report)
    {
        if (model.Reasons == false)
        {
            if (asked != ReasoningEffort.None)
            {
                report.Drop("reasoning.effort", "this model does not reason");
            }

            return null;
        }

        if (hasTools && !model.EffortWithTools)
        {
            report.Drop("reasoning.effort", "this model takes it beside tools at the Responses API only");
            return null;
        }

        ReasoningEffort effort = model.Nearest(asked);
        string name = ReasoningTable.NameOf(effort);
        if (options is { Effort: null, BudgetTokens: { } budget } && quirks.ReasoningEffort)
        {
            report.Change("reasoning.budget", $"reasoning_effort '{name}' for a budget of {budget}");
        }

        fields.Text("reasoning_effort", name, quirks.ReasoningEffort);
        return effort;
    }

    private static void WriteThinking(Utf8JsonWriter writer, RequestFieldWriter fields, ReasoningOptions options)
    {
        long? budget = options.BudgetTokens ?? (options.Effort is { } effort ? ReasoningTable.BudgetOf(effort) : null);
        bool off = options.Mode == ReasoningMode.Disabled || budget == 0;
        if (!(off || options.Mode == ReasoningMode.Adaptive || budget is not null) || !fields.Begin("thinking"))
        {
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("type"u8, off ? "disabled"u8 : options is { Mode: ReasoningMode.Adaptive, BudgetTokens: null } ? "adaptive"u8 : "enabled"u8);
        if (!off && budget is { } tokens && options is not { Mode: ReasoningMode.Adaptive, BudgetTokens: null })
        {
            writer.WriteNumber("budget_tokens"u8, tokens);
        }

        writer.WriteEndObject();
    }
}
