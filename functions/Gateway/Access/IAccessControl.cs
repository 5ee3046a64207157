using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Access;

/// <summary>Who calls, and what they may. The seam that full access management plugs into.</summary>
public interface IAccessControl
{
    /// <summary>The principal behind a credential.</summary>
    /// <param name="credential">What the request carries; null when it carries none.</param>
    /// <param name="cancellationToken">Ends with the request.</param>
    /// <exception cref="GatewayException">401: no or an unknown credential.</exception>
    ValueTask<Principal> AuthenticateAsync(string? credential, CancellationToken cancellationToken);

    /// <summary>Whether a principal may use an endpoint now.</summary>
    bool MayUse(Principal principal, GatewayEndpoint endpoint);
}

/// <summary>A caller.</summary>
/// <param name="Id">For usage records: a user name, an application's name.</param>
/// <param name="Type">What kind of caller.</param>
public sealed record Principal(string Id, PrincipalType Type)
{
    /// <summary>The caller without a credential, where the gateway is open: somebody at this machine, who may do everything.</summary>
    public static readonly Principal Anonymous = new("anonymous", PrincipalType.Anonymous) { Role = PrincipalRole.Admin };

    /// <summary>Name of the key that was used; never the key itself.</summary>
    public string? KeyId { get; init; }

    /// <summary>What the caller may do besides asking models.</summary>
    public PrincipalRole Role { get; init; }

    /// <summary>True when the caller may read the usage of others.</summary>
    public bool ReadsAll => Role is PrincipalRole.Reader or PrincipalRole.Admin;

    /// <summary>Groups that the caller belongs to.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>Endpoints that the caller may use; null for all.</summary>
    public IReadOnlyList<string>? Endpoints { get; init; }
}

/// <summary>Kinds of callers.</summary>
public enum PrincipalType
{
    /// <summary>Nobody in particular.</summary>
    Anonymous,

    /// <summary>A person.</summary>
    User,

    /// <summary>An application or agent.</summary>
    ServicePrincipal,
}

/// <summary>What a caller may do besides asking models.</summary>
public enum PrincipalRole
{
    /// <summary>See its own usage.</summary>
    None,

    /// <summary>See everybody's usage.</summary>
    Reader,

    /// <summary>See and change everything.</summary>
    Admin,
}
