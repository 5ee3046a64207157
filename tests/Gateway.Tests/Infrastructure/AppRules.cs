using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Serverless.Gateway.Tests.Infrastructure;

/// <summary>The app: what runs, how it scales, where it keeps what, and that nothing secret is written down.</summary>
internal static partial class AppRules
{
    private const string Config = "properties.functionAppConfig";

    public static IReadOnlyList<Rule> All { get; } =
    [
        new("The runtime is the one that was asked for, at its version", Runtime,
        [
            new("another runtime", s => Snapshot.Set(s.App, Config + ".runtime.name", "dotnet")),
            new("another version", s => Snapshot.Set(s.App, Config + ".runtime.version", "9.0")),
        ]),
        new("Scale is within what the plan offers", Scale,
        [
            new("no concurrency, so that the platform's low default counts", s => Snapshot.Set(s.App, Config + ".scaleAndConcurrency.triggers.http", new JsonObject())),
            new("too much concurrency", s => Snapshot.Set(s.App, Config + ".scaleAndConcurrency.triggers.http.perInstanceConcurrency", 1001)),
            new("more always-ready instances than instances", s => Snapshot.Set(s.App, Config + ".scaleAndConcurrency.maximumInstanceCount", 0)),
            new("instances for another group", s => Snapshot.Set(s.App, Config + ".scaleAndConcurrency.alwaysReady", new JsonArray(new JsonObject { ["name"] = "blob", ["instanceCount"] = 1 }))),
        ]),
        new("Names of settings are such as Linux takes", s => s.Settings.Select(setting => setting.Key).Where(name => !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')),
        [
            new("a hyphen", s => s.Settings["Gateway__providers__gpu-eu__kind"] = "vllm"),
        ]),
        new("What Flex Consumption forbids, and what would be a key, is no setting", ForbiddenSettings,
        [
            .. ForbiddenNames.Select(name => new Break(name, s => s.Settings[name] = "x")),
        ]),
        new("Keys are Key Vault references into this environment's vault", Secrets,
        [
            new("a key in plain text", s => s.Settings["Gateway__providers__claude__apiKey"] = "sk-ant-1"),
            new("another vault", s => s.Settings["Gateway__providers__claude__apiKey"] = "@Microsoft.KeyVault(VaultName=other;SecretName=anthropic-api-key)"),
            new("a customary variable in plain text", s => s.Settings["OPENAI_API_KEY"] = "sk-1"),
            new("the identity that reads the vault is not the app's", s => Snapshot.Set(s.App, "properties.keyVaultReferenceIdentity", "SystemAssigned")),
        ]),
        new("No secret is read by the template or put out by it", NoSecretsOut,
        [
            new("an account's key", s => s.Settings["x"] = "[listKeys('/subscriptions/1', '2025-06-01').keys[0].value]"),
            new("a connection string", s => s.Settings["x"] = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=b"),
            new("an output that nobody asked for", s => s.Outputs["KEY"] = "x"),
        ]),
        new("The host's state and the usage records are two accounts", TwoAccounts,
        [
            new("the host on the usage account", s => s.Settings["AzureWebJobsStorage__accountName"] = Name(s, "stusage")),
            new("usage records on the host's account", s => s.Settings["Gateway__usage__tableEndpoint"] = $"[reference('/x/{Name(s, "sthost")}').primaryEndpoints.table]"),
            new("a third account", s => s.Add(s.Resources("Microsoft.Storage/storageAccounts")[0], copy => copy["name"] = "third")),
            new("a connection by key", s => s.Settings["AzureWebJobsStorage__credential"] = "key"),
            new("the package elsewhere", s => Snapshot.Set(s.App, Config + ".deployment.storage.value", "https://elsewhere/app-package")),
        ]),
        new("Every identity that the app is told of is its own", OneIdentity,
        [
            new("another identity of the site", s => Snapshot.Set(s.App, "identity.userAssignedIdentities", new JsonObject { ["/x"] = new JsonObject() })),
            new("another for the package", s => Snapshot.Set(s.App, Config + ".deployment.storage.authentication.userAssignedIdentityResourceId", "/x")),
            new("another for the SDKs", s => s.Settings["AZURE_CLIENT_ID"] = "11111111-1111-1111-1111-111111111111"),
            new("another for the host", s => s.Settings["AzureWebJobsStorage__clientId"] = "11111111-1111-1111-1111-111111111111"),
        ]),
        new("Publishing passwords are off for both ways", s => s.Resources("Microsoft.Web/sites/basicPublishingCredentialsPolicies").Count == 2 ? [] : ["one of ftp and scm is not off"],
        [
            new("one is not there", s => s.Remove(s.Resources("Microsoft.Web/sites/basicPublishingCredentialsPolicies")[0])),
        ]),
    ];

    private static string[] ForbiddenNames =>
    [
        "FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_EXTENSION_VERSION", "WEBSITE_RUN_FROM_PACKAGE", "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING", "WEBSITE_CONTENTSHARE",
        "AzureWebJobsStorage", "AzureWebJobsDashboard", "APPINSIGHTS_INSTRUMENTATIONKEY",
    ];

    /// <summary>The account whose name begins so.</summary>
    public static string Name(Snapshot snapshot, string prefix) =>
        snapshot.Resources("Microsoft.Storage/storageAccounts").Select(Snapshot.NameOf).Single(name => name.StartsWith(prefix, StringComparison.Ordinal));

    private static IEnumerable<string> Runtime(Snapshot snapshot)
    {
        (string name, string version) = snapshot.Environment == "full" ? ("dotnet-isolated", "10.0") : ("custom", "1.0");
        if (Snapshot.Text(snapshot.App, Config + ".runtime.name") != name || Snapshot.Text(snapshot.App, Config + ".runtime.version") != version)
        {
            yield return $"the runtime is {Snapshot.At(snapshot.App, Config + ".runtime")}";
        }
    }

    private static IEnumerable<string> Scale(Snapshot snapshot)
    {
        JsonNode scale = Snapshot.At(snapshot.App, Config + ".scaleAndConcurrency")!;
        if (!int.TryParse(Snapshot.Text(scale, "triggers.http.perInstanceConcurrency"), CultureInfo.InvariantCulture, out int concurrency) || concurrency is < 1 or > 1000)
        {
            yield return $"concurrency is {concurrency}";
        }

        int most = scale["maximumInstanceCount"]!.GetValue<int>();
        JsonObject[] ready = [.. scale["alwaysReady"]!.AsArray().Select(item => item!.AsObject())];
        if (most is < 1 or > 1000 || ready.Any(item => Snapshot.Text(item, "name") != "http" || item["instanceCount"]!.GetValue<int>() > most))
        {
            yield return $"at most {most} instances, always ready {scale["alwaysReady"]}";
        }
    }

    private static IEnumerable<string> ForbiddenSettings(Snapshot snapshot) => ForbiddenNames.Where(snapshot.Settings.ContainsKey);

    private static IEnumerable<string> Secrets(Snapshot snapshot)
    {
        string vault = Snapshot.NameOf(snapshot.Resources("Microsoft.KeyVault/vaults").Single());
        foreach ((string name, JsonNode? value) in snapshot.Settings.Where(setting => SecretName().IsMatch(setting.Key)))
        {
            if (!Regex.IsMatch(value!.ToString(), $@"^@Microsoft\.KeyVault\(VaultName={vault};SecretName=[a-z-]+\)$"))
            {
                yield return $"{name} is no reference into {vault}";
            }
        }

        if (Snapshot.Text(snapshot.App, "properties.keyVaultReferenceIdentity") != IdentityOf(snapshot))
        {
            yield return "references are resolved by another identity than the app's";
        }
    }

    private static IEnumerable<string> NoSecretsOut(Snapshot snapshot)
    {
        foreach (Match match in SecretFunction().Matches(snapshot.ToString()))
        {
            yield return $"{match.Value} is there";
        }

        string[] known = ["GATEWAY_URL", "AZURE_FUNCTION_NAME", "AZURE_RESOURCE_GROUP", "AZURE_KEY_VAULT_NAME", "USAGE_TABLE_ENDPOINT"];
        foreach (string name in snapshot.Outputs.Select(output => output.Key).Except(known))
        {
            yield return $"{name} is put out";
        }
    }

    private static IEnumerable<string> TwoAccounts(Snapshot snapshot)
    {
        string[] accounts = [.. snapshot.Resources("Microsoft.Storage/storageAccounts").Select(Snapshot.NameOf)];
        string host = Snapshot.Text(snapshot.Settings, "AzureWebJobsStorage__accountName");
        string usage = Snapshot.Text(snapshot.Settings, "Gateway__usage__tableEndpoint");
        if (accounts.Length != 2 || !accounts.Contains(host) || Snapshot.Text(snapshot.Settings, "AzureWebJobsStorage__credential") != "managedidentity")
        {
            yield return $"the host's account is {host}, of {string.Join(", ", accounts)}";
        }

        if (usage.Contains(host, StringComparison.Ordinal) || !accounts.Any(account => usage.Contains($"/{account}'", StringComparison.Ordinal)))
        {
            yield return $"usage records go to {usage}";
        }

        if (!Snapshot.Text(snapshot.App, Config + ".deployment.storage.value").Contains($"/{host}'", StringComparison.Ordinal)
            || !snapshot.Resources("Microsoft.Storage/storageAccounts/blobServices/containers").Select(Snapshot.NameOf).SequenceEqual([$"{host}/default/app-package"]))
        {
            yield return "the package is not in the host's account";
        }
    }

    private static IEnumerable<string> OneIdentity(Snapshot snapshot)
    {
        string identity = IdentityOf(snapshot);
        if (!snapshot.App["identity"]!["userAssignedIdentities"]!.AsObject().Select(item => item.Key).SequenceEqual([identity])
            || Snapshot.Text(snapshot.App, Config + ".deployment.storage.authentication.userAssignedIdentityResourceId") != identity)
        {
            yield return "the site has another identity, or fetches its package by another";
        }

        foreach (string name in (string[])["AZURE_CLIENT_ID", "AzureWebJobsStorage__clientId", "APPLICATIONINSIGHTS_AUTHENTICATION_STRING"])
        {
            if (!Snapshot.Text(snapshot.Settings, name).Contains($"reference('{identity}'", StringComparison.Ordinal))
            {
                yield return $"{name} names another identity";
            }
        }
    }

    private static string IdentityOf(Snapshot snapshot) => Snapshot.Text(snapshot.Resources("Microsoft.ManagedIdentity/userAssignedIdentities").Single(), "id");

    [GeneratedRegex("apiKey$|_(API_)?KEY$|_TOKEN$|connectionString$")]
    private static partial Regex SecretName();

    [GeneratedRegex(@"\blist[A-Z]\w*\(|getSecret\(|AccountKey=|SharedAccess\w*", RegexOptions.IgnoreCase)]
    private static partial Regex SecretFunction();
}
