using System.ComponentModel;
using Serverless.Tests;

namespace Serverless.Gateway.Tests.Infrastructure;

/// <summary>
/// The Bicep compiler, brought by NuGet through <c>infra/tools</c>, over a copy of <c>infra/</c>. Where it cannot be restored or does not run, tests skip and say so.
/// </summary>
public sealed class Bicep : IAsyncLifetime
{
    // The environment's own variables must not reach parameter files.
    private static readonly string[] Meaningful = ["AZURE_", "GATEWAY_"];

    private readonly string _folder = Directory.CreateTempSubdirectory("serverless-infra-").FullName;
    private string _executable = "";

    /// <summary>Why Bicep cannot be used here; null when it can.</summary>
    public string? Missing { get; private set; }

    public async ValueTask InitializeAsync()
    {
        if (!OperatingSystem.IsLinux())
        {
            Missing = "The Bicep package is for Linux.";
            return;
        }

        string project = Path.Combine(Repository.Root, "infra", "tools", "Bicep.csproj");
        try
        {
            (int exit, string text) = await ProcessAsync("dotnet", ["restore", project, "--nologo", "-v", "quiet"]);
            if (exit != 0)
            {
                Missing = $"The Bicep package cannot be restored here: {text.Trim()}";
                return;
            }

            (_, text) = await ProcessAsync("dotnet", ["msbuild", project, "-nologo", "-getProperty:BicepExecutable"]);
            _executable = text.Trim();
            File.SetUnixFileMode(_executable, File.GetUnixFileMode(_executable) | UnixFileMode.UserExecute);
            (exit, text) = await ProcessAsync(_executable, ["--version"]);
            Missing = exit == 0 ? null : $"Bicep does not run here: {text.Trim()}";
        }
        catch (Win32Exception e)
        {
            Missing = $"Bicep does not run here: {e.Message}";
            return;
        }

        foreach (string file in Directory.GetFiles(Path.Combine(Repository.Root, "infra"), "*.bicep*", SearchOption.AllDirectories).Append(PathOf("full")))
        {
            string copy = Path.Combine(_folder, Path.GetRelativePath(Repository.Root, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        File.Copy(Path.Combine(Repository.Root, "infra", "bicepconfig.json"), Path.Combine(_folder, "infra", "bicepconfig.json"));
    }

    /// <summary>The parameter file of an environment, or the one in which everything is switched on.</summary>
    public static string PathOf(string environment) => environment == "full"
        ? Path.Combine(Repository.Root, "tests", "Gateway.Tests", "Infrastructure", "full.bicepparam")
        : Path.Combine(Repository.Root, "infra", "environments", environment + ".bicepparam");

    /// <summary>The copy of a file of the repository.</summary>
    public string Copy(string path) => Path.Combine(_folder, Path.GetRelativePath(Repository.Root, path));

    /// <summary>Runs it; the text is everything that it prints.</summary>
    public Task<(int Exit, string Text)> RunAsync(params string[] arguments) => RunAsync([], arguments);

    /// <summary>Runs it with variables that parameter files read.</summary>
    public Task<(int Exit, string Text)> RunAsync((string Name, string Value)[] variables, params string[] arguments)
    {
        Assert.SkipWhen(Missing is not null, Missing ?? "");
        return ProcessAsync(_executable, arguments, [.. variables.Select(v => (v.Name, (string?)v.Value))]);
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private static Task<(int Exit, string Text)> ProcessAsync(string file, string[] arguments, params (string Name, string? Value)[] variables)
    {
        IEnumerable<string> own = Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(name => Meaningful.Any(name.StartsWith));
        return Programs.RunAsync(file, arguments, Repository.Root, [.. own.Select(name => (name, (string?)null)), .. variables]).WaitAsync(TimeSpan.FromMinutes(3));
    }
}
