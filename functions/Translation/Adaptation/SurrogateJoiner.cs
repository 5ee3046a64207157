using System.Buffers;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// Joins surrogate pairs that a provider cut between two pieces of a part: half a pair at the end of a piece waits for the next. Halves
/// that never meet become U+FFFD. A piece that needs nothing stays the same object. One per answer.
/// </summary>
internal sealed class SurrogateJoiner
{
    private const string Unknown = "\uFFFD";

    private static readonly SearchValues<char> Surrogates = SearchValues.Create([.. Enumerable.Range(0xD800, 0x800).Select(unit => (char)unit)]);

    private readonly Dictionary<int, (DeltaKind Kind, char High)> _waiting = [];

    /// <summary>A text that is whole.</summary>
    public static string Whole(string text)
    {
        int at = text.AsSpan().IndexOfAny(Surrogates);
        if (at < 0 || IsWellFormed(text.AsSpan(at)))
        {
            return text;
        }

        char[] mended = text.ToCharArray();
        for (; at < mended.Length; at++)
        {
            if (char.IsHighSurrogate(mended[at]) && at + 1 < mended.Length && char.IsLowSurrogate(mended[at + 1]))
            {
                at++;
            }
            else if (char.IsSurrogate(mended[at]))
            {
                mended[at] = Unknown[0];
            }
        }

        return new string(mended);
    }

    /// <summary>What of a piece can be passed on now.</summary>
    public string Next(int part, DeltaKind kind, string piece)
    {
        if (piece.Length == 0 || (_waiting.Count == 0 && piece.AsSpan().IndexOfAny(Surrogates) < 0))
        {
            return piece;
        }

        if (_waiting.Remove(part, out (DeltaKind Kind, char High) waiting))
        {
            piece = (waiting.Kind == kind ? waiting.High.ToString() : "") + piece;
        }

        if (!char.IsHighSurrogate(piece[^1]))
        {
            return Whole(piece);
        }

        _waiting[part] = (kind, piece[^1]);
        return Whole(piece[..^1]);
    }

    /// <summary>The part ends: what stands for a half that still waits.</summary>
    public bool TryEnd(int part, out DeltaKind kind, out string piece)
    {
        bool any = _waiting.Remove(part, out (DeltaKind Kind, char High) waiting);
        (kind, piece) = (waiting.Kind, Unknown);
        return any;
    }

    private static bool IsWellFormed(ReadOnlySpan<char> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
            {
                continue;
            }

            if (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1]))
            {
                return false;
            }

            i++;
        }

        return true;
    }
}
