using System.Globalization;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.ChatCompletions;

/// <summary>
/// Declarations of tools, the choice among them, and the body of a call. Source: https://platform.openai.com/docs/api-reference/chat/create
/// (tools, tool_choice, functions). Also read are the flat declarations of Responses and Messages, which some clients (Cursor) send here.
/// </summary>
internal static class ChatCompletionsTools
{
    /// <summary>Reads <c>tools</c>, or the older <c>functions</c>, whose items are bare.</summary>
    public static List<ToolDefinition> Read(JsonElement tools, string path, bool legacy)
    {
        RequestField.Array(tools, path);
        var list = new List<ToolDefinition>(tools.GetArrayLength());
        foreach (JsonElement tool in tools.EnumerateArray())
        {
            string toolPath = string.Create(CultureInfo.InvariantCulture, $"{path}[{list.Count}]");
            RequestField.Object(tool, toolPath);
            list.Add(legacy ? ReadFlat(tool, toolPath, "function") : ReadTool(tool, toolPath));
        }

        return list;
    }

    /// <summary>Reads <c>tool_choice</c> or the older <c>function_call</c>.</summary>
    public static ToolChoice ReadChoice(JsonElement choice, string path)
    {
        if (choice.ValueKind == JsonValueKind.String)
        {
            string mode = choice.GetString()!;
            return new ToolChoice(ModeOf(mode) ?? throw RequestField.Unknown(path, mode, "none, auto, required or an object"));
        }

        RequestField.Object(choice, path);
        string? type = choice.TryGetProperty("type", out JsonElement typeElement) ? Json.Text(typeElement) : null;
        switch (type)
        {
            case null or "function" or "custom" or "tool":
                ToolKind kind = type == "custom" ? ToolKind.Custom : ToolKind.Function;
                return new ToolChoice(ToolChoiceMode.Named) { Kind = kind, Name = ReadName(choice, type ?? "function", path) };
            case "allowed_tools":
                return ReadAllowed(choice, path);
            default:
                return ModeOf(type) is { } mode
                    ? new ToolChoice(mode)
                    : new ToolChoice(ToolChoiceMode.Auto) { Opaque = new OpaquePart(ChatCompletionsWire.Id, choice, path) };
        }
    }

    /// <summary>Writes <c>tools</c> and <c>tool_choice</c>.</summary>
    public static void Write(Utf8JsonWriter writer, ChatRequest request, DialectQuirks quirks, TranslationReport report)
    {
        if (request.Tools.Count == 0)
        {
            return;
        }

        writer.WriteStartArray("tools"u8);
        for (int i = 0; i < request.Tools.Count; i++)
        {
            switch (request.Tools[i])
            {
                case FunctionTool function:
                    WriteFunction(writer, function, quirks, report);
                    break;
                case CustomTool custom:
                    WriteCustom(writer, custom);
                    break;
                case ServerTool server:
                    writer.WriteRaw(server.Json);
                    break;
            }
        }

        writer.WriteEndArray();
        if (request.ToolChoice is { } choice)
        {
            WriteChoice(writer, choice, request.Tools, quirks);
        }
    }

    /// <summary>Writes the type of a call and its name and arguments.</summary>
    public static void WriteCallBody(Utf8JsonWriter writer, ToolCallPart call)
    {
        bool custom = call.Kind == ToolKind.Custom;
        writer.WriteString("type"u8, custom ? "custom"u8 : "function"u8);
        writer.WriteStartObject(custom ? "custom"u8 : "function"u8);
        writer.WriteString("name"u8, call.Name);
        writer.WriteString(custom ? "input"u8 : "arguments"u8, custom || call.Arguments.Length > 0 ? call.Arguments : "{}");
        writer.WriteEndObject();
    }

