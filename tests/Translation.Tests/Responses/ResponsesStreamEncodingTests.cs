using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Tests.Validators;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.Responses;

/// <summary>Clients' streams, written.</summary>
public sealed class ResponsesStreamEncodingTests
{
    private static readonly Started Start = new() { Id = "id-1", Model = "m-1", Created = ResponsesKit.Accepted };

    [Fact]
    public void AStreamIsToldFrameByFrame()
    {
        string sse = Legal(
        [
            Start,
            new PartStarted(0, 0, new ReasoningPart("")),
            new PartDelta(0, DeltaKind.Reasoning, "I think."),
            new SignatureSet(0, new Signature("c2ln", DialectIds.Messages)),
            new PartCompleted(0),
            KeepAlive.Instance,
            new PartStarted(0, 1, new TextPart("")),
            new PartDelta(1, DeltaKind.Text, "Let me \"look\"."),
            new LogProbsAdded(1, [new TokenLogProb("Let", -0.25)]),
            new CitationAdded(1, new Citation { Url = "https://x", Title = "X", Start = 0, End = 3 }),
            new PartCompleted(1),
            new PartStarted(0, 2, new ToolCallPart("c1", "f", "") { Namespace = "ns" }),
            new PartDelta(2, DeltaKind.ToolArguments, "{\"a\""),
            new PartDelta(2, DeltaKind.ToolArguments, ":1}"),
            new PartCompleted(2),
            new ChoiceEnded(0, FinishReason.ToolCalls),
            new UsageReported(new TokenUsage { InputTokens = 10, CacheReadTokens = 4, OutputTokens = 5, ReasoningTokens = 2 }),
            Finished.Instance,
        ]);
        Golden.Check("responses-stream.sse", sse);
    }

    [Fact]
    public void PartsThatGrowTogetherAreToldOneAfterTheOther()
    {
        string sse = Legal(
        [
            Start,
            new PartStarted(0, 0, new TextPart("")),
            new PartStarted(0, 1, new ToolCallPart("c1", "f", "")),
            new PartStarted(0, 2, new ToolCallPart("c2", "g", "") { Kind = ToolKind.Custom }),
            new PartDelta(1, DeltaKind.ToolArguments, "{"),
            new PartDelta(0, DeltaKind.Text, "a"),
            new PartDelta(2, DeltaKind.ToolArguments, "raw"),
            new PartDelta(1, DeltaKind.ToolArguments, "}"),
            new PartCompleted(1),
            new PartDelta(0, DeltaKind.Text, "b"),
            new PartCompleted(2),
            new PartCompleted(0),
            new ChoiceEnded(0, FinishReason.ToolCalls),
            Finished.Instance,
        ]);
        JsonArray output = ResponsesKit.Frames(sse)[^1]["response"]!["output"]!.AsArray();
        Assert.Equal(["ab", "{}", "raw"], output.Select(i => (i!["content"]?[0]?["text"] ?? i["arguments"] ?? i["input"])!.GetValue<string>()));
    }

    [Fact]
    public void ThousandsOfPartsMayWait()
    {
        const int count = 5_000;
        IEnumerable<ChatEvent> events =
        [
            Start,
            .. Enumerable.Range(0, count).Select(i => new PartStarted(0, i, new ReasoningPart(""))),
            .. Enumerable.Range(1, count - 1).Reverse().Select(i => new PartCompleted(i)),
            new PartCompleted(0),
            new ChoiceEnded(0, FinishReason.Stop),
            Finished.Instance,
        ];
        Assert.EndsWith("data: [DONE]\n\n", ResponsesKit.RenderStream(events), StringComparison.Ordinal);
    }

    [Fact]
    public void TextsThatFollowEachOtherAreOneMessage()
    {
        string sse = Legal(
        [
            Start,
            .. Part(0, new TextPart(""), DeltaKind.Text, "a"),
            .. Part(1, new OpaquePart(DialectIds.Messages, JsonElement.Parse("{}"), "content[0]"), DeltaKind.Text, null),
            .. Part(2, new RefusalPart(""), DeltaKind.Refusal, "no"),
            .. Part(3, new MediaPart(MediaKind.Image, new Base64Source("image/png", "AAAA"u8.ToArray())), DeltaKind.Media, null),
            .. Part(4, new MediaPart(MediaKind.Audio, new Base64Source("audio/wav", default)), DeltaKind.Transcript, "spoken"),
            .. Part(5, new OpaquePart(DialectIds.Responses, JsonElement.Parse("""{"id":"ws_1","type":"web_search_call","status":"completed"}"""), "output[0]"), DeltaKind.Text, null),
            .. Part(6, new TextPart(""), DeltaKind.Text, null),
            new ChoiceEnded(0, FinishReason.Stop),
            Finished.Instance,
        ]);
        JsonArray output = ResponsesKit.Frames(sse)[^1]["response"]!["output"]!.AsArray();
        Assert.Equal(["message", "image_generation_call", "message", "web_search_call", "message"], output.Select(i => i!["type"]!.GetValue<string>()));
        Assert.Equal(2, output[0]!["content"]!.AsArray().Count);
    }

