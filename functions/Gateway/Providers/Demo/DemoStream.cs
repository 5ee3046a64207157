using System.Buffers;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Providers.Demo;

/// <summary>A streamed answer that is written while it is read: nothing runs when nobody reads, and a reader that goes away leaves nothing behind.</summary>
internal sealed class DemoStream(IEnumerable<ChatEvent> events, IChatStreamEncoder encoder, TimeProvider time) : Stream
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(12);

    private readonly IEnumerator<ChatEvent> _events = events.GetEnumerator();
    private readonly ArrayBufferWriter<byte> _frames = new();
    private int _read;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_read == _frames.WrittenCount)
        {
            _frames.ResetWrittenCount();
            _read = 0;
            if (!_events.MoveNext())
            {
                return 0;
            }

            if (_events.Current is PartDelta)
            {
                await Task.Delay(Pace, time, cancellationToken);
            }

            encoder.Encode(_events.Current, _frames);
        }

        int count = Math.Min(buffer.Length, _frames.WrittenCount - _read);
        _frames.WrittenMemory.Slice(_read, count).CopyTo(buffer);
        _read += count;
        return count;
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read it asynchronously.");

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _events.Dispose();
            encoder.Dispose();
        }

        base.Dispose(disposing);
    }
}
