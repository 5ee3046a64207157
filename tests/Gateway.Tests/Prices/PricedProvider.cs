using Serverless.Gateway.Providers;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Tests.Prices;

/// <summary>A provider that is only ever asked who it is.</summary>
internal sealed class PricedProvider(string name, string kind) : IProvider
{
    public string Name => name;

    public string Kind => kind;

    public HttpMessageInvoker Connections => throw new NotSupportedException();

    public IReadOnlyList<DialectId> Dialects(string model) => [];

    public DialectQuirks Quirks(DialectId dialect, string model) => DialectQuirks.None;

    public ValueTask<HttpRequestMessage> CreateRequestAsync(UpstreamRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
}
