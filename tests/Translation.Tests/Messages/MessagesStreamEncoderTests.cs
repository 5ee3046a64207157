using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Tests.Validators;
using static Serverless.Translation.Tests.Messages.MessagesFixture;

namespace Serverless.Translation.Tests.Messages;

/// <summary>From any lawful events, in any interleaving, a stream that Anthropic's clients accept.</summary>
public sealed class MessagesStreamEncoderTests
{
    /// <summary>
    /// Scripts of events: <c>T0</c> starts text as part 0, <c>R</c> thinking, <c>C</c> a call, <c>F</c> a refusal; <c>0=abc</c> appends to part 0,
    /// <c>0!seal</c> seals it, <c>0.</c> completes it. Beside each what the client reads.
    /// </summary>
    public static TheoryData<string, string, string> Scripts => new()
    {
        { "text, then a call", "T0 0=Hi 0. C1 1={\"a\": 1=1} 1.", "text:Hi tool:t1{\"a\":1}" },
        { "a call begins before the text ends", "T0 0=Hi C1 1={} 0=! 0. 1.", "text:Hi! tool:t1{}" },
        { "call, text, the call's arguments", "C0 T1 1=Hi 0={\"a\": 0=1} 0. 1=! 1.", "tool:t0{\"a\":1} text:Hi!" },
        { "three calls with all arguments at the end", "C0 C1 C2 0={\"a\":0} 1={\"a\":1} 2={\"a\":2} 0. 1. 2.", "tool:t0{\"a\":0} tool:t1{\"a\":1} tool:t2{\"a\":2}" },
        { "three calls whose arguments interleave", "C0 C1 C2 2={ 0={ 1={ 1=} 2=} 0=} 2. 1. 0.", "tool:t0{} tool:t1{} tool:t2{}" },
        { "thinking and text begin together", "R0 T1 0=Hm 1=Hi 0. 1.", "thinking:Hm| text:Hi" },
        { "the text comes while the thinking is still open", "R0 0=Hm T1 1=H 0!c2VhbA 1=i 0. 1.", "thinking:Hm|c2VhbA text:Hi" },
        { "sealed thinking without words", "R0 0!c2VhbA 0. T1 1=Hi 1.", "thinking:|c2VhbA text:Hi" },
        { "thinking between calls", "C0 0={} 0. R1 1=Hm 1. C2 2={} 2.", "tool:t0{} thinking:Hm| tool:t2{}" },
        { "a text without content makes no block", "T0 0. C1 1. T2 2= 2.", "tool:t1{}" },
        { "a text whose content comes after a call keeps the order of content", "T0 C1 1={} 1. 0=Hi 0.", "tool:t1{} text:Hi" },
        { "an empty text before thinking", "T0 R1 1=Hm 1. 0=Hi 0.", "thinking:Hm| text:Hi" },
        { "a call without arguments", "C0 0.", "tool:t0{}" },
        { "a refusal", "F0 0=No. 0.", "text:No." },
        { "text, thinking, text", "T0 0=a 0. R1 1=b 1. T2 2=c 2.", "text:a thinking:b| text:c" },
        { "nothing", "", "" },
        { "parts that nobody completes", "T0 0=Hi C1 1={} R2 2=Hm", "text:Hi tool:t1{} thinking:Hm|" },
    };

    [Theory, MemberData(nameof(Scripts))]
    public void InterleavedPartsBecomeOneBlockAfterAnother(string name, string script, string expected)
    {
        _ = name;
        Assert.Equal(expected, Render(Play(script)).Sketch());
    }

