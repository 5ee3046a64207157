using System.Collections.Frozen;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Access;

/// <summary>The callers of the configuration, found by the hash of their key. Needs no store: it works when everything else is down.</summary>
internal sealed class ConfiguredCallers(IReadOnlyList<CallerSettings> callers) : IAccessControl
{
    private readonly FrozenDictionary<KeyHash, Principal> _principals = callers
        .SelectMany(caller => caller.Keys.Select((hash, index) => KeyValuePair.Create(hash, PrincipalOf(caller, index))))
        .ToFrozenDictionary();

    /// <inheritdoc/>
    public ValueTask<Principal> AuthenticateAsync(string? credential, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(credential))
        {
            throw Refusal("The request carries no key. Send one as 'Authorization: Bearer <key>', 'x-api-key' or 'x-goog-api-key'.", "missing_api_key");
        }

        return _principals.TryGetValue(KeyHash.Of(credential), out Principal? principal)
            ? ValueTask.FromResult(principal)
            : throw Refusal("The key is not known to this gateway.", "invalid_api_key");
    }

    /// <inheritdoc/>
    public bool MayUse(Principal principal, GatewayEndpoint endpoint) =>
        principal.Endpoints is null || principal.Endpoints.Any(pattern => EndpointPattern.Matches(pattern, endpoint.Name));

    private static Principal PrincipalOf(CallerSettings caller, int keyIndex) => new(caller.Id, caller.Type)
    {
        KeyId = $"{caller.Id}#{keyIndex + 1}",
        Role = caller.Role,
        Groups = caller.Groups,
        Endpoints = caller.Endpoints,
    };

    private static GatewayException Refusal(string message, string code) => new(new GatewayError(ErrorKind.Authentication, 401, message) { Code = code });
}

/// <summary>Names of endpoints in a caller's permissions.</summary>
internal static class EndpointPattern
{
    /// <summary>True when the pattern is the name, or ends in <c>*</c> and the name begins as it does.</summary>
    public static bool Matches(string pattern, string name) =>
        pattern.EndsWith('*') ? name.StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.Ordinal) : pattern == name;
}
