using System.Text.Json;
using System.Text.Json.Nodes;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Providers;
using Serverless.Tests;

namespace Serverless.Gateway.Tests.Configuration;

/// <summary>The schema for editors, the sample of settings and the code that reads them must say the same.</summary>
public sealed class SchemaTests
{
    private static readonly JsonElement Schema = JsonElement.Parse(File.ReadAllText(Path.Combine(Repository.Root, "functions", "App", "gateway.schema.json")));

    private static readonly string SamplePath = Path.Combine(Repository.Root, "local.settings.sample.json");

    [Fact]
    public void The_schema_names_every_kind() =>
        Assert.Equal(
            ProviderCatalog.Kinds.Select(kind => kind.Name).Order(),
            Definition("provider").GetProperty("properties").GetProperty("kind").GetProperty("enum").EnumerateArray().Select(kind => kind.GetString()).Order());

    [Theory]
    [InlineData("", "")]
    [InlineData("provider", "providers.p")]
    [InlineData("quirks", "providers.p.quirks")]
    [InlineData("endpoint", "endpoints.e")]
    [InlineData("caller", "callers[0]")]
    [InlineData("limits", "limits")]
    [InlineData("usage", "usage")]
    [InlineData("prices", "prices")]
    [InlineData("price", "prices.models[0]")]
    [InlineData("longContext", "prices.models[0].longContext")]
    [InlineData("discount", "prices.discounts[0]")]
    [InlineData("telemetry", "telemetry")]
    public void The_reader_knows_exactly_what_the_schema_knows(string definition, string path)
    {
        JsonElement properties = (definition.Length == 0 ? Schema : Definition(definition)).GetProperty("properties");

        Assert.Equal(properties.EnumerateObject().Select(property => property.Name).Order(), Known(path).Order());
    }

    [Fact]
    public void The_sample_can_be_used()
    {
        JsonObject values = JsonNode.Parse(File.ReadAllText(SamplePath))!["Values"]!.AsObject();
        GatewaySettings settings = Settings.Read("{}", [.. values.Select(v => (v.Key, v.Value!.GetValue<string>()))]);

        Assert.Equal(
            ["anthropic", "azure-openai", "databricks", "demo", "gemini", "mistral", "openai", "openai-compatible"],
            settings.Providers.Select(provider => provider.Kind.Name).Distinct().Order());
    }

    [Fact]
    public void The_sample_holds_every_setting_and_no_other()
    {
        JsonProperty[] values = [.. JsonElement.Parse(File.ReadAllText(SamplePath)).GetProperty("Values").EnumerateObject()];
        string[] examples = [.. values.Select(value => value.Value.GetString()!).Where(value => value.StartsWith("env:", StringComparison.Ordinal)).Select(value => value["env:".Length..])];

        Assert.Equal(values.Length, values.Select(value => value.Name).Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.Equal(
            SettingNames.OfSchema(Schema).Concat(SettingNames.Variables).Concat(SettingNames.Others.Keys).Concat(examples).Order(),
            values.Select(value => SettingNames.Normalize(value.Name)).Distinct().Order());
    }

    private static JsonElement Definition(string name) => Schema.GetProperty("definitions").GetProperty(name);

    // The reader lists what it knows when it is given what it does not.
    private static string[] Known(string path)
    {
        const string Odd = "\"zzzzzzzzzzzz\": 1";
        string message = Settings.FaultOf(
            path.Length == 0 ? "zzzzzzzzzzzz" : path + ".zzzzzzzzzzzz",
            $$"""
            {
              {{Odd}},
              "providers": { "p": { {{Odd}}, "kind": "openai", "apiKey": "k", "quirks": { {{Odd}} } } },
              "endpoints": { "e": { {{Odd}}, "destinations": ["p/m"] } },
              "callers": [{ {{Odd}}, "id": "a", "keyRef": "env:K" }],
              "limits": { {{Odd}} },
              "usage": { {{Odd}} },
              "prices": { {{Odd}}, "models": [{ {{Odd}}, "model": "p/m", "longContext": { {{Odd}} } }], "discounts": [{ {{Odd}} }] },
              "telemetry": { {{Odd}} }
            }
            """,
            ("K", "gw-0123456789abcdefghij"));
        string list = message[(message.IndexOf("There are: ", StringComparison.Ordinal) + "There are: ".Length)..];
        return list.TrimEnd('.').Split(", ");
    }
}
