using Microsoft.Extensions.Configuration;
using Serverless.Gateway.Access;
using Serverless.Gateway.Metering.Prices;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Metering.Telemetry;

namespace Serverless.Gateway.Configuration;

/// <summary>
/// Reads the section <c>Gateway</c> and finds everything that is wrong with it before anything is served:
/// <code>
/// discover · providers{name} · endpoints{name} · callers[] · limits · usage · prices · telemetry
/// </code>
/// </summary>
internal static class GatewaySettingsReader
{
    private static readonly IReadOnlyDictionary<string, PrincipalType> CallerTypes = new Dictionary<string, PrincipalType>
    {
        ["user"] = PrincipalType.User,
        ["servicePrincipal"] = PrincipalType.ServicePrincipal,
    };

    private static readonly IReadOnlyDictionary<string, PrincipalRole> CallerRoles = new Dictionary<string, PrincipalRole>
    {
        ["none"] = PrincipalRole.None,
        ["reader"] = PrincipalRole.Reader,
        ["admin"] = PrincipalRole.Admin,
    };

    /// <summary>The settings.</summary>
    /// <exception cref="GatewayConfigurationException">With every fault there is.</exception>
    public static GatewaySettings Read(IConfiguration configuration, bool isolatedWorker = false)
    {
        List<ConfigurationFault> faults = [];
        List<string> notes = [];
        var root = new SettingsSection(configuration.GetSection(GatewayFile.SectionName), "", faults, configuration);
        root.Text("$schema");
        ListenAddress address = ListenAddress.From(configuration, isolatedWorker);

        bool discover = root.Flag("discover") ?? true;
        IReadOnlyList<ProviderSettings> configured = ProviderSettingsReader.Read(root, configuration, address);
        IReadOnlyList<ProviderSettings> found = discover ? ProviderDiscovery.Find(configuration, configured, address, notes) : [];
        bool demo = discover && configured.Count == 0 && !root.Has("endpoints");
        IReadOnlyList<ProviderSettings> providers = [.. configured, .. found, .. demo ? [ProviderDiscovery.Demo] : (ProviderSettings[])[]];
        IReadOnlyList<EndpointSettings> endpoints = EndpointSettingsReader.Read(root, providers);
        endpoints = demo ? [ProviderDiscovery.DemoEndpoint] : endpoints;
        IReadOnlyList<CallerSettings> callers = ReadCallers(root, endpoints, providers);
        GatewayLimits limits = ReadLimits(root.Object("limits"));
        UsageSettings usage = UsageSettingsReader.Read(root.Object("usage"), configuration, address, notes);
        PriceList prices = PriceSettingsReader.Read(root.Object("prices"), providers, endpoints);
        PriceSettingsReader.CheckRequired(root, endpoints, providers, prices, DateTimeOffset.UtcNow, notes);
        TelemetrySettings telemetry = TelemetrySettingsReader.Read(root.Object("telemetry"), configuration, faults);
        root.Close();

        if (providers.Count == 0)
        {
            root.Fault("providers", "there is none, so nothing can be served. Configure one, or set 'discover' to true.");
        }

        if (address.Fault is { } addressFault)
        {
            faults.Add(addressFault);
        }

        if (callers.Count == 0 && !address.IsPrivate)
        {
            root.Fault("callers", StartRules(address));
        }

        return faults.Count > 0
            ? throw new GatewayConfigurationException(faults)
            : new GatewaySettings
            {
                Address = address,
                Providers = providers,
                Endpoints = endpoints,
                Callers = callers,
                Limits = limits,
                Usage = usage,
                Prices = prices,
                Telemetry = telemetry,
                Notes = notes,
            };
    }

    private static string StartRules(ListenAddress address) =>
        (address.BehindFunctionsHost
            ? "there are none, and the gateway runs behind a Functions host, which exposes it to the world. "
            : $"there are none, and the gateway listens on {string.Join(", ", address.Urls)}, where others can reach it. ")
        + "Make a key with 'Serverless.App new-key' (or 'dotnet run --project functions/App -- new-key') and set its hash: "
        + "Gateway__callers__0__id=me and Gateway__callers__0__keySha256=<hash>. "
        + (address.BehindFunctionsHost
            ? "On a developer's machine AZURE_FUNCTIONS_ENVIRONMENT=Development serves without keys."
            : "Without keys it serves only on loopback, as by default on " + ListenAddress.Default + ".");

