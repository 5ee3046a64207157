using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Serverless.Tests;

namespace Serverless.Benchmarks.Load;

/// <summary>
/// The processes that are measured. The gateway is the App beside this program, or the published executable that
/// <c>SERVERLESS_APP</c> names.
/// </summary>
internal sealed class LoadServers(string store) : IAsyncDisposable
{
    public const string Key = "sk-load";

    private readonly List<Process> _processes = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("serverless-load-").FullName;
    private Process? _gateway;
    private AzuriteProcess? _azurite;

    /// <summary>Where the gateway keeps usage records.</summary>
    public string Store => store;

    public Uri Stub { get; } = FreeUrl();

    public Uri Proxy { get; } = FreeUrl();

    public Uri Gateway { get; } = FreeUrl();

    /// <summary>The same gateway, which writes no records.</summary>
    public Uri Silent { get; } = FreeUrl();

    public async Task StartAsync()
    {
        if (store == "table")
        {
            _azurite = await AzuriteProcess.StartAsync(heapMegabytes: 8000);
            if (_azurite.Missing is { } missing)
            {
                throw new InvalidOperationException(missing);
            }
        }

        Start(_folder, Environment.ProcessPath!, ["stub", Stub.ToString()]);
        Start(_folder, Environment.ProcessPath!, ["proxy", Proxy.ToString(), Stub.ToString()]);
        _gateway = await StartGatewayAsync(Gateway, store);
        await StartGatewayAsync(Silent, "log", ("Logging__LogLevel__usage", "None"));
        using var client = new HttpClient();
        foreach (Uri url in (Uri[])[Stub, Proxy, Gateway, Silent])
        {
            await ReadyAsync(client, url);
        }
    }

    private async Task<Process> StartGatewayAsync(Uri address, string usageStore, params (string Name, string Value)[] environment)
    {
        // Each has a folder of its own: they would share a file of records else.
        string folder = Directory.CreateDirectory(Path.Combine(_folder, address.Port.ToString(CultureInfo.InvariantCulture))).FullName;
        string config = Path.Combine(folder, "gateway.json");
        await File.WriteAllTextAsync(config, $$"""
            {
              "discover": false,
              "usage": { "store": "{{usageStore}}"{{(usageStore == "table" ? $", \"connectionString\": \"{_azurite!.ConnectionString}\"" : "")}} },
              "providers": { "stub": { "kind": "openai", "dialects": ["openai.chat-completions"], "baseUrl": "{{Stub}}v1", "apiKey": "none" } },
              "endpoints": {
                "load-e100": { "destinations": [{ "provider": "stub", "model": "e100" }] },
                "load-e10000": { "destinations": [{ "provider": "stub", "model": "e10000" }] }
              },
              "callers": [{ "id": "load", "type": "user", "keySha256": "{{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Key)))}}" }]
            }
            """);
        string app = Environment.GetEnvironmentVariable("SERVERLESS_APP") ?? Path.Combine(AppContext.BaseDirectory, "Serverless.App.dll");
        bool managed = app.EndsWith(".dll", StringComparison.Ordinal);
        return Start(folder, managed ? "dotnet" : app, managed ? [app] : [], [("GATEWAY_CONFIG", config), ("ASPNETCORE_URLS", address.ToString()), .. environment]);
    }

    public double GatewayMegabytes()
    {
        _gateway!.Refresh();
        return _gateway.WorkingSet64 / 1048576.0;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Process process in _processes)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }

        if (_azurite is not null)
        {
            await _azurite.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private Process Start(string folder, string file, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        Process process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, e) => Console.Error.WriteLine(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _processes.Add(process);
        return process;
    }

    private static async Task ReadyAsync(HttpClient client, Uri url)
    {
        for (int attempt = 0; attempt < 400; attempt++)
        {
            try
            {
                using HttpResponseMessage response = await client.GetAsync(url);
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(50);
            }
        }

        throw new TimeoutException($"Nothing answers at {url}.");
    }

    private static Uri FreeUrl() => new($"http://127.0.0.1:{AppProcess.FreePort()}/");
}
