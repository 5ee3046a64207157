using System.Text;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.ChatCompletions;

/// <summary>What clients of Chat Completions and of its many relatives send.</summary>
public sealed class RequestDecodingTests
{
    [Fact]
    public void EveryRoleStaysWhereItStands()
    {
        IReadOnlyList<Message> messages = Chat.Messages("""
            [{"role":"system","content":"S"},{"role":"developer","content":[{"type":"text","text":"D"}]},{"role":"user","content":"U","name":"ann"},
             {"role":"assistant","content":"A"},{"role":"system","content":"S2"},{"role":"user","content":""}]
            """);
        Assert.Equal([Role.System, Role.Developer, Role.User, Role.Assistant, Role.System, Role.User], messages.Select(m => m.Role));
        Assert.Equal(["S", "D", "U", "A", "S2", ""], messages.Select(m => Assert.IsType<TextPart>(Assert.Single(m.Parts)).Text));
        Assert.Equal("ann", messages[2].Name);
    }

    [Theory]
    [InlineData("""{"type":"image_url","image_url":{"url":"data:image/webp;base64,AQID","detail":"low"}}""", MediaKind.Image, "image/webp")]
    [InlineData("""{"type":"image_url","image_url":"data:image/webp;base64,AQID"}""", MediaKind.Image, "image/webp")]
    [InlineData("""{"type":"image_url","image_url":{"url":"DATA:IMAGE/PNG;charset=x;BASE64,AQID"}}""", MediaKind.Image, "image/png")]
    [InlineData("""{"type":"image_url","image_url":{"url":"data:;base64,AQID"}}""", MediaKind.Image, "image/png")]
    [InlineData("""{"type":"image_url","image_url":{"url":"data:application/pdf;base64,AQID"}}""", MediaKind.Document, "application/pdf")]
    [InlineData("""{"type":"input_audio","input_audio":{"data":"AQID","format":"mp3"}}""", MediaKind.Audio, "audio/mpeg")]
    [InlineData("""{"type":"input_audio","input_audio":{"data":"data:audio/ogg;base64,AQID","format":"wav"}}""", MediaKind.Audio, "audio/ogg")]
    [InlineData("""{"type":"file","file":{"file_data":"data:application/pdf;base64,AQID","filename":"a.pdf"}}""", MediaKind.Document, "application/pdf")]
    [InlineData("""{"type":"file","file":{"file_data":"AQID","filename":"a.csv"}}""", MediaKind.Document, "text/csv")]
    [InlineData("""{"type":"input_file","file_data":"data:application/pdf;base64,AQID","filename":"a.pdf"}""", MediaKind.Document, "application/pdf")]
    [InlineData("""{"type":"video_url","video_url":{"url":"data:video/mp4;base64,AQID"}}""", MediaKind.Video, "video/mp4")]
    [InlineData("""{"type":"image_url","image_url":{"url":"data:image/png,%01%02%03"}}""", MediaKind.Image, "image/png")]
    public void MediaInDataUrlsAreBytes(string part, MediaKind kind, string mediaType)
    {
        MediaPart media = Assert.IsType<MediaPart>(Chat.Part(part));
        Assert.Equal(kind, media.Kind);
        Base64Source source = Assert.IsType<Base64Source>(media.Source);
        Assert.Equal(mediaType, source.MediaType);
        Assert.Equal([1, 2, 3], Convert.FromBase64String(Encoding.ASCII.GetString(source.Base64.Span)));
    }

    [Fact]
    public void MediaElsewhereAreAddressesAndFiles()
    {
        Assert.Equal(new UrlSource("https://x/y.png"), Media("""{"type":"image_url","image_url":{"url":"https:\/\/x\/y.png"}}""").Source);
        Assert.Equal(new UrlSource("https://x/c.mp4", "video/mp4"), Media("""{"type":"file","file":{"file_data":"https://x/c.mp4","filename":"c.mp4"}}""").Source);
        Assert.Equal(MediaKind.Video, Media("""{"type":"file","file":{"file_data":"https://x/c.mp4","filename":"c.mp4"}}""").Kind);
        Assert.Equal(new FileSource("file-1", DialectIds.ChatCompletions), Media("""{"type":"file","file":{"file_id":"file-1"}}""").Source);
        Assert.Equal(new UrlSource("gs://b/o", "application/pdf"), Media("""{"type":"file","file":{"file_id":"gs://b/o","format":"application/pdf"}}""").Source);
        Assert.Equal(new UrlSource("https://x/s.mp3"), Media("""{"type":"audio_url","audio_url":{"url":"https://x/s.mp3"}}""").Source);

        static MediaPart Media(string part) => Assert.IsType<MediaPart>(Chat.Part(part));
    }

