using System.Buffers;

namespace Serverless.Gateway.Pipeline;

/// <summary>
/// Bytes in a rented array: a request's body, the body for a provider, what is about to go to a client. Whoever reads it while its
/// owner may be done with it (a connection that still sends) holds a reference, so that the array is not given back under its
/// reader. Not thread-safe but for the references.
/// </summary>
internal sealed class PooledBuffer(int capacity = PooledBuffer.DefaultCapacity) : IBufferWriter<byte>, IDisposable
{
    public const int DefaultCapacity = 4096;

    /// <summary>An array larger than this is not kept over a <see cref="Clear"/>, so that one large event does not cost its memory for the whole stream.</summary>
    private const int Keep = 256 * 1024;

    private byte[] _array = ArrayPool<byte>.Shared.Rent(capacity);
    private int _references = 1;
    private bool _disposed;

    public int Length { get; private set; }

    public Memory<byte> Written => _array.AsMemory(0, Length);

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        MakeRoom(Math.Max(sizeHint, 1));
        return _array.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        MakeRoom(Math.Max(sizeHint, 1));
        return _array.AsSpan(Length);
    }

    public void Clear()
    {
        Length = 0;
        if (_array.Length > Keep)
        {
            ArrayPool<byte>.Shared.Return(_array);
            _array = ArrayPool<byte>.Shared.Rent(DefaultCapacity);
        }
    }

    /// <summary>Keeps the bytes in place until <see cref="Release"/>; false when their owner is done with them already.</summary>
    public bool TryHold()
    {
        int seen = Volatile.Read(ref _references);
        while (seen > 0)
        {
            int before = Interlocked.CompareExchange(ref _references, seen + 1, seen);
            if (before == seen)
            {
                return true;
            }

            seen = before;
        }

        return false;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
            _array = [];
        }
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            Release();
        }
    }

    private void MakeRoom(int size)
    {
        if (_array.Length - Length >= size)
        {
            return;
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, Math.Max(_array.Length * 2L, (long)Length + size)));
        _array.AsSpan(0, Length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_array);
        _array = larger;
    }
}
