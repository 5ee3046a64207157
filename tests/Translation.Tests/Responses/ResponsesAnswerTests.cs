using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Tests.Validators;

namespace Serverless.Translation.Tests.Responses;

/// <summary>Whole answers, read and written.</summary>
public sealed class ResponsesAnswerTests
{
    public static TheoryData<string> Recorded => Payloads.Rows(DialectIds.Responses, PayloadKind.Response);

    [Theory]
    [MemberData(nameof(Recorded))]
    public void RecordedAnswersAreRead(string file)
    {
        JsonElement json = Payloads.ReadJson(file);
        ChatResponse response = ResponsesKit.Dialect.DecodeResponse(json);
        Assert.Equal(json.GetProperty("id").GetString(), response.Id);
        Assert.Equal(json.GetProperty("model").GetString(), response.Model);
        Assert.Equal(json.GetProperty("created_at").GetInt64(), response.Created!.Value.ToUnixTimeSeconds());
        Assert.Equal(json.GetProperty("usage").GetProperty("input_tokens").GetInt64(), response.Usage!.InputTokens);
        Assert.Equal(json.GetProperty("usage").GetProperty("output_tokens_details").GetProperty("reasoning_tokens").GetInt64(), response.Usage.ReasoningTokens);
        Assert.Equal(json.GetProperty("usage").GetProperty("total_tokens").GetInt64(), response.Usage.TotalTokens);
        Choice choice = Assert.Single(response.Choices);
        JsonElement[] output = [.. json.GetProperty("output").EnumerateArray()];
        string text = string.Concat(output.Where(i => i.GetProperty("type").ValueEquals("message"))
            .SelectMany(i => i.GetProperty("content").EnumerateArray()).Select(p => p.GetProperty("text").GetString()));
        Assert.Equal(text, string.Concat(choice.Parts.OfType<TextPart>().Select(p => p.Text)));
        Assert.Equal(output.Count(i => i.GetProperty("type").ValueEquals("function_call")), choice.Parts.OfType<ToolCallPart>().Count());
        Assert.Equal(
            json.GetProperty("status").ValueEquals("incomplete") ? FinishReason.Length : choice.Parts.Any(p => p is ToolCallPart) ? FinishReason.ToolCalls : FinishReason.Stop,
            choice.FinishReason);
    }

    [Fact]
    public void EveryKindOfItemIsRead()
    {
        ChatResponse response = ResponsesKit.Answer("""
            {"id":"resp_1","object":"response","created_at":1750000001.5,"status":"completed","model":"m","service_tier":"flex","output":[
              {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}],"encrypted_content":"gAAA"},
              {"type":"reasoning","id":"rs_2","summary":[]},
              {"type":"reasoning","id":"rs_3","content":[{"type":"reasoning_text","text":"aloud"}],"summary":[{"type":"summary_text","text":"short"}]},
              {"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search","query":"q"}},
              {"type":"message","id":"msg_1","role":"assistant","content":[
                {"type":"output_text","text":"said","annotations":[{"type":"url_citation","url":"https://x","title":"X","start_index":0,"end_index":4},{"type":"file_citation","file_id":"f","filename":"a.txt","index":0}],
                 "logprobs":[{"token":"said","logprob":-0.5,"bytes":[115],"top_logprobs":[{"token":"say","logprob":-1,"bytes":null}]}]},
                {"type":"output_text","text":"","annotations":[]},{"type":"refusal","refusal":"no"},{"type":"output_hologram","x":1}]},
              {"type":"function_call","id":"fc_1","call_id":"c1","name":"f","namespace":"ns","arguments":"{}"},
              {"type":"custom_tool_call","id":"ctc_1","call_id":"c2","name":"g","input":"raw"},
              {"type":"image_generation_call","id":"ig_1","status":"completed","output_format":"webp","result":"UklG"}],
             "usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":3},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":15}}
            """);
        IReadOnlyList<ContentPart> parts = response.Choices[0].Parts;
        Assert.Equal(
            ["ReasoningPart", "ReasoningPart", "OpaquePart", "TextPart", "RefusalPart", "OpaquePart", "ToolCallPart", "ToolCallPart", "MediaPart"],
            parts.Select(p => p.GetType().Name));
        Assert.Equal(new ReasoningPart("a\n\nb") { IsSummary = true, Signature = new Signature("gAAA", DialectIds.Responses) }, parts[0]);
        Assert.Equal(new ReasoningPart("aloud"), parts[1]);
        Assert.Equal(("web_search_call", "output[3]"), (((OpaquePart)parts[2]).Type, ((OpaquePart)parts[2]).Path));
        TextPart text = (TextPart)parts[3];
        Assert.Equal(new Citation { Url = "https://x", Title = "X", Start = 0, End = 4 }, text.Citations[0]);
        Assert.Equal(("a.txt", "file_citation"), (text.Citations[1].Title, text.Citations[1].Original!.Type));
        Assert.Equal(("said", -0.5, "say"), (text.LogProbs[0].Token, text.LogProbs[0].LogProb, text.LogProbs[0].Top[0].Token));
        Assert.Equal(("c1", "f", "ns", ToolKind.Function), (((ToolCallPart)parts[6]).Id, ((ToolCallPart)parts[6]).Name, ((ToolCallPart)parts[6]).Namespace, ((ToolCallPart)parts[6]).Kind));
        Assert.Equal(("raw", ToolKind.Custom), (((ToolCallPart)parts[7]).Arguments, ((ToolCallPart)parts[7]).Kind));
        Assert.Equal("image/webp", ((Base64Source)((MediaPart)parts[8]).Source).MediaType);
        Assert.Equal((FinishReason.ToolCalls, "flex", 1750000001), (response.Choices[0].FinishReason, response.ServiceTier, response.Created!.Value.ToUnixTimeSeconds()));
        TokenUsage usage = response.Usage!;
        Assert.Equal((10, 4, 3, 5, 2), (usage.InputTokens, usage.CacheReadTokens, usage.CacheWriteTokens, usage.OutputTokens, usage.ReasoningTokens));
    }

