using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.Responses;

/// <summary>Providers' streams, read.</summary>
public sealed class ResponsesStreamDecodingTests
{
    private const string Created = """{"type":"response.created","response":{"id":"resp_1","created_at":1750000001,"status":"in_progress","model":"m","service_tier":"auto","tools":[{"id":"x","model":"y"}]},"sequence_number":0}""";
    private const string Completed = """{"type":"response.completed","response":{"id":"resp_1","status":"completed","model":"m","output":[],"usage":{"input_tokens":7,"output_tokens":3}}}""";
    private const string AddedMessage = """{"type":"response.output_item.added","output_index":0,"item":{"id":"msg_1","type":"message","status":"in_progress","role":"assistant","content":[]}}""";
    private const string AddedCall = """{"type":"response.output_item.added","output_index":0,"item":{"id":"fc_1","type":"function_call","status":"in_progress","call_id":"c1","name":"f","arguments":""}}""";

    public static TheoryData<string> Recorded
    {
        get
        {
            // One recording is not of this API's events.
            var rows = new TheoryData<string>();
            foreach (string file in Payloads.Files(DialectIds.Responses, PayloadKind.Stream).Where(f => f != "multimodalRequest/responses/followup-response-streaming.json"))
            {
                rows.Add(file);
            }

            return rows.Count > 0 ? rows : Payloads.Rows(DialectIds.Responses, PayloadKind.Stream);
        }
    }

    /// <summary>Streams that tell the same text: whole only, without events before it, without indices, without types …</summary>
    public static TheoryData<string, string[]> Texts => new()
    {
        { "deltas", [Created, AddedMessage, Text("he"), Text("llo"), """{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"hello"}""", Done("hello"), Completed] },
        { "no created event", [Text("he"), Text("llo"), Completed] },
        { "no item events", [Created, Text("he"), Text("llo"), Completed] },
        { "text done only", [Created, AddedMessage, """{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"hello"}""", Completed] },
        { "part done only", [Created, AddedMessage, """{"type":"response.content_part.done","output_index":0,"content_index":0,"part":{"type":"output_text","text":"hello"}}""", Completed] },
        { "item done only", [Created, Done("hello"), Completed] },
        { "answer only", [Created, """{"type":"response.completed","response":{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"hello"}]}],"usage":{"input_tokens":7,"output_tokens":3}}}"""] },
        { "item never done", [Created, AddedMessage, """{"type":"response.completed","response":{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"hello"}]}],"usage":{"input_tokens":7,"output_tokens":3}}}"""] },
        { "by item id", [Created, AddedMessage, """{"type":"response.output_text.delta","item_id":"msg_1","delta":"hello"}""", Completed] },
        { "no index at all", [Created, """{"type":"response.output_item.added","item":{"id":"msg_1","type":"message"}}""", """{"type":"response.output_text.delta","delta":"hello"}""", """{"type":"response.output_item.done","item":{"type":"message","content":[{"type":"output_text","text":"hello"}]}}""", Completed] },
        { "unknown events between", [Created, """{"type":"response.of_tomorrow","delta":"x","output_index":0}""", AddedMessage, Text("hello"), """{"type":"keepalive"}""", Completed] },
        { "type last", [Created, """{"delta":"hello","output_index":0,"content_index":0,"type":"response.output_text.delta"}""", Completed] },
        { "done twice", [Created, AddedMessage, Text("hello"), Done("hello"), Done("hello"), Completed, Completed] },
        { "empty deltas", [Created, AddedMessage, Text(""), Text("hello"), Text(""), Completed] },
    };

