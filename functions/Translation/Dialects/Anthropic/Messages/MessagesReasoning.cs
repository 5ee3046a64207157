using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>
/// How much the model should think: <c>thinking</c> and <c>output_config.effort</c>, which the API keeps apart. An effort without
/// <c>thinking</c> leaves the model's default; the decoder marks it by <see cref="ReasoningOptions.IncludeThoughts"/> being false, since
/// such a client expects no thinking in the answer, whereas OpenAI's clients mean by the same word that the model shall think.
/// Sources: https://platform.claude.com/docs/en/build-with-claude/thinking, https://platform.claude.com/docs/en/build-with-claude/effort.
/// </summary>
internal static class MessagesReasoning
{
    private const string Field = "reasoning";

    /// <summary>Room for the answer itself that thinking must leave below the limit of output tokens.</summary>
    private const long LeastAnswer = 256;

    /// <summary>Reads <c>thinking</c>; null when it holds something that has no canonical form, so that it has to be kept as it is.</summary>
    public static ReasoningOptions? Read(JsonElement thinking, out bool isComplete)
    {
        RequestField.Object(thinking, "thinking");
        string type = thinking.TryGetProperty("type", out JsonElement value) && value.ValueKind != JsonValueKind.Null
            ? RequestField.String(value, "thinking.type")
            : throw RequestField.Missing("thinking.type");
        ReasoningOptions? options = type switch
        {
            "disabled" or "between_tools" => new ReasoningOptions { Mode = ReasoningMode.Disabled },
            "enabled" => new ReasoningOptions { Mode = ReasoningMode.Enabled },
            "adaptive" => new ReasoningOptions { Mode = ReasoningMode.Adaptive },
            _ => null,
        };
        isComplete = options is not null && type != "between_tools";
        if (options is null)
        {
            return null;
        }

        foreach (JsonProperty property in thinking.EnumerateObject())
        {
            switch (property.Name)
            {
                case "type":
                case var _ when property.Value.ValueKind == JsonValueKind.Null:
                    break;
                case "budget_tokens":
                    options = options with { BudgetTokens = RequestField.Integer(property.Value, "thinking.budget_tokens") };
                    break;
                case "display" when Json.Text(property.Value) is "summarized" or "omitted":
                    options = options with { IncludeThoughts = property.Value.Is("summarized") };
                    break;
                default:
                    isComplete = false;
                    break;
            }
        }

        return options;
    }

    /// <summary>What to ask of the model.</summary>
    /// <param name="request">The request.</param>
    /// <param name="model">The model's ways.</param>
    /// <param name="maxTokens">The limit on output tokens that is written.</param>
    /// <param name="toolLoopWithoutThinking">True when the last turn answers tool calls that were made without (replayable) thinking.</param>
    /// <param name="report">Takes what is dropped or changed.</param>
    public static ThinkingPlan Plan(ChatRequest request, ClaudeModel model, long maxTokens, bool toolLoopWithoutThinking, TranslationReport report)
    {
        ReasoningOptions? options = request.Reasoning;
        bool forced = MessagesTools.IsForced(request.ToolChoice) && model.ForcedTools && request.Tools.Count > 0;
        if (options is null)
        {
            return forced && model.ThinksByDefault && model.Off == ThinkingOff.Disabled ? new ThinkingPlan { Type = ThinkingType.Disabled } : default;
        }

        if (ReasoningTable.EffortOf(options) == ReasoningEffort.None)
        {
            return Off(options, model, report);
        }

        bool effortOnly = options is { Mode: null, IncludeThoughts: false };
        ThinkingPlan plan = effortOnly ? default : On(options, model, maxTokens, report);
        if (toolLoopWithoutThinking && plan.Type == ThinkingType.Enabled && model.Thinking.HasFlag(ThinkingModes.Adaptive) && !forced)
        {
            // Only a budget wants the calls in use to have been thought about.
            report.Change(Field, "adaptive thinking in place of a budget, since the tools in use were called without thinking");
            plan = plan with { Type = ThinkingType.Adaptive };
        }

        if (plan.Thinks && (forced || toolLoopWithoutThinking && plan.Type == ThinkingType.Enabled))
        {
            report.Change(Field, forced ? "no thinking, since tool_choice forces a tool" : "no thinking, since the tools in use were called without it");
            plan = new ThinkingPlan { Type = forced && model.ThinksByDefault && model.Off == ThinkingOff.Disabled ? ThinkingType.Disabled : ThinkingType.None };
        }

        ReasoningEffort? effort = options.Effort ?? (plan.Type == ThinkingType.Adaptive && options.BudgetTokens is { } budget ? ReasoningTable.EffortOf(budget) : null);
        return plan with { Effort = EffortFor(effort, model, unthinking: plan.Type == ThinkingType.Disabled, quiet: !effortOnly, report) };
    }

    /// <summary>What is asked of the model by a <c>thinking</c> of the client's own that is passed on as it is.</summary>
    public static ThinkingPlan Keep(JsonElement thinking, ReasoningOptions? options, ClaudeModel model, TranslationReport report) => new()
    {
        Type = MessagesWire.Find(thinking, "type") is { } type && Json.Text(type) is "enabled" or "adaptive" ? ThinkingType.Adaptive : ThinkingType.None,
        Effort = EffortFor(options?.Effort, model, unthinking: false, quiet: false, report),
    };

