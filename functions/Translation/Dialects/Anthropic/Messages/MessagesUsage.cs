using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>
/// Token counts. Here <c>input_tokens</c> leaves out what was read from or written to the cache, the canonical count includes both.
/// Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching (tracking cache performance).
/// </summary>
internal static class MessagesUsage
{
    /// <summary>Reads a <c>usage</c> object.</summary>
    /// <param name="usage">The object; anything else tells nothing.</param>
    /// <param name="known">What the stream has told before: a later report may leave out the counts that have not changed.</param>
    /// <param name="serviceTier">The tier that serves the request, in canonical words.</param>
    public static TokenUsage? Read(JsonElement usage, TokenUsage? known, out string? serviceTier)
    {
        serviceTier = null;
        if (usage.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        long? fresh = null, read = null, write = null, write5m = null, write1h = null, output = null, thinking = null;
        var extra = new ExtraFieldsBuilder(MessagesWire.Id, "usage");
        foreach (JsonProperty property in usage.EnumerateObject())
        {
            JsonElement value = property.Value;
            switch (property.Name)
            {
                case var _ when value.ValueKind == JsonValueKind.Null:
                    break;
                case "input_tokens":
                    fresh = Count(value);
                    break;
                case "cache_read_input_tokens":
                    read = Count(value);
                    break;
                case "cache_creation_input_tokens":
                    write = Count(value);
                    break;
                case "cache_creation" when value.ValueKind == JsonValueKind.Object:
                    write5m = value.TryGetProperty("ephemeral_5m_input_tokens", out JsonElement five) ? Count(five) : null;
                    write1h = value.TryGetProperty("ephemeral_1h_input_tokens", out JsonElement hour) ? Count(hour) : null;
                    break;
                case "output_tokens":
                    output = Count(value);
                    break;
                case "output_tokens_details" when value.ValueKind == JsonValueKind.Object:
                    thinking = value.TryGetProperty("thinking_tokens", out JsonElement tokens) ? Count(tokens) : null;
                    break;
                case "service_tier" when value.ValueKind == JsonValueKind.String:
                    serviceTier = MessagesWire.ToServedTier(value.GetString()!);
                    break;
                default:
                    extra.Add(property);
                    break;
            }
        }

        write ??= write5m is null && write1h is null ? null : (write5m ?? 0) + (write1h ?? 0);
        if (fresh is null or 0 && read is null or 0 && write is null or 0 && known?.InputTokens > 0)
        {
            // Some servers end their stream with zeros, having told the real numbers at its start.
            (fresh, read, write, write5m, write1h) = (null, null, null, null, null);
        }

        return new TokenUsage
        {
            InputTokens = Input(fresh, read, write, known),
            CacheReadTokens = read,
            CacheWriteTokens = write,
            CacheWrite5mTokens = write5m,
            CacheWrite1hTokens = write1h,
            OutputTokens = output,
            ReasoningTokens = thinking,
            Extra = extra.Build(),
        };
    }

    /// <summary>The part of the input that this API calls <c>input_tokens</c>.</summary>
    public static long FreshInput(TokenUsage usage) =>
        Math.Max(0, (usage.InputTokens ?? 0) - (usage.CacheReadTokens ?? 0) - (usage.CacheWriteTokens ?? 0));

    /// <summary>Writes the <c>usage</c> of a whole answer or of <c>message_start</c>.</summary>
    public static void Write(Utf8JsonWriter writer, TokenUsage usage, long outputTokens, string? serviceTier)
    {
        writer.WriteStartObject("usage"u8);
        WriteCounts(writer, usage);
        if (usage.CacheWriteTokens is not null)
        {
            WriteLifetimes(writer, usage);
        }

        writer.WriteNumber("output_tokens"u8, outputTokens);
        WriteDetails(writer, usage);
        if (serviceTier is not null)
        {
            writer.WriteString("service_tier"u8, MessagesWire.FromServedTier(serviceTier));
        }

        writer.WriteExtra(usage.Extra, MessagesWire.Id);
        writer.WriteEndObject();
    }

    /// <summary>Writes the <c>usage</c> of <c>message_delta</c>: the final counts of the whole stream.</summary>
    public static void WriteFinal(Utf8JsonWriter writer, TokenUsage usage, long outputTokens)
    {
        writer.WriteStartObject("usage"u8);
        WriteCounts(writer, usage);
        if (usage.CacheWriteTokens > 0 && (usage.CacheWrite5mTokens ?? usage.CacheWrite1hTokens) is not null)
        {
            WriteLifetimes(writer, usage);
        }

        writer.WriteNumber("output_tokens"u8, outputTokens);
        WriteDetails(writer, usage);
        if (usage.Extra?.Dialect == MessagesWire.Id && usage.Extra["server_tool_use"] is { } serverTools)
        {
            writer.WritePropertyName("server_tool_use"u8);
            writer.WriteRaw(serverTools);
        }

        writer.WriteEndObject();
    }

    private static void WriteCounts(Utf8JsonWriter writer, TokenUsage usage)
    {
        writer.WriteNumber("input_tokens"u8, FreshInput(usage));
        writer.WriteNumber("cache_creation_input_tokens"u8, usage.CacheWriteTokens ?? 0);
        writer.WriteNumber("cache_read_input_tokens"u8, usage.CacheReadTokens ?? 0);
    }

    private static void WriteLifetimes(Utf8JsonWriter writer, TokenUsage usage)
    {
        long hour = usage.CacheWrite1hTokens ?? 0;
        writer.WriteStartObject("cache_creation"u8);
        writer.WriteNumber("ephemeral_5m_input_tokens"u8, usage.CacheWrite5mTokens ?? Math.Max(0, (usage.CacheWriteTokens ?? 0) - hour));
        writer.WriteNumber("ephemeral_1h_input_tokens"u8, hour);
        writer.WriteEndObject();
    }

    private static void WriteDetails(Utf8JsonWriter writer, TokenUsage usage)
    {
        if (usage.ReasoningTokens is { } thinking)
        {
            writer.WriteStartObject("output_tokens_details"u8);
            writer.WriteNumber("thinking_tokens"u8, thinking);
            writer.WriteEndObject();
        }
    }

    private static long? Input(long? fresh, long? read, long? write, TokenUsage? known)
    {
        if (fresh is null && read is null && write is null)
        {
            return null;
        }

        // A report of cache counts alone: what was fresh has not changed.
        fresh ??= known is null ? 0 : FreshInput(known);
        return fresh + (read ?? known?.CacheReadTokens ?? 0) + (write ?? known?.CacheWriteTokens ?? 0);
    }

    private static long? Count(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long count) && count >= 0 ? count : null;
}
