using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.Responses;

/// <summary>What clients ask, read.</summary>
public sealed class ResponsesRequestTests
{
    public static TheoryData<string> Recorded => Payloads.Rows(DialectIds.Responses, PayloadKind.Request);

    /// <summary>Ways of saying things that have to come back exactly as they were said, bookkeeping and defaults included.</summary>
    public static TheoryData<string> Faithful =>
    [
        """{"model":"m","input":"Hi"}""",
        """{"model":"m","input":[{"role":"user","content":"Hi"}]}""",
        """{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"Hi"}]}]}""",
        """{"model":"m","input":[{"type":"message","role":"user","content":[]}]}""",
        """{"model":"m","input":[{"type":"message","id":"msg_1","status":"completed","role":"assistant","phase":"commentary","content":[{"type":"output_text","text":"a","annotations":[],"logprobs":[]},{"type":"refusal","refusal":"no"}]}]}""",
        """{"model":"m","input":[{"role":"assistant","content":"said"},{"role":"developer","content":"do"},{"role":"system","content":""}]}""",
        """{"model":"m","previous_response_id":"resp_1"}""",
        """{"model":"m","prompt":{"id":"pmpt_1","version":"2"}}""",
        """{"model":"m","input":"x","conversation":{"id":"conv_1"},"background":true}""",
        """{"model":"m","input":"x","background":false,"stream":false,"truncation":"disabled","stream_options":{"include_obfuscation":false}}""",
        """{"model":"m","input":"x","store":null,"metadata":null,"reasoning":null,"tools":null,"temperature":null,"user":null}""",
        """{"model":"m","input":"x","reasoning":{"effort":"high","summary":null,"context":"all_turns","mode":"pro"}}""",
        """{"model":"m","input":"x","reasoning":{"effort":"ultra","generate_summary":"concise"}}""",
        """{"model":"m","input":"x","reasoning":{}}""",
        """{"model":"m","input":"x","max_output_tokens":1,"top_logprobs":0}""",
        """{"model":"m","input":"x","include":["reasoning.encrypted_content","web_search_call.action.sources"]}""",
        """{"model":"m","input":"x","text":{"format":{"type":"grammar","definition":"x"},"verbosity":"low","tone":"dry"}}""",
        """{"model":"m","input":"x","text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"},"description":null,"dialect":7}}}""",
        """{"model":"m","input":"x","text":{"format":{"type":"text"}}}""",
        """{"model":"m","input":"x","tool_choice":{"type":"mcp","server_label":"docs"},"tools":[{"type":"mcp","server_label":"docs","server_url":"https://x"}]}""",
        """{"model":"m","input":"x","tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"},{"type":"custom","name":"c"}]},"tools":[{"type":"function","name":"f"},{"type":"custom","name":"c"}]}""",
        """{"model":"m","input":"x","tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"f"},{"type":"image_generation"}]},"tools":[{"type":"function","name":"f"}]}""",
        """{"model":"m","input":"x","tool_choice":{"type":"custom","name":"c"},"tools":[{"type":"custom","name":"c","format":{"type":"text"},"defer_loading":true}]}""",
        """{"model":"m","input":"x","tools":[{"type":"function","name":"f","parameters":null,"strict":null,"description":null,"defer_loading":true,"output_schema":{"type":"string"}}]}""",
        """{"model":"m","input":"x","tools":[{"type":"namespace","name":"a","description":"A","since":3,"tools":[{"type":"function","name":"f"},{"type":"custom","name":"c"}]},{"type":"namespace","name":"b","tools":[{"type":"function","name":"f","strict":true}]},{"type":"function","name":"f"},{"type":"namespace","name":"empty","description":"E","tools":[]}]}""",
        """{"model":"m","input":[{"type":"function_call","id":"fc_1","call_id":"c1","name":"f","namespace":"ns","arguments":"","status":"completed","caller":{"type":"direct"}},{"type":"function_call_output","call_id":"c1","output":"","id":"fco_1","status":null}]}""",
        """{"model":"m","input":[{"type":"custom_tool_call","call_id":"c1","name":"f","input":"raw"},{"type":"custom_tool_call_output","call_id":"c1","output":[{"type":"input_text","text":"t"},{"type":"input_image","image_url":"data:image/png;base64,AAAA","detail":"original"},{"type":"computer_screenshot","image_url":"https://x"}]}]}""",
        """{"model":"m","input":[{"role":"user","content":[{"type":"input_image","image_url":null,"file_id":"file_1","detail":"auto"},{"type":"input_file","file_id":"file_2"},{"type":"input_file","file_url":"https://x/a.pdf","filename":"a.pdf"},{"type":"input_file","file_data":"data:text/plain;base64,AAAA","filename":"a.txt","detail":"high"},{"type":"input_audio","input_audio":{"data":"AAAA","format":"mp3","rate":2}},{"type":"input_video","video_url":"https://x"}]}]}""",
        """{"model":"m","input":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}],"content":[{"type":"reasoning_text","text":"c"}],"encrypted_content":"gAAA","status":"completed"},{"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":null}]}""",
        """{"model":"m","input":[{"type":"item_reference","id":"msg_1"},{"id":"msg_2"},{"type":"compaction","encrypted_content":"x"},{"type":"local_shell_call","id":"ls_1","call_id":"c","action":{"type":"exec","command":["ls"]},"status":"completed"},{"type":"local_shell_call_output","id":"ls_1","output":"{}"},{"type":"mcp_approval_response","approval_request_id":"a","approve":true},{"type":"additional_tools","role":"developer","tools":[]},{"type":"of_tomorrow","x":1}]}""",
        """{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"p","prompt_cache_breakpoint":{"mode":"explicit"}}]}],"prompt_cache_options":{"mode":"explicit","ttl":"30m"},"client_metadata":{"a":"b"},"field_of_tomorrow":[1]}""",
        """{"model":"m","input":[{"role":"assistant","content":[{"type":"output_text","text":"x","annotations":[{"type":"url_citation","url":"https://x","title":"X","start_index":0,"end_index":1},{"type":"file_citation","file_id":"f","filename":"a.txt","index":0}]},{"type":"text","text":"y"}]}]}""",
    ];

