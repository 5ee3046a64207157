using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Serverless.Tests;

namespace Serverless.EndToEnd.Tests;

/// <summary>
/// Two Apps with SQLite, an open one and one with callers; the traffic of the README's own examples and some that is made to hurt; and what
/// a browser found when it looked at the dashboard.
/// </summary>
public sealed partial class DashboardChecks : IAsyncLifetime
{
    private const string ReaderKey = "sk-dashboard-reader-0123456789";
    private const string OwnerKey = "sk-dashboard-owner-0123456789";
    private const string HostileName = "<img src=x onerror=alert(1)>";

    private readonly Dictionary<string, string?> _found = [];
    private string? _missing;

    /// <summary>Why a check does not hold; null when it does. Skips the test where there is no browser.</summary>
    public Task<string?> FindAsync(string check)
    {
        Assert.SkipWhen(_missing is not null, _missing ?? "");
        return Task.FromResult(_found.TryGetValue(check, out string? error) ? error : $"There is no check '{check}': {string.Join(", ", _found.Keys)}");
    }

    public async ValueTask InitializeAsync()
    {
        NodePackages packages = await NodePackages.InstallAsync("tests", "EndToEnd.Tests", "dashboard");
        string? browser = Browser();
        _missing = packages.Missing ?? (browser is null ? "Chromium is not there: set CHROMIUM to its path, or install it (apt-get install chromium)." : null);
        if (_missing is not null)
        {
            return;
        }

        int open = AppProcess.FreePort();
        int closed = AppProcess.FreePort();
        await using var openApp = AppProcess.Start(["--urls", $"http://127.0.0.1:{open}"]);
        await using var closedApp = AppProcess.Start(["--urls", $"http://127.0.0.1:{closed}"], Callers($"http://127.0.0.1:{open}/v1"));
        using HttpClient openClient = await openApp.ReadyAsync(open);
        using HttpClient closedClient = await closedApp.ReadyAsync(closed);
        await MakeExamplesAsync($"http://127.0.0.1:{open}");
        await MakeTrafficAsync(openClient);
        foreach (string model in (string[])["demo", "upstream/demo", "upstream/demo", "upstream/demo/responses"])
        {
            using HttpResponseMessage own = await closedClient.SendAsync(Chat(model, ("authorization", $"Bearer {ReaderKey}")));
            Assert.True(own.IsSuccessStatusCode, await own.Content.ReadAsStringAsync());
        }

        (int exit, string output) = await Programs.RunAsync(
            packages.Node,
            ["dashboard.mjs"],
            packages.Folder,
            ("OPEN", $"http://127.0.0.1:{open}"),
            ("CLOSED", $"http://127.0.0.1:{closed}"),
            ("READER", ReaderKey),
            ("OWNER", OwnerKey),
            ("CHROMIUM", browser!),
            ("PICTURES", Path.Combine(AppContext.BaseDirectory, "TestResults", "dashboard")));
        foreach (string line in output.Split('\n').Where(l => l.StartsWith("{\"check\"", StringComparison.Ordinal)))
        {
            using JsonDocument json = JsonDocument.Parse(line);
            _found[json.RootElement.GetProperty("check").GetString()!] = json.RootElement.GetProperty("error").GetString();
        }

        Assert.True(exit == 0 && _found.Count > 0, $"dashboard.mjs ended with {exit}:\n{output}");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>The commands with which the README asks the gateway something, and the samples that it points to, as they stand.</summary>
    private static async Task MakeExamplesAsync(string url)
    {
        string readme = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "README.md"));
        string[] commands = [.. ShellBlocks().Matches(readme)
            .SelectMany(block => block.Groups[1].Value.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n'))
            .Where(command => command.StartsWith("curl ", StringComparison.Ordinal) && command.Contains("127.0.0.1:7071/v1/", StringComparison.Ordinal))];
        Assert.NotEmpty(commands);
        foreach (string command in commands)
        {
            (int exit, string output) = await Programs.RunAsync("bash", ["-c", command.Replace("http://127.0.0.1:7071", url, StringComparison.Ordinal)], Repository.Root);
            Assert.True(exit == 0 && output.Contains("data: [DONE]", StringComparison.Ordinal), $"{command}:\n{output}");
        }

        foreach (string sample in Directory.GetFiles(Path.Combine(Repository.Root, "samples", "curl"), "*.sh"))
        {
            (int exit, string output) = await Programs.RunAsync("bash", [sample], Repository.Root, ("GATEWAY_URL", url));
            Assert.True(exit == 0, $"{sample}:\n{output}");
        }
    }

    private static async Task MakeTrafficAsync(HttpClient client)
    {
        HttpRequestMessage[] requests =
        [
            Chat("demo/messages", ("user-agent", "claude-cli/2.1.0 (external, cli)"), ("x-claude-code-session-id", "session-one")),
            Chat("demo/messages", ("user-agent", "claude-cli/2.1.0 (external, cli)"), ("x-claude-code-session-id", "session-one")),
            Chat("demo/responses", ("user-agent", "codex_cli_rs/0.60"), ("x-gateway-tags", """{"team":"search","env":"prod"}""")),
            Chat("demo/generate-content", ("x-gateway-tags", """{"team":"search"}""")),
            Chat("no-such-endpoint"),
            Chat(HostileName, ("user-agent", "opencode/1 <script>alert(1)</script>"), ("x-session-id", HostileName), ("x-gateway-tags", $$"""{"<script>alert(1)</script>":"{{HostileName}}"}""")),
        ];
        foreach (HttpRequestMessage request in requests)
        {
            using HttpResponseMessage response = await client.SendAsync(request);
            await response.Content.ReadAsByteArrayAsync();
        }
    }

    private static HttpRequestMessage Chat(string model, params (string Name, string Value)[] headers)
    {
        // Anthropic Messages knows no such penalty: one of the fields that a record names as dropped.
        string body = $$"""{"model":"{{model}}","frequency_penalty":0.5,"messages":[{"role":"user","content":"Hello!"}]}""";
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    /// <summary>With the open gateway as a provider, one of whose models has a price and the others none.</summary>
    private static string Callers(string upstream) => $$"""
        {
          "providers": { "demo": { "kind": "demo" }, "upstream": { "kind": "openai-compatible", "baseUrl": "{{upstream}}", "apiKey": "none" } },
          "endpoints": { "demo": { "destinations": ["demo/demo"] } },
          "prices": { "models": [{ "model": "upstream/demo", "input": 1.25, "output": 10 }] },
          "callers": [
            { "id": "the-reader", "keySha256": "{{Hash(ReaderKey)}}", "role": "reader" },
            { "id": "the-owner", "keySha256": "{{Hash(OwnerKey)}}" }
          ]
        }
        """;

    private static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    private static string? Browser() => Environment.GetEnvironmentVariable("CHROMIUM") is { Length: > 0 } named
        ? named
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .SelectMany(folder => (string[])[Path.Combine(folder, "chromium"), Path.Combine(folder, "chromium-browser"), Path.Combine(folder, "google-chrome")])
            .FirstOrDefault(File.Exists);

    [GeneratedRegex("```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex ShellBlocks();
}
