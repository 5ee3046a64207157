using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI;

/// <summary>Lists of token log probabilities, alike in all of OpenAI's APIs: <c>[{"token","logprob","bytes","top_logprobs":[…]}]</c>.</summary>
internal static class OpenAILogProbs
{
    /// <summary>Reads a list; whatever is no such list is an empty one.</summary>
    public static IReadOnlyList<TokenLogProb> Read(JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array)
        {
            return [];
        }

        var tokens = new List<TokenLogProb>(list.GetArrayLength());
        foreach (JsonElement item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty("token", out JsonElement token) || token.ValueKind != JsonValueKind.String)
            {
                continue;
            }

            double logProb = item.TryGetProperty("logprob", out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : 0;
            tokens.Add(new TokenLogProb(Json.Text(token)!, logProb)
            {
                Bytes = item.TryGetProperty("bytes", out JsonElement bytes) ? ReadBytes(bytes) : null,
                Top = item.TryGetProperty("top_logprobs", out JsonElement top) ? Read(top) : [],
            });
        }

        return tokens;
    }

    /// <summary>Writes a list.</summary>
    public static void Write(Utf8JsonWriter writer, IReadOnlyList<TokenLogProb> tokens)
    {
        writer.WriteStartArray();
        foreach (TokenLogProb token in tokens)
        {
            WriteToken(writer, token);
            writer.WriteStartArray("top_logprobs"u8);
            foreach (TokenLogProb top in token.Top)
            {
                WriteToken(writer, top);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteToken(Utf8JsonWriter writer, TokenLogProb token)
    {
        writer.WriteStartObject();
        writer.WriteString("token"u8, token.Token);
        writer.WriteNumber("logprob"u8, token.LogProb);
        if (token.Bytes is null)
        {
            writer.WriteNull("bytes"u8);
            return;
        }

        writer.WriteStartArray("bytes"u8);
        foreach (int value in token.Bytes)
        {
            writer.WriteNumberValue(value);
        }

        writer.WriteEndArray();
    }

    private static List<int>? ReadBytes(JsonElement bytes) => bytes.ValueKind == JsonValueKind.Array
        ? [.. bytes.EnumerateArray().Where(b => b.ValueKind == JsonValueKind.Number).Select(b => b.TryGetInt32(out int value) ? value : 0)]
        : null;
}