    [Theory]
    [InlineData("""{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"x"}]}]}""", FinishReason.Stop)]
    [InlineData("""{"status":"completed","output":[{"type":"message","content":[{"type":"refusal","refusal":"x"}]}]}""", FinishReason.Refusal)]
    [InlineData("""{"status":"completed","output":[{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]}""", FinishReason.ToolCalls)]
    [InlineData("""{"output":[{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]}""", FinishReason.ToolCalls)]
    [InlineData("""{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[{"type":"function_call","call_id":"c","name":"f","arguments":"{"}]}""", FinishReason.Length)]
    [InlineData("""{"status":"incomplete","incomplete_details":{"reason":"content_filter"},"output":[]}""", FinishReason.ContentFilter)]
    [InlineData("""{"status":"incomplete","incomplete_details":null,"output":[]}""", FinishReason.Length)]
    public void TheEndHasItsReason(string json, FinishReason reason) => Assert.Equal(reason, ResponsesKit.Answer(json).Choices[0].FinishReason);

    [Theory]
    [InlineData("""{"status":"failed","error":{"code":"server_error","message":"m"},"output":[]}""", 500, ErrorKind.Upstream)]
    [InlineData("""{"status":"failed","error":{"code":"rate_limit_exceeded","message":"m"},"output":[]}""", 429, ErrorKind.RateLimited)]
    [InlineData("""{"status":"failed","error":{"code":"invalid_prompt","message":"m"},"output":[]}""", 400, ErrorKind.InvalidRequest)]
    [InlineData("""{"status":"failed","error":{"code":"image_too_large","message":"m"},"output":[]}""", 400, ErrorKind.InvalidRequest)]
    [InlineData("""{"status":"failed","error":null,"output":[]}""", 502, ErrorKind.Upstream)]
    [InlineData("""{"status":"cancelled","output":[]}""", 502, ErrorKind.Upstream)]
    [InlineData("""{"error":{"message":"m","type":"invalid_request_error","param":null,"code":null}}""", 400, ErrorKind.InvalidRequest)]
    [InlineData("""{"choices":[]}""", 502, ErrorKind.Upstream)]
    [InlineData("""[]""", 502, ErrorKind.Upstream)]
    public void WhatIsNoAnswerIsAnError(string json, int status, ErrorKind kind)
    {
        GatewayError error = Assert.Throws<GatewayException>(() => ResponsesKit.Answer(json)).Error;
        Assert.Equal((status, kind), (error.Status, error.Kind));
    }

