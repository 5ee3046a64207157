using System.Text;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.ChatCompletions;

/// <summary>Streams of OpenAI and of servers that resemble it.</summary>
public sealed class StreamDecodingTests
{
    private const string Done = "[DONE]";

    [Fact]
    public void TextAndThinkingAreParts()
    {
        List<ChatEvent> events = Chat.Events(
            Chat.Delta("""{"role":"assistant","content":""}"""),
            Chat.Delta("""{"content":"","reasoning_content":"Hm"}"""),
            Chat.Delta("""{"content":null,"reasoning_content":"m."}"""),
            Chat.Delta("""{"content":"Hi"}"""),
            Chat.Delta("""{"content":" you"}"""),
            Chat.Delta("{}", "stop"),
            Done);
        Assert.Equal(
            ["Started", "PartStarted", "PartDelta", "PartDelta", "PartCompleted", "PartStarted", "PartDelta", "PartDelta", "PartCompleted", "ChoiceEnded", "Finished"],
            events.Select(e => e.GetType().Name));
        Started started = Assert.IsType<Started>(events[0]);
        Assert.Equal(("chatcmpl-1", "m-1", 1750000001L), (started.Id, started.Model, started.Created!.Value.ToUnixTimeSeconds()));
        ChatResponse folded = Crossing.Fold(events).ToResponse();
        Assert.Equal([new ReasoningPart("Hmm."), new TextPart("Hi you")], folded.Choices[0].Parts);
    }

    public static TheoryData<string, string, string[]> OddCalls => new()
    {
        { "as OpenAI does", "c1 f {\"a\":1}|c2 g {}", [
            """{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}}]}""", """{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}]}""",
            """{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}""", """{"tool_calls":[{"index":1,"id":"c2","type":"function","function":{"name":"g","arguments":"{}"}}]}"""] },
        { "without numbers", "c1 f {\"a\":1}|c2 g {}", [
            """{"tool_calls":[{"id":"c1","function":{"name":"f","arguments":"{\"a\""}}]}""", """{"tool_calls":[{"function":{"arguments":":1}"}}]}""", """{"tool_calls":[{"id":"c2","function":{"name":"g","arguments":"{}"}}]}"""] },
        { "id and name in each chunk", "c1 f {\"a\":1}", [
            """{"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":"{\"a\""}}]}""", """{"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":":1}"}}]}"""] },
        { "name null first", "c1 f {\"a\":1}", [
            """{"tool_calls":[{"index":0,"id":"c1","function":{"name":null,"arguments":"{\"a\""}}]}""", """{"tool_calls":[{"index":0,"function":{"name":"","arguments":":"}}]}""",
            """{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"1}"}}]}"""] },
        { "all at the end", "c1 f {\"a\":1}", [
            """{"tool_calls":[{"index":0,"id":"c1","function":{"name":"f"}}]}""", """{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":1}"}}]}"""] },
        { "an object for its text", "c1 f {\"a\":1}", ["""{"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":{"a":1}}}]}"""] },
        { "one number, new ids", "c1 f {}|c2 f {\"b\":2}", [
            """{"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":"{}"}}]}""", """{"tool_calls":[{"index":0,"id":"c2","function":{"name":"f","arguments":"{\"b\":2}"}}]}"""] },
        { "no ids at all", "call_chatcmpl1_0 f {\"a\":1}|call_chatcmpl1_1 f {\"b\":2}", [
            """{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{\"a\":1}"}}]}""", """{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{\"b\":2}"}}]}"""] },
        { "ids that are all the same", "x f {}|x_1 f {\"b\":2}", [
            """{"tool_calls":[{"index":0,"id":"x","function":{"name":"f","arguments":"{}"}},{"index":1,"id":"x","function":{"name":"f","arguments":"{\"b\":2}"}}]}"""] },
        { "no arguments", "c1 f {}|c2 g {}", [
            """{"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":""}},{"index":1,"id":"c2","function":{"name":"g"}}]}"""] },
        { "a placeholder ahead of the arguments", "c1 f {\"a\":1}", [
            """{"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":"{}"}}]}""", """{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":1}"}}]}"""] },
        { "the arguments again at the end", "c1 f {\"a\":1}", [
            """{"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":"{\"a\":1}"}}]}""", """{"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":"{\"a\":1}"}}]}"""] },
        { "a ghost at the end", "c1 f {}", [
            """{"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":"{}"}}]}""", """{"tool_calls":[{"index":1,"id":"","function":{"name":"","arguments":""}}]}""", """{"tool_calls":[{}]}"""] },
        { "interleaved", "c1 f {\"a\":1}|c2 g {\"b\":2}", [
            """{"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":"{\"a\""}},{"index":1,"id":"c2","function":{"name":"g","arguments":"{\"b\""}}]}""",
            """{"tool_calls":[{"index":0,"function":{"arguments":":1}"}},{"index":1,"function":{"arguments":":2}"}}]}"""] },
        { "white space of its own", "c1 f {\"a\": \"b c}\\\"\"}", [
            """{"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":"{\"a\":"}}]}""", """{"tool_calls":[{"index":0,"function":{"arguments":" "}}]}""",
            """{"tool_calls":[{"index":0,"function":{"arguments":"\"b"}}]}""", """{"tool_calls":[{"index":0,"function":{"arguments":" "}}]}""", """{"tool_calls":[{"index":0,"function":{"arguments":"c}\\"}}]}""",
            """{"tool_calls":[{"index":0,"function":{"arguments":"\"\"}"}}]}"""] },
        { "the old way", "call_chatcmpl1_0 f {\"a\":1}", ["""{"function_call":{"name":"f","arguments":""}}""", """{"function_call":{"arguments":"{\"a\":1}"}}"""] },
        { "one object instead of a list", "c1 f {}", ["""{"tool_calls":{"id":"c1","function":{"name":"f","arguments":"{}"}}}"""] },
    };

