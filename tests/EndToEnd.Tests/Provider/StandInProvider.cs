using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Serverless.EndToEnd.Tests.Provider;

/// <summary>
/// All four vendors on one loopback port, each below its own prefix: <c>/chat/v1</c>, <c>/responses/v1</c>, <c>/anthropic</c>,
/// <c>/gemini</c>. The model's name is the scenario, see <see cref="Script"/>.
/// </summary>
public sealed class StandInProvider : IAsyncDisposable
{
    private readonly WebApplication _app;

    private StandInProvider(WebApplication app) => _app = app;

    public string Url => _app.Urls.First();

    /// <summary>What arrived, in order: family, path, credential headers, body.</summary>
    public ConcurrentQueue<(string Family, string Path, string Credential, string Body)> Requests { get; } = new();

    /// <summary>Streams that a caller gave up.</summary>
    public ConcurrentQueue<string> Aborted { get; } = new();

    public static async Task<StandInProvider> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(o => o.Limits.MaxRequestBodySize = null);
        WebApplication app = builder.Build();
        var provider = new StandInProvider(app);
        provider.Map(app);
        await app.StartAsync();
        return provider;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private void Map(WebApplication app)
    {
        app.MapPost("/chat/v1/chat/completions", (RequestDelegate)(c => AnswerAsync(c, "chat", new ChatWire())));
        app.MapPost("/responses/v1/responses", (RequestDelegate)(c => AnswerAsync(c, "responses", new ResponsesWire())));
        app.MapPost("/responses/v1/responses/input_tokens", (RequestDelegate)(c => FixedAsync(c, "responses", """{"object":"response.input_tokens","input_tokens":20}""")));
        app.MapPost("/anthropic/v1/messages", (RequestDelegate)(c => AnswerAsync(c, "anthropic", new MessagesWire())));
        app.MapPost("/anthropic/v1/messages/count_tokens", (RequestDelegate)(c => FixedAsync(c, "anthropic", """{"input_tokens":20}""")));
        app.MapPost("/gemini/v1beta/models/{**rest}", (RequestDelegate)(c => GeminiAsync(c)));
        app.MapPost("/chat/v1/embeddings", (RequestDelegate)(c => EmbedAsync(c)));
    }

    private async Task GeminiAsync(HttpContext context)
    {
        string rest = (string)context.Request.RouteValues["rest"]!;
        (string model, string action) = (rest[..rest.LastIndexOf(':')], rest[(rest.LastIndexOf(':') + 1)..]);
        switch (action)
        {
            case "countTokens":
                await FixedAsync(context, "gemini", """{"totalTokens":20}""");
                break;
            case "batchEmbedContents":
                JsonObject body = await ReadAsync(context, "gemini");
                JsonArray vectors = [.. body["requests"]!.AsArray().Select((_, i) => (JsonNode?)new JsonObject { ["values"] = new JsonArray(i + 0.5, -0.25, 1.0) })];
                await WriteAsync(context, 200, new JsonObject { ["embeddings"] = vectors });
                break;
            default:
                await AnswerAsync(context, "gemini", new GeminiWire(), model, action == "streamGenerateContent");
                break;
        }
    }

    private async Task EmbedAsync(HttpContext context)
    {
        JsonObject body = await ReadAsync(context, "chat");
        int count = body["input"] is JsonArray list ? list.Count : 1;
        bool base64 = (string?)body["encoding_format"] == "base64";
        JsonArray data = [];
        for (int i = count - 1; i >= 0; i--)
        {
            float[] vector = [i + 0.5f, -0.25f, 1f];
            byte[] bytes = new byte[12];
            Buffer.BlockCopy(vector, 0, bytes, 0, 12);
            JsonNode embedding = base64 ? Convert.ToBase64String(bytes) : new JsonArray(vector[0], vector[1], vector[2]);
            data.Add(new JsonObject { ["object"] = "embedding", ["index"] = i, ["embedding"] = embedding });
        }

        await WriteAsync(context, 200, new JsonObject { ["object"] = "list", ["data"] = data, ["model"] = Answer.Model, ["usage"] = new JsonObject { ["prompt_tokens"] = 20, ["total_tokens"] = 20 } });
    }

    private async Task AnswerAsync(HttpContext context, string family, Wire wire, string? model = null, bool stream = false)
    {
        Asked asked = wire.Read(await ReadAsync(context, family), model, stream);
        if (asked.Model is "e429" or "e400")
        {
            int status = int.Parse(asked.Model[1..]);
            context.Response.Headers.RetryAfter = status == 429 ? "7" : default;
            await WriteAsync(context, status, wire.Error(status, status == 429 ? "Slow down, please." : "The field 'x' is wrong."));
            return;
        }

        Answer answer = Script.For(asked);
        TimeSpan pause = Script.Pause(asked.Model);
        if (!asked.Stream)
        {
            await Task.Delay(10 * pause, context.RequestAborted);
            await WriteAsync(context, 200, wire.Whole(answer));
            return;
        }

        context.Response.ContentType = "text/event-stream";
        try
        {
            foreach ((string? name, string data) in wire.Events(answer, asked))
            {
                string frame = name is null ? $"data: {data}\n\n" : $"event: {name}\ndata: {data}\n\n";
                await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(frame), context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                await Task.Delay(pause, context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            Aborted.Enqueue(family);
        }
    }

    private async Task FixedAsync(HttpContext context, string family, string json)
    {
        await ReadAsync(context, family);
        await WriteAsync(context, 200, JsonNode.Parse(json)!.AsObject());
    }

    private async Task<JsonObject> ReadAsync(HttpContext context, string family)
    {
        using var reader = new StreamReader(context.Request.Body);
        string body = await reader.ReadToEndAsync(context.RequestAborted);
        IHeaderDictionary headers = context.Request.Headers;
        string credential = headers.Authorization.FirstOrDefault() ?? headers["x-api-key"].FirstOrDefault() ?? headers["x-goog-api-key"].FirstOrDefault() ?? "";
        Requests.Enqueue((family, context.Request.Path + context.Request.QueryString, credential, body));
        return JsonNode.Parse(body)!.AsObject();
    }

    private static async Task WriteAsync(HttpContext context, int status, JsonObject body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(body.ToJsonString());
    }
}
