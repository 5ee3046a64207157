using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace Serverless.EndToEnd.Tests.Hosting;

/// <summary>
/// The executable behind a Functions host. Set <c>SERVERLESS_APP</c> to a published executable to test that one, with the host.json and the folders
/// beside it. Nothing here passes by timing: a provider says its next word when the client has seen the last.
/// </summary>
public sealed class FunctionsHostTests
{
    private const int MaxBody = 104_857_600;

    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("openai")]
    [InlineData("responses")]
    [InlineData("anthropic")]
    [InlineData("gemini")]
    public async Task A_stream_arrives_event_by_event(string family)
    {
        await using HostedGateway gateway = await HostedGateway.StartAsync();
        ChannelWriter<string> model = gateway.Provider.Says("model");
        model.TryWrite("word0");
        using ClientStream stream = await ClientStream.OpenAsync(gateway.Client, family, "model", Token);
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal($"word{i}", await stream.NextAsync(Token));
            model.TryWrite($"word{i + 1}");
        }

        model.Complete();
        Assert.Equal("word5", await stream.NextAsync(Token));
        await stream.EndAsync(Token);
        Assert.Equal("success", (await gateway.RecordAsync(stream.RequestId, Token)).GetProperty("outcome").GetString());
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("anthropic")]
    public async Task A_client_that_hangs_up_ends_the_providers_work(string family)
    {
        await using HostedGateway gateway = await HostedGateway.StartAsync();
        var hungUp = new TaskCompletionSource();
        gateway.Provider.Says("model", hungUp).TryWrite("word");
        ClientStream stream = await ClientStream.OpenAsync(gateway.Client, family, "model", Token);
        Assert.Equal("word", await stream.NextAsync(Token));

        stream.Dispose();

        await hungUp.Task.WaitAsync(TimeSpan.FromSeconds(30), Token);
        Assert.Equal("client_closed", (await gateway.RecordAsync(stream.RequestId, Token)).GetProperty("outcome").GetString());
    }

    [Fact]
    public async Task A_body_of_100_MiB_passes()
    {
        await using HostedGateway gateway = await HostedGateway.StartAsync();
        int received = 0;
        gateway.Provider.Answers("model", bytes => received = bytes);

        using HttpResponseMessage response = await gateway.Client.PostAsync("/openai/v1/chat/completions", new ByteArrayContent(Body(MaxBody)), Token);

        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Token));
        Assert.InRange(received, MaxBody - 100, MaxBody + 100);
    }

    [Theory]
    [InlineData("/openai/v1/chat/completions", true, "request_too_large")]
    [InlineData("/anthropic/v1/messages", true, "request_too_large")]
    [InlineData("/anthropic/v1/messages", false, "request_too_large")]
    public async Task A_larger_body_is_refused_in_the_familys_envelope(string path, bool chunked, string code)
    {
        await using HostedGateway gateway = await HostedGateway.StartAsync(settings => settings with { BodyLimit = 2L * MaxBody });
        gateway.Provider.Answers("model");

        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(Body(MaxBody + 1)) };
        request.Headers.TransferEncodingChunked = chunked;
        using HttpResponseMessage response = await gateway.Client.SendAsync(request, Token);

        string body = await response.Content.ReadAsStringAsync(Token);
        Assert.True(HttpStatusCode.RequestEntityTooLarge == response.StatusCode, body);
        JsonElement error = JsonElement.Parse(body).GetProperty("error");
        Assert.Equal(code, path.StartsWith("/anthropic", StringComparison.Ordinal) ? error.GetProperty("type").GetString() : error.GetProperty("code").GetString());
        using HttpResponseMessage next = await gateway.Client.SendAsync(ClientStream.Request("openai", "model", stream: false), Token);
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }

    [Fact]
    public async Task Two_hundred_streams_run_side_by_side()
    {
        const int Count = 200;
        await using HostedGateway gateway = await HostedGateway.StartAsync();
        int begun = 0;
        var allBegun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        gateway.Provider.On("model", (http, _) => ModelProvider.SayAsync(http, WordsAsync()));

        string[] requestIds = await Task.WhenAll(Enumerable.Range(0, Count).Select(async i =>
        {
            using ClientStream stream = await ClientStream.OpenAsync(gateway.Client, i % 2 == 0 ? "openai" : "anthropic", "model", Token);
            Assert.Equal("first", await stream.NextAsync(Token));
            if (Interlocked.Increment(ref begun) == Count)
            {
                allBegun.SetResult();
            }

            Assert.Equal("second", await stream.NextAsync(Token));
            await stream.EndAsync(Token);
            return stream.RequestId;
        }));

        Assert.Equal(Count, requestIds.Distinct().Count());
        foreach (string requestId in requestIds)
        {
            Assert.Equal("success", (await gateway.RecordAsync(requestId, Token)).GetProperty("outcome").GetString());
        }

        // No stream says its second word, still less ends, before every client has the first.
        async IAsyncEnumerable<string> WordsAsync()
        {
            yield return "first";
            await allBegun.Task.WaitAsync(TimeSpan.FromSeconds(90), Token);
            yield return "second";
        }
    }

    /// <summary>Scale-in: requests in flight drain, then the process is killed, at the worst while the last byte of an answer is on its way.</summary>
    [Fact]
    public async Task What_was_answered_in_full_is_on_record_after_a_kill()
    {
        await using HostedGateway gateway = await HostedGateway.StartAsync();
        gateway.Provider.Answers("whole");
        ChannelWriter<string> endless = gateway.Provider.Says("endless");
        for (int round = 0; round < 3; round++)
        {
            endless.TryWrite("word");
            using ClientStream running = await ClientStream.OpenAsync(gateway.Client, "anthropic", "endless", Token);
            Assert.Equal("word", await running.NextAsync(Token));
            List<string> answered = [];
            for (int i = 0; i < 4; i++)
            {
                ChannelWriter<string> model = gateway.Provider.Says("ending");
                model.TryWrite("word");
                model.Complete();
                using ClientStream stream = await ClientStream.OpenAsync(gateway.Client, i % 2 == 0 ? "openai" : "anthropic", "ending", Token);
                await stream.EndAsync(Token);
                answered.Add(stream.RequestId);
                using HttpResponseMessage response = await gateway.Client.SendAsync(ClientStream.Request(i % 2 == 0 ? "gemini" : "openai", "whole", stream: false), Token);
                Assert.NotEmpty(await response.Content.ReadAsByteArrayAsync(Token));
                answered.Add(response.Headers.GetValues("x-request-id").Single());
            }

            await gateway.Host.KillAsync();

            foreach (string requestId in answered)
            {
                JsonElement record = await gateway.RecordAsync(requestId, Token);
                Assert.Equal(("success", 29), (record.GetProperty("outcome").GetString(), record.GetProperty("total_tokens").GetInt32()));
            }

            await Assert.ThrowsAnyAsync<Exception>(() => running.EndAsync(Token));
        }
    }

    /// <summary>While the store takes nothing, an answer waits for its record to be somewhere else on the disk. One that did not would be lost here.</summary>
    [Theory]
    [InlineData("whole", false)]
    [InlineData("ending", true)]
    public async Task No_answer_ends_before_its_record_survives_a_kill(string model, bool stream)
    {
        await using HostedGateway gateway = await HostedGateway.StartAsync();
        gateway.Provider.Answers("whole");
        ChannelWriter<string> words = gateway.Provider.Says("ending");
        words.TryWrite("word");
        words.Complete();
        string requestId;
        await using (var store = new SqliteConnection($"Data Source={gateway.UsageFile};Pooling=False"))
        {
            await store.OpenAsync(Token);
            await using SqliteTransaction held = store.BeginTransaction();
            using HttpResponseMessage response = await gateway.Client.SendAsync(ClientStream.Request("anthropic", model, stream), Token);
            requestId = response.Headers.GetValues("x-request-id").Single();
            await gateway.Host.KillAsync();
        }

        JsonElement record = await gateway.RecordAsync(requestId, Token);
        Assert.Equal(("success", 29), (record.GetProperty("outcome").GetString(), record.GetProperty("total_tokens").GetInt32()));
    }

    [Fact]
    public async Task After_a_crash_it_starts_again_on_the_same_port_and_no_client_is_told_a_false_end()
    {
        await using HostedGateway gateway = await HostedGateway.StartAsync();
        gateway.Provider.Answers("whole");
        gateway.Provider.Says("endless").TryWrite("word");
        using ClientStream stream = await ClientStream.OpenAsync(gateway.Client, "anthropic", "endless", Token);
        Assert.Equal("word", await stream.NextAsync(Token));

        await gateway.Host.KillAsync();

        Exception broken = await Assert.ThrowsAnyAsync<Exception>(() => stream.EndAsync(Token));
        Assert.True(broken is IOException or HttpRequestException, broken.ToString());
        using HttpResponseMessage next = await gateway.Client.SendAsync(ClientStream.Request("gemini", "whole", stream: false), Token);
        Assert.True(next.IsSuccessStatusCode, await next.Content.ReadAsStringAsync(Token));
        Assert.Equal(2, gateway.Host.Starts);
    }

    /// <summary>A host does not start again what has ended with 0.</summary>
    [Fact]
    public async Task It_never_ends_with_0()
    {
        await using HostedGateway gateway = await HostedGateway.StartAsync();
        gateway.Provider.Answers("whole");

        await gateway.Host.TerminateAsync();

        Assert.NotEqual(0, gateway.Host.Exits.Single());
        using HttpResponseMessage next = await gateway.Client.SendAsync(ClientStream.Request("openai", "whole", stream: false), Token);
        Assert.True(next.IsSuccessStatusCode, await next.Content.ReadAsStringAsync(Token));
    }

    [Fact]
    public async Task A_silent_stream_outlives_the_hosts_patience()
    {
        TimeSpan patience = TimeSpan.FromSeconds(5);
        await using HostedGateway gateway = await HostedGateway.StartAsync(settings => settings with { ActivityTimeout = patience }, ("Gateway__limits__keepAlive", "250ms"));
        ChannelWriter<string> model = gateway.Provider.Says("model");
        model.TryWrite("word");
        using ClientStream stream = await ClientStream.OpenAsync(gateway.Client, "anthropic", "model", Token);
        Assert.Equal("word", await stream.NextAsync(Token));

        long silent = Stopwatch.GetTimestamp();
        Task<string?> next = stream.NextAsync(Token);
        while (Stopwatch.GetElapsedTime(silent) < patience + TimeSpan.FromSeconds(1))
        {
            await Task.Delay(100, Token);
            Assert.False(next.IsCompleted, "the host has cut the stream");
        }

        model.TryWrite("late");
        model.Complete();
        Assert.Equal("late", await next);
        Assert.True(stream.KeepAlives > 3);
    }

    [Fact]
    public async Task It_believes_the_host_and_writes_one_JSON_object_a_line()
    {
        await using HostedGateway gateway = await HostedGateway.StartAsync();
        gateway.Provider.Answers("whole");
        using HttpRequestMessage request = ClientStream.Request("openai", "whole", stream: false);
        request.Headers.TryAddWithoutValidation("client-ip", "198.51.100.1:1");
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", "198.51.100.2");
        request.Headers.TryAddWithoutValidation("X-Azure-Functions-InvocationId", "forged");
        request.Headers.TryAddWithoutValidation("x-gateway-tags", "no JSON");      // is logged
        using HttpResponseMessage response = await gateway.Client.SendAsync(request, Token);

        JsonElement record = await gateway.RecordAsync(response.Headers.GetValues("x-request-id").Single(), Token);
        Assert.Equal(FunctionsHost.ClientAddress, record.GetProperty("ip_address").GetString());
        string invocation = record.GetProperty("invocation_id").GetString()!;
        Assert.NotEqual("forged", invocation);
        for (int i = 0; i < 300 && !gateway.Host.Lines.Any(line => line.Contains(record.GetProperty("request_id").GetString()!, StringComparison.Ordinal)); i++)
        {
            await Task.Delay(100, Token);
        }

        JsonElement[] lines = [.. gateway.Host.Lines.Select(line => JsonElement.Parse(line))];
        JsonElement ofRequest = Assert.Single(lines, line => line.GetProperty("Message").GetString()!.Contains(record.GetProperty("request_id").GetString()!, StringComparison.Ordinal));
        Assert.Contains(ofRequest.GetProperty("Scopes").EnumerateArray(), scope => scope.TryGetProperty("InvocationId", out JsonElement id) && id.GetString() == invocation);
    }

    /// <summary>The host waits for the process, not for what the process waits for; records wait on the disk, also for a successor.</summary>
    [Fact]
    public async Task It_is_ready_and_answers_while_the_usage_store_is_away()
    {
        string account = $"DefaultEndpointsProtocol=http;AccountName=nobody;AccountKey={Convert.ToBase64String(new byte[64])};TableEndpoint=http://127.0.0.1:1/nobody;";
        await using HostedGateway gateway = await HostedGateway.StartAsync(null, ("Gateway__usage__store", "table"), ("Gateway__usage__connectionString", account));
        gateway.Provider.Answers("whole");
        using HttpResponseMessage response = await gateway.Client.SendAsync(ClientStream.Request("openai", "whole", stream: false), Token);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Token));
        await gateway.Host.KillAsync();

        JsonElement usage = JsonElement.Parse(await gateway.Client.GetStringAsync("/ai-gateway/admin/status", Token)).GetProperty("usage");

        Assert.Equal("table", usage.GetProperty("store").GetString());
        Assert.True(usage.GetProperty("journal").GetProperty("bytes").GetInt64() > 0, usage.ToString());
    }

    [Fact]
    public async Task What_no_function_takes_the_host_answers()
    {
        await using HostedGateway gateway = await HostedGateway.StartAsync();

        Assert.Equal(HttpStatusCode.OK, (await gateway.Client.GetAsync("/health", Token)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Client.GetAsync("/openai", Token)).StatusCode);
        using HttpResponseMessage unknown = await gateway.Client.GetAsync("/ai-gateway/openai/v1/nothing", Token);
        Assert.Equal("unknown_route", JsonElement.Parse(await unknown.Content.ReadAsStringAsync(Token)).GetProperty("error").GetProperty("code").GetString());
        Assert.Empty(await (await gateway.Client.GetAsync("/admin/status", Token)).Content.ReadAsStringAsync(Token));
    }

    private static byte[] Body(int length)
    {
        byte[] head = Encoding.ASCII.GetBytes("""{"model":"chat/model","max_tokens":9,"messages":[{"role":"user","content":" """);
        byte[] tail = Encoding.ASCII.GetBytes("\"}]}");
        byte[] body = new byte[length];
        body.AsSpan().Fill((byte)'a');
        head.CopyTo(body, 0);
        tail.CopyTo(body, length - tail.Length);
        return body;
    }
}
