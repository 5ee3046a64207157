using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Serverless.Benchmarks.Load;

/// <summary>
/// A provider that costs as little as can be: it speaks Chat Completions from prepared bytes. <c>"model":"e100"</c> with
/// <c>"stream":true</c> gives a stream of 100 text events, each flushed by itself as a model does.
/// </summary>
internal static class StubServer
{
    private static readonly byte[] Whole = Encoding.UTF8.GetBytes($$$"""
        {"id":"chatcmpl-1","object":"chat.completion","created":1790000000,"model":"stub","choices":[{"index":0,"message":{"role":"assistant","content":"{{{string.Concat(Enumerable.Repeat("lorem ipsum ", 20))}}}","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0} } }
        """);

    private static readonly byte[] First = Frame("""{"role":"assistant","content":""}""", "null");
    private static readonly byte[] Delta = Frame("""{"content":" lorem"}""", "null");
    private static readonly byte[] Last = Encoding.UTF8.GetBytes(
        Encoding.UTF8.GetString(Frame("{}", "\"stop\"")) +
        "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1790000000,\"model\":\"stub\",\"choices\":[],\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":50,\"total_tokens\":150}}\n\ndata: [DONE]\n\n");

    public static async Task RunAsync(string url)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        WebApplication app = builder.Build();
        app.MapGet("/", (RequestDelegate)(c => c.Response.WriteAsync("ready")));
        app.MapPost("/v1/chat/completions", (RequestDelegate)AnswerAsync);
        await app.RunAsync();
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        int events = 0;
        while (true)
        {
            var read = await context.Request.BodyReader.ReadAsync();
            if (read.IsCompleted)
            {
                events = Events(read.Buffer);
                context.Request.BodyReader.AdvanceTo(read.Buffer.End);
                break;
            }

            context.Request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }

        if (events < 0)
        {
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = Whole.Length;
            await context.Response.Body.WriteAsync(Whole);
            return;
        }

        context.Response.ContentType = "text/event-stream";
        await context.Response.Body.WriteAsync(First);
        for (int i = 0; i < events; i++)
        {
            await context.Response.BodyWriter.WriteAsync(Delta, context.RequestAborted);
        }

        await context.Response.BodyWriter.WriteAsync(Last, context.RequestAborted);
    }

    /// <summary>The number in the model's name when a stream is asked for, or -1.</summary>
    private static int Events(ReadOnlySequence<byte> body)
    {
        ReadOnlySpan<byte> bytes = body.IsSingleSegment ? body.FirstSpan : body.ToArray();
        if (bytes.IndexOf("\"stream\":true"u8) < 0)
        {
            return -1;
        }

        int at = bytes.IndexOf("\"model\":\"e"u8);
        return at >= 0 && Utf8Parser.TryParse(bytes[(at + 10)..], out int events, out _) ? events : 100;
    }

    private static byte[] Frame(string delta, string finish) => Encoding.UTF8.GetBytes(
        $$$"""data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1790000000,"model":"stub","choices":[{"index":0,"delta":{{{delta}}},"logprobs":null,"finish_reason":{{{finish}}}}],"usage":null}""" + "\n\n");
}
