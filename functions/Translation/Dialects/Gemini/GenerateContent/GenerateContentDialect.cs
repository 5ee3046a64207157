using System.Buffers;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini.GenerateContent;

/// <summary>
/// Gemini <c>generateContent</c>, <c>streamGenerateContent</c> and <c>countTokens</c>. Sources: https://ai.google.dev/api/generate-content,
/// https://ai.google.dev/api/tokens.
/// </summary>
public sealed class GenerateContentDialect : IChatDialect
{
    /// <inheritdoc/>
    public DialectId Id => DialectIds.GenerateContent;

    /// <inheritdoc/>
    public string ApiType => "gemini/v1/generateContent";

    /// <inheritdoc/>
    public FieldNames FieldNames => GenerateContentFieldNames.Names;

    /// <inheritdoc/>
    public DialectTraits Traits { get; } = new()
    {
        MergesTurns = true,
        StrictToolPairing = true,
        MaxToolName = 64,
        ToolNamePunctuation = "_-.:",
        ToolNameStartsWithLetter = true,
        MediaInToolResults = true,
    };

    /// <inheritdoc/>
    public ChatRequest DecodeRequest(JsonElement body, RequestAddress address) => GenerateContentRequest.Decode(body, address);

    /// <inheritdoc/>
    public void EncodeRequest(ChatRequest request, TargetProfile target, TranslationReport report, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output, Json.WriterOptions);
        GenerateContentRequest.Encode(writer, request, target, report);
    }

    /// <inheritdoc/>
    public ChatResponse DecodeResponse(JsonElement body) => GenerateContentResponse.Decode(body);

    /// <inheritdoc/>
    public void EncodeResponse(ChatResponse response, AnswerContext context, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output, Json.WriterOptions);
        GenerateContentResponse.Encode(writer, response, context);
    }

    /// <inheritdoc/>
    public IChatStreamDecoder CreateDecoder() => new GenerateContentStreamDecoder();

    /// <inheritdoc/>
    public IChatStreamEncoder CreateEncoder(AnswerContext context) => new GenerateContentStreamEncoder(context);

    /// <inheritdoc/>
    public string UpstreamPath(string model, bool stream) =>
        stream ? GeminiPath.Of(model, "streamGenerateContent") + "?alt=sse" : GeminiPath.Of(model, "generateContent");

    /// <inheritdoc/>
    public string? UpstreamCountPath(string model) => GeminiPath.Of(model, "countTokens");

    /// <inheritdoc/>
    public ChatRequest DecodeCountRequest(JsonElement body, RequestAddress address) => GenerateContentRequest.DecodeCount(body, address);

    /// <inheritdoc/>
    public void EncodeCountRequest(ChatRequest request, TargetProfile target, TranslationReport report, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output, Json.WriterOptions);
        GenerateContentRequest.EncodeCount(writer, request, target, report);
    }

    /// <inheritdoc/>
    public long DecodeCount(JsonElement body) =>
        (body.ValueKind == JsonValueKind.Object ? GeminiNames.Count(body, "totalTokens") : null)
        ?? throw new GatewayException(GatewayError.Upstream("The provider's answer holds no count.", "invalid_answer"));

    /// <inheritdoc/>
    public void EncodeCount(long inputTokens, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output, Json.WriterOptions);
        writer.WriteStartObject();
        writer.WriteNumber("totalTokens"u8, inputTokens);
        writer.WriteEndObject();
    }

    /// <inheritdoc/>
    public GatewayError DecodeError(int status, ReadOnlyMemory<byte> body) => GeminiError.Decode(status, body);

    /// <inheritdoc/>
    public void EncodeError(GatewayError error, string? requestId, IBufferWriter<byte> output) => GeminiError.Encode(error, requestId, output);

    /// <inheritdoc/>
    public void SpliceRequest(JsonBody body, string model, IBufferWriter<byte> output) => GenerateContentReplay.Splice(body, model, output);
}
