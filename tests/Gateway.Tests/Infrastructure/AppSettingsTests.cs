using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Providers;
using Serverless.Gateway.Tests.Configuration;
using Serverless.Tests;

namespace Serverless.Gateway.Tests.Infrastructure;

/// <summary>What the templates set is what the App reads: the settings of each environment go through the App's own reader and its rules for a start behind a Functions host.</summary>
public sealed partial class AppSettingsTests
{
    private const string ClientId = "33333333-3333-3333-3333-333333333333";

    public static TheoryData<string> Environments => [.. Snapshot.Environments];

    [Theory]
    [MemberData(nameof(Environments))]
    public void The_gateway_starts_with_the_settings_of_an_environment(string environment)
    {
        JsonObject written = Snapshot.Read(environment).Settings;
        GatewaySettings settings = Settings.Read("{}", [.. Resolved(written), (ListenAddress.FunctionsPortSetting, "7071")]);

        Assert.Empty(settings.Notes);
        Assert.True(settings.Address.BehindFunctionsHost);
        Assert.False(settings.IsOpen);
        Assert.Equal(UsageStoreKind.Table, settings.Usage.Store);
        Assert.Equal("stusage.table.core.windows.net", settings.Usage.TableEndpoint!.Host);
        Assert.True(settings.Telemetry.AzureMonitor is { UseIdentity: true, ClientId: ClientId });
        Assert.Equal(
            environment switch { "dev" => ["demo"], "prod" => ["azure"], _ => ["claude", "gpu-eu"] },
            settings.Providers.Select(provider => provider.Name).Order());
        Assert.Equal(
            environment switch { "dev" => ["developer Admin"], "prod" => ["platform Admin"], _ => ["alice None", "nightly Reader"] },
            settings.Callers.Select(caller => $"{caller.Id} {caller.Role}"));
        Assert.All(settings.Providers.Where(provider => provider.Name is "claude" or "gpu-eu"), provider => Assert.Equal("resolved", provider.ApiKey!.Reveal()));
    }

    [Fact]
    public void The_gateway_does_not_start_while_a_key_is_missing_and_says_which()
    {
        JsonObject written = Snapshot.Read("full").Settings;
        (string, string)[] unresolved = [.. Resolved(written).Select(setting => (setting.Name, setting.Name.EndsWith("apiKey", StringComparison.Ordinal) ? written[setting.Name]!.ToString() : setting.Value))];

        Assert.Equal(
            ["providers.claude.apiKey", "providers.gpu_eu.apiKey"],
            Settings.Faults("{}", [.. unresolved, (ListenAddress.FunctionsPortSetting, "7071")]).Select(fault => fault.Setting).Order());
    }

    [Theory]
    [MemberData(nameof(Environments))]
    public void Every_setting_that_is_not_the_platforms_stands_in_the_sample(string environment)
    {
        JsonObject written = Snapshot.Read(environment).Settings;
        string[] sample = [.. JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.Root, "local.settings.sample.json")))!["Values"]!.AsObject().Select(value => SettingNames.Normalize(value.Key))];

        // The gateway's reader refuses what it does not know of its own, so that the test above holds for those.
        Assert.All(written.Select(setting => setting.Key).Except(SettingNames.OfPlatform), name => Assert.Contains(SettingNames.Normalize(name), sample));
    }

    [Fact]
    public void The_template_offers_every_kind_of_provider_that_has_an_address()
    {
        string types = File.ReadAllText(Path.Combine(Repository.Root, "infra", "types.bicep"));
        string kinds = types[types.IndexOf("  kind:", StringComparison.Ordinal)..types.IndexOf("Name of the Key Vault secret", StringComparison.Ordinal)];

        Assert.Equal(
            ProviderCatalog.Kinds.Where(kind => kind.HasAddress).Select(kind => kind.Name).Order(),
            Quoted().Matches(kinds[..kinds.IndexOf("@description", StringComparison.Ordinal)]).Select(match => match.Groups[1].Value).Order());
    }

    // What Azure computes, and what the platform puts in place of a reference.
    private static IEnumerable<(string Name, string Value)> Resolved(JsonObject settings) => settings.Select(setting => (setting.Key, setting.Value!.ToString() switch
    {
        var text when text.StartsWith("@Microsoft.KeyVault(", StringComparison.Ordinal) => "resolved",
        var text when text.EndsWith(".primaryEndpoints.table]", StringComparison.Ordinal) => $"https://{Account().Match(text).Groups[1].Value}.table.core.windows.net/",
        var text when text.Contains(".endpoint", StringComparison.Ordinal) && text.StartsWith('[') => "https://aoai-gateway.openai.azure.com/",
        var text when text.StartsWith("[format('ClientId={0};", StringComparison.Ordinal) => $"ClientId={ClientId};Authorization=AAD",
        var text when text.EndsWith(".clientId]", StringComparison.Ordinal) => ClientId,
        var text when text.Contains(".ConnectionString", StringComparison.Ordinal) => "InstrumentationKey=44444444-4444-4444-4444-444444444444",
        var text when text.StartsWith('[') => throw new JsonException($"{setting.Key} is computed in a way that this test does not know: {text}"),
        var text => text,
    }));

    [GeneratedRegex("storageAccounts/(st[a-z]+?)[a-z0-9]{13}'")]
    private static partial Regex Account();

    [GeneratedRegex("'([a-z-]+)'")]
    private static partial Regex Quoted();
}
