using Microsoft.Extensions.Configuration;
using Serverless.Gateway.Providers;
using Serverless.Gateway.Providers.Demo;

namespace Serverless.Gateway.Configuration;

/// <summary>Finds the providers whose customary credentials stand in the environment, so that the gateway serves something without configuration.</summary>
internal static class ProviderDiscovery
{
    /// <summary>The provider that is there while none is configured.</summary>
    public static ProviderSettings Demo { get; } = new(DemoProvider.Row.Name, DemoProvider.Row) { Models = DemoProvider.Models, FoundBy = "no configuration" };

    /// <summary>The endpoint that is there while no provider is configured.</summary>
    public static EndpointSettings DemoEndpoint { get; } =
        new(DemoProvider.Model, [new DestinationSettings($"{Demo.Name}/{DemoProvider.Model}", Demo.Name, DemoProvider.Model)]) { DisplayName = "Demo" };

    /// <summary>The providers found, without those whose name is configured.</summary>
    public static IReadOnlyList<ProviderSettings> Find(
        IConfiguration configuration, IReadOnlyList<ProviderSettings> configured, ListenAddress address, List<string> notes)
    {
        List<ProviderSettings> found = [];
        foreach (ProviderKind kind in ProviderCatalog.Kinds)
        {
            string name = kind.FoundAs ?? kind.Name;
            if (kind.FoundBy is null || Value(configuration, kind.FoundBy) is null || configured.Any(provider => provider.Name == name))
            {
                continue;
            }

            if (Settings(name, kind, configuration, address, notes) is { } provider)
            {
                found.Add(provider);
            }
        }

        return found;
    }

    // What is wrong with the environment is no fault: it may be meant for another program.
    private static ProviderSettings? Settings(string name, ProviderKind kind, IConfiguration configuration, ListenAddress address, List<string> notes)
    {
        string? key = Value(configuration, kind.KeyVariable);
        if (key is null && kind.KeyRequired)
        {
            notes.Add($"{kind.FoundBy} is set but {kind.KeyVariable} is not: '{name}' is not served.");
            return null;
        }

        string? baseUrl = Value(configuration, kind.BaseUrlVariable) ?? kind.BaseUrl;
        if (ProviderSettingsReader.FaultOf(kind.NormalizeBaseUrl(baseUrl ?? ""), out Uri? uri) is { } fault)
        {
            notes.Add($"{kind.BaseUrlVariable} {fault} '{name}' is not served.");
            return null;
        }

        if (address.IsOwn(uri!))
        {
            // A shell that is set up for clients of this gateway; following it would send every request round in circles.
            notes.Add($"{kind.BaseUrlVariable} points at this gateway itself: " + (kind.BaseUrl is null ? $"'{name}' is not served." : $"'{name}' uses {kind.BaseUrl}."));
            if (kind.BaseUrl is null)
            {
                return null;
            }

            uri = new Uri(kind.BaseUrl);
        }

        return new ProviderSettings(name, kind)
        {
            BaseUrl = uri,
            ApiKey = key is null ? null : new Secret(key),
            FoundBy = kind.FoundBy,
        };
    }

    private static string? Value(IConfiguration configuration, string? variable) => variable is not null && configuration[variable]?.Trim() is { Length: > 0 } value ? value : null;
}