    /// <summary>Everything but what has to wait is sent at once.</summary>
    [Fact]
    public void TheFirstOfSeveralPartsStreamsLive()
    {
        List<ChatEvent> events = Play("T0 0=Hi C1 1={} 0=! 0. 1.");
        string sent = "";
        List<string> seen = [];
        using IChatStreamEncoder encoder = Dialect.CreateEncoder(Context());
        foreach (ChatEvent chatEvent in events)
        {
            string frames = Text(output => encoder.Encode(chatEvent, output));
            sent += frames;
            seen.Add($"{chatEvent.GetType().Name}: {string.Join(' ', frames.Split('\n').Where(l => l.StartsWith("event: ", StringComparison.Ordinal)).Select(l => l[7..]))}");
        }

        Assert.Equal(
            [
                "Started: ",
                "PartStarted: message_start",
                "PartDelta: content_block_start content_block_delta",
                "PartStarted: ",
                "PartDelta: ",
                "PartDelta: content_block_delta",
                "PartCompleted: content_block_stop content_block_start content_block_delta",
                "PartCompleted: content_block_stop",
                "ChoiceEnded: ",
                "UsageReported: ",
                "Finished: message_delta message_stop",
            ],
            seen);
        AnthropicStreamValidator.Validate(Encoding.UTF8.GetBytes(sent));
    }

    [Fact]
    public void FramesAreExactlyTheWires()
    {
        string sent = EncodeStream(
        [
            new Started { Id = "msg_1", Model = "claude-test", ServiceTier = "default" },
            new UsageReported(new TokenUsage { InputTokens = 30, CacheReadTokens = 20, CacheWriteTokens = 4, CacheWrite5mTokens = 3, CacheWrite1hTokens = 1 }),
            new PartStarted(0, 0, new ReasoningPart("")),
            new PartDelta(0, DeltaKind.Reasoning, "Hm"),
            new SignatureSet(0, new Signature("c2VhbA==", DialectIds.Messages)),
            new PartCompleted(0),
            new PartStarted(0, 1, new TextPart("")),
            new PartDelta(1, DeltaKind.Text, "Say \"hé\"\n"),
            new PartCompleted(1),
            KeepAlive.Instance,
            new PartStarted(0, 2, new ToolCallPart("toolu_1", "now", "")),
            new PartDelta(2, DeltaKind.ToolArguments, "{\"z\":"),
            new PartDelta(2, DeltaKind.ToolArguments, "1}"),
            new PartCompleted(2),
            new ChoiceEnded(0, FinishReason.ToolCalls),
            new UsageReported(new TokenUsage { OutputTokens = 9, ReasoningTokens = 2 }),
            Finished.Instance,
        ]);
        Assert.Equal(
            Frames(
                """{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-test","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":6,"cache_creation_input_tokens":4,"cache_read_input_tokens":20,"cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":1},"output_tokens":0,"service_tier":"standard"}}}""",
                """{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}""",
                """{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm"}}""",
                """{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2VhbA=="}}""",
                """{"type":"content_block_stop","index":0}""",
                """{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}""",
                """{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Say \"hé\"\n"}}""",
                """{"type":"content_block_stop","index":1}""",
                """{"type":"ping"}""",
                """{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"now","input":{}}}""",
                """{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"z\":"}}""",
                """{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"1}"}}""",
                """{"type":"content_block_stop","index":2}""",
                """{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":6,"cache_creation_input_tokens":4,"cache_read_input_tokens":20,"cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":1},"output_tokens":9,"output_tokens_details":{"thinking_tokens":2}}}""",
                """{"type":"message_stop"}"""),
            sent);
    }

    [Fact]
    public void TheStartNamesAnEstimateAndTheEndTheRealCount()
    {
        AnthropicMessage message = Render(Play("T0 0=Hi 0."), Context(estimate: 4321));
        Assert.Equal(4321, message.Start!["usage"]!["input_tokens"]!.GetValue<long>());
        Assert.Equal(8, message.Usage["input_tokens"]!.GetValue<long>());
        Assert.Equal(4, message.Usage["cache_read_input_tokens"]!.GetValue<long>());
        Assert.Equal(7, message.Usage["output_tokens"]!.GetValue<long>());
    }

    [Fact]
    public void WithoutAnyCountBothEndsAreEstimated()
    {
        AnthropicMessage message = Render([new Started(), new PartStarted(0, 0, new TextPart("")), new PartDelta(0, DeltaKind.Text, "12345678"), new PartCompleted(0), new ChoiceEnded(0, FinishReason.Stop), Finished.Instance], Context(estimate: 0));
        Assert.Equal(1, message.Usage["input_tokens"]!.GetValue<long>());
        Assert.Equal(2, message.Usage["output_tokens"]!.GetValue<long>());
    }

