using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Tests.Validators;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.GenerateContent;

/// <summary>Google's streams, with all that has been seen in them.</summary>
public sealed class StreamDecodingTests
{
    private const string End = ""","finishReason":"STOP" """;

    public static TheoryData<string> Recorded => Payloads.Rows(DialectIds.GenerateContent, PayloadKind.Stream);

    [Theory]
    [MemberData(nameof(Recorded))]
    public void ARecordedStreamFoldsIntoWhatTheSameChunksWouldBeWhole(string file)
    {
        JsonElement chunks = Payloads.ReadJson(file);
        List<ChatEvent> events = Crossing.Events(Gemini.Dialect, Payloads.ReadSse(file));
        EventGrammar.Check(events);
        ChatResponse folded = Gemini.Fold(events);
        JsonElement last = chunks[chunks.GetArrayLength() - 1];
        IEnumerable<JsonElement> parts = chunks.EnumerateArray()
            .SelectMany(c => c.At("candidates.0").TryGetProperty("content", out JsonElement content) && content.TryGetProperty("parts", out JsonElement list) ? list.EnumerateArray().ToArray() : []);
        Assert.Equal(Text(parts, thought: false), string.Concat(folded.Choices[0].Parts.OfType<TextPart>().Select(p => p.Text)));
        Assert.Equal(Text(parts, thought: true), string.Concat(folded.Choices[0].Parts.OfType<ReasoningPart>().Select(p => p.Text)));
        Assert.Equal(parts.Count(p => p.Has("functionCall")), folded.Choices[0].Parts.OfType<ToolCallPart>().Count());
        Assert.Equal(last.At("usageMetadata.totalTokenCount").GetInt64(), folded.Usage!.TotalTokens);
        Assert.Equal(last.GetProperty("responseId").GetString(), folded.Id);
    }

    [Fact]
    public void TheRecordedSearchIsCitedInTheRightPlaces()
    {
        Payloads.Require();
        ChatResponse folded = Gemini.Fold(Crossing.Events(Gemini.Dialect, Payloads.ReadSse("webSearchToolParam/google/response-streaming.json")));
        var text = (TextPart)Assert.Single(folded.Choices[0].Parts);
        Assert.NotEmpty(text.Citations);
        Assert.All(text.Citations, c => Assert.True(c.Start is not null && c.Url!.StartsWith("https://", StringComparison.Ordinal)));
        JsonElement supports = Payloads.ReadJson("webSearchToolParam/google/response-streaming.json").EnumerateArray().Last().At("candidates.0.groundingMetadata.groundingSupports");
        Assert.Equal(supports[0].At("segment.text").GetString(), text.Text[text.Citations[0].Start!.Value..text.Citations[0].End!.Value]);
    }

    [Fact]
    public void ParallelCallsOfOneNameStayApart()
    {
        foreach (bool ids in (bool[])[true, false])
        {
            List<ChatEvent> events = Gemini.Stream(
                Gemini.Chunk($$$$$"""{"functionCall":{ {{{{{Id("1")}}}}} "name":"f","args":{"n":1}},"thoughtSignature":"cw=="}"""),
                Gemini.Chunk($$$$$"""{"functionCall":{ {{{{{Id("2")}}}}} "name":"f","args":{"n":2}}}"""),
                Gemini.Chunk($$$$$"""{"functionCall":{ {{{{{Id("3")}}}}} "name":"f"}}"""),
                Gemini.Chunk("""{"text":""}""", End));
            EventGrammar.Check(events);
            List<ToolCallPart> calls = [.. Gemini.Fold(events).Choices[0].Parts.Cast<ToolCallPart>()];
            Assert.Equal(["""{"n":1}""", """{"n":2}""", "{}"], calls.Select(c => c.Arguments));
            Assert.Equal(3, calls.Select(c => c.Id).Distinct().Count());
            Assert.Equal([0, 1, 2], events.OfType<PartStarted>().Select(p => p.Index));
            Assert.Equal("cw==", ((ToolCallPart)events.OfType<PartStarted>().First().Seed).Signature!.Value);
            Assert.Null(calls[1].Signature);
            Assert.Equal(FinishReason.ToolCalls, events.OfType<ChoiceEnded>().Single().Reason);

            string Id(string id) => ids ? $"\"id\":\"{id}\"," : "";
        }
    }