    [Fact]
    public void OddServersAreReadAllTheSame()
    {
        ChatResponse response = ResponsesKit.Answer("""
            {"output":[7,{"type":"message","content":"bare"},{"type":"message"},{"type":"message","content":[{"type":"text","text":"alias"},"x",{"text":"untyped"}]},
              {"type":"function_call","id":"only_id","name":"f","arguments":{"a":1}},{"type":"function_call","call_id":"c","arguments":"{}"},{"type":"custom_tool_call","call_id":"c2","name":"g"},
              {"type":"reasoning","summary":null},{"type":"image_generation_call","result":null},{}],"usage":{"input_tokens":"many"},"created_at":"today"}
            """);
        Assert.Equal(["bare", "alias"], response.Choices[0].Parts.OfType<TextPart>().Select(p => p.Text));
        ToolCallPart[] calls = [.. response.Choices[0].Parts.OfType<ToolCallPart>()];
        Assert.Equal([("only_id", "f", "{\"a\":1}"), ("c2", "g", "")], calls.Select(c => (c.Id, c.Name, c.Arguments)));
        Assert.Null(response.Created);
        Assert.Null(response.Usage!.InputTokens);
    }

    [Fact]
    public void AnAnswerHasAllItsKeysAndEchoesItsRequest()
    {
        ChatRequest request = ResponsesKit.Decode("""
            {"model":"endpoint","instructions":"Be terse.","input":"Hi","temperature":0.5,"max_output_tokens":99,"max_tool_calls":3,"parallel_tool_calls":false,"store":true,"user":"u","metadata":{"a":"b"},
             "reasoning":{"effort":"low","summary":"auto"},"text":{"verbosity":"low","format":{"type":"json_schema","name":"n","schema":{"type":"object"}}},"tool_choice":{"type":"function","name":"f"},
             "tools":[{"type":"function","name":"f","defer_loading":true},{"type":"namespace","name":"ns","description":"d","tools":[{"type":"function","name":"g","strict":true,"parameters":{"type":"object"}}]},{"type":"web_search"}],
             "prompt_cache_key":"k","safety_identifier":"s"}
            """);
        JsonObject answer = ResponsesKit.Render(
            new ChatResponse
            {
                Id = "msg_01",
                Model = "claude-x",
                Created = DateTimeOffset.FromUnixTimeSeconds(1_760_000_005),
                Choices = [new Choice(0, [new TextPart("Hello")], FinishReason.Stop)],
                Usage = new TokenUsage { InputTokens = 10, CacheReadTokens = 4, CacheWriteTokens = 3, OutputTokens = 5, ReasoningTokens = 2 },
            },
            request);
        Assert.Empty(ResponsesStreamValidator.FaultsOfAnswer(answer));
        ResponsesKit.Same(
            """
            {"id":"resp_msg_01","object":"response","created_at":1760000005,"status":"completed","background":false,"completed_at":1760000005,"incomplete_details":null,"error":null,"model":"claude-x",
             "output":[{"id":"msg_req-1_0","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Hello"}]}],
             "instructions":"Be terse.","max_output_tokens":99,"max_tool_calls":3,"parallel_tool_calls":false,"previous_response_id":null,"prompt_cache_key":"k","prompt_cache_retention":null,
             "reasoning":{"effort":"low","summary":"auto"},"safety_identifier":"s","service_tier":"default","store":false,"temperature":0.5,"top_p":1,"presence_penalty":0,"frequency_penalty":0,"top_logprobs":0,
             "text":{"format":{"type":"json_schema","name":"n","description":null,"strict":false,"schema":{"type":"object"}},"verbosity":"low"},"tool_choice":{"type":"function","name":"f"},
             "tools":[{"type":"function","name":"f","description":null,"parameters":null,"strict":false},
                      {"type":"namespace","name":"ns","description":"d","tools":[{"type":"function","name":"g","description":null,"parameters":{"type":"object"},"strict":true}]},{"type":"web_search"}],
             "truncation":"disabled","user":"u","metadata":{"a":"b"},
             "usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":3},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":15}}
            """,
            answer);
    }

