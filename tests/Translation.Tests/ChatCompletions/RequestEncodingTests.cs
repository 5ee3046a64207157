using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.ChatCompletions;

/// <summary>What providers that speak Chat Completions, each in its own way, are sent.</summary>
public sealed class RequestEncodingTests
{
    private static readonly Base64Source Png = new("image/png", Encoding.ASCII.GetBytes("AQID"));

    [Fact]
    public void InstructionsLeadAndRolesKeepTheirPlaces()
    {
        var request = new ChatRequest
        {
            Model = "m",
            Instructions = [new TextPart("Be brief."), new TextPart("Be kind.")],
            Messages = [new Message(Role.User, [new TextPart("Hi")]) { Name = "ann" }, new Message(Role.Developer, [new TextPart("D")]), new Message(Role.System, [new TextPart("S")])],
        };
        Assert.Equal(
            """[{"role":"system","content":[{"type":"text","text":"Be brief."},{"type":"text","text":"Be kind."}]},{"role":"user","name":"ann","content":"Hi"},{"role":"developer","content":"D"},{"role":"system","content":"S"}]""",
            Chat.Encode(request).GetProperty("messages").GetRawText());
        Assert.Equal(
            """[{"role":"system","content":"Be brief.\nBe kind."},{"role":"user","name":"ann","content":"Hi"},{"role":"system","content":"D"},{"role":"system","content":"S"}]""",
            Chat.Encode(request, new DialectQuirks { DeveloperRole = false, TextParts = false }).GetProperty("messages").GetRawText());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void UserPartsAreWrittenInTheirOwnTypes(bool any)
    {
        var report = new TranslationReport();
        string sent = Chat.EncodedMessages(
            [
                new Message(
                    Role.User,
                    [
                        new TextPart("See"),
                        new MediaPart(MediaKind.Image, Png) { Detail = "low" },
                        new MediaPart(MediaKind.Image, new UrlSource("https://x/y")),
                        new MediaPart(MediaKind.Audio, new Base64Source("audio/mpeg", Encoding.ASCII.GetBytes("AQID"))),
                        new MediaPart(MediaKind.Document, new Base64Source("application/pdf", Encoding.ASCII.GetBytes("AQID"))),
                        new MediaPart(MediaKind.Document, new TextSource("words")) { Name = "notes" },
                        new MediaPart(MediaKind.Document, new FileSource("file-1", DialectIds.ChatCompletions)),
                        new MediaPart(MediaKind.Video, new UrlSource("https://x/v")),
                        new MediaPart(MediaKind.Audio, new UrlSource("https://x/a")),
                        new MediaPart(MediaKind.Document, new UrlSource("https://x/d")) { Name = "d.pdf" },
                    ]),
            ],
            new DialectQuirks { AnyMedia = any },
            report);
        Assert.Equal(
            """
            [{"role":"user","content":[{"type":"text","text":"See"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AQID","detail":"low"}},
            {"type":"image_url","image_url":{"url":"https://x/y"}},{"type":"input_audio","input_audio":{"data":"AQID","format":"mp3"}},
            {"type":"file","file":{"filename":"file.pdf","file_data":"data:application/pdf;base64,AQID"}},{"type":"text","text":"notes\nwords"},
            {"type":"file","file":{"file_id":"file-1"}}
            """.ReplaceLineEndings("") + (any
                ? """,{"type":"video_url","video_url":{"url":"https://x/v"}},{"type":"audio_url","audio_url":{"url":"https://x/a"}},{"type":"file","file":{"filename":"d.pdf","file_data":"https://x/d"}}]}]"""
                : """,{"type":"text","text":"https://x/v"},{"type":"text","text":"https://x/a"},{"type":"text","text":"https://x/d"}]}]"""),
            sent);
        Assert.Equal(
            any
                ? ["changed messages[].document"]
                : ["changed messages[].document", "dropped messages[].video", "dropped messages[].audio", "dropped messages[].document"],
            report.Entries.Select(e => $"{(e.Dropped ? "dropped" : "changed")} {e.Field}"));
    }

    [Fact]
    public void ATurnWithResultsBecomesAMessageForEachAndOneForTheRest()
    {
        var report = new TranslationReport();
        string sent = Chat.EncodedMessages(
            [
                new Message(Role.Assistant, [new TextPart("I look."), new ToolCallPart("c1", "f", ""), new ToolCallPart("c2", "patch", "x") { Kind = ToolKind.Custom }]),
                new Message(
                    Role.User,
                    [
                        new ToolResultPart("c1", [new TextPart("a"), new TextPart("b")]) { Name = "f" },
                        new ToolResultPart("c2", [new TextPart("no such file")]) { IsError = true },
                        new TextPart("Go on"),
                    ]),
            ],
            report: report);
        Assert.Equal(
            """
            [{"role":"assistant","content":"I look.","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"c2","type":"custom","custom":{"name":"patch","input":"x"}}]},
            {"role":"tool","tool_call_id":"c1","name":"f","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
            {"role":"tool","tool_call_id":"c2","content":"Error: no such file"},{"role":"user","content":"Go on"}]
            """.ReplaceLineEndings(""),
            sent);
        Assert.Equal("tool_results[].is_error", Assert.Single(report.Entries).Field);
    }

    [Fact]
    public void AnAssistantWithoutWordsHasNullOrAnEmptyContent()
    {
        Assert.Equal(
            """[{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},{"role":"assistant","content":""},{"role":"assistant","content":null,"refusal":"No."}]""",
            Chat.EncodedMessages([
                new Message(Role.Assistant, [new ToolCallPart("c", "f", "{\"a\":1}")]), new Message(Role.Assistant, []), new Message(Role.Assistant, [new RefusalPart("No.")])]));
    }

    [Theory]
    [InlineData(null, """{"role":"assistant","content":"A"}""")]
    [InlineData("reasoning_content", """{"role":"assistant","reasoning_content":"T","content":"A"}""")]
    [InlineData("reasoning", """{"role":"assistant","reasoning":"T","reasoning_signature":["s","e"],"content":"A"}""")]
    [InlineData("reasoning_details", """{"role":"assistant","reasoning_details":[{"type":"reasoning.text","text":"T","signature":"s","index":0},{"type":"reasoning.encrypted","data":"e","index":1}],"content":"A"}""")]
    [InlineData("thinking_blocks", """{"role":"assistant","thinking_blocks":[{"type":"thinking","thinking":"T","signature":"s"},{"type":"redacted_thinking","data":"e"}],"content":"A"}""")]
    [InlineData("content", """{"role":"assistant","content":[{"type":"reasoning","summary":[{"type":"summary_text","text":"T","signature":"s"}]},{"type":"reasoning","summary":[{"type":"summary_encrypted_text","encrypted_text":"e"}]},{"type":"text","text":"A"}]}""")]
    public void ThinkingGoesBackInTheFieldThatTheProviderWants(string? field, string expected)
    {
        var report = new TranslationReport();
        Message message = new(
            Role.Assistant,
            [
                new ReasoningPart("T") { Signature = new Signature("s", DialectIds.ChatCompletions) },
                new ReasoningPart("") { Redacted = true, Signature = new Signature("e", DialectIds.ChatCompletions) },
                new TextPart("A"),
            ]);
        Assert.Equal($"[{expected}]", Chat.EncodedMessages([message], new DialectQuirks { ReasoningReplayField = field }, report));
        Assert.Equal(field is null ? 1 : 0, report.Entries.Count);
        if (field is "reasoning_details" or "thinking_blocks" or "content")
        {
            Message again = Chat.Message(expected);
            Assert.Equal(CanonicalText.Of(message), CanonicalText.Of(again));
        }
    }

    [Fact]
    public void ThoughtSignaturesGoBackToGeminiOnly()
    {
        Message message = new(Role.Assistant, [new ToolCallPart("c", "f", "{}") { Signature = new Signature("s", DialectIds.GenerateContent) }]);
        Assert.DoesNotContain("extra_content", Chat.EncodedMessages([message]), StringComparison.Ordinal);
        Assert.Contains(
            "\"extra_content\":{\"google\":{\"thought_signature\":\"s\"}}",
            Chat.EncodedMessages([message], new DialectQuirks { ThoughtSignatures = true }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, """{"type":"object","properties":{}}""")]
    [InlineData("{}", """{"type":"object","properties":{}}""")]
    [InlineData("""{"type":"object"}""", """{"type":"object","properties":{}}""")]
    [InlineData("""{"properties":{"a":{}},"required":["a"]}""", """{"type":"object","properties":{"a":{}},"required":["a"]}""")]
    [InlineData("""{"type":"object","properties":{},"$defs":{"x":{}}}""", """{"type":"object","properties":{},"$defs":{"x":{}}}""")]
    [InlineData("""{"type":["object","null"]}""", """{"type":["object","null"]}""")]
    public void AFunctionAlwaysHasASchemaOfAnObject(string? schema, string expected)
    {
        JsonElement sent = Chat.Encode(With(new FunctionTool("f") { Parameters = schema is null ? null : JsonElement.Parse(schema) }));
        Assert.Equal(expected, sent.GetProperty("tools")[0].GetProperty("function").GetProperty("parameters").GetRawText());
    }

    [Fact]
    public void ToolsAndTheChoiceAmongThemAreWritten()
    {
        ChatRequest request = Chat.Request("""
            "tools":[{"type":"function","function":{"name":"a","description":"A","parameters":{"type":"object","properties":{}},"strict":true,"x":1},"cache_control":{"type":"ephemeral"},"y":2},
                     {"type":"custom","custom":{"name":"d","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"s"}}}},{"type":"web_search","z":3}],
            "tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"a"}},{"type":"custom","custom":{"name":"d"}}]}},
            "parallel_tool_calls":false
            """);
        JsonElement sent = Chat.Encode(request);
        Assert.Equal(
            """
            [{"type":"function","function":{"name":"a","description":"A","parameters":{"type":"object","properties":{}},"strict":true,"x":1},"cache_control":{"type":"ephemeral"},"y":2},
            {"type":"custom","custom":{"name":"d","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"s"}}}},{"type":"web_search","z":3}]
            """.ReplaceLineEndings(""),
            sent.GetProperty("tools").GetRawText());
        Assert.Equal(
            """{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"a"}},{"type":"custom","custom":{"name":"d"}}]}}""",
            sent.GetProperty("tool_choice").GetRawText());
        Assert.False(sent.GetProperty("parallel_tool_calls").GetBoolean());

        var report = new TranslationReport();
        JsonElement elsewhere = Chat.Encode(request, new DialectQuirks { StrictTools = false, ParallelToolCalls = false }, report);
        Assert.False(elsewhere.GetProperty("tools")[0].GetProperty("function").TryGetProperty("strict", out _));
        Assert.False(elsewhere.TryGetProperty("parallel_tool_calls", out _));
        Assert.Equal(["parallel_tool_calls", "tools[a].strict"], report.Entries.Select(e => e.Field).Order());
    }

    [Fact]
    public void ChoicesHaveTheProvidersNames()
    {
        Assert.Equal("\"required\"", Choice(new ToolChoice(ToolChoiceMode.Required)));
        Assert.Equal("\"any\"", Choice(new ToolChoice(ToolChoiceMode.Required), new DialectQuirks { ToolChoiceRequired = "any" }));
        Assert.Equal("\"none\"", Choice(new ToolChoice(ToolChoiceMode.None)));
        Assert.Equal("""{"type":"function","function":{"name":"f"}}""", Choice(new ToolChoice(ToolChoiceMode.Named) { Name = "f" }));
        Assert.Equal("""{"type":"custom","custom":{"name":"f"}}""", Choice(new ToolChoice(ToolChoiceMode.Named) { Name = "f", Kind = ToolKind.Custom }));
        Assert.False(Chat.Encode(new ChatRequest { Model = "m", Messages = [], ToolChoice = new ToolChoice(ToolChoiceMode.None), ParallelToolCalls = true }).TryGetProperty("tool_choice", out _));

        static string Choice(ToolChoice choice, DialectQuirks? quirks = null) =>
            Chat.Encode(With(new FunctionTool("f")) with { ToolChoice = choice }, quirks).GetProperty("tool_choice").GetRawText();
    }

    [Fact]
    public void ParametersHaveTheProvidersNamesAndRefusedOnesAreReported()
    {
        ChatRequest request = Chat.Request("""
            "max_tokens":7,"temperature":0.5,"top_p":0.9,"top_k":3,"n":2,"seed":5,"stop":"x","presence_penalty":-1,"frequency_penalty":1,"top_logprobs":2,"service_tier":"flex",
            "user":"u","safety_identifier":"s","prompt_cache_key":"k","prompt_cache_retention":"24h","verbosity":"low","store":true,"metadata":{"a":"b"},"logit_bias":{"1":2},
            "modalities":["text","audio"],"audio":{"voice":"alloy","format":"mp3"},"stream":true,"stream_options":{"include_obfuscation":false},"reasoning_effort":"low"
            """);
        var report = new TranslationReport();
        JsonElement openai = Chat.Encode(request, report: report);
        Assert.Equal(
            """
            {"model":"target","messages":[{"role":"user","content":"Hi"}],"reasoning_effort":"low","max_completion_tokens":7,"temperature":0.5,"top_p":0.9,"stop":["x"],"n":2,"seed":5,
            "presence_penalty":-1,"frequency_penalty":1,"logprobs":true,"top_logprobs":2,"service_tier":"flex","user":"u","safety_identifier":"s","prompt_cache_key":"k",
            "prompt_cache_retention":"24h","store":true,"metadata":{"a":"b"},"verbosity":"low","modalities":["text","audio"],"audio":{"voice":"alloy","format":"mp3"},
            "stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false},"logit_bias":{"1":2}}
            """.ReplaceLineEndings(""),
            openai.GetRawText());
        Assert.Equal(["top_k"], report.Entries.Select(e => e.Field));

        report = new TranslationReport();
        var quirks = new DialectQuirks
        {
            MaxTokensField = "max_tokens",
            SeedField = "random_seed",
            TopK = true,
            StreamOptions = false,
            ReasoningEffort = false,
            RefusedFields = ["logit_bias", "user", "n", "store", "audio", "stop"],
        };
        JsonElement other = Chat.Encode(request, quirks, report);
        Assert.Equal((7, 5, 3), (other.GetProperty("max_tokens").GetInt32(), other.GetProperty("random_seed").GetInt32(), other.GetProperty("top_k").GetInt32()));
        Assert.Equal(["audio", "logit_bias", "n", "reasoning_effort", "stop", "store", "user"], report.Entries.Select(e => e.Field).Order());
        Assert.All(report.Entries, e => Assert.False(other.TryGetProperty(e.Field, out _)));
        Assert.False(other.TryGetProperty("stream_options", out _));
    }

    [Fact]
    public void NoMoreStopSequencesThanTheProviderTakes()
    {
        ChatRequest request = Chat.Request("\"stop\":[\"1\",\"2\",\"3\",\"4\",\"5\"]");
        var report = new TranslationReport();
        Assert.Equal("[\"1\",\"2\",\"3\",\"4\"]", Chat.Encode(request, report: report).GetProperty("stop").GetRawText());
        Assert.Equal("stop", Assert.Single(report.Entries).Field);
        Assert.Equal(5, Chat.Encode(request, new DialectQuirks { MaxStopSequences = 16 }).GetProperty("stop").GetArrayLength());
    }

    [Fact]
    public void MetadataIsDroppedWhereNothingIsStored()
    {
        var report = new TranslationReport();
        Assert.False(Chat.Encode(Chat.Request("\"metadata\":{\"a\":\"b\"}"), report: report).TryGetProperty("metadata", out _));
        Assert.Equal("metadata", Assert.Single(report.Entries).Field);
    }

    [Theory]
    [InlineData(null, null, 1024L, "low", "changed reasoning.budget")]
    [InlineData(ReasoningMode.Enabled, ReasoningEffort.XHigh, 1024L, "xhigh", "")]
    [InlineData(ReasoningMode.Disabled, null, null, null, "changed reasoning")]
    [InlineData(null, ReasoningEffort.None, null, "none", "")]
    [InlineData(ReasoningMode.Adaptive, null, null, null, "changed reasoning")]
    public void EffortIsWrittenInTheProvidersWords(ReasoningMode? mode, ReasoningEffort? effort, long? budget, string? expected, string reported)
    {
        var report = new TranslationReport();
        var request = new ChatRequest { Model = "m", Messages = [], Reasoning = new ReasoningOptions { Mode = mode, Effort = effort, BudgetTokens = budget } };
        JsonElement sent = Chat.Encode(request, report: report);
        Assert.Equal(expected, sent.TryGetProperty("reasoning_effort", out JsonElement value) ? value.GetString() : null);
        Assert.Equal(reported, string.Join(' ', report.Entries.Select(e => (e.Dropped ? "dropped " : "changed ") + e.Field)));
    }

    [Theory]
    [InlineData("\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2048}", """{"type":"enabled","budget_tokens":2048}""")]
    [InlineData("\"thinking\":{\"type\":\"disabled\"}", """{"type":"disabled"}""")]
    [InlineData("\"thinking\":{\"type\":\"adaptive\"}", """{"type":"adaptive"}""")]
    [InlineData("\"reasoning_effort\":\"medium\"", """{"type":"enabled","budget_tokens":8192}""")]
    [InlineData("\"reasoning_effort\":\"none\"", """{"type":"disabled"}""")]
    public void ThinkingIsWrittenWhereTheProviderKnowsThat(string fields, string expected) =>
        Assert.Equal(expected, Chat.Encode(Chat.Request(fields), new DialectQuirks { ThinkingField = true }).GetProperty("thinking").GetRawText());

    [Fact]
    public void StructuredOutputIsTheProvidersOwnOrSaidInWords()
    {
        ChatRequest request = Chat.Request("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{\"type\":\"object\"},\"strict\":true}}");
        Assert.Equal("""{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"},"strict":true}}""", Chat.Encode(request).GetProperty("response_format").GetRawText());
        ChatRequest unnamed = request with { ResponseFormat = request.ResponseFormat! with { Name = null, Strict = null } };
        Assert.Equal("""{"type":"json_schema","json_schema":{"name":"response","schema":{"type":"object"}}}""", Chat.Encode(unnamed).GetProperty("response_format").GetRawText());

        var report = new TranslationReport();
        JsonElement sent = Chat.Encode(request, new DialectQuirks { JsonSchema = false }, report);
        Assert.Equal("""{"type":"json_object"}""", sent.GetProperty("response_format").GetRawText());
        Assert.Contains("{\"type\":\"object\"}", sent.GetProperty("messages")[0].GetProperty("content").GetString(), StringComparison.Ordinal);
        Assert.Equal("response_format", Assert.Single(report.Entries).Field);
    }

    private static ChatRequest With(ToolDefinition tool) => new() { Model = "m", Messages = [], Tools = [tool] };
}