    [Fact]
    public void TheServedModelAndAnOwnIdAreNamed()
    {
        AnthropicMessage message = Render([new Started { Id = "chatcmpl-1", Model = "gpt-served" }, new ChoiceEnded(0, FinishReason.Stop), Finished.Instance]);
        Assert.Equal("msg_chatcmpl-1", message.Start!["id"]!.GetValue<string>());
        Assert.Equal("gpt-served", message.Start["model"]!.GetValue<string>());
        message = Render([new Started(), new ChoiceEnded(0, FinishReason.Stop), Finished.Instance]);
        Assert.Equal("msg_req_1", message.Start!["id"]!.GetValue<string>());
        Assert.Equal("asked-for", message.Start["model"]!.GetValue<string>());
    }

    [Fact]
    public void OnlyTheFirstOfSeveralAnswersIsShown()
    {
        AnthropicMessage message = Render(
        [
            new Started(),
            new PartStarted(1, 0, new TextPart("")),
            new PartStarted(0, 1, new TextPart("")),
            new PartDelta(0, DeltaKind.Text, "other"),
            new PartDelta(1, DeltaKind.Text, "mine"),
            new PartCompleted(0),
            new PartCompleted(1),
            new ChoiceEnded(1, FinishReason.Length),
            new ChoiceEnded(0, FinishReason.Stop, "END"),
            Finished.Instance,
        ]);
        Assert.Equal("text:mine", message.Sketch());
        Assert.Equal("stop_sequence", message.StopReason);
        Assert.Equal("END", message.StopSequence);
    }

    [Theory]
    [InlineData(FinishReason.Stop, "end_turn")]
    [InlineData(FinishReason.Length, "max_tokens")]
    [InlineData(FinishReason.ToolCalls, "end_turn")]
    [InlineData(FinishReason.ContentFilter, "refusal")]
    [InlineData(FinishReason.Refusal, "refusal")]
    [InlineData(FinishReason.Pause, "pause_turn")]
    [InlineData(FinishReason.ContextWindow, "model_context_window_exceeded")]
    [InlineData(FinishReason.Malformed, "end_turn")]
    public void TheEndIsToldInTheWiresWords(FinishReason reason, string expected)
    {
        Assert.Equal(expected, Render([new Started(), new ChoiceEnded(0, reason), Finished.Instance]).StopReason);
        string withCall = reason is FinishReason.Stop or FinishReason.ToolCalls or FinishReason.Malformed ? "tool_use" : expected;
        Assert.Equal(withCall, Render([new Started(), new PartStarted(0, 0, new ToolCallPart("c", "t", "")), new PartCompleted(0), new ChoiceEnded(0, reason), Finished.Instance]).StopReason);
    }

    [Fact]
    public void ARefusalIsToldAsOne()
    {
        AnthropicMessage message = Render(Play("F0 0=No. 0."));
        Assert.Equal("refusal", message.StopReason);
    }

    [Fact]
    public void AFailureIsOneErrorAndNothingAfterIt()
    {
        AnthropicMessage message = Render([.. Play("T0 0=Hi").Take(3), new Failed(GatewayError.Upstream("Broke off.", "stream_truncated")), Finished.Instance]);
        Assert.Equal(["message_start", "content_block_start", "content_block_delta", "error"], message.Events);
        Assert.Equal("api_error", message.Error!["type"]!.GetValue<string>());
        string first = EncodeStream([new Failed(new GatewayError(ErrorKind.Overloaded, 529, "Full."))]);
        Assert.Equal(Frame("""{"type":"error","error":{"type":"overloaded_error","message":"Full."},"request_id":"req_1"}"""), first);
    }

    [Fact]
    public void AKeepAliveNeverComesBeforeTheStart()
    {
        Assert.Equal(": keep-alive\n\n", EncodeStream([KeepAlive.Instance]));
        AnthropicMessage message = Render([KeepAlive.Instance, new Started { Model = "m" }, KeepAlive.Instance, new ChoiceEnded(0, FinishReason.Stop), Finished.Instance]);
        Assert.Equal(["message_start", "ping", "message_delta", "message_stop"], message.Events);
    }

