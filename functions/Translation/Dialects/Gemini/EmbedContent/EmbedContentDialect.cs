using System.Buffers;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini.EmbedContent;

/// <summary>
/// Gemini <c>embedContent</c> and <c>batchEmbedContents</c>. A provider is always asked by the batch; a client gets back the shape of its own
/// action. Source: https://ai.google.dev/api/embeddings.
/// </summary>
public sealed class EmbedContentDialect : IEmbeddingDialect
{
    /// <inheritdoc/>
    public DialectId Id => DialectIds.EmbedContent;

    /// <inheritdoc/>
    public string ApiType => "gemini/v1/embedContent";

    /// <inheritdoc/>
    public FieldNames FieldNames => EmbedContentFieldNames.Names;

    /// <inheritdoc/>
    public EmbeddingRequest DecodeRequest(JsonElement body, RequestAddress address) => EmbedContentRequest.Decode(body, address);

    /// <inheritdoc/>
    public void EncodeRequest(EmbeddingRequest request, TargetProfile target, TranslationReport report, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output, Json.WriterOptions);
        EmbedContentRequest.Encode(writer, request, target, report);
    }

    /// <inheritdoc/>
    public EmbeddingResponse DecodeResponse(JsonElement body) => EmbedContentResponse.Decode(body);

    /// <inheritdoc/>
    public void EncodeResponse(EmbeddingResponse response, EmbeddingRequest request, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output, Json.WriterOptions);
        EmbedContentResponse.Encode(writer, response, request);
    }

    /// <inheritdoc/>
    public GatewayError DecodeError(int status, ReadOnlyMemory<byte> body) => GeminiError.Decode(status, body);

    /// <inheritdoc/>
    public void EncodeError(GatewayError error, string? requestId, IBufferWriter<byte> output) => GeminiError.Encode(error, requestId, output);

    /// <inheritdoc/>
    public string UpstreamPath(string model, bool stream) => GeminiPath.Of(model, "batchEmbedContents");

    /// <inheritdoc/>
    public string SplicedPath(string model, RequestAddress address) => GeminiPath.Of(model, address.Batch ? "batchEmbedContents" : "embedContent");

    /// <inheritdoc/>
    public void SpliceRequest(JsonBody body, string model, IBufferWriter<byte> output)
    {
        // Every request of a batch repeats the model, and it has to be the URL's.
        string name = GeminiPath.ResourceName(model);
        if (GeminiBody.WithModel(body, "requests", name) is { } requests)
        {
            body.Splice(output, requests);
        }
        else if (body.RawValue("model").IsEmpty)
        {
            output.Write(body.Bytes.Span);
        }
        else
        {
            body.Splice(output, new JsonReplacement("model", Json.Quote(name)));
        }
    }
}