    [Theory]
    [MemberData(nameof(Recorded))]
    public void RecordedStreamsFoldIntoTheAnswerTheyEndWith(string file)
    {
        List<ChatEvent> events = ResponsesKit.EventsOf(Encoding.UTF8.GetString(Payloads.ReadSse(file)));
        ChatResponse folded = Crossing.Fold(events).ToResponse();
        JsonElement whole = Payloads.ReadJson(file).EnumerateArray().Last().GetProperty("response");
        ChatResponse expected = ResponsesKit.Dialect.DecodeResponse(whole);

        // The tier is known only when the answer is served, and cipher text differs from telling to telling.
        static ChatResponse Plain(ChatResponse response) => response with
        {
            ServiceTier = null,
            Choices = [.. response.Choices.Select(c => c with { Parts = [.. c.Parts.Select(p => p is ReasoningPart { Signature: not null } r ? r with { Signature = new Signature("x", r.Signature.Origin) } : p)] })],
        };
        Assert.Equal(CanonicalText.Of(Plain(expected)), CanonicalText.Of(Plain(folded)));
        Assert.IsType<Finished>(events[^1]);
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void ATextArrivesHoweverItIsTold(string how, string[] bodies)
    {
        ChatEventFold fold = Crossing.Fold(ResponsesKit.Events(bodies));
        ChatResponse response = fold.ToResponse();
        Assert.True(fold.IsFinished, how);
        Assert.Equal(["hello"], response.Choices[0].Parts.Select(p => ((TextPart)p).Text));
        Assert.Equal((FinishReason.Stop, 7, 3), (response.Choices[0].FinishReason, response.Usage!.InputTokens, response.Usage.OutputTokens));
    }

    [Theory]
    [InlineData(AddedCall, """{"type":"response.function_call_arguments.delta","output_index":0,"delta":"{\"a\""}""", """{"type":"response.function_call_arguments.delta","output_index":0,"delta":":1}"}""", """{"type":"response.function_call_arguments.done","output_index":0,"arguments":"{\"a\":1}"}""", Completed)]
    [InlineData(AddedCall, """{"type":"response.function_call_arguments.done","output_index":0,"arguments":"{\"a\":1}"}""", Completed)]
    [InlineData(AddedCall, """{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","call_id":"c1","name":"f","arguments":"{\"a\":1}"}}""", Completed)]
    [InlineData("""{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","call_id":"c1","name":"f","arguments":"{\"a\":1}"}}""", Completed)]
    [InlineData("""{"type":"response.output_item.added","output_index":0,"item":{"id":"fc_1","type":"function_call","call_id":"c1","name":null}}""", """{"type":"response.function_call_arguments.delta","output_index":0,"delta":"{\"a\":1}"}""", """{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","call_id":"c1","name":"f"}}""", Completed)]
    [InlineData("""{"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":0,"delta":"{\"a\":1}"}""", """{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","call_id":"c1","name":"f","arguments":"{\"a\":1}"}}""", Completed)]
    public void ACallArrivesHoweverItIsTold(params string[] bodies)
    {
        Choice choice = Crossing.Fold(ResponsesKit.Events([Created, .. bodies])).ToResponse().Choices[0];
        ToolCallPart call = Assert.IsType<ToolCallPart>(Assert.Single(choice.Parts));
        Assert.Equal(("c1", "f", "{\"a\":1}", FinishReason.ToolCalls), (call.Id, call.Name, call.Arguments, choice.FinishReason));
    }

    [Fact]
    public void ParallelCallsStayApart()
    {
        List<ChatEvent> events = ResponsesKit.Events(
            Created,
            AddedCall,
            """{"type":"response.output_item.added","output_index":1,"item":{"type":"custom_tool_call","call_id":"c2","name":"g","namespace":"ns","input":""}}""",
            """{"type":"response.function_call_arguments.delta","output_index":0,"delta":"{"}""",
            """{"type":"response.custom_tool_call_input.delta","output_index":1,"delta":"raw "}""",
            """{"type":"response.function_call_arguments.delta","output_index":0,"delta":"}"}""",
            """{"type":"response.custom_tool_call_input.delta","output_index":1,"delta":"text"}""",
            """{"type":"response.output_item.done","output_index":1,"item":{"type":"custom_tool_call","call_id":"c2","name":"g","input":"raw text"}}""",
            """{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"}}""",
            Completed);
        ToolCallPart[] calls = [.. Crossing.Fold(events).ToResponse().Choices[0].Parts.Cast<ToolCallPart>()];
        Assert.Equal([("c1", "{}", ToolKind.Function, null), ("c2", "raw text", ToolKind.Custom, "ns")], calls.Select(c => (c.Id, c.Arguments, c.Kind, c.Namespace)));
    }

    [Theory]
    [InlineData("a\n\nb", true, "gAAA", """{"type":"response.reasoning_summary_part.added","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}""", """{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"a"}""", """{"type":"response.reasoning_summary_text.done","output_index":0,"summary_index":0,"text":"a"}""", """{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":1,"delta":"b"}""")]
    [InlineData("a\n\nb", true, "gAAA", """{"type":"response.reasoning_summary_text.done","output_index":0,"summary_index":0,"text":"a"}""", """{"type":"response.reasoning_summary_text.done","output_index":0,"summary_index":1,"text":"b"}""")]
    [InlineData("a\n\nb", true, "gAAA")]
    [InlineData("aloud", false, "gAAA", """{"type":"response.reasoning_text.delta","output_index":0,"content_index":0,"delta":"aloud"}""", """{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"a"}""")]
    [InlineData("aloud", false, "gAAA", """{"type":"response.reasoning.delta","output_index":0,"content_index":0,"delta":"alo"}""", """{"type":"response.reasoning.delta","output_index":0,"content_index":0,"delta":"ud"}""", """{"type":"response.reasoning.done","output_index":0,"content_index":0,"text":"aloud"}""")]
    public void ReasoningArrivesHoweverItIsTold(string text, bool summary, string seal, params string[] bodies)
    {
        List<ChatEvent> events = ResponsesKit.Events(
        [
            Created,
            """{"type":"response.output_item.added","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":"other"}}""",
            .. bodies,
            """{"type":"response.output_item.done","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}],"encrypted_content":"gAAA"}}""",
            Completed,
        ]);
        ReasoningPart part = Assert.IsType<ReasoningPart>(Assert.Single(Crossing.Fold(events).ToResponse().Choices[0].Parts));
        Assert.Equal((text, summary, new Signature(seal, DialectIds.Responses)), (part.Text, part.IsSummary, part.Signature));
    }

    [Fact]
    public void HiddenReasoningLeavesNoTraceUnlessItIsSealed()
    {
        List<ChatEvent> events = ResponsesKit.Events(
            Created,
            """{"type":"response.output_item.added","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[]}}""",
            """{"type":"response.output_item.done","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[]}}""",
            """{"type":"response.output_item.added","output_index":1,"item":{"id":"msg_1","type":"message","content":[]}}""",
            """{"type":"response.content_part.added","output_index":1,"content_index":0,"part":{"type":"output_text","text":""}}""",
            """{"type":"response.content_part.done","output_index":1,"content_index":0,"part":{"type":"output_text","text":""}}""",
            """{"type":"response.output_item.done","output_index":1,"item":{"id":"msg_1","type":"message","content":[{"type":"output_text","text":""}]}}""",
            Completed);
        Assert.DoesNotContain(events, e => e is PartStarted);
    }

    [Fact]
    public void WhatBelongsToATextComesWithIt()
    {
        List<ChatEvent> events = ResponsesKit.Events(
            Created,
            AddedMessage,
            """{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"said","logprobs":[{"token":"said","logprob":-0.5,"top_logprobs":[]}]}""",
            """{"type":"response.output_text.annotation.added","output_index":0,"content_index":0,"annotation":{"type":"url_citation","url":"https://x","title":"X","start_index":0,"end_index":4}}""",
            """{"type":"response.content_part.done","output_index":0,"content_index":0,"part":{"type":"output_text","text":"said","annotations":[{"type":"url_citation","url":"https://x","title":"X","start_index":0,"end_index":4}],"logprobs":[{"token":"said","logprob":-0.5,"top_logprobs":[]}]}}""",
            """{"type":"response.refusal.delta","output_index":0,"content_index":1,"delta":"but "}""",
            """{"type":"response.refusal.done","output_index":0,"content_index":1,"refusal":"but no"}""",
            """{"type":"response.refusal.done","output_index":0,"content_index":2,"refusal":"never"}""",
            Completed);
        IReadOnlyList<ContentPart> parts = Crossing.Fold(events).ToResponse().Choices[0].Parts;
        TextPart text = Assert.IsType<TextPart>(parts[0]);
        Assert.Equal("https://x", Assert.Single(text.Citations).Url);
        Assert.Equal("said", Assert.Single(text.LogProbs).Token);
        Assert.Equal(["but ", "never"], parts.Skip(1).Select(p => ((RefusalPart)p).Text));
        Assert.Equal(FinishReason.Refusal, events.OfType<ChoiceEnded>().Single().Reason);
    }

    [Fact]
    public void HostedToolsAndPicturesAreWhole()
    {
        List<ChatEvent> events = ResponsesKit.Events(
            Created,
            """{"type":"response.output_item.added","output_index":0,"item":{"id":"ws_1","type":"web_search_call","status":"in_progress"}}""",
            """{"type":"response.web_search_call.searching","output_index":0,"item_id":"ws_1"}""",
            """{"type":"response.output_item.done","output_index":0,"item":{"id":"ws_1","type":"web_search_call","status":"completed","action":{"query":"q"}}}""",
            """{"type":"response.image_generation_call.partial_image","output_index":1,"partial_image_b64":"xxxx"}""",
            """{"type":"response.output_item.done","output_index":1,"item":{"id":"ig_1","type":"image_generation_call","status":"completed","result":"AAAA"}}""",
            Completed);
        IReadOnlyList<ContentPart> parts = Crossing.Fold(events).ToResponse().Choices[0].Parts;
        Assert.Equal("q", Assert.IsType<OpaquePart>(parts[0]).Json.GetProperty("action").GetProperty("query").GetString());
        Assert.Equal("AAAA", Encoding.UTF8.GetString(Assert.IsType<Base64Source>(Assert.IsType<MediaPart>(parts[1]).Source).Base64.Span));
    }

    [Theory]
    [InlineData("""{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]}}""", FinishReason.Length)]
    [InlineData("""{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"content_filter"},"output":[]}}""", FinishReason.ContentFilter)]
    [InlineData("""{"type":"response.incomplete","response":{}}""", FinishReason.Length)]
    [InlineData("""{"type":"response.completed"}""", FinishReason.Stop)]
    [InlineData("""{"type":"response.done","response":{"status":"completed"}}""", FinishReason.Stop)]
    public void AStreamEndsForAReason(string last, FinishReason reason)
    {
        List<ChatEvent> events = ResponsesKit.Events(Created, AddedMessage, Text("x"), last);
        Assert.Equal(reason, events.OfType<ChoiceEnded>().Single().Reason);
        Assert.IsType<Finished>(events[^1]);
    }

    [Theory]
    [InlineData("""{"type":"error","code":"rate_limit_exceeded","message":"slow down","param":null,"sequence_number":3}""", ErrorKind.RateLimited, 429, "rate_limit_exceeded", "slow down")]
    [InlineData("""{"type":"error","error":{"type":"server_error","code":null,"message":"oops","param":null}}""", ErrorKind.Upstream, 500, null, "oops")]
    [InlineData("""{"error":{"message":"oops","code":"context_length_exceeded"}}""", ErrorKind.InvalidRequest, 400, "context_length_exceeded", "oops")]
    [InlineData("""{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"oops"}}}""", ErrorKind.Upstream, 500, "server_error", "oops")]
    [InlineData("""{"type":"response.failed","response":{}}""", ErrorKind.Upstream, 502, null, "The provider failed to answer.")]
    [InlineData("""{"type":"response.completed","response":{"status":"failed","error":{"code":"invalid_image","message":"bad"}}}""", ErrorKind.InvalidRequest, 400, "invalid_image", "bad")]
    [InlineData("""{"type":"response.cancelled","response":{"status":"cancelled"}}""", ErrorKind.Upstream, 502, "cancelled", "The answer was cancelled at the provider.")]
    public void AnErrorInTheStreamIsOne(string body, ErrorKind kind, int status, string? code, string message)
    {
        List<ChatEvent> events = ResponsesKit.Events(Created, AddedMessage, Text("x"), body, Completed);
        GatewayError error = Assert.IsType<Failed>(events[^1]).Error;
        Assert.Equal((kind, status, code, message), (error.Kind, error.Status, error.Code, error.Message));
        Assert.DoesNotContain(events, e => e is Finished or ChoiceEnded);
    }

    [Fact]
    public void AStreamThatBreaksOffFails()
    {
        foreach (string[] bodies in (string[][])[[], [Created], [Created, AddedMessage, Text("x")]])
        {
            GatewayError error = Assert.IsType<Failed>(ResponsesKit.Events(bodies)[^1]).Error;
            Assert.Equal((ErrorKind.Upstream, "stream_truncated"), (error.Kind, error.Code));
        }

        // [DONE] is no end: it says nothing of the answer.
        Assert.IsType<Failed>(ResponsesKit.EventsOf($"data: {Created}\n\ndata: [DONE]\n\n")[^1]);
        Assert.IsType<Finished>(ResponsesKit.EventsOf($"data: {Created}\n\ndata: {Completed}\n\ndata: [DONE]\n\n")[^1]);
    }

    [Theory]
    [InlineData("data: {\"type\":\"response.output_text.delta\",\n\n")]
    [InlineData("data: nonsense\n\n")]
    [InlineData("data: []\n\n")]
    public void GarbageFails(string frame) =>
        Assert.Equal("invalid_stream", Assert.IsType<Failed>(ResponsesKit.EventsOf($"data: {Created}\n\n{frame}")[^1]).Error.Code);

    [Fact]
    public void CommentsKeepTheStreamAlive() => Assert.IsType<KeepAlive>(ResponsesKit.EventsOf(": ping\n\n")[0]);

    [Fact]
    public void TheEventsNameStandsInForAMissingType()
    {
        List<ChatEvent> events = ResponsesKit.EventsOf(
            "event: response.output_text.delta\ndata: {\"delta\":\"x\"}\n\nevent: response.completed\ndata: {\"response\":{\"status\":\"completed\"}}\n\n");
        Assert.Equal("x", events.OfType<PartDelta>().Single().Text);
        Assert.IsType<Finished>(events[^1]);
    }

    [Fact]
    public void TheHeadIsTakenFromTheFirstEvent()
    {
        Started started = Assert.IsType<Started>(ResponsesKit.Events(Created, Completed)[0]);
        Assert.Equal(("resp_1", "m", 1750000001, null), (started.Id, started.Model, started.Created!.Value.ToUnixTimeSeconds(), started.ServiceTier));
    }

    private static string Text(string delta) =>
        $$"""{"type":"response.output_text.delta","item_id":"msg_1","output_index":0,"content_index":0,"delta":{{JsonSerializer.Serialize(delta)}},"logprobs":[]}""";

    private static string Done(string text) =>
        $$$"""{"type":"response.output_item.done","output_index":0,"item":{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":{{{JsonSerializer.Serialize(text)}}},"annotations":[]}]}}""";
}
