using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using Serverless.Gateway.Configuration;
using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Pipeline;

/// <summary>A provider's answer while it is being read. Disposing it lets go of the connection, whatever is still to come.</summary>
internal sealed class UpstreamAnswer(Exchange exchange, GatewayLimits limits) : IDisposable
{
    /// <summary>Longest answer without a stream, in bytes; generated images are of some megabytes.</summary>
    private const int LongestAnswer = 256 * 1024 * 1024;

    /// <summary>Sizes to read in.</summary>
    private const int ReadSize = 16 * 1024;

    private HttpResponseMessage? _response;
    private Stream? _body;

    /// <summary>Cancels the try: when the client hangs up, or the provider is late.</summary>
    public CancellationTokenSource Cancellation { get; } = CancellationTokenSource.CreateLinkedTokenSource(exchange.Aborted);

    public HttpStatusCode Status => Response.StatusCode;

    public HttpResponseHeaders Headers => Response.Headers;

    /// <summary>True for server-sent events.</summary>
    public bool IsEventStream => MediaType is "text/event-stream";

    /// <summary>True for JSON, which some servers answer even when asked for a stream.</summary>
    public bool IsJson => MediaType is "application/json";

    private string? MediaType => Response.Content.Headers.ContentType?.MediaType;

    private HttpResponseMessage Response => _response ?? throw new InvalidOperationException("There is no answer yet.");

    /// <summary>Takes the head of the answer.</summary>
    public async ValueTask TakeAsync(HttpResponseMessage response)
    {
        _response = response;
        _body = Decoded(await response.Content.ReadAsStreamAsync(Cancellation.Token), response.Content.Headers.ContentEncoding);
    }

    /// <summary>Reads what comes next; 0 at the end. While it waits, the client is kept alive.</summary>
    /// <exception cref="UpstreamFailure">The connection broke, or the provider was silent for too long.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> memory)
    {
        try
        {
            ValueTask<int> reading = _body!.ReadAsync(memory, Cancellation.Token);
            int read = reading.IsCompleted ? await reading : await exchange.WaitForProviderAsync(reading.AsTask(), Cancellation);
            exchange.Watch.ExpectProvider(limits.Silence);
            return read;
        }
        catch (Exception e) when (Explain(e) is { } failure)
        {
            throw failure;
        }
    }

    /// <summary>Reads the whole answer; false when it is longer than <paramref name="most"/> and was cut there.</summary>
    public async Task<bool> ReadAllAsync(PooledBuffer buffer, int most = LongestAnswer)
    {
        while (true)
        {
            int read = await ReadAsync(buffer.GetMemory(Math.Min(ReadSize, Math.Max(256, buffer.Length))));
            if (read == 0)
            {
                return true;
            }

            buffer.Advance(read);
            if (buffer.Length > most)
            {
                return false;
            }
        }
    }

    /// <summary>What a fault of the connection means; null when it is not the provider's.</summary>
    public UpstreamFailure? Explain(Exception e)
    {
        int status = _response is null ? 0 : (int)_response.StatusCode;
        if (exchange.Aborted.IsCancellationRequested)
        {
            return null;
        }

        if (exchange.Watch.ProviderIsLate || e is OperationCanceledException { InnerException: TimeoutException })
        {
            string code = _response is null ? "upstream_timeout" : "upstream_stalled";
            return new UpstreamFailure(new GatewayError(ErrorKind.Timeout, 504, "The provider did not answer in time.") { Code = code }, status, e);
        }

        return e is HttpRequestException or IOException or InvalidDataException or OperationCanceledException
            ? new UpstreamFailure(Broken(e, started: _response is not null), status, e)
            : null;
    }

    public void Dispose()
    {
        exchange.Watch.EndAttempt();
        _body?.Dispose();
        _response?.Dispose();
        Cancellation.Dispose();
    }

    private static GatewayError Broken(Exception e, bool started) => started
        ? GatewayError.Upstream("The provider's answer broke off.", "upstream_connection_lost")
        : e is HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError }
            ? GatewayError.Upstream("The provider could not be reached.", "upstream_unreachable")
            : GatewayError.Upstream("The provider closed the connection without an answer.", "upstream_connection_lost");

    private static Stream Decoded(Stream body, ICollection<string> encodings)
    {
        foreach (string encoding in encodings.Reverse())
        {
            body = encoding.ToLowerInvariant() switch
            {
                "gzip" or "x-gzip" => new GZipStream(body, CompressionMode.Decompress),
                "br" => new BrotliStream(body, CompressionMode.Decompress),
                "deflate" => new ZLibStream(body, CompressionMode.Decompress),
                "identity" => body,
                _ => throw new InvalidDataException($"The provider's answer is encoded as '{encoding}'."),
            };
        }

        return body;
    }
}
