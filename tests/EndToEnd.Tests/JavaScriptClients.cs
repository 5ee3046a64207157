using System.Collections.Concurrent;
using System.Text.Json;
using Serverless.Tests;

namespace Serverless.EndToEnd.Tests;

/// <summary>Runs each script of <c>clients/</c> once and keeps what it found.</summary>
public sealed class JavaScriptClients : IAsyncLifetime
{
    private readonly ConcurrentDictionary<string, Lazy<Task<IReadOnlyList<Finding>>>> _runs = [];
    private NodePackages _packages = null!;

    public async ValueTask InitializeAsync() => _packages = await NodePackages.InstallAsync("tests", "EndToEnd.Tests", "clients");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>What the script found for one provider and check; skips the test where the script cannot run.</summary>
    public async Task<Finding> FindAsync(Gateway gateway, string script, string provider, string check)
    {
        Assert.SkipWhen(_packages.Missing is not null, _packages.Missing ?? "");
        IReadOnlyList<Finding> all = await _runs.GetOrAdd(script, s => new Lazy<Task<IReadOnlyList<Finding>>>(() => RunScriptAsync(gateway, s))).Value;
        return Assert.Single(all, f => f.Provider == provider && f.Check == check);
    }

    private async Task<IReadOnlyList<Finding>> RunScriptAsync(Gateway gateway, string script)
    {
        (int exit, string output) = await Programs.RunAsync(_packages.Node, [script], _packages.Folder, ("GATEWAY", gateway.Url), ("KEY", Gateway.Key));
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
}

/// <summary>One check of a script; <paramref name="Error"/> is null when it held.</summary>
public sealed record Finding(string Provider, string Check, string? Error);
