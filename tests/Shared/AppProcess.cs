using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Serverless.Tests;

/// <summary>The built App in a process of its own, in an empty folder and with nothing of the tests' environment that could mean something to it.</summary>
internal sealed class AppProcess : IAsyncDisposable
{
    private static readonly string[] Meaningful = ["_API_KEY", "_BASE_URL", "_HOST", "_TOKEN", "_ENDPOINT", "GATEWAY", "ASPNETCORE_", "PORT", "FUNCTIONS_", "AZURE_"];

    private readonly Process _process;
    private readonly string _folder = Directory.CreateTempSubdirectory("serverless-app-").FullName;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private bool _disposed;

    private AppProcess(string[] arguments, string? gatewayJson, (string Name, string Value)[] environment)
    {
        if (gatewayJson is not null)
        {
            File.WriteAllText(Path.Combine(_folder, "gateway.json"), gatewayJson);
        }

        string app = Environment.GetEnvironmentVariable("SERVERLESS_APP") ?? Path.Combine(AppContext.BaseDirectory, "Serverless.App.dll");
        bool managed = app.EndsWith(".dll", StringComparison.Ordinal);
        var start = new ProcessStartInfo(managed ? "dotnet" : app, managed ? [app, .. arguments] : arguments)
        {
            WorkingDirectory = _folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (string name in start.Environment.Keys.Where(name => Meaningful.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase))).ToArray())
        {
            start.Environment.Remove(name);
        }

        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _process.StandardInput.Close();
        _process.OutputDataReceived += (_, e) => Append(_output, e.Data);
        _process.ErrorDataReceived += (_, e) => Append(_errors, e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Output => Read(_output);

    public string Errors => Read(_errors);

    /// <summary>Starts it; it may end by itself.</summary>
    public static AppProcess Start(string[] arguments, string? gatewayJson = null, params (string Name, string Value)[] environment) => new(arguments, gatewayJson, environment);

    /// <summary>
    /// A port that nobody listens on. It is below those that the system gives to whoever asks for any: another test's server or connection would
    /// have it before the process that it is for has started.
    /// </summary>
    public static int FreePort()
    {
        while (true)
        {
            int port = Random.Shared.Next(10_240, 32_000);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken: another one.
            }
        }
    }

    /// <summary>Its exit code, when it ends by itself.</summary>
    public async Task<int> ExitAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    /// <summary>Asks it to end, as a host does that scales in (SIGTERM), and waits until it has.</summary>
    public async Task TerminateAsync()
    {
        await SignalAsync("TERM");
        await ExitAsync();
    }

    /// <summary>Halts it: it holds what it has, and does nothing.</summary>
    public Task SuspendAsync() => SignalAsync("STOP");

    /// <summary>Lets it go on.</summary>
    public Task ResumeAsync() => SignalAsync("CONT");

    /// <summary>Waits until it answers.</summary>
    public async Task<HttpClient> ReadyAsync(int port)
    {
        var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        for (int attempt = 0; attempt < 600 && !_process.HasExited; attempt++)
        {
            try
            {
                await client.GetAsync("/health");
                return client;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(100);
            }
        }

        throw new InvalidOperationException($"The App did not start: {Output}{Errors}");
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task SignalAsync(string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", $"{_process.Id}"]);
        await kill.WaitForExitAsync();
    }

    private static void Append(StringBuilder text, string? line)
    {
        lock (text)
        {
            text.AppendLine(line);
        }
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }
}
