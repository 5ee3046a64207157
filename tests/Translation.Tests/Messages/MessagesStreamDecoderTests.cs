using System.Text.Json.Nodes;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Tests.Validators;
using Serverless.Translation.Wire;
using static Serverless.Translation.Tests.Messages.MessagesFixture;

namespace Serverless.Translation.Tests.Messages;

public sealed class MessagesStreamDecoderTests
{
    private const string Start = """{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[],"usage":{"input_tokens":5,"cache_read_input_tokens":100,"cache_creation_input_tokens":10,"cache_creation":{"ephemeral_5m_input_tokens":7,"ephemeral_1h_input_tokens":3},"output_tokens":1,"service_tier":"priority"}}}""";
    private const string Stop = """{"type":"message_stop"}""";

    private static string End(string reason = "end_turn", string usage = """{"output_tokens":9}""") =>
        $$$"""{"type":"message_delta","delta":{"stop_reason":"{{{reason}}}","stop_sequence":null},"usage":{{{usage}}}}""";

    private static string BlockStart(int index, string block) => $$"""{"type":"content_block_start","index":{{index}},"content_block":{{block}}}""";

    private static string Delta(int index, string delta) => $$"""{"type":"content_block_delta","index":{{index}},"delta":{{delta}}}""";

    private static string BlockStop(int index) => $$"""{"type":"content_block_stop","index":{{index}}}""";

    private static List<ChatEvent> Read(params string[] events)
    {
        List<ChatEvent> decoded = DecodeStream(Frames(events));
        EventGrammar.Check(decoded);
        return decoded;
    }

    [Fact]
    public void CountsAreToldAtTheStartAndSummed()
    {
        List<ChatEvent> events = Read(Start, End(), Stop);
        var started = Assert.IsType<Started>(events[0]);
        Assert.Equal(("msg_1", "claude-x", "priority"), (started.Id, started.Model, started.ServiceTier));
        TokenUsage usage = Assert.IsType<UsageReported>(events[1]).Usage;
        Assert.Equal(115, usage.InputTokens);
        Assert.Equal((100, 10, 7, 3), (usage.CacheReadTokens, usage.CacheWriteTokens, usage.CacheWrite5mTokens, usage.CacheWrite1hTokens));
        Assert.Null(usage.OutputTokens);
        TokenUsage all = Fold(events).Usage!;
        Assert.Equal((115, 9), (all.InputTokens, all.OutputTokens));
    }

    [Theory]
    [InlineData("""{"input_tokens":50,"cache_read_input_tokens":100,"cache_creation_input_tokens":10,"output_tokens":9,"output_tokens_details":{"thinking_tokens":4}}""", 160, 100, 10)]
    [InlineData("""{"input_tokens":0,"output_tokens":9}""", 115, 100, 10)]
    [InlineData("""{"input_tokens":0,"cache_read_input_tokens":0,"cache_creation_input_tokens":0,"output_tokens":9}""", 115, 100, 10)]
    [InlineData("""{"input_tokens":null,"output_tokens":9}""", 115, 100, 10)]
    [InlineData("""{"cache_read_input_tokens":200,"output_tokens":9}""", 215, 200, 10)]
    [InlineData("""{"input_tokens":8,"output_tokens":9}""", 118, 100, 10)]
    public void LaterCountsAreCumulative(string usage, long input, long read, long write)
    {
        TokenUsage all = Fold(Read(Start, End(usage: usage), Stop)).Usage!;
        Assert.Equal((input, read, write, 9L), (all.InputTokens, all.CacheReadTokens, all.CacheWriteTokens, all.OutputTokens));
    }

