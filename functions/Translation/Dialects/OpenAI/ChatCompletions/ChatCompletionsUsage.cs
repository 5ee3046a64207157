using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.ChatCompletions;

/// <summary>
/// Token counts. OpenAI's <c>prompt_tokens</c> includes cached ones and its <c>completion_tokens</c> includes reasoning
/// (https://platform.openai.com/docs/api-reference/chat/object). Some compatible servers count otherwise; <c>total_tokens</c> tells which:
/// <code>
/// total = prompt + completion + cache reads + cache writes   prompt excludes the cache (servers that front Anthropic)
/// total > prompt + completion                                completion excludes reasoning (xAI, Gemini's compatible endpoint)
/// </code>
/// </summary>
internal static class ChatCompletionsUsage
{
    /// <summary>Reads a <c>usage</c> object; null when it holds no number.</summary>
    public static TokenUsage? Read(JsonElement usage)
    {
        if (usage.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var counts = new Counts();
        var extra = new ExtraFieldsBuilder(ChatCompletionsWire.Id, "usage");
        foreach (JsonProperty property in usage.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Object && property.Name is "prompt_tokens_details" or "input_tokens_details" or "completion_tokens_details" or "output_tokens_details")
            {
                bool input = property.Name[0] is 'p' or 'i';
                foreach (JsonProperty detail in property.Value.EnumerateObject())
                {
                    if (!counts.TakeDetail(detail, input) && detail.Value.ValueKind != JsonValueKind.Null)
                    {
                        extra.Add(input ? "prompt_tokens_details" : "completion_tokens_details", detail);
                    }
                }
            }
            else if (!counts.Take(property) && property.Value.ValueKind != JsonValueKind.Null)
            {
                extra.Add(property);
            }
        }

        return counts.Build(extra.Build(), ReportedCost.Read(usage));
    }

    /// <summary>Writes a <c>usage</c> object's value.</summary>
    public static void Write(Utf8JsonWriter writer, TokenUsage usage)
    {
        writer.WriteStartObject();
        writer.WriteNumber("prompt_tokens"u8, usage.InputTokens ?? 0);
        writer.WriteNumber("completion_tokens"u8, usage.OutputTokens ?? 0);
        writer.WriteNumber("total_tokens"u8, usage.TotalTokens ?? 0);
        writer.WriteStartObject("prompt_tokens_details"u8);
        WriteCount(writer, "cached_tokens"u8, usage.CacheReadTokens);
        WriteCount(writer, "cache_write_tokens"u8, usage.CacheWriteTokens);
        WriteCount(writer, "audio_tokens"u8, usage.AudioInputTokens);
        ChatCompletionsWire.WriteNestedExtra(writer, usage.Extra, "prompt_tokens_details");
        writer.WriteEndObject();
        writer.WriteStartObject("completion_tokens_details"u8);
        WriteCount(writer, "reasoning_tokens"u8, usage.ReasoningTokens);
        WriteCount(writer, "audio_tokens"u8, usage.AudioOutputTokens);
        ChatCompletionsWire.WriteNestedExtra(writer, usage.Extra, "completion_tokens_details");
        writer.WriteEndObject();
        ChatCompletionsWire.WriteExtra(writer, usage.Extra);
        writer.WriteEndObject();
    }

    private static void WriteCount(Utf8JsonWriter writer, ReadOnlySpan<byte> name, long? count)
    {
        if (count is { } known)
        {
            writer.WriteNumber(name, known);
        }
    }

    private struct Counts
    {
        private long? _prompt;
        private long? _completion;
        private long? _total;
        private long? _cacheRead;
        private long? _cacheWrite;
        private long? _reasoning;
        private long? _audioIn;
        private long? _audioOut;

        public bool Take(JsonProperty property)
        {
            long? value = Number(property.Value);
            switch (property.Name)
            {
                case "prompt_tokens" or "input_tokens":
                    _prompt = value ?? _prompt;
                    return true;
                case "completion_tokens" or "output_tokens":
                    _completion = value ?? _completion;
                    return true;
                case "total_tokens":
                    _total = value ?? _total;
                    return true;
                case "prompt_cache_hit_tokens" or "cache_read_input_tokens" or "cached_tokens": // DeepSeek, Databricks, Moonshot
                    _cacheRead ??= value;
                    return true;
                case "cache_creation_input_tokens":
                    _cacheWrite ??= value;
                    return true;
                case "prompt_cache_miss_tokens":
                    return true;
                case "reasoning_tokens":
                    _reasoning ??= value;
                    return true;
                default:
                    return false;
            }
        }

        public bool TakeDetail(JsonProperty detail, bool input)
        {
            long? value = Number(detail.Value);
            switch (detail.Name)
            {
                case "cached_tokens" when input:
                    _cacheRead = value ?? _cacheRead;
                    return true;
                case "cache_write_tokens" or "cache_creation_tokens" when input: // OpenAI, OpenRouter; LiteLLM
                    _cacheWrite = value ?? _cacheWrite;
                    return true;
                case "audio_tokens":
                    _ = input ? _audioIn = value : _audioOut = value;
                    return true;
                case "reasoning_tokens" when !input:
                    _reasoning = value ?? _reasoning;
                    return true;
                default:
                    return false;
            }
        }

        public readonly TokenUsage? Build(ExtraFields? extra, decimal? costUsd)
        {
            if (_prompt is null && _completion is null && _total is null)
            {
                return null;
            }

            long cached = (_cacheRead ?? 0) + (_cacheWrite ?? 0);
            long? input = _prompt;
            long? output = _completion;
            long? reasoning = _reasoning;
            bool cacheApart = cached > 0 && (cached > _prompt || _total == _prompt + (_completion ?? 0) + cached);
            if (cacheApart)
            {
                input = _prompt + cached;
            }
            else if (_total > (_prompt ?? 0) + (_completion ?? 0) && _prompt is not null)
            {
                output = _total - _prompt;
                reasoning ??= output - (_completion ?? 0);
            }

            return new TokenUsage
            {
                InputTokens = input,
                CacheReadTokens = _cacheRead,
                CacheWriteTokens = _cacheWrite,
                AudioInputTokens = _audioIn,
                OutputTokens = output,
                ReasoningTokens = reasoning,
                AudioOutputTokens = _audioOut,
                CostUsd = costUsd,
                Extra = extra,
            };
        }

        private static long? Number(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) ? (long)number : null;
    }
}
