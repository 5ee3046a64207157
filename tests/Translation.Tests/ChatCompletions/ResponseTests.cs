using System.Text;
using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.ChatCompletions;

/// <summary>Whole answers: of OpenAI, of servers that resemble it, and to clients.</summary>
public sealed class ResponseTests
{
    [Theory]
    [InlineData("stop", FinishReason.Stop)]
    [InlineData("end_turn", FinishReason.Stop)]
    [InlineData("eos", FinishReason.Stop)]
    [InlineData("something new", FinishReason.Stop)]
    [InlineData("length", FinishReason.Length)]
    [InlineData("max_tokens", FinishReason.Length)]
    [InlineData("MAX_TOKENS", FinishReason.Length)]
    [InlineData("model_length", FinishReason.ContextWindow)]
    [InlineData("content_filter", FinishReason.ContentFilter)]
    [InlineData("SAFETY", FinishReason.ContentFilter)]
    [InlineData("tool_calls", FinishReason.Stop)]
    [InlineData(null, FinishReason.Stop)]
    public void TheEndHasManyNames(string? name, FinishReason reason) =>
        Assert.Equal(reason, Chat.Choice("""{"role":"assistant","content":"x"}""", $"\"finish_reason\":{(name is null ? "null" : $"\"{name}\"")}").FinishReason);

    [Theory]
    [InlineData("stop", FinishReason.ToolCalls)]
    [InlineData("tool_use", FinishReason.ToolCalls)]
    [InlineData("function_call", FinishReason.ToolCalls)]
    [InlineData("length", FinishReason.Length)]
    [InlineData("content_filter", FinishReason.ContentFilter)]
    public void CallsEndInToolCalls(string name, FinishReason reason) =>
        Assert.Equal(reason, Chat.Choice("""{"content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}""", $"\"finish_reason\":\"{name}\"").FinishReason);

    [Fact]
    public void CallsOfOddServersAreRead()
    {
        Choice choice = Chat.Choice("""
            {"content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}},{"id":"","type":"function","function":{"name":"g","arguments":null}},{"id":"x","function":{"name":"h"}},
             {"id":"","type":"function","function":{"name":"","arguments":""}},7,{"id":"y","type":"custom","custom":{"name":"p","input":"text"}}]}
            """);
        Assert.Equal(
            [("call_chatcmpl1_0", "f", "{\"a\":1}"), ("call_chatcmpl1_1", "g", "{}"), ("x", "h", "{}"), ("y", "p", "text")],
            choice.Parts.Cast<ToolCallPart>().Select(c => (c.Id, c.Name, c.Arguments)));
        Assert.Equal(ToolKind.Custom, ((ToolCallPart)choice.Parts[3]).Kind);
        ToolCallPart old = Assert.IsType<ToolCallPart>(Assert.Single(Chat.Choice("""{"content":null,"function_call":{"name":"f","arguments":"{}"}}""").Parts));
        Assert.Equal(("call_chatcmpl1_0", "f"), (old.Id, old.Name));
    }

    [Fact]
    public void EverythingAnAnswerHoldsIsRead()
    {
        Choice choice = Chat.Choice(
            """
            {"role":"assistant","reasoning_content":"T","content":"See x.","annotations":[{"type":"url_citation","url_citation":{"url":"https://x","title":"X","start_index":4,"end_index":5}},{"type":"other"}],
             "images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AQID"}}],"audio":{"id":"a1","data":"AQID","transcript":"tee","expires_at":5},
             "extra_content":{"google":{"thought_signature":"c2ln"}},"provider_specific_fields":{"x":1}}
            """,
            """ "finish_reason":"stop","logprobs":{"content":[{"token":"See","logprob":-0.5,"bytes":[83],"top_logprobs":[{"token":"Sea","logprob":-2}]}],"refusal":null},"content_filter_results":{}""");
        Assert.Equal("T", Assert.IsType<ReasoningPart>(choice.Parts[0]).Text);
        TextPart text = Assert.IsType<TextPart>(choice.Parts[1]);
        Assert.Equal(new Citation { Url = "https://x", Title = "X", Start = 4, End = 5 }, Assert.Single(text.Citations));
        Assert.Equal(("See", -0.5, "Sea"), (text.LogProbs[0].Token, text.LogProbs[0].LogProb, text.LogProbs[0].Top[0].Token));
        Assert.Equal(new Signature("c2ln", DialectIds.GenerateContent), text.Signature);
        Assert.IsType<Base64Source>(Assert.IsType<MediaPart>(choice.Parts[2]).Source);
        MediaPart audio = Assert.IsType<MediaPart>(choice.Parts[3]);
        Assert.Equal((MediaKind.Audio, "tee"), (audio.Kind, audio.Transcript));
        Assert.Equal(["content_filter_results", "message.provider_specific_fields"], choice.Extra!.Fields.Select(f => f.Name).Order());
    }

