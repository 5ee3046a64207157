using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Serverless.Tests;

namespace Serverless.EndToEnd.Tests.Telemetry;

/// <summary>The App exports what it does to whom its environment names: over OTLP in both forms, and to Azure Monitor.</summary>
public sealed class ExportTests
{
    private const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string ParentId = "00f067aa0ba902b7";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http/protobuf", HttpProtocols.Http1)]
    [InlineData("grpc", HttpProtocols.Http2)]
    public async Task Otlp_takes_spans_and_metrics(string protocol, HttpProtocols protocols)
    {
        await using Collector collector = await Collector.StartAsync(protocols);
        int port = AppProcess.FreePort();
        await using AppProcess app = Start(
            port,
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Url),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=collector-key"),
            ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"));
        using HttpClient client = await app.ReadyAsync(port);
        Assert.Contains("You said", await AskAsync(client), StringComparison.Ordinal);

        await Collector.UntilAsync(() => collector.Spans.Any(s => s.Name == "chat messages") && collector.Spans.Any(s => s.ParentSpanId == ParentId), () => app.Output + app.Errors);
        ExportedSpan server = collector.Spans.Single(s => s.ParentSpanId == ParentId);
        Assert.Equal((TraceId, ExportedSpan.Server, "POST /v1/chat/completions"), (server.TraceId, server.Kind, server.Name));
        Assert.Equal(("POST", 200L, "/v1/chat/completions"), (server.Attributes["http.request.method"], server.Attributes["http.response.status_code"], server.Attributes["url.path"]));
        Assert.Equal(("success", 26), (server.Attributes["gateway.outcome"], ((string)server.Attributes["gateway.request.id"]).Length));
        Assert.Equal(("serverless-gateway", "test"), (server.Resource["service.name"], server.Resource["deployment.environment.name"]));
        Assert.DoesNotContain(collector.Spans, span => span.Name.Contains("health", StringComparison.Ordinal));
        ExportedSpan call = collector.Spans.Single(s => s.Name == "chat messages");
        Assert.Equal((TraceId, server.SpanId, ExportedSpan.Client), (call.TraceId, call.ParentSpanId, call.Kind));
        Assert.Equal(("chat", "demo", true), (call.Attributes["gen_ai.operation.name"], call.Attributes["gen_ai.provider.name"], call.Attributes["gen_ai.request.stream"]));
        Assert.Equal("stop", call.Attributes["gen_ai.response.finish_reasons"]);
        Assert.True((long)call.Attributes["gen_ai.usage.input_tokens"] > 0);
        Assert.True((double)call.Attributes["gen_ai.response.time_to_first_chunk"] > 0);
        string told = string.Join('\n', collector.Spans.SelectMany(span => span.Attributes.Values));
        Assert.All((string[])["Hello there", "You said", "a-secret"], text => Assert.DoesNotContain(text, told, StringComparison.Ordinal));

        string[] names = ["gen_ai.client.operation.duration", "gen_ai.client.token.usage", "gen_ai.server.time_to_first_token", "http.server.request.duration", "gateway.usage.records", "gateway.usage.journal.size", "gateway.streams.open"];
        await Collector.UntilAsync(() => names.All(name => collector.Metrics[name].Any()), () => string.Join(", ", collector.Metrics.Select(m => m.Key)));
        Assert.Equal(("{token}", 14), (collector.Metrics["gen_ai.client.token.usage"].First().Unit, collector.Metrics["gen_ai.client.token.usage"].First().Bounds.Length));
        Assert.All(collector.Keys, key => Assert.Equal("collector-key", key));
        Assert.DoesNotContain("collector-key", app.Output + app.Errors);
    }

    [Fact]
    public async Task Application_Insights_takes_requests_dependencies_and_metrics()
    {
        await using Collector collector = await Collector.StartAsync(HttpProtocols.Http1);
        int port = AppProcess.FreePort();
        await using AppProcess app = Start(
            port,
            ("APPLICATIONINSIGHTS_CONNECTION_STRING", $"InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint={collector.Url}/;LiveEndpoint={collector.Url}/"),
            ("APPLICATIONINSIGHTS_STATSBEAT_DISABLED", "true"),
            ("OTEL_TRACES_SAMPLER", "parentbased_always_on"));
        using HttpClient client = await app.ReadyAsync(port);
        await AskAsync(client);

        await Collector.UntilAsync(() => Of("RequestData").Any(r => Named(r, "POST /v1/chat/completions")) && Of("RemoteDependencyData").Any(d => Named(d, "chat messages")), () => app.Output + app.Errors + string.Join('\n', collector.Insights));
        JsonElement dependency = Of("RemoteDependencyData").First(d => Named(d, "chat messages"));
        Assert.Equal("demo", dependency.GetProperty("properties").GetProperty("gen_ai.provider.name").GetString());
        JsonElement request = Of("RequestData").First(d => Named(d, "POST /v1/chat/completions"));
        Assert.Equal("success", request.GetProperty("properties").GetProperty("gateway.outcome").GetString());

        // Metrics go out once a minute, and when the process ends.
        await app.TerminateAsync();
        Assert.Contains("gen_ai.client.token.usage", Of("MetricData").Select(m => m.GetProperty("metrics")[0].GetProperty("name").GetString()));

        IEnumerable<JsonElement> Of(string type) => collector.Insights
            .Where(item => item.GetProperty("data").GetProperty("baseType").GetString() == type)
            .Select(item => item.GetProperty("data").GetProperty("baseData"));

        static bool Named(JsonElement data, string name) => data.TryGetProperty("name", out JsonElement told) && told.GetString() == name;
    }

