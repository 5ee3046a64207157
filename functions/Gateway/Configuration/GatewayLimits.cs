namespace Serverless.Gateway.Configuration;

/// <summary>Sizes and times of the request path. All can be set in <c>gateway.json</c> under <c>limits</c>.</summary>
public sealed record GatewayLimits
{
    /// <summary>Largest request body, in bytes; over it the client gets a 413. The Functions host allows 104,857,600.</summary>
    public long MaxBodyBytes { get; init; } = 104_857_600;

    /// <summary>Silence on a stream after which the client is sent a keep-alive. Azure's front end cuts an idle answer at about 230 s.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Longest time to connect to a provider.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest time from the request to a provider's first byte. Long thinking without a stream needs minutes.</summary>
    public TimeSpan FirstByte { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Longest silence of a provider within a stream.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromMinutes(2);
}