    [Fact]
    public void EveryKindOfBlockIsRead()
    {
        List<ChatEvent> events = Read(
            Start,
            """{"type":"ping"}""",
            BlockStart(0, """{"type":"thinking","thinking":"","signature":""}"""),
            Delta(0, """{"type":"thinking_delta","thinking":"Hm"}"""),
            Delta(0, """{"type":"signature_delta","signature":"c2VhbA=="}"""),
            BlockStop(0),
            BlockStart(1, """{"type":"redacted_thinking","data":"cmVk"}"""),
            BlockStop(1),
            BlockStart(2, """{"type":"text","text":""}"""),
            Delta(2, """{"type":"text_delta","text":"Snow"}"""),
            Delta(2, """{"type":"citations_delta","citation":{"type":"char_location","cited_text":"snow","document_index":0,"document_title":"D","start_char_index":0,"end_char_index":4}}"""),
            Delta(2, """{"type":"text_delta","text":"."}"""),
            BlockStop(2),
            BlockStart(3, """{"type":"tool_use","id":"toolu_1","name":"now","input":{},"caller":{"type":"direct"}}"""),
            Delta(3, """{"type":"input_json_delta","partial_json":""}"""),
            Delta(3, """{"type":"input_json_delta","partial_json":"{\"z\":"}"""),
            Delta(3, """{"type":"input_json_delta","partial_json":"\"U\"}"}"""),
            BlockStop(3),
            End("tool_use"),
            Stop);
        Choice choice = Assert.Single(Fold(events).Choices);
        Assert.Equal(FinishReason.ToolCalls, choice.FinishReason);
        var thinking = Assert.IsType<ReasoningPart>(choice.Parts[0]);
        Assert.Equal(("Hm", new Signature("c2VhbA==", DialectIds.Messages)), (thinking.Text, thinking.Signature));
        var withheld = Assert.IsType<ReasoningPart>(choice.Parts[1]);
        Assert.True(withheld.Redacted);
        Assert.Equal("cmVk", withheld.Signature!.Value);
        var text = Assert.IsType<TextPart>(choice.Parts[2]);
        Assert.Equal("Snow.", text.Text);
        Assert.Equal(("D", "snow"), (text.Citations[0].Title, text.Citations[0].CitedText));
        var call = Assert.IsType<ToolCallPart>(choice.Parts[3]);
        Assert.Equal(("toolu_1", "now", "{\"z\":\"U\"}"), (call.Id, call.Name, call.Arguments));
        Assert.Equal("direct", call.Extra!["caller"]!.Value.GetProperty("type").GetString());
        Assert.IsType<KeepAlive>(events[2]);
    }

    [Fact]
    public void HostedToolsAndUnknownBlocksArriveWhole()
    {
        List<ChatEvent> events = Read(
            Start,
            BlockStart(0, """{"type":"server_tool_use","id":"s1","name":"web_search","input":{}}"""),
            Delta(0, """{"type":"input_json_delta","partial_json":"{\"query\":"}"""),
            Delta(0, """{"type":"input_json_delta","partial_json":"\"snow\"}"}"""),
            BlockStop(0),
            BlockStart(1, """{"type":"web_search_tool_result","tool_use_id":"s1","content":[{"type":"web_search_result","url":"https://a.example"}]}"""),
            BlockStop(1),
            BlockStart(2, """{"type":"compaction","content":"The "}"""),
            Delta(2, """{"type":"compaction_delta","content":"summary."}"""),
            Delta(2, """{"type":"compaction_delta","content":null,"extra":[1]}"""),
            BlockStop(2),
            End(),
            Stop);
        OpaquePart[] blocks = [.. Fold(events).Choices[0].Parts.Cast<OpaquePart>()];
        AssertSame(JsonNode.Parse("""{"type":"server_tool_use","id":"s1","name":"web_search","input":{"query":"snow"}}"""), JsonNode.Parse(blocks[0].Json.GetRawText()));
        Assert.Equal("web_search_tool_result", blocks[1].Type);
        Assert.Equal("The summary.", blocks[2].Json.GetProperty("content").GetString());
        Assert.Equal("[1]", blocks[2].Json.GetProperty("extra").GetRawText());
        Assert.Equal(FinishReason.Stop, Fold(events).Choices[0].FinishReason);
    }

    [Theory]
    [InlineData("{}", "{}")]
    [InlineData("""{"city":"Oslo"}""", """{"city":"Oslo"}""")]
    public void ArgumentsMayStandInTheBlocksStart(string input, string expected)
    {
        List<ChatEvent> events = Read(Start, BlockStart(0, $$"""{"type":"tool_use","id":"t","name":"n","input":{{input}}}"""), BlockStop(0), End(), Stop);
        Choice choice = Fold(events).Choices[0];
        Assert.Equal(expected, ((ToolCallPart)choice.Parts[0]).Arguments);
        Assert.Equal(FinishReason.ToolCalls, choice.FinishReason);
    }

    [Theory]
    [InlineData("end_turn", FinishReason.Stop)]
    [InlineData("max_tokens", FinishReason.Length)]
    [InlineData("pause_turn", FinishReason.Pause)]
    [InlineData("compaction", FinishReason.Pause)]
    [InlineData("refusal", FinishReason.Refusal)]
    [InlineData("model_context_window_exceeded", FinishReason.ContextWindow)]
    [InlineData("a_reason_of_tomorrow", FinishReason.Stop)]
    public void ReasonsAreRead(string reason, FinishReason expected) => Assert.Equal(expected, Fold(Read(Start, End(reason), Stop)).Choices[0].FinishReason);

    [Fact]
    public void AStopSequenceIsTold()
    {
        Choice choice = Fold(Read(Start, """{"type":"message_delta","delta":{"stop_reason":"stop_sequence","stop_sequence":"END"},"usage":{"output_tokens":1}}""", Stop)).Choices[0];
        Assert.Equal((FinishReason.Stop, "END"), (choice.FinishReason, choice.StopSequence));
    }

