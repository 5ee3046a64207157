using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Embeddings;

/// <summary>The list of vectors. Source: https://platform.openai.com/docs/api-reference/embeddings/object.</summary>
internal static class EmbeddingsResponse
{
    /// <summary>Reads a provider's answer, its vectors as numbers or as base64, put in order by their index.</summary>
    public static EmbeddingResponse Decode(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            throw new GatewayException(GatewayError.Upstream("The provider's answer is not a JSON object."));
        }

        if (body.TryGetProperty("error", out JsonElement error) && error.ValueKind is JsonValueKind.Object or JsonValueKind.String)
        {
            throw new GatewayException(OpenAIError.DecodeInStream(body));
        }

        if (!body.TryGetProperty("data", out JsonElement data) || data.ValueKind != JsonValueKind.Array)
        {
            throw new GatewayException(GatewayError.Upstream("The provider's answer is not a list of embeddings: it has no 'data'."));
        }

        return new EmbeddingResponse
        {
            Model = body.TryGetProperty("model", out JsonElement model) ? Json.Text(model) : null,
            Vectors = ReadVectors(data),
            Usage = body.TryGetProperty("usage", out JsonElement usage) ? ReadUsage(usage) : null,
        };
    }

    /// <summary>Writes an answer for a client, its numbers as the client asked for them.</summary>
    public static void Encode(EmbeddingResponse response, EmbeddingRequest request, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output, Json.WriterOptions);
        writer.WriteStartObject();
        writer.WriteString("object"u8, "list"u8);
        writer.WriteStartArray("data"u8);
        for (int i = 0; i < response.Vectors.Count; i++)
        {
            writer.WriteStartObject();
            writer.WriteString("object"u8, "embedding"u8);
            writer.WriteNumber("index"u8, i);
            writer.WritePropertyName("embedding"u8);
            WriteVector(writer, response.Vectors[i].Span, request.Encoding);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteString("model"u8, response.Model ?? request.Model);
        writer.WriteStartObject("usage"u8);
        writer.WriteNumber("prompt_tokens"u8, response.Usage?.InputTokens ?? 0);
        writer.WriteNumber("total_tokens"u8, response.Usage?.TotalTokens ?? 0);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static ReadOnlyMemory<float>[] ReadVectors(JsonElement data)
    {
        var vectors = new ReadOnlyMemory<float>[data.GetArrayLength()];
        var seen = new bool[vectors.Length];
        int position = 0;
        foreach (JsonElement item in data.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty("embedding", out JsonElement embedding))
            {
                throw new GatewayException(GatewayError.Upstream("The provider's list of embeddings holds something else."));
            }

            int index = item.TryGetProperty("index", out JsonElement number) && number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out int given)
                && given >= 0 && given < vectors.Length && !seen[given]
                    ? given
                    : position;
            seen[index] = true;
            vectors[index] = ReadVector(embedding);
            position++;
        }

        return vectors;
    }

    private static float[] ReadVector(JsonElement embedding)
    {
        if (embedding.ValueKind == JsonValueKind.String)
        {
            return DecodeBase64(Json.Base64Bytes(embedding).Span);
        }

        if (embedding.ValueKind != JsonValueKind.Array)
        {
            throw new GatewayException(GatewayError.Upstream("An embedding of the provider's is neither an array nor base64."));
        }

        var vector = new float[embedding.GetArrayLength()];
        int at = 0;
        foreach (JsonElement number in embedding.EnumerateArray())
        {
            vector[at++] = number.ValueKind == JsonValueKind.Number && number.TryGetSingle(out float value)
                ? value
                : throw new GatewayException(GatewayError.Upstream("An embedding of the provider's holds something that is no number."));
        }

        return vector;
    }

    // Little-endian on the wire; .NET runs on nothing else any more.
    private static float[] DecodeBase64(ReadOnlySpan<byte> base64)
    {
        byte[] bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(base64.Length)];
        if (Base64.DecodeFromUtf8(base64, bytes, out _, out int written) != OperationStatus.Done || written % sizeof(float) != 0)
        {
            throw new GatewayException(GatewayError.Upstream("An embedding of the provider's is not base64 of 32-bit floats."));
        }

        return MemoryMarshal.Cast<byte, float>(bytes.AsSpan(0, written)).ToArray();
    }

    private static void WriteVector(Utf8JsonWriter writer, ReadOnlySpan<float> vector, EmbeddingEncoding encoding)
    {
        if (encoding == EmbeddingEncoding.Base64)
        {
            writer.WriteBase64StringValue(MemoryMarshal.AsBytes(vector));
            return;
        }

        writer.WriteStartArray();
        foreach (float value in vector)
        {
            writer.WriteNumberValue(float.IsFinite(value) ? value : 0);
        }

        writer.WriteEndArray();
    }

    private static TokenUsage? ReadUsage(JsonElement usage)
    {
        if (usage.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        long? input = Count(usage, "prompt_tokens") ?? Count(usage, "total_tokens");
        return input is null ? null : new TokenUsage { InputTokens = input, CostUsd = ReportedCost.Read(usage) };
    }

    private static long? Count(JsonElement usage, string name) =>
        usage.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double count) ? (long)count : null;
}
