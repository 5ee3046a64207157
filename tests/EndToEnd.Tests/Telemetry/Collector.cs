using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Serverless.EndToEnd.Tests.Telemetry;

/// <summary>
/// What telemetry is exported to: a collector of OTLP by HTTP and by gRPC, and an ingestion endpoint of Application Insights, over a real socket.
/// </summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<ProtoMessage> _traces = new();
    private readonly ConcurrentQueue<ProtoMessage> _metrics = new();
    private readonly ConcurrentQueue<JsonElement> _insights = new();
    private readonly ConcurrentQueue<string> _headers = new();

    private Collector(WebApplication app) => _app = app;

    public string Url { get; private set; } = "";

    /// <summary>The header <c>api-key</c> of every export.</summary>
    public IReadOnlyCollection<string> Keys => _headers;

    public IEnumerable<ExportedSpan> Spans => _traces.SelectMany(request => request.Messages(1)).SelectMany(resource =>
        resource.Messages(2, 2).Select(span => new ExportedSpan(span, resource.Messages(1).Single().Attributes(1))));

    /// <summary>Every metric by name, with its unit, and its bounds where it is a histogram.</summary>
    public ILookup<string, (string Unit, double[] Bounds)> Metrics => _metrics
        .SelectMany(request => request.Messages(1, 2, 2))
        .ToLookup(metric => metric.Text(1), metric => (metric.Text(3), metric.Messages(9, 1).FirstOrDefault()?.Doubles(7) ?? []));

    public IReadOnlyCollection<JsonElement> Insights => _insights;

    public static async Task<Collector> StartAsync(HttpProtocols protocols)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocols));
        WebApplication app = builder.Build();
        var collector = new Collector(app);
        app.MapPost("/v1/traces", (RequestDelegate)(http => collector.TakeAsync(http, collector._traces)));
        app.MapPost("/v1/metrics", (RequestDelegate)(http => collector.TakeAsync(http, collector._metrics)));
        app.MapPost("/opentelemetry.proto.collector.trace.v1.TraceService/Export", (RequestDelegate)(http => collector.TakeCallAsync(http, collector._traces)));
        app.MapPost("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", (RequestDelegate)(http => collector.TakeCallAsync(http, collector._metrics)));
        app.MapPost("/v2.1/track", (RequestDelegate)collector.TakeInsightsAsync);
        await app.StartAsync();
        collector.Url = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return collector;
    }

    /// <summary>Waits until something has been exported.</summary>
    public static async Task UntilAsync(Func<bool> arrived, Func<string> otherwise)
    {
        for (int i = 0; i < 300 && !arrived(); i++)
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        Assert.True(arrived(), otherwise());
    }

    public async ValueTask DisposeAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext http, ConcurrentQueue<ProtoMessage> messages)
    {
        Assert.Equal("application/x-protobuf", http.Request.ContentType);
        _headers.Enqueue(http.Request.Headers["api-key"].ToString());
        messages.Enqueue(new ProtoMessage(await ReadAsync(http)));
    }

    private async Task TakeCallAsync(HttpContext http, ConcurrentQueue<ProtoMessage> messages)
    {
        // A frame is a flag of one byte, a length of four, and the message.
        _headers.Enqueue(http.Request.Headers["api-key"].ToString());
        messages.Enqueue(new ProtoMessage((await ReadAsync(http)).AsMemory(5)));
        http.Response.ContentType = "application/grpc";
        await http.Response.Body.WriteAsync(new byte[5]);
        http.Response.AppendTrailer("grpc-status", "0");
    }

    private async Task TakeInsightsAsync(HttpContext http)
    {
        string lines = Encoding.UTF8.GetString(await ReadAsync(http));
        int count = 0;
        foreach (string line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            _insights.Enqueue(JsonElement.Parse(line));
            count++;
        }

        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync($$"""{"itemsReceived":{{count}},"itemsAccepted":{{count}},"errors":[]}""");
    }

    private static async Task<byte[]> ReadAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        if (http.Request.Headers.ContentEncoding == "gzip")
        {
            await using var plain = new GZipStream(http.Request.Body, CompressionMode.Decompress);
            await plain.CopyToAsync(body);
        }
        else
        {
            await http.Request.Body.CopyToAsync(body);
        }

        return body.ToArray();
    }
}

/// <summary>A span as it was exported.</summary>
internal sealed class ExportedSpan(ProtoMessage span, Dictionary<string, object> resource)
{
    public const ulong Server = 2;

    public const ulong Client = 3;

    public string TraceId => span.Hex(1);

    public string SpanId => span.Hex(2);

    public string ParentSpanId => span.Hex(4);

    public string Name => span.Text(5);

    public ulong Kind => span.Number(6);

    public Dictionary<string, object> Attributes { get; } = span.Attributes(9);

    public Dictionary<string, object> Resource => resource;
}
