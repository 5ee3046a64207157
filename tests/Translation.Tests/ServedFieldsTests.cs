using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests;

/// <summary>What a provider tells of its serving beside the answer: its id, its time, its tier, its fingerprint, in streams as in whole answers.</summary>
public sealed class ServedFieldsTests
{
    private static readonly IChatDialect Chat = DialectCatalog.ChatDialect(DialectIds.ChatCompletions);

    [Fact]
    public void AFingerprintStandsInEveryChunk()
    {
        List<JsonElement> chunks = Chunks(Crossing.Render(Chat, Events(Chat, """
            data: {"id":"chatcmpl-9","created":1750000009,"model":"gpt-x","service_tier":"flex","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"}}]}

            data: {"id":"chatcmpl-9","created":1750000009,"model":"gpt-x","service_tier":"flex","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

            data: [DONE]


            """)));
        Assert.True(chunks.Count > 1);
        Assert.All(chunks, chunk =>
        {
            Assert.Equal("fp_1", chunk.GetProperty("system_fingerprint").GetString());
            Assert.Equal("flex", chunk.GetProperty("service_tier").GetString());
            Assert.Equal(("chatcmpl-9", 1750000009L), (chunk.GetProperty("id").GetString(), chunk.GetProperty("created").GetInt64()));
        });
    }

    [Fact]
    public void ATierThatIsToldAtTheEndIsToldAtTheEnd()
    {
        List<ChatEvent> events = Events(DialectCatalog.ChatDialect(DialectIds.Responses), Served("auto", "flex"));
        Assert.Equal("flex", Crossing.Fold(events).ToResponse().ServiceTier);
        JsonElement last = Chunks(Crossing.Render(Chat, events))[^1];
        Assert.Equal("flex", last.GetProperty("service_tier").GetString());
        Assert.Equal(7, last.GetProperty("usage").GetProperty("total_tokens").GetInt32());
        Assert.Contains("\"service_tier\":\"flex\"", Encoding.UTF8.GetString(Crossing.Render(DialectCatalog.ChatDialect(DialectIds.Responses), events)), StringComparison.Ordinal);
    }

    [Fact]
    public void GooglesTierComesWithItsCounts()
    {
        List<ChatEvent> events = Events(DialectCatalog.ChatDialect(DialectIds.GenerateContent), """
            data: {"responseId":"r","modelVersion":"gemini-x","candidates":[{"content":{"role":"model","parts":[{"text":"Hi"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":4,"totalTokenCount":7,"serviceTier":"priority"}}


            """);
        Assert.Equal("priority", Crossing.Fold(events).ToResponse().ServiceTier);
        Assert.Equal("priority", Chunks(Crossing.Render(Chat, events))[^1].GetProperty("service_tier").GetString());
    }

    private static string Served(string atStart, string atEnd)
    {
        string Response(string status, string tier, string usage) =>
            $$$"""{"id":"resp_1","object":"response","created_at":1750000001,"status":"{{{status}}}","model":"gpt-x","output":[],"service_tier":"{{{tier}}}","usage":{{{usage}}}}""";

        return $$$"""
            event: response.created
            data: {"type":"response.created","sequence_number":0,"response":{{{Response("in_progress", atStart, "null")}}}}

            event: response.completed
            data: {"type":"response.completed","sequence_number":1,"response":{{{Response("completed", atEnd, """{"input_tokens":3,"output_tokens":4,"total_tokens":7}""")}}}}


            """;
    }

    private static List<ChatEvent> Events(IChatDialect provider, string sse) => Crossing.Events(provider, Encoding.UTF8.GetBytes(sse));

    private static List<JsonElement> Chunks(byte[] sse) =>
        [.. Crossing.Frames(sse).Where(f => f.StartsWith("data: {", StringComparison.Ordinal)).Select(f => JsonElement.Parse(f[6..].Trim()))];
}
