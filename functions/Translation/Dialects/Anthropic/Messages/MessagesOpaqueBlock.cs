using System.Buffers;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>
/// A block of a kind that this library does not know, while it grows. A delta's strings are appended to the block's, other values
/// replace them; the JSON of <c>input_json_delta</c> becomes its <c>input</c>.
/// </summary>
internal sealed class MessagesOpaqueBlock(JsonElement start)
{
    private readonly Dictionary<string, StringBuilder> _texts = [];
    private readonly Dictionary<string, JsonElement> _values = [];
    private StringBuilder? _input;

    public void Add(JsonElement delta)
    {
        foreach (JsonProperty property in delta.EnumerateObject())
        {
            if (property.NameEquals("type"u8))
            {
                continue;
            }

            string? text = Json.Text(property.Value);
            if (property.NameEquals("partial_json"u8))
            {
                (_input ??= new StringBuilder()).Append(text);
            }
            else if (text is null)
            {
                _values[property.Name] = property.Value;
            }
            else
            {
                if (!_texts.TryGetValue(property.Name, out StringBuilder? builder))
                {
                    builder = new StringBuilder(start.TryGetProperty(property.Name, out JsonElement begun) ? Json.Text(begun) : null);
                    _texts.Add(property.Name, builder);
                }

                builder.Append(text);
            }
        }
    }

    public JsonElement ToJson()
    {
        string? input = _input?.ToString();
        if (input is { Length: > 0 } && Json.IsObject(input))
        {
            _values["input"] = Json.ParseElement(input);
        }

        if (_texts.Count == 0 && _values.Count == 0)
        {
            return start;
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Json.WriterOptions))
        {
            writer.WriteStartObject();
            foreach (JsonProperty property in start.EnumerateObject())
            {
                writer.WritePropertyName(property.Name);
                WriteValue(writer, property.Name, property.Value);
            }

            foreach (string name in _texts.Keys.Concat(_values.Keys).Where(n => !start.TryGetProperty(n, out _)))
            {
                writer.WritePropertyName(name);
                WriteValue(writer, name, default);
            }

            writer.WriteEndObject();
        }

        return Json.Parse(buffer.WrittenMemory).RootElement;
    }

    private void WriteValue(Utf8JsonWriter writer, string name, JsonElement original)
    {
        if (_texts.TryGetValue(name, out StringBuilder? text))
        {
            writer.WriteStringValue(text.ToString());
        }
        else
        {
            writer.WriteRaw(_values.TryGetValue(name, out JsonElement value) ? value : original);
        }
    }
}
