using System.Text.Json.Nodes;

namespace Serverless.Gateway.Tests.Infrastructure;

/// <summary>The private network, where an environment has one, and Easy Auth.</summary>
internal static class NetworkRules
{
    private const string Endpoints = "Microsoft.Network/privateEndpoints";
    private const string ZoneGroups = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups";

    // What a private network closes, and the services of each that something in it calls.
    private static readonly (string Type, string Prefix, string[] Groups)[] Closed =
    [
        ("Microsoft.Storage/storageAccounts", "sthost", ["blob", "table"]),
        ("Microsoft.Storage/storageAccounts", "stusage", ["table"]),
        ("Microsoft.KeyVault/vaults", "kv-", ["vault"]),
        ("Microsoft.CognitiveServices/accounts", "aoai-", ["account"]),
    ];

    public static IReadOnlyList<Rule> All { get; } =
    [
        new("A private network closes what stands behind the app, but for the operator's addresses", Doors,
        [
            new("storage takes everybody", s => Snapshot.Set(s.Resources("Microsoft.Storage/storageAccounts")[0], "properties.networkAcls.defaultAction", "Allow")),
            new("storage has a public address", s => Snapshot.Set(s.Resources("Microsoft.Storage/storageAccounts")[0], "properties.publicNetworkAccess", "Enabled")),
            new("the vault takes everybody", s => Snapshot.Set(s.Resources("Microsoft.KeyVault/vaults")[0], "properties.networkAcls.defaultAction", "Allow")),
            new("storage has a public address for nobody", s => Snapshot.Set(s.Resources("Microsoft.Storage/storageAccounts")[1], "properties.networkAcls.ipRules", new JsonArray())),
            new("the vault has a public address for nobody", s => Snapshot.Set(s.Resources("Microsoft.KeyVault/vaults")[0], "properties.networkAcls.ipRules", new JsonArray())),
        ]),
        new("Each closed service has its endpoint, its zone and the zone's link", EndpointsAndZones,
        [
            new("no endpoint", s => s.Remove(s.Resources(Endpoints)[0])),
            new("no zone group", s => s.Remove(s.Resources(ZoneGroups)[0])),
            new("another zone", s => s.Resources(ZoneGroups)[0]["properties"]!["privateDnsZoneConfigs"]![0]!["properties"]!["privateDnsZoneId"] = "/x"),
            new("no zone", s => s.Remove(s.Resources("Microsoft.Network/privateDnsZones")[0])),
            new("no link", s => s.Remove(s.Resources("Microsoft.Network/privateDnsZones/virtualNetworkLinks")[0])),
        ]),
        new("The app is in the network through a subnet of its own", AppSubnet,
        [
            new("not in it", s => Snapshot.Set(s.App, "properties.virtualNetworkSubnetId", null)),
            new("in the endpoints' subnet", s => Snapshot.Set(s.App, "properties.virtualNetworkSubnetId", Snapshot.Text(s.App, "properties.virtualNetworkSubnetId").Replace("/app", "/endpoints", StringComparison.Ordinal))),
            new("a delegation that the plan does not take", s => s.Resources("Microsoft.Network/virtualNetworks")[0]["properties"]!["subnets"]![0]!["properties"]!["delegations"]![0]!["properties"]!["serviceName"] = "Microsoft.Web/serverFarms"),
        ]),
        new("Easy Auth, where it is on, lets nobody in without a token of this tenant for this application", EasyAuth,
        [
            new("lets others pass", s => Snapshot.Set(Auth(s)!, "properties.globalValidation.requireAuthentication", false)),
            new("sends programs to a page", s => Snapshot.Set(Auth(s)!, "properties.globalValidation.unauthenticatedClientAction", "RedirectToLoginPage")),
            new("lets more pass than the question whether it is well", s => Snapshot.Set(Auth(s)!, "properties.globalValidation.excludedPaths", new JsonArray("/health", "/v1"))),
            new("any audience", s => Snapshot.Set(Auth(s)!, "properties.identityProviders.azureActiveDirectory.validation.allowedAudiences", new JsonArray())),
            new("any tenant", s => Snapshot.Set(Auth(s)!, "properties.identityProviders.azureActiveDirectory.registration.openIdIssuer", "https://login.microsoftonline.com/common/v2.0")),
            new("not there", s => s.Remove(Auth(s)!)),
        ]),
    ];

    private static bool IsPrivate(Snapshot snapshot) => snapshot.Environment is "prod" or "full";

    private static IEnumerable<(JsonObject Resource, string[] Groups)> Behind(Snapshot snapshot) => Closed.SelectMany(row =>
        snapshot.Resources(row.Type).Where(resource => Snapshot.NameOf(resource).StartsWith(row.Prefix, StringComparison.Ordinal)).Select(resource => (resource, row.Groups)));

