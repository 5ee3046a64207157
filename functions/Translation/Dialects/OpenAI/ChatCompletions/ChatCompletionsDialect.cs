using System.Buffers;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.ChatCompletions;

/// <summary>OpenAI Chat Completions, https://platform.openai.com/docs/api-reference/chat, the lingua franca of compatible servers.</summary>
internal sealed class ChatCompletionsDialect : IChatDialect
{
    private static readonly byte[] IncludeUsage = "{\"include_usage\":true}"u8.ToArray();

    /// <inheritdoc/>
    public DialectId Id => ChatCompletionsWire.Id;

    /// <inheritdoc/>
    public string ApiType => "openai/v1/chat/completions";

    /// <inheritdoc/>
    public FieldNames FieldNames => ChatCompletionsFieldNames.Names;

    /// <inheritdoc/>
    public DialectTraits Traits { get; } = new()
    {
        StrictToolPairing = true,
        CustomTools = true,
        MaxToolCallId = ChatCompletionsWire.MaxToolCallId,
        MaxUserId = 64,
        PromptCacheKeys = true,
        WantsJsonMentioned = true,
    };

    /// <inheritdoc/>
    public GatewayError DecodeError(int status, ReadOnlyMemory<byte> body) => OpenAIError.Decode(status, body);

    /// <inheritdoc/>
    public void EncodeError(GatewayError error, string? requestId, IBufferWriter<byte> output) => OpenAIError.Encode(error, output);

    /// <inheritdoc/>
    public string UpstreamPath(string model, bool stream) => "chat/completions";

    /// <inheritdoc/>
    public void SpliceRequest(JsonBody body, string model, IBufferWriter<byte> output)
    {
        var modelJson = new JsonReplacement("model", Json.Quote(model));
        if (body.IsTrue("stream") && StreamOptions(body.RawValue("stream_options")) is { } options)
        {
            body.Splice(output, modelJson, new JsonReplacement("stream_options", options));
        }
        else
        {
            body.Splice(output, modelJson);
        }
    }

    /// <inheritdoc/>
    public ChatRequest DecodeRequest(JsonElement body, RequestAddress address) => ChatCompletionsRequest.Decode(body, address);

    /// <inheritdoc/>
    public void EncodeRequest(ChatRequest request, TargetProfile target, TranslationReport report, IBufferWriter<byte> output) =>
        ChatCompletionsRequest.Encode(request, target, report, output);

    /// <inheritdoc/>
    public ChatResponse DecodeResponse(JsonElement body) => ChatCompletionsResponse.Decode(body);

    /// <inheritdoc/>
    public void EncodeResponse(ChatResponse response, AnswerContext context, IBufferWriter<byte> output) =>
        ChatCompletionsResponse.Encode(response, context, output);

    /// <inheritdoc/>
    public IChatStreamDecoder CreateDecoder() => new ChatCompletionsStreamDecoder();

    /// <inheritdoc/>
    public IChatStreamEncoder CreateEncoder(AnswerContext context) => new ChatCompletionsStreamEncoder(context);

    /// <inheritdoc/>
    public string? UpstreamCountPath(string model) => null;

    /// <inheritdoc/>
    public ChatRequest DecodeCountRequest(JsonElement body, RequestAddress address) => DecodeRequest(body, address);

    /// <inheritdoc/>
    public void EncodeCountRequest(ChatRequest request, TargetProfile target, TranslationReport report, IBufferWriter<byte> output) =>
        throw new InvalidOperationException("Chat Completions has no token counter.");

    /// <inheritdoc/>
    public long DecodeCount(JsonElement body) => throw new InvalidOperationException("Chat Completions has no token counter.");

    /// <inheritdoc/>
    public void EncodeCount(long inputTokens, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output, Json.WriterOptions);
        writer.WriteStartObject();
        writer.WriteNumber("input_tokens"u8, inputTokens);
        writer.WriteEndObject();
    }

    /// <summary>The client's stream options with <c>include_usage</c> switched on; null when there is nothing to do.</summary>
    private static byte[]? StreamOptions(ReadOnlySpan<byte> raw)
    {
        if (raw.IsEmpty || raw.SequenceEqual("null"u8))
        {
            return IncludeUsage;
        }

        JsonElement options = JsonElement.Parse(raw);
        if (options.ValueKind != JsonValueKind.Object
            || (options.TryGetProperty("include_usage", out JsonElement include) && include.ValueKind == JsonValueKind.True))
        {
            return null;
        }

        var buffer = new ArrayBufferWriter<byte>(raw.Length + IncludeUsage.Length);
        using (var writer = new Utf8JsonWriter(buffer, Json.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteBoolean("include_usage"u8, true);
            foreach (JsonProperty property in options.EnumerateObject())
            {
                if (!property.NameEquals("include_usage"u8))
                {
                    writer.WritePropertyName(property.Name);
                    writer.WriteRaw(property.Value);
                }
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