    [Theory]
    [InlineData("overloaded_error", ErrorKind.Overloaded, 529)]
    [InlineData("rate_limit_error", ErrorKind.RateLimited, 429)]
    [InlineData("api_error", ErrorKind.Upstream, 500)]
    [InlineData("invalid_request_error", ErrorKind.InvalidRequest, 400)]
    [InlineData("something_new", ErrorKind.Upstream, 502)]
    public void AnErrorEndsTheStream(string type, ErrorKind kind, int status)
    {
        string error = $$$"""{"type":"error","error":{"type":"{{{type}}}","message":"Full."},"request_id":"req_9"}""";
        List<ChatEvent> events = Read(Start, error, Stop);
        GatewayError failed = Assert.IsType<Failed>(events[^1]).Error;
        Assert.Equal((kind, status, "Full.", type), (failed.Kind, failed.Status, failed.Message, failed.UpstreamType));
        Assert.IsType<Failed>(Assert.Single(Read(error)));
    }

    [Fact]
    public void AStreamThatBreaksOffHasFailed()
    {
        foreach (string[] events in (string[][])[[], [Start], [Start, BlockStart(0, """{"type":"text","text":""}"""), Delta(0, """{"type":"text_delta","text":"Hi"}""")], [Start, End()]])
        {
            Assert.Equal("stream_truncated", Assert.IsType<Failed>(Read(events)[^1]).Error.Code);
        }
    }

    [Fact]
    public void WhatIsUnknownOrOutOfPlaceIsPassedOver()
    {
        List<ChatEvent> events = DecodeStream(
            ": a comment\n\n"
            + Frames(Start, """{"type":"event_of_tomorrow","x":1}""", BlockStart(0, """{"type":"text","text":"A"}"""), Delta(0, """{"type":"delta_of_tomorrow","text":"no"}"""), Delta(7, """{"type":"text_delta","text":"nobody's"}"""))
            + "data: [DONE]\n\n"
            + Frames(Delta(0, """{"type":"text_delta","text":"B"}"""), End(), BlockStop(0), BlockStart(1, """{"type":"text","text":"late"}"""), Stop, Start));
        EventGrammar.Check(events);
        Assert.Equal("AB", ((TextPart)Assert.Single(Fold(events).Choices[0].Parts)).Text);
        Assert.IsType<Finished>(events[^1]);
    }

    [Fact]
    public void EventsNeedNoNameAndNoOrderOfFields()
    {
        string sse = string.Concat(((string[])[Start, BlockStart(0, """{"text":"","type":"text"}"""), """{"delta":{"text":"Hi\ud83d","type":"text_delta"},"index":0,"type":"content_block_delta"}""", Delta(0, """{"type":"text_delta","text":"\ude00"}"""), BlockStop(0), End(), Stop]).Select(e => $"data: {e}\n\n"));
        Assert.Equal("Hi😀", ((TextPart)Fold(DecodeStream(sse)).Choices[0].Parts[0]).Text);
    }

    [Fact]
    public void AnUnreadableEventFailsTheStream()
    {
        List<ChatEvent> events = DecodeStream(Frame(Start) + "event: content_block_delta\ndata: {\"type\":\"content_\n\n");
        Assert.Equal(ErrorKind.Upstream, Assert.IsType<Failed>(events[^1]).Error.Kind);
    }

    [Fact]
    public void AWholeMessageInPlaceOfAStreamIsTaken()
    {
        List<ChatEvent> events = DecodeStream("data: {\"type\":\"message\",\"id\":\"msg_1\",\"model\":\"m\",\"content\":[{\"type\":\"text\",\"text\":\"Hi\"}],\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}\n\n");
        EventGrammar.Check(events);
        Assert.Equal("Hi", ((TextPart)Fold(events).Choices[0].Parts[0]).Text);
    }

    [Fact]
    public void TextDeltasCostOneStringAndOneEvent()
    {
        IChatStreamDecoder decoder = Dialect.CreateDecoder();
        List<ChatEvent> events = new(1024);
        using var parser = new SseParser();
        parser.Append(System.Text.Encoding.UTF8.GetBytes(Frames(Start, BlockStart(0, """{"type":"text","text":""}"""))));
        while (parser.TryRead(out SseFrame frame))
        {
            decoder.Decode(frame, events);
        }

        byte[] data = System.Text.Encoding.UTF8.GetBytes(Delta(0, """{"type":"text_delta","text":"a few words"}"""));
        var delta = new SseFrame("content_block_delta"u8, data);
        decoder.Decode(delta, events);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 500; i++)
        {
            decoder.Decode(delta, events);
        }

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 500, 0, 120);
    }
}