    private static ToolDefinition ReadTool(JsonElement tool, string path)
    {
        string? type = tool.TryGetProperty("type", out JsonElement typeElement) && typeElement.ValueKind != JsonValueKind.Null
            ? RequestField.String(typeElement, $"{path}.type")
            : null;
        return type switch
        {
            "function" or null when tool.TryGetProperty("function", out JsonElement function) =>
                ReadNested(tool, RequestField.Object(function, $"{path}.function"), path, "function"),
            "custom" when tool.TryGetProperty("custom", out JsonElement custom) =>
                ReadNested(tool, RequestField.Object(custom, $"{path}.custom"), path, "custom"),
            "function" or "custom" => ReadFlat(tool, path, type),
            null when tool.TryGetProperty("name", out _) => ReadFlat(tool, path, "function"),
            null => throw RequestField.Missing($"{path}.type"),
            _ => new ServerTool(ChatCompletionsWire.Id, type, tool, path),
        };
    }

    private static ToolDefinition ReadNested(JsonElement tool, JsonElement body, string path, string nested)
    {
        var draft = new ChatCompletionsToolDraft(path, nested);
        foreach (JsonProperty property in tool.EnumerateObject())
        {
            if (!property.NameEquals("type") && !property.NameEquals(nested) && property.Value.ValueKind != JsonValueKind.Null)
            {
                draft.TakeOuter(property);
            }
        }

        draft.TakeBody(body, $"{path}.{nested}");
        return draft.Build();
    }

    private static ToolDefinition ReadFlat(JsonElement tool, string path, string kind)
    {
        var draft = new ChatCompletionsToolDraft(path, kind);
        draft.TakeBody(tool, path);
        return draft.Build();
    }

    private static string ReadName(JsonElement choice, string nested, string path)
    {
        if (choice.TryGetProperty(nested, out JsonElement body) && body.ValueKind == JsonValueKind.Object && body.TryGetProperty("name", out JsonElement name))
        {
            return RequestField.String(name, $"{path}.{nested}.name");
        }

        return choice.TryGetProperty("name", out name) ? RequestField.String(name, $"{path}.name") : throw RequestField.Missing($"{path}.{nested}.name");
    }

    private static ToolChoice ReadAllowed(JsonElement choice, string path)
    {
        JsonElement body = choice.TryGetProperty("allowed_tools", out JsonElement nested) ? RequestField.Object(nested, $"{path}.allowed_tools") : choice;
        ToolChoiceMode mode = body.TryGetProperty("mode", out JsonElement modeElement)
            && ModeOf(RequestField.String(modeElement, $"{path}.allowed_tools.mode")) == ToolChoiceMode.Required
                ? ToolChoiceMode.Required
                : ToolChoiceMode.Auto;
        if (!body.TryGetProperty("tools", out JsonElement tools))
        {
            throw RequestField.Missing($"{path}.allowed_tools.tools");
        }

        var allowed = new List<string>();
        foreach (JsonElement tool in RequestField.Array(tools, $"{path}.allowed_tools.tools").EnumerateArray())
        {
            string toolPath = string.Create(CultureInfo.InvariantCulture, $"{path}.allowed_tools.tools[{allowed.Count}]");
            RequestField.Object(tool, toolPath);
            bool custom = tool.TryGetProperty("type", out JsonElement type) && type.Is("custom"u8);
            allowed.Add(ReadName(tool, custom ? "custom" : "function", toolPath));
        }

        return new ToolChoice(mode) { Allowed = allowed };
    }

    private static ToolChoiceMode? ModeOf(string name) => name switch
    {
        "auto" => ToolChoiceMode.Auto,
        "none" => ToolChoiceMode.None,
        "required" or "any" => ToolChoiceMode.Required,
        _ => null,
    };