    [Theory]
    [MemberData(nameof(OddCalls))]
    public void CallsAreReadHoweverTheyCome(string way, string expected, string[] deltas)
    {
        Assert.NotEmpty(way);
        ChatResponse folded = Chat.Folded([.. deltas.Select(d => Chat.Delta(d)), Chat.Delta("{}", "stop"), Done]);
        Assert.Equal(expected, string.Join('|', folded.Choices[0].Parts.Cast<ToolCallPart>().Select(c => $"{c.Id} {c.Name} {c.Arguments}")));
        Assert.Equal(FinishReason.ToolCalls, folded.Choices[0].FinishReason);
    }

    [Fact]
    public void ACompleteCallEndsWhenAnotherBegins()
    {
        List<ChatEvent> events = Chat.Events(
            Chat.Delta("""{"content":"I look."}"""),
            Chat.Delta("""{"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":"{\"a\":1}"}}]}"""),
            Chat.Delta("""{"tool_calls":[{"index":1,"id":"c2","function":{"name":"g","arguments":"{\"a\":"}}]}"""));
        Assert.Equal(
            ["PartStarted 0", "PartDelta 0", "PartCompleted 0", "PartStarted 1", "PartDelta 1", "PartCompleted 1", "PartStarted 2", "PartDelta 2"],
            events.Skip(1).SkipLast(1).Select(e => e switch
            {
                PartStarted s => $"PartStarted {s.Index}",
                PartDelta d => $"PartDelta {d.Index}",
                PartCompleted c => $"PartCompleted {c.Index}",
                _ => e.GetType().Name,
            }));
    }

    [Fact]
    public void SealedThinkingIsReadInEveryShape()
    {
        Assert.Equal("T s", Read("""{"reasoning":"T","reasoning_details":[{"type":"reasoning.text","text":"T"}]}""", """{"reasoning_details":[{"type":"reasoning.text","signature":"s"}]}"""));
        Assert.Equal("T s", Read("""{"reasoning_details":[{"type":"reasoning.text","text":"T","signature":"s"}]}"""));
        Assert.Equal("S e", Read("""{"reasoning_details":[{"type":"reasoning.summary","summary":"S"}]}""", """{"reasoning_details":[{"type":"reasoning.encrypted","data":"e"}]}"""));
        Assert.Equal(" e redacted", Read("""{"reasoning_details":[{"type":"reasoning.encrypted","data":"e"}]}"""));
        Assert.Equal("T s", Read("""{"reasoning_content":"T","thinking_blocks":[{"type":"thinking","thinking":"T","signature":""}]}""", """{"thinking_blocks":[{"type":"thinking","thinking":"","signature":"s"}]}"""));
        Assert.Equal("TU s", Read("""{"content":[{"type":"reasoning","summary":[{"type":"summary_text","text":"T"}]}]}""", """{"content":[{"type":"reasoning","summary":[{"type":"summary_text","text":"U","signature":"s"}]}]}"""));
        Assert.Equal("T ", Read("""{"content":[{"type":"thinking","thinking":[{"type":"text","text":"T"}]}]}"""));

        static string Read(params string[] deltas)
        {
            ChatResponse folded = Chat.Folded([.. deltas.Select(d => Chat.Delta(d)), Chat.Delta("""{"content":[{"type":"text","text":"A"}]}"""), Chat.Delta("{}", "stop"), Done]);
            Assert.Equal(new TextPart("A"), folded.Choices[0].Parts[^1]);
            ReasoningPart part = Assert.IsType<ReasoningPart>(folded.Choices[0].Parts[0]);
            return $"{part.Text} {part.Signature?.Value}{(part.Redacted ? " redacted" : "")}";
        }
    }