    [Theory]
    [MemberData(nameof(Faithful))]
    public void WhatAClientSaysIsWrittenBackAsItSaidIt(string json) => ResponsesKit.Same(json, ResponsesKit.Encode(ResponsesKit.Decode(json), "m"));

    [Theory]
    [MemberData(nameof(Recorded))]
    public void WhatRecordedClientsSaidIsWrittenBackAsTheySaidIt(string file)
    {
        string json = Encoding.UTF8.GetString(Payloads.Read(file));
        ChatRequest request = ResponsesKit.Decode(json);
        ResponsesKit.Same(json, ResponsesKit.Encode(request, request.Model));
    }

    [Fact]
    public void EveryItemIsATurnOfItsOwn()
    {
        ChatRequest request = ResponsesKit.Decode("""
            {"model":"m","instructions":"Be terse.","input":[
              {"role":"developer","content":"d"},{"role":"user","content":"u"},
              {"type":"reasoning","summary":[{"type":"summary_text","text":"one"},{"type":"summary_text","text":"two"}],"encrypted_content":"gAAA"},
              {"type":"message","role":"assistant","content":[{"type":"output_text","text":"a"}]},
              {"type":"function_call","call_id":"c1","name":"f","namespace":"ns","arguments":"{}"},
              {"type":"custom_tool_call","call_id":"c2","name":"g","input":"raw"},
              {"type":"function_call_output","call_id":"c1","output":"r1"},
              {"type":"custom_tool_call_output","call_id":"c2","output":[{"type":"input_text","text":"r2"}]}]}
            """);
        Assert.Equal("Be terse.", Assert.IsType<TextPart>(Assert.Single(request.Instructions)).Text);
        Assert.Equal(
            [Role.Developer, Role.User, Role.Assistant, Role.Assistant, Role.Assistant, Role.Assistant, Role.Tool, Role.Tool],
            request.Messages.Select(m => m.Role));
        ReasoningPart reasoning = Assert.IsType<ReasoningPart>(request.Messages[2].Parts[0]);
        Assert.Equal("one\n\ntwo", reasoning.Text);
        Assert.True(reasoning.IsSummary);
        Assert.Equal(new Signature("gAAA", DialectIds.Responses), reasoning.Signature);
        ToolCallPart call = Assert.IsType<ToolCallPart>(request.Messages[4].Parts[0]);
        Assert.Equal(("c1", "f", "ns", "{}", ToolKind.Function), (call.Id, call.Name, call.Namespace, call.Arguments, call.Kind));
        Assert.Equal(ToolKind.Custom, Assert.IsType<ToolCallPart>(request.Messages[5].Parts[0]).Kind);
        ToolResultPart result = Assert.IsType<ToolResultPart>(request.Messages[7].Parts[0]);
        Assert.Equal(("c2", ToolKind.Custom, "r2"), (result.CallId, result.Kind, Assert.IsType<TextPart>(result.Content[0]).Text));
    }

