using System.Net;
using Microsoft.Extensions.Configuration;

namespace Serverless.Gateway.Configuration;

/// <summary>
/// Where the gateway listens:
/// <code>
/// behind a Functions host   http://127.0.0.1:{FUNCTIONS_CUSTOMHANDLER_PORT}, whatever else is set (the child inherits the host's own URLs)
/// isolated worker           a port of its own choice on loopback
/// else                      --urls or ASPNETCORE_URLS, ASPNETCORE_HTTP_PORTS, PORT, or http://127.0.0.1:7071
/// </code>
/// </summary>
/// <param name="Urls">The addresses; never empty.</param>
internal sealed record ListenAddress(IReadOnlyList<string> Urls)
{
    /// <summary>Where a gateway listens that was told nothing.</summary>
    public const string Default = "http://127.0.0.1:7071";

    /// <summary>The setting by which a Functions host tells its custom handler where to listen.</summary>
    public const string FunctionsPortSetting = "FUNCTIONS_CUSTOMHANDLER_PORT";

    /// <summary>The first address, as one would type it.</summary>
    public string First => Urls[0].Replace("//*", "//localhost", StringComparison.Ordinal).Replace("//+", "//localhost", StringComparison.Ordinal)
        .Replace("//0.0.0.0", "//localhost", StringComparison.Ordinal).Replace("//[::]", "//localhost", StringComparison.Ordinal).TrimEnd('/');

    /// <summary>True when a Functions host stands in front: its loopback connection carries the requests of the world.</summary>
    public bool BehindFunctionsHost { get; init; }

    /// <summary>True when the Functions host is a developer's own.</summary>
    public bool Development { get; init; }

    /// <summary>True when nobody else can reach this gateway, so that it may serve callers without keys.</summary>
    public bool IsPrivate => BehindFunctionsHost ? Development : Urls.All(IsLoopback);

    /// <summary>Why the gateway cannot listen there; null when it can.</summary>
    public ConfigurationFault? Fault =>
        Urls.FirstOrDefault(url => !Uri.TryCreate(Concrete(url), UriKind.Absolute, out Uri? uri) || uri.Scheme != "http") is { } bad
            ? new ConfigurationFault(
                BehindFunctionsHost ? FunctionsPortSetting : "urls",
                $"'{bad}' is not an address that the gateway can listen on: it speaks plain HTTP, such as {Default}; leave TLS to what stands in front.")
            : null;

    /// <summary>Reads it from the configuration.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="isolatedWorker">True in an isolated worker, which chooses its port itself and tells the Functions host.</param>
    public static ListenAddress From(IConfiguration configuration, bool isolatedWorker = false)
    {
        string? functionsPort = isolatedWorker ? "0" : configuration[FunctionsPortSetting]?.Trim();
        if (!string.IsNullOrEmpty(functionsPort))
        {
            return new ListenAddress([$"http://127.0.0.1:{functionsPort}"])
            {
                BehindFunctionsHost = true,
                Development = "Development".Equals(configuration["AZURE_FUNCTIONS_ENVIRONMENT"]?.Trim(), StringComparison.OrdinalIgnoreCase),
            };
        }

        // Kestrel's own section adds addresses or replaces the others; both count for who can reach the gateway.
        IEnumerable<string> kestrel = configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(endpoint => endpoint["Url"] ?? "");
        return new ListenAddress([.. Chosen(configuration), .. kestrel]);
    }

    /// <summary>True when the address belongs to this gateway itself.</summary>
    public bool IsOwn(Uri address) => Urls.Any(url =>
        Uri.TryCreate(Concrete(url), UriKind.Absolute, out Uri? own) && own.Port == address.Port && (own.Host == address.Host || (IsLoopback(own) && IsLoopback(address))));

    /// <summary>True when the host part of a Host header (with or without a port) or of an origin names this machine.</summary>
    public static bool IsLoopbackHost(string host)
    {
        string name = host.EndsWith('.') ? host[..^1] : host;
        return name.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || name.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(name, out IPAddress? address) && IPAddress.IsLoopback(address));
    }

    private static IReadOnlyList<string> Chosen(IConfiguration configuration)
    {
        if (Separated(configuration["urls"]) is { Length: > 0 } urls)
        {
            return urls;
        }

        string[] ports = Separated(configuration["http_ports"]) is { Length: > 0 } several ? several : Separated(configuration["PORT"]);
        return ports.Length > 0 ? [.. ports.Select(port => $"http://*:{port}")] : [Default];
    }

    private static string[] Separated(string? list) => list?.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    private static bool IsLoopback(string url) => Uri.TryCreate(Concrete(url), UriKind.Absolute, out Uri? uri) && IsLoopback(uri);

    private static bool IsLoopback(Uri uri) => IsLoopbackHost(uri.IdnHost.Trim('[', ']'));

    // Kestrel's wildcards are no URIs.
    private static string Concrete(string url) => url.Replace("//*", "//0.0.0.0", StringComparison.Ordinal).Replace("//+", "//0.0.0.0", StringComparison.Ordinal);
}
