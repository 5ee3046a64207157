using System.Runtime.InteropServices;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects.Gemini.GenerateContent;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini.EmbedContent;

/// <summary>Vectors: <c>embedding</c> for one content, <c>embeddings</c> for a batch. Source: https://ai.google.dev/api/embeddings#response-body.</summary>
internal static class EmbedContentResponse
{
    /// <summary>Reads a provider's answer of either shape.</summary>
    public static EmbeddingResponse Decode(JsonElement body)
    {
        if (GeminiError.Find(body) is { } error)
        {
            throw new GatewayException(GeminiError.Read(error, httpStatus: null));
        }

        List<ReadOnlyMemory<float>> vectors = [];
        TokenUsage? usage = null;
        string? model = null;
        var extra = new ExtraFieldsBuilder(DialectIds.EmbedContent, "");
        foreach (JsonProperty property in body.ValueKind == JsonValueKind.Object ? body.EnumerateObject() : default)
        {
            JsonElement value = property.Value;
            switch (property.Name)
            {
                case "embedding":
                    vectors.Add(ReadVector(value));
                    break;
                case "embeddings" when value.ValueKind == JsonValueKind.Array:
                    vectors.AddRange(value.EnumerateArray().Select(ReadVector));
                    break;
                case "usageMetadata" when value.ValueKind == JsonValueKind.Object:
                    var reader = new Utf8JsonReader(JsonMarshal.GetRawUtf8Value(value));
                    reader.Read();
                    GenerateContentUsage counts = default;
                    counts.Read(ref reader);
                    usage = counts.ToUsage() with { OutputTokens = null };
                    break;
                case "modelVersion":
                    model = Json.Text(value);
                    break;
                default:
                    extra.Add(property);
                    break;
            }
        }

        return vectors.Count == 0
            ? throw new GatewayException(GatewayError.Upstream("The provider's answer holds no vectors.", "invalid_answer"))
            : new EmbeddingResponse { Model = model, Vectors = vectors, Usage = usage, Extra = extra.Build() };
    }

    /// <summary>Writes an answer in the shape that the request's action has.</summary>
    public static void Encode(Utf8JsonWriter writer, EmbeddingResponse response, EmbeddingRequest request)
    {
        writer.WriteStartObject();
        if (request.Batch)
        {
            writer.WriteStartArray("embeddings"u8);
            foreach (ReadOnlyMemory<float> vector in response.Vectors)
            {
                WriteVector(writer, vector.Span);
            }

            writer.WriteEndArray();
        }
        else
        {
            writer.WritePropertyName("embedding"u8);
            WriteVector(writer, response.Vectors[0].Span);
        }

        if (response.Usage is { InputTokens: { } input })
        {
            writer.WriteStartObject("usageMetadata"u8);
            writer.WriteNumber("promptTokenCount"u8, input);
            writer.WriteNumber("totalTokenCount"u8, input);
            writer.WriteEndObject();
        }

        writer.WriteExtra(response.Extra, DialectIds.EmbedContent);
        writer.WriteEndObject();
    }

    private static ReadOnlyMemory<float> ReadVector(JsonElement embedding)
    {
        if (embedding.ValueKind != JsonValueKind.Object || !embedding.TryGetProperty("values", out JsonElement values) || values.ValueKind != JsonValueKind.Array)
        {
            throw new GatewayException(GatewayError.Upstream("The provider's answer holds a vector without values.", "invalid_answer"));
        }

        float[] vector = new float[values.GetArrayLength()];
        int index = 0;
        foreach (JsonElement value in values.EnumerateArray())
        {
            vector[index++] = value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out float number) ? number : 0;
        }

        return vector;
    }

    private static void WriteVector(Utf8JsonWriter writer, ReadOnlySpan<float> vector)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("values"u8);
        foreach (float value in vector)
        {
            writer.WriteNumberValue(value);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