    [Fact]
    public void UnknownFieldsAreKeptWithTheirPlace()
    {
        ContentPart part = Chat.Part("""{"type":"image_url","image_url":{"url":"https://x","max_pixels":9},"tag":1}""");
        Assert.Equal("messages[0].content[0]", part.Extra!.Path);
        Assert.Equal(["image_url.max_pixels", "tag"], part.Extra.Fields.Select(f => f.Name).Order());
        ChatRequest request = Chat.Request("\"logit_bias\":{\"1\":2},\"stream_options\":{\"include_usage\":true,\"include_obfuscation\":false},\"nothing\":null");
        Assert.Equal(["logit_bias", "stream_options.include_obfuscation"], request.Extra!.Fields.Select(f => f.Name));
        Assert.True(request.IncludeStreamUsage);
        OpaquePart opaque = Assert.IsType<OpaquePart>(Chat.Part("""{"type":"hologram","x":1}"""));
        Assert.Equal(("hologram", "messages[0].content[0]"), (opaque.Type, opaque.Path));
    }

    [Fact]
    public void CacheMarksAreRead()
    {
        Assert.Equal(new CacheBreakpoint("1h"), Chat.Part("""{"type":"text","text":"x","cache_control":{"type":"ephemeral","ttl":"1h"}}""").Cache);
        Assert.Equal(new CacheBreakpoint(), Assert.Single(Chat.Message("""{"role":"user","content":"x","cache_control":{"type":"ephemeral"}}""").Parts).Cache);
        Assert.Equal(new CacheBreakpoint(), Assert.Single(Chat.Message("""{"role":"assistant","content":"x","cache_control":{"type":"ephemeral"}}""").Parts).Cache);
        Assert.Equal(new CacheBreakpoint(), Assert.Single(Chat.Message("""{"role":"tool","tool_call_id":"c","content":"x","cache_control":{"type":"ephemeral"}}""").Parts).Cache);
        IReadOnlyList<ToolDefinition> tools = Chat.Request("""
            "tools":[{"type":"function","function":{"name":"a"},"cache_control":{"type":"ephemeral"}},{"type":"function","function":{"name":"b","cache_control":{"type":"ephemeral"}}}]
            """).Tools;
        Assert.All(tools, t => Assert.Equal(new CacheBreakpoint(), t.Cache));
    }

    [Fact]
    public void CallsAndResultsArePaired()
    {
        IReadOnlyList<Message> messages = Chat.Messages("""
            [{"role":"user","content":"Go"},
             {"role":"assistant","content":null,"tool_calls":[
               {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},
               {"id":"c2","type":"custom","custom":{"name":"patch","input":"*** x"}},
               {"type":"function","function":{"name":"g","arguments":{"b":2}}},
               {"id":"","type":"function","function":{"name":"h","arguments":""}}]},
             {"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"ok"}]},
             {"role":"tool","name":"h","content":"H"},
             {"role":"tool","content":"F"}]
            """);
        ToolCallPart[] calls = [.. messages[1].Parts.Cast<ToolCallPart>()];
        Assert.Equal([("c1", "f", "{\"a\":1}"), ("c2", "patch", "*** x"), ("call_1_2", "g", "{\"b\":2}"), ("call_1_3", "h", "{}")], calls.Select(c => (c.Id, c.Name, c.Arguments)));
        Assert.Equal(ToolKind.Custom, calls[1].Kind);
        ToolResultPart[] results = [.. messages.Skip(2).Select(m => Assert.IsType<ToolResultPart>(Assert.Single(m.Parts)))];
        Assert.Equal(["c2", "call_1_3", "c1"], results.Select(r => r.CallId));
        Assert.Equal([ToolKind.Custom, ToolKind.Function, ToolKind.Function], results.Select(r => r.Kind));
        Assert.Equal("h", results[1].Name);
        Assert.Equal("tool_call_id", Chat.Refusal("""{"model":"m","messages":[{"role":"tool","content":"x"}]}""").Param![^12..]);
    }