    [Fact]
    public void MediaAreTakenOverByteForByte()
    {
        ChatRequest request = ResponsesKit.Decode("""
            {"model":"m","input":[{"role":"user","content":[
              {"type":"input_image","image_url":"data:image/png;base64,iVBO\/w==","detail":"low"},
              {"type":"input_image","image_url":"https://x/a.png"},
              {"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"},
              {"type":"input_file","filename":"b.csv","file_data":"YSxi"},
              {"type":"input_file","file_id":"file_1"},
              {"type":"input_audio","input_audio":{"data":"UklG","format":"wav"}}]}]}
            """);
        MediaPart[] media = [.. request.Messages[0].Parts.Cast<MediaPart>()];
        Assert.Equal(
            [MediaKind.Image, MediaKind.Image, MediaKind.Document, MediaKind.Document, MediaKind.Document, MediaKind.Audio],
            media.Select(m => m.Kind));
        Assert.Equal(("image/png", "iVBO/w=="), Base64(media[0]));
        Assert.Equal("low", media[0].Detail);
        Assert.Equal(new UrlSource("https://x/a.png"), media[1].Source);
        Assert.Equal(("application/pdf", "JVBE"), Base64(media[2]));
        Assert.Equal("a.pdf", media[2].Name);
        Assert.Equal(("text/csv", "YSxi"), Base64(media[3]));
        Assert.Equal(new FileSource("file_1", DialectIds.Responses), media[4].Source);
        Assert.Equal(("audio/wav", "UklG"), Base64(media[5]));
    }

    [Fact]
    public void ParametersBecomeCanonical()
    {
        ChatRequest request = ResponsesKit.Decode("""
            {"model":"m","input":"x","stream":true,"temperature":0.5,"top_p":0.9,"max_output_tokens":99,"top_logprobs":3,"include":["message.output_text.logprobs"],
             "parallel_tool_calls":false,"tool_choice":"required","store":true,"metadata":{"a":"b"},"user":"u","safety_identifier":"s","prompt_cache_key":"k","prompt_cache_retention":"24h",
             "service_tier":"flex","text":{"verbosity":"high","format":{"type":"json_schema","name":"n","description":"d","strict":true,"schema":{"type":"object"}}},
             "reasoning":{"effort":"XHigh","summary":"detailed"}}
            """);
        Assert.True(request.Stream && request.LogProbs == true && request.Store == true);
        Assert.Equal((0.5, 0.9, 99L, 3), (request.Temperature!.Value, request.TopP!.Value, request.MaxOutputTokens!.Value, request.TopLogProbs!.Value));
        Assert.False(request.ParallelToolCalls);
        Assert.Equal(ToolChoiceMode.Required, request.ToolChoice!.Mode);
        Assert.Equal("b", request.Metadata!["a"]);
        Assert.Equal(("u", "s", "k", "24h", "flex", "high"), (request.User, request.SafetyIdentifier, request.PromptCacheKey, request.PromptCacheRetention, request.ServiceTier, request.Verbosity));
        Assert.Equal((ResponseFormatKind.JsonSchema, "n", "d", true), (request.ResponseFormat!.Kind, request.ResponseFormat.Name, request.ResponseFormat.Description, request.ResponseFormat.Strict));
        Assert.Equal((ReasoningEffort.XHigh, "detailed", true), (request.Reasoning!.Effort, request.Reasoning.Summary, request.Reasoning.IncludeThoughts));
    }

