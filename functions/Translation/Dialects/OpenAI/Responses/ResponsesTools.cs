using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>
/// Reads and writes <c>tools</c> and <c>tool_choice</c>. The tools of a <c>namespace</c> become single tools that know their group, and
/// become one again where they follow each other. Tools that the provider runs are kept as JSON.
/// Source: https://platform.openai.com/docs/guides/function-calling.
/// </summary>
internal static class ResponsesTools
{
    /// <summary>Prefix of the fields of a group that are carried along with its first tool.</summary>
    private const string Group = "namespace";

    /// <summary>Reads the list of tools.</summary>
    public static IReadOnlyList<ToolDefinition> Decode(JsonElement tools)
    {
        RequestField.Array(tools, "tools");
        var list = new List<ToolDefinition>(tools.GetArrayLength());
        int index = 0;
        foreach (JsonElement tool in tools.EnumerateArray())
        {
            string path = $"tools[{index++}]";
            switch (TypeOf(tool, path))
            {
                case "function":
                    list.Add(DecodeFunction(tool, path));
                    break;
                case "custom":
                    list.Add(DecodeCustom(tool, path));
                    break;
                case "namespace" when HoldsOnlyOwnTools(tool):
                    DecodeNamespace(tool, path, list);
                    break;
                case var type:
                    list.Add(new ServerTool(DialectIds.Responses, type, tool, path) { Extra = ResponsesWire.Own });
                    break;
            }
        }

        return list;
    }

    /// <summary>Reads <c>tool_choice</c>.</summary>
    public static ToolChoice DecodeChoice(JsonElement choice)
    {
        if (choice.ValueKind == JsonValueKind.String)
        {
            return new ToolChoice(ModeOf(choice.GetString()!, "tool_choice"));
        }

        RequestField.Object(choice, "tool_choice");
        return TypeOf(choice, "tool_choice") switch
        {
            "function" => DecodeNamed(choice, ToolKind.Function),
            "custom" => DecodeNamed(choice, ToolKind.Custom),
            "allowed_tools" => DecodeAllowed(choice),
            _ => Opaque(choice, ToolChoiceMode.Auto),
        };
    }

    private static string TypeOf(JsonElement tool, string path) =>
        RequestField.Object(tool, path).TryGetProperty("type", out JsonElement type)
            ? RequestField.String(type, path + ".type")
            : throw RequestField.Missing(path + ".type");

    private static FunctionTool DecodeFunction(JsonElement tool, string path)
    {
        var extra = new ExtraFieldsBuilder(DialectIds.Responses, path);
        string? name = null;
        string? description = null;
        JsonElement? parameters = null;
        bool? strict = null;
        foreach (JsonProperty field in tool.EnumerateObject())
        {
            switch (field.Name)
            {
                case "type":
                    break;
                case "name":
                    name = RequestField.String(field.Value, path + ".name");
                    break;
                case "description" when field.Value.ValueKind != JsonValueKind.Null:
                    description = RequestField.String(field.Value, path + ".description");
                    break;
                case "parameters" when field.Value.ValueKind != JsonValueKind.Null:
                    parameters = RequestField.Object(field.Value, path + ".parameters");
                    break;
                case "strict" when field.Value.ValueKind != JsonValueKind.Null:
                    strict = RequestField.Boolean(field.Value, path + ".strict");
                    break;
                default:
                    Keep(ref extra, field);
                    break;
            }
        }

        return new FunctionTool(string.IsNullOrEmpty(name) ? throw RequestField.Missing(path + ".name") : name)
        {
            Description = description,
            Parameters = parameters,
            Strict = strict,
            Extra = extra.Build() ?? ResponsesWire.Own,
        };
    }

    private static CustomTool DecodeCustom(JsonElement tool, string path)
    {
        var extra = new ExtraFieldsBuilder(DialectIds.Responses, path);
        string? name = null;
        string? description = null;
        JsonElement? format = null;
        foreach (JsonProperty field in tool.EnumerateObject())
        {
            switch (field.Name)
            {
                case "type":
                    break;
                case "name":
                    name = RequestField.String(field.Value, path + ".name");
                    break;
                case "description" when field.Value.ValueKind != JsonValueKind.Null:
                    description = RequestField.String(field.Value, path + ".description");
                    break;
                case "format" when field.Value.ValueKind != JsonValueKind.Null:
                    format = RequestField.Object(field.Value, path + ".format");
                    break;
                default:
                    Keep(ref extra, field);
                    break;
            }
        }

        return new CustomTool(string.IsNullOrEmpty(name) ? throw RequestField.Missing(path + ".name") : name)
        {
            Description = description,
            Format = format,
            Extra = extra.Build() ?? ResponsesWire.Own,
        };
    }

