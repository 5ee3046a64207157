using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Serverless.Tests;

/// <summary>
/// The real storage emulator: tables only, in memory, on a free loopback port. It ends when its standard input closes, and so also when
/// its owner is killed.
/// </summary>
internal sealed class AzuriteProcess : IAsyncDisposable
{
    // The emulator's documented account; it opens nothing else.
    private const string Account = "devstoreaccount1";
    private const string AccountKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private const string Wrapper = """
        process.stdin.resume(); process.stdin.on('end', () => process.exit(0));
        process.argv.splice(1, 0, 'azurite-table');
        const server = require('net').Server.prototype, listen = server.listen;
        server.listen = function (...a) { this.once('listening', () => console.log('LISTENING ' + this.address().port)); return listen.apply(this, a); };
        require(MAIN);
        """;

    private readonly Process? _process;

    private AzuriteProcess(Process? process, string connectionString, string? missing)
    {
        _process = process;
        ConnectionString = connectionString;
        Missing = missing;
    }

    /// <summary>Why it cannot run here; null when it does.</summary>
    public string? Missing { get; }

    /// <summary>What an operator would configure.</summary>
    public string ConnectionString { get; }

    /// <param name="heapMegabytes">How much it may hold: a million records take some 8 GB; null for what Node allows by itself.</param>
    public static async Task<AzuriteProcess> StartAsync(int? heapMegabytes = null)
    {
        NodePackages packages = await NodePackages.InstallAsync("tests", "Gateway.Tests", "Storage", "azurite");
        if (packages.Missing is not null)
        {
            return new AzuriteProcess(null, "", packages.Missing);
        }

        string main = Path.Combine(packages.Folder, "node_modules", "azurite", "dist", "src", "table", "main.js");
        string[] heap = heapMegabytes is { } megabytes ? [$"--max-old-space-size={megabytes}"] : [];
        var start = new ProcessStartInfo(packages.Node, [.. heap, "-e", Wrapper.Replace("MAIN", JsonSerializer.Serialize(main), StringComparison.Ordinal), "--",
            "--tableHost", "127.0.0.1", "--tablePort", "0", "--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process = Process.Start(start)!;
        var errors = new StringBuilder();
        process.ErrorDataReceived += (_, e) => errors.AppendLine(e.Data);
        process.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (line.StartsWith("LISTENING ", StringComparison.Ordinal))
            {
                _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
                string endpoint = $"http://127.0.0.1:{line[10..].Trim()}/{Account}";
                return new AzuriteProcess(process, $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={AccountKey};TableEndpoint={endpoint};", null);
            }
        }

        throw new InvalidOperationException($"Azurite did not start: {errors}");
    }

    /// <summary>What it holds in memory, in MB.</summary>
    public double Megabytes()
    {
        _process!.Refresh();
        return _process.WorkingSet64 / 1048576.0;
    }

    /// <summary>Halts it: connections are still taken, but nobody answers. Not on Windows.</summary>
    public void Suspend() => Signal(OperatingSystem.IsMacOS() ? 17 : 19);

    /// <summary>Lets it go on.</summary>
    public void Resume() => Signal(OperatingSystem.IsMacOS() ? 19 : 18);

    public async ValueTask DisposeAsync()
    {
        if (_process is null)
        {
            return;
        }

        _process.StandardInput.Close();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private void Signal(int signal)
    {
        if (Kill(_process!.Id, signal) != 0)
        {
            throw new InvalidOperationException($"Azurite could not be signalled: error {Marshal.GetLastPInvokeError()}.");
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Kill(int process, int signal);
}