    private static List<CallerSettings> ReadCallers(SettingsSection root, IReadOnlyList<EndpointSettings> endpoints, IReadOnlyList<ProviderSettings> providers)
    {
        List<CallerSettings> callers = [];
        var keys = new Dictionary<KeyHash, string>();
        foreach (SettingsSection item in root.List("callers"))
        {
            string id = item.Required("id", "the name under which the caller's use is recorded.");
            if (id.Length > 0 && callers.Any(caller => caller.Id == id))
            {
                item.Fault("id", $"'{id}' is the id of another caller; give one caller several keys as a list in 'keySha256'.");
            }

            callers.Add(new CallerSettings(id, item.Choice("type", CallerTypes) ?? PrincipalType.User)
            {
                Role = item.Choice("role", CallerRoles) ?? PrincipalRole.None,
                Keys = ReadKeys(item, keys),
                Groups = item.Texts("groups") ?? [],
                Endpoints = ReadPermissions(item, endpoints, providers),
            });
            item.Close();
        }

        return callers;
    }

    private static List<KeyHash> ReadKeys(SettingsSection caller, Dictionary<KeyHash, string> owners)
    {
        List<KeyHash> hashes = [];
        string setting = "keySha256";
        IReadOnlyList<string>? listed = caller.Texts(setting);
        foreach (string hex in listed ?? [])
        {
            if (KeyHash.Parse(hex) is { } hash)
            {
                hashes.Add(hash);
            }
            else
            {
                caller.Fault(setting, "must be the SHA-256 of a key in 64 hexadecimal digits, as the command 'hash-key' prints it.");
            }
        }

        bool referenced = caller.Has("keyRef");
        if (ReferencedKey(caller) is { } key)
        {
            hashes.Add(KeyHash.Of(key));
        }

        if (!referenced && listed is not { Count: > 0 })
        {
            caller.Fault(setting, "is missing: give the SHA-256 of the caller's key here, or say in 'keyRef' where the key is (env:NAME or file:PATH).");
        }

        foreach (KeyHash hash in hashes.Where(hash => !owners.TryAdd(hash, caller.PathOf())))
        {
            caller.Fault(setting, $"is also a key of {owners[hash]}.");
        }

        return hashes;
    }

    private static string? ReferencedKey(SettingsSection caller)
    {
        string? reference = caller.Text("keyRef");
        if (reference is null)
        {
            return null;
        }

        if (!reference.StartsWith("env:", StringComparison.OrdinalIgnoreCase) && !reference.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
        {
            caller.Fault("keyRef", "must say where the key is (env:NAME or file:PATH). A key itself does not belong into the configuration; its hash does, in 'keySha256'.");
            return null;
        }

        string? key = caller.Secret("keyRef")?.Reveal();
        if (key is { Length: < KeyHash.MinKeyLength })
        {
            caller.Fault("keyRef", $"the key has fewer than {KeyHash.MinKeyLength} characters and could be guessed; make one with the command 'new-key'.");
        }

        return key;
    }

    private static IReadOnlyList<string>? ReadPermissions(SettingsSection caller, IReadOnlyList<EndpointSettings> endpoints, IReadOnlyList<ProviderSettings> providers)
    {
        IReadOnlyList<string>? patterns = caller.Texts("endpoints");
        foreach (string pattern in patterns ?? [])
        {
            bool known = endpoints.Any(endpoint => EndpointPattern.Matches(pattern, endpoint.Name))
                || pattern == "*"
                || providers.Any(provider => pattern.StartsWith(provider.Name + "/", StringComparison.Ordinal));
            if (!known)
            {
                IEnumerable<string> names = [.. endpoints.Select(endpoint => endpoint.Name), .. providers.Select(provider => provider.Name + "/*")];
                caller.Fault("endpoints", $"'{pattern}' is no endpoint.{NearestName.Question(pattern, names)}");
            }
        }

        return patterns;
    }

    private static GatewayLimits ReadLimits(SettingsSection section)
    {
        var defaults = new GatewayLimits();
        var limits = new GatewayLimits
        {
            MaxBodyBytes = section.Number("maxBodyBytes", 1) ?? defaults.MaxBodyBytes,
            KeepAlive = section.Duration("keepAlive") ?? defaults.KeepAlive,
            Connect = section.Duration("connect") ?? defaults.Connect,
            FirstByte = section.Duration("firstByte") ?? defaults.FirstByte,
            Silence = section.Duration("silence") ?? defaults.Silence,
        };
        section.Close();
        return limits;
    }
}
