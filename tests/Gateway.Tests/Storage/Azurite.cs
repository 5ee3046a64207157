using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Serverless.Tests;

[assembly: AssemblyFixture(typeof(Serverless.Gateway.Tests.Storage.Azurite))]

namespace Serverless.Gateway.Tests.Storage;

/// <summary>The real storage emulator, one for the assembly.</summary>
public sealed class Azurite : IAsyncLifetime
{
    private AzuriteProcess? _process;
    private int _tables;

    public async ValueTask InitializeAsync() => _process = await AzuriteProcess.StartAsync();

    public ValueTask DisposeAsync() => _process?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>What an operator would configure; skips the test where the emulator cannot run.</summary>
    public string ConnectionString
    {
        get
        {
            Assert.SkipWhen(_process!.Missing is not null, _process.Missing ?? "");
            return _process.ConnectionString;
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
