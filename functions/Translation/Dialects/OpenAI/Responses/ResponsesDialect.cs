using System.Buffers;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>
/// OpenAI Responses, https://platform.openai.com/docs/api-reference/responses, and its open counterpart, https://www.openresponses.org.
/// Base URLs end in <c>/v1</c>.
/// </summary>
internal sealed class ResponsesDialect : IChatDialect
{
    /// <inheritdoc/>
    public DialectId Id => DialectIds.Responses;

    /// <inheritdoc/>
    public string ApiType => "openai/v1/responses";

    /// <inheritdoc/>
    public FieldNames FieldNames => ResponsesFieldNames.Names;

    /// <inheritdoc/>
    public DialectTraits Traits { get; } = new()
    {
        StrictToolPairing = true,
        CustomTools = true,
        ToolNamespaces = true,
        MaxToolCallId = ResponsesWire.MaxId,
        MaxCacheBreakpoints = 4,
        MediaInToolResults = true,
        MaxUserId = 64,
        PromptCacheKeys = true,
        WantsJsonMentioned = true,
    };

    /// <inheritdoc/>
    public GatewayError DecodeError(int status, ReadOnlyMemory<byte> body) => OpenAIError.Decode(status, body);

    /// <inheritdoc/>
    public void EncodeError(GatewayError error, string? requestId, IBufferWriter<byte> output) => OpenAIError.Encode(error, output);

    /// <inheritdoc/>
    public string UpstreamPath(string model, bool stream) => "responses";

    /// <inheritdoc/>
    public void SpliceRequest(JsonBody body, string model, IBufferWriter<byte> output) => ResponsesReplay.Splice(body, model, output);

    /// <inheritdoc/>
    public ChatRequest DecodeRequest(JsonElement body, RequestAddress address) => ResponsesRequest.Decode(body);

    /// <inheritdoc/>
    public void EncodeRequest(ChatRequest request, TargetProfile target, TranslationReport report, IBufferWriter<byte> output) =>
        new ResponsesRequestWriter(request, target, report).Write(output);

    /// <inheritdoc/>
    public ChatResponse DecodeResponse(JsonElement body) => ResponsesResponse.Decode(body);

    /// <inheritdoc/>
    public void EncodeResponse(ChatResponse response, AnswerContext context, IBufferWriter<byte> output) =>
        ResponsesResponse.Encode(response, context, output);

    /// <inheritdoc/>
    public IChatStreamDecoder CreateDecoder() => new ResponsesStreamDecoder();

    /// <inheritdoc/>
    public IChatStreamEncoder CreateEncoder(AnswerContext context) => new ResponsesStreamEncoder(context);

    /// <inheritdoc/>
    public string? UpstreamCountPath(string model) => "responses/input_tokens";

    /// <inheritdoc/>
    public ChatRequest DecodeCountRequest(JsonElement body, RequestAddress address) => ResponsesRequest.Decode(body);

    /// <inheritdoc/>
    public void EncodeCountRequest(ChatRequest request, TargetProfile target, TranslationReport report, IBufferWriter<byte> output) =>
        new ResponsesRequestWriter(request, target, report).WriteCount(output);

    /// <inheritdoc/>
    public long DecodeCount(JsonElement body) =>
        body.ValueKind == JsonValueKind.Object && body.TryGetProperty("input_tokens", out JsonElement count)
        && count.ValueKind == JsonValueKind.Number && count.TryGetInt64(out long tokens)
            ? tokens
            : throw new GatewayException(GatewayError.Upstream("The provider's answer holds no count of input tokens."));

    /// <inheritdoc/>
    public void EncodeCount(long inputTokens, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output, Json.WriterOptions);
        writer.WriteStartObject();
        writer.WriteString("object"u8, "response.input_tokens"u8);
        writer.WriteNumber("input_tokens"u8, inputTokens);
        writer.WriteEndObject();
    }
}
