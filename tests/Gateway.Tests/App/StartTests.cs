using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Serverless.Gateway.Access;
using Serverless.Tests;

namespace Serverless.Gateway.Tests.App;

/// <summary>The App as it is started by hand, in a container and by a Functions host.</summary>
public sealed class StartTests
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_configuration_it_serves_the_demo_and_says_how_to_try_it()
    {
        int port = AppProcess.FreePort();
        await using var app = AppProcess.Start(["--urls", $"http://127.0.0.1:{port}"]);
        using HttpClient client = await app.ReadyAsync(port);

        string answer = await ChatAsync(client, "demo", stream: true);
        Assert.Contains("data: [DONE]", answer);
        Assert.True(answer.Split("data: ").Length > 4, "the answer comes in several events");
        Assert.Contains($"curl -N http://127.0.0.1:{port}/v1/chat/completions", app.Output);
    }

    [Fact]
    public async Task The_open_gateway_serves_only_loopback_names_and_no_foreign_page()
    {
        int port = AppProcess.FreePort();
        await using var app = AppProcess.Start(["--urls", $"http://127.0.0.1:{port}"]);
        using HttpClient client = await app.ReadyAsync(port);

        Assert.Equal(HttpStatusCode.OK, await StatusAsync("localhost:1234", null));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("[::1]:1234", "http://localhost:3000"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync("rebound.example", null));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync("localhost", "https://evil.example"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync("localhost", "null"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync($"localhost:{port}", $"http://localhost:{port}", "/reports/usage"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync("rebound.example", null, "/reports"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync($"localhost:{port}", "https://evil.example", "/reports/usage"));

        async Task<HttpStatusCode> StatusAsync(string host, string? origin, string path = "/v1/models")
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Host = host } };
            if (origin is not null)
            {
                request.Headers.TryAddWithoutValidation("Origin", origin);
            }

            using HttpResponseMessage response = await client.SendAsync(request, Token);
            return response.StatusCode;
        }
    }

    [Theory]
    [InlineData("ASPNETCORE_URLS", "http://0.0.0.0:0")]
    [InlineData("PORT", "18080")]
    [InlineData("FUNCTIONS_CUSTOMHANDLER_PORT", "18081")]
    public async Task Where_others_can_reach_it_it_does_not_start_without_callers(string name, string value)
    {
        await using var app = AppProcess.Start([], null, (name, value));

        Assert.Equal(78, await app.ExitAsync());
        Assert.Contains("callers: there are none", app.Errors);
        Assert.Contains("new-key", app.Errors);
    }

    [Fact]
    public async Task All_faults_are_listed_at_start()
    {
        await using var app = AppProcess.Start([], """{ "limits": { "keepalife": "1s" }, "endpoints": { "x": {} } }""", ("Gateway__limits__silence", "never"));

        Assert.Equal(78, await app.ExitAsync());
        Assert.Contains("4 faults", app.Errors);
        Assert.Contains("providers: there is none", app.Errors);
        Assert.Contains("Did you mean 'keepAlive'?", app.Errors);
        Assert.Contains("endpoints.x.destinations", app.Errors);
        Assert.Contains("limits.silence", app.Errors);
    }

    [Fact]
    public async Task Behind_a_functions_host_it_listens_where_that_says_and_logs_json()
    {
        const string Key = "gw-0123456789abcdefghij";
        int port = AppProcess.FreePort();
        await using var app = AppProcess.Start(
            [],
            null,
            ("FUNCTIONS_CUSTOMHANDLER_PORT", $"{port}"),
            ("ASPNETCORE_URLS", "http://+:80"),
            ("Gateway__usage__store", "log"),
            ("Gateway__callers__0__id", "ci"),
            ("Gateway__callers__0__keySha256", KeyHash.Of(Key).ToHex()));
        using HttpClient client = await app.ReadyAsync(port);

        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/v1/models", Token)).StatusCode);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        client.DefaultRequestHeaders.Add("X-Azure-Functions-InvocationId", "invocation-1");
        client.DefaultRequestHeaders.Add("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
        client.DefaultRequestHeaders.Add("client-ip", "203.0.113.9:4711");
        client.DefaultRequestHeaders.Host = "foreign.example";
        Assert.Contains("You said", await ChatAsync(client, "demo", stream: false));

        await Task.Delay(300, Token);
        string[] lines = app.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.All(lines, line => JsonElement.Parse(line));
        string record = Assert.Single(lines, line => line.Contains("\"Category\":\"usage\"", StringComparison.Ordinal));
        Assert.Contains("invocation-1", record);
        Assert.Contains("\"TraceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\"", record);
        Assert.DoesNotContain("SpanId", record);        // with telemetry off, nothing makes an activity
        Assert.Contains(lines, line => line.Contains("usage records: Log, telemetry: off, configured by no file", StringComparison.Ordinal));
        Assert.Contains("203.0.113.9", record);
        Assert.DoesNotContain(Key, app.Output);
    }

    [Fact]
    public async Task Without_a_functions_host_its_headers_count_for_nothing()
    {
        int port = AppProcess.FreePort();
        await using var app = AppProcess.Start(["--urls", $"http://127.0.0.1:{port}"], null, ("Gateway__usage__store", "log"));
        using HttpClient client = await app.ReadyAsync(port);
        foreach ((string name, string value) in new[] { ("client-ip", "203.0.113.9:4711"), ("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Host", "foreign.example"), ("X-Azure-Functions-InvocationId", "forged"), ("x-ms-invocation-id", "forged") })
        {
            client.DefaultRequestHeaders.TryAddWithoutValidation(name, value);
        }

        // The open gateway would refuse a foreign host.
        Assert.Contains("You said", await ChatAsync(client, "demo", stream: false));
        for (int i = 0; i < 100 && !app.Output.Contains("request_id", StringComparison.Ordinal); i++)
        {
            await Task.Delay(50, Token);
        }

        Assert.Contains("\"ip_address\":\"127.0.0.1\"", app.Output);
        Assert.DoesNotContain("203.0.113.9", app.Output);
        Assert.DoesNotContain("forged", app.Output);
    }

    [Fact]
    public async Task Whatever_urls_are_set_it_listens_only_where_the_functions_host_says_and_logs_a_refusal_as_one_object()
    {
        int port = AppProcess.FreePort();
        int other = AppProcess.FreePort();
        (string, string)[] environment =
        [
            ("FUNCTIONS_CUSTOMHANDLER_PORT", $"{port}"), ("ASPNETCORE_URLS", $"http://127.0.0.1:{other}"), ("ASPNETCORE_HTTP_PORTS", $"{other}"), ("PORT", $"{other}"),
            ("Kestrel__Endpoints__Other__Url", $"http://127.0.0.1:{other}"), ("Gateway__usage__store", "log"),
        ];
        await using var refused = AppProcess.Start(["--urls", $"http://127.0.0.1:{other}"], null, environment);
        Assert.Equal(78, await refused.ExitAsync());
        Assert.Equal("Critical", JsonElement.Parse(refused.Errors.Trim()).GetProperty("LogLevel").GetString());

        await using var app = AppProcess.Start(["--urls", $"http://127.0.0.1:{other}"], null, [.. environment, ("AZURE_FUNCTIONS_ENVIRONMENT", "Development")]);
        using HttpClient client = await app.ReadyAsync(port);
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync($"http://127.0.0.1:{other}/", Token));
    }

    [Fact]
    public async Task A_taken_port_is_said_in_words()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var app = AppProcess.Start(["--urls", $"http://{listener.LocalEndpoint}"]);

        Assert.Equal(1, await app.ExitAsync());
        Assert.Contains("cannot listen", app.Errors);
        Assert.DoesNotContain("   at ", app.Errors);
    }

    [Fact]
    public async Task Keys_are_made_and_hashed()
    {
        await using var made = AppProcess.Start(["new-key"]);
        Assert.Equal(0, await made.ExitAsync());
        string[] words = made.Output.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("key", words[0]);

        await using var hashed = AppProcess.Start(["hash-key", words[1]]);
        Assert.Equal(0, await hashed.ExitAsync());
        Assert.Equal(words[3], hashed.Output.Trim());
    }

    private static async Task<string> ChatAsync(HttpClient client, string model, bool stream)
    {
        string body = $$"""{"model":"{{model}}","stream":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":"Hello there, gateway!"}]}""";
        using HttpResponseMessage response = await client.PostAsync("/v1/chat/completions", new StringContent(body, Encoding.UTF8, "application/json"), Token);
        string text = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.IsSuccessStatusCode, text);
        return text;
    }
}
