using System.Net;
using System.Net.Http.Headers;

namespace Serverless.Gateway.Pipeline;

/// <summary>
/// A JSON body for a provider, sent from the buffer it was written into. A connection may still be reading it after the call
/// that sent it was cancelled; it then holds the buffer until it is done.
/// </summary>
internal sealed class PooledContent : HttpContent
{
    private static readonly MediaTypeHeaderValue JsonType = new("application/json");

    private readonly PooledBuffer _buffer;

    public PooledContent(PooledBuffer buffer)
    {
        _buffer = buffer;
        Headers.ContentType = JsonType;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(!_buffer.TryHold(), this);
        try
        {
            await stream.WriteAsync(_buffer.Written, cancellationToken);
        }
        finally
        {
            _buffer.Release();
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _buffer.Length;
        return true;
    }
}
