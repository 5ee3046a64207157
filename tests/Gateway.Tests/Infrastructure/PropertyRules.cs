namespace Serverless.Gateway.Tests.Infrastructure;

/// <summary>A property that every resource of a type must have, in every environment.</summary>
/// <param name="Type">Type of the resources.</param>
/// <param name="Path">Where the property is.</param>
/// <param name="Allowed">Its allowed values.</param>
internal sealed record PropertyRule(string Type, string Path, params string[] Allowed)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<PropertyRule> All { get; } =
    [
        // Storage: no keys, no plain text, nothing public
        new("Microsoft.Storage/storageAccounts", "properties.allowSharedKeyAccess", "false"),
        new("Microsoft.Storage/storageAccounts", "properties.defaultToOAuthAuthentication", "true"),
        new("Microsoft.Storage/storageAccounts", "properties.isLocalUserEnabled", "false"),
        new("Microsoft.Storage/storageAccounts", "properties.allowBlobPublicAccess", "false"),
        new("Microsoft.Storage/storageAccounts", "properties.allowCrossTenantReplication", "false"),
        new("Microsoft.Storage/storageAccounts", "properties.supportsHttpsTrafficOnly", "true"),
        new("Microsoft.Storage/storageAccounts", "properties.minimumTlsVersion", "TLS1_2", "TLS1_3"),

        // The vault: rights by role, nothing lost by mistake
        new("Microsoft.KeyVault/vaults", "properties.enableRbacAuthorization", "true"),
        new("Microsoft.KeyVault/vaults", "properties.enableSoftDelete", "true"),

        // The app: the plan that scales to nothing, https only, no passwords for publishing
        new("Microsoft.Web/serverfarms", "sku.name", "FC1"),
        new("Microsoft.Web/serverfarms", "sku.tier", "FlexConsumption"),
        new("Microsoft.Web/serverfarms", "properties.reserved", "true"),
        new("Microsoft.Web/sites", "kind", "functionapp,linux"),
        new("Microsoft.Web/sites", "properties.httpsOnly", "true"),
        new("Microsoft.Web/sites", "properties.siteConfig.minTlsVersion", "1.2", "1.3"),
        new("Microsoft.Web/sites", "properties.siteConfig.scmMinTlsVersion", "1.2", "1.3"),
        new("Microsoft.Web/sites", "properties.siteConfig.ftpsState", "Disabled"),
        new("Microsoft.Web/sites", "properties.functionAppConfig.deployment.storage.authentication.type", "UserAssignedIdentity"),
        new("Microsoft.Web/sites", "properties.functionAppConfig.scaleAndConcurrency.instanceMemoryMB", "512", "2048", "4096"),
        new("Microsoft.Web/sites", "properties.functionAppConfig.siteUpdateStrategy.type", "Recreate", "RollingUpdate"),
        new("Microsoft.Web/sites", "identity.type", "UserAssigned"),
        new("Microsoft.Web/sites", "tags.azd-service-name", "gateway"),
        new("Microsoft.Web/sites/basicPublishingCredentialsPolicies", "properties.allow", "false"),

        // Telemetry: by identity, and somebody is told
        new("Microsoft.OperationalInsights/workspaces", "properties.features.disableLocalAuth", "true"),
        new("Microsoft.Insights/components", "properties.DisableLocalAuth", "true"),
        new("Microsoft.Insights/scheduledQueryRules", "properties.enabled", "true"),
        new("Microsoft.Insights/metricAlerts", "properties.enabled", "true"),
    ];

    /// <summary>Rules for what not every environment has.</summary>
    public static IReadOnlyList<PropertyRule> Optional { get; } =
    [
        new("Microsoft.CognitiveServices/accounts", "properties.disableLocalAuth", "true"),
        new("Microsoft.CognitiveServices/accounts", "kind", "OpenAI"),
        new("Microsoft.CognitiveServices/accounts/deployments", "properties.versionUpgradeOption", "NoAutoUpgrade"),
        new("Microsoft.Authorization/locks", "properties.level", "CanNotDelete"),
        new("Microsoft.Consumption/budgets", "properties.timeGrain", "Monthly"),
    ];

    /// <summary>What of a snapshot breaks the rule.</summary>
    public IEnumerable<string> Faults(Snapshot snapshot) => snapshot.Resources(Type)
        .Where(resource => !Allowed.Contains(Snapshot.Text(resource, Path), StringComparer.OrdinalIgnoreCase))
        .Select(resource => $"{Snapshot.NameOf(resource)}: {Path} is '{Snapshot.Text(resource, Path)}', not {string.Join(" or ", Allowed)}");

    public override string ToString() => $"{Type}: {Path}";
}
