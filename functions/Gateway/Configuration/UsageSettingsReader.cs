using Azure.Identity;
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

    /// <summary>The settings. Whoever names a storage account means tables; whoever says nothing gets lines in the log.</summary>
    public static UsageSettings Read(SettingsSection section)
    {
        Secret? connection = section.Secret("connectionString");
        string? endpoint = section.Text("tableEndpoint");
        bool account = section.Has("connectionString") || endpoint is not null;
        Uri? tableEndpoint = null;
        if (endpoint is not null && ProviderSettingsReader.FaultOf(endpoint, out tableEndpoint) is { } fault)
        {
            section.Fault("tableEndpoint", fault);
        }

        UsageStoreKind store = section.Choice("store", StoreNames) ?? (account ? UsageStoreKind.Table : UsageStoreKind.Log);
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
        };
        section.Close();
        return settings;
    }
}
