using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Serverless.Gateway.Access;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Routing;

namespace Serverless.Gateway.Tests.Pipeline;

/// <summary>A gateway between a client and up to two stub providers.</summary>
public abstract class GatewayTest : IAsyncLifetime
{
    private readonly List<IAsyncDisposable> _started = [];

    private protected StubProvider Stub { get; private set; } = null!;

    private protected StubProvider Second { get; private set; } = null!;

    private protected TestGateway Gateway { get; private set; } = null!;

    private protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Stub = await StubProvider.StartAsync();
        Second = await StubProvider.StartAsync();
        _started.AddRange([Stub, Second]);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (IAsyncDisposable started in Enumerable.Reverse(_started))
        {
            await started.DisposeAsync();
        }
    }

    private protected async Task StartAsync(GatewayEndpoint endpoint, GatewayLimits? limits = null, TimeProvider? time = null) => await StartAsync([endpoint], limits, time);

    private protected async Task StartAsync(
        GatewayEndpoint[] endpoints, GatewayLimits? limits = null, TimeProvider? time = null, IAccessControl? access = null, Action<IServiceCollection>? services = null)
    {
        Gateway = await TestGateway.StartAsync(endpoints, limits, time, access, services);
        _started.Add(Gateway);
    }

    private protected Task<HttpResponseMessage> SendAsync(HttpRequestMessage request) => Gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);

    private protected async Task<(HttpResponseMessage Response, string Body)> AskAsync(HttpRequestMessage request)
    {
        HttpResponseMessage response = await SendAsync(request);
        return (response, await response.Content.ReadAsStringAsync(Stop));
    }

    private protected Task<UsageRecord> RecordAsync() => Gateway.Usage.SingleAsync();

    private protected static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;
}
