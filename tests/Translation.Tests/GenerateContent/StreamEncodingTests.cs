using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.GenerateContent;

/// <summary>Streams as Gemini's clients get them, byte for byte.</summary>
public sealed class StreamEncodingTests
{
    private static readonly ChatEvent[] Events =
    [
        new Started { Id = "msg_1", Model = "claude-x" },
        new PartStarted(0, 0, new ReasoningPart("")),
        new PartDelta(0, DeltaKind.Reasoning, "hm"),
        new SignatureSet(0, new Signature("c2ln", DialectIds.GenerateContent)),
        new PartCompleted(0),
        KeepAlive.Instance,
        new PartStarted(0, 1, new TextPart("")),
        new PartDelta(1, DeltaKind.Text, "Ä \"quoted\"\n"),
        new PartDelta(1, DeltaKind.Text, "text"),
        new CitationAdded(1, new Citation { Url = "https://a.test", Title = "A", Start = 2, End = 10 }),
        new CitationAdded(1, new Citation { Url = "https://b.test" }),
        new PartCompleted(1),
        new PartStarted(0, 2, new ToolCallPart("toolu_1", "f", "") { Signature = new Signature("Y2FsbA==", DialectIds.GenerateContent) }),
        new PartStarted(0, 3, new ToolCallPart("gcall_x_1", "g", "")),
        new PartDelta(2, DeltaKind.ToolArguments, "{\"a\""),
        new PartDelta(2, DeltaKind.ToolArguments, ":\n1}"),
        new PartCompleted(2),
        new PartCompleted(3),
        new PartStarted(0, 4, new OpaquePart(DialectIds.Messages, JsonElement.Parse("""{"type":"x"}"""), "p")),
        new PartCompleted(4),
        new ChoiceEnded(0, FinishReason.ToolCalls),
        new UsageReported(new TokenUsage { InputTokens = 5, CacheReadTokens = 2, OutputTokens = 9, ReasoningTokens = 3 }),
        Finished.Instance,
    ];

    [Fact]
    public void TheStreamIsAsGoogles()
    {
        const string Tail = ""","modelVersion":"claude-x","responseId":"msg_1"}""";
        string[] expected =
        [
            Part("""{"text":"hm","thought":true}"""),
            Part("""{"text":"","thought":true,"thoughtSignature":"c2ln"}"""),
            "",
            Part("""{"text":"Ä \"quoted\"\n"}"""),
            Part("""{"text":"text"}"""),
            Part("""{"functionCall":{"id":"toolu_1","name":"f","args":{"a": 1}},"thoughtSignature":"Y2FsbA=="}"""),
            Part("""{"functionCall":{"name":"g","args":{}}}"""),
            """data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0,"groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://a.test","title":"A"}},{"web":{"uri":"https://b.test","title":"https://b.test"}}],"groundingSupports":[{"segment":{"startIndex":3,"endIndex":11,"text":"\"quoted\""},"groundingChunkIndices":[0]}]}}],"usageMetadata":{"promptTokenCount":5,"cachedContentTokenCount":2,"candidatesTokenCount":6,"thoughtsTokenCount":3,"totalTokenCount":14}""" + Tail,
        ];
        Assert.Equal(string.Join("\n\n", expected) + "\n\n", Gemini.RenderStream(Events));

        static string Part(string part) => """data: {"candidates":[{"content":{"parts":[""" + part + """],"role":"model"},"index":0}]""" + Tail;
    }

    [Fact]
    public void AsAnArrayItIsJsonAtEveryEnd()
    {
        AnswerContext context = Crossing.Context() with { JsonArray = true };
        string whole = Gemini.RenderStream([KeepAlive.Instance, .. Events], context);
        JsonElement chunks = Gemini.Json(whole);
        Assert.Equal(7, chunks.GetArrayLength());
        Assert.Equal("STOP", chunks[6].At("candidates.0.finishReason").GetString());
        Assert.StartsWith("\n[{\"candidates\"", whole, StringComparison.Ordinal);
        Assert.Contains("}\n,\r\n{", whole, StringComparison.Ordinal);

        JsonElement broken = Gemini.Json(Gemini.RenderStream([.. Events.Take(8), new Failed(GatewayError.Upstream("Cut.", "stream_truncated"))], context));
        Assert.Equal("UNAVAILABLE", broken.EnumerateArray().Last().At("error.status").GetString());
        Assert.Equal(502, Gemini.Json(Gemini.RenderStream([new Failed(GatewayError.Upstream("Cut."))], context)).At("0.error.code").GetInt32());
    }

