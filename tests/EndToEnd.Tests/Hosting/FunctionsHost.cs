using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Serverless.Tests;
using Yarp.ReverseProxy.Forwarder;

namespace Serverless.EndToEnd.Tests.Hosting;

/// <summary>
/// A stand-in for the Azure Functions host with a custom handler in proxying mode. As the real one it reads host.json and the function folders,
/// starts the executable with its own environment, asks it for readiness every 25 ms, holds early requests back, tries functions in the order of
/// their names, reads bodies of a known length before it passes them on, overwrites the forwarded headers, drops a stream that is silent for too
/// long, kills without asking, and starts again what has crashed, on the same port, but not what has ended with 0.
/// </summary>
internal sealed class FunctionsHost : IAsyncDisposable
{
    /// <summary>What the platform's front end says of the client.</summary>
    public const string ClientAddress = "203.0.113.7";

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    private readonly HostSettings _settings;
    private readonly string _root;
    private readonly string _executable;
    private readonly int _port = AppProcess.FreePort();
    private readonly HttpMessageInvoker _toChild = new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        ActivityHeadersPropagator = null,
    });

    private readonly WebApplication _app;
    private readonly CancellationTokenSource _stop = new();
    private Process _child = null!;
    private Task _supervision = Task.CompletedTask;
    private TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private FunctionsHost(HostSettings settings)
    {
        _settings = settings;
        string app = Environment.GetEnvironmentVariable("SERVERLESS_APP") ?? Path.Combine(AppContext.BaseDirectory, "Serverless.App.dll");
        bool built = app.EndsWith(".dll", StringComparison.Ordinal);
        _root = built ? Path.Combine(Repository.Root, "functions", "App") : Path.GetDirectoryName(Path.GetFullPath(app))!;
        JsonElement host = JsonElement.Parse(File.ReadAllText(Path.Combine(built ? Repository.Root : _root, "host.json")));
        _executable = built ? app : Path.Combine(_root, host.GetProperty("customHandler").GetProperty("description").GetProperty("defaultExecutablePath").GetString()!);

        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = settings.BodyLimit);
        builder.Services.AddHttpForwarder();
        _app = builder.Build();
        MapFunctions(host.GetProperty("extensions").GetProperty("http").GetProperty("routePrefix").GetString()!);
    }

    public Uri Url => new(_app.Urls.First());

    /// <summary>Processes that have been started so far.</summary>
    public int Starts { get; private set; }

    /// <summary>Exit codes of those that have ended.</summary>
    public ConcurrentQueue<int> Exits { get; } = new();

    /// <summary>What they have printed. The real host takes every line for an entry of its own log.</summary>
    public ConcurrentQueue<string> Lines { get; } = new();

    public static async Task<FunctionsHost> StartAsync(HostSettings settings)
    {
        var host = new FunctionsHost(settings);
        await host._app.StartAsync();
        host._supervision = host.SuperviseAsync();
        await host.ReadyAsync();
        return host;
    }

    /// <summary>Completes when the child answers; requests that come early wait for it, too.</summary>
    public async Task ReadyAsync() => await _ready.Task.WaitAsync(StartLimit);

    /// <summary>Kills the child as scale-in does: it is not asked. Returns when it is gone; it is started again at once.</summary>
    public Task KillAsync() => EndAsync("-KILL");

    /// <summary>Ends the child as somebody may who means it well.</summary>
    public Task TerminateAsync() => EndAsync("-TERM");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _supervision;
        await _app.DisposeAsync();
        _toChild.Dispose();
        _stop.Dispose();
    }

    private async Task EndAsync(string signal)
    {
        int ended = Exits.Count;
        Process.Start("kill", [signal, $"{_child.Id}"]).Dispose();
        for (int i = 0; i < 6000 && Exits.Count == ended; i++)
        {
            await Task.Delay(10);
        }

        Assert.True(Exits.Count > ended, "the process has not ended");
    }

    private void MapFunctions(string prefix)
    {
        int order = 0;
        foreach (string file in Directory.GetDirectories(_root).Order(StringComparer.Ordinal).Select(folder => Path.Combine(folder, "function.json")).Where(File.Exists))
        {
            JsonElement trigger = JsonElement.Parse(File.ReadAllText(file)).GetProperty("bindings").EnumerateArray().Single(binding => binding.GetProperty("type").GetString() == "httpTrigger");
            string route = $"/{prefix}/{trigger.GetProperty("route").GetString()}".Replace("//", "/", StringComparison.Ordinal);
            _app.MapMethods(route, trigger.GetProperty("methods").EnumerateArray().Select(method => method.GetString()!), (RequestDelegate)ForwardAsync).WithOrder(order++);
        }
    }

    private async Task SuperviseAsync()
    {
        do
        {
            using Process child = StartChild();
            _child = child;
            Starts++;
            Task probing = ProbeAsync(child);
            try
            {
                await child.WaitForExitAsync(_stop.Token);
            }
            catch (OperationCanceledException)
            {
                child.Kill();
                await child.WaitForExitAsync(CancellationToken.None);
                return;
            }

            await probing;
            _ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Exits.Enqueue(child.ExitCode);
        }
        while (Exits.Last() != 0);
    }

    private async Task ProbeAsync(Process child)
    {
        while (!child.HasExited && !_stop.IsCancellationRequested)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{_port}/");
            try
            {
                using HttpResponseMessage response = await _toChild.SendAsync(request, _stop.Token);
                _ready.TrySetResult();
                return;
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                await Task.Delay(25);
            }
        }
    }

    private Process StartChild()
    {
        bool managed = _executable.EndsWith(".dll", StringComparison.Ordinal);
        var start = new ProcessStartInfo(managed ? "dotnet" : _executable, managed ? [_executable] : [])
        {
            WorkingDirectory = _settings.Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string name in start.Environment.Keys.Where(name => name.Contains("_API_KEY", StringComparison.Ordinal) || name.StartsWith("ASPNETCORE_", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(name);
        }

        // The child has the whole environment of the host, the host's own URLs included.
        foreach ((string name, string value) in ((string, string)[])[
            ("ASPNETCORE_URLS", "http://+:80"),
            ("FUNCTIONS_WORKER_RUNTIME", "custom"),
            ("FUNCTIONS_CUSTOMHANDLER_PORT", $"{_port}"),
            ("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", Guid.NewGuid().ToString()),
            ("FUNCTIONS_APP_ROOT_PATH", _root),
            .. _settings.AppSettings])
        {
            start.Environment[name] = value;
        }

        Process child = Process.Start(start)!;
        child.OutputDataReceived += (_, e) => Keep(e.Data);
        child.ErrorDataReceived += (_, e) => Keep(e.Data);
        child.BeginOutputReadLine();
        child.BeginErrorReadLine();
        return child;
    }

    private void Keep(string? line)
    {
        if (!string.IsNullOrEmpty(line))
        {
            Lines.Enqueue(line);
        }
    }

    private async Task ForwardAsync(HttpContext context)
    {
        if (!Exits.IsEmpty && Exits.Last() == 0)
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            return;
        }

        if (context.Request.ContentLength > 0)
        {
            var body = new MemoryStream((int)context.Request.ContentLength);
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            body.Position = 0;
            context.Request.Body = body;
        }

        await ReadyAsync();
        IHttpForwarder forwarder = context.RequestServices.GetRequiredService<IHttpForwarder>();
        await forwarder.SendAsync(context, $"http://127.0.0.1:{_port}", _toChild, new ForwarderRequestConfig { ActivityTimeout = _settings.ActivityTimeout }, new HostHeaders());
    }

    /// <summary>What the host writes into a request. An encoded slash comes out encoded twice, as it does there.</summary>
    private sealed class HostHeaders : HttpTransformer
    {
        public override async ValueTask TransformRequestAsync(HttpContext context, HttpRequestMessage request, string destinationPrefix, CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(context, request, destinationPrefix, cancellationToken);
            string invocation = Guid.NewGuid().ToString();
            foreach ((string name, string value) in ((string, string)[])[
                ("X-Forwarded-For", "10.0.0.1"),
                ("X-Forwarded-Host", context.Request.Host.Value!),
                ("X-Forwarded-Proto", "https"),
                ("client-ip", ClientAddress + ":51234"),
                ("X-Azure-Functions-InvocationId", invocation),
                ("x-ms-invocation-id", invocation)])
            {
                request.Headers.Remove(name);
                request.Headers.TryAddWithoutValidation(name, value);
            }

            request.Headers.Host = null;
        }
    }
}

/// <summary>How the stand-in host is set up.</summary>
/// <param name="Folder">The working directory of the child.</param>
/// <param name="AppSettings">The app settings: variables of the child.</param>
internal sealed record HostSettings(string Folder, IReadOnlyList<(string Name, string Value)> AppSettings)
{
    /// <summary><c>FUNCTIONS_REQUEST_BODY_SIZE_LIMIT</c>.</summary>
    public long BodyLimit { get; init; } = 104_857_600;

    /// <summary>How long a stream may be silent: 240 s at the real host.</summary>
    public TimeSpan ActivityTimeout { get; init; } = TimeSpan.FromSeconds(240);
}
