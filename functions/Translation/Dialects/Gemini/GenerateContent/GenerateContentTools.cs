using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini.GenerateContent;

/// <summary>
/// <c>tools</c> and <c>toolConfig</c>. Sources: https://ai.google.dev/api/caching#Tool, https://ai.google.dev/gemini-api/docs/function-calling.
/// </summary>
internal static class GenerateContentTools
{
    private const string CallingPath = "toolConfig.functionCallingConfig";

    /// <summary>Reads <c>tools</c>: function declarations one by one, every other key of an entry as a tool that Google runs.</summary>
    public static IReadOnlyList<ToolDefinition> Read(JsonElement tools)
    {
        List<ToolDefinition> list = [];
        IEnumerable<JsonElement> entries = tools.ValueKind == JsonValueKind.Object ? [tools] : RequestField.Array(tools, "tools").EnumerateArray();
        int index = 0;
        foreach (JsonElement entry in entries)
        {
            string path = $"tools[{index++}]";
            foreach (JsonProperty property in RequestField.Object(entry, path).EnumerateObject())
            {
                string name = GeminiNames.Camel(property.Name);
                if (property.Value.ValueKind == JsonValueKind.Null)
                {
                    continue;
                }

                if (name == "functionDeclarations")
                {
                    ReadDeclarations(property.Value, $"{path}.{name}", list);
                }
                else
                {
                    JsonElement alone = entry.GetPropertyCount() == 1 ? entry : JsonElement.Parse($"{{{Quote(property.Name)}:{property.Value.GetRawText()}}}");
                    list.Add(new ServerTool(GenerateContentWire.Dialect, name, alone, $"{path}.{property.Name}"));
                }
            }
        }

        return list;
    }

    /// <summary>Reads <c>toolConfig</c>; what is not about function calls stays as extra fields.</summary>
    public static ToolChoice? ReadConfig(JsonElement config, List<ExtraField> extra)
    {
        ToolChoice? choice = null;
        foreach (JsonProperty property in RequestField.Object(config, "toolConfig").EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            if (GeminiNames.Camel(property.Name) == "functionCallingConfig")
            {
                choice = ReadChoice(property.Value, extra);
            }
            else
            {
                extra.Add(new ExtraField($"toolConfig.{property.Name}", property.Value));
            }
        }

        return choice;
    }

