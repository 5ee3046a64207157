using System.Buffers;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.ChatCompletions;

/// <summary>Gathers what a declaration says.</summary>
internal struct ChatCompletionsToolDraft(string path, string nested)
{
    private ExtraFieldsBuilder _extra = new(ChatCompletionsWire.Id, path);
    private CacheBreakpoint? _cache;
    private string? _name;
    private string? _description;
    private JsonElement? _parameters;
    private JsonElement? _format;
    private bool? _strict;

    public void TakeOuter(JsonProperty property)
    {
        if (property.NameEquals("cache_control"))
        {
            _cache = ChatCompletionsWire.ReadCache(property.Value);
        }
        else
        {
            _extra.Add(property);
        }
    }

    public void TakeBody(JsonElement body, string bodyPath)
    {
        foreach (JsonProperty property in body.EnumerateObject())
        {
            JsonElement value = property.Value;
            switch (property.Name)
            {
                case "type":
                    break;
                case "name":
                    _name = RequestField.String(value, $"{bodyPath}.name");
                    break;
                case "description" when value.ValueKind != JsonValueKind.Null:
                    _description = RequestField.String(value, $"{bodyPath}.description");
                    break;
                case "parameters" or "input_schema" when value.ValueKind != JsonValueKind.Null:
                    _parameters = RequestField.Object(value, $"{bodyPath}.{property.Name}");
                    break;
                case "format" when value.ValueKind != JsonValueKind.Null:
                    _format = ReadFormat(RequestField.Object(value, $"{bodyPath}.format"));
                    break;
                case "strict" when value.ValueKind != JsonValueKind.Null:
                    _strict = RequestField.Boolean(value, $"{bodyPath}.strict");
                    break;
                case "cache_control":
                    _cache = ChatCompletionsWire.ReadCache(value);
                    break;
                default:
                    if (value.ValueKind != JsonValueKind.Null)
                    {
                        _extra.Add(nested, property);
                    }

                    break;
            }
        }

        if (string.IsNullOrEmpty(_name))
        {
            throw RequestField.Missing($"{bodyPath}.name");
        }
    }

    public readonly ToolDefinition Build() => nested == "custom"
        ? new CustomTool(_name!) { Description = _description, Format = _format, Cache = _cache, Extra = _extra.Build() }
        : new FunctionTool(_name!) { Description = _description, Parameters = _parameters, Strict = _strict, Cache = _cache, Extra = _extra.Build() };

    private static JsonElement ReadFormat(JsonElement format)
    {
        if (!format.TryGetProperty("grammar", out JsonElement grammar) || grammar.ValueKind != JsonValueKind.Object)
        {
            return format;
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Json.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "grammar"u8);
            foreach (JsonProperty property in grammar.EnumerateObject())
            {
                writer.WritePropertyName(property.Name);
                writer.WriteRaw(property.Value);
            }

            writer.WriteEndObject();
        }

        return JsonElement.Parse(buffer.WrittenSpan);
    }
}