    /// <summary>Writes <c>thinking</c>.</summary>
    /// <param name="kept">The client's own, which is written as it is; null to write what was planned.</param>
    public static void Write(Utf8JsonWriter writer, ThinkingPlan plan, JsonElement? kept)
    {
        if (kept is { } own)
        {
            writer.WritePropertyName("thinking"u8);
            writer.WriteRaw(own);
            return;
        }

        if (plan.Type == ThinkingType.None)
        {
            return;
        }

        writer.WriteStartObject("thinking"u8);
        writer.WriteString("type"u8, plan.Type switch
        {
            ThinkingType.Enabled => "enabled"u8,
            ThinkingType.Adaptive => "adaptive"u8,
            ThinkingType.BetweenTools => "between_tools"u8,
            _ => "disabled"u8,
        });
        if (plan.Type == ThinkingType.Enabled)
        {
            writer.WriteNumber("budget_tokens"u8, plan.Budget);
        }

        if (plan.Show is { } show)
        {
            writer.WriteString("display"u8, show ? "summarized"u8 : "omitted"u8);
        }

        writer.WriteEndObject();
    }

    private static ThinkingPlan Off(ReasoningOptions options, ClaudeModel model, TranslationReport report)
    {
        ReasoningEffort? effort = options.Effort is null or ReasoningEffort.None ? null : options.Effort;
        if (model.Thinking == ThinkingModes.None || (!model.ThinksByDefault && options.Mode is null))
        {
            return new ThinkingPlan { Effort = EffortFor(effort, model, unthinking: true, quiet: false, report) };
        }

        if (model.Off == ThinkingOff.Never)
        {
            report.Change(Field, "this model always thinks; the lowest effort was asked for instead");
            return new ThinkingPlan { Effort = effort ?? ReasoningEffort.Low };
        }

        if (model.Off == ThinkingOff.BetweenTools)
        {
            report.Change(Field, "this model may still think between tool calls");
        }

        return new ThinkingPlan
        {
            Type = model.Off == ThinkingOff.BetweenTools ? ThinkingType.BetweenTools : ThinkingType.Disabled,
            Effort = EffortFor(effort, model, unthinking: true, quiet: false, report),
        };
    }

    private static ThinkingPlan On(ReasoningOptions options, ClaudeModel model, long maxTokens, TranslationReport report)
    {
        bool wantsBudget = options.Mode == ReasoningMode.Enabled && options.BudgetTokens is not null;
        bool? show = options.IncludeThoughts ?? (options.Summary is not null ? true : null);
        if (model.Thinking == ThinkingModes.None)
        {
            report.Drop(Field, "this model does not think");
            return default;
        }

        if (model.Thinking.HasFlag(ThinkingModes.Adaptive) && !(wantsBudget && model.Thinking.HasFlag(ThinkingModes.Budget)))
        {
            if (options.BudgetTokens is not null && options.Effort is null)
            {
                report.Change(Field, "this model takes an effort in place of a budget");
            }

            return new ThinkingPlan { Type = ThinkingType.Adaptive, Show = show };
        }

        long wanted = options.BudgetTokens ?? ReasoningTable.BudgetOf(options.Effort ?? ReasoningEffort.Medium);
        long budget = Math.Max(ReasoningTable.MinBudget, wanted);
        if (budget + LeastAnswer > maxTokens && !(wantsBudget && budget < maxTokens))
        {
            budget = maxTokens - Math.Max(LeastAnswer, maxTokens / 4);
            if (budget < ReasoningTable.MinBudget)
            {
                report.Drop(Field, $"the limit of {maxTokens} output tokens leaves no room for thinking");
                return default;
            }

            report.Change(Field, $"a budget of {budget} tokens, to stay below the limit on output tokens");
        }

        return new ThinkingPlan { Type = ThinkingType.Enabled, Budget = budget, Show = show };
    }

    /// <summary>The nearest effort that the model knows.</summary>
    private static ReasoningEffort? EffortFor(ReasoningEffort? effort, ClaudeModel model, bool unthinking, bool quiet, TranslationReport report)
    {
        if (effort is null)
        {
            return null;
        }

        if (model.MaxEffort is not { } max)
        {
            // Where thinking was asked for, a budget says it, or the report why not.
            if (!quiet && model.Thinking != ThinkingModes.None)
            {
                report.Drop(Field, "this model has no effort to set");
            }

            return null;
        }

        if (unthinking && model.MaxEffortUnthinking is { } cap && cap < max)
        {
            max = cap;
        }

        ReasoningEffort nearest = effort.Value;
        nearest = nearest == ReasoningEffort.Minimal ? ReasoningEffort.Low : nearest;
        nearest = nearest > max ? max : nearest;
        nearest = nearest == ReasoningEffort.XHigh && !model.XHighEffort ? ReasoningEffort.High : nearest;
        if (nearest != effort)
        {
            report.Change(Field, $"{ReasoningTable.NameOf(effort.Value)} became {ReasoningTable.NameOf(nearest)}, the nearest effort of this model");
        }

        return nearest;
    }
}

/// <summary>What is asked of the model as to thinking.</summary>
internal readonly record struct ThinkingPlan
{
    /// <summary>The <c>thinking</c> that is written.</summary>
    public ThinkingType Type { get; init; }

    /// <summary>Most tokens to think with, for <see cref="ThinkingType.Enabled"/>.</summary>
    public long Budget { get; init; }

    /// <summary>Whether the thinking is to be readable; null to leave that to the model.</summary>
    public bool? Show { get; init; }

    /// <summary>The effort that is written; null for none.</summary>
    public ReasoningEffort? Effort { get; init; }

    /// <summary>True when thinking is asked for.</summary>
    public bool Thinks => Type is ThinkingType.Enabled or ThinkingType.Adaptive;
}

/// <summary>The values of <c>thinking.type</c>.</summary>
internal enum ThinkingType
{
    /// <summary>Nothing is written.</summary>
    None,
    Disabled,
    BetweenTools,
    Enabled,
    Adaptive,
}