    [Fact]
    public void TheOldFunctionsBecomeTools()
    {
        ChatRequest request = Chat.Decode("""
            {"model":"m","functions":[{"name":"f","parameters":{"type":"object","properties":{}}}],"function_call":{"name":"f"},
             "messages":[{"role":"user","content":"Go"},{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"1"}]}
            """);
        Assert.Equal("f", Assert.IsType<FunctionTool>(Assert.Single(request.Tools)).Name);
        Assert.Equal(new ToolChoice(ToolChoiceMode.Named) { Name = "f" }, request.ToolChoice);
        ToolCallPart call = Assert.IsType<ToolCallPart>(Assert.Single(request.Messages[1].Parts));
        ToolResultPart result = Assert.IsType<ToolResultPart>(Assert.Single(request.Messages[2].Parts));
        Assert.Equal((call.Id, "f"), (result.CallId, result.Name));
        Assert.True(Assert.Single(request.Extra!.Fields).Incidental);
    }

    [Fact]
    public void ThoughtSignaturesComeFromTheFieldOrTheId()
    {
        var signature = new Signature("c2ln", DialectIds.GenerateContent);
        string id = ToolCallIdCarrier.Wrap("call_9", signature);
        IReadOnlyList<Message> messages = Chat.Messages($$$$"""
            [{"role":"assistant","tool_calls":[
               {"id":"a","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"c2ln"}}},
               {"id":"{{{{id}}}}","type":"function","function":{"name":"f","arguments":"{}"}}]},
             {"role":"tool","tool_call_id":"{{{{id}}}}","content":"x"}]
            """);
        Assert.Equal([("a", signature), ("call_9", signature)], messages[0].Parts.Cast<ToolCallPart>().Select(c => (c.Id, c.Signature)));
        Assert.Equal("call_9", Assert.IsType<ToolResultPart>(Assert.Single(messages[1].Parts)).CallId);
    }

    [Theory]
    [InlineData("""{"reasoning_content":"T","content":"A"}""", "T||")]
    [InlineData("""{"reasoning":"T","content":"A"}""", "T||")]
    [InlineData("""{"reasoning":"T","reasoning_content":"T","content":"A"}""", "T||")]
    [InlineData("""{"reasoning":"T","reasoning_signature":["s1","s2"],"content":"A"}""", "T|s1| |s2|")]
    [InlineData("""{"reasoning":"T","reasoning_details":[{"type":"reasoning.text","text":"T","signature":"s","index":0}],"content":"A"}""", "T|s|")]
    [InlineData("""{"reasoning_details":[{"type":"reasoning.summary","summary":"S","index":0},{"type":"reasoning.encrypted","data":"e","index":0}],"content":"A"}""", "S|e|summary")]
    [InlineData("""{"reasoning_details":[{"type":"reasoning.text","text":"a","index":0},{"type":"reasoning.text","text":"b","index":0},{"type":"reasoning.text","signature":"s","index":0}],"content":"A"}""", "ab|s|")]
    [InlineData("""{"reasoning_details":[{"type":"reasoning.encrypted","data":"e"}],"content":"A"}""", "|e|redacted")]
    [InlineData("""{"reasoning":"T","reasoning_details":[{"type":"reasoning.encrypted","data":"e"}],"content":"A"}""", "T|| |e|redacted")]
    [InlineData("""{"thinking_blocks":[{"type":"thinking","thinking":"T","signature":"s"},{"type":"redacted_thinking","data":"e"}],"reasoning_content":"T","content":"A"}""", "T|s| |e|redacted")]
    [InlineData("""{"content":[{"type":"reasoning","summary":[{"type":"summary_text","text":"T","signature":"s"}]},{"type":"text","text":"A"}]}""", "T|s|")]
    [InlineData("""{"content":[{"type":"thinking","thinking":[{"type":"text","text":"T"}]},{"type":"text","text":"A"}]}""", "T||")]
    [InlineData("""{"reasoning_content":"One\n\nTwo","reasoning_details":[{"type":"reasoning.text","id":"text:0-3","signature":"s1","index":0},{"type":"reasoning.text","id":"text:5-8","signature":"s2","index":1}],"content":"A"}""", "One|s1| Two|s2|")]
    public void ThinkingIsReadInEveryShape(string message, string expected)
    {
        Message read = Chat.Message("{\"role\":\"assistant\"," + message[1..]);
        string actual = string.Join(' ', read.Parts.OfType<ReasoningPart>().Select(r =>
            $"{r.Text}|{r.Signature?.Value}|{(r.Redacted ? "redacted" : r.IsSummary ? "summary" : "")}"));
        Assert.Equal(expected, actual);
        Assert.All(read.Parts.OfType<ReasoningPart>(), r => Assert.Equal(DialectIds.ChatCompletions, r.Signature?.Origin ?? DialectIds.ChatCompletions));
        Assert.Equal(new TextPart("A"), read.Parts[^1]);
    }

