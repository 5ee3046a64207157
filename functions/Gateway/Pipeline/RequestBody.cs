using System.IO.Compression;
using System.Text.Json;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Pipeline;

/// <summary>A client's body: read once, bounded, checked, and at hand until the request has ended.</summary>
internal sealed class RequestBody : IDisposable
{
    /// <summary>What is rented at once on the word of a Content-Length; more only as the bytes arrive.</summary>
    private const int Trusted = 1024 * 1024;

    private readonly PooledBuffer _buffer;
    private JsonDocument? _document;

    private RequestBody(PooledBuffer buffer, JsonBody json)
    {
        _buffer = buffer;
        Json = json;
    }

    /// <summary>The checked bytes.</summary>
    public JsonBody Json { get; }

    /// <summary>The body as a document, parsed when it is first asked for.</summary>
    public JsonElement Root => (_document ??= Json.Parse()).RootElement;

    /// <summary>Reads the body.</summary>
    /// <param name="request">The request.</param>
    /// <param name="limit">Most bytes of it.</param>
    /// <param name="read">Told how many bytes have been read, however that ends; those of a compressed body without its compression.</param>
    /// <param name="cancellationToken">Ends when the client hangs up.</param>
    /// <exception cref="GatewayException">413, 415, or 400 when it is not what <see cref="JsonBody.Check"/> takes.</exception>
    public static async Task<RequestBody> ReadAsync(HttpRequest request, long limit, Action<long> read, CancellationToken cancellationToken)
    {
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
        {
            // The limit is kept below, where it can be told in the client's own envelope.
            feature.MaxRequestBodySize = null;
        }

        if (request.ContentLength > limit)
        {
            throw TooLarge(limit);
        }

        int expected = (int)Math.Min(Trusted, request.ContentLength + 1 ?? 16 * 1024);
        var buffer = new PooledBuffer(Math.Max(expected, 256));
        try
        {
            await FillAsync(buffer, request, limit, read, cancellationToken);
            return new RequestBody(buffer, JsonBody.Check(buffer.Written));
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _document?.Dispose();
        _buffer.Dispose();
    }

    private static async Task FillAsync(PooledBuffer buffer, HttpRequest request, long limit, Action<long> told, CancellationToken cancellationToken)
    {
        Stream source = Decoded(request);
        try
        {
            while (true)
            {
                int read = await source.ReadAsync(buffer.GetMemory(), cancellationToken);
                if (read == 0)
                {
                    return;
                }

                buffer.Advance(read);
                told(buffer.Length);
                if (buffer.Length > limit)
                {
                    throw TooLarge(limit);
                }
            }
        }
        catch (Exception e) when (e is InvalidDataException || (e is InvalidOperationException && source != request.Body))
        {
            throw new GatewayException(GatewayError.Invalid("The body is not encoded as its Content-Encoding says.", code: "invalid_encoding"), e);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw TooLarge(limit);
        }
        catch (BadHttpRequestException e)
        {
            await ThrowIfGoneAsync(e, cancellationToken);
            throw new GatewayException(new GatewayError(ErrorKind.InvalidRequest, e.StatusCode, "The body could not be read."), e);
        }
        catch (IOException e)
        {
            throw new ConnectionAbortedException("The client hung up while it sent its body.", e);
        }
        finally
        {
            if (source != request.Body)
            {
                await source.DisposeAsync();
            }
        }
    }

    /// <summary>A body that ends early is told as a bad request a moment before it is told that the client has hung up.</summary>
    private static async Task ThrowIfGoneAsync(BadHttpRequestException e, CancellationToken cancellationToken)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (cancellationToken.IsCancellationRequested)
        {
            throw new ConnectionAbortedException("The client hung up while it sent its body.", e);
        }
    }

    private static Stream Decoded(HttpRequest request) => request.Headers.ContentEncoding.ToString().Trim().ToLowerInvariant() switch
    {
        "" or "identity" => request.Body,
        "gzip" or "x-gzip" => new GZipStream(request.Body, CompressionMode.Decompress, leaveOpen: true),
        "br" => new BrotliStream(request.Body, CompressionMode.Decompress, leaveOpen: true),
        "deflate" => new ZLibStream(request.Body, CompressionMode.Decompress, leaveOpen: true),
        _ => throw new GatewayException(new GatewayError(
            ErrorKind.InvalidRequest,
            StatusCodes.Status415UnsupportedMediaType,
            "This Content-Encoding is not supported; gzip, br and deflate are.")
        { Code = "unsupported_encoding" }),
    };

    private static GatewayException TooLarge(long limit) => new(new GatewayError(
        ErrorKind.TooLarge,
        StatusCodes.Status413PayloadTooLarge,
        $"The body is larger than {limit} bytes.")
    { Code = "request_too_large" });
}
