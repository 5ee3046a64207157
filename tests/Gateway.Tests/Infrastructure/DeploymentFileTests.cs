using System.Diagnostics;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Serverless.Tests;
using YamlDotNet.RepresentationModel;

namespace Serverless.Gateway.Tests.Infrastructure;

/// <summary><c>azure.yaml</c> and the workflows name what there is, and take no more rights than they use.</summary>
public sealed partial class DeploymentFileTests
{
    private const string Zip = "artifacts/serverless.zip";

    public static TheoryData<string> Workflows => [.. Directory.GetFiles(PathOf(".github/workflows")).Select(Path.GetFileName).OfType<string>().Order()];

    [Fact]
    public void Azd_finds_the_environment_the_app_and_the_package()
    {
        YamlMappingNode azure = Read("azure.yaml");

        Assert.True(File.Exists(PathOf($"{Text(azure, "infra", "path")}/{Text(azure, "infra", "module")}.bicepparam")));
        (string name, YamlMappingNode service) = Assert.Single(Entries(Map(azure, "services")));
        Assert.Equal(Snapshot.Text(Snapshot.Read("dev").App, "tags.azd-service-name"), name);
        Assert.Equal("function", Text(service, "host"));
        Assert.True(Directory.Exists(PathOf(Text(service, "project"))));

        // What is deployed is what the script has packed.
        Assert.EndsWith(" " + Zip, Text(azure, "hooks", "predeploy", "run"));
        Assert.Equal(["provision", $"deploy {name} --from-package {Zip}"], Items(Map(azure, "workflows", "up"), "steps").Select(step => Text((YamlMappingNode)step, "azd")));
    }

    [Theory]
    [MemberData(nameof(Workflows))]
    public void A_workflow_uses_pinned_actions_and_holds_no_credential(string file)
    {
        string text = File.ReadAllText(PathOf(".github/workflows/" + file));

        Assert.All(Uses().Matches(text), match => Assert.Matches(@"^(\./\.github/workflows/[a-z]+\.yml|[\w.-]+/[\w.-]+@[0-9a-f]{40} # v[0-9.]+)$", match.Groups[1].Value));
        Assert.DoesNotContain("secrets.", text);
        Assert.DoesNotContain("pull_request_target", text);
        Assert.Equal(["contents: read"], Entries(Read(".github/workflows/" + file), "permissions"));
    }

    [Theory]
    [MemberData(nameof(Workflows))]
    public void A_job_gets_a_token_only_to_log_in_and_ends_in_time(string file)
    {
        foreach ((_, YamlMappingNode job) in Entries(Map(Read(".github/workflows/" + file), "jobs")))
        {
            bool deploys = Text(job, "uses").EndsWith("/deploy.yml", StringComparison.Ordinal) || Items(job, "steps").Any(step => Text((YamlMappingNode)step, "uses").StartsWith("azure/login@", StringComparison.Ordinal));
            Assert.Equal(deploys ? ["contents: read", "id-token: write"] : [], Entries(job, "permissions"));
            Assert.Equal(Text(job, "uses").Length == 0, Text(job, "timeout-minutes").Length > 0);
        }
    }

    [Theory]
    [MemberData(nameof(Workflows))]
    public async Task Its_scripts_are_shell_and_take_nothing_from_whoever_opened_a_pull_request(string file)
    {
        foreach (YamlMappingNode step in Entries(Map(Read(".github/workflows/" + file), "jobs")).SelectMany(job => Items(job.Value, "steps")).Cast<YamlMappingNode>())
        {
            string script = Text(step, "run");
            Assert.DoesNotContain("${{", script);
            foreach (Match match in Scripts().Matches(script))
            {
                Assert.True(File.Exists(PathOf(match.Groups[1].Value)), $"There is no {match.Groups[1].Value}.");
            }

            await ParsesAsync(script);
        }
    }