    [Fact]
    public void RareThingsAreRead()
    {
        ChatResponse folded = Chat.Folded(
            Chat.Delta("""{"content":"See x."}"""),
            Chat.Delta("""{"annotations":[{"type":"url_citation","index":0,"url_citation":{"url":"https://x","title":"X","start_index":4,"end_index":5}}],"extra_content":{"google":{"thought_signature":"g"}}}"""),
            """{"choices":[{"index":0,"delta":{"content":"!"},"logprobs":{"content":[{"token":"!","logprob":-1,"bytes":null,"top_logprobs":[]}]}}]}""",
            Chat.Delta("""{"images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AQID"}}]}"""),
            Chat.Delta("""{"audio":{"id":"a","transcript":"te"}}"""),
            Chat.Delta("""{"audio":{"data":"AQ","transcript":"e"}}"""),
            Chat.Delta("""{"audio":{"data":"ID"}}"""),
            Chat.Delta("{}", "stop"),
            Done);
        TextPart text = Assert.IsType<TextPart>(folded.Choices[0].Parts[0]);
        Assert.Equal(("See x.!", "https://x", new Signature("g", DialectIds.GenerateContent), "!"), (text.Text, Assert.Single(text.Citations).Url, text.Signature, Assert.Single(text.LogProbs).Token));
        Assert.IsType<Base64Source>(Assert.IsType<MediaPart>(folded.Choices[0].Parts[1]).Source);
        MediaPart audio = Assert.IsType<MediaPart>(folded.Choices[0].Parts[2]);
        Assert.Equal(("tee", "AQID"), (audio.Transcript, Encoding.ASCII.GetString(Assert.IsType<Base64Source>(audio.Source).Base64.Span)));
    }

    [Fact]
    public void SeveralChoicesStayApart()
    {
        ChatResponse folded = Chat.Folded(
            """{"choices":[{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{"content":"x"}}]}""",
            """{"choices":[{"index":1,"delta":{"content":"y"},"finish_reason":"length"}]}""",
            """{"choices":[{"delta":{"refusal":"No."},"index":0,"finish_reason":"stop"}]}""",
            Done);
        Assert.Equal([("a", FinishReason.Refusal), ("xy", FinishReason.Length)], folded.Choices.Select(c => (((TextPart)c.Parts[0]).Text, c.FinishReason)));
    }

    [Fact]
    public void CountsAreReadWhereverTheyStand()
    {
        string usage = """ "usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}""";
        Assert.Equal(5, Chat.Folded(Chat.Delta("""{"content":"x"}""", "stop"), "{\"choices\":[]," + usage + "}", Done).Usage!.TotalTokens);
        Assert.Equal(5, Chat.Folded("{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]," + usage + "}", Done).Usage!.TotalTokens);
        Assert.Equal(5, Chat.Folded("{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1,\"total_tokens\":4}}", "{\"choices\":[]," + usage + "}", Done).Usage!.TotalTokens);
        Assert.Null(Chat.Folded("{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}],\"usage\":null}", Done).Usage);
    }

    [Fact]
    public void OnlyAFrameOfCountsIsUsageOnly()
    {
        IChatStreamDecoder decoder = Chat.Dialect.CreateDecoder();
        List<ChatEvent> events = [];
        Assert.False(Decode(Chat.Delta("""{"content":"x"}""")));
        Assert.False(Decode("""{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}"""));
        Assert.True(Decode("""{"choices":[],"usage":{"prompt_tokens":1}}"""));
        Assert.False(Decode("""{"choices":[],"usage":null}"""));
        Assert.False(Decode(Done));

        bool Decode(string data)
        {
            decoder.Decode(new SseFrame(default, Encoding.UTF8.GetBytes(data)), events);
            return decoder.LastFrameIsUsageOnly;
        }
    }

