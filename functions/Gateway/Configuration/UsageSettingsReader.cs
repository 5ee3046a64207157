using Azure.Identity;
using Microsoft.Extensions.Configuration;
using Serverless.Gateway.Metering.Storage;

namespace Serverless.Gateway.Configuration;

/// <summary>Reads <c>usage</c>: where usage records are kept.</summary>
internal static class UsageSettingsReader
{
    private static readonly IReadOnlyDictionary<string, UsageStoreKind> StoreNames = new Dictionary<string, UsageStoreKind>
    {
        ["log"] = UsageStoreKind.Log,
        ["sqlite"] = UsageStoreKind.Sqlite,
        ["table"] = UsageStoreKind.Table,
    };

    /// <summary>The settings alone, for commands that need neither providers nor their secrets.</summary>
    /// <exception cref="GatewayConfigurationException">With every fault there is.</exception>
    public static UsageSettings ReadAlone(IConfiguration configuration)
    {
        List<ConfigurationFault> faults = [];
        var root = new SettingsSection(configuration.GetSection(GatewayFile.SectionName), "", faults, configuration);
        UsageSettings settings = Read(root.Object("usage"), configuration, ListenAddress.From(configuration), []);
        return faults.Count > 0 ? throw new GatewayConfigurationException(faults) : settings;
    }

    /// <summary>
    /// The settings. Whoever names a storage account means tables; whoever says nothing gets a file, and behind a Functions host, where a file
    /// goes with the instance, the tables of the account that the host itself uses.
    /// </summary>
    public static UsageSettings Read(SettingsSection section, IConfiguration configuration, ListenAddress address, List<string> notes)
    {
        Secret? connection = section.Secret("connectionString");
        string? endpoint = section.Text("tableEndpoint");
        if (!section.Has("connectionString") && endpoint is null && !section.Has("store") && address.BehindFunctionsHost)
        {
            (connection, endpoint) = OfHost(configuration);
        }

        bool account = section.Has("connectionString") || connection is not null || endpoint is not null;
        Uri? tableEndpoint = null;
        if (endpoint is not null && ProviderSettingsReader.FaultOf(endpoint, out tableEndpoint) is { } fault)
        {
            section.Fault("tableEndpoint", fault);
        }

        UsageStoreKind store = section.Choice("store", StoreNames) ?? (account ? UsageStoreKind.Table : UsageStoreKind.Sqlite);
        if (store == UsageStoreKind.Sqlite && address is { BehindFunctionsHost: true, Development: false })
        {
            notes.Add("Usage records go to a file that is lost with this instance: set usage.tableEndpoint.");
        }

        if (store == UsageStoreKind.Table && !account)
        {
            section.Fault("tableEndpoint", "is missing: the address of the storage account's table service, reached with the gateway's identity (or give a connectionString).");
        }

        var defaults = new UsageSettings();
        string prefix = section.Text("tablePrefix") ?? defaults.TablePrefix;
        if (!char.IsAsciiLetter(prefix[0]) || !prefix.All(char.IsAsciiLetterOrDigit) || prefix.Length > 40)
        {
            section.Fault("tablePrefix", $"'{prefix}' must be at most 40 letters and digits and begin with a letter.");
        }

        var settings = new UsageSettings
        {
            Store = store,
            Path = section.Text("path") ?? defaults.Path,
            ConnectionString = connection?.Reveal(),
            TableEndpoint = tableEndpoint,
            Credential = static () => new DefaultAzureCredential(),
            TablePrefix = prefix,
            JournalFolder = section.Text("journalFolder") ?? defaults.JournalFolder,
            RetentionMonths = (int?)section.Number("retentionMonths", 1),
        };
        section.Close();
        return settings;
    }

    private static (Secret? Connection, string? Endpoint) OfHost(IConfiguration configuration)
    {
        if (configuration["AzureWebJobsStorage"] is { Length: > 0 } setting)
        {
            return (Secret.Resolve(setting, configuration, out _), null);
        }

        return (null, configuration["AzureWebJobsStorage:accountName"] is { Length: > 0 } account ? $"https://{account}.table.core.windows.net" : null);
    }
}
