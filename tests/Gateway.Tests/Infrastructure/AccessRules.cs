using System.Text.Json.Nodes;

namespace Serverless.Gateway.Tests.Infrastructure;

/// <summary>Who may do what: the whole list.</summary>
internal static class AccessRules
{
    private const string Assignments = "Microsoft.Authorization/roleAssignments";
    private const string App = "app";
    private const string Operator = "operator";

    // https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
    private static readonly Dictionary<string, string> Roles = new()
    {
        ["b7e6dc6d-f1e8-4753-8033-0f276bb0955b"] = "Storage Blob Data Owner",
        ["0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"] = "Storage Table Data Contributor",
        ["4633458b-17de-408a-b874-0445c86b69e6"] = "Key Vault Secrets User",
        ["b86a8fe4-44ce-4948-aee5-eccb2c155cd7"] = "Key Vault Secrets Officer",
        ["5e0bd9bd-7b93-4f28-af87-19fc36ad61bd"] = "Cognitive Services OpenAI User",
        ["3913510d-42f4-4e42-8a64-420c390055eb"] = "Monitoring Metrics Publisher",
    };

    public static IReadOnlyList<Rule> All { get; } =
    [
        new("Rights are exactly these", Rights,
        [
            new("one right less", s => s.Remove(s.Resources(Assignments)[0])),
            new("one right more", s => s.Add(s.Resources(Assignments)[0], copy => Snapshot.Set(copy, "properties.roleDefinitionId", "/x/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"))),
            new("a right for the whole resource group", s => s.Resources(Assignments)[^1]["id"] = "/subscriptions/1/resourceGroups/rg/providers/" + Assignments + "/2"),
            new("the app may set secrets", s => Snapshot.Set(Of(s, "4633458b"), "properties.roleDefinitionId", "/x/b86a8fe4-44ce-4948-aee5-eccb2c155cd7")),
            new("the operator gets the app's right", s => Snapshot.Set(Of(s, "4633458b"), "properties.principalId", "11111111-1111-1111-1111-111111111111")),
            new("a role of the host on the usage account", s => Of(s, "b7e6dc6d")["id"] = Snapshot.Text(Of(s, "b7e6dc6d"), "id").Replace("sthost", "stusage", StringComparison.Ordinal)),
        ]),
        new("Who is given a right is said to be what it is", PrincipalTypes,
        [
            new("the app as a person, which fails while the identity is new", s => Snapshot.Set(Of(s, "b7e6dc6d"), "properties.principalType", "User")),
            new("nothing said of the operator", s => Snapshot.Set(Of(s, "b86a8fe4"), "properties.principalType", null)),
        ]),
    ];

    private static JsonObject Of(Snapshot snapshot, string role) =>
        snapshot.Resources(Assignments).First(assignment => Snapshot.Text(assignment, "properties.roleDefinitionId").Contains("/" + role, StringComparison.Ordinal));

    private static IEnumerable<string> Rights(Snapshot snapshot)
    {
        List<string> expected =
        [
            $"{App} | Storage Blob Data Owner | Microsoft.Storage/storageAccounts/{AppRules.Name(snapshot, "sthost")}",
            $"{App} | Storage Table Data Contributor | Microsoft.Storage/storageAccounts/{AppRules.Name(snapshot, "sthost")}",
            $"{App} | Storage Table Data Contributor | Microsoft.Storage/storageAccounts/{AppRules.Name(snapshot, "stusage")}",
            $"{App} | Key Vault Secrets User | Microsoft.KeyVault/vaults/{One(snapshot, "Microsoft.KeyVault/vaults")}",
            $"{App} | Monitoring Metrics Publisher | Microsoft.Insights/components/{One(snapshot, "Microsoft.Insights/components")}",
        ];
        if (snapshot.Resources("Microsoft.CognitiveServices/accounts").Count > 0)
        {
            expected.Add($"{App} | Cognitive Services OpenAI User | Microsoft.CognitiveServices/accounts/{One(snapshot, "Microsoft.CognitiveServices/accounts")}");
        }

        if (snapshot.Environment == "full")
        {
            expected.Add($"{Operator} | Key Vault Secrets Officer | Microsoft.KeyVault/vaults/{One(snapshot, "Microsoft.KeyVault/vaults")}");
            expected.Add($"{Operator} | Storage Table Data Contributor | Microsoft.Storage/storageAccounts/{AppRules.Name(snapshot, "stusage")}");
        }

        string[] actual = [.. snapshot.Resources(Assignments).Select(assignment => $"{PrincipalOf(assignment)} | {RoleOf(assignment)} | {Below(Snapshot.ScopeOf(assignment))}")];
        return [.. expected.Except(actual).Select(right => "missing: " + right), .. actual.Except(expected).Select(right => "too much: " + right)];
    }

    private static IEnumerable<string> PrincipalTypes(Snapshot snapshot) => snapshot.Resources(Assignments)
        .Where(assignment => Snapshot.Text(assignment, "properties.principalType") != (PrincipalOf(assignment) == App ? "ServicePrincipal" : "Group"))
        .Select(assignment => $"{PrincipalOf(assignment)} is a '{Snapshot.Text(assignment, "properties.principalType")}'");

    private static string PrincipalOf(JsonObject assignment) => Snapshot.Text(assignment, "properties.principalId") switch
    {
        "11111111-1111-1111-1111-111111111111" => Operator,
        var id when id.Contains("userAssignedIdentities/id-gateway-", StringComparison.Ordinal) && id.EndsWith(".principalId]", StringComparison.Ordinal) => App,
        var id => id,
    };

    private static string RoleOf(JsonObject assignment)
    {
        string id = Snapshot.Text(assignment, "properties.roleDefinitionId");
        return Roles.GetValueOrDefault(id[(id.LastIndexOf('/') + 1)..], id);
    }

    private static string Below(string scope) => scope[(scope.LastIndexOf("/providers/", StringComparison.Ordinal) is >= 0 and var at ? at + "/providers/".Length : 0)..];

    private static string One(Snapshot snapshot, string type) => Snapshot.NameOf(snapshot.Resources(type).Single());
}
