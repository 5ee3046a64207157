using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Serverless.Gateway.Access;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Endpoints;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Pipeline;
using Serverless.Gateway.Providers;
using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Tests.Pipeline;

/// <summary>The real request path on a real socket, between a test and the stub providers it names.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestGateway(WebApplication app, RecordedUsage usage, CapturedLog log, Uri address)
    {
        _app = app;
        Usage = usage;
        Log = log;
        Address = address;
        Client = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None, ResponseDrainTimeout = TimeSpan.Zero }) { BaseAddress = address };
    }

    public HttpClient Client { get; }

    public RecordedUsage Usage { get; }

    public CapturedLog Log { get; }

    public Uri Address { get; }

    public static async Task<TestGateway> StartAsync(IEnumerable<GatewayEndpoint> endpoints, GatewayLimits? limits = null, TimeProvider? time = null, IAccessControl? access = null, Action<IServiceCollection>? services = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        var usage = new RecordedUsage();
        var log = new CapturedLog();
        builder.Logging.ClearProviders().AddProvider(log).AddFilter("Microsoft", LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddSingleton<IUsageStore>(usage);
        builder.Services.AddSingleton(limits ?? new GatewayLimits());
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Services.AddSingleton(access ?? new TestAccess());
        builder.Services.AddSingleton<IEndpointDirectory>(new TestDirectory([.. endpoints]));
        services?.Invoke(builder.Services);
        builder.Services.AddGatewayPipeline();
        WebApplication app = builder.Build();
        app.MapGateway();
        await app.StartAsync();
        return new TestGateway(app, usage, log, new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
    }
}

/// <summary>A provider at a stub's address.</summary>
internal sealed class TestProvider(string name, Uri address, params DialectId[] dialects) : IProvider
{
    public string Name => name;

    public string Kind { get; init; } = "stub";

    public DialectQuirks Quirks { get; init; } = DialectQuirks.None;

    public HttpMessageInvoker Connections { get; init; } = ProviderConnections.Create(new GatewayLimits { Connect = TimeSpan.FromSeconds(2) });

    public GatewayError? Fault { get; init; }

    IReadOnlyList<DialectId> IProvider.Dialects(string model) => dialects;

    DialectQuirks IProvider.Quirks(DialectId dialect, string model) => Quirks;

    public ValueTask<HttpRequestMessage> CreateRequestAsync(UpstreamRequest request, CancellationToken cancellationToken)
    {
        if (Fault is not null)
        {
            throw new GatewayException(Fault);
        }

        var message = new HttpRequestMessage(request.Method, new Uri(address, request.Path)) { Content = request.Content };
        foreach ((string header, string value) in request.Headers)
        {
            message.Headers.TryAddWithoutValidation(header, value);
        }

        message.Headers.TryAddWithoutValidation("Authorization", "Bearer provider-secret");
        return ValueTask.FromResult(message);
    }
}

/// <summary>Endpoints in the order given.</summary>
internal sealed class TestDirectory(IReadOnlyList<GatewayEndpoint> endpoints) : IEndpointDirectory
{
    public GatewayEndpoint? Find(string name) => endpoints.FirstOrDefault(e => e.Name == name);

    public ValueTask<IReadOnlyList<GatewayEndpoint>> ListAsync(CancellationToken cancellationToken) => ValueTask.FromResult(endpoints);
}

/// <summary>Takes the key <c>good</c> for Alice, who may use everything whose name does not begin with <c>secret</c>.</summary>
internal sealed class TestAccess : IAccessControl
{
    public ValueTask<Principal> AuthenticateAsync(string? credential, CancellationToken cancellationToken) => credential == "good"
        ? ValueTask.FromResult(new Principal("alice", PrincipalType.User) { KeyId = "alice-1", Groups = ["staff"] })
        : throw new GatewayException(new GatewayError(ErrorKind.Authentication, 401, "Who are you?") { Code = "invalid_api_key" });

    public bool MayUse(Principal principal, GatewayEndpoint endpoint) => !endpoint.Name.StartsWith("secret", StringComparison.Ordinal);
}

/// <summary>Keeps the records; can be held up to see what waits for it.</summary>
internal sealed class RecordedUsage : IUsageStore
{
    private readonly List<UsageRecord> _accepted = [];
    private readonly List<UsageRecord> _completed = [];

    public Task Gate { get; set; } = Task.CompletedTask;

    public Exception? Fault { get; set; }

    public IReadOnlyList<UsageRecord> AllAccepted
    {
        get
        {
            lock (_accepted)
            {
                return [.. _accepted];
            }
        }
    }

    public IReadOnlyList<UsageRecord> All
    {
        get
        {
            lock (_completed)
            {
                return [.. _completed];
            }
        }
    }

    public void Accepted(UsageRecord record)
    {
        lock (_accepted)
        {
            _accepted.Add(record);
        }
    }

    public async ValueTask CompletedAsync(UsageRecord record, CancellationToken cancellationToken)
    {
        await Gate;
        if (Fault is not null)
        {
            throw Fault;
        }

        lock (_completed)
        {
            _completed.Add(record);
        }
    }

    /// <summary>The only record, as soon as it is there.</summary>
    public async Task<UsageRecord> SingleAsync()
    {
        for (int i = 0; i < 500 && All.Count == 0; i++)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        Assert.Equal(Assert.Single(All).RequestId, Assert.Single(AllAccepted).RequestId);
        return All[0];
    }
}

/// <summary>Everything that was logged.</summary>
internal sealed class CapturedLog : ILoggerProvider, ILogger
{
    private readonly List<string> _lines = [];

    public string Text
    {
        get
        {
            lock (_lines)
            {
                return string.Join('\n', _lines);
            }
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_lines)
        {
            _lines.Add($"{logLevel}: {formatter(state, exception)} {exception}");
        }
    }

    public void Dispose()
    {
    }
}