    [Fact]
    public void OfCodexNothingIsReportedButWhatOnlyOpenAIHas()
    {
        ChatRequest request = ResponsesKit.Decode("""
            {"model":"m","instructions":"i","store":false,"stream":true,"include":["reasoning.encrypted_content"],"prompt_cache_key":"k","client_metadata":{"a":"b"},
             "input":[{"type":"message","id":"msg_1","role":"user","content":[{"type":"input_text","text":"x"}]},{"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":"{}","status":"completed"},
                      {"type":"function_call_output","id":"fco_1","call_id":"c","output":"r"}],
             "tools":[{"type":"namespace","name":"mcp","description":"d","tools":[{"type":"function","name":"f","strict":false,"parameters":{"type":"object","properties":{}}}]},{"type":"web_search"}]}
            """);
        IEnumerable<ExtraFields?> extras =
        [
            request.Extra, .. request.Messages.Select(m => m.Extra), .. request.Messages.SelectMany(m => m.Parts).Select(p => p.Extra), .. request.Tools.Select(t => t.Extra),
        ];
        Assert.Equal(["client_metadata"], extras.SelectMany(e => e?.Fields ?? []).Where(f => !f.Incidental).Select(f => f.Name));
        FunctionTool tool = Assert.IsType<FunctionTool>(request.Tools[0]);
        Assert.Equal(("f", "mcp", "d"), (tool.Name, tool.Namespace, tool.NamespaceDescription));
        Assert.Equal("web_search", Assert.IsType<ServerTool>(request.Tools[1]).Type);
    }

    [Theory]
    [InlineData("""{"model":"m","input":"x","previous_response_id":"resp_1"}""", "previous_response_id")]
    [InlineData("""{"model":"m","input":"x","conversation":"conv_1"}""", "conversation")]
    [InlineData("""{"model":"m","prompt":{"id":"p"}}""", "prompt")]
    [InlineData("""{"model":"m","input":"x","background":true}""", "background")]
    [InlineData("""{"model":"m","input":[{"role":"user","content":"x"},{"type":"item_reference","id":"msg_1"}]}""", "input[1]")]
    public void WhatLeansOnAProvidersMemoryIsRefusedForAnyOther(string json, string field)
    {
        DialectBinding binding = ResponsesKit.Decode(json).RequiresDialect!;
        Assert.Equal((DialectIds.Responses, field), (binding.Dialect, binding.Field));
        Assert.Equal((400, field), (binding.Refusal.Status, binding.Refusal.Param));
        foreach (IChatDialect other in DialectCatalog.Chat.Where(d => d.Id != DialectIds.Responses))
        {
            GatewayError error = Assert.Throws<GatewayException>(
                () => RequestAdapter.Adapt(ResponsesKit.Decode(json), other, new TargetProfile("m"), new TranslationReport())).Error;
            Assert.Equal((400, field), (error.Status, error.Param));
        }
    }

