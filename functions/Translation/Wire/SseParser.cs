using System.Buffers;

namespace Serverless.Translation.Wire;

/// <summary>
/// Cuts a byte stream into server-sent events, however it is chunked: LF, CRLF or CR; comments; <c>data:</c> with and without a
/// blank; several data lines; a byte order mark. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html.
/// Unlike a browser it delivers a last event that lacks its blank line, so that the decoder can judge it. Surplus blank lines belong
/// to the <see cref="SseFrame.Raw"/> of the event after them: all raw bytes in a row are the stream, but for a byte order mark and
/// for blank lines at its very end.
/// <code>
/// parser.Append(bytes);  while (parser.TryRead(out SseFrame frame)) …     at the end: parser.TryReadLast(out frame)
/// </code>
/// </summary>
public sealed class SseParser : IDisposable
{
    /// <summary>Longest event by default, in bytes.</summary>
    public const int DefaultMaxFrame = 64 * 1024 * 1024;

    private readonly int _maxFrame;
    private byte[] _buffer;
    private byte[]? _joined;
    private int _start;      // first byte of the frame being read
    private int _end;        // end of what was received
    private int _scanned;    // everything before it has been looked at for line ends
    private int _line;       // first byte of the line being read
    private bool _first = true;
    private bool _hasLines;  // the frame being read has a line that is not blank

    /// <summary>A parser for one stream.</summary>
    /// <param name="maxFrame">Longest event, in bytes.</param>
    public SseParser(int maxFrame = DefaultMaxFrame)
    {
        _maxFrame = maxFrame;
        _buffer = ArrayPool<byte>.Shared.Rent(8192);
    }

    /// <summary>Room for at least <paramref name="size"/> bytes to receive into; then call <see cref="Advance"/>.</summary>
    public Memory<byte> GetMemory(int size = 4096)
    {
        MakeRoom(size);
        return _buffer.AsMemory(_end);
    }

    /// <summary>Tells how many bytes were received into <see cref="GetMemory"/>.</summary>
    public void Advance(int count) => _end += count;

    /// <summary>Adds received bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        MakeRoom(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_end));
        _end += bytes.Length;
    }

    /// <summary>Reads the next complete event.</summary>
    /// <exception cref="InvalidDataException">The event is longer than allowed.</exception>
    public bool TryRead(out SseFrame frame)
    {
        SkipByteOrderMark();
        while (_scanned < _end)
        {
            int found = _buffer.AsSpan(_scanned, _end - _scanned).IndexOfAny((byte)'\n', (byte)'\r');
            if (found < 0)
            {
                _scanned = _end;
                break;
            }

            int at = _scanned + found;
            int next = at + 1;
            if (_buffer[at] == '\r')
            {
                if (next == _end)
                {
                    // A lone CR may be half of a CRLF. A blank line ends the event all the same; the LF is skipped later.
                    if (at != _line)
                    {
                        _scanned = at;
                        break;
                    }
                }
                else if (_buffer[next] == '\n')
                {
                    next++;
                }
            }

            bool blank = at == _line;
            _scanned = next;
            _line = next;
            if (!blank)
            {
                _hasLines = true;
            }
            else if (_hasLines)
            {
                int from = _start;
                _start = next;
                _hasLines = false;
                frame = Parse(_buffer.AsSpan(from, next - from));
                return true;
            }
        }

        if (_end - _start > _maxFrame)
        {
            throw new InvalidDataException($"A server-sent event is longer than {_maxFrame} bytes.");
        }

        frame = default;
        return false;
    }

    /// <summary>Reads what is left at the end of the stream, when an event lacks its blank line.</summary>
    public bool TryReadLast(out SseFrame frame)
    {
        SkipByteOrderMark();
        ReadOnlySpan<byte> rest = _buffer.AsSpan(_start, _end - _start);
        _start = _end;
        _scanned = _line = _end;
        _hasLines = false;
        bool any = rest.ContainsAnyExcept((byte)'\n', (byte)'\r');
        frame = any ? Parse(rest) : default;
        return any;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        byte[] buffer = _buffer;
        _buffer = [];
        _start = _end = _scanned = _line = 0;
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (_joined is not null)
        {
            ArrayPool<byte>.Shared.Return(_joined);
            _joined = null;
        }
    }

    private SseFrame Parse(ReadOnlySpan<byte> raw)
    {
        ReadOnlySpan<byte> name = default;
        ReadOnlySpan<byte> data = default;
        int dataLines = 0;
        int joined = 0;
        ReadOnlySpan<byte> rest = raw;
        while (!rest.IsEmpty)
        {
            int at = rest.IndexOfAny((byte)'\n', (byte)'\r');
            ReadOnlySpan<byte> line = at < 0 ? rest : rest[..at];
            rest = at < 0 ? default : rest[(at + 1)..];
            if (line.IsEmpty)
            {
                continue;
            }

            int colon = line.IndexOf((byte)':');
            ReadOnlySpan<byte> field = colon < 0 ? line : line[..colon];
            ReadOnlySpan<byte> value = colon < 0 ? default : line[(colon + 1)..];
            if (!value.IsEmpty && value[0] == ' ')
            {
                value = value[1..];
            }

            if (field.SequenceEqual("data"u8))
            {
                if (dataLines == 0)
                {
                    data = value;
                }
                else
                {
                    joined = Join(data, dataLines == 1, joined, value, raw.Length);
                }

                dataLines++;
            }
            else if (field.SequenceEqual("event"u8))
            {
                name = value;
            }
        }

        return new SseFrame(name, dataLines > 1 ? _joined.AsSpan(0, joined) : data, raw);
    }

    private int Join(ReadOnlySpan<byte> first, bool isSecond, int length, ReadOnlySpan<byte> value, int room)
    {
        if (_joined is null || _joined.Length < room)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(room);
            if (_joined is not null)
            {
                _joined.AsSpan(0, length).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(_joined);
            }

            _joined = larger;
        }

        if (isSecond)
        {
            first.CopyTo(_joined);
            length = first.Length;
        }

        _joined[length++] = (byte)'\n';
        value.CopyTo(_joined.AsSpan(length));
        return length + value.Length;
    }

    private void SkipByteOrderMark()
    {
        if (!_first || _end - _start < 3)
        {
            return;
        }

        _first = false;
        if (_buffer.AsSpan(_start, 3).SequenceEqual("\uFEFF"u8))
        {
            _start += 3;
            _scanned = Math.Max(_scanned, _start);
            _line = Math.Max(_line, _start);
        }
    }

    private void MakeRoom(int size)
    {
        if (_buffer.Length - _end >= size)
        {
            return;
        }

        int used = _end - _start;
        byte[] target = _buffer;
        if (_buffer.Length - used < size)
        {
            target = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, used + size));
        }

        _buffer.AsSpan(_start, used).CopyTo(target);
        if (!ReferenceEquals(target, _buffer))
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = target;
        }

        _scanned -= _start;
        _line -= _start;
        _end = used;
        _start = 0;
    }
}