    [Fact]
    public void AFailureIsToldInAFrameAndAsGoogleTellsIt()
    {
        string stream = Gemini.RenderStream([.. Events.Take(8), new Failed(new GatewayError(ErrorKind.RateLimited, 429, "Slow down.") { RetryAfter = TimeSpan.FromSeconds(7) }), .. Events.Skip(8)]);
        const string Error = """
            {"error":{"code":429,"message":"Slow down.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"7s"},{"@type":"type.googleapis.com/google.rpc.RequestInfo","requestId":"req-fixture"}]}}
            """;
        Assert.EndsWith($"\n\ndata: {Error.Trim()}\n\n{Error.Trim()}", stream, StringComparison.Ordinal);
        Assert.DoesNotContain("finishReason", stream, StringComparison.Ordinal);
        List<ChatEvent> again = Crossing.Events(Gemini.Dialect, Encoding.UTF8.GetBytes(stream));
        GatewayError error = Assert.IsType<Failed>(again[^1]).Error;
        Assert.Equal((429, ErrorKind.RateLimited, TimeSpan.FromSeconds(7)), (error.Status, error.Kind, error.RetryAfter));
    }

    [Fact]
    public void SoundIsSentAsItComesAndPicturesWhole()
    {
        string stream = Gemini.RenderStream(
        [
            new Started { Id = "1", Model = "m" },
            new PartStarted(0, 0, new MediaPart(MediaKind.Audio, new Base64Source("audio/pcm", default))),
            new PartDelta(0, DeltaKind.Media, "AAAA"),
            new PartDelta(0, DeltaKind.Media, "AQ=="),
            new PartDelta(0, DeltaKind.Transcript, "hi"),
            new PartCompleted(0),
            new PartStarted(0, 1, new MediaPart(MediaKind.Image, new Base64Source("image/png", "AAAA"u8.ToArray()))),
            new SignatureSet(1, new Signature("cw==", DialectIds.GenerateContent)),
            new PartCompleted(1),
        ]);
        string[] parts = [.. stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(f => Gemini.Json(f[6..]).At("candidates.0.content.parts.0").GetRawText())];
        Assert.Equal(
            [
                """{"inlineData":{"mimeType":"audio/pcm","data":"AAAA"}}""",
                """{"inlineData":{"mimeType":"audio/pcm","data":"AQ=="}}""",
                """{"inlineData":{"mimeType":"image/png","data":"AAAA"},"thoughtSignature":"cw=="}""",
            ],
            parts);
    }

    [Fact]
    public void AFilteredAnswerHasNoContentAndWhereNothingIsKnownTheRequestStandsIn()
    {
        string stream = Gemini.RenderStream([new Started(), new ChoiceEnded(0, FinishReason.ContentFilter), Finished.Instance]);
        Assert.Equal("""data: {"candidates":[{"finishReason":"SAFETY","index":0}],"modelVersion":"endpoint","responseId":"req-fixture"}""" + "\n\n", stream);
    }

    [Fact]
    public void ProbabilitiesComeAtTheEnd()
    {
        string stream = Gemini.RenderStream(
        [
            new Started(),
            new PartStarted(0, 0, new TextPart("")),
            new PartDelta(0, DeltaKind.Text, "a"),
            new LogProbsAdded(0, [new TokenLogProb("a", -1)]),
            new PartCompleted(0),
            new ChoiceEnded(0, FinishReason.Stop),
            Finished.Instance,
        ]);
        JsonElement last = Gemini.Json(stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[^1][6..]);
        Gemini.Equal("""{"chosenCandidates":[{"token":"a","logProbability":-1}]}""", last.At("candidates.0.logprobsResult"));
    }
}