    [Fact]
    public void ASealThatWasWrappedForTheClientGoesBackToItsMaker()
    {
        string wrapped = SignatureCarrier.Wrap(new Signature("s", DialectIds.Messages), DialectIds.ChatCompletions);
        Message message = Chat.Message($$"""{"role":"assistant","content":"A","reasoning_details":[{"type":"reasoning.text","text":"T","signature":"{{wrapped}}"}]}""");
        Assert.Equal(new Signature("s", DialectIds.Messages), Assert.IsType<ReasoningPart>(message.Parts[0]).Signature);
    }

    [Fact]
    public void AnAnswerThatIsSentBackIsRead()
    {
        Message message = Chat.Message("""
            {"role":"assistant","content":"See x.","refusal":null,"annotations":[{"type":"url_citation","url_citation":{"url":"https://x","title":"X","start_index":0,"end_index":3}}],
             "audio":{"id":"audio_1"},"images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AQID"}}],"function_call":null,"tool_calls":null}
            """);
        Assert.Equal("https://x", Assert.Single(Assert.IsType<TextPart>(message.Parts[0]).Citations).Url);
        Assert.Contains(message.Parts, p => p is MediaPart { Kind: MediaKind.Image, Source: Base64Source });
        Assert.Contains(message.Parts, p => p is MediaPart { Kind: MediaKind.Audio, Source: FileSource { FileId: "audio_1" } });
        Assert.Equal("No.", Assert.IsType<RefusalPart>(Assert.Single(Chat.Message("""{"role":"assistant","content":null,"refusal":"No."}""").Parts)).Text);
        Assert.Equal("No.", Assert.IsType<RefusalPart>(Assert.Single(Chat.Message("""{"role":"assistant","content":[{"type":"refusal","refusal":"No."}]}""").Parts)).Text);
    }

    [Fact]
    public void ToolsAreReadInEveryShape()
    {
        IReadOnlyList<ToolDefinition> tools = Chat.Request("""
            "tools":[{"type":"function","function":{"name":"a","description":"A","parameters":{"type":"object"},"strict":true}},
                     {"type":"function","name":"b","parameters":{"type":"object"}},
                     {"name":"c","input_schema":{"type":"object"}},
                     {"type":"custom","custom":{"name":"d","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"start: \"x\""}}}},
                     {"type":"web_search","search_context_size":"low"},
                     {"type":"function","function":{"name":"e","parameters":null}}]
            """).Tools;
        FunctionTool a = Assert.IsType<FunctionTool>(tools[0]);
        Assert.Equal(("a", "A", true), (a.Name, a.Description, a.Strict));
        Assert.Equal(["b", "c"], tools.Skip(1).Take(2).Select(t => Assert.IsType<FunctionTool>(t).Name));
        Assert.All(tools.Skip(1).Take(2), t => Assert.NotNull(((FunctionTool)t).Parameters));
        Assert.Equal("""{"type":"grammar","syntax":"lark","definition":"start: \"x\""}""", Assert.IsType<CustomTool>(tools[3]).Format!.Value.GetRawText());
        ServerTool server = Assert.IsType<ServerTool>(tools[4]);
        Assert.Equal(("web_search", "tools[4]"), (server.Type, server.Path));
        Assert.Null(Assert.IsType<FunctionTool>(tools[5]).Parameters);
    }

