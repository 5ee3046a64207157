using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using Azure.Core;
using Azure.Data.Tables;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Metering.Telemetry;
using Serverless.Gateway.Reports;
using Serverless.Gateway.Reports.Rollups;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>Where usage records are kept.</summary>
internal sealed record UsageSettings
{
    /// <summary>The kind of store.</summary>
    public UsageStoreKind Store { get; init; } = UsageStoreKind.Sqlite;

    /// <summary>The SQLite file.</summary>
    public string Path { get; init; } = "usage.db";

    /// <summary>Connection string of the storage account; null when <see cref="TableEndpoint"/> is given.</summary>
    public string? ConnectionString { get; init; }

    /// <summary>Address of the table service, reached with <see cref="Credential"/>.</summary>
    public Uri? TableEndpoint { get; init; }

    /// <summary>The identity that reaches it.</summary>
    public Func<TokenCredential>? Credential { get; init; }

    /// <summary>What the names of the tables begin with: letters and digits.</summary>
    public string TablePrefix { get; init; } = "usage";

    /// <summary>How many whole months are kept besides the current one; null for all.</summary>
    public int? RetentionMonths { get; init; }

    /// <summary>
    /// Folder of the journal, for the time that the store is away; null for one beside the SQLite file, or one in the temporary folder that is
    /// the table prefix's and account's own: what is found in it goes into this store and no other.
    /// </summary>
    public string? JournalFolder { get; init; }
}

/// <summary>Kinds of stores.</summary>
internal enum UsageStoreKind
{
    /// <summary>A SQLite file beside the app.</summary>
    Sqlite,

    /// <summary>Azure Table Storage.</summary>
    Table,

    /// <summary>Lines in the log; no reports.</summary>
    Log,
}

/// <summary>The usage store and what reads it.</summary>
internal static class UsageServices
{
    /// <summary>Adds the store of the settings, and the reports over it.</summary>
    public static IServiceCollection AddUsage(this IServiceCollection services, UsageSettings settings)
    {
        switch (settings.Store)
        {
            case UsageStoreKind.Log:
                services.AddSingleton<IUsageStore, LogUsageStore>();
                return services;
            case UsageStoreKind.Sqlite:
                services.AddSingleton<IUsageSink>(_ => new SqliteUsageSink(settings.Path));
                services.AddSingleton<IUsageReader>(_ => new SqliteUsageReader(settings.Path));
                services.AddSingleton<IRollupStore>(p => new SqliteRollupStore(settings.Path, p.GetRequiredService<TimeProvider>()));
                services.AddSingleton<IUsageMonths>(_ => new SqliteUsageMonths(settings.Path));
                services.AddSingleton<IUsageSweep>(_ => new SqliteUsageSweep(settings.Path));
                break;
            case UsageStoreKind.Table:
                services.AddSingleton(_ => new UsageTables(Connect(settings, retries: 4), settings.TablePrefix));
                services.AddSingleton<IUsageSink>(_ => new TableUsageSink(new UsageTables(Connect(settings, retries: 0), settings.TablePrefix)));
                services.AddSingleton<IUsageReader>(p => new TableUsageReader(p.GetRequiredService<UsageTables>()));
                services.AddSingleton<IRollupStore>(p => new TableRollupStore(p.GetRequiredService<UsageTables>(), p.GetRequiredService<TimeProvider>()));
                services.AddSingleton<IUsageMonths>(p => new TableUsageMonths(p.GetRequiredService<UsageTables>()));
                services.AddSingleton<IUsageSweep>(p => new TableUsageSweep(p.GetRequiredService<UsageTables>()));
                break;
        }

        // A folder elsewhere may be on a disk that goes sooner than the one with the store.
        bool sameDisk = settings.Store == UsageStoreKind.Sqlite && settings.JournalFolder is null;
        services.AddSingleton(new UsageStoreTimes { Gather = sameDisk ? TimeSpan.FromMilliseconds(15) : TimeSpan.Zero });
        services.AddSingleton(p => new UsageJournal(settings.JournalFolder ?? JournalOf(settings, p), p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<UsageJournal>>()));
        services.AddSingleton(p =>
        {
            var store = new GroupCommitStore(
                new LateRowsSink(p.GetRequiredService<IUsageSink>(), p.GetRequiredService<IRollupStore>(), p.GetRequiredService<IUsageMonths>(), p.GetRequiredService<TimeProvider>()),
                p.GetRequiredService<UsageJournal>(),
                p.GetRequiredService<UsageStoreTimes>(),
                p.GetRequiredService<TimeProvider>(),
                p.GetRequiredService<ILogger<GroupCommitStore>>());
            p.GetRequiredService<GatewayTelemetry>().Watch(store);
            return store;
        });
        services.AddSingleton<IHostedService>(p => p.GetRequiredService<GroupCommitStore>());
        services.AddSingleton(p => new RequestsInFlight(
            p.GetRequiredService<GroupCommitStore>(),
            sameDisk ? p.GetRequiredService<GroupCommitStore>().StoreLater : null,
            p.GetRequiredService<UsageJournal>(),
            p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<ILogger<RequestsInFlight>>()));
        services.AddSingleton<IUsageStore>(p => p.GetRequiredService<RequestsInFlight>());
        services.AddSingleton<IHostedService>(p => p.GetRequiredService<RequestsInFlight>());

        services.AddSingleton(p => new RollupBuilder(p.GetRequiredService<IUsageReader>(), p.GetRequiredService<IUsageSweep>(), p.GetRequiredService<IRollupStore>(), p.GetRequiredService<TimeProvider>()));
        services.AddSingleton<UsageReport>();
        services.AddHostedService<RollupService>();
        services.AddHostedService<UsageStoreEnd>();
        return services;
    }