    [Fact]
    public async Task Lines_of_the_log_name_the_trace()
    {
        await using Collector collector = await Collector.StartAsync(HttpProtocols.Http2);
        int port = AppProcess.FreePort();
        await using AppProcess app = Start(port, ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Url), ("DOTNET_RUNNING_IN_CONTAINER", "true"), ("Gateway__usage__store", "log"));
        using HttpClient client = await app.ReadyAsync(port);
        await AskAsync(client);
        await app.TerminateAsync();

        string[] lines = app.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        JsonElement record = JsonElement.Parse(Assert.Single(lines, line => line.Contains("\"Category\":\"usage\"", StringComparison.Ordinal)));
        Assert.Contains(record.GetProperty("Scopes").EnumerateArray(), scope => scope.TryGetProperty("TraceId", out JsonElement id) && id.GetString() == TraceId);
        Assert.Contains($"\\\"trace_id\\\":\\\"{TraceId}\\\"", record.GetRawText(), StringComparison.Ordinal);
        Assert.Contains(lines, line => line.Contains("telemetry: otlp", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("Stopped serving", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_signal_can_have_variables_of_its_own()
    {
        await using Collector collector = await Collector.StartAsync(HttpProtocols.Http1);
        await using Collector other = await Collector.StartAsync(HttpProtocols.Http2);
        int port = AppProcess.FreePort();
        await using AppProcess app = Start(
            port,
            ("OTEL_EXPORTER_OTLP_ENDPOINT", other.Url),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=other-key"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", collector.Url + "/v1/traces"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "api-key=traces-key"));
        using HttpClient client = await app.ReadyAsync(port);
        await AskAsync(client);

        await Collector.UntilAsync(() => collector.Spans.Any(s => s.Name == "chat messages") && other.Metrics.Count > 0, () => app.Output + app.Errors);
        Assert.Empty(other.Spans);
        Assert.Empty(collector.Metrics);
        Assert.All(collector.Keys, key => Assert.Equal("traces-key", key));
        Assert.All(other.Keys, key => Assert.Equal("other-key", key));
    }

    [Theory]
    [InlineData(false, null, false)]
    [InlineData(true, null, true)]
    [InlineData(true, "parentbased_always_on", false)]
    [InlineData(false, "always_on", true)]
    public async Task A_trace_that_is_not_sampled_stays_so_but_behind_a_host_that_decides_nothing(bool behindHost, string? sampler, bool told)
    {
        await using Collector collector = await Collector.StartAsync(HttpProtocols.Http2);
        int port = AppProcess.FreePort();
        List<(string, string)> environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Url), ("OTEL_TRACES_SAMPLER", sampler ?? "")];
        if (behindHost)
        {
            environment.AddRange([("FUNCTIONS_CUSTOMHANDLER_PORT", $"{port}"), ("AZURE_FUNCTIONS_ENVIRONMENT", "Development"), ("Gateway__usage__store", "log")]);
        }

        await using AppProcess app = Start(port, [.. environment]);
        using HttpClient client = await app.ReadyAsync(port);
        await AskAsync(client, "00");
        await AskAsync(client, "01", "0123456789abcdef0123456789abcdef");

        // What came later has arrived, so what came first had its chance.
        await Collector.UntilAsync(() => collector.Spans.Any(s => s.TraceId != TraceId), () => app.Output + app.Errors);
        Assert.Equal(told, collector.Spans.Any(s => s.TraceId == TraceId));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_collector_that_is_away_or_silent_costs_no_answer(bool silent)
    {
        // It takes connections, as every socket that listens does, and never says a word.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = AppProcess.FreePort();
        int collector = silent ? ((IPEndPoint)listener.LocalEndpoint).Port : AppProcess.FreePort();
        await using AppProcess app = Start(port, ("OTEL_EXPORTER_OTLP_ENDPOINT", $"http://127.0.0.1:{collector}"), ("OTEL_EXPORTER_OTLP_TIMEOUT", "1000"));
        using HttpClient client = await app.ReadyAsync(port);
        for (int i = 0; i < 5; i++)
        {
            Assert.Contains("[DONE]", await AskAsync(client), StringComparison.Ordinal);
        }

        // Nor does it keep the process from ending.
        await app.TerminateAsync();
    }

    [Fact]
    public async Task What_is_wrong_is_said_at_start()
    {
        await using AppProcess app = AppProcess.Start([], null, ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"));
        Assert.Equal(78, await app.ExitAsync());
        Assert.Contains("OTEL_EXPORTER_OTLP_ENDPOINT: must be a whole address", app.Errors, StringComparison.Ordinal);
        Assert.Contains("OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' is not one of grpc, http/protobuf.", app.Errors, StringComparison.Ordinal);
    }

    private static AppProcess Start(int port, params (string Name, string Value)[] environment) => AppProcess.Start(
        ["--urls", $"http://127.0.0.1:{port}"],
        null,
        [("OTEL_BSP_SCHEDULE_DELAY", "200"), ("OTEL_METRIC_EXPORT_INTERVAL", "500"), .. environment]);

    private static async Task<string> AskAsync(HttpClient client, string flags = "01", string trace = TraceId)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions?key=a-secret")
        {
            Content = new StringContent("""{"model":"demo/messages","stream":true,"messages":[{"role":"user","content":"Hello there, gateway, how are you today?"}]}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("traceparent", $"00-{trace}-{ParentId}-{flags}");
        using HttpResponseMessage response = await client.SendAsync(request, Stop);
        string text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(response.IsSuccessStatusCode, text);
        return text;
    }
}