    [Fact]
    public void TheChoiceOfToolsIsReadInEveryShape()
    {
        Assert.Equal(ToolChoiceMode.Auto, Choice("\"auto\"").Mode);
        Assert.Equal(ToolChoiceMode.None, Choice("\"none\"").Mode);
        Assert.Equal(ToolChoiceMode.Required, Choice("\"required\"").Mode);
        Assert.Equal(ToolChoiceMode.Required, Choice("\"any\"").Mode);
        Assert.Equal(ToolChoiceMode.Required, Choice("""{"type":"any"}""").Mode);
        Assert.Equal(new ToolChoice(ToolChoiceMode.Named) { Name = "f" }, Choice("""{"type":"function","function":{"name":"f"}}"""));
        Assert.Equal(new ToolChoice(ToolChoiceMode.Named) { Name = "f" }, Choice("""{"type":"function","name":"f"}"""));
        Assert.Equal(new ToolChoice(ToolChoiceMode.Named) { Name = "f" }, Choice("""{"type":"tool","name":"f"}"""));
        Assert.Equal(new ToolChoice(ToolChoiceMode.Named) { Name = "f", Kind = ToolKind.Custom }, Choice("""{"type":"custom","custom":{"name":"f"}}"""));
        ToolChoice allowed = Choice("""{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"f"}},{"type":"custom","custom":{"name":"g"}}]}}""");
        Assert.Equal((ToolChoiceMode.Required, "f g"), (allowed.Mode, string.Join(' ', allowed.Allowed!)));
        Assert.Equal("web_search", Choice("""{"type":"web_search"}""").Opaque!.Type);

        static ToolChoice Choice(string json) => Chat.Request($"\"tool_choice\":{json}").ToolChoice!;
    }

    [Theory]
    [InlineData("\"reasoning_effort\":\"high\"", null, ReasoningEffort.High, null, null)]
    [InlineData("\"reasoning_effort\":\"none\"", null, ReasoningEffort.None, null, null)]
    [InlineData("\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2048}", ReasoningMode.Enabled, null, 2048L, null)]
    [InlineData("\"thinking\":{\"type\":\"disabled\"}", ReasoningMode.Disabled, null, null, null)]
    [InlineData("\"thinking\":{\"type\":\"adaptive\",\"display\":\"omitted\"},\"output_config\":{\"effort\":\"max\"}", ReasoningMode.Adaptive, ReasoningEffort.Max, null, false)]
    [InlineData("\"reasoning\":{\"effort\":\"low\",\"exclude\":true}", null, ReasoningEffort.Low, null, false)]
    [InlineData("\"reasoning\":{\"max_tokens\":4000}", ReasoningMode.Enabled, null, 4000L, null)]
    [InlineData("\"reasoning\":{\"enabled\":false}", ReasoningMode.Disabled, null, null, null)]
    [InlineData("\"include_reasoning\":true,\"reasoning_effort\":\"medium\"", null, ReasoningEffort.Medium, null, true)]
    public void HowHardToThinkIsReadInEveryShape(string fields, ReasoningMode? mode, ReasoningEffort? effort, long? budget, bool? thoughts) =>
        Assert.Equal(new ReasoningOptions { Mode = mode, Effort = effort, BudgetTokens = budget, IncludeThoughts = thoughts }, Chat.Request(fields).Reasoning);