    [Fact]
    public void CallsThatAreSentAgainAreOneCall()
    {
        const string WithId = """{"functionCall":{"id":"1","name":"f","args":{"n":1}}}""";
        const string Signed = """{"functionCall":{"name":"g","args":{}},"thoughtSignature":"cw=="}""";
        List<ChatEvent> events = Gemini.Stream(
            Gemini.Chunk(WithId),
            Gemini.Chunk(WithId + "," + Signed),
            Gemini.Chunk(Signed),
            Gemini.Chunk("""{"functionCall":{"name":"h"}},{"functionCall":{"name":"h"}}""", End));
        EventGrammar.Check(events);
        Assert.Equal(["f", "g", "h", "h"], Gemini.Fold(events).Choices[0].Parts.Cast<ToolCallPart>().Select(c => c.Name));
    }

    [Fact]
    public void SignaturesOfTextsFindTheirText()
    {
        List<ChatEvent> events = Gemini.Stream(
            Gemini.Chunk("""{"text":"I th","thought":true}"""),
            Gemini.Chunk("""{"text":"ink","thought":true}"""),
            Gemini.Chunk("""{"text":"I","thoughtSignature":"YQ=="}"""),
            Gemini.Chunk("""{"text":" say"}"""),
            Gemini.Chunk("""{"text":"","thoughtSignature":"Yg=="}"""),
            Gemini.Chunk("""{"functionCall":{"name":"f"}}"""),
            Gemini.Chunk("""{"text":"","thoughtSignature":"Yw=="}""", End));
        EventGrammar.Check(events);
        Assert.Collection(
            Gemini.Fold(events).Choices[0].Parts,
            p => Assert.Equal(new ReasoningPart("I think") { IsSummary = true }, p),
            p => Assert.Equal(new TextPart("I say") { Signature = Own("YQ==") }, p),
            p => Assert.Equal(new TextPart("") { Signature = Own("Yg==") }, p),
            p => Assert.IsType<ToolCallPart>(p),
            p => Assert.Equal(new TextPart("") { Signature = Own("Yw==") }, p));
    }

    [Fact]
    public void SoundInPiecesCanBeStrungTogether()
    {
        byte[][] pieces = [[1, 2, 3, 4], [5], [6, 7, 8, 9, 10]];
        List<ChatEvent> events = Gemini.Stream(
            [
                .. pieces.Select(p => Gemini.Chunk($$$$$"""{"inlineData":{"mimeType":"audio/L16;rate=24000","data":"{{{{{Convert.ToBase64String(p)}}}}}"}}""")),
                Gemini.Chunk("""{"text":""}""", End),
            ]);
        EventGrammar.Check(events);
        var sound = (MediaPart)Assert.Single(Gemini.Fold(events).Choices[0].Parts);
        byte[] bytes = Convert.FromBase64String(Encoding.ASCII.GetString(((Base64Source)sound.Source).Base64.Span));
        Assert.Equal(pieces.SelectMany(p => p), bytes);
        Assert.All(events.OfType<PartDelta>().SkipLast(1), d => Assert.DoesNotContain('=', d.Text));
    }

    [Fact]
    public void PicturesAndCodeComeWhole()
    {
        List<ChatEvent> events = Gemini.Stream(
            Gemini.Chunk("""{"text":"see"},{"inlineData":{"mimeType":"image/png","data":"AAAA"},"thoughtSignature":"cw=="}"""),
            Gemini.Chunk("""{"executableCode":{"language":"PYTHON","code":"1"}}""", End));
        EventGrammar.Check(events);
        IReadOnlyList<ContentPart> parts = Gemini.Fold(events).Choices[0].Parts;
        Assert.Equal(Own("cw=="), ((MediaPart)parts[1]).Signature);
        Gemini.Equal("""{"executableCode":{"language":"PYTHON","code":"1"}}""", ((OpaquePart)parts[2]).Json);
    }

