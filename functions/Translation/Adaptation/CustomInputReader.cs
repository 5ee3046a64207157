using System.Globalization;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// Takes the free text out of <c>{"input":"…"}</c> while it arrives in pieces. Arguments of any other shape are kept until the end and
/// then read as well as they can be: the string of a lone field, or the arguments as they are. One per tool call.
/// </summary>
internal sealed class CustomInputReader
{
    private readonly StringBuilder _kept = new();    // the head until it is known, or half of an escape, or all of another shape
    private State _state = State.Head;

    private enum State
    {
        Head,
        Text,
        Ended,
        Other,
    }

    /// <summary>The free text that a piece of the arguments adds; possibly none.</summary>
    public string Read(string piece)
    {
        switch (_state)
        {
            case State.Ended:
                return "";
            case State.Other:
                _kept.Append(piece);
                return "";
            case State.Head:
                _kept.Append(piece);
                string head = _kept.ToString();
                int start = StartOfText(head);
                if (start <= 0)
                {
                    _state = start < 0 ? State.Other : State.Head;
                    return "";
                }

                _state = State.Text;
                _kept.Clear();
                return Text(head[start..]);
            default:
                return Text(piece);
        }
    }

    /// <summary>The arguments are complete: what is left of the free text.</summary>
    public string Complete()
    {
        State state = _state;
        _state = State.Ended;
        return state is State.Head or State.Other ? Whole(_kept.ToString()) : "";
    }

    /// <summary>Where the text begins after <c>{"input":"</c>; 0 when more has to come, -1 when it is something else.</summary>
    private static int StartOfText(ReadOnlySpan<char> head)
    {
        int at = 0;
        foreach (string token in (ReadOnlySpan<string>)["{", "\"input\"", ":", "\""])
        {
            while (at < head.Length && head[at] is ' ' or '\n' or '\r' or '\t')
            {
                at++;
            }

            int length = Math.Min(token.Length, head.Length - at);
            if (!head.Slice(at, length).SequenceEqual(token.AsSpan(0, length)))
            {
                return -1;
            }

            if (length < token.Length)
            {
                return 0;
            }

            at += length;
        }

        return at;
    }

    private string Text(string piece)
    {
        if (_kept.Length == 0 && piece.AsSpan().IndexOfAny('"', '\\') < 0)
        {
            return piece;
        }

        string escaped = _kept.Append(piece).ToString();
        _kept.Clear();
        var text = new StringBuilder(escaped.Length);
        int at = 0;
        while (at < escaped.Length)
        {
            char c = escaped[at];
            if (c == '"')
            {
                _state = State.Ended;
                break;
            }

            if (c != '\\')
            {
                text.Append(c);
                at++;
                continue;
            }

            int length = at + 1 < escaped.Length && escaped[at + 1] == 'u' ? 6 : 2;
            if (at + length > escaped.Length)
            {
                _kept.Append(escaped, at, escaped.Length - at);
                break;
            }

            text.Append(Unescaped(escaped.AsSpan(at + 1, length - 1)));
            at += length;
        }

        return text.ToString();
    }

    private static char Unescaped(ReadOnlySpan<char> escape) => escape[0] switch
    {
        'b' => '\b',
        'f' => '\f',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => ushort.TryParse(escape[1..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort unit) ? (char)unit : '\ufffd',
        char other => other,
    };

    private static string Whole(string arguments)
    {
        if (!Json.IsObject(arguments))
        {
            return arguments;
        }

        JsonElement json = Json.ParseElement(arguments);
        JsonProperty[] fields = [.. json.EnumerateObject()];
        JsonElement input = json.TryGetProperty("input", out JsonElement named) ? named : fields.Length == 1 ? fields[0].Value : default;
        return fields.Length == 0 ? "" : input.ValueKind == JsonValueKind.String ? Json.Text(input)! : arguments;
    }
}
