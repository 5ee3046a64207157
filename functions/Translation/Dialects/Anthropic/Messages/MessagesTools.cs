using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>
/// Tool declarations and the choice among them. Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools.
/// </summary>
internal static class MessagesTools
{
    /// <summary>Reads <c>tools</c>. A tool with a <c>type</c> of its own (<c>web_search_…</c>, <c>bash_…</c>) is one of Anthropic's.</summary>
    public static IReadOnlyList<ToolDefinition> Read(JsonElement tools)
    {
        RequestField.Array(tools, "tools");
        var read = new List<ToolDefinition>(tools.GetArrayLength());
        foreach (JsonElement tool in tools.EnumerateArray())
        {
            string path = $"tools[{read.Count}]";
            RequestField.Object(tool, path);
            string? type = tool.TryGetProperty("type", out JsonElement value) && value.ValueKind != JsonValueKind.Null
                ? RequestField.String(value, $"{path}.type")
                : null;
            read.Add(type is null or "custom" ? ReadFunction(tool, path) : new ServerTool(MessagesWire.Id, type, tool, path)
            {
                Cache = MessagesWire.ReadCache(MessagesWire.Find(tool, "cache_control") ?? default),
            });
        }

        return read;
    }

    /// <summary>Reads <c>tool_choice</c> with what it says about parallel calls.</summary>
    public static (ToolChoice Choice, bool? Parallel) ReadChoice(JsonElement choice)
    {
        RequestField.Object(choice, "tool_choice");
        string type = choice.TryGetProperty("type", out JsonElement value) && value.ValueKind != JsonValueKind.Null
            ? RequestField.String(value, "tool_choice.type")
            : throw RequestField.Missing("tool_choice.type");
        bool? parallel = choice.TryGetProperty("disable_parallel_tool_use", out JsonElement disable) && disable.ValueKind != JsonValueKind.Null
            ? !RequestField.Boolean(disable, "tool_choice.disable_parallel_tool_use")
            : null;
        return (type switch
        {
            "auto" => new ToolChoice(ToolChoiceMode.Auto),
            "any" => new ToolChoice(ToolChoiceMode.Required),
            "none" => new ToolChoice(ToolChoiceMode.None),
            "tool" => new ToolChoice(ToolChoiceMode.Named)
            {
                Name = choice.TryGetProperty("name", out JsonElement name) && name.ValueKind != JsonValueKind.Null
                    ? RequestField.String(name, "tool_choice.name")
                    : throw RequestField.Missing("tool_choice.name"),
            },
            _ => new ToolChoice(ToolChoiceMode.Auto) { Opaque = new OpaquePart(MessagesWire.Id, choice, "tool_choice") },
        }, parallel);
    }

    /// <summary>Writes <c>tools</c> and <c>tool_choice</c>.</summary>
    public static void Write(Utf8JsonWriter writer, ChatRequest request, ClaudeModel model, IReadOnlyList<MessagesTurn> turns, TranslationReport report)
    {
        if (request.Tools.Any(t => IsAllowed(t, request.ToolChoice)))
        {
            writer.WriteStartArray("tools"u8);
            for (int i = 0; i < request.Tools.Count; i++)
            {
                if (IsAllowed(request.Tools[i], request.ToolChoice))
                {
                    WriteTool(writer, request.Tools[i], FieldNames.Of(request.Tools[i]), model, report);
                }
                else
                {
                    report.Change(FieldNames.Of(request.Tools[i]), "left out, since tool_choice does not allow it");
                }
            }

            writer.WriteEndArray();
            WriteChoice(writer, request, model, report);
            return;
        }

        if (IsForced(request.ToolChoice))
        {
            report.Drop("tool_choice", "no tool is declared");
        }

        WriteUsedTools(writer, turns, report);
    }

    /// <summary>True when the answer has to begin with a tool call.</summary>
    public static bool IsForced(ToolChoice? choice) => choice is { Opaque: null, Mode: ToolChoiceMode.Required or ToolChoiceMode.Named };

