using System.Buffers;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// Declares a tool that takes free text (OpenAI <c>custom</c>, https://platform.openai.com/docs/guides/function-calling#custom-tools) as
/// a function with one string, <c>input</c>. A grammar can then only be described, not enforced.
/// </summary>
internal static class CustomToolWrapping
{
    private static readonly JsonElement Schema = Json.ParseElement(
        """{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}""");

    /// <summary>The declaration as a function of the same name.</summary>
    public static FunctionTool Declare(CustomTool tool, TranslationReport report)
    {
        string description = tool.Description ?? "";
        if (Field(tool.Format, "type") == "grammar")
        {
            report.Change($"tools[{tool.Name}].format", "the grammar is described, not enforced");
            description += $"\n\nThe input must match this grammar ({Field(tool.Format, "syntax") ?? "of no known syntax"}):\n{Field(tool.Format, "definition")}";
        }

        return new FunctionTool(tool.Name)
        {
            Namespace = tool.Namespace,
            NamespaceDescription = tool.NamespaceDescription,
            Description = $"{description}\n\nPut the tool's whole input, as free text, into the field `input`.".TrimStart(),
            Parameters = Schema,
            Cache = tool.Cache,
            Extra = tool.Extra,
        };
    }

    /// <summary>Free text as the function's arguments.</summary>
    public static string Wrap(string input)
    {
        var output = new ArrayBufferWriter<byte>(input.Length + 16);
        using (var writer = new Utf8JsonWriter(output, Json.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("input"u8, input);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <summary>The free text in the function's arguments.</summary>
    public static string Unwrap(string arguments)
    {
        var reader = new CustomInputReader();
        string head = reader.Read(arguments);
        return head + reader.Complete();
    }

    private static string? Field(JsonElement? format, string name) =>
        format is { ValueKind: JsonValueKind.Object } json && json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
