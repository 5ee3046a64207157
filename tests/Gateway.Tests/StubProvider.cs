using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Serverless.Gateway.Tests;

/// <summary>
/// A provider over a real socket that does as it is told: any status, headers and body, a stream cut and delayed at will, a connection that
/// hangs or is reset. It remembers what it was asked, byte for byte.
/// </summary>
public sealed class StubProvider : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<StubRequest> _requests = new();
    private readonly ConcurrentQueue<StubAnswer> _queue = new();

    private StubProvider(WebApplication app) => _app = app;

    /// <summary>Where it listens.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>What it answers once the queue is empty.</summary>
    public Func<StubRequest, StubAnswer> Answer { get; set; } = static _ => StubAnswer.Json("{}");

    /// <summary>What it was asked, in order.</summary>
    public IReadOnlyList<StubRequest> Requests => [.. _requests];

    /// <summary>The only request.</summary>
    public StubRequest Request => Requests.Single();

    public static async Task<StubProvider> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        WebApplication app = builder.Build();
        var stub = new StubProvider(app);
        app.Run(stub.HandleAsync);
        await app.StartAsync();
        stub.Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return stub;
    }

    /// <summary>Answers to the next requests, in order; after them <see cref="Answer"/> is asked.</summary>
    public void Enqueue(params ReadOnlySpan<StubAnswer> answers)
    {
        foreach (StubAnswer answer in answers)
        {
            _queue.Enqueue(answer);
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        var request = new StubRequest(
            http.Request.Method,
            http.Features.Get<IHttpRequestFeature>()!.RawTarget,
            http.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            body.ToArray());
        using CancellationTokenRegistration registration = http.RequestAborted.Register(request.SetAborted);
        _requests.Enqueue(request);
        StubAnswer answer = _queue.TryDequeue(out StubAnswer? queued) ? queued : Answer(request);
        http.Response.StatusCode = answer.Status;
        foreach ((string name, string value) in answer.Headers)
        {
            http.Response.Headers[name] = value;
        }

        try
        {
            foreach (StubStep step in answer.Steps)
            {
                await step.RunAsync(http);
            }
        }
        catch (OperationCanceledException)
        {
            // The end of the connection can be seen here before the registration is told.
            if (http.RequestAborted.IsCancellationRequested)
            {
                request.SetAborted();
            }
        }
    }
}

/// <summary>What the stub was asked.</summary>
/// <param name="Method">GET or POST.</param>
/// <param name="Target">Path and query as they stood in the request line.</param>
/// <param name="Headers">The headers.</param>
/// <param name="Body">The body's bytes.</param>
public sealed record StubRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    private readonly TaskCompletionSource _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the other side hangs up before the answer has ended.</summary>
    public Task Aborted => _aborted.Task;

    /// <summary>The body as text.</summary>
    public string Text => Encoding.UTF8.GetString(Body);

    internal void SetAborted() => _aborted.TrySetResult();
}

/// <summary>What the stub answers.</summary>
public sealed record StubAnswer
{
    public int Status { get; init; } = 200;

    public Dictionary<string, string> Headers { get; init; } = [];

    public IReadOnlyList<StubStep> Steps { get; init; } = [];

    /// <summary>A JSON body.</summary>
    public static StubAnswer Json(string json, int status = 200, params ReadOnlySpan<(string Name, string Value)> headers)
    {
        var answer = new StubAnswer { Status = status, Steps = [StubStep.Write(Encoding.UTF8.GetBytes(json))] };
        answer.Headers["Content-Type"] = "application/json";
        foreach ((string name, string value) in headers)
        {
            answer.Headers[name] = value;
        }

        return answer;
    }

    /// <summary>A stream of server-sent events, by steps.</summary>
    public static StubAnswer Sse(params StubStep[] steps) => new() { Headers = { ["Content-Type"] = "text/event-stream" }, Steps = steps };

    /// <summary>A stream of server-sent events, each text flushed by itself.</summary>
    public static StubAnswer Sse(params string[] texts) => Sse([.. texts.Select(StubStep.Write)]);

    /// <summary>No answer at all.</summary>
    public static StubAnswer Silence { get; } = new() { Steps = [StubStep.Hang] };

    /// <summary>The connection is reset instead of an answer.</summary>
    public static StubAnswer Reset { get; } = new() { Steps = [StubStep.Reset] };
}

/// <summary>One thing that the stub does while it answers.</summary>
public sealed class StubStep
{
    private readonly Func<HttpContext, Task> _run;

    private StubStep(Func<HttpContext, Task> run) => _run = run;

    /// <summary>Says nothing more until the other side hangs up.</summary>
    public static StubStep Hang { get; } = new(static http => Task.Delay(Timeout.InfiniteTimeSpan, http.RequestAborted));

    /// <summary>Resets the connection, after what was written has left.</summary>
    public static StubStep Reset { get; } = new(static http =>
    {
        if (http.Features.Get<IConnectionSocketFeature>() is { Socket: { } socket })
        {
            socket.LingerState = new(enable: true, seconds: 0);
            socket.Close();
        }

        http.Abort();
        return Task.CompletedTask;
    });

    /// <summary>Writes bytes and flushes them.</summary>
    public static StubStep Write(ReadOnlyMemory<byte> bytes) => new(async http =>
    {
        await http.Response.Body.WriteAsync(bytes, http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    });

    /// <summary>Writes a text and flushes it.</summary>
    public static StubStep Write(string text) => Write(Encoding.UTF8.GetBytes(text));

    /// <summary>Waits for a signal of the test's.</summary>
    public static StubStep Await(Task signal) => new(http => signal.WaitAsync(http.RequestAborted));

    /// <summary>Writes a text over and over until the other side hangs up, telling each time that it went out.</summary>
    public static StubStep Flood(string text, Action sent) => new(async http =>
    {
        StubStep write = Write(text);
        while (true)
        {
            await write.RunAsync(http);
            sent();

            // Writes to a connection that is gone are swallowed, and would keep the news of it from being delivered.
            await Task.Yield();
            http.RequestAborted.ThrowIfCancellationRequested();
        }
    });

    internal Task RunAsync(HttpContext http) => _run(http);
}
