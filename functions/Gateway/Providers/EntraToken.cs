using Azure.Core;
using Azure.Identity;
using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Providers;

/// <summary>
/// A token of Microsoft Entra ID, kept until shortly before it expires. One request fetches it while the others wait; while a token is
/// still good, a failing renewal is no failure.
/// </summary>
internal sealed class EntraToken(Lazy<TokenCredential> credential, string scope, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private AccessToken? _token;
    private DateTimeOffset _renewAt;

    /// <summary>A token that is good for some minutes.</summary>
    /// <exception cref="GatewayException">There is no identity, or it is refused (status 502).</exception>
    public async ValueTask<string> GetAsync(CancellationToken cancellationToken)
    {
        if (_token is { } current && time.GetUtcNow() < _renewAt)
        {
            return current.Token;
        }

        await _turn.WaitAsync(cancellationToken);
        try
        {
            DateTimeOffset now = time.GetUtcNow();
            if (_token is { } renewed && now < _renewAt)
            {
                return renewed.Token;
            }

            return (await RenewAsync(now, cancellationToken)).Token;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private async ValueTask<AccessToken> RenewAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        try
        {
            AccessToken token = await credential.Value.GetTokenAsync(new TokenRequestContext([scope]), cancellationToken);
            _token = token;
            _renewAt = token.RefreshOn is { } refreshOn && refreshOn < token.ExpiresOn - Margin ? refreshOn : token.ExpiresOn - Margin;
            return token;
        }
        catch (Exception e) when (e is AuthenticationFailedException or Azure.RequestFailedException)
        {
            if (_token is { } old && now < old.ExpiresOn - TimeSpan.FromSeconds(30))
            {
                _renewAt = now + TimeSpan.FromSeconds(30);
                return old;
            }

            // The exception's text may name tenants and endpoints of the gateway's own; it goes to the log, not to the caller.
            throw new GatewayException(GatewayError.Upstream("The gateway could not get a token of Microsoft Entra ID for the provider.", "provider_credential"), e);
        }
    }
}
