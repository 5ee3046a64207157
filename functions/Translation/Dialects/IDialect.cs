using System.Buffers;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects;

/// <summary>What every wire format has: a name, a place in the usage record, and an envelope for errors.</summary>
public interface IDialect
{
    /// <summary>The dialect's name.</summary>
    DialectId Id { get; }

    /// <summary>The API as usage records name it, for example <c>anthropic/v1/messages</c>.</summary>
    string ApiType { get; }

    /// <summary>What its clients call the fields that a report mentions.</summary>
    FieldNames FieldNames { get; }

    /// <summary>Reads a provider's refusal.</summary>
    /// <param name="status">The provider's HTTP status, 400 or more.</param>
    /// <param name="body">The body; may be empty, HTML or cut off.</param>
    GatewayError DecodeError(int status, ReadOnlyMemory<byte> body);

    /// <summary>Writes an error as this dialect's clients expect it (a whole JSON body).</summary>
    void EncodeError(GatewayError error, string? requestId, IBufferWriter<byte> output);

    /// <summary>The path below the provider's base URL, without a leading slash.</summary>
    /// <param name="model">The model at the provider; encoded here as one safe path segment where the path holds it.</param>
    /// <param name="stream">True for a streamed answer.</param>
    string UpstreamPath(string model, bool stream);

    /// <summary>
    /// Writes the client's own body for a provider of the same dialect: its bytes with the named values replaced (the model; for Chat
    /// Completions also <c>stream_options.include_usage</c>, which metering needs).
    /// </summary>
    void SpliceRequest(JsonBody body, string model, IBufferWriter<byte> output);
}

/// <summary>
/// A wire format for chat, written once and used on both sides: decoders read what clients ask or providers answer, encoders write
/// it. Codecs do no I/O and keep no state between calls; the state of a stream is in the object made for it.
/// </summary>
public interface IChatDialect : IDialect
{
    /// <summary>What this format cannot say or insists on; the adapter prepares requests accordingly.</summary>
    DialectTraits Traits { get; }

    /// <summary>Reads a client's request.</summary>
    /// <param name="body">The root object. The canonical request refers to it, so it must outlive that.</param>
    /// <param name="address">What the URL says, for dialects whose model stands there.</param>
    /// <exception cref="GatewayException">The request is wrong; the error names the field.</exception>
    ChatRequest DecodeRequest(JsonElement body, RequestAddress address);

    /// <summary>Writes a request that the adapter has prepared for this dialect.</summary>
    /// <param name="request">Prepared: it holds nothing that belongs to another dialect.</param>
    /// <param name="target">The model and the ways of the provider behind it.</param>
    /// <param name="report">Takes whatever this dialect cannot say.</param>
    /// <param name="output">Takes the body.</param>
    void EncodeRequest(ChatRequest request, TargetProfile target, TranslationReport report, IBufferWriter<byte> output);

    /// <summary>Reads a provider's whole answer.</summary>
    /// <exception cref="GatewayException">It is not an answer of this dialect.</exception>
    ChatResponse DecodeResponse(JsonElement body);

    /// <summary>Writes a whole answer for a client.</summary>
    void EncodeResponse(ChatResponse response, AnswerContext context, IBufferWriter<byte> output);

    /// <summary>A decoder for one provider's stream.</summary>
    IChatStreamDecoder CreateDecoder();

    /// <summary>An encoder for one client's stream.</summary>
    IChatStreamEncoder CreateEncoder(AnswerContext context);

    /// <summary>The path of the provider's token counter below its base URL, or null when the API has none.</summary>
    string? UpstreamCountPath(string model);

    /// <summary>Reads a client's request to count tokens; the shape is the dialect's own.</summary>
    ChatRequest DecodeCountRequest(JsonElement body, RequestAddress address);

    /// <summary>Writes a request to count tokens. Called only when <see cref="UpstreamCountPath"/> gives a path.</summary>
    void EncodeCountRequest(ChatRequest request, TargetProfile target, TranslationReport report, IBufferWriter<byte> output);

    /// <summary>Reads a provider's count of the input tokens.</summary>
    long DecodeCount(JsonElement body);

