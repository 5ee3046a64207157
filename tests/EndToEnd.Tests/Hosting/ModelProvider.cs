using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Serverless.EndToEnd.Tests.Hosting;

/// <summary>A provider that speaks Chat Completions, in which a test decides for each model what is said and when.</summary>
internal sealed class ModelProvider : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, Func<HttpContext, int, Task>> _models = new();

    private ModelProvider(WebApplication app) => _app = app;

    public string Url => _app.Urls.First();

    public static async Task<ModelProvider> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        var provider = new ModelProvider(builder.Build());
        provider._app.MapPost("/v1/chat/completions", (RequestDelegate)provider.AnswerAsync);
        await provider._app.StartAsync();
        return provider;
    }

    /// <summary>What a model does with a request, given the bytes of its body.</summary>
    public void On(string model, Func<HttpContext, int, Task> answer) => _models[model] = answer;

    /// <summary>A model that answers at once and in whole.</summary>
    public void Answers(string model, Action<int>? received = null) => On(model, async (http, bytes) =>
    {
        received?.Invoke(bytes);
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync("""
            {"id":"c1","object":"chat.completion","created":1790000000,"model":"served","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":20,"completion_tokens":9,"total_tokens":29}}
            """);
    });

    /// <summary>A model that says a word when the test has given it one, and ends when the test says that there are no more.</summary>
    public ChannelWriter<string> Says(string model, TaskCompletionSource? hungUp = null)
    {
        var words = Channel.CreateUnbounded<string>();
        On(model, async (http, _) =>
        {
            http.RequestAborted.Register(() => hungUp?.TrySetResult());
            await SayAsync(http, words.Reader.ReadAllAsync(http.RequestAborted));
        });
        return words.Writer;
    }

    /// <summary>Writes a stream, each word as soon as it is there.</summary>
    public static async Task SayAsync(HttpContext http, IAsyncEnumerable<string> words)
    {
        http.Response.ContentType = "text/event-stream";
        try
        {
            await foreach (string word in words)
            {
                await FrameAsync(http, $$"""{"id":"c1","object":"chat.completion.chunk","created":1790000000,"model":"served","choices":[{"index":0,"delta":{"content":"{{word}}"},"finish_reason":null}]}""");
            }

            await FrameAsync(http, """{"id":"c1","object":"chat.completion.chunk","created":1790000000,"model":"served","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""");
            await FrameAsync(http, """{"id":"c1","object":"chat.completion.chunk","created":1790000000,"model":"served","choices":[],"usage":{"prompt_tokens":20,"completion_tokens":9,"total_tokens":29}}""");
            await FrameAsync(http, "[DONE]");
        }
        catch (OperationCanceledException)
        {
            // The gateway has hung up, or was killed.
        }
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static async Task FrameAsync(HttpContext http, string data)
    {
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes($"data: {data}\n\n"), http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    }

    private async Task AnswerAsync(HttpContext http)
    {
        try
        {
            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body, http.RequestAborted);
            await _models[Model(body.GetBuffer().AsSpan(0, (int)body.Length))](http, (int)body.Length);
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested)
        {
            // Whoever asked is gone.
        }
    }

    private static string Model(ReadOnlySpan<byte> body)
    {
        var json = new Utf8JsonReader(body);
        while (json.Read())
        {
            if (json.TokenType == JsonTokenType.PropertyName && json.CurrentDepth == 1 && json.ValueTextEquals("model"u8) && json.Read())
            {
                return json.GetString()!;
            }
        }

        return "";
    }
}
