using System.Buffers;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>
/// Reads and writes whole answers. Source: https://platform.openai.com/docs/api-reference/responses/object; what an answer has to hold at
/// least: https://www.openresponses.org/specification.
/// </summary>
internal static class ResponsesResponse
{
    /// <summary>Reads an answer.</summary>
    /// <exception cref="GatewayException">It is no answer, or tells of a failure.</exception>
    public static ChatResponse Decode(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object || !body.TryGetProperty("output", out JsonElement output))
        {
            throw new GatewayException(
                body.ValueKind == JsonValueKind.Object && body.TryGetProperty("error", out JsonElement refusal) && refusal.ValueKind == JsonValueKind.Object
                    ? OpenAIError.DecodeInStream(refusal)
                    : GatewayError.Upstream("The provider's answer is not a response object."));
        }

        if (FailureOf(body) is { } failure)
        {
            throw new GatewayException(failure);
        }

        List<ContentPart> parts = ResponsesOutput.Read(output);
        bool refused = parts.Exists(p => p is RefusalPart);
        return new ChatResponse
        {
            Id = ResponsesOutput.Text(body, "id"),
            Model = ResponsesOutput.Text(body, "model"),
            Created = Number(body, "created_at") is { } created ? TimeOf(created) : null,
            ServiceTier = TierOf(ResponsesOutput.Text(body, "service_tier")),
            Usage = body.TryGetProperty("usage", out JsonElement usage) ? DecodeUsage(usage) : null,
            Choices = [new Choice(0, parts, FinishOf(body, parts.Exists(p => p is ToolCallPart), refused))],
        };
    }

    /// <summary>Why the answer ended.</summary>
    /// <param name="body">The response object.</param>
    /// <param name="called">True when a tool of the client's was called.</param>
    /// <param name="refused">True when the model declined.</param>
    /// <param name="incomplete">True when the answer is known to be cut off, whatever it says itself.</param>
    public static FinishReason FinishOf(JsonElement body, bool called, bool refused, bool incomplete = false)
    {
        if (incomplete || ResponsesOutput.Text(body, "status") == "incomplete")
        {
            return ResponsesOutput.Text(Inner(body, "incomplete_details"), "reason") switch
            {
                "content_filter" => FinishReason.ContentFilter,
                ResponsesWire.MalformedOutput => FinishReason.Malformed,
                _ => FinishReason.Length,
            };
        }

        return called ? FinishReason.ToolCalls : refused ? FinishReason.Refusal : FinishReason.Stop;
    }

    /// <summary>The failure that an answer tells of, or null when it does not.</summary>
    public static GatewayError? FailureOf(JsonElement body) => ResponsesOutput.Text(body, "status") switch
    {
        "failed" => Inner(body, "error") is { ValueKind: JsonValueKind.Object } error
            ? ResponsesError.Read(error)
            : GatewayError.Upstream("The provider failed to answer."),
        "cancelled" => GatewayError.Upstream("The answer was cancelled at the provider.", "cancelled"),
        _ => null,
    };

    /// <summary>Reads token counts; null when there are none.</summary>
    public static TokenUsage? DecodeUsage(JsonElement usage)
    {
        if (usage.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        JsonElement input = Inner(usage, "input_tokens_details");
        JsonElement output = Inner(usage, "output_tokens_details");
        return new TokenUsage
        {
            InputTokens = Number(usage, "input_tokens"),
            CacheReadTokens = Number(input, "cached_tokens"),
            CacheWriteTokens = Number(input, "cache_write_tokens"),
            AudioInputTokens = Number(input, "audio_tokens"),
            OutputTokens = Number(usage, "output_tokens"),
            ReasoningTokens = Number(output, "reasoning_tokens"),
            AudioOutputTokens = Number(output, "audio_tokens"),
            CostUsd = ReportedCost.Read(usage),
        };
    }

    /// <summary>The tier that served the request; <c>auto</c> is what was asked for before one was chosen.</summary>
    public static string? TierOf(string? tier) => tier == "auto" ? null : tier;

    /// <summary>A time in seconds, which some servers write with a fraction.</summary>
    public static DateTimeOffset? TimeOf(double seconds) => seconds is > 0 and < 253402300800 ? DateTimeOffset.FromUnixTimeSeconds((long)seconds) : null;

    /// <summary>Writes an answer.</summary>
    public static void Encode(ChatResponse response, AnswerContext context, IBufferWriter<byte> output)
    {
        var resource = new ResponsesResource(context)
        {
            ProviderId = response.Id,
            Model = response.Model,
            Created = response.Created,
            ServiceTier = response.ServiceTier,
            Usage = response.Usage,
        };
        Choice? choice = response.Choices.FirstOrDefault(c => c.Index == 0);
        foreach (ContentPart part in choice?.Parts ?? [])
        {
            resource.Add(part);
        }

        using var writer = new Utf8JsonWriter(output, Json.WriterOptions);
        resource.End(choice?.FinishReason ?? FinishReason.Stop);
        resource.Write(writer);
    }

    private static JsonElement Inner(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) ? value : default;

    private static long? Number(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number
        && value.TryGetDouble(out double number)
            ? (long)number
            : null;
}