    [Fact]
    public void PartsBecomeItems()
    {
        JsonArray output = ResponsesKit.Render(new ChatResponse
        {
            Choices =
            [
                new Choice(
                    0,
                    [
                        new ReasoningPart("thought") { Signature = new Signature("c2ln", DialectIds.Messages) },
                        new ReasoningPart("") { Signature = new Signature("cmVk", DialectIds.Messages), Redacted = true },
                        new ReasoningPart("") { Signature = new Signature("aGlk", DialectIds.Messages) },
                        new ReasoningPart("plain"),
                        new TextPart("a") { Citations = [new Citation { Url = "https://x", Title = "X", Start = 0, End = 1 }, new Citation { Title = "no address" }] },
                        new TextPart("b"),
                        new RefusalPart("no"),
                        new ToolCallPart("c1", "f", "{}") { Namespace = "ns", Signature = new Signature("dGhv", DialectIds.GenerateContent) },
                        new ToolCallPart("c2", "g", "raw") { Kind = ToolKind.Custom },
                        new MediaPart(MediaKind.Image, new Base64Source("image/png", "AAAA"u8.ToArray())),
                        new MediaPart(MediaKind.Audio, new Base64Source("audio/wav", "AAAA"u8.ToArray())) { Transcript = "spoken" },
                        new OpaquePart(DialectIds.Messages, JsonElement.Parse("""{"type":"server_tool_use"}"""), "content[1]"),
                        new TextPart("c"),
                    ],
                    FinishReason.ToolCalls),
                new Choice(1, [new TextPart("another")], FinishReason.Stop),
            ],
        })["output"]!.AsArray();
        string id = ToolCallIdCarrier.Wrap("c1", new Signature("dGhv", DialectIds.GenerateContent));
        ResponsesKit.Same(
            $$"""
            [{"id":"rs_req-1_0","type":"reasoning","summary":[{"type":"summary_text","text":"thought"}],"encrypted_content":"gw1.anthropic:messages.c2ln"},
             {"id":"rs_req-1_1","type":"reasoning","summary":[],"encrypted_content":"gw1.anthropic:messages.cmVk"},
             {"id":"rs_req-1_2","type":"reasoning","summary":[{"type":"summary_text","text":""}],"encrypted_content":"gw1.anthropic:messages.aGlk"},
             {"id":"rs_req-1_3","type":"reasoning","summary":[{"type":"summary_text","text":"plain"}],"encrypted_content":"gw1.."},
             {"id":"msg_req-1_4","type":"message","status":"completed","role":"assistant","content":[
               {"type":"output_text","annotations":[{"type":"url_citation","start_index":0,"end_index":1,"title":"X","url":"https://x"}],"logprobs":[],"text":"a"},
               {"type":"output_text","annotations":[],"logprobs":[],"text":"b"},{"type":"refusal","refusal":"no"}]},
             {"id":"fc_req-1_5","type":"function_call","status":"completed","arguments":"{}","call_id":"{{id}}","name":"f","namespace":"ns"},
             {"id":"ctc_req-1_6","type":"custom_tool_call","status":"completed","input":"raw","call_id":"c2","name":"g"},
             {"id":"ig_req-1_7","type":"image_generation_call","status":"completed","output_format":"png","result":"AAAA"},
             {"id":"msg_req-1_8","type":"message","status":"completed","role":"assistant","content":[
               {"type":"output_text","annotations":[],"logprobs":[],"text":"spoken"},{"type":"output_text","annotations":[],"logprobs":[],"text":"c"}]}]
            """,
            output);
    }

    [Fact]
    public void WhatWasThoughtAndCalledComesBackWhole()
    {
        ReasoningPart[] thoughts =
        [
            new ReasoningPart("thought\n\nmore") { Signature = new Signature("c2ln", DialectIds.Messages) },
            new ReasoningPart("") { Signature = new Signature("cmVk", DialectIds.Messages), Redacted = true },
            new ReasoningPart("") { Signature = new Signature("aGlk", DialectIds.Messages) },
        ];
        var call = new ToolCallPart("c1", "f", "{}") { Signature = new Signature("dGhv", DialectIds.GenerateContent) };
        JsonNode output = ResponsesKit.Render(new ChatResponse { Choices = [new Choice(0, [.. thoughts, call], FinishReason.ToolCalls)] })["output"]!;
        ChatRequest next = ResponsesKit.Decode($$"""{"model":"m","input":{{output.ToJsonString()}}}""");
        Assert.Equal(thoughts, next.Messages.Take(3).Select(m => (ReasoningPart)m.Parts[0]));
        Assert.Equal((call.Id, call.Signature), (((ToolCallPart)next.Messages[3].Parts[0]).Id, ((ToolCallPart)next.Messages[3].Parts[0]).Signature));
    }

