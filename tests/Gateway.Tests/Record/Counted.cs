using System.Text.Json;
using Serverless.Gateway.Tests.Pipeline;
using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Tests.Record;

/// <summary>
/// Tokens as a vendor's own documents count them, read off its JSON by arithmetic of the tests' own: what the record and every client must be told.
/// </summary>
internal sealed record Counted(long Input, long CacheRead, long CacheWrite, long Output, long Reasoning)
{
    /// <summary>What a record says.</summary>
    public static Counted Of(TokenUsage usage) =>
        new(usage.InputTokens ?? 0, usage.CacheReadTokens ?? 0, usage.CacheWriteTokens ?? 0, usage.OutputTokens ?? 0, usage.ReasoningTokens ?? 0);

    /// <summary>What an answer tells in a family's words; null when it tells nothing.</summary>
    /// <param name="family">The API.</param>
    /// <param name="body">JSON, or a stream of server-sent events.</param>
    public static Counted? Of(Family family, string body)
    {
        List<JsonElement> usages = [.. Documents(body).Select(d => Find(family, d)).OfType<JsonElement>()];
        return usages.Count == 0 ? null : Of(family, Merge(usages));
    }

    /// <summary>A <c>usage</c> object of a family's.</summary>
    public static Counted Of(Family family, IReadOnlyDictionary<string, JsonElement> usage)
    {
        long Number(string path)
        {
            string[] names = path.Split('.');
            if (!usage.TryGetValue(names[0], out JsonElement value))
            {
                return 0;
            }

            foreach (string name in names[1..])
            {
                if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(name, out value))
                {
                    return 0;
                }
            }

            return value.ValueKind == JsonValueKind.Number ? value.GetInt64() : 0;
        }

        return family.Name switch
        {
            // https://platform.openai.com/docs/api-reference/chat/object: prompt and completion are the whole.
            "chat" => new(
                Number("prompt_tokens"),
                Number("prompt_tokens_details.cached_tokens"),
                Number("prompt_tokens_details.cache_write_tokens"),
                Number("completion_tokens"),
                Number("completion_tokens_details.reasoning_tokens")),
            "responses" => new(
                Number("input_tokens"),
                Number("input_tokens_details.cached_tokens"),
                Number("input_tokens_details.cache_write_tokens"),
                Number("output_tokens"),
                Number("output_tokens_details.reasoning_tokens")),

            // https://platform.claude.com/docs/en/build-with-claude/prompt-caching: total input is the sum of the three.
            "messages" => new(
                Number("input_tokens") + Number("cache_read_input_tokens") + Number("cache_creation_input_tokens"),
                Number("cache_read_input_tokens"),
                Number("cache_creation_input_tokens"),
                Number("output_tokens"),
                Number("output_tokens_details.thinking_tokens")),

            // https://ai.google.dev/api/generate-content#UsageMetadata: thoughts and tools' prompts are apart.
            _ => new(
                Number("promptTokenCount") + Number("toolUsePromptTokenCount"),
                Number("cachedContentTokenCount"),
                0,
                Number("candidatesTokenCount") + Number("thoughtsTokenCount"),
                Number("thoughtsTokenCount")),
        };
    }

    /// <summary>The JSON of an answer: itself, or that of each event.</summary>
    public static IEnumerable<JsonElement> Documents(string body)
    {
        if (body.Length > 0 && body[0] is '{' or '[')
        {
            return [JsonDocument.Parse(body).RootElement];
        }

        return body.Split('\n')
            .Where(line => line.StartsWith("data: {", StringComparison.Ordinal))
            .Select(line => JsonDocument.Parse(line["data: ".Length..]).RootElement);
    }

    private static JsonElement? Find(Family family, JsonElement document)
    {
        string name = family == Family.Gemini ? "usageMetadata" : "usage";
        foreach (string inner in (string[])["", "response", "message"])
        {
            JsonElement at = document;
            if ((inner.Length == 0 || document.TryGetProperty(inner, out at)) && at.TryGetProperty(name, out JsonElement usage) && usage.ValueKind == JsonValueKind.Object)
            {
                return usage;
            }
        }

        return null;
    }

    /// <summary>Reports of one stream are cumulative: of each number the last counts.</summary>
    private static Dictionary<string, JsonElement> Merge(List<JsonElement> usages)
    {
        var merged = new Dictionary<string, JsonElement>();
        foreach (JsonProperty property in usages.SelectMany(u => u.EnumerateObject()).Where(p => p.Value.ValueKind != JsonValueKind.Null))
        {
            merged[property.Name] = property.Value;
        }

        return merged;
    }
}