    [Fact]
    public void SealsRideWhereTheClientSendsThemBack()
    {
        var seal = new Signature("dGhv", DialectIds.GenerateContent);
        string sse = Legal(
        [
            Start,
            new PartStarted(0, 0, new ReasoningPart("") { Redacted = true }),
            new SignatureSet(0, new Signature("cmVk", DialectIds.Messages)),
            new PartCompleted(0),
            new PartStarted(0, 1, new ReasoningPart("")),
            new SignatureSet(1, new Signature("aGlk", DialectIds.Messages)),
            new PartCompleted(1),
            new PartStarted(0, 2, new ToolCallPart("c1", "f", "") { Signature = seal }),
            new PartDelta(2, DeltaKind.ToolArguments, "{}"),
            new PartCompleted(2),
            new ChoiceEnded(0, FinishReason.ToolCalls),
            Finished.Instance,
        ]);
        JsonArray output = ResponsesKit.Frames(sse)[^1]["response"]!["output"]!.AsArray();
        ChatRequest next = ResponsesKit.Decode($$"""{"model":"m","input":{{output.ToJsonString()}}}""");
        Assert.Equal(
            [
                new ReasoningPart("") { Redacted = true, Signature = new Signature("cmVk", DialectIds.Messages) },
                new ReasoningPart("") { Signature = new Signature("aGlk", DialectIds.Messages) },
            ],
            next.Messages.Take(2).Select(m => m.Parts[0]));
        Assert.Equal(seal, ((ToolCallPart)next.Messages[2].Parts[0]).Signature);
        JsonObject added = ResponsesKit.Frames(sse).Single(f => f["type"]!.GetValue<string>() == "response.output_item.added" && f["item"]!["type"]!.GetValue<string>() == "function_call");
        Assert.Equal(ToolCallIdCarrier.Wrap("c1", seal), added["item"]!["call_id"]!.GetValue<string>());
    }

    [Theory]
    [InlineData(FinishReason.Length, "response.incomplete", "incomplete")]
    [InlineData(FinishReason.ContentFilter, "response.incomplete", "incomplete")]
    [InlineData(FinishReason.Stop, "response.completed", "completed")]
    public void OnlyTheLastItemIsCutOff(FinishReason reason, string last, string status)
    {
        string sse = Legal([Start, .. Part(0, new ToolCallPart("c", "f", ""), DeltaKind.ToolArguments, "{}"), .. Part(1, new TextPart(""), DeltaKind.Text, "x"), new ChoiceEnded(0, reason), Finished.Instance]);
        List<JsonObject> frames = ResponsesKit.Frames(sse);
        Assert.Equal(last, frames[^1]["type"]!.GetValue<string>());
        Assert.Equal(["completed", status], frames.Where(f => f["type"]!.GetValue<string>() == "response.output_item.done").Select(f => f["item"]!["status"]!.GetValue<string>()));
        Assert.EndsWith("data: [DONE]\n\n", sse, StringComparison.Ordinal);
    }

    [Fact]
    public void AFailureLooksLikeNothingElse()
    {
        var error = new GatewayError(ErrorKind.RateLimited, 429, "slow down");
        string sse = Legal(
        [
            Start,
            .. Part(0, new TextPart(""), DeltaKind.Text, "whole"),
            new PartStarted(0, 1, new ToolCallPart("c", "f", "")),
            new PartDelta(1, DeltaKind.ToolArguments, "{\"a"),
            new UsageReported(new TokenUsage { InputTokens = 3 }),
            new Failed(error),
            new PartCompleted(1),
            Finished.Instance,
        ]);
        List<JsonObject> frames = ResponsesKit.Frames(sse);
        ResponsesKit.Same(
            """
            {"type":"error","code":"rate_limit_exceeded","message":"slow down","param":null,
             "error":{"type":"rate_limit_error","code":"rate_limit_exceeded","message":"slow down","param":null},"sequence_number":10}
            """,
            frames[^2]);
        JsonNode response = frames[^1]["response"]!;
        Assert.Equal("failed", response["status"]!.GetValue<string>());
        ResponsesKit.Same("""{"code":"rate_limit_exceeded","message":"slow down"}""", response["error"]);
        Assert.Single(response["output"]!.AsArray());
        Assert.Equal(3, response["usage"]!["input_tokens"]!.GetValue<int>());
        Assert.DoesNotContain("[DONE]", sse, StringComparison.Ordinal);
    }