    [Theory]
    [InlineData("""{"input":"x"}""", "model")]
    [InlineData("""{"model":"m"}""", "input")]
    [InlineData("""{"model":7,"input":"x"}""", "model")]
    [InlineData("""{"model":"m","input":7}""", "input")]
    [InlineData("""{"model":"m","input":[7]}""", "input[0]")]
    [InlineData("""{"model":"m","input":[{"content":"x"}]}""", "input[0].type")]
    [InlineData("""{"model":"m","input":[{"role":"usr","content":"x"}]}""", "input[0].role")]
    [InlineData("""{"model":"m","input":[{"type":"message","content":"x"}]}""", "input[0].role")]
    [InlineData("""{"model":"m","input":[{"role":"user"}]}""", "input[0].content")]
    [InlineData("""{"model":"m","input":[{"role":"user","content":7}]}""", "input[0].content")]
    [InlineData("""{"model":"m","input":[{"role":"user","content":[{"text":"x"}]}]}""", "input[0].content[0].type")]
    [InlineData("""{"model":"m","input":[{"role":"user","content":[{"type":"input_text"}]}]}""", "input[0].content[0].text")]
    [InlineData("""{"model":"m","input":[{"role":"user","content":[{"type":"input_image"}]}]}""", "input[0].content[0].image_url")]
    [InlineData("""{"model":"m","input":[{"role":"user","content":[{"type":"input_image","image_url":{"url":"x"}}]}]}""", "input[0].content[0].image_url")]
    [InlineData("""{"model":"m","input":[{"role":"user","content":[{"type":"input_file","filename":"a"}]}]}""", "input[0].content[0].file_data")]
    [InlineData("""{"model":"m","input":[{"role":"user","content":[{"type":"input_audio"}]}]}""", "input[0].content[0].input_audio.data")]
    [InlineData("""{"model":"m","input":[{"type":"function_call","name":"f","arguments":"{}"}]}""", "input[0].call_id")]
    [InlineData("""{"model":"m","input":[{"type":"function_call","call_id":"c","arguments":"{}"}]}""", "input[0].name")]
    [InlineData("""{"model":"m","input":[{"type":"function_call","call_id":"c","name":"f","arguments":{}}]}""", "input[0].arguments")]
    [InlineData("""{"model":"m","input":[{"type":"custom_tool_call","call_id":"c","name":"f"}]}""", "input[0].input")]
    [InlineData("""{"model":"m","input":[{"type":"function_call_output","call_id":"c"}]}""", "input[0].output")]
    [InlineData("""{"model":"m","input":"x","tools":[{"name":"f"}]}""", "tools[0].type")]
    [InlineData("""{"model":"m","input":"x","tools":[{"type":"function","function":{"name":"f"}}]}""", "tools[0].name")]
    [InlineData("""{"model":"m","input":"x","tools":[{"type":"namespace","name":"n","tools":[{"type":"function"}]}]}""", "tools[0].tools[0].name")]
    [InlineData("""{"model":"m","input":"x","tool_choice":"always"}""", "tool_choice")]
    [InlineData("""{"model":"m","input":"x","tool_choice":{"type":"function"}}""", "tool_choice.name")]
    [InlineData("""{"model":"m","input":"x","text":{"format":{"type":"json_schema","name":"n"}}}""", "text.format.schema")]
    [InlineData("""{"model":"m","input":"x","text":{"format":"json"}}""", "text.format")]
    [InlineData("""{"model":"m","input":"x","reasoning":"high"}""", "reasoning")]
    [InlineData("""{"model":"m","input":"x","reasoning":{"effort":3}}""", "reasoning.effort")]
    [InlineData("""{"model":"m","input":"x","metadata":{"a":1}}""", "metadata.a")]
    [InlineData("""{"model":"m","input":"x","include":"all"}""", "include")]
    [InlineData("""{"model":"m","input":"x","stream":"yes"}""", "stream")]
    [InlineData("""{"model":"m","input":"x","temperature":"hot"}""", "temperature")]
    public void AFaultNamesItsField(string json, string field)
    {
        GatewayError error = ResponsesKit.Refusal(json);
        Assert.Equal((400, field), (error.Status, error.Param));
    }

    [Fact]
    public void CallIdsGiveUpTheSealsTheyCarried()
    {
        string id = ToolCallIdCarrier.Wrap("c1", new Signature("thought", DialectIds.GenerateContent));
        ChatRequest request = ResponsesKit.Decode($$"""
            {"model":"m","input":[{"type":"function_call","call_id":"{{id}}","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"{{id}}","output":"r"}]}
            """);
        ToolCallPart call = Assert.IsType<ToolCallPart>(request.Messages[0].Parts[0]);
        Assert.Equal(("c1", new Signature("thought", DialectIds.GenerateContent)), (call.Id, call.Signature));
        Assert.Equal("c1", Assert.IsType<ToolResultPart>(request.Messages[1].Parts[0]).CallId);
    }