    [Fact]
    public void ForeignThinkingCarriesItsMakersSeal()
    {
        List<ChatEvent> events = [new Started(), new PartStarted(0, 0, new ReasoningPart("")), new PartDelta(0, DeltaKind.Reasoning, "Hm"), new SignatureSet(0, new Signature("gAAA", DialectIds.Responses)), new PartCompleted(0), new ChoiceEnded(0, FinishReason.Stop), Finished.Instance];
        AnthropicMessage message = Render(events);
        string carried = message.Content[0]["signature"]!.GetValue<string>();
        Assert.NotEqual("gAAA", carried);
        var replayed = (ReasoningPart)DecodeBlocks(message.Content[0].ToJsonString(), "assistant")[0];
        Assert.Equal(new Signature("gAAA", DialectIds.Responses), replayed.Signature);
        Assert.Equal("Hm", replayed.Text);
    }

    [Fact]
    public void ThinkingWithoutASealIsShownAndComesBackWithoutOne()
    {
        AnthropicMessage message = Render(Play("R0 0=Hm 0."));
        Assert.Equal("", message.Content[0]["signature"]!.GetValue<string>());
        Assert.Null(((ReasoningPart)DecodeBlocks(message.Content[0].ToJsonString(), "assistant")[0]).Signature);
    }

    [Fact]
    public void WithheldThinkingIsOneBlock()
    {
        AnthropicMessage message = Render([new Started(), new PartStarted(0, 0, new ReasoningPart("") { Redacted = true }), new SignatureSet(0, new Signature("cmVk", DialectIds.Messages)), new PartCompleted(0), new ChoiceEnded(0, FinishReason.Stop), Finished.Instance]);
        Assert.Equal("""{"type":"redacted_thinking","data":"cmVk"}""", message.Content[0].ToJsonString());
        Assert.Empty(Render([new Started(), new PartStarted(0, 0, new ReasoningPart("") { Redacted = true }), new PartCompleted(0), new ChoiceEnded(0, FinishReason.Stop), Finished.Instance]).Content);
    }

    [Fact]
    public void ACallsForeignSealRidesInItsId()
    {
        var seal = new Signature("c2lnbg==", DialectIds.GenerateContent);
        List<ChatEvent> late = [new Started(), new PartStarted(0, 0, new ToolCallPart("call_1", "now", "")), new SignatureSet(0, seal), new PartDelta(0, DeltaKind.ToolArguments, "{}"), new PartCompleted(0), new ChoiceEnded(0, FinishReason.ToolCalls), Finished.Instance];
        List<ChatEvent> early = [new Started(), new PartStarted(0, 0, new ToolCallPart("call_1", "now", "") { Signature = seal }), .. late.Skip(3)];
        List<ChatEvent> unfolded = [.. ChatEventFold.Unfold(new ChatResponse { Choices = [new Choice(0, [new ToolCallPart("call_1", "now", "{}") { Signature = seal }], FinishReason.ToolCalls)] })];
        foreach (List<ChatEvent> events in (List<ChatEvent>[])[late, early, unfolded])
        {
            AnthropicMessage message = Render(events);
            var replayed = (ToolCallPart)DecodeBlocks(message.Content[0].ToJsonString(), "assistant")[0];
            Assert.Equal("call_1", replayed.Id);
            Assert.Equal(seal, replayed.Signature);
        }
    }

    [Fact]
    public void ACallWithFreeTextIsStillJson()
    {
        var call = new ToolCallPart("c0", "apply_patch", "") { Kind = ToolKind.Custom };
        AnthropicMessage message = Render(
        [
            new Started(),
            new PartStarted(0, 0, call),
            new PartDelta(0, DeltaKind.ToolArguments, "*** \"Begin"),
            new PartStarted(0, 1, call with { Id = "c1" }),
            new PartDelta(1, DeltaKind.ToolArguments, "second"),
            new PartDelta(0, DeltaKind.ToolArguments, " Patch"),
            new PartCompleted(0),
            new PartCompleted(1),
            new ChoiceEnded(0, FinishReason.ToolCalls),
            Finished.Instance,
        ]);
        Assert.Equal("""tool:apply_patch{"input":"*** \"Begin Patch"} tool:apply_patch{"input":"second"}""", message.Sketch());
        JsonObject whole = EncodeResponse(new ChatResponse { Choices = [new Choice(0, [call with { Arguments = "*** \"Begin Patch" }], FinishReason.ToolCalls)] });
        AssertSame(message.Content[0]["input"], whole["content"]![0]!["input"]);
    }