    [Fact]
    public void CandidatesInterleave()
    {
        List<ChatEvent> events = Gemini.Stream(
            """{"candidates":[{"content":{"parts":[{"text":"a"}]},"index":1},{"content":{"parts":[{"text":"b"}]},"index":0}],"responseId":"r"}""",
            """{"candidates":[{"content":{"parts":[{"text":"c"}]},"finishReason":"STOP","index":0}]}""",
            """{"candidates":[{"content":{"parts":[{"text":"d"}]},"finishReason":"MAX_TOKENS","index":1}]}""");
        EventGrammar.Check(events);
        Assert.Equal([("bc", FinishReason.Stop), ("ad", FinishReason.Length)], Gemini.Fold(events).Choices.Select(c => (((TextPart)c.Parts[0]).Text, c.FinishReason)));
    }

    [Fact]
    public void WhatFollowsTheReasonStillCounts()
    {
        // Older models gave the reason in every chunk; counts and sources may come last, alone.
        List<ChatEvent> events = Gemini.Stream(
            Gemini.Chunk("""{"text":"a"}""", End),
            Gemini.Chunk("""{"text":"b"}""", End),
            """{"candidates":[{"index":0,"groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://a.test"}}]}}]}""",
            """{"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":4,"totalTokenCount":7}}""");
        EventGrammar.Check(events);
        ChatResponse folded = Gemini.Fold(events);
        var text = (TextPart)Assert.Single(folded.Choices[0].Parts);
        Assert.Equal(("ab", "https://a.test", 7L), (text.Text, text.Citations[0].Url, folded.Usage!.TotalTokens));
    }

    [Fact]
    public void CountsAreReportedAsSoonAsTheyAreKnown()
    {
        List<ChatEvent> events = Gemini.Stream(
            """{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1,"totalTokenCount":4}}""",
            """{"candidates":[{"content":{"parts":[{"text":"b"}]}}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1,"totalTokenCount":4}}""",
            """{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":9,"totalTokenCount":12,"serviceTier":"standard"}}""");
        Assert.Equal([1L, 9L], events.OfType<UsageReported>().Select(u => u.Usage.OutputTokens!.Value));
        Assert.Equal(3, events.OfType<UsageReported>().First().Usage.InputTokens);
    }

    [Fact]
    public void ARefusedPromptEndsTheStream()
    {
        List<ChatEvent> events = Gemini.Stream("""{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3},"modelVersion":"m"}""");
        EventGrammar.Check(events);
        Assert.Equal(FinishReason.ContentFilter, events.OfType<ChoiceEnded>().Single().Reason);
        Assert.IsType<Finished>(events[^1]);
    }