    /// <summary>A group that is empty or holds tools of another kind stays whole.</summary>
    private static bool HoldsOnlyOwnTools(JsonElement group) =>
        group.TryGetProperty("tools", out JsonElement tools) && tools.ValueKind == JsonValueKind.Array && tools.GetArrayLength() > 0
        && tools.EnumerateArray().All(t => t.ValueKind == JsonValueKind.Object && t.TryGetProperty("type", out JsonElement type)
            && type.ValueKind == JsonValueKind.String && type.GetString() is "function" or "custom");

    private static void DecodeNamespace(JsonElement group, string path, List<ToolDefinition> list)
    {
        string name = group.TryGetProperty("name", out JsonElement named) ? RequestField.String(named, path + ".name") : throw RequestField.Missing(path + ".name");
        string? description = group.TryGetProperty("description", out JsonElement described) && described.ValueKind != JsonValueKind.Null
            ? RequestField.String(described, path + ".description")
            : null;
        int first = list.Count;
        foreach (JsonElement tool in group.GetProperty("tools").EnumerateArray())
        {
            string inner = $"{path}.tools[{list.Count - first}]";
            string? groupDescription = list.Count == first ? description : null;
            list.Add(TypeOf(tool, inner) == "custom"
                ? DecodeCustom(tool, inner) with { Namespace = name, NamespaceDescription = groupDescription }
                : DecodeFunction(tool, inner) with { Namespace = name, NamespaceDescription = groupDescription });
        }

        List<ExtraField> others =
        [
            .. group.EnumerateObject().Where(f => f.Name is not ("type" or "name" or "tools" or "description") || f.Value.ValueKind == JsonValueKind.Null)
                .Select(f => new ExtraField($"{Group}.{f.Name}", f.Value) { Incidental = f.Value.ValueKind == JsonValueKind.Null }),
        ];
        if (others.Count > 0)
        {
            ExtraFields own = list[first].Extra!;
            list[first] = list[first] with { Extra = new ExtraFields(DialectIds.Responses, path, [.. own.Fields, .. others]) };
        }
    }

    private static void Keep(ref ExtraFieldsBuilder extra, JsonProperty field)
    {
        if (field.Value.ValueKind == JsonValueKind.Null)
        {
            extra.AddIncidental(field);
        }
        else
        {
            extra.Add(field);
        }
    }

    private static ToolChoiceMode ModeOf(string mode, string path) => mode switch
    {
        "auto" => ToolChoiceMode.Auto,
        "none" => ToolChoiceMode.None,
        "required" => ToolChoiceMode.Required,
        _ => throw RequestField.Unknown(path, mode, "'auto', 'none', 'required' or an object"),
    };

    private static ToolChoice DecodeNamed(JsonElement choice, ToolKind kind)
    {
        if (!choice.TryGetProperty("name", out JsonElement name))
        {
            throw RequestField.Missing("tool_choice.name");
        }

        return new ToolChoice(ToolChoiceMode.Named)
        {
            Name = RequestField.String(name, "tool_choice.name"),
            Namespace = choice.TryGetProperty("namespace", out JsonElement group) && group.ValueKind != JsonValueKind.Null
                ? RequestField.String(group, "tool_choice.namespace")
                : null,
            Kind = kind,
        };
    }

    private static ToolChoice DecodeAllowed(JsonElement choice)
    {
        ToolChoiceMode mode = choice.TryGetProperty("mode", out JsonElement value)
            ? ModeOf(RequestField.String(value, "tool_choice.mode"), "tool_choice.mode")
            : ToolChoiceMode.Auto;
        if (!choice.TryGetProperty("tools", out JsonElement tools))
        {
            throw RequestField.Missing("tool_choice.tools");
        }

        RequestField.Array(tools, "tool_choice.tools");
        List<string> names = [];
        bool plain = true;
        foreach (JsonElement tool in tools.EnumerateArray())
        {
            if (TypeOf(tool, "tool_choice.tools") is "function" or "custom" && tool.TryGetProperty("name", out JsonElement name))
            {
                names.Add(RequestField.String(name, "tool_choice.tools.name"));
                plain &= tool.EnumerateObject().Count() == 2;
            }
            else
            {
                plain = false;
            }
        }

        return plain ? new ToolChoice(mode) { Allowed = names } : Opaque(choice, mode) with { Allowed = names.Count > 0 ? names : null };
    }

    private static ToolChoice Opaque(JsonElement choice, ToolChoiceMode mode) =>
        new(mode) { Opaque = new OpaquePart(DialectIds.Responses, choice, "tool_choice") };
}