    [Fact]
    public void CitationsAreShownWhereTheyHaveAnAddress()
    {
        AnthropicMessage message = Render(
        [
            new Started(),
            new PartStarted(0, 0, new TextPart("")),
            new PartDelta(0, DeltaKind.Text, "Snow."),
            new CitationAdded(0, new Citation { Url = "https://a.example", Title = "A" }),
            new CitationAdded(0, new Citation { Title = "No address" }),
            new PartStarted(0, 1, new TextPart("")),
            new PartDelta(1, DeltaKind.Text, "Ice."),
            new CitationAdded(1, new Citation { Url = "https://b.example", CitedText = "ice" }),
            new PartCompleted(1),
            new PartCompleted(0),
            new ChoiceEnded(0, FinishReason.Stop),
            Finished.Instance,
        ]);
        JsonNode first = Assert.Single(message.Content[0]["citations"]!.AsArray())!;
        Assert.Equal("web_search_result_location", first["type"]!.GetValue<string>());
        Assert.Equal("https://a.example", first["url"]!.GetValue<string>());
        Assert.Equal("ice", Assert.Single(message.Content[1]["citations"]!.AsArray())!["cited_text"]!.GetValue<string>());
    }

    [Fact]
    public void AHostedToolsCallIsStreamedLikeAnyCall()
    {
        string block = """{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"snow"}}""";
        AnthropicMessage message = Render([new Started(), new PartStarted(0, 0, new OpaquePart(DialectIds.Messages, Element(block), "")), new PartCompleted(0), new PartStarted(0, 1, new OpaquePart(DialectIds.Responses, Element("""{"type":"web_search_call"}"""), "")), new PartCompleted(1), new ChoiceEnded(0, FinishReason.Stop), Finished.Instance]);
        AssertSame(JsonNode.Parse(block), Assert.Single(message.Content));
        Assert.Equal(["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"], message.Events);
    }

    [Fact]
    public void SpokenAnswersAreShownByTheirTranscript()
    {
        AnthropicMessage message = Render(
        [
            new Started(),
            new PartStarted(0, 0, new MediaPart(MediaKind.Audio, new Base64Source("audio/wav", default))),
            new PartDelta(0, DeltaKind.Media, "UklGRg=="),
            new PartDelta(0, DeltaKind.Transcript, "Good day."),
            new PartCompleted(0),
            new PartStarted(0, 1, new MediaPart(MediaKind.Image, new UrlSource("https://a.example/b.png"))),
            new PartCompleted(1),
            new ChoiceEnded(0, FinishReason.Stop),
            Finished.Instance,
        ]);
        Assert.Equal("text:Good day. text:[image](https://a.example/b.png)", message.Sketch());
    }

