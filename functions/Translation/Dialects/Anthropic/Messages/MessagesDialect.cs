using System.Buffers;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>Anthropic Messages, https://platform.claude.com/docs/en/api/messages/create. The base URL of a provider ends before <c>/v1</c>.</summary>
internal sealed class MessagesDialect : IChatDialect
{
    public DialectId Id => MessagesWire.Id;

    public string ApiType => "anthropic/v1/messages";

    /// <inheritdoc/>
    public FieldNames FieldNames => MessagesFieldNames.Names;

    public DialectTraits Traits { get; } = new()
    {
        MergesTurns = true,
        StrictToolPairing = true,
        PlainToolCallId = true,
        MaxCacheBreakpoints = 4,
        FindsPrefixes = false,
        MediaInToolResults = true,
        MaxUserId = 256,
        ImpersonalUserIds = true,
    };

    public ChatRequest DecodeRequest(JsonElement body, RequestAddress address) => MessagesRequest.Decode(body, address, counting: false);

    public void EncodeRequest(ChatRequest request, TargetProfile target, TranslationReport report, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output, Json.WriterOptions);
        MessagesRequest.Encode(writer, request, target.Model, counting: false, report);
    }

    public ChatResponse DecodeResponse(JsonElement body) => MessagesResponse.Decode(body);

    public void EncodeResponse(ChatResponse response, AnswerContext context, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output, Json.WriterOptions);
        MessagesResponse.Encode(writer, response, context);
    }

    public IChatStreamDecoder CreateDecoder() => new MessagesStreamDecoder();

    public IChatStreamEncoder CreateEncoder(AnswerContext context) => new MessagesStreamEncoder(context);

    public GatewayError DecodeError(int status, ReadOnlyMemory<byte> body) => MessagesError.Decode(status, body);

    public void EncodeError(GatewayError error, string? requestId, IBufferWriter<byte> output) => MessagesError.Encode(error, requestId, output);

    public string UpstreamPath(string model, bool stream) => "v1/messages";

    public string? UpstreamCountPath(string model) => "v1/messages/count_tokens";

    public ChatRequest DecodeCountRequest(JsonElement body, RequestAddress address) => MessagesRequest.Decode(body, address, counting: true);

    public void EncodeCountRequest(ChatRequest request, TargetProfile target, TranslationReport report, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output, Json.WriterOptions);
        MessagesRequest.Encode(writer, request, target.Model, counting: true, report);
    }

    public long DecodeCount(JsonElement body) =>
        body.ValueKind == JsonValueKind.Object && body.TryGetProperty("input_tokens", out JsonElement count)
        && count.ValueKind == JsonValueKind.Number && count.TryGetInt64(out long tokens)
            ? tokens
            : throw new GatewayException(GatewayError.Upstream("The provider's answer holds no count of tokens."));

    public void EncodeCount(long inputTokens, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output, Json.WriterOptions);
        writer.WriteStartObject();
        writer.WriteNumber("input_tokens"u8, inputTokens);
        writer.WriteEndObject();
    }

    public void SpliceRequest(JsonBody body, string model, IBufferWriter<byte> output) => MessagesReplay.Splice(body, model, output);
}
