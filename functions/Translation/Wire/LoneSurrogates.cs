namespace Serverless.Translation.Wire;

/// <summary>
/// JSON may escape half of a surrogate pair (<c>"\ud83d"</c>, as JavaScript does for a cut string). No UTF-8 text can hold that, and
/// the JSON reader throws on it, so it becomes U+FFFD, in place: both escapes are six bytes long.
/// </summary>
internal static class LoneSurrogates
{
    public static void Mend(Span<byte> json)
    {
        int at = 0;
        while (true)
        {
            int found = json[at..].IndexOf((byte)'\\');
            if (found < 0)
            {
                return;
            }

            at += found;
            if (!TryReadEscape(json, at, out int unit))
            {
                at += Math.Min(2, json.Length - at);
                continue;
            }

            if (char.IsHighSurrogate((char)unit) && TryReadEscape(json, at + 6, out int low) && char.IsLowSurrogate((char)low))
            {
                at += 12;
                continue;
            }

            if (char.IsSurrogate((char)unit))
            {
                "\\ufffd"u8.CopyTo(json[at..]);
            }

            at += 6;
        }
    }

    internal static bool TryReadEscape(ReadOnlySpan<byte> json, int at, out int unit)
    {
        unit = 0;
        if (at + 6 > json.Length || json[at] != '\\' || json[at + 1] != 'u')
        {
            return false;
        }

        for (int i = at + 2; i < at + 6; i++)
        {
            int digit = HexDigit(json[i]);
            if (digit < 0)
            {
                return false;
            }

            unit = (unit << 4) | digit;
        }

        return true;
    }

    private static int HexDigit(byte b) => b switch
    {
        >= (byte)'0' and <= (byte)'9' => b - '0',
        >= (byte)'a' and <= (byte)'f' => b - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => b - 'A' + 10,
        _ => -1,
    };
}
