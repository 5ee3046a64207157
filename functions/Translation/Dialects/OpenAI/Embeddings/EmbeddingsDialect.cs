using System.Buffers;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Embeddings;

/// <summary>OpenAI Embeddings, https://platform.openai.com/docs/api-reference/embeddings.</summary>
internal sealed class EmbeddingsDialect : IEmbeddingDialect
{
    /// <inheritdoc/>
    public DialectId Id => DialectIds.Embeddings;

    /// <inheritdoc/>
    public string ApiType => "openai/v1/embeddings";

    /// <inheritdoc/>
    public FieldNames FieldNames => FieldNames.None;

    /// <inheritdoc/>
    public GatewayError DecodeError(int status, ReadOnlyMemory<byte> body) => OpenAIError.Decode(status, body);

    /// <inheritdoc/>
    public void EncodeError(GatewayError error, string? requestId, IBufferWriter<byte> output) => OpenAIError.Encode(error, output);

    /// <inheritdoc/>
    public string UpstreamPath(string model, bool stream) => "embeddings";

    /// <inheritdoc/>
    public void SpliceRequest(JsonBody body, string model, IBufferWriter<byte> output) =>
        body.Splice(output, new JsonReplacement("model", Json.Quote(model)));

    /// <inheritdoc/>
    public EmbeddingRequest DecodeRequest(JsonElement body, RequestAddress address) => EmbeddingsRequest.Decode(body, address);

    /// <inheritdoc/>
    public void EncodeRequest(EmbeddingRequest request, TargetProfile target, TranslationReport report, IBufferWriter<byte> output) =>
        EmbeddingsRequest.Encode(request, target, report, output);

    /// <inheritdoc/>
    public EmbeddingResponse DecodeResponse(JsonElement body) => EmbeddingsResponse.Decode(body);

    /// <inheritdoc/>
    public void EncodeResponse(EmbeddingResponse response, EmbeddingRequest request, IBufferWriter<byte> output) =>
        EmbeddingsResponse.Encode(response, request, output);
}
