using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini.EmbedContent;

/// <summary>Requests for embeddings: one <c>content</c>, or a list of such requests. Source: https://ai.google.dev/api/embeddings#request-body.</summary>
internal static class EmbedContentRequest
{
    /// <summary>Reads a client's request, single or batch.</summary>
    public static EmbeddingRequest Decode(JsonElement body, RequestAddress address)
    {
        RequestField.Object(body, "body");
        bool isBatch = GeminiNames.TryGet(body, "requests", out JsonElement requests) || address.Batch;
        List<One> ones = [];
        var extra = new ExtraFieldsBuilder(DialectIds.EmbedContent, "");
        string? model = address.Model;
        if (isBatch)
        {
            int index = 0;
            foreach (JsonElement request in RequestField.Array(requests.ValueKind == JsonValueKind.Undefined ? throw RequestField.Missing("requests") : requests, "requests").EnumerateArray())
            {
                ones.Add(ReadOne(request, $"requests[{index++}].", ref model, ref extra));
            }
        }
        else
        {
            ones.Add(ReadOne(body, "", ref model, ref extra));
        }

        if (ones.Count == 0)
        {
            throw RequestField.Missing("requests[0]");
        }

        if (string.IsNullOrEmpty(model))
        {
            throw RequestField.Missing("model");
        }

        int differs = ones.FindIndex(o => o.Dimensions != ones[0].Dimensions);
        if (differs >= 0)
        {
            throw new GatewayException(GatewayError.Unsupported($"requests[{differs}].outputDimensionality", "all requests of a batch must have the same"));
        }

        string? task = ones.TrueForAll(o => o.TaskType == ones[0].TaskType) ? ones[0].TaskType : null;
        return new EmbeddingRequest
        {
            Model = model,
            Inputs = [.. ones.Select(o => new EmbeddingInput { Text = o.Text, Title = o.Title, TaskType = task is null ? o.TaskType : null })],
            Batch = isBatch,
            Dimensions = ones[0].Dimensions,
            TaskType = task,
            Extra = extra.Build(),
        };
    }

    /// <summary>Writes a batch for a provider.</summary>
    public static void Encode(Utf8JsonWriter writer, EmbeddingRequest request, TargetProfile target, TranslationReport report)
    {
        if (request.User is not null)
        {
            report.Drop("user", "Gemini has nothing like it");
        }

        string model = GeminiPath.ResourceName(target.Model);
        writer.WriteStartObject();
        writer.WriteStartArray("requests"u8);
        for (int i = 0; i < request.Inputs.Count; i++)
        {
            EmbeddingInput input = request.Inputs[i];
            string text = input.Text ?? throw new GatewayException(GatewayError.Unsupported($"input[{i}]", "Gemini embeds texts, not tokens of another model's vocabulary"));
            writer.WriteStartObject();
            writer.WriteString("model"u8, model);
            writer.WriteStartObject("content"u8);
            writer.WriteStartArray("parts"u8);
            writer.WriteStartObject();
            writer.WriteString("text"u8, text);
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteEndObject();
            if ((input.TaskType ?? request.TaskType) is { } task)
            {
                writer.WriteString("taskType"u8, task);
            }

            if (input.Title is not null)
            {
                writer.WriteString("title"u8, input.Title);
            }

            if (request.Dimensions is { } dimensions)
            {
                writer.WriteNumber("outputDimensionality"u8, dimensions);
            }

            writer.WriteExtra(request.Extra, DialectIds.EmbedContent);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static One ReadOne(JsonElement request, string path, ref string? model, ref ExtraFieldsBuilder extra)
    {
        var one = new One();
        string? text = null;
        foreach (JsonProperty property in RequestField.Object(request, path.TrimEnd('.')).EnumerateObject())
        {
            JsonElement value = property.Value;
            string name = GeminiNames.Camel(property.Name);
            switch (name)
            {
                case var _ when value.ValueKind == JsonValueKind.Null:
                    break;
                case "model":
                    string named = RequestField.String(value, path + name);
                    model ??= named.StartsWith("models/", StringComparison.Ordinal) ? named["models/".Length..] : named;
                    break;
                case "content":
                    text = ReadContent(value, path + name);
                    break;
                case "taskType":
                    one = one with { TaskType = RequestField.String(value, path + name) };
                    break;
                case "title":
                    one = one with { Title = RequestField.String(value, path + name) };
                    break;
                case "outputDimensionality":
                    one = one with { Dimensions = GeminiNames.Int32(value, path + name) };
                    break;
                case var _ when path.Length == 0 || path == "requests[0].":
                    // What the canonical request does not know is said once for all: the first request's words.
                    extra.Add(property);
                    break;
            }
        }

        return one with { Text = text ?? throw RequestField.Missing(path + "content") };
    }

    private static string ReadContent(JsonElement content, string path)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            return content.GetString()!;
        }

        RequestField.Object(content, path);
        if (!GeminiNames.TryGet(content, "parts", out JsonElement parts))
        {
            throw RequestField.Missing($"{path}.parts");
        }

        IEnumerable<JsonElement> list = parts.ValueKind == JsonValueKind.Object ? [parts] : RequestField.Array(parts, $"{path}.parts").EnumerateArray();
        List<string> texts = [];
        foreach (JsonElement part in list)
        {
            string place = $"{path}.parts[{texts.Count}]";
            texts.Add(GeminiNames.TryGet(RequestField.Object(part, place), "text", out JsonElement text)
                ? RequestField.String(text, $"{place}.text")
                : throw new GatewayException(GatewayError.Unsupported(place, "only texts can be embedded by way of this gateway's translation")));
        }

        return string.Join('\n', texts);
    }

    private readonly record struct One(string Text, string? Title, string? TaskType, int? Dimensions);
}