    [Fact]
    public void AFailureBeforeTheStartIsOneToo()
    {
        List<JsonObject> frames = ResponsesKit.Frames(Legal([new Failed(GatewayError.Upstream("gone", "stream_truncated"))]));
        Assert.Equal(["error", "response.failed"], frames.Select(f => f["type"]!.GetValue<string>()));
        Assert.Equal("stream_truncated", frames[1]["response"]!["error"]!["code"]!.GetValue<string>());
    }

    [Fact]
    public void OfSeveralAnswersOneIsTold()
    {
        string sse = Legal(
        [
            Start,
            new PartStarted(0, 0, new TextPart("")),
            new PartStarted(1, 1, new TextPart("")),
            new PartDelta(0, DeltaKind.Text, "first"),
            new PartDelta(1, DeltaKind.Text, "second"),
            new PartCompleted(1),
            new ChoiceEnded(1, FinishReason.Length),
            new PartCompleted(0),
            new ChoiceEnded(0, FinishReason.Stop),
            Finished.Instance,
        ]);
        Assert.DoesNotContain("second", sse, StringComparison.Ordinal);
        Assert.Contains("response.completed", sse, StringComparison.Ordinal);
    }

    [Fact]
    public void TheStreamOfAnAnswerEndsWithThatAnswer()
    {
        ContentPart[] parts = [new ReasoningPart("r") { Signature = new Signature("c2ln", DialectIds.Messages) }, new TextPart("t"), new ToolCallPart("c", "f", "{}")];
        var response = new ChatResponse
        {
            Id = "id-1",
            Model = "m-1",
            Created = ResponsesKit.Accepted,
            ServiceTier = "flex",
            Choices = [new Choice(0, parts, FinishReason.ToolCalls)],
            Usage = new TokenUsage { InputTokens = 1, OutputTokens = 2 },
        };
        string sse = Legal(ChatEventFold.Unfold(response));
        ResponsesKit.Same(ResponsesKit.Render(response).ToJsonString(), ResponsesKit.Frames(sse)[^1]["response"]);
    }

    [Fact]
    public void ATextDeltaCostsLittle()
    {
        byte[] frame = Encoding.UTF8.GetBytes(
            "{\"type\":\"response.output_text.delta\",\"content_index\":0,\"delta\":\" token\",\"item_id\":\"msg_02edcf2cbd71902b006a63b99bba7881988ef18a6d307ac724\",\"logprobs\":[],\"obfuscation\":\"M2ySgLxpTQSl\",\"output_index\":0,\"sequence_number\":6}");
        IChatStreamDecoder decoder = ResponsesKit.Dialect.CreateDecoder();
        using IChatStreamEncoder encoder = ResponsesKit.Dialect.CreateEncoder(ResponsesKit.Context());
        var output = new ArrayBufferWriter<byte>(1 << 20);
        List<ChatEvent> events = new(8);
        const int rounds = 2000;
        long before = 0;
        for (int i = 0; i < 2 * rounds; i++)
        {
            if (i == rounds)
            {
                before = GC.GetAllocatedBytesForCurrentThread();
            }

            decoder.Decode(new SseFrame("response.output_text.delta"u8, frame), events);
            foreach (ChatEvent chatEvent in events)
            {
                encoder.Encode(chatEvent, output);
            }

            events.Clear();
            output.ResetWrittenCount();
        }

        long perEvent = (GC.GetAllocatedBytesForCurrentThread() - before) / rounds;
        Assert.True(perEvent <= 200, $"{perEvent} bytes an event");
    }

    private static string Legal(IEnumerable<ChatEvent> events)
    {
        string sse = ResponsesKit.RenderStream(events);
        IReadOnlyList<string> faults = ResponsesStreamValidator.Faults(Encoding.UTF8.GetBytes(sse));
        Assert.True(faults.Count == 0, string.Join('\n', faults) + "\n" + sse);
        return sse;
    }

    private static IEnumerable<ChatEvent> Part(int index, ContentPart seed, DeltaKind kind, string? text)
    {
        yield return new PartStarted(0, index, seed);
        if (text is not null)
        {
            yield return new PartDelta(index, kind, text);
        }

        yield return new PartCompleted(index);
    }
}
