using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Routing;

/// <summary>Which failures go to the next destination, and which are the caller's own.</summary>
internal static class Fallback
{
    /// <summary>The code for a prompt that does not fit a model; a model with a larger window may take it.</summary>
    private const string ContextLength = "context_length_exceeded";

    /// <summary>
    /// True when another destination may do better. A request that is wrong is wrong everywhere, but a credential, an account, a size limit or
    /// a busy server are matters of one provider.
    /// </summary>
    public static bool Allows(GatewayError error) => error.Kind switch
    {
        ErrorKind.InvalidRequest => error.Code == ContextLength,
        ErrorKind.NotFound or ErrorKind.MethodNotAllowed or ErrorKind.Internal => false,
        _ => true,
    };

    /// <summary>
    /// True when a provider refuses encrypted thinking or signatures in the history, since they are of another deployment or account. OpenAI has a code for
    /// it, Anthropic ("Invalid `signature` in `thinking` block") and Gemini ("Thought signature is not valid") only say so.
    /// </summary>
    public static bool RefusesSeals(GatewayError error)
    {
        bool Says(string word) => error.Message.Contains(word, StringComparison.OrdinalIgnoreCase);
        return error.Kind == ErrorKind.InvalidRequest
            && (error.Code == "invalid_encrypted_content"
                || (Says("signature") && (Says("thinking") || Says("thought")) && (Says("invalid") || Says("not valid") || Says("corrupted"))));
    }

    /// <summary>
    /// What the caller is told of a provider's refusal. A provider that refuses the gateway's own credential is the gateway's
    /// fault, not the caller's.
    /// </summary>
    public static GatewayError ForCaller(GatewayError error) => error.Kind is ErrorKind.Authentication or ErrorKind.Permission
        ? GatewayError.Upstream("The provider refused the gateway's own credential.", "upstream_credential_refused") with { UpstreamType = error.UpstreamType }
        : error;
}
