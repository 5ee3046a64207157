using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini.GenerateContent;

/// <summary><c>logprobsResult</c>: two lists of equal length, the chosen tokens and the likeliest. Source: https://ai.google.dev/api/generate-content#LogprobsResult.</summary>
internal static class GenerateContentLogProbs
{
    /// <summary>Reads the object; whatever it is not gives nothing.</summary>
    public static IReadOnlyList<TokenLogProb> Read(JsonElement result)
    {
        if (result.ValueKind != JsonValueKind.Object || !result.TryGetProperty("chosenCandidates", out JsonElement chosen) || chosen.ValueKind != JsonValueKind.Array)
        {
            return [];
        }

        JsonElement top = result.TryGetProperty("topCandidates", out JsonElement list) && list.ValueKind == JsonValueKind.Array ? list : default;
        List<TokenLogProb> tokens = new(chosen.GetArrayLength());
        int index = 0;
        foreach (JsonElement item in chosen.EnumerateArray())
        {
            IReadOnlyList<TokenLogProb> others = top.ValueKind == JsonValueKind.Array && index < top.GetArrayLength()
                && top[index].ValueKind == JsonValueKind.Object && top[index].TryGetProperty("candidates", out JsonElement candidates) && candidates.ValueKind == JsonValueKind.Array
                ? [.. candidates.EnumerateArray().Select(ReadToken)]
                : [];
            tokens.Add(ReadToken(item) with { Top = others });
            index++;
        }

        return tokens;
    }

    /// <summary>Writes the object and the mean of the tokens.</summary>
    public static void Write(Utf8JsonWriter writer, IReadOnlyList<TokenLogProb> tokens)
    {
        if (tokens.Count == 0)
        {
            return;
        }

        writer.WriteNumber("avgLogprobs"u8, tokens.Average(t => t.LogProb));
        writer.WriteStartObject("logprobsResult"u8);
        if (tokens.Any(t => t.Top.Count > 0))
        {
            writer.WriteStartArray("topCandidates"u8);
            foreach (TokenLogProb token in tokens)
            {
                writer.WriteStartObject();
                WriteTokens(writer, "candidates", token.Top);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        WriteTokens(writer, "chosenCandidates", tokens);
        writer.WriteEndObject();
    }

    private static void WriteTokens(Utf8JsonWriter writer, string name, IReadOnlyList<TokenLogProb> tokens)
    {
        writer.WriteStartArray(name);
        foreach (TokenLogProb token in tokens)
        {
            writer.WriteStartObject();
            writer.WriteString("token"u8, token.Token);
            writer.WriteNumber("logProbability"u8, token.LogProb);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static TokenLogProb ReadToken(JsonElement item) => item.ValueKind != JsonValueKind.Object
        ? new TokenLogProb("", 0)
        : new TokenLogProb(
            item.TryGetProperty("token", out JsonElement token) ? Json.Text(token) ?? "" : "",
            item.TryGetProperty("logProbability", out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : 0);
}
