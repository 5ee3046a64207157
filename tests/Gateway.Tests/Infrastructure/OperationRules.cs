using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Serverless.Tests;

namespace Serverless.Gateway.Tests.Infrastructure;

/// <summary>What whoever runs it relies on: logs, alerts, the budget, protection from deletion, zones, tables.</summary>
internal static partial class OperationRules
{
    private const string Diagnostics = "Microsoft.Insights/diagnosticSettings";
    private const string Searches = "Microsoft.Insights/scheduledQueryRules";
    private const string Tables = "Microsoft.Storage/storageAccounts/tableServices/tables";

    // What is logged of each; a storage account's reads and writes would cost more than the records themselves.
    private static readonly (string Type, string Logs)[] Logged =
    [
        ("Microsoft.Storage/storageAccounts/tableServices", "StorageDelete"),
        ("Microsoft.KeyVault/vaults", "AuditEvent"),
        ("Microsoft.Web/sites", "FunctionAppLogs"),
        ("Microsoft.CognitiveServices/accounts", "Audit"),
    ];

    public static IReadOnlyList<Rule> All { get; } =
    [
        new("Everything is diagnosed into the workspace", Diagnosed,
        [
            new("one is not", s => s.Remove(s.Resources(Diagnostics)[0])),
            new("into another workspace", s => Snapshot.Set(s.Resources(Diagnostics)[1], "properties.workspaceId", "/x")),
            new("a log is off", s => s.Resources(Diagnostics)[2]["properties"]!["logs"]![0]!["enabled"] = false),
            new("metrics are off", s => s.Resources(Diagnostics)[3]["properties"]!["metrics"]![0]!["enabled"] = false),
            new("every write is logged", s => s.Resources(Diagnostics)[0]["properties"]!["logs"]!.AsArray().Add(new JsonObject { ["category"] = "StorageWrite", ["enabled"] = true })),
            new("traces into another workspace", s => Snapshot.Set(s.Resources("Microsoft.Insights/components")[0], "properties.WorkspaceResourceId", "/x")),
        ]),
        new("Alerts reach the action group and look where the gateway writes", Alerts,
        [
            new("nobody is told", s => Snapshot.Set(s.Resources(Searches)[0], "properties.actions.actionGroups", new JsonArray())),
            new("nobody is told of the tables", s => Snapshot.Set(s.Resources("Microsoft.Insights/metricAlerts")[0], "properties.actions", new JsonArray())),
            new("the host's tables instead of the records'", s => Snapshot.Set(s.Resources("Microsoft.Insights/metricAlerts")[0], "properties.scopes", new JsonArray("/x/sthost1/tableServices/default"))),
            new("words that the gateway never logs", s => s.Resources(Searches)[1]["properties"]!["criteria"]!["allOf"]![0]!["query"] = "traces | where message contains \"usage.gone\""),
            new("the gateway's own rows beside the host's", s => s.Resources(Searches)[0]["properties"]!["criteria"]!["allOf"]![0]!["query"] = "requests | where toint(resultCode) >= 500"),
            new("one less", s => s.Remove(s.Resources(Searches)[2])),
        ]),
        new("What is evidence cannot be deleted by mistake", Protection,
        [
            new("no lock", s => s.Remove(s.Resources("Microsoft.Authorization/locks")[0])),
            new("a lock on the host's account", s => s.Resources("Microsoft.Authorization/locks")[0]["id"] = "/x/sthost1/providers/Microsoft.Authorization/locks/do-not-delete"),
            new("the vault can be purged", s => Snapshot.Set(s.Resources("Microsoft.KeyVault/vaults")[0], "properties.enablePurgeProtection", null)),
        ]),
        new("An app over zones has its host's state over zones", Zones,
        [
            new("one zone's storage", s => Snapshot.Set(s.Resources("Microsoft.Web/serverfarms")[0], "properties.zoneRedundant", true)),
        ]),
        new("The tables are those that the App opens by name", TableNames,
        [
            new("one less", s => s.Remove(s.Resources(Tables)[0])),
            new("one on the host's account", s => s.Add(s.Resources(Tables)[0], copy => copy["name"] = $"{AppRules.Name(s, "sthost")}/default/usagemeta")),
        ]),
        new("A budget begins with a month and tells somebody", Budgets,
        [
            new("within a month", s => Budget(s, "2026-12-05")),
        ]),
    ];

    private static void Budget(Snapshot snapshot, string start) => snapshot.Add(snapshot.App, copy =>
    {
        copy["type"] = "Microsoft.Consumption/budgets";
        copy["properties"] = new JsonObject { ["timePeriod"] = new JsonObject { ["startDate"] = start } };
    });

    private static IEnumerable<string> Diagnosed(Snapshot snapshot)
    {
        string workspace = Snapshot.Text(snapshot.Resources("Microsoft.OperationalInsights/workspaces").Single(), "id");
        if (Snapshot.Text(snapshot.Resources("Microsoft.Insights/components").Single(), "properties.WorkspaceResourceId") != workspace)
        {
            yield return "Application Insights keeps its data elsewhere";
        }

        foreach ((string type, string logs) in Logged)
        {
            foreach (JsonObject resource in snapshot.Resources(type))
            {
                JsonObject? setting = snapshot.Resources(Diagnostics).SingleOrDefault(d => Snapshot.ScopeOf(d) == Snapshot.Text(resource, "id"));
                if (Snapshot.Text(setting, "properties.workspaceId") != workspace || Enabled(setting, "logs") != logs || Enabled(setting, "metrics").Length == 0)
                {
                    yield return $"{Snapshot.NameOf(resource)}: {setting?.ToJsonString() ?? "none"}";
                }
            }
        }
    }

