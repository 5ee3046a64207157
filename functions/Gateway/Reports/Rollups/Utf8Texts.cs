namespace Serverless.Gateway.Reports.Rollups;

/// <summary>Texts made of UTF-8, the same one for the same bytes as long as it is remembered: few that come again and again. Not thread-safe.</summary>
internal sealed class Utf8Texts(Utf8Texts.Make make)
{
    private const int Places = 1024;

    private readonly (byte[]? Bytes, string Text)[] _known = new (byte[]?, string)[Places];

    /// <summary>Makes a text.</summary>
    public delegate string Make(ReadOnlySpan<byte> utf8);

    /// <summary>The text of the bytes.</summary>
    public string Of(ReadOnlySpan<byte> utf8)
    {
        HashCode hash = default;
        hash.AddBytes(utf8);
        ref (byte[]? Bytes, string Text) place = ref _known[(uint)hash.ToHashCode() % Places];
        if (place.Bytes is null || !utf8.SequenceEqual(place.Bytes))
        {
            place = (utf8.ToArray(), make(utf8));
        }

        return place.Text;
    }
}