    /// <summary>Writes the count of the input tokens for a client.</summary>
    void EncodeCount(long inputTokens, IBufferWriter<byte> output);
}

/// <summary>A wire format for embeddings.</summary>
public interface IEmbeddingDialect : IDialect
{
    /// <summary>Reads a client's request.</summary>
    /// <exception cref="GatewayException">The request is wrong; the error names the field.</exception>
    EmbeddingRequest DecodeRequest(JsonElement body, RequestAddress address);

    /// <summary>Writes a request for a provider.</summary>
    void EncodeRequest(EmbeddingRequest request, TargetProfile target, TranslationReport report, IBufferWriter<byte> output);

    /// <summary>
    /// The path for a client's own body as <see cref="IDialect.SpliceRequest"/> writes it, where its shape depends on what the client's URL says
    /// (Gemini's single and batch actions). Bodies of <see cref="EncodeRequest"/> go to <see cref="IDialect.UpstreamPath"/>.
    /// </summary>
    string SplicedPath(string model, RequestAddress address) => UpstreamPath(model, stream: false);

    /// <summary>Reads a provider's answer.</summary>
    EmbeddingResponse DecodeResponse(JsonElement body);

    /// <summary>Writes an answer for a client.</summary>
    /// <param name="request">The client's request: it decides the encoding of the numbers and the shape of the answer.</param>
    void EncodeResponse(EmbeddingResponse response, EmbeddingRequest request, IBufferWriter<byte> output);
}

/// <summary>Reads one provider's stream. Not thread-safe.</summary>
public interface IChatStreamDecoder
{
    /// <summary>
    /// Reads one frame and adds the events that it gives (often one, sometimes none). Never throws on what a provider may send: an
    /// unreadable frame becomes <see cref="Failed"/>, a comment <see cref="KeepAlive"/>.
    /// </summary>
    void Decode(in SseFrame frame, IList<ChatEvent> events);

    /// <summary>
    /// Tells that the provider closed the stream. Adds <see cref="Failed"/> (<see cref="ErrorKind.Upstream"/>, code <c>stream_truncated</c>)
    /// when its end had not been announced, and nothing otherwise; in a format without a mark at its end (Gemini) it adds the last events.
    /// </summary>
    void Complete(IList<ChatEvent> events);

    /// <summary>
    /// True when the last frame holds nothing but token counts that only the gateway asked for; on a same-dialect path such a frame is
    /// withheld from a client that did not ask.
    /// </summary>
    bool LastFrameIsUsageOnly { get; }
}

/// <summary>Renders one client's stream. Not thread-safe.</summary>
public interface IChatStreamEncoder : IDisposable
{
    /// <summary>
    /// Writes the frames that the event makes; possibly none. <see cref="Failed"/> becomes one error frame and nothing after it, never an
    /// announcement of a clean end. <see cref="KeepAlive"/> becomes what this dialect's clients skip (a ping event or a comment).
    /// </summary>
    void Encode(ChatEvent chatEvent, IBufferWriter<byte> output);
}

/// <summary>What the URL of a request says.</summary>
/// <param name="Model">The endpoint's name, where it stands in the path (Gemini); otherwise null.</param>
/// <param name="Stream">True for a streaming action.</param>
/// <param name="Batch">True for a batch action (<c>:batchEmbedContents</c>).</param>
public readonly record struct RequestAddress(string? Model = null, bool Stream = false, bool Batch = false);

/// <summary>What an encoder of answers may need to know of the request.</summary>
public sealed record AnswerContext
{
    /// <summary>The request as the client made it (Responses echoes much of it).</summary>
    public required ChatRequest Request { get; init; }

    /// <summary>The gateway's id of the request; seeds ids that the provider did not give.</summary>
    public required string RequestId { get; init; }

    /// <summary>When the gateway accepted the request; stands in where the provider gives no time.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>An estimate of the input tokens, for dialects that name them before the provider has (Anthropic <c>message_start</c>).</summary>
    public long EstimatedInputTokens { get; init; }

    /// <summary>True to frame a Gemini stream as one JSON array instead of server-sent events.</summary>
    public bool JsonArray { get; init; }
}