    private static void WriteFunction(Utf8JsonWriter writer, FunctionTool tool, DialectQuirks quirks, TranslationReport report)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "function"u8);
        writer.WriteStartObject("function"u8);
        writer.WriteString("name"u8, tool.Name);
        if (tool.Description is not null)
        {
            writer.WriteString("description"u8, tool.Description);
        }

        writer.WritePropertyName("parameters"u8);
        WriteParameters(writer, tool.Parameters);
        if (quirks.StrictTools && tool.Strict is { } strict)
        {
            writer.WriteBoolean("strict"u8, strict);
        }
        else if (tool.Strict == true)
        {
            report.Drop($"{FieldNames.Of(tool)}.strict", "this provider does not know it");
        }

        EndTool(writer, tool, "function");
    }

    // A schema of no type or without properties is refused by OpenAI, and a missing one by others: to all, an empty object says the same.
    private static void WriteParameters(Utf8JsonWriter writer, JsonElement? parameters)
    {
        if (parameters is not { ValueKind: JsonValueKind.Object } schema)
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "object"u8);
            writer.WriteStartObject("properties"u8);
            writer.WriteEndObject();
            writer.WriteEndObject();
            return;
        }

        bool typed = schema.TryGetProperty("type", out JsonElement type) && type.ValueKind != JsonValueKind.Null;
        bool isObject = !typed || (type.Is("object"u8));
        if (typed && (!isObject || schema.TryGetProperty("properties", out _)))
        {
            writer.WriteRaw(schema);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("type"u8, "object"u8);
        if (!schema.TryGetProperty("properties", out _))
        {
            writer.WriteStartObject("properties"u8);
            writer.WriteEndObject();
        }

        foreach (JsonProperty property in schema.EnumerateObject())
        {
            if (!property.NameEquals("type"u8))
            {
                writer.WritePropertyName(property.Name);
                writer.WriteRaw(property.Value);
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteCustom(Utf8JsonWriter writer, CustomTool tool)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "custom"u8);
        writer.WriteStartObject("custom"u8);
        writer.WriteString("name"u8, tool.Name);
        if (tool.Description is not null)
        {
            writer.WriteString("description"u8, tool.Description);
        }

        if (tool.Format is { ValueKind: JsonValueKind.Object } format)
        {
            writer.WritePropertyName("format"u8);
            WriteFormat(writer, format);
        }

        EndTool(writer, tool, "custom");
    }

    private static void WriteFormat(Utf8JsonWriter writer, JsonElement format)
    {
        if (!format.TryGetProperty("type", out JsonElement type) || !type.Is("grammar"u8))
        {
            writer.WriteRaw(format);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("type"u8, "grammar"u8);
        writer.WriteStartObject("grammar"u8);
        foreach (JsonProperty property in format.EnumerateObject())
        {
            if (!property.NameEquals("type"u8))
            {
                writer.WritePropertyName(property.Name);
                writer.WriteRaw(property.Value);
            }
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void EndTool(Utf8JsonWriter writer, ToolDefinition tool, string nested)
    {
        ChatCompletionsWire.WriteNestedExtra(writer, tool.Extra, nested);
        writer.WriteEndObject();
        ChatCompletionsWire.WriteCache(writer, tool.Cache);
        ChatCompletionsWire.WriteExtra(writer, tool.Extra);
        writer.WriteEndObject();
    }

    private static void WriteChoice(Utf8JsonWriter writer, ToolChoice choice, IReadOnlyList<ToolDefinition> tools, DialectQuirks quirks)
    {
        writer.WritePropertyName("tool_choice"u8);
        switch (choice)
        {
            case { Opaque: { } opaque } when opaque.Dialect == ChatCompletionsWire.Id:
                writer.WriteRaw(opaque.Json);
                break;
            case { Mode: ToolChoiceMode.Named, Name: { } name }:
                WriteNamed(writer, name, choice.Kind);
                break;
            case { Allowed: { Count: > 0 } allowed }:
                writer.WriteStartObject();
                writer.WriteString("type"u8, "allowed_tools"u8);
                writer.WriteStartObject("allowed_tools"u8);
                writer.WriteString("mode"u8, choice.Mode == ToolChoiceMode.Required ? "required"u8 : "auto"u8);
                writer.WriteStartArray("tools"u8);
                foreach (string tool in allowed)
                {
                    WriteNamed(writer, tool, tools.Any(t => t is CustomTool custom && custom.Name == tool) ? ToolKind.Custom : ToolKind.Function);
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
                writer.WriteEndObject();
                break;
            default:
                writer.WriteStringValue(choice.Mode switch
                {
                    ToolChoiceMode.None => "none",
                    ToolChoiceMode.Auto => "auto",
                    _ => quirks.ToolChoiceRequired,
                });
                break;
        }
    }

    private static void WriteNamed(Utf8JsonWriter writer, string name, ToolKind kind)
    {
        string field = kind == ToolKind.Custom ? "custom" : "function";
        writer.WriteStartObject();
        writer.WriteString("type"u8, field);
        writer.WriteStartObject(field);
        writer.WriteString("name"u8, name);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
