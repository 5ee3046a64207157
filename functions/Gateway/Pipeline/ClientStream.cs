using System.Buffers;
using Microsoft.AspNetCore.Http;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Pipeline;

/// <summary>
/// The client's end of a stream. Frames gather in a buffer; each <see cref="FlushAsync"/> sends them in one write, so that no event is split.
/// Nothing is sent before the first content, so that a failure until then can go to another destination or become a status code.
/// A client that waits too long for that gets the status line and keep-alives first: after one <c>KeepAlive</c> interval (15 s) once the
/// provider has sent an event, after three (45 s, below the 60 s at which common proxies hang up) when there is no sign of the provider. That
/// gives away the status code, but not the other destinations.
/// </summary>
internal sealed class ClientStream : IDisposable
{
    /// <summary>How many keep-alive intervals a client may wait for its status line while the provider is silent.</summary>
    private const int PatienceBeforeStatus = 3;

    private readonly Exchange _exchange;
    private readonly IChatDialect _dialect;
    private readonly AnswerContext _context;
    private readonly PooledBuffer _pending = new();

    public ClientStream(Exchange exchange, IChatDialect dialect, AnswerContext context)
    {
        _exchange = exchange;
        _dialect = dialect;
        _context = context;
        exchange.Watch.ServeClient(exchange.Limits.KeepAlive * PatienceBeforeStatus);
    }

    /// <summary>Takes what the client is to be sent next.</summary>
    public IBufferWriter<byte> Output => _pending;

    /// <summary>Bytes that wait to be sent.</summary>
    public int Pending => _pending.Length;

    /// <summary>True once the status line has been sent.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>True once frames of an answer have been sent: from then on nobody else can answer.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>The provider has been heard of: the client need not wait longer than one interval for a sign of life.</summary>
    public void ProviderHeard()
    {
        if (!HasBegun)
        {
            _exchange.Watch.ServeClient(_exchange.Limits.KeepAlive);
        }
    }

    /// <summary>Sends what has gathered.</summary>
    public async ValueTask FlushAsync()
    {
        if (_pending.Length > 0)
        {
            HasBegun = true;
            await SendAsync(_pending);
            _pending.Clear();
        }
    }

    /// <summary>Forgets what has gathered: the destination that it came from has failed.</summary>
    public void Discard() => _pending.Clear();

    /// <summary>Sends what this dialect's clients skip.</summary>
    public async ValueTask KeepAliveAsync()
    {
        using var frame = new PooledBuffer(64);
        if (_context.JsonArray)
        {
            // White space is legal everywhere between the elements.
            frame.Write("\n"u8);
        }
        else
        {
            using IChatStreamEncoder encoder = _dialect.CreateEncoder(_context);
            encoder.Encode(KeepAlive.Instance, frame);
        }

        await SendAsync(frame);
    }

    /// <summary>Sends an error as the only frame; used when no answer has begun.</summary>
    public async ValueTask FailAsync(GatewayError error)
    {
        _pending.Clear();
        using IChatStreamEncoder encoder = _dialect.CreateEncoder(_context);
        encoder.Encode(new Failed(error), _pending);
        await FlushAsync();
    }

    public void Dispose() => _pending.Dispose();

    private async ValueTask SendAsync(PooledBuffer frames)
    {
        HttpResponse response = _exchange.Http.Response;
        if (!IsOpen)
        {
            IsOpen = true;
            response.ContentType = _context.JsonArray ? "application/json" : "text/event-stream";
            response.Headers.CacheControl = "no-cache";
            response.Headers["X-Accel-Buffering"] = "no";
        }

        _exchange.Aborted.ThrowIfCancellationRequested();
        _exchange.Meter.BytesOut += frames.Length;
        await response.BodyWriter.WriteAsync(frames.Written, _exchange.Aborted);
        _exchange.Watch.ServeClient(_exchange.Limits.KeepAlive);
    }
}
