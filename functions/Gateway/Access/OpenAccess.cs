using Serverless.Gateway.Routing;

namespace Serverless.Gateway.Access;

/// <summary>
/// The open mode: whoever can reach the gateway may use it. Configured only where that is this machine alone, see
/// <see cref="Configuration.ListenAddress.IsPrivate"/>; <see cref="Endpoints.LoopbackGuard"/> keeps foreign web pages out.
/// </summary>
internal sealed class OpenAccess : IAccessControl
{
    /// <inheritdoc/>
    public ValueTask<Principal> AuthenticateAsync(string? credential, CancellationToken cancellationToken) => ValueTask.FromResult(Principal.Anonymous);

    /// <inheritdoc/>
    public bool MayUse(Principal principal, GatewayEndpoint endpoint) => true;
}
