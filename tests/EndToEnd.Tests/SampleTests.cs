using System.ComponentModel;
using Serverless.Tests;

namespace Serverless.EndToEnd.Tests;

/// <summary>The samples that users copy from are run as they stand, each before a provider of another dialect.</summary>
public sealed class SampleTests(Gateway gateway)
{
    /// <summary>The sample, the endpoint that it is given, and what its output holds.</summary>
    public static TheoryData<string, string, string> Samples => new()
    {
        { "chat", "anthropic/text", "Hello" },
        { "embeddings", "gemini/embed", "-0.25" },
        { "responses", "gemini/text", "Hello" },
        { "openai-tools", "anthropic/agent", "get_weather" },
        { "messages", "chat/text", "Hello" },
        { "gemini", "responses/text", "Hello" },
    };

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task Curl(string sample, string endpoint, string expected)
    {
        Assert.SkipUnless(await RunsAsync("curl"), "curl is not there.");
        await AssertAsync("bash", [Path.Combine(Repository.Root, "samples", "curl", sample + ".sh")], Repository.Root, endpoint, expected);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task JavaScript(string sample, string endpoint, string expected)
    {
        NodePackages packages = await NodePackages.InstallAsync("tests", "EndToEnd.Tests", "clients");
        Assert.SkipWhen(packages.Missing is not null, packages.Missing ?? "");

        // Below the packages that it imports.
        string folder = Directory.CreateDirectory(Path.Combine(packages.Folder, "node_modules", ".samples")).FullName;
        string script = Path.Combine(folder, sample + ".mjs");
        File.Copy(Path.Combine(Repository.Root, "samples", "javascript", sample + ".mjs"), script, overwrite: true);
        await AssertAsync(packages.Node, [script], folder, endpoint, expected);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task CSharp(string sample, string endpoint, string expected) =>
        await AssertAsync("dotnet", ["run", Path.Combine(Repository.Root, "samples", "csharp", sample + ".cs")], Repository.Root, endpoint, expected);

    [Fact]
    public async Task Python_is_at_least_valid()
    {
        Assert.SkipUnless(await RunsAsync("python3"), "Python is not there.");
        string[] scripts = Directory.GetFiles(Path.Combine(Repository.Root, "samples", "python"), "*.py");
        Assert.Equal(6, scripts.Length);
        (int exit, string output) = await Programs.RunAsync("python3", ["-c", "import ast, sys\nfor path in sys.argv[1:]: ast.parse(open(path).read(), path)", .. scripts], Repository.Root);
        Assert.True(exit == 0, output);
    }

    private async Task AssertAsync(string file, string[] arguments, string folder, string endpoint, string expected)
    {
        (int exit, string output) = await Programs.RunAsync(file, arguments, folder, ("GATEWAY_URL", gateway.Url), ("GATEWAY_KEY", Gateway.Key), ("MODEL", endpoint));
        Assert.True(exit == 0 && output.Contains(expected, StringComparison.Ordinal), $"It ended with {exit}:\n{output}");
    }

    private static async Task<bool> RunsAsync(string program)
    {
        try
        {
            return (await Programs.RunAsync(program, ["--version"], Repository.Root)).Exit == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