    private static string JournalOf(UsageSettings settings, IServiceProvider services)
    {
        if (settings.Store == UsageStoreKind.Sqlite)
        {
            return Path.GetFullPath(settings.Path) + "-pending";
        }

        byte[] store = SHA256.HashData(Encoding.UTF8.GetBytes(services.GetRequiredService<UsageTables>().Address));
        string folder = Path.Combine(Path.GetTempPath(), "serverless-usage-" + Convert.ToHexStringLower(store.AsSpan(0, 8)));
        if (!OperatingSystem.IsWindows())
        {
            KeepPrivate(folder);
        }

        return folder;
    }

    /// <summary>Records name people and addresses, and everybody on the machine may look into the temporary folder, or put a folder there before.</summary>
    /// <exception cref="GatewayConfigurationException">The folder is somebody else's.</exception>
    [UnsupportedOSPlatform("windows")]
    internal static void KeepPrivate(string folder)
    {
        const UnixFileMode Mine = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        try
        {
            if (new FileInfo(folder).LinkTarget is not null)
            {
                throw new UnauthorizedAccessException();
            }

            if (!Directory.Exists(folder))
            {
                Directory.CreateDirectory(folder, Mine);
            }

            // Also where it has this mode: only its owner may set it.
            File.SetUnixFileMode(folder, Mine);
        }
        catch (UnauthorizedAccessException) when (Path.Exists(folder) || new FileInfo(folder).LinkTarget is not null)
        {
            throw new GatewayConfigurationException(
                [new ConfigurationFault("usage.journalFolder", $"{folder} would be taken, but it is another user's, who could read the records in it. Name a folder that is the gateway's own, or remove that one.")]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Whoever writes into it tells of it.
        }
    }

    /// <summary>The account of the settings.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="retries">How often it tries again. The writer has its own patience; a client that tries again by itself would use it up unseen.</param>
    internal static TableServiceClient Connect(UsageSettings settings, int retries)
    {
        var options = new TableClientOptions { Retry = { MaxRetries = retries } };
        return settings.ConnectionString is { } connection
            ? new TableServiceClient(connection, options)
            : new TableServiceClient(settings.TableEndpoint!, settings.Credential!(), options);
    }
}
