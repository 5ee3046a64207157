using Serverless.Translation.Canonical;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// Takes a seal of one dialect through a field of another that its client replays untouched (an Anthropic thinking block's
/// <c>signature</c>, a Responses item's <c>encrypted_content</c>). A dialect's own seals travel bare; foreign ones as
/// <c>gw1.{origin}.{seal}</c>, so that on the way back the maker is known and nobody else is sent them.
/// </summary>
public static class SignatureCarrier
{
    private const string Prefix = "gw1.";

    /// <summary>The text to give to a client of <paramref name="client"/>.</summary>
    public static string Wrap(Signature signature, DialectId client) =>
        signature.Origin == client ? signature.Value : $"{Prefix}{signature.Origin.Name.Replace('.', ':')}.{signature.Value}";

    /// <summary>The seal in a text that a client of <paramref name="client"/> replays.</summary>
    public static Signature Unwrap(string text, DialectId client)
    {
        if (text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            int dot = text.IndexOf('.', Prefix.Length);
            if (dot > 0)
            {
                return new Signature(text[(dot + 1)..], new DialectId(text[Prefix.Length..dot].Replace(':', '.')));
            }
        }

        return new Signature(text, client);
    }
}