    [Fact]
    public void DeltasCostNothing()
    {
        using IChatStreamEncoder encoder = Dialect.CreateEncoder(Context());
        var output = new ArrayBufferWriter<byte>(1 << 20);
        encoder.Encode(new Started(), output);
        encoder.Encode(new PartStarted(0, 0, new TextPart("")), output);
        var delta = new PartDelta(0, DeltaKind.Text, "a few words — \"quoted\"");
        encoder.Encode(delta, output);
        encoder.Encode(new PartStarted(0, 1, new ToolCallPart("c", "t", "")), output);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            encoder.Encode(delta, output);
        }

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 1000, 0, 8);
    }

    /// <summary>Any parts, cut and interleaved in any way: a legal stream, and each part's content whole in one block.</summary>
    [Fact]
    public void AnyInterleavingIsLegalAndLosesNothing()
    {
        Gen<(char Kind, string[] Pieces, bool Sealed)> part = Gen.Select(
            Gen.Int[0, 3].Select(i => "TRCF"[i]),
            Gen.OneOf(Gen.Const(""), Gen.String[Gen.Char['a', 'z'], 1, 4]).Array[0, 5],
            Gen.Bool);
        Gen.Select(part.Array[0, 7], Gen.Int).Sample(
            (parts, seed) =>
            {
                List<ChatEvent> events = Interleave(parts, new Random(seed));
                AnthropicMessage message = Render(events);
                string[] expected = [.. parts.Select((p, i) => Expected(p, i)).Where(e => e.Length > 0).Order(StringComparer.Ordinal)];
                string[] actual = [.. message.Content.Select((b, i) => Actual(message, b, i)).Order(StringComparer.Ordinal)];
                Assert.Equal(expected, actual);
            },
            iter: 2000);
    }

    private static string Expected((char Kind, string[] Pieces, bool Sealed) part, int index)
    {
        string content = string.Concat(part.Pieces);
        return part.Kind switch
        {
            'C' => $"tool {index} {content}",
            'R' => content.Length > 0 || part.Sealed ? $"thinking {content}|{(part.Sealed ? $"seal{index}" : "")}" : "",
            _ => content.Length > 0 ? $"text {content}" : "",
        };
    }

    private static string Actual(AnthropicMessage message, JsonObject block, int index) => block["type"]!.GetValue<string>() switch
    {
        "tool_use" => $"tool {block["id"]!.GetValue<string>()[1..]} {message.Inputs.GetValueOrDefault(index, "")}",
        "thinking" => $"thinking {block["thinking"]}|{block["signature"]}",
        _ => $"text {block["text"]}",
    };

    private static List<ChatEvent> Interleave((char Kind, string[] Pieces, bool Sealed)[] parts, Random random)
    {
        List<ChatEvent> events = [new Started { Model = "m" }];
        List<Queue<ChatEvent>> open = [];
        int next = 0;
        while (next < parts.Length || open.Count > 0)
        {
            if (next < parts.Length && (open.Count == 0 || random.Next(2) == 0))
            {
                (char kind, string[] pieces, bool isSealed) = parts[next];
                events.Add(Start(kind, next));
                open.Add(new Queue<ChatEvent>(pieces.Select(p => new PartDelta(next, KindOf(kind), p))));
                if (kind == 'R' && isSealed)
                {
                    open[^1].Enqueue(new SignatureSet(next, new Signature($"seal{next}", DialectIds.Messages)));
                }

                open[^1].Enqueue(new PartCompleted(next));
                next++;
                continue;
            }

            int pick = random.Next(open.Count);
            events.Add(open[pick].Dequeue());
            if (open[pick].Count == 0)
            {
                open.RemoveAt(pick);
            }
        }

        events.Add(new ChoiceEnded(0, parts.Any(p => p.Kind == 'C') ? FinishReason.ToolCalls : FinishReason.Stop));
        events.Add(Finished.Instance);
        return events;
    }

    private static List<ChatEvent> Play(string script)
    {
        List<ChatEvent> events = [new Started { Id = "id", Model = "m" }];
        Dictionary<int, char> kinds = [];
        foreach (string step in script.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (char.IsAsciiLetterUpper(step[0]))
            {
                int started = step[1] - '0';
                kinds[started] = step[0];
                events.Add(Start(step[0], started));
                continue;
            }

            int index = step[0] - '0';
            events.Add(step[1] switch
            {
                '=' => new PartDelta(index, KindOf(kinds[index]), step[2..]),
                '!' => new SignatureSet(index, new Signature(step[2..], DialectIds.Messages)),
                _ => new PartCompleted(index),
            });
        }

        events.Add(new ChoiceEnded(0, kinds.ContainsValue('C') ? FinishReason.ToolCalls : FinishReason.Stop));
        events.Add(new UsageReported(new TokenUsage { InputTokens = 12, CacheReadTokens = 4, OutputTokens = 7 }));
        events.Add(Finished.Instance);
        return events;
    }

    private static PartStarted Start(char kind, int index) => new(0, index, kind switch
    {
        'T' => new TextPart(""),
        'R' => new ReasoningPart(""),
        'C' => new ToolCallPart($"c{index}", $"t{index}", ""),
        _ => new RefusalPart(""),
    });

    private static DeltaKind KindOf(char kind) => kind switch
    {
        'T' => DeltaKind.Text,
        'R' => DeltaKind.Reasoning,
        'C' => DeltaKind.ToolArguments,
        _ => DeltaKind.Refusal,
    };
}