    [Theory]
    [InlineData(FinishReason.Stop, "completed", null, "completed")]
    [InlineData(FinishReason.Pause, "completed", null, "completed")]
    [InlineData(FinishReason.Length, "incomplete", "max_output_tokens", "incomplete")]
    [InlineData(FinishReason.ContextWindow, "incomplete", "max_output_tokens", "incomplete")]
    [InlineData(FinishReason.ContentFilter, "incomplete", "content_filter", "incomplete")]
    [InlineData(FinishReason.Refusal, "incomplete", "content_filter", "incomplete")]
    [InlineData(FinishReason.Malformed, "incomplete", "malformed_output", "incomplete")]
    public void TheEndIsToldInTheStatus(FinishReason reason, string status, string? why, string last)
    {
        JsonObject answer = ResponsesKit.Render(new ChatResponse { Choices = [new Choice(0, [new ToolCallPart("c", "f", "{}"), new TextPart("x")], reason)] });
        Assert.Equal(status, answer["status"]!.GetValue<string>());
        Assert.Equal(why, answer["incomplete_details"]?["reason"]?.GetValue<string>());
        Assert.Equal("completed", answer["output"]![0]!["status"]!.GetValue<string>());
        Assert.Equal(last, answer["output"]![1]!["status"]!.GetValue<string>());
        Assert.Equal(status != "completed", answer["completed_at"] is null);
    }

    [Fact]
    public void ARefusalInWordsIsAWholeAnswer()
    {
        JsonObject answer = ResponsesKit.Render(new ChatResponse { Choices = [new Choice(0, [new RefusalPart("no")], FinishReason.Refusal)] });
        Assert.Equal("completed", answer["status"]!.GetValue<string>());
    }

    [Theory]
    [InlineData(null, "resp_req-1")]
    [InlineData("", "resp_req-1")]
    [InlineData("resp_0318b8853aea2dbc006a28a6a41c748199acf9827b874a583d", "resp_0318b8853aea2dbc006a28a6a41c748199acf9827b874a583d")]
    [InlineData("chatcmpl-1", "resp_chatcmpl-1")]
    public void TheIdIsTheProviders(string? id, string expected) =>
        Assert.Equal(expected, ResponsesKit.Render(new ChatResponse { Id = id, Choices = [] })["id"]!.GetValue<string>());

    [Fact]
    public void NoIdIsLongerThanOpenAITakesBack()
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        AnswerContext context = ResponsesKit.Context() with { RequestId = "00-" + new string('a', 200) + "/ü" };
        ContentPart[] parts = [.. Enumerable.Range(0, 200).SelectMany(i => (ContentPart[])[new ReasoningPart("r"), new TextPart("t")])];
        ResponsesKit.Dialect.EncodeResponse(new ChatResponse { Id = new string('x', 300), Choices = [new Choice(0, parts, FinishReason.Stop)] }, context, output);
        JsonNode answer = JsonNode.Parse(output.WrittenSpan)!;
        Assert.Empty(ResponsesStreamValidator.FaultsOfAnswer(answer));
        Assert.Equal(400, answer["output"]!.AsArray().Count);
    }

    [Fact]
    public void ErrorsAreInOpenAIsEnvelope()
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        ResponsesKit.Dialect.EncodeError(GatewayError.Invalid("m", "input[0]", "c"), "req-1", output);
        ResponsesKit.Same("""{"error":{"message":"m","type":"invalid_request_error","param":"input[0]","code":"c"}}""", JsonNode.Parse(output.WrittenSpan));
        GatewayError read = ResponsesKit.Dialect.DecodeError(429, Encoding.UTF8.GetBytes("""{"error":{"message":"slow","type":"requests","param":null,"code":"rate_limit_exceeded"}}"""));
        Assert.Equal((ErrorKind.RateLimited, 429, "slow", "rate_limit_exceeded"), (read.Kind, read.Status, read.Message, read.Code));
    }
}