    private static IEnumerable<string> Doors(Snapshot snapshot)
    {
        foreach ((JsonObject resource, _) in Behind(snapshot))
        {
            bool named = Snapshot.At(resource, "properties.networkAcls.ipRules") is JsonArray { Count: > 0 };
            bool open = Snapshot.Text(resource, "properties.publicNetworkAccess").Equals("Enabled", StringComparison.OrdinalIgnoreCase);
            string others = Snapshot.Text(resource, "properties.networkAcls.defaultAction");
            if (open != (!IsPrivate(snapshot) || named) || others != (IsPrivate(snapshot) ? "Deny" : "Allow"))
            {
                yield return $"{Snapshot.NameOf(resource)} is {(open ? "open" : "closed")}, to others: {others}";
            }
        }
    }

    private static IEnumerable<string> EndpointsAndZones(Snapshot snapshot)
    {
        string[] zones = [.. snapshot.Resources("Microsoft.Network/privateDnsZones").Select(zone => Snapshot.Text(zone, "id"))];
        int links = snapshot.Resources("Microsoft.Network/privateDnsZones/virtualNetworkLinks").Count(link =>
            Snapshot.Text(link, "properties.virtualNetwork.id").EndsWith("/" + Snapshot.NameOf(snapshot.Resources("Microsoft.Network/virtualNetworks").Single()), StringComparison.Ordinal));
        if (links != zones.Length)
        {
            yield return $"{zones.Length} zones, {links} links";
        }

        string[] expected = IsPrivate(snapshot) ? [.. Behind(snapshot).SelectMany(row => row.Groups.Select(group => $"{Snapshot.Text(row.Resource, "id")} {group}"))] : [];
        string[] actual = [.. snapshot.Resources(Endpoints).Select(endpoint => endpoint["properties"]!["privateLinkServiceConnections"]![0]!["properties"]!)
            .Select(connection => $"{connection["privateLinkServiceId"]} {connection["groupIds"]![0]}")];
        foreach (string difference in expected.Except(actual).Concat(actual.Except(expected)))
        {
            yield return "endpoint: " + difference;
        }

        foreach (JsonObject endpoint in snapshot.Resources(Endpoints))
        {
            string group = endpoint["properties"]!["privateLinkServiceConnections"]![0]!["properties"]!["groupIds"]![0]!.ToString();
            JsonNode? config = snapshot.Resources(ZoneGroups).FirstOrDefault(g => Snapshot.NameOf(g) == Snapshot.NameOf(endpoint) + "/default")?["properties"]!["privateDnsZoneConfigs"]![0];
            string zone = Snapshot.Text(config, "properties.privateDnsZoneId");
            string named = group switch { "vault" => "privatelink.vaultcore.", "account" => "privatelink.openai.", _ => $"privatelink.{group}." };
            if (!zones.Contains(zone) || !zone.Contains(named, StringComparison.Ordinal))
            {
                yield return $"{Snapshot.NameOf(endpoint)} is found by the zone '{zone}'";
            }
        }
    }

    private static IEnumerable<string> AppSubnet(Snapshot snapshot)
    {
        string subnet = Snapshot.Text(snapshot.App, "properties.virtualNetworkSubnetId");
        if (!IsPrivate(snapshot))
        {
            return subnet.Length == 0 ? [] : ["the app is in a network that is not there"];
        }

        JsonObject network = snapshot.Resources("Microsoft.Network/virtualNetworks").Single();
        JsonNode? own = network["properties"]!["subnets"]!.AsArray().FirstOrDefault(s => $"{network["id"]}/subnets/{s!["name"]}" == subnet);
        return own?["properties"]?["delegations"]?[0]?["properties"]?["serviceName"]?.ToString() == "Microsoft.App/environments" ? [] : [$"the app's subnet is '{subnet}'"];
    }

    private static IEnumerable<string> EasyAuth(Snapshot snapshot)
    {
        if (Auth(snapshot) is not { } auth)
        {
            return snapshot.Environment == "full" ? ["it is not there"] : [];
        }

        JsonNode provider = Snapshot.At(auth, "properties.identityProviders.azureActiveDirectory")!;
        bool strict = Snapshot.Text(auth, "properties.platform.enabled") == "true"
            && Snapshot.Text(auth, "properties.globalValidation.requireAuthentication") == "true"
            && Snapshot.Text(auth, "properties.globalValidation.unauthenticatedClientAction") == "Return401"
            && Snapshot.At(auth, "properties.globalValidation.excludedPaths") is JsonArray { Count: 1 } excluded && excluded[0]!.ToString() == "/health"
            && Snapshot.At(provider, "validation.allowedAudiences") is JsonArray { Count: > 0 }
            && Snapshot.Text(provider, "registration.openIdIssuer").Contains("00000000-0000-0000-0000-000000000002", StringComparison.Ordinal);
        return strict ? [] : [auth.ToJsonString()];
    }

    private static JsonObject? Auth(Snapshot snapshot) =>
        snapshot.Resources("Microsoft.Web/sites/config").SingleOrDefault(config => Snapshot.NameOf(config).EndsWith("/authsettingsV2", StringComparison.Ordinal));
}