    [Theory]
    [InlineData("""{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"I think."}],"encrypted_content":"gw1.anthropic:messages.c2ln"}""", "I think.", false, "c2ln")]
    [InlineData("""{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":""}],"encrypted_content":"gw1.anthropic:messages.c2ln"}""", "", false, "c2ln")]
    [InlineData("""{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gw1.anthropic:messages.c2ln"}""", "", true, "c2ln")]
    [InlineData("""{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"Aloud."}],"encrypted_content":"gw1.."}""", "Aloud.", false, null)]
    public void ForeignReasoningComesBackToItsMaker(string item, string text, bool redacted, string? seal)
    {
        ReasoningPart part = Assert.IsType<ReasoningPart>(ResponsesKit.Decode($$"""{"model":"m","input":[{{item}}]}""").Messages[0].Parts[0]);
        Assert.Equal((text, redacted, false, null), (part.Text, part.Redacted, part.IsSummary, part.Extra));
        Assert.Equal(seal is null ? null : new Signature(seal, DialectIds.Messages), part.Signature);
    }

    [Fact]
    public void PassedOnForeignReasoningAndSealsAreTakenOut()
    {
        string id = ToolCallIdCarrier.Wrap("c1", new Signature("thought", DialectIds.GenerateContent));
        byte[] body = Encoding.UTF8.GetBytes($$"""
            {"model":"endpoint","x":1.50,"input":[{"role":"user","content":"gw1. is a word"},
             {"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gw1.anthropic:messages.c2ln"},{"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"gw1.."},
             {"type":"reasoning","id":"rs_3","summary":[],"encrypted_content":"gAAA"},
             {"type":"function_call","call_id":"{{id}}","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"{{id}}","output":"r"}],"stream":true}
            """);
        var output = new ArrayBufferWriter<byte>();
        ResponsesKit.Dialect.SpliceRequest(JsonBody.Check(body), "gpt \"5\"", output);
        string sent = Encoding.UTF8.GetString(output.WrittenSpan);
        Assert.StartsWith("{\"model\":\"gpt \\\"5\\\"\",\"x\":1.50,\"input\":[", sent, StringComparison.Ordinal);
        ResponsesKit.Same(
            """
            [{"role":"user","content":"gw1. is a word"},{"type":"reasoning","id":"rs_3","summary":[],"encrypted_content":"gAAA"},
             {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c1","output":"r"}]
            """,
            JsonNode.Parse(sent)!["input"]);
    }

    [Fact]
    public void TokensAreCountedOfAllThatTheModelReads()
    {
        const string json = """
            {"model":"m","input":"x","instructions":"i","tools":[{"type":"function","name":"f"}],"tool_choice":"auto","reasoning":{"effort":"low"},"text":{"verbosity":"low"},
             "parallel_tool_calls":true,"previous_response_id":"resp_1","truncation":"auto","store":false,"temperature":1,"stream":true,"metadata":{}}
            """;
        var output = new ArrayBufferWriter<byte>();
        ChatRequest request = ResponsesKit.Dialect.DecodeCountRequest(JsonDocument.Parse(json).RootElement, default);
        ResponsesKit.Dialect.EncodeCountRequest(request, new TargetProfile("gpt"), new TranslationReport(), output);
        ResponsesKit.Same(
            """
            {"model":"gpt","input":"x","instructions":"i","tools":[{"type":"function","name":"f"}],"tool_choice":"auto","reasoning":{"effort":"low"},"text":{"verbosity":"low"},
             "parallel_tool_calls":true,"previous_response_id":"resp_1","truncation":"auto"}
            """,
            JsonNode.Parse(output.WrittenSpan));
        Assert.Equal("responses/input_tokens", ResponsesKit.Dialect.UpstreamCountPath("gpt"));
    }

    [Fact]
    public void CountsAreReadAndWritten()
    {
        var output = new ArrayBufferWriter<byte>();
        ResponsesKit.Dialect.EncodeCount(42, output);
        ResponsesKit.Same("""{"object":"response.input_tokens","input_tokens":42}""", JsonNode.Parse(output.WrittenSpan));
        Assert.Equal(42, ResponsesKit.Dialect.DecodeCount(JsonDocument.Parse(output.WrittenMemory).RootElement));
        Assert.Throws<GatewayException>(() => ResponsesKit.Dialect.DecodeCount(JsonDocument.Parse("{}").RootElement));
    }

    private static (string, string) Base64(MediaPart media) =>
        media.Source is Base64Source source ? (source.MediaType, Encoding.UTF8.GetString(source.Base64.Span)) : ("", "");
}
