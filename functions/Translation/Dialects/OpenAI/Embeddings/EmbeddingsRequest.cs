using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Embeddings;

/// <summary>The body of <c>POST /embeddings</c>. Source: https://platform.openai.com/docs/api-reference/embeddings/create.</summary>
internal static class EmbeddingsRequest
{
    /// <summary>Reads a client's body.</summary>
    public static EmbeddingRequest Decode(JsonElement body, RequestAddress address)
    {
        RequestField.Object(body, "body");
        var request = new EmbeddingRequest { Model = address.Model ?? "", Inputs = [] };
        var extra = new ExtraFieldsBuilder(DialectIds.Embeddings, "");
        foreach (JsonProperty property in body.EnumerateObject())
        {
            JsonElement value = property.Value;
            switch (property.Name)
            {
                case not null when value.ValueKind == JsonValueKind.Null:
                    break;
                case "model":
                    request = request with { Model = RequestField.String(value, "model") };
                    break;
                case "input":
                    request = ReadInput(request, value);
                    break;
                case "encoding_format":
                    request = request with { Encoding = ReadEncoding(value) };
                    break;
                case "dimensions":
                    request = request with { Dimensions = RequestField.Int32(value, "dimensions") };
                    break;
                case "user":
                    request = request with { User = RequestField.String(value, "user") };
                    break;
                case "stream":
                    if (RequestField.Boolean(value, "stream"))
                    {
                        throw new GatewayException(GatewayError.Invalid("Embeddings cannot be streamed.", "stream", "unsupported_parameter"));
                    }

                    break;
                default:
                    extra.Add(property);
                    break;
            }
        }

        if (request.Inputs.Count == 0)
        {
            throw RequestField.Missing("input");
        }

        return string.IsNullOrEmpty(request.Model) ? throw RequestField.Missing("model") : request with { Extra = extra.Build() };
    }

    /// <summary>
    /// Writes a request for a provider. The vectors come as JSON numbers, which every server can give; what the client wanted is made of them
    /// in the answer.
    /// </summary>
    public static void Encode(EmbeddingRequest request, TargetProfile target, TranslationReport report, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output, Json.WriterOptions);
        var fields = new RequestFieldWriter(writer, target.Quirks, report);
        writer.WriteStartObject();
        writer.WriteString("model"u8, target.Model);
        writer.WritePropertyName("input"u8);
        if (request is { Batch: false, Inputs.Count: 1 })
        {
            WriteInput(writer, request.Inputs[0]);
        }
        else
        {
            writer.WriteStartArray();
            foreach (EmbeddingInput input in request.Inputs)
            {
                WriteInput(writer, input);
            }

            writer.WriteEndArray();
        }

        fields.Integer("dimensions", request.Dimensions);
        fields.Text("user", request.User);
        if (request.TaskType is not null || request.Inputs.Any(i => i.TaskType is not null))
        {
            report.Drop("taskType", "OpenAI's models embed all texts alike");
        }

        if (request.Inputs.Any(i => i.Title is not null))
        {
            report.Drop("title", "OpenAI embeds texts without titles");
        }

        writer.WriteExtra(request.Extra, DialectIds.Embeddings);
        writer.WriteEndObject();
    }

    private static EmbeddingRequest ReadInput(EmbeddingRequest request, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            return request with { Inputs = [new EmbeddingInput { Text = value.GetString() }] };
        }

        if (RequestField.Array(value, "input").GetArrayLength() == 0)
        {
            throw new GatewayException(GatewayError.Invalid("'input' is empty.", "input", "empty_array"));
        }

        if (value[0].ValueKind == JsonValueKind.Number)
        {
            return request with { Inputs = [new EmbeddingInput { Tokens = ReadTokens(value, "input") }] };
        }

        var inputs = new List<EmbeddingInput>(value.GetArrayLength());
        foreach (JsonElement item in value.EnumerateArray())
        {
            string path = string.Create(CultureInfo.InvariantCulture, $"input[{inputs.Count}]");
            inputs.Add(item.ValueKind switch
            {
                JsonValueKind.String => new EmbeddingInput { Text = item.GetString() },
                JsonValueKind.Array when item.GetArrayLength() > 0 => new EmbeddingInput { Tokens = ReadTokens(item, path) },
                _ => throw RequestField.Wrong(path, "a string or an array of tokens", item),
            });
        }

        return request with { Inputs = inputs, Batch = true };
    }

    private static List<int> ReadTokens(JsonElement array, string path)
    {
        var tokens = new List<int>(array.GetArrayLength());
        foreach (JsonElement item in array.EnumerateArray())
        {
            tokens.Add(item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int token)
                ? token
                : throw RequestField.Wrong(string.Create(CultureInfo.InvariantCulture, $"{path}[{tokens.Count}]"), "an integer", item));
        }

        return tokens;
    }

    private static EmbeddingEncoding ReadEncoding(JsonElement value) => RequestField.String(value, "encoding_format") switch
    {
        "float" => EmbeddingEncoding.Float,
        "base64" => EmbeddingEncoding.Base64,
        string other => throw RequestField.Unknown("encoding_format", other, "float or base64"),
    };

    private static void WriteInput(Utf8JsonWriter writer, EmbeddingInput input)
    {
        if (input.Tokens is not { } tokens)
        {
            writer.WriteStringValue(input.Text);
            return;
        }

        writer.WriteStartArray();
        foreach (int token in tokens)
        {
            writer.WriteNumberValue(token);
        }

        writer.WriteEndArray();
    }
}
