using System.Buffers;
using System.Text.Json;

namespace Serverless.Translation.Wire;

/// <summary>
/// The property names seen so far in each open object of a document, to find one that stands twice. Small objects are compared
/// name by name; large ones use a set, so that a hostile body costs no more than linear time.
/// </summary>
internal sealed class NameStack : IDisposable
{
    private const int Small = 24;

    private readonly List<int> _starts = [];
    private readonly List<HashSet<long>?> _sets = [];
    private long[] _hashes = ArrayPool<long>.Shared.Rent(256);
    private int _count;

    public void Push()
    {
        _starts.Add(_count);
        _sets.Add(null);
    }

    public void Pop()
    {
        _count = _starts[^1];
        _starts.RemoveAt(_starts.Count - 1);
        _sets.RemoveAt(_sets.Count - 1);
    }

    /// <summary>Adds the name that the reader stands on to the innermost object; false when it is there already.</summary>
    public bool Add(ref Utf8JsonReader reader)
    {
        long hash;
        if (!reader.ValueIsEscaped)
        {
            hash = Hash(reader.ValueSpan);
        }
        else
        {
            byte[] unescaped = ArrayPool<byte>.Shared.Rent(reader.ValueSpan.Length);
            int length = reader.CopyString(unescaped);
            hash = Hash(unescaped.AsSpan(0, length));
            ArrayPool<byte>.Shared.Return(unescaped);
        }

        if (_sets[^1] is { } set)
        {
            return set.Add(hash);
        }

        int start = _starts[^1];
        ReadOnlySpan<long> seen = _hashes.AsSpan(start, _count - start);
        if (seen.Contains(hash))
        {
            return false;
        }

        if (seen.Length >= Small)
        {
            _sets[^1] = [.. seen, hash];
            return true;
        }

        if (_count == _hashes.Length)
        {
            long[] larger = ArrayPool<long>.Shared.Rent(_count * 2);
            _hashes.AsSpan(0, _count).CopyTo(larger);
            ArrayPool<long>.Shared.Return(_hashes);
            _hashes = larger;
        }

        _hashes[_count++] = hash;
        return true;
    }

    public void Dispose() => ArrayPool<long>.Shared.Return(_hashes);

    /// <summary>64 bits of a hash that is seeded per process: names that collide cannot be made in advance.</summary>
    private static long Hash(ReadOnlySpan<byte> name)
    {
        HashCode first = default;
        first.AddBytes(name);
        HashCode second = default;
        second.Add(name.Length);
        second.AddBytes(name);
        return ((long)first.ToHashCode() << 32) | (uint)second.ToHashCode();
    }
}