    private static FunctionTool ReadFunction(JsonElement tool, string path)
    {
        string? name = null;
        var read = new FunctionTool("");
        var extra = new ExtraFieldsBuilder(MessagesWire.Id, path);
        foreach (JsonProperty property in tool.EnumerateObject())
        {
            JsonElement value = property.Value;
            switch (property.Name)
            {
                case "type":
                case var _ when value.ValueKind == JsonValueKind.Null:
                    break;
                case "name":
                    name = RequestField.String(value, $"{path}.name");
                    break;
                case "description":
                    read = read with { Description = RequestField.String(value, $"{path}.description") };
                    break;
                case "input_schema":
                    read = read with { Parameters = RequestField.Object(value, $"{path}.input_schema") };
                    break;
                case "strict":
                    read = read with { Strict = RequestField.Boolean(value, $"{path}.strict") };
                    break;
                case "cache_control":
                    read = read with { Cache = MessagesWire.ReadCache(value) };
                    break;
                default:
                    extra.Add(property);
                    break;
            }
        }

        return read with { Name = name is { Length: > 0 } ? name : throw RequestField.Missing($"{path}.name"), Extra = extra.Build() };
    }

    private static bool IsAllowed(ToolDefinition tool, ToolChoice? choice) =>
        choice?.Allowed is not { } allowed || (tool is FunctionTool function && allowed.Contains(function.Name));

    private static void WriteTool(Utf8JsonWriter writer, ToolDefinition tool, string path, ClaudeModel model, TranslationReport report)
    {
        if (tool is ServerTool own)
        {
            MessagesWire.WriteOwn(writer, own.Json, own.Cache);
            return;
        }

        var function = (FunctionTool)tool;
        bool strict = function.Strict == true && model.JsonSchema;
        writer.WriteStartObject();
        writer.WriteString("name"u8, function.Name);
        if (MessagesWire.HasText(function.Description))
        {
            writer.WriteString("description"u8, function.Description);
        }

        writer.WritePropertyName("input_schema"u8);
        MessagesSchema.WriteInput(writer, function.Parameters, path, strict && model.IsKnown, report);
        if (strict)
        {
            writer.WriteBoolean("strict"u8, true);
        }
        else if (function.Strict == true)
        {
            report.Drop($"{path}.strict", "this model cannot hold arguments to their schema");
        }

        MessagesWire.WriteCache(writer, function.Cache);
        writer.WriteExtra(function.Extra, MessagesWire.Id);
        writer.WriteEndObject();
    }

    private static void WriteChoice(Utf8JsonWriter writer, ChatRequest request, ClaudeModel model, TranslationReport report)
    {
        bool single = request.ParallelToolCalls == false;
        ToolChoice? choice = request.ToolChoice;
        if (choice?.Opaque is { } opaque)
        {
            writer.WritePropertyName("tool_choice"u8);
            writer.WriteRaw(opaque.Json);
            return;
        }

        if (choice is null && !single)
        {
            return;
        }

        ToolChoiceMode mode = choice?.Mode ?? ToolChoiceMode.Auto;
        if (IsForced(choice) && !model.ForcedTools)
        {
            report.Change("tool_choice", "auto, since this model refuses to be forced to use a tool");
            mode = ToolChoiceMode.Auto;
        }

        writer.WriteStartObject("tool_choice"u8);
        writer.WriteString("type"u8, mode switch
        {
            ToolChoiceMode.None => "none"u8,
            ToolChoiceMode.Required => "any"u8,
            ToolChoiceMode.Named => "tool"u8,
            _ => "auto"u8,
        });
        if (mode == ToolChoiceMode.Named)
        {
            writer.WriteString("name"u8, choice!.Name);
        }

        if (single && mode != ToolChoiceMode.None)
        {
            writer.WriteBoolean("disable_parallel_tool_use"u8, true);
        }

        writer.WriteEndObject();
    }

    /// <summary>
    /// A conversation in which tools were used has to declare some, even when the client offers none any more; the tools that were
    /// used are named then, and forbidden.
    /// </summary>
    private static void WriteUsedTools(Utf8JsonWriter writer, IReadOnlyList<MessagesTurn> turns, TranslationReport report)
    {
        string[] used = [.. turns.SelectMany(t => t.Parts).OfType<ToolCallPart>().Select(c => c.Name).Distinct(StringComparer.Ordinal)];
        if (used.Length == 0)
        {
            return;
        }

        report.Change("tools", "the tools of earlier turns were declared, and forbidden by tool_choice");
        writer.WriteStartArray("tools"u8);
        foreach (string name in used)
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, name);
            writer.WritePropertyName("input_schema"u8);
            MessagesSchema.WriteEmpty(writer);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartObject("tool_choice"u8);
        writer.WriteString("type"u8, "none"u8);
        writer.WriteEndObject();
    }
}