    [Fact]
    public void ParametersAreRead()
    {
        ChatRequest r = Chat.Request("""
            "max_tokens":5,"max_completion_tokens":7,"temperature":0.5,"top_p":1,"top_k":3,"n":2,"seed":9007199254740993,"stop":"x","presence_penalty":-1,"frequency_penalty":1,
            "logprobs":true,"top_logprobs":2,"parallel_tool_calls":false,"service_tier":"flex","user":"u","safety_identifier":"s","prompt_cache_key":"k","prompt_cache_retention":"24h",
            "verbosity":"low","store":true,"metadata":{"a":"b"},"modalities":["TEXT","audio"],"audio":{"voice":"alloy","format":"mp3"},"stream":true,
            "response_format":{"type":"json_schema","json_schema":{"name":"n","description":"d","schema":{"type":"object"},"strict":true}}
            """);
        Assert.Equal((7L, 0.5, 1.0, 3, 2, 9007199254740993L), (r.MaxOutputTokens, r.Temperature, r.TopP, r.TopK, r.CandidateCount, r.Seed));
        Assert.Equal(["x"], r.StopSequences);
        Assert.Equal((-1.0, 1.0, true, 2, false, true), (r.PresencePenalty, r.FrequencyPenalty, r.LogProbs, r.TopLogProbs, r.ParallelToolCalls, r.Stream));
        Assert.Equal(("flex", "u", "s", "k", "24h", "low", true, "b"), (r.ServiceTier, r.User, r.SafetyIdentifier, r.PromptCacheKey, r.PromptCacheRetention, r.Verbosity, r.Store, r.Metadata!["a"]));
        Assert.Equal(["text", "audio"], r.OutputModalities);
        Assert.Equal(new AudioOutput("alloy", "mp3"), r.AudioOutput);
        Assert.Equal((ResponseFormatKind.JsonSchema, "n", "d", true), (r.ResponseFormat!.Kind, r.ResponseFormat.Name, r.ResponseFormat.Description, r.ResponseFormat.Strict));
        Assert.Null(r.Extra);
        Assert.Equal(ResponseFormatKind.JsonObject, Chat.Request("\"response_format\":{\"type\":\"json_object\"}").ResponseFormat!.Kind);
        Assert.Equal(5, Chat.Request("\"max_completion_tokens\":null,\"max_tokens\":5").MaxOutputTokens);
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"x"}]}""", "model")]
    [InlineData("""{"model":"m"}""", "messages")]
    [InlineData("""{"model":"m","messages":[]}""", "messages")]
    [InlineData("""{"model":"m","messages":{}}""", "messages")]
    [InlineData("""{"model":"m","messages":[7]}""", "messages[0]")]
    [InlineData("""{"model":"m","messages":[{"content":"x"}]}""", "messages[0].role")]
    [InlineData("""{"model":"m","messages":[{"role":"robot","content":"x"}]}""", "messages[0].role")]
    [InlineData("""{"model":"m","messages":[{"role":"user"}]}""", "messages[0].content")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":7}]}""", "messages[0].content")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":[{"text":"x"}]}]}""", "messages[0].content[0].type")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":[{"type":"text"}]}]}""", "messages[0].content[0].text")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]}""", "messages[0].content[0].image_url")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":7}}]}]}""", "messages[0].content[0].image_url.url")]
    [InlineData("""{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function"}]}]}""", "messages[0].tool_calls[0].function")]
    [InlineData("""{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{}}]}]}""", "messages[0].tool_calls[0].function.name")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"temperature":"hot"}""", "temperature")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"n":1.5}""", "n")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"stop":[1]}""", "stop[0]")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{}}]}""", "tools[0].function.name")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{}]}""", "tools[0].type")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"tool_choice":"perhaps"}""", "tool_choice")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema"}}""", "response_format.json_schema")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"reasoning_effort":"enormous"}""", "reasoning_effort")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"metadata":{"a":1}}""", "metadata.a")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"stream_options":{"include_usage":"yes"}}""", "stream_options.include_usage")]
    public void AFaultNamesItsField(string json, string field)
    {
        GatewayError error = Chat.Refusal(json);
        Assert.Equal((400, ErrorKind.InvalidRequest, field), (error.Status, error.Kind, error.Param));
        Assert.Contains(field, error.Message, StringComparison.Ordinal);
    }
}
