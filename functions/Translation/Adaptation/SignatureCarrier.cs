using System.Buffers.Text;
using System.Text;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// Takes a seal of one dialect through a field of another that its client replays untouched (an Anthropic thinking block's
/// <c>signature</c>, a Responses item's <c>encrypted_content</c>). A dialect's own seals travel bare; foreign ones as
/// <c>gw1.{origin}.{seal}</c>, so that on the way back the maker is known and nobody else is sent them. For Gemini's clients, which
/// read <c>thoughtSignature</c> as bytes and may write it back in the other alphabet of base64, that text is itself in base64.
/// </summary>
public static class SignatureCarrier
{
    private const string Prefix = "gw1.";
    private const string PrefixInBase64 = "Z3cxL";

    /// <summary>The text to give to a client of <paramref name="client"/>.</summary>
    public static string Wrap(Signature signature, DialectId client)
    {
        if (signature.Origin == client)
        {
            return signature.Value;
        }

        string carried = $"{Prefix}{signature.Origin.Name.Replace('.', ':')}.{signature.Value}";
        return client == DialectIds.GenerateContent ? Convert.ToBase64String(Encoding.UTF8.GetBytes(carried)) : carried;
    }

    /// <summary>The seal in a text that a client of <paramref name="client"/> replays.</summary>
    public static Signature Unwrap(string text, DialectId client)
    {
        string carried = text.StartsWith(PrefixInBase64, StringComparison.Ordinal) ? FromBase64(text) : text;
        int dot = carried.StartsWith(Prefix, StringComparison.Ordinal) ? carried.IndexOf('.', Prefix.Length) : -1;
        return dot < 0
            ? new Signature(text, client)
            : new Signature(carried[(dot + 1)..], new DialectId(carried[Prefix.Length..dot].Replace(':', '.')));
    }

    private static string FromBase64(string text)
    {
        string plain = text.Replace('+', '-').Replace('/', '_');
        return Base64Url.IsValid(plain) ? Encoding.UTF8.GetString(Base64Url.DecodeFromChars(plain)) : text;
    }
}