    [Fact]
    public void TheAnswerBeginsWithTheFirstChunkThatHasAChoice()
    {
        List<ChatEvent> events = Chat.Events(
            """{"id":"","model":"","created":0,"choices":[],"prompt_filter_results":[]}""",
            """{"choices":[{"index":0,"delta":{"content":"x"}}],"id":"chatcmpl-9","model":"gpt","created":1750000001000,"service_tier":"flex"}""",
            Chat.Delta("{}", "stop"),
            Done);
        Started started = Assert.IsType<Started>(events[0]);
        Assert.Equal(("chatcmpl-9", "gpt", "flex", 1750000001L), (started.Id, started.Model, started.ServiceTier, started.Created!.Value.ToUnixTimeSeconds()));
    }

    [Theory]
    [InlineData("""{"error":{"message":"Busy","type":"overloaded_error"}}""", 503, "Busy")]
    [InlineData("""{"error":{"message":"Slow down","code":429},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}""", 429, "Slow down")]
    [InlineData("""{"error":"It broke"}""", 502, "It broke")]
    [InlineData("""{"object":"error","message":"Too long","type":"BadRequestError","code":400}""", 400, "Too long")]
    [InlineData("""{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"Limit"}""", 429, "Limit")]
    [InlineData("""{"choices":[{"index":0,"delta":{},"error":{"message":"Gone","code":502}}]}""", 502, "Gone")]
    [InlineData("""[{"error":{"code":503,"message":"High demand","status":"UNAVAILABLE"}}]""", 503, "High demand")]
    [InlineData("""{"choices":[{"index":0,"delta":{"content":"x"}""", 502, null)]
    [InlineData("nonsense", 502, null)]
    public void AnErrorInTheStreamFailsItOnce(string data, int status, string? message)
    {
        List<ChatEvent> events = Chat.Events(Chat.Delta("""{"content":"x"}"""), data, Chat.Delta("{}", "stop"), Done);
        Validators.EventGrammar.Check(events);
        Failed failed = Assert.IsType<Failed>(events[^1]);
        Assert.Equal(status, failed.Error.Status);
        Assert.Equal(message ?? failed.Error.Message, failed.Error.Message);
    }

    [Theory]
    [InlineData(true, true, true)]
    [InlineData(true, false, true)]
    [InlineData(false, true, true)]
    [InlineData(false, false, false)]
    public void TheEndIsAReasonOrDone(bool reason, bool done, bool clean)
    {
        List<string> data = [Chat.Delta("""{"content":"x"}""")];
        data.AddRange(reason ? [Chat.Delta("{}", "length")] : []);
        data.AddRange(done ? [Done] : []);
        List<ChatEvent> events = Chat.Events([.. data]);
        Validators.EventGrammar.Check(events);
        if (clean)
        {
            Assert.IsType<Finished>(events[^1]);
            Assert.Equal(reason ? FinishReason.Length : FinishReason.Stop, events.OfType<ChoiceEnded>().Single().Reason);
        }
        else
        {
            Assert.Equal("stream_truncated", Assert.IsType<Failed>(events[^1]).Error.Code);
        }
    }

    [Fact]
    public void AnEmptyStreamAndAHalfFinishedOneFail()
    {
        Assert.Equal("stream_truncated", Assert.IsType<Failed>(Assert.Single(Chat.Events())).Error.Code);
        Assert.Equal("stream_truncated", Assert.IsType<Failed>(Assert.Single(Chat.Events(Done))).Error.Code);
        List<ChatEvent> events = Chat.Events("""{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"},{"index":1,"delta":{"content":"x"}}]}""");
        Assert.Equal("stream_truncated", Assert.IsType<Failed>(events[^1]).Error.Code);
        Assert.IsType<Failed>(Chat.Events(Chat.Delta("""{"content":"x"}""", "network_error"), Done)[^1]);
    }

    [Fact]
    public void HalfSurrogatesAndCommentsPass()
    {
        List<ChatEvent> events = Crossing.Events(Chat.Dialect, Encoding.UTF8.GetBytes(": OPENROUTER PROCESSING\n\ndata: " + Chat.Delta("{\"content\":\"\\ud83d\"}") + "\n\n"));
        Assert.IsType<KeepAlive>(events[0]);
        Assert.Equal("\ud83d", events.OfType<PartDelta>().Single().Text);
    }
}
