using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>Writes <c>text</c>: the form of the answer and how wordy it should be.</summary>
internal sealed class ResponsesTextWriter(ChatRequest request, TranslationReport report)
{
    private readonly bool _own = ResponsesWire.IsOwn(request.Extra);

    /// <summary>Writes the field, if there is anything to say in it.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        if (request.ResponseFormat is null && request.Verbosity is null && !ResponsesWire.CarriesInner(request.Extra, "text"))
        {
            return;
        }

        writer.WriteStartObject("text"u8);
        if (request.ResponseFormat is { } format)
        {
            WriteFormat(writer, format);
        }

        if (request.Verbosity is { } verbosity)
        {
            writer.WriteString("verbosity"u8, verbosity);
        }

        ResponsesWire.WriteCarried(writer, request.Extra, "text");
        writer.WriteEndObject();
    }

    private void WriteFormat(Utf8JsonWriter writer, ResponseFormat format)
    {
        writer.WriteStartObject("format"u8);
        if (format is not { Kind: ResponseFormatKind.JsonSchema, Schema: { } schema })
        {
            writer.WriteString("type"u8, format.Kind == ResponseFormatKind.Text ? "text"u8 : "json_object"u8);
        }
        else
        {
            writer.WriteString("type"u8, "json_schema"u8);
            if (format.Name is not null || !_own)
            {
                writer.WriteString("name"u8, _own ? format.Name : NameOf(format.Name));
            }

            if (format.Description is not null)
            {
                writer.WriteString("description"u8, format.Description);
            }

            if (format.Strict is not null || !_own)
            {
                writer.WriteBoolean("strict"u8, IsStrict(format.Strict, schema));
            }

            writer.WritePropertyName("schema"u8);
            writer.WriteRaw(schema);
        }

        ResponsesWire.WriteCarried(writer, request.Extra, "text.format");
        writer.WriteEndObject();
    }

    /// <summary>Other vendors always enforce a schema that they are given, so it is enforced wherever OpenAI can, unless the client said no.</summary>
    private bool IsStrict(bool? strict, JsonElement schema)
    {
        if (_own || strict == false)
        {
            return strict == true;
        }

        bool enforceable = OpenAISchema.IsStrict(schema);
        if (!enforceable)
        {
            report.Change("response_format.strict", "false, since the schema is not of the kind that OpenAI can enforce");
        }

        return enforceable;
    }

    /// <summary>A schema has to have a name, of the letters that a tool's name is made of.</summary>
    private static string NameOf(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return "answer";
        }

        string plain = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' ? c : '_'));
        return plain.Length <= ResponsesWire.MaxId ? plain : plain[..ResponsesWire.MaxId];
    }
}