    [Fact]
    public void Each_environment_that_is_deployed_has_its_parameters()
    {
        string[] environments = [.. Entries(Map(Read(".github/workflows/ci.yml"), "jobs")).Select(job => Text(job.Value, "with", "environment")).Where(name => name.Length > 0).Distinct().Order()];

        Assert.Equal(Directory.GetFiles(PathOf("infra/environments"), "*.bicepparam").Select(Path.GetFileNameWithoutExtension).Order(), environments);
    }

    [Fact]
    public void The_workflow_sets_every_variable_that_parameters_read()
    {
        // Who deploys is told by azd; a workflow's own identity needs no right to set keys.
        string[] read = [.. Directory.GetFiles(PathOf("infra/environments"), "*.bicepparam").SelectMany(path => Variables().Matches(File.ReadAllText(path)))
            .Select(match => match.Groups[1].Value).Where(name => !name.StartsWith("AZURE_PRINCIPAL_", StringComparison.Ordinal)).Distinct().Order()];
        string[] set = [.. Map(Read(".github/workflows/deploy.yml"), "jobs", "deploy", "env").Children.Where(entry => entry.Value.ToString().Contains("vars.", StringComparison.Ordinal)).Select(entry => entry.Key.ToString()).Order()];

        Assert.Equal(read, set);
    }

    [Fact]
    public void The_workflow_deploys_with_the_compiler_that_the_tests_use()
    {
        string version = XDocument.Load(PathOf("Directory.Packages.props")).Descendants("PackageVersion")
            .Single(package => package.Attribute("Include")!.Value == "Azure.Bicep.CommandLine.linux-x64").Attribute("Version")!.Value;

        Assert.Contains($"az bicep install --version v{version}", File.ReadAllText(PathOf(".github/workflows/deploy.yml")));
    }

    private static string PathOf(string path) => Path.Combine(Repository.Root, path);

    private static YamlMappingNode Read(string path)
    {
        var stream = new YamlStream();
        using var reader = new StreamReader(PathOf(path));
        stream.Load(reader);
        return (YamlMappingNode)stream.Documents.Single().RootNode;
    }

    private static YamlNode? At(YamlMappingNode node, params string[] path) =>
        path.Aggregate((YamlNode?)node, (current, key) => current is YamlMappingNode map && map.Children.TryGetValue(key, out YamlNode? child) ? child : null);

    private static YamlMappingNode Map(YamlMappingNode node, params string[] path) => Assert.IsType<YamlMappingNode>(At(node, path));

    private static string Text(YamlMappingNode node, params string[] path) => (At(node, path) as YamlScalarNode)?.Value ?? "";

    private static IEnumerable<YamlNode> Items(YamlMappingNode node, string key) => At(node, key) as YamlSequenceNode ?? Enumerable.Empty<YamlNode>();

    private static IEnumerable<(string Key, YamlMappingNode Value)> Entries(YamlMappingNode node) => node.Children.Select(entry => (entry.Key.ToString(), (YamlMappingNode)entry.Value));

    private static string[] Entries(YamlMappingNode node, string key) => [.. (At(node, key) as YamlMappingNode)?.Children.Select(entry => $"{entry.Key}: {entry.Value}") ?? []];

    private static async Task ParsesAsync(string script)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "There is no bash here.");
        using Process bash = Process.Start(new ProcessStartInfo("bash", ["-n"]) { RedirectStandardInput = true, RedirectStandardError = true })!;
        await bash.StandardInput.WriteAsync(script);
        bash.StandardInput.Close();
        string errors = await bash.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await bash.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal("", errors);
        Assert.Equal(0, bash.ExitCode);
    }

    [GeneratedRegex(@"^\s*(?:- )?uses: (.+)$", RegexOptions.Multiline)]
    private static partial Regex Uses();

    [GeneratedRegex(@"\bbash ([\w./-]+)")]
    private static partial Regex Scripts();

    [GeneratedRegex(@"readEnvironmentVariable\(\s*'(\w+)'")]
    private static partial Regex Variables();
}
