using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>Writes <c>tools</c> and <c>tool_choice</c>: for a provider, and as the echo of a request in its answer.</summary>
internal static class ResponsesToolsWriter
{
    /// <summary>Writes the list for a provider.</summary>
    public static void Write(Utf8JsonWriter writer, IReadOnlyList<ToolDefinition> tools, TranslationReport report) =>
        Write(writer, tools, tool => WriteForProvider(writer, tool, report));

    /// <summary>Writes the list as it is repeated in an answer: every field of a function is there, if only as null.</summary>
    public static void WriteEcho(Utf8JsonWriter writer, IReadOnlyList<ToolDefinition> tools) =>
        Write(writer, tools, tool => WriteEcho(writer, tool));

    /// <summary>Writes the choice.</summary>
    public static void WriteChoice(Utf8JsonWriter writer, ToolChoice choice, IReadOnlyList<ToolDefinition> tools)
    {
        if (choice.Opaque is { } opaque && opaque.Dialect == DialectIds.Responses)
        {
            writer.WriteRaw(opaque.Json);
            return;
        }

        if (choice.Allowed is { } allowed)
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "allowed_tools"u8);
            writer.WriteString("mode"u8, NameOf(choice.Mode));
            writer.WriteStartArray("tools"u8);
            foreach (string name in allowed)
            {
                WriteReference(writer, tools.Any(t => t is CustomTool custom && custom.Name == name) ? ToolKind.Custom : ToolKind.Function, name, null);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
            return;
        }

        if (choice is { Mode: ToolChoiceMode.Named, Name: { } named })
        {
            WriteReference(writer, choice.Kind, named, choice.Namespace);
            return;
        }

        writer.WriteStringValue(NameOf(choice.Mode));
    }

    private static string NameOf(ToolChoiceMode mode) => mode switch
    {
        ToolChoiceMode.None => "none",
        ToolChoiceMode.Required or ToolChoiceMode.Named => "required",
        _ => "auto",
    };

    private static void WriteReference(Utf8JsonWriter writer, ToolKind kind, string name, string? group)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, kind == ToolKind.Custom ? "custom"u8 : "function"u8);
        writer.WriteString("name"u8, name);
        if (group is not null)
        {
            writer.WriteString("namespace"u8, group);
        }

        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, IReadOnlyList<ToolDefinition> tools, Action<ToolDefinition> write)
    {
        writer.WriteStartArray();
        string? open = null;
        foreach (ToolDefinition tool in tools)
        {
            (string? group, string? description) = GroupOf(tool);
            if (open is not null && (group != open || description is not null))
            {
                writer.WriteEndArray();
                writer.WriteEndObject();
                open = null;
            }

            if (group is not null && open is null)
            {
                writer.WriteStartObject();
                writer.WriteString("type"u8, "namespace"u8);
                writer.WriteString("name"u8, group);
                if (description is not null)
                {
                    writer.WriteString("description"u8, description);
                }

                ResponsesWire.WriteCarried(writer, tool.Extra, "namespace");
                writer.WriteStartArray("tools"u8);
                open = group;
            }

            write(tool);
        }

        if (open is not null)
        {
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static (string? Name, string? Description) GroupOf(ToolDefinition tool) => tool switch
    {
        FunctionTool function => (function.Namespace, function.NamespaceDescription),
        CustomTool custom => (custom.Namespace, custom.NamespaceDescription),
        _ => (null, null),
    };

    private static void WriteForProvider(Utf8JsonWriter writer, ToolDefinition tool, TranslationReport report)
    {
        switch (tool)
        {
            case FunctionTool function:
                WriteFunction(writer, function, report);
                break;
            case CustomTool custom:
                WriteCustom(writer, custom);
                break;
            case ServerTool server when server.Dialect == DialectIds.Responses:
                writer.WriteRaw(server.Json);
                break;
            case ServerTool server:
                report.Drop(FieldNames.Of(server), "it is a tool of another provider");
                break;
        }
    }

    private static void WriteFunction(Utf8JsonWriter writer, FunctionTool function, TranslationReport report)
    {
        bool own = ResponsesWire.IsOwn(function.Extra);
        writer.WriteStartObject();
        writer.WriteString("type"u8, "function"u8);
        writer.WriteString("name"u8, function.Name);
        if (function.Description is not null)
        {
            writer.WriteString("description"u8, function.Description);
        }

        if (!own)
        {
            writer.WritePropertyName("parameters"u8);
            OpenAISchema.WriteParameters(writer, function.Parameters);
        }
        else if (function.Parameters is { } parameters)
        {
            writer.WritePropertyName("parameters"u8);
            writer.WriteRaw(parameters);
        }

        if (function.Strict is { } || !own)
        {
            writer.WriteBoolean("strict"u8, IsStrict(function, own, report));
        }

        ResponsesWire.WriteCarried(writer, function.Extra);
        writer.WriteEndObject();
    }

    /// <summary>This API enforces the schema unless it is told not to, every other does so only when it is told to.</summary>
    private static bool IsStrict(FunctionTool function, bool own, TranslationReport report)
    {
        if (function.Strict != true || own)
        {
            return function.Strict == true;
        }

        bool strict = function.Parameters is { } schema && OpenAISchema.IsStrict(schema);
        if (!strict)
        {
            report.Change($"tools[{function.Name}].strict", "false, since the schema is not of the kind that OpenAI can enforce");
        }

        return strict;
    }

    private static void WriteCustom(Utf8JsonWriter writer, CustomTool custom)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "custom"u8);
        writer.WriteString("name"u8, custom.Name);
        if (custom.Description is not null)
        {
            writer.WriteString("description"u8, custom.Description);
        }

        if (custom.Format is { } format)
        {
            writer.WritePropertyName("format"u8);
            writer.WriteRaw(format);
        }

        ResponsesWire.WriteCarried(writer, custom.Extra);
        writer.WriteEndObject();
    }

    private static void WriteEcho(Utf8JsonWriter writer, ToolDefinition tool)
    {
        switch (tool)
        {
            case FunctionTool function:
                writer.WriteStartObject();
                writer.WriteString("type"u8, "function"u8);
                writer.WriteString("name"u8, function.Name);
                writer.WriteString("description"u8, function.Description);
                writer.WritePropertyName("parameters"u8);
                if (function.Parameters is { } parameters)
                {
                    writer.WriteRaw(parameters);
                }
                else
                {
                    writer.WriteNullValue();
                }

                writer.WriteBoolean("strict"u8, function.Strict ?? false);
                writer.WriteEndObject();
                break;
            case CustomTool custom:
                WriteCustom(writer, custom);
                break;
            case ServerTool server when server.Dialect == DialectIds.Responses:
                writer.WriteRaw(server.Json);
                break;
        }
    }
}
