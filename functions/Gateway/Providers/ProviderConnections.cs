using System.Net;
using Serverless.Gateway.Configuration;

namespace Serverless.Gateway.Providers;

/// <summary>The pooled connections to one provider.</summary>
internal static class ProviderConnections
{
    /// <summary>A pool of its own: HTTP/2 where offered, nothing kept or followed on anybody's behalf.</summary>
    public static HttpMessageInvoker Create(GatewayLimits limits) => new(
        new SocketsHttpHandler
        {
            AllowAutoRedirect = false,          // a redirect would carry the key to whoever it names
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,     // the pipeline asks for plain answers: a compressed stream waits for its block
            ResponseDrainTimeout = TimeSpan.Zero,                   // who hangs up on a stream does not want the rest of it
            ConnectTimeout = limits.Connect,
            EnableMultipleHttp2Connections = true,
            Expect100ContinueTimeout = TimeSpan.Zero,
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),    // so that changes in DNS arrive
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(90),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
            ActivityHeadersPropagator = null,   // what goes on of a trace is the pipeline's to say
        },
        disposeHandler: true);
}
