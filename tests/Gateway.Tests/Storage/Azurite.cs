using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Serverless.Tests;

[assembly: AssemblyFixture(typeof(Serverless.Gateway.Tests.Storage.Azurite))]

namespace Serverless.Gateway.Tests.Storage;

/// <summary>
/// The real storage emulator, one for the assembly: tables only, in memory, on a free loopback port. It ends when its standard input
/// closes, and so also when the tests are killed.
/// </summary>
public sealed class Azurite : IAsyncLifetime
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

    private Process? _process;
    private string? _missing;
    private string _endpoint = "";
    private int _tables;

    public async ValueTask InitializeAsync()
    {
        NodePackages packages = await NodePackages.InstallAsync("tests", "Gateway.Tests", "Storage", "azurite");
        _missing = packages.Missing;
        if (_missing is not null)
        {
            return;
        }

        string main = Path.Combine(packages.Folder, "node_modules", "azurite", "dist", "src", "table", "main.js");
        var start = new ProcessStartInfo(packages.Node, ["-e", Wrapper.Replace("MAIN", JsonSerializer.Serialize(main), StringComparison.Ordinal), "--",
            "--tableHost", "127.0.0.1", "--tablePort", "0", "--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        var errors = new StringBuilder();
        _process.ErrorDataReceived += (_, e) => errors.AppendLine(e.Data);
        _process.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await _process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (line.StartsWith("LISTENING ", StringComparison.Ordinal))
            {
                _endpoint = $"http://127.0.0.1:{line[10..].Trim()}/{Account}";
                _ = _process.StandardOutput.ReadToEndAsync(CancellationToken.None);
                return;
            }
        }

        throw new InvalidOperationException($"Azurite did not start: {errors}");
    }

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

    /// <summary>What an operator would configure; skips the test where the emulator cannot run.</summary>
    public string ConnectionString
    {
        get
        {
            Assert.SkipWhen(_missing is not null, _missing ?? "");
            return $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={AccountKey};TableEndpoint={_endpoint};";
        }
    }

    /// <summary>A client whose tables are its own: every test gets names that no other uses.</summary>
    /// <param name="transport">Stands between the client and the emulator.</param>
    public TableServiceClient Connect(HttpPipelineTransport? transport = null)
    {
        var options = new TableClientOptions();
        options.Retry.MaxRetries = 0;
        if (transport is not null)
        {
            options.Transport = transport;
        }

        return new TableServiceClient(ConnectionString, options);
    }

    /// <summary>A prefix for the names of a test's tables.</summary>
    public string NextPrefix() => $"t{Interlocked.Increment(ref _tables)}x";
}
