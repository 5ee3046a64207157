using System.Buffers.Text;
using System.Text;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// Takes the seal of a tool call (Gemini's thought signature, without which Gemini 3 refuses the next turn) through clients that have
/// no field for it: it rides in the call's id, which every client has to send back. <c>{id}__sig_{base64url}</c> holds only
/// letters, digits, <c>_</c> and <c>-</c>. Every dialect's request decoder takes it off again, so that no provider ever sees it. An id that
/// holds other characters (<c>functions.search:0</c>) rides as <c>call__id_{base64url}</c> through clients whose API knows only those.
/// </summary>
public static class ToolCallIdCarrier
{
    private const string Mark = "__sig_";
    private const string Quoted = "call__id_";

    /// <summary>The id to give to a client.</summary>
    public static string Wrap(string id, Signature? signature) => signature is null
        ? id
        : $"{id}{Mark}{Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{signature.Origin.Name}|{signature.Value}"))}";

    /// <summary>The id to give to a client whose API takes only letters, digits, <c>_</c> and <c>-</c>.</summary>
    public static string WrapPlain(string id, Signature? signature) =>
        Wrap(id.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') ? id : Quoted + Base64Url.EncodeToString(Encoding.UTF8.GetBytes(id)), signature);

    /// <summary>The provider's id and the seal in an id that a client sends back.</summary>
    public static (string Id, Signature? Signature) Unwrap(string id)
    {
        (string wrapped, Signature? signature) = UnwrapSeal(id);
        return wrapped.StartsWith(Quoted, StringComparison.Ordinal) && Base64Url.IsValid(wrapped.AsSpan(Quoted.Length))
            ? (Encoding.UTF8.GetString(Base64Url.DecodeFromChars(wrapped.AsSpan(Quoted.Length))), signature)
            : (wrapped, signature);
    }

    private static (string Id, Signature? Signature) UnwrapSeal(string id)
    {
        // The first mark: base64url may hold the mark's letters by chance, ids of providers do not.
        int mark = id.IndexOf(Mark, StringComparison.Ordinal);
        if (mark < 0 || !Base64Url.IsValid(id.AsSpan(mark + Mark.Length)))
        {
            return (id, null);
        }

        string text = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(id.AsSpan(mark + Mark.Length)));
        int bar = text.IndexOf('|');
        return bar < 0 ? (id, null) : (id[..mark], new Signature(text[(bar + 1)..], new DialectId(text[..bar])));
    }
}
