using Microsoft.Extensions.Hosting;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>
/// Lets the store write what still waits while the file is open that it is read from. A container disposes what it made last first, and the requests in flight,
/// which have that file, are made from the store; this is made after both.
/// </summary>
internal sealed class UsageStoreEnd(GroupCommitStore store) : IHostedService, IAsyncDisposable
{
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => store.DisposeAsync();
}
