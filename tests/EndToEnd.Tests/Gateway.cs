using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Serverless.EndToEnd.Tests.Provider;
using Serverless.Tests;

namespace Serverless.EndToEnd.Tests;

/// <summary>
/// The gateway as users run it: the built App in a process of its own, before it a <see cref="StandInProvider"/>. One for the whole
/// assembly. Set <c>SERVERLESS_APP</c> to the path of a published executable to test that one instead.
/// </summary>
public sealed class Gateway : IAsyncLifetime
{
    public const string Key = "sk-end-to-end";

    private static readonly string[] Scenarios = ["text", "reasoning", "agent", "parallel", "image", "json", "slow", "e429", "e400", "embed"];

    private readonly StringBuilder _output = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("serverless-e2e-").FullName;
    private Process? _process;

    public StandInProvider Provider { get; private set; } = null!;

    public string Url { get; private set; } = "";

    /// <summary>What the process has printed so far.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    public async ValueTask InitializeAsync()
    {
        Provider = await StandInProvider.StartAsync();
        string config = Path.Combine(_folder, "gateway.json");
        await File.WriteAllTextAsync(config, Configuration(Provider.Url).ToJsonString());
        Url = $"http://127.0.0.1:{AppProcess.FreePort()}";
        string app = Environment.GetEnvironmentVariable("SERVERLESS_APP") ?? Path.Combine(AppContext.BaseDirectory, "Serverless.App.dll");
        var start = new ProcessStartInfo(app.EndsWith(".dll", StringComparison.Ordinal) ? "dotnet" : app)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder,
        };
        if (app.EndsWith(".dll", StringComparison.Ordinal))
        {
            start.ArgumentList.Add(app);
        }

        start.Environment["GATEWAY_CONFIG"] = config;
        start.Environment["ASPNETCORE_URLS"] = Url;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, e) => Append(e.Data);
        _process.ErrorDataReceived += (_, e) => Append(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await ReadyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process?.Dispose();
        await Provider.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static JsonObject Configuration(string provider)
    {
        JsonObject endpoints = [];
        foreach (string family in (string[])["chat", "responses", "anthropic", "gemini"])
        {
            foreach (string scenario in Scenarios)
            {
                endpoints[$"{family}/{scenario}"] = new JsonObject { ["destinations"] = new JsonArray(new JsonObject { ["provider"] = family, ["model"] = scenario }) };
            }
        }

        string hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(Key)));
        return new JsonObject
        {
            ["discover"] = false,
            ["providers"] = new JsonObject
            {
                ["chat"] = new JsonObject { ["kind"] = "openai-compatible", ["baseUrl"] = $"{provider}/chat/v1", ["apiKey"] = "upstream-chat" },
                ["responses"] = new JsonObject { ["kind"] = "openai", ["baseUrl"] = $"{provider}/responses/v1", ["apiKey"] = "upstream-responses", ["dialects"] = new JsonArray("openai.responses") },
                ["anthropic"] = new JsonObject { ["kind"] = "anthropic", ["baseUrl"] = $"{provider}/anthropic", ["apiKey"] = "upstream-anthropic" },
                ["gemini"] = new JsonObject { ["kind"] = "gemini", ["baseUrl"] = $"{provider}/gemini", ["apiKey"] = "upstream-gemini" },
            },
            ["endpoints"] = endpoints,
            ["callers"] = new JsonArray(new JsonObject { ["id"] = "tester", ["type"] = "user", ["keySha256"] = hash }),
        };
    }

    private async Task ReadyAsync()
    {
        using var client = new HttpClient();
        for (int attempt = 0; attempt < 600; attempt++)
        {
            if (_process!.HasExited)
            {
                throw new InvalidOperationException($"The gateway ended with {_process.ExitCode}:\n{Output}");
            }

            try
            {
                using HttpResponseMessage response = await client.GetAsync(Url);
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(50);
            }
        }

        throw new TimeoutException($"The gateway did not answer:\n{Output}");
    }

    private void Append(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
        }
    }
}
