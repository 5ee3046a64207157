using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Serverless.Tests;

namespace Serverless.Gateway.Tests.Infrastructure;

/// <summary>The templates through the compiler: clean, formatted, buildable with each environment's parameters, and making what the golden files say.</summary>
public sealed class BicepTests(Bicep bicep) : IClassFixture<Bicep>
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static TheoryData<string> Environments => [.. Snapshot.Environments];

    [Fact]
    public async Task The_templates_lint_without_a_warning()
    {
        (int exit, string text) = await bicep.RunAsync("lint", bicep.Copy(Path.Combine(Repository.Root, "infra", "main.bicep")));

        Assert.Equal("", text);
        Assert.Equal(0, exit);
    }

    [Fact]
    public async Task Sources_are_formatted()
    {
        (int exit, string text) = await bicep.RunAsync("format", "--pattern", bicep.Copy(Repository.Root) + "/**/*.bicep*");

        Assert.Equal("", text);
        Assert.Equal(0, exit);
        string[] sources = [.. Directory.GetFiles(Path.Combine(Repository.Root, "infra"), "*.bicep*", SearchOption.AllDirectories), Bicep.PathOf("full")];
        Assert.All(sources, source => Assert.Equal(File.ReadAllText(bicep.Copy(source)), File.ReadAllText(source)));
    }

    [Theory]
    [MemberData(nameof(Environments))]
    public async Task Parameters_build_without_a_warning(string environment)
    {
        (int exit, string text) = await bicep.RunAsync("build-params", bicep.Copy(Bicep.PathOf(environment)), "--outfile", Path.Combine(bicep.Copy(Repository.Root), environment + ".json"));

        Assert.Equal("", text);
        Assert.Equal(0, exit);
    }

    [Theory]
    [InlineData("dev")]
    [InlineData("prod")]
    public async Task Callers_and_providers_are_told_by_variables(string environment)
    {
        string hash = new('c', 64);
        string file = Path.Combine(bicep.Copy(Repository.Root), environment + ".told.json");
        (int exit, string text) = await bicep.RunAsync(
            [("AZURE_ENV_NAME", "mine"), ("GATEWAY_CALLER_KEY_SHA256", hash), ("GATEWAY_PROVIDERS", "anthropic,,lm-studio")], "build-params", bicep.Copy(Bicep.PathOf(environment)), "--outfile", file);

        Assert.Equal("", text);
        Assert.Equal(0, exit);
        JsonNode parameters = JsonNode.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken))!["parameters"]!;
        Assert.Equal("mine", Snapshot.Text(parameters, "environmentName.value"));
        Assert.Equal(hash, Snapshot.Text(parameters["callers"]!["value"]![0], "keySha256"));
        Assert.Equal(
            ["anthropic anthropic anthropic-api-key", "lm-studio lm-studio lm-studio-api-key"],
            parameters["providers"]!["value"]!.AsArray().Select(provider => $"{provider!["name"]} {provider["kind"]} {provider["secretName"]}"));
    }

    [Theory]
    [MemberData(nameof(Environments))]
    public async Task An_environment_is_what_its_golden_file_says(string environment)
    {
        string parameters = bicep.Copy(Bicep.PathOf(environment));
        (int exit, string text) = await bicep.RunAsync(
            "snapshot", parameters, "--mode", "overwrite", "--deployment-name", "gateway", "--location", "swedencentral",
            "--subscription-id", "00000000-0000-0000-0000-000000000001", "--tenant-id", "00000000-0000-0000-0000-000000000002");

        // A warning says that a part could not be predicted, which a what-if would not show either.
        Assert.Equal("", text);
        Assert.Equal(0, exit);
        string snapshot = Sorted(await File.ReadAllTextAsync(Path.ChangeExtension(parameters, "snapshot.json"), TestContext.Current.CancellationToken));
        string golden = Snapshot.PathOf(environment);
        if (System.Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            await File.WriteAllTextAsync(golden, snapshot, TestContext.Current.CancellationToken);
        }

        Assert.True(File.Exists(golden), $"There is no {golden}. Run UPDATE_GOLDEN=1 dotnet test, then read the file.");
        Assert.Equal(await File.ReadAllTextAsync(golden, TestContext.Current.CancellationToken), snapshot);
    }

    // Bicep lists outputs in any order.
    private static string Sorted(string snapshot)
    {
        JsonNode root = JsonNode.Parse(snapshot)!;
        root["outputs"] = new JsonObject(root["outputs"]!.AsObject().OrderBy(output => output.Key, StringComparer.Ordinal).Select(output => KeyValuePair.Create(output.Key, output.Value?.DeepClone())));
        return root.ToJsonString(Readable).ReplaceLineEndings("\n") + "\n";
    }
}
