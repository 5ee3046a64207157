using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Providers.Demo;

/// <summary>
/// The other end of the demo provider's connections: reads a request with the dialect's own decoder, lets <see cref="DemoModel"/> answer, and writes
/// that with the dialect's own encoder, as a vendor's server would.
/// </summary>
internal sealed class DemoServer(TimeProvider time) : HttpMessageHandler
{
    /// <summary>The request as the gateway put it: which dialect, which model.</summary>
    public static readonly HttpRequestOptionsKey<UpstreamRequest> Asked = new("demo.asked");

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Options.TryGetValue(Asked, out UpstreamRequest? asked);
        byte[] body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        IDialect dialect = DialectCatalog.Embeddings.FirstOrDefault(d => d.Id == asked!.Dialect) ?? (IDialect)DialectCatalog.ChatDialect(asked!.Dialect);
        try
        {
            // The canonical request refers to the document, and a stream outlives this method: the document is left to the collector.
            JsonElement root = JsonBody.Check(body).Parse().RootElement;
            return dialect switch
            {
                IChatDialect chat when request.Method == HttpMethod.Post => Chat(chat, root, asked!),
                IEmbeddingDialect embeddings when request.Method == HttpMethod.Post => Embed(embeddings, root, asked!),
                _ => throw new GatewayException(new GatewayError(ErrorKind.NotFound, 404, "The demo provider has no such thing.")),
            };
        }
        catch (GatewayException e)
        {
            var output = new ArrayBufferWriter<byte>();
            dialect.EncodeError(e.Error, null, output);
            return Json((HttpStatusCode)e.Error.Status, output);
        }
    }

    private HttpResponseMessage Chat(IChatDialect dialect, JsonElement body, UpstreamRequest asked)
    {
        bool counts = asked.Path == dialect.UpstreamCountPath(asked.Model);
        bool stream = asked.Path == dialect.UpstreamPath(asked.Model, stream: true) && asked.Path != dialect.UpstreamPath(asked.Model, stream: false);
        var address = new RequestAddress(asked.Model, stream);
        var output = new ArrayBufferWriter<byte>();
        if (counts)
        {
            dialect.EncodeCount(DemoTokens.Of(dialect.DecodeCountRequest(body, address)), output);
            return Json(HttpStatusCode.OK, output);
        }

        ChatRequest request = dialect.DecodeRequest(body, address);
        ChatResponse answer = DemoModel.Answer(request);
        var context = new AnswerContext
        {
            Request = request,
            RequestId = Guid.NewGuid().ToString("n"),
            Created = time.GetUtcNow(),
            EstimatedInputTokens = answer.Usage?.InputTokens ?? 0,
        };
        if (!request.Stream)
        {
            dialect.EncodeResponse(answer, context, output);
            return Json(HttpStatusCode.OK, output);
        }

        var response = new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = new StreamContent(new DemoStream(DemoModel.Unfold(answer), dialect.CreateEncoder(context), time)),
        };
        response.Content.Headers.ContentType = new MediaTypeHeaderValue("text/event-stream");
        return response;
    }

    private static HttpResponseMessage Embed(IEmbeddingDialect dialect, JsonElement body, UpstreamRequest asked)
    {
        bool batch = asked.Path.Contains(":batch", StringComparison.Ordinal);
        EmbeddingRequest request = dialect.DecodeRequest(body, new RequestAddress(asked.Model, Batch: batch));
        var output = new ArrayBufferWriter<byte>();
        dialect.EncodeResponse(DemoEmbedding.Answer(request), request, output);
        return Json(HttpStatusCode.OK, output);
    }

    private static HttpResponseMessage Json(HttpStatusCode status, ArrayBufferWriter<byte> body)
    {
        var response = new HttpResponseMessage(status) { Content = new ReadOnlyMemoryContent(body.WrittenMemory) };
        response.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return response;
    }
}