    private static string Enabled(JsonObject? setting, string kind) => string.Join(',', (Snapshot.At(setting, "properties." + kind) as JsonArray ?? [])
        .Where(item => Snapshot.Text(item, "enabled") == "true").Select(item => Snapshot.Text(item, "category")));

    private static IEnumerable<string> Alerts(Snapshot snapshot)
    {
        string group = Snapshot.Text(snapshot.Resources("Microsoft.Insights/actionGroups").Single(), "id");
        if (snapshot.Resources(Searches).Count != 3)
        {
            yield return $"{snapshot.Resources(Searches).Count} searches";
        }

        foreach (JsonObject search in snapshot.Resources(Searches))
        {
            if (search["properties"]!["actions"]!["actionGroups"] is not JsonArray { Count: 1 } groups || groups[0]!.ToString() != group)
            {
                yield return $"{Snapshot.NameOf(search)} tells nobody";
            }

            string query = search["properties"]!["criteria"]!["allOf"]![0]!["query"]!.ToString();
            if (query.StartsWith("requests", StringComparison.Ordinal) && !query.Contains("isempty(tostring(customDimensions[", StringComparison.Ordinal))
            {
                yield return $"{Snapshot.NameOf(search)} counts what the host and the gateway both tell twice";
            }

            foreach (Match words in Quoted().Matches(query))
            {
                if (!Sources.Value.Contains(words.Groups[1].Value, StringComparison.Ordinal))
                {
                    yield return $"{Snapshot.NameOf(search)} looks for '{words.Groups[1].Value}', which the gateway does not log";
                }
            }
        }

        JsonObject tables = snapshot.Resources("Microsoft.Insights/metricAlerts").Single();
        if (!tables["properties"]!["scopes"]![0]!.ToString().EndsWith($"/{AppRules.Name(snapshot, "stusage")}/tableServices/default", StringComparison.Ordinal)
            || tables["properties"]!["actions"] is not JsonArray { Count: 1 } actions || Snapshot.Text(actions[0], "actionGroupId") != group)
        {
            yield return tables.ToJsonString();
        }
    }

    private static IEnumerable<string> Protection(Snapshot snapshot)
    {
        bool wanted = snapshot.Environment != "dev";
        bool locked = snapshot.Resources("Microsoft.Authorization/locks").Any(l => Snapshot.ScopeOf(l).EndsWith("/" + AppRules.Name(snapshot, "stusage"), StringComparison.Ordinal));
        bool purgeable = Snapshot.Text(snapshot.Resources("Microsoft.KeyVault/vaults").Single(), "properties.enablePurgeProtection") != "true";
        return locked == wanted && purgeable != wanted ? [] : [$"the account is {(locked ? "locked" : "open")}, the vault {(purgeable ? "can" : "cannot")} be purged"];
    }

    private static IEnumerable<string> Zones(Snapshot snapshot)
    {
        bool zones = Snapshot.Text(snapshot.Resources("Microsoft.Web/serverfarms").Single(), "properties.zoneRedundant") == "true";
        string sku = Snapshot.Text(snapshot.Resources("Microsoft.Storage/storageAccounts").Single(a => Snapshot.NameOf(a) == AppRules.Name(snapshot, "sthost")), "sku.name");
        return zones && sku != "Standard_ZRS" ? [$"the host's account is {sku}"] : [];
    }

    private static IEnumerable<string> TableNames(Snapshot snapshot)
    {
        string account = AppRules.Name(snapshot, "stusage");
        string[] expected = [.. Named().Matches(Sources.Value).Select(match => $"{account}/default/usage{match.Groups[1].Value}").Distinct().Order()];
        string[] actual = [.. snapshot.Resources(Tables).Select(Snapshot.NameOf).Order()];
        return expected.SequenceEqual(actual) ? [] : [$"{string.Join(", ", actual)} instead of {string.Join(", ", expected)}"];
    }

    private static IEnumerable<string> Budgets(Snapshot snapshot)
    {
        JsonObject[] budgets = [.. snapshot.Resources("Microsoft.Consumption/budgets")];
        if (snapshot.Environment == "prod" && budgets.Length == 0)
        {
            yield return "there is none";
        }

        foreach (JsonObject budget in budgets)
        {
            if (!Regex.IsMatch(Snapshot.Text(budget, "properties.timePeriod.startDate"), @"^20\d\d-(0[1-9]|1[0-2])-01$")
                || Snapshot.At(budget, "properties.notifications.actual80.contactGroups") is not JsonArray { Count: 1 })
            {
                yield return budget.ToJsonString();
            }
        }
    }

    // The text of the sources: what is logged and opened there is what the templates must know.
    private static readonly Lazy<string> Sources = new(() => string.Join('\n', Directory
        .GetFiles(Path.Combine(Repository.Root, "functions", "Gateway"), "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)).Select(File.ReadAllText)));

    [GeneratedRegex("(?:contains |customDimensions\\[)\"([^\"]+)\"")]
    private static partial Regex Quoted();

    [GeneratedRegex("\\bNamed\\(\"([a-z]+)\"\\)")]
    private static partial Regex Named();
}