    [Theory]
    [InlineData("data: {\"error\":{\"code\":503,\"message\":\"Busy.\",\"status\":\"UNAVAILABLE\"}}\n\n", 503, ErrorKind.Overloaded)]
    [InlineData("data: [{\"error\":{\"code\":429,\"message\":\"Slow.\",\"status\":\"RESOURCE_EXHAUSTED\"}}]\n\n", 429, ErrorKind.RateLimited)]
    [InlineData("{\n  \"error\": {\n    \"code\": 503,\n    \"message\": \"Busy.\",\n    \"status\": \"UNAVAILABLE\"\n  }\n}\n", 503, ErrorKind.Overloaded)]
    [InlineData("[{\n  \"error\": {\n    \"code\": 500,\n    \"message\": \"Oops.\",\n    \"status\": \"INTERNAL\"\n  }\n}\n]", 500, ErrorKind.Upstream)]
    [InlineData("data: {\"error\":{\"message\":\"Late.\",\"status\":\"DEADLINE_EXCEEDED\"}}\n\n", 504, ErrorKind.Timeout)]
    [InlineData("data: {\"candidates\":[{\"content\"\n\n", 502, ErrorKind.Upstream)]
    [InlineData("data: 7\n\n", 502, ErrorKind.Upstream)]
    public void ErrorsInTheMiddleEndTheStream(string tail, int status, ErrorKind kind)
    {
        foreach (string head in (string[])["", $"data: {Gemini.Chunk("""{"text":"a"}""")}\n\n"])
        {
            List<ChatEvent> events = Crossing.Events(Gemini.Dialect, Encoding.UTF8.GetBytes(head + tail));
            EventGrammar.Check(events);
            GatewayError error = Assert.IsType<Failed>(events[^1]).Error;
            Assert.Equal((status, kind), (error.Status, error.Kind));
            Assert.True(events[0] is Started || head.Length == 0 || events.Count == 1);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},\"index\":0}]}\n\n")]
    [InlineData("data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\"}}]},\"finishReason\":\"\",\"index\":0}]}\n\n")]
    [InlineData("data: {\"usageMetadata\":{\"promptTokenCount\":3}}\n\n")]
    public void AStreamWithoutItsEndHasFailed(string sse)
    {
        List<ChatEvent> events = Crossing.Events(Gemini.Dialect, Encoding.UTF8.GetBytes(sse));
        Assert.Equal(("stream_truncated", ErrorKind.Upstream), (((Failed)events[^1]).Error.Code, ((Failed)events[^1]).Error.Kind));
    }

    [Fact]
    public void CommentsAreSignsOfLifeAndNothingComesAfterTheEnd()
    {
        var decoder = Gemini.Dialect.CreateDecoder();
        List<ChatEvent> events = [];
        decoder.Decode(new SseFrame(default, default, ": hi\n\n"u8), events);
        decoder.Decode(new SseFrame(default, "[DONE]"u8), events);
        Assert.Same(KeepAlive.Instance, Assert.Single(events));
        decoder.Decode(new SseFrame(default, "{\"error\":{\"code\":500}}"u8), events);
        decoder.Decode(new SseFrame(default, Encoding.UTF8.GetBytes(Gemini.Chunk("""{"text":"a"}"""))), events);
        decoder.Complete(events);
        Assert.Equal(2, events.Count);
        Assert.False(decoder.LastFrameIsUsageOnly);
    }

    [Fact]
    public void HalvesOfSurrogatePairsAreKeptForTheAdapterToJoin()
    {
        List<ChatEvent> events = Gemini.Stream(Gemini.Chunk("""{"text":"a\ud83c"}"""), Gemini.Chunk("""{"text":"\udf0d"}""", End));
        Assert.Equal(["a\ud83c", "\udf0d"], events.OfType<PartDelta>().Select(d => d.Text));
    }

    [Fact]
    public void ATextDeltaCostsLittle()
    {
        byte[] chunk = Encoding.UTF8.GetBytes("""{"candidates":[{"content":{"parts":[{"text":" some words of text"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1,"totalTokenCount":4},"modelVersion":"m","responseId":"r"}""");
        IChatStreamDecoder decoder = Gemini.Dialect.CreateDecoder();
        using IChatStreamEncoder encoder = Gemini.Dialect.CreateEncoder(Crossing.Context());
        var output = new System.Buffers.ArrayBufferWriter<byte>(1024);
        List<ChatEvent> events = new(8);
        long before = 0;
        const int Rounds = 2000;
        for (int i = -500; i < Rounds; i++)
        {
            before = i == 0 ? GC.GetAllocatedBytesForCurrentThread() : before;
            events.Clear();
            output.ResetWrittenCount();
            decoder.Decode(new SseFrame(default, chunk), events);
            foreach (ChatEvent chatEvent in events)
            {
                encoder.Encode(chatEvent, output);
            }
        }

        long bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / Rounds;
        Assert.True(bytes <= 600, $"{bytes} bytes for an event");
    }

    private static Signature Own(string value) => new(value, DialectIds.GenerateContent);

    private static string Text(IEnumerable<JsonElement> parts, bool thought) =>
        string.Concat(parts.Where(p => p.Has("text") && p.Has("thought") == thought).Select(p => p.GetProperty("text").GetString()));
}