    /// <summary>Writes <c>tools</c>: all functions in one entry, at the place of the first.</summary>
    public static void Write(Utf8JsonWriter writer, ChatRequest request, TranslationReport report)
    {
        if (request.Tools.Count == 0)
        {
            return;
        }

        writer.WriteStartArray("tools"u8);
        bool declared = false;
        foreach (ToolDefinition tool in request.Tools)
        {
            if (tool is ServerTool server)
            {
                writer.WriteRaw(server.Json);
            }
            else if (tool is FunctionTool && !declared)
            {
                declared = true;
                writer.WriteStartObject();
                writer.WriteStartArray("functionDeclarations"u8);
                for (int i = 0; i < request.Tools.Count; i++)
                {
                    if (request.Tools[i] is FunctionTool function)
                    {
                        WriteDeclaration(writer, function, FieldNames.Of(function), report);
                    }
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            }
        }

        writer.WriteEndArray();
    }

    /// <summary>Writes <c>toolConfig</c>, if there is something to say.</summary>
    public static void WriteConfig(Utf8JsonWriter writer, ChatRequest request, TranslationReport report)
    {
        if (request.ParallelToolCalls == false)
        {
            report.Drop("parallel_tool_calls", "Gemini cannot be held to one call at a time");
        }

        (string Mode, IReadOnlyList<string>? Names)? said = request.ToolChoice switch
        {
            null or { Opaque: not null } => null,
            { Mode: ToolChoiceMode.None } => ("NONE", null),
            { Mode: ToolChoiceMode.Required } choice => ("ANY", choice.Allowed),
            { Mode: ToolChoiceMode.Named, Name: { } name } => ("ANY", [name]),
            { Allowed: { Count: > 0 } allowed } => ("VALIDATED", allowed),
            _ => ("AUTO", null),
        };
        ExtraField[] ofCalling = [.. GenerateContentRequest.ExtraOf(request, CallingPath + ".")];
        ExtraField[] others = [.. GenerateContentRequest.ExtraOf(request, "toolConfig.").Where(f => !f.Name.Contains('.'))];
        if (said is null && ofCalling.Length == 0 && others.Length == 0)
        {
            return;
        }

        writer.WriteStartObject("toolConfig"u8);
        if (said is not null || ofCalling.Length > 0)
        {
            writer.WriteStartObject("functionCallingConfig"u8);
            if (said is { Mode: var mode } && !Array.Exists(ofCalling, f => f.Name == "mode"))
            {
                writer.WriteString("mode"u8, mode);
            }

            if (said is { Names: { Count: > 0 } names })
            {
                writer.WriteStartArray("allowedFunctionNames"u8);
                foreach (string name in names)
                {
                    writer.WriteStringValue(name);
                }

                writer.WriteEndArray();
            }

            GenerateContentRequest.WriteExtra(writer, ofCalling);
            writer.WriteEndObject();
        }

        GenerateContentRequest.WriteExtra(writer, others);
        writer.WriteEndObject();
    }

    private static void ReadDeclarations(JsonElement declarations, string path, List<ToolDefinition> tools)
    {
        int index = 0;
        IEnumerable<JsonElement> entries = declarations.ValueKind == JsonValueKind.Object ? [declarations] : RequestField.Array(declarations, path).EnumerateArray();
        foreach (JsonElement declaration in entries)
        {
            tools.Add(ReadDeclaration(declaration, $"{path}[{index++}]"));
        }
    }

    private static FunctionTool ReadDeclaration(JsonElement declaration, string path)
    {
        string? name = null;
        string? description = null;
        JsonElement? parameters = null;
        var extra = new ExtraFieldsBuilder(GenerateContentWire.Dialect, path);
        foreach (JsonProperty property in RequestField.Object(declaration, path).EnumerateObject())
        {
            switch (GeminiNames.Camel(property.Name))
            {
                case var _ when property.Value.ValueKind == JsonValueKind.Null:
                    break;
                case "name":
                    name = RequestField.String(property.Value, $"{path}.name");
                    break;
                case "description":
                    description = RequestField.String(property.Value, $"{path}.description");
                    break;
                case "parameters":
                    parameters ??= OpenApiSchema.ToJsonSchema(RequestField.Object(property.Value, $"{path}.parameters"));
                    break;
                case "parametersJsonSchema":
                    parameters = property.Value;
                    break;
                default:
                    extra.Add(property);
                    break;
            }
        }

        return new FunctionTool(string.IsNullOrEmpty(name) ? throw RequestField.Missing($"{path}.name") : name)
        {
            Description = description,
            Parameters = parameters,
            Extra = extra.Build(),
        };
    }

    private static void WriteDeclaration(Utf8JsonWriter writer, FunctionTool function, string path, TranslationReport report)
    {
        writer.WriteStartObject();
        writer.WriteString("name"u8, function.Name);
        if (function.Description is not null)
        {
            writer.WriteString("description"u8, function.Description);
        }

        if (function.Parameters is { } schema && GeminiSchema.Parameters(schema, $"{path}.parameters", report) is { } parameters)
        {
            writer.WritePropertyName("parametersJsonSchema"u8);
            parameters.Write(writer);
        }

        if (function.Strict == true)
        {
            report.Drop($"{path}.strict", "Gemini holds no single function to its schema");
        }

        writer.WriteExtra(function.Extra, GenerateContentWire.Dialect);
        writer.WriteEndObject();
    }

    private static ToolChoice? ReadChoice(JsonElement config, List<ExtraField> extra)
    {
        JsonProperty? mode = null;
        IReadOnlyList<string>? allowed = null;
        foreach (JsonProperty property in RequestField.Object(config, CallingPath).EnumerateObject())
        {
            switch (GeminiNames.Camel(property.Name))
            {
                case var _ when property.Value.ValueKind == JsonValueKind.Null:
                    break;
                case "mode":
                    RequestField.String(property.Value, $"{CallingPath}.mode");
                    mode = property;
                    break;
                case "allowedFunctionNames":
                    IReadOnlyList<string> names = RequestField.Strings(property.Value, $"{CallingPath}.allowedFunctionNames");
                    allowed = names.Count == 0 ? null : names;
                    break;
                default:
                    extra.Add(new ExtraField($"{CallingPath}.{property.Name}", property.Value));
                    break;
            }
        }

        string? name = mode?.Value.GetString()!.ToUpperInvariant();
        if (name == "VALIDATED" && allowed is null)
        {
            // Of its two halves, free choice and calls that obey their schemas, others can say the first.
            extra.Add(new ExtraField($"{CallingPath}.mode", mode!.Value.Value));
        }

        return name switch
        {
            null or "MODE_UNSPECIFIED" => allowed is null ? null : new ToolChoice(ToolChoiceMode.Auto) { Allowed = allowed },
            "AUTO" or "VALIDATED" => new ToolChoice(ToolChoiceMode.Auto) { Allowed = allowed },
            "NONE" => new ToolChoice(ToolChoiceMode.None),
            "ANY" when allowed is [var only] => new ToolChoice(ToolChoiceMode.Named) { Name = only },
            "ANY" => new ToolChoice(ToolChoiceMode.Required) { Allowed = allowed },
            _ => throw RequestField.Unknown($"{CallingPath}.mode", name, "'AUTO', 'ANY', 'NONE' or 'VALIDATED'"),
        };
    }

    private static string Quote(string name) => $"\"{JsonEncodedText.Encode(name)}\"";
}
