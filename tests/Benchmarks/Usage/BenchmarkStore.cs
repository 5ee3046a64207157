using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Serverless.Gateway.Metering.Storage;
using Serverless.Tests;

namespace Serverless.Benchmarks.Usage;

/// <summary>An empty store of usage records: a SQLite file, or the real emulator of Azure Table Storage in a process of its own.</summary>
internal sealed class BenchmarkStore : IAsyncDisposable
{
    private readonly AzuriteProcess? _azurite;
    private readonly string _folder;

    private BenchmarkStore(string folder, AzuriteProcess? azurite, UsageSettings settings, UsageStorage? storage = null)
    {
        _folder = folder;
        _azurite = azurite;
        Settings = settings;
        Storage = storage ?? UsageStorage.Open(settings)!;
    }

    public UsageSettings Settings { get; }

    public UsageStorage Storage { get; }

    /// <summary>What the store holds: the file, or the memory of the emulator.</summary>
    public double Megabytes => _azurite?.Megabytes() ?? Directory.EnumerateFiles(_folder).Sum(f => new FileInfo(f).Length) / 1048576.0;

    public string Journal => Path.Combine(_folder, "journal");

    /// <param name="kind"><c>sqlite</c> or <c>table</c>.</param>
    /// <param name="delay">How far away the table service is: how much longer each request to it takes.</param>
    /// <returns>Null, with a word on the console, where it cannot run.</returns>
    public static async Task<BenchmarkStore?> OpenAsync(string kind, TimeSpan delay = default)
    {
        string folder = Directory.CreateTempSubdirectory("serverless-benchmark-").FullName;
        if (kind == "sqlite")
        {
            return new BenchmarkStore(folder, null, new UsageSettings { Path = Path.Combine(folder, "usage.db") });
        }

        AzuriteProcess azurite = await AzuriteProcess.StartAsync(heapMegabytes: 20_000);
        if (azurite.Missing is not null)
        {
            Console.WriteLine($"table: skipped: {azurite.Missing}");
            return null;
        }

        var options = new TableClientOptions { Transport = new HttpClientTransport(new Distance(delay)) };
        return new BenchmarkStore(
            folder,
            azurite,
            new UsageSettings { Store = UsageStoreKind.Table, ConnectionString = azurite.ConnectionString },
            delay > TimeSpan.Zero ? UsageStorage.Of(new UsageTables(new TableServiceClient(azurite.ConnectionString, options))) : null);
    }

    public async ValueTask DisposeAsync()
    {
        Storage.Dispose();
        if (_azurite is not null)
        {
            await _azurite.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>The way to a service in a data centre, and back.</summary>
    private sealed class Distance(TimeSpan delay) : DelegatingHandler(new SocketsHttpHandler { MaxConnectionsPerServer = 50 })
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await Task.Delay(delay, cancellationToken);
            return await base.SendAsync(request, cancellationToken);
        }
    }
}