    [Fact]
    public void ContentMayBeAListAndARefusalEndsInRefusal()
    {
        Choice list = Chat.Choice("""{"content":[{"type":"reasoning","summary":[{"type":"summary_text","text":"T","signature":"s"}]},{"type":"text","text":"A"},{"type":"new","x":1}]}""");
        Assert.Equal(new ReasoningPart("T") { Signature = new Signature("s", DialectIds.ChatCompletions) }, list.Parts[0]);
        Assert.Equal(new TextPart("A"), list.Parts[1]);
        Assert.Equal("new", Assert.IsType<OpaquePart>(list.Parts[2]).Type);
        Choice refused = Chat.Choice("""{"content":null,"refusal":"No."}""");
        Assert.Equal(("No.", FinishReason.Refusal), (Assert.IsType<RefusalPart>(Assert.Single(refused.Parts)).Text, refused.FinishReason));
        Assert.Equal("stop", Chat.Encode(new ChatResponse { Choices = [refused] }).GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Empty(Chat.Choice("""{"content":""}""", "\"finish_reason\":\"length\"").Parts);
    }

    [Theory]
    [InlineData("""{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14,"prompt_tokens_details":{"cached_tokens":6,"audio_tokens":1,"cache_write_tokens":2},"completion_tokens_details":{"reasoning_tokens":3,"audio_tokens":1}}""", 10L, 6L, 2L, 4L, 3L)]
    [InlineData("""{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14,"prompt_cache_hit_tokens":6,"prompt_cache_miss_tokens":4}""", 10L, 6L, null, 4L, null)]
    [InlineData("""{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14,"cache_read_input_tokens":6,"cache_creation_input_tokens":2}""", 10L, 6L, 2L, 4L, null)]
    [InlineData("""{"prompt_tokens":10,"completion_tokens":4,"total_tokens":22,"cache_read_input_tokens":6,"cache_creation_input_tokens":2}""", 18L, 6L, 2L, 4L, null)]
    [InlineData("""{"prompt_tokens":1,"completion_tokens":4,"cache_read_input_tokens":6}""", 7L, 6L, null, 4L, null)]
    [InlineData("""{"prompt_tokens":10,"completion_tokens":4,"total_tokens":17,"completion_tokens_details":{"reasoning_tokens":3}}""", 10L, null, null, 7L, 3L)]
    [InlineData("""{"prompt_tokens":10,"completion_tokens":4,"total_tokens":17}""", 10L, null, null, 7L, 3L)]
    [InlineData("""{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14,"reasoning_tokens":3}""", 10L, null, null, 4L, 3L)]
    [InlineData("""{"input_tokens":10,"output_tokens":4}""", 10L, null, null, 4L, null)]
    [InlineData("""{"prompt_tokens":10,"completion_tokens":null,"total_tokens":null,"prompt_tokens_details":null}""", 10L, null, null, null, null)]
    public void CountsAreBroughtToOneConvention(string usage, long? input, long? read, long? written, long? output, long? reasoning)
    {
        TokenUsage counts = Chat.Response("{\"choices\":[],\"usage\":" + usage + "}").Usage!;
        Assert.Equal((input, read, written, output, reasoning), (counts.InputTokens, counts.CacheReadTokens, counts.CacheWriteTokens, counts.OutputTokens, counts.ReasoningTokens));
    }

    [Theory]
    [InlineData("""{"error":{"message":"Busy","code":429}}""", 429, "Busy")]
    [InlineData("""{"choices":[{"error":{"message":"Lost","code":502},"message":null}]}""", 502, "Lost")]
    [InlineData("""{"choices":[{"message":{"content":"x"},"finish_reason":"error"}]}""", 502, null)]
    [InlineData("""{"object":"list"}""", 502, null)]
    [InlineData("[]", 502, null)]
    public void WhatIsNoAnswerIsAnError(string json, int status, string? message)
    {
        GatewayError error = Assert.Throws<GatewayException>(() => Chat.Response(json)).Error;
        Assert.Equal(status, error.Status);
        Assert.Equal(message ?? error.Message, error.Message);
    }

    [Fact]
    public void AClientGetsAWholeAnswer()
    {
        var response = new ChatResponse
        {
            Model = "served",
            ServiceTier = "default",
            Choices =
            [
                new Choice(
                    0,
                    [
                        new ReasoningPart("One") { Signature = new Signature("s", DialectIds.Messages) },
                        new ReasoningPart("Two"),
                        new TextPart("Hello "),
                        new TextPart("world.") { Citations = [new Citation { Url = "https://x", Title = "X" }], LogProbs = [new TokenLogProb("world", -1)] },
                        new MediaPart(MediaKind.Image, new Base64Source("image/png", Encoding.ASCII.GetBytes("AQID"))),
                        new ToolCallPart("c1", "f", "") { Signature = new Signature("g", DialectIds.GenerateContent) },
                    ],
                    FinishReason.ToolCalls),
            ],
            Usage = new TokenUsage { InputTokens = 10, CacheReadTokens = 4, OutputTokens = 5, ReasoningTokens = 2 },
        };
        string id = ToolCallIdCarrier.Wrap("c1", new Signature("g", DialectIds.GenerateContent));
        string seal = SignatureCarrier.Wrap(new Signature("s", DialectIds.Messages), DialectIds.ChatCompletions);
        Assert.Equal(
            $$$"""
            {"id":"chatcmpl-req-1","object":"chat.completion","created":1750000000,"model":"served","choices":[{"index":0,"message":{"role":"assistant","content":"Hello world.",
            "reasoning_content":"One\n\nTwo","reasoning_details":[{"type":"reasoning.text","text":"One","signature":"{{{seal}}}","index":0},{"type":"reasoning.text","text":"Two","index":1}],
            "refusal":null,"annotations":[{"type":"url_citation","url_citation":{"start_index":12,"end_index":12,"title":"X","url":"https://x"}}],
            "images":[{"index":0,"type":"image_url","image_url":{"url":"data:image/png;base64,AQID"}}],
            "tool_calls":[{"id":"{{{id}}}","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"g" } } }]},
            "logprobs":{"content":[{"token":"world","logprob":-1,"bytes":null,"top_logprobs":[]}],"refusal":null},"finish_reason":"tool_calls"}],
            "usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2 } },
            "service_tier":"default"}
            """.ReplaceLineEndings("").Replace(" }", "}", StringComparison.Ordinal),
            Chat.Encode(response).GetRawText());
    }

    [Fact]
    public void AClientOfTheOldKindGetsAFunctionCall()
    {
        ChatRequest request = Chat.Request("\"functions\":[{\"name\":\"f\"}]");
        var response = new ChatResponse { Choices = [new Choice(0, [new ToolCallPart("c", "f", "{\"a\":1}")], FinishReason.ToolCalls)] };
        JsonElement choice = Chat.Encode(response, request).GetProperty("choices")[0];
        Assert.Equal("""{"name":"f","arguments":"{\"a\":1}"}""", choice.GetProperty("message").GetProperty("function_call").GetRawText());
        Assert.Equal("function_call", choice.GetProperty("finish_reason").GetString());
        Assert.False(choice.GetProperty("message").TryGetProperty("tool_calls", out _));
    }

    [Theory]
    [InlineData(FinishReason.Stop, "stop")]
    [InlineData(FinishReason.Length, "length")]
    [InlineData(FinishReason.ContextWindow, "length")]
    [InlineData(FinishReason.ContentFilter, "content_filter")]
    [InlineData(FinishReason.Refusal, "content_filter")]
    [InlineData(FinishReason.Malformed, "content_filter")]
    [InlineData(FinishReason.Pause, "stop")]
    public void TheEndIsToldInOpenAIsWords(FinishReason reason, string expected) =>
        Assert.Equal(expected, Chat.Encode(new ChatResponse { Choices = [new Choice(0, [new TextPart("x")], reason)] }).GetProperty("choices")[0].GetProperty("finish_reason").GetString());

    [Fact]
    public void AnAudioAnswerKeepsItsId()
    {
        Choice choice = Chat.Choice("""{"content":null,"audio":{"id":"a1","data":"AQID","transcript":"tee","expires_at":5}}""");
        JsonElement audio = Chat.Encode(new ChatResponse { Choices = [choice] }).GetProperty("choices")[0].GetProperty("message").GetProperty("audio");
        Assert.Equal("""{"id":"a1","expires_at":5,"data":"AQID","transcript":"tee"}""", audio.GetRawText());
        Choice foreign = choice with { Parts = [((MediaPart)choice.Parts[0]) with { Extra = null }] };
        Assert.Equal("audio_req-1", Chat.Encode(new ChatResponse { Choices = [foreign] }).GetProperty("choices")[0].GetProperty("message").GetProperty("audio").GetProperty("id").GetString());
    }
}
