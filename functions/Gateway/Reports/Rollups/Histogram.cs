using System.Buffers.Text;

namespace Serverless.Gateway.Reports.Rollups;

/// <summary>
/// How often times of which length occurred, for percentiles that can be merged. Bucket <c>i</c> holds the values in (1.02^(i-1), 1.02^i]
/// milliseconds, so that a percentile is right to about 1 %, whatever was merged (the mapping of DDSketch,
/// https://arxiv.org/abs/1908.10693). Values up to 0.01 ms share one bucket. Not thread-safe.
/// </summary>
public sealed class Histogram
{
    private const double Gamma = 1.02;
    private const double Smallest = 0.01;

    private static readonly double LogGamma = Math.Log(Gamma);
    private static readonly int Lowest = IndexOf(Smallest);

    // Few of many: rows by the thousand have two of these each.
    private int[] _indices = [];
    private long[] _counts = [];
    private int _length;

    /// <summary>How many values there are.</summary>
    public long Count { get; private set; }

    /// <summary>Adds a value in milliseconds.</summary>
    public void Add(double milliseconds) => Add(milliseconds <= Smallest || double.IsNaN(milliseconds) ? Lowest : IndexOf(milliseconds), 1);

    /// <summary>Adds all values of another.</summary>
    public void Merge(Histogram other)
    {
        for (int i = 0; i < other._length; i++)
        {
            Add(other._indices[i], other._counts[i]);
        }
    }

    /// <summary>The value that a share of all values does not pass.</summary>
    /// <param name="share">0 to 1.</param>
    /// <returns>Milliseconds, or null when there are no values.</returns>
    public double? Percentile(double share)
    {
        long rank = Math.Max(1, (long)Math.Ceiling(share * Count));
        long seen = 0;
        for (int i = 0; i < _length; i++)
        {
            seen += _counts[i];
            if (seen >= rank)
            {
                return 2 * Math.Pow(Gamma, _indices[i]) / (Gamma + 1);
            }
        }

        return null;
    }

    /// <summary>A compact text: pairs of the distance to the bucket before and the count, as variable-length integers in base64url.</summary>
    public string Serialize()
    {
        List<byte> bytes = new(_length * 3);
        int before = Lowest;
        for (int i = 0; i < _length; i++)
        {
            WriteNumber(bytes, (ulong)(_indices[i] - before));
            WriteNumber(bytes, (ulong)_counts[i]);
            before = _indices[i];
        }

        return Base64Url.EncodeToString([.. bytes]);
    }

    /// <summary>Reads what <see cref="Serialize"/> wrote.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static Histogram Deserialize(string text)
    {
        var histogram = new Histogram();
        ReadOnlySpan<byte> bytes = Base64Url.DecodeFromChars(text);
        int index = Lowest;
        while (!bytes.IsEmpty)
        {
            index += (int)ReadNumber(ref bytes);
            histogram.Add(index, (long)ReadNumber(ref bytes));
        }

        return histogram;
    }

    private void Add(int index, long count)
    {
        Count += count;
        int place = _indices.AsSpan(0, _length).BinarySearch(index);
        if (place >= 0)
        {
            _counts[place] += count;
            return;
        }

        place = ~place;
        if (_length == _indices.Length)
        {
            int room = Math.Max(4, _length * 2);
            Array.Resize(ref _indices, room);
            Array.Resize(ref _counts, room);
        }

        _indices.AsSpan(place, _length - place).CopyTo(_indices.AsSpan(place + 1));
        _counts.AsSpan(place, _length - place).CopyTo(_counts.AsSpan(place + 1));
        _indices[place] = index;
        _counts[place] = count;
        _length++;
    }

    private static int IndexOf(double value) => (int)Math.Ceiling(Math.Log(value) / LogGamma);

    private static void WriteNumber(List<byte> bytes, ulong number)
    {
        while (number >= 0x80)
        {
            bytes.Add((byte)(number | 0x80));
            number >>= 7;
        }

        bytes.Add((byte)number);
    }

    private static ulong ReadNumber(ref ReadOnlySpan<byte> bytes)
    {
        ulong number = 0;
        for (int shift = 0; ; shift += 7)
        {
            if (bytes.IsEmpty || shift > 63)
            {
                throw new FormatException("The histogram is cut off.");
            }

            byte next = bytes[0];
            bytes = bytes[1..];
            number |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return number;
            }
        }
    }
}
