using System.Text.Json;
using System.Text.Json.Nodes;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Dialects.OpenAI;

namespace Serverless.Translation.Tests.Responses;

/// <summary>What OpenAI is sent for clients of other dialects.</summary>
public sealed class ResponsesRequestEncodingTests
{
    private static readonly JsonElement Strict = JsonElement.Parse("""{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}""");
    private static readonly JsonElement Loose = JsonElement.Parse("""{"type":"object","properties":{"a":{"type":"string"}}}""");

    [Fact]
    public void NothingIsStoredAndReasoningComesBackEncrypted()
    {
        ResponsesKit.Same(
            """{"model":"gpt-5.1","input":[{"type":"message","role":"user","content":"Hi"}],"include":["reasoning.encrypted_content"],"store":false}""",
            ResponsesKit.Cross(ResponsesKit.Plain()));
        Assert.True(ResponsesKit.Cross(ResponsesKit.Plain() with { Store = true })["store"]!.GetValue<bool>());
    }

    [Theory]
    [InlineData("gpt-4.1", false, false)]
    [InlineData("gpt-4o-2024-08-06", true, false)]
    [InlineData("o4-mini", false, true)]
    [InlineData("gpt-5-chat-latest", false, false)]
    [InlineData("my-deployment", false, false)]
    [InlineData("my-deployment", true, true)]
    public void OnlyAReasoningModelIsAskedForEncryptedReasoning(string model, bool asksForThought, bool included)
    {
        ChatRequest request = ResponsesKit.Plain() with { Reasoning = asksForThought ? new ReasoningOptions { Effort = ReasoningEffort.Low } : null };
        Assert.Equal(included, ResponsesKit.Cross(request, model).ContainsKey("include"));
    }

    [Fact]
    public void ATurnBecomesItsItemsInOrder()
    {
        JsonObject body = ResponsesKit.Cross(ResponsesKit.Plain(
            new Message(Role.System, [new TextPart("s")]),
            new Message(Role.User, [new TextPart("one"), new TextPart("two")]),
            new Message(Role.Assistant,
            [
                new ReasoningPart("summary") { Signature = new Signature("gAAA", DialectIds.Responses), IsSummary = true },
                new TextPart("said"),
                new ToolCallPart("c1", "f", "{\"a\":1}"),
                new ToolCallPart("c2", "g", "raw") { Kind = ToolKind.Custom },
                new ToolCallPart("c3", "f", " "),
            ]),
            new Message(Role.Tool,
            [
                new ToolResultPart("c1", [new TextPart("r1")]),
                new ToolResultPart("c2", [new TextPart("r2"), new MediaPart(MediaKind.Image, new UrlSource("https://x"))]) { Kind = ToolKind.Custom },
                new ToolResultPart("c3", []),
            ]),
            new Message(Role.User, [new TextPart("Go on.")])));
        ResponsesKit.Same(
            """
            [{"type":"message","role":"system","content":"s"},
             {"type":"message","role":"user","content":[{"type":"input_text","text":"one"},{"type":"input_text","text":"two"}]},
             {"type":"reasoning","summary":[{"type":"summary_text","text":"summary"}],"encrypted_content":"gAAA"},
             {"type":"message","role":"assistant","content":"said"},
             {"type":"function_call","call_id":"c1","name":"f","arguments":"{\"a\":1}"},
             {"type":"custom_tool_call","call_id":"c2","name":"g","input":"raw"},
             {"type":"function_call","call_id":"c3","name":"f","arguments":"{}"},
             {"type":"function_call_output","call_id":"c1","output":"r1"},
             {"type":"custom_tool_call_output","call_id":"c2","output":[{"type":"input_text","text":"r2"},{"type":"input_image","image_url":"https://x"}]},
             {"type":"function_call_output","call_id":"c3","output":""},
             {"type":"message","role":"user","content":"Go on."}]
            """,
            body["input"]);
    }

    [Fact]
    public void AnotherMakersReasoningStaysAway()
    {
        var report = new TranslationReport();
        JsonObject body = ResponsesKit.Cross(
            ResponsesKit.Plain(
                new Message(Role.User, [new TextPart("x")]),
                new Message(Role.Assistant,
                [
                    new ReasoningPart("thought") { Signature = new Signature("c2ln", DialectIds.Messages) },
                    new ReasoningPart("") { Signature = new Signature("cmVk", DialectIds.Messages), Redacted = true },
                    new TextPart("said"),
                    new ReasoningPart("") { Signature = new Signature("gAAA", DialectIds.Responses) },
                ])),
            report: report);
        ResponsesKit.Same("""[{"type":"message","role":"user","content":"x"},{"type":"message","role":"assistant","content":"said"}]""", body["input"]);
        Assert.Contains(ResponsesKit.Dropped(report), f => f.Contains("reasoning", StringComparison.Ordinal));
    }

    [Fact]
    public void MediaAreShownAsTheApiTakesThem()
    {
        var report = new TranslationReport();
        byte[] bytes = "AAAA"u8.ToArray();
        JsonObject body = ResponsesKit.Cross(
            ResponsesKit.Plain(new Message(Role.User,
            [
                new MediaPart(MediaKind.Image, new Base64Source("image/webp", bytes)) { Detail = "high" },
                new MediaPart(MediaKind.Image, new FileSource("file_1", DialectIds.Responses)),
                new MediaPart(MediaKind.Document, new Base64Source("application/pdf", bytes)),
                new MediaPart(MediaKind.Document, new Base64Source("text/csv", bytes)) { Name = "a.csv" },
                new MediaPart(MediaKind.Document, new UrlSource("https://x/a.pdf")),
                new MediaPart(MediaKind.Document, new TextSource("words")) { Name = "Title" },
                new MediaPart(MediaKind.Audio, new Base64Source("audio/wav", bytes)),
                new MediaPart(MediaKind.Video, new UrlSource("https://x/a.mp4")),
            ])),
            report: report);
        ResponsesKit.Same(
            """
            [{"type":"input_image","image_url":"data:image/webp;base64,AAAA","detail":"high"},
             {"type":"input_image","file_id":"file_1"},
             {"type":"input_file","filename":"document.pdf","file_data":"data:application/pdf;base64,AAAA"},
             {"type":"input_file","filename":"a.csv","file_data":"data:text/csv;base64,AAAA"},
             {"type":"input_file","file_url":"https://x/a.pdf"},
             {"type":"input_text","text":"Title\nwords"}]
            """,
            body["input"]![0]!["content"]);
        Assert.Equal(["messages[].audio", "messages[].video"], ResponsesKit.Dropped(report));
    }

    [Fact]
    public void WhatTheModelMadeIsShownToItByTheUser()
    {
        var report = new TranslationReport();
        JsonObject body = ResponsesKit.Cross(
            ResponsesKit.Plain(
                new Message(Role.User, [new TextPart("Paint.")]),
                new Message(Role.Assistant, [new TextPart("Here."), new MediaPart(MediaKind.Image, new Base64Source("image/png", "AAAA"u8.ToArray()))])),
            report: report);
        ResponsesKit.Same(
            """
            [{"type":"message","role":"user","content":"Paint."},{"type":"message","role":"assistant","content":"Here."},
             {"type":"message","role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,AAAA"}]}]
            """,
            body["input"]);
        Assert.Equal(["messages[].image"], ResponsesKit.Changed(report));
    }

    [Fact]
    public void AFailedToolSaysSoInItsText()
    {
        var report = new TranslationReport();
        Message call = new(Role.Assistant, [new ToolCallPart("c1", "f", "{}"), new ToolCallPart("c2", "f", "{}")]);
        Message results = new(Role.Tool,
            [new ToolResultPart("c1", [new TextPart("no such file")]) { IsError = true }, new ToolResultPart("c2", [new TextPart("IO error")]) { IsError = true }]);
        JsonArray input = ResponsesKit.Cross(ResponsesKit.Plain(new Message(Role.User, [new TextPart("x")]), call, results), report: report)["input"]!.AsArray();
        Assert.Equal("Error: no such file", input[3]!["output"]!.GetValue<string>());
        Assert.Equal("IO error", input[4]!["output"]!.GetValue<string>());
        Assert.Single(report.Entries);
    }

    [Fact]
    public void ToolsSayThatTheyAreNotStrict()
    {
        var report = new TranslationReport();
        JsonObject body = ResponsesKit.Cross(
            ResponsesKit.Plain() with
            {
                Tools =
                [
                    new FunctionTool("bare"),
                    new FunctionTool("loose") { Description = "d", Parameters = Loose },
                    new FunctionTool("strict") { Parameters = Strict, Strict = true },
                    new FunctionTool("wishful") { Parameters = Loose, Strict = true },
                    new FunctionTool("typeless") { Parameters = JsonElement.Parse("""{"description":"none"}""") },
                    new CustomTool("patch") { Format = JsonElement.Parse("""{"type":"text"}""") },
                ],
                ToolChoice = new ToolChoice(ToolChoiceMode.Named) { Name = "patch", Kind = ToolKind.Custom },
                ParallelToolCalls = false,
            },
            report: report);
        ResponsesKit.Same(
            """
            [{"type":"function","name":"bare","parameters":{"type":"object","properties":{}},"strict":false},
             {"type":"function","name":"loose","description":"d","parameters":{"type":"object","properties":{"a":{"type":"string"}}},"strict":false},
             {"type":"function","name":"strict","parameters":{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false},"strict":true},
             {"type":"function","name":"wishful","parameters":{"type":"object","properties":{"a":{"type":"string"}}},"strict":false},
             {"type":"function","name":"typeless","parameters":{"type":"object","description":"none","properties":{}},"strict":false},
             {"type":"custom","name":"patch","format":{"type":"text"}}]
            """,
            body["tools"]);
        ResponsesKit.Same("""{"type":"custom","name":"patch"}""", body["tool_choice"]);
        Assert.False(body["parallel_tool_calls"]!.GetValue<bool>());
        Assert.Equal(["tools[wishful].strict"], ResponsesKit.Changed(report));
    }

    [Fact]
    public void WithoutToolsThereIsNoChoice()
    {
        JsonObject body = ResponsesKit.Cross(ResponsesKit.Plain() with { ToolChoice = new ToolChoice(ToolChoiceMode.Auto), ParallelToolCalls = true });
        Assert.False(body.ContainsKey("tool_choice") || body.ContainsKey("parallel_tool_calls"));
    }

    [Theory]
    [InlineData(null, true, true)]
    [InlineData(true, true, true)]
    [InlineData(false, true, false)]
    [InlineData(null, false, false)]
    [InlineData(true, false, false)]
    public void ASchemaIsEnforcedWhereItCanBe(bool? strict, bool enforceable, bool sent)
    {
        var report = new TranslationReport();
        var format = new ResponseFormat(ResponseFormatKind.JsonSchema) { Name = "Récipe list!", Strict = strict, Schema = enforceable ? Strict : Loose };
        JsonNode written = ResponsesKit.Cross(ResponsesKit.Plain() with { ResponseFormat = format }, report: report)["text"]!["format"]!;
        Assert.Equal(sent, written["strict"]!.GetValue<bool>());
        Assert.Equal("R_cipe_list_", written["name"]!.GetValue<string>());
        Assert.Equal(enforceable || strict == false ? [] : ["response_format.strict"], ResponsesKit.Changed(report));
    }

    [Fact]
    public void OtherFormatsHaveTheirOwnWords()
    {
        ResponsesKit.Same(
            """{"format":{"type":"json_object"},"verbosity":"low"}""",
            ResponsesKit.Cross(ResponsesKit.Plain() with { ResponseFormat = new ResponseFormat(ResponseFormatKind.JsonObject), Verbosity = "low" })["text"]);
    }

    [Theory]
    [InlineData("gpt-5.6-terra", ReasoningEffort.Max, "max")]
    [InlineData("gpt-5.2", ReasoningEffort.Max, "xhigh")]
    [InlineData("gpt-5.1", ReasoningEffort.XHigh, "high")]
    [InlineData("gpt-5.1-codex-max", ReasoningEffort.XHigh, "xhigh")]
    [InlineData("gpt-5.1", ReasoningEffort.Minimal, "low")]
    [InlineData("gpt-5.1-2025-11-13", ReasoningEffort.None, "none")]
    [InlineData("gpt-5", ReasoningEffort.None, "minimal")]
    [InlineData("gpt-5-nano-2025-08-07", ReasoningEffort.Minimal, "minimal")]
    [InlineData("databricks-gpt-5-2", ReasoningEffort.Max, "xhigh")]
    [InlineData("openai/o3", ReasoningEffort.None, "low")]
    [InlineData("gpt-5-pro", ReasoningEffort.Low, "high")]
    [InlineData("my-deployment", ReasoningEffort.Max, "max")]
    [InlineData("gpt-4.1", ReasoningEffort.High, null)]
    public void TheNearestEffortThatTheModelTakesIsAskedFor(string model, ReasoningEffort asked, string? sent)
    {
        var report = new TranslationReport();
        JsonObject body = ResponsesKit.Cross(ResponsesKit.Plain() with { Reasoning = new ReasoningOptions { Effort = asked } }, model, report);
        Assert.Equal(sent, body["reasoning"]?["effort"]?.GetValue<string>());
        Assert.Equal(sent is null ? ["reasoning"] : [], ResponsesKit.Dropped(report));
        Assert.Equal(sent is not null && sent != asked.ToString().ToLowerInvariant(), ResponsesKit.Changed(report).Contains("reasoning.effort"));
    }

    [Fact]
    public void BudgetsBecomeEffortsAndThoughtsSummaries()
    {
        ResponsesKit.Same(
            """{"effort":"medium","summary":"auto"}""",
            ResponsesKit.Cross(ResponsesKit.Plain() with { Reasoning = new ReasoningOptions { Mode = ReasoningMode.Enabled, BudgetTokens = 4096 } })["reasoning"]);
        ResponsesKit.Same("""{"summary":"auto"}""", ResponsesKit.Cross(ResponsesKit.Plain() with { Reasoning = new ReasoningOptions { Mode = ReasoningMode.Adaptive, IncludeThoughts = true } })["reasoning"]);
        ResponsesKit.Same("""{"effort":"low"}""", ResponsesKit.Cross(ResponsesKit.Plain() with { Reasoning = new ReasoningOptions { Mode = ReasoningMode.Adaptive, Effort = ReasoningEffort.Low, IncludeThoughts = false } })["reasoning"]);
        Assert.Null(ResponsesKit.Cross(ResponsesKit.Plain() with { Reasoning = new ReasoningOptions { Mode = ReasoningMode.Disabled } }, "my-deployment")["reasoning"]);
        Assert.Equal("none", ResponsesKit.Cross(ResponsesKit.Plain() with { Reasoning = new ReasoningOptions { Mode = ReasoningMode.Disabled } })["reasoning"]!["effort"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("gpt-4.1", null, true)]
    [InlineData("gpt-5", null, false)]
    [InlineData("gpt-5.1", null, true)]
    [InlineData("gpt-5.1", ReasoningEffort.Low, false)]
    [InlineData("gpt-5.2", ReasoningEffort.None, true)]
    [InlineData("gpt-5.6-sol", null, false)]
    [InlineData("my-deployment", ReasoningEffort.High, true)]
    public void AModelThatReasonsIsNotToldHowToSample(string model, ReasoningEffort? effort, bool told)
    {
        var report = new TranslationReport();
        ChatRequest request = ResponsesKit.Plain() with
        {
            Temperature = 0.2,
            TopP = 1,
            LogProbs = true,
            TopLogProbs = 2,
            Reasoning = effort is null ? null : new ReasoningOptions { Effort = effort },
        };
        JsonObject body = ResponsesKit.Cross(request, model, report);
        Assert.Equal(told, body.ContainsKey("temperature"));
        Assert.Equal(told, body.ContainsKey("top_p"));
        Assert.Equal(told, body.ContainsKey("top_logprobs"));
        Assert.Equal(told, body["include"]?.AsArray().Any(i => i!.GetValue<string>() == "message.output_text.logprobs") == true);
        Assert.Equal(told ? [] : ["temperature", "top_logprobs", "logprobs"], ResponsesKit.Dropped(report));
    }

    [Fact]
    public void WhatTheApiCannotSayIsReported()
    {
        var report = new TranslationReport();
        ResponsesKit.Cross(
            ResponsesKit.Plain(new Message(Role.User, [new TextPart("x")]) { Name = "Ann" }) with
            {
                TopK = 3,
                StopSequences = ["x"],
                Seed = 1,
                PresencePenalty = 1,
                FrequencyPenalty = 1,
                CandidateCount = 2,
                OutputModalities = ["text", "audio"],
                AudioOutput = new AudioOutput("alloy", "mp3"),
            },
            report: report);
        Assert.Equal(
            ["messages[].name", "top_k", "stop", "seed", "presence_penalty", "frequency_penalty", "n", "modalities", "audio"],
            ResponsesKit.Dropped(report));
    }

    [Fact]
    public void LimitsOfOpenAIAreKept()
    {
        var report = new TranslationReport();
        string longUser = "{\"device_id\":\"" + new string('a', 80) + "\"}";
        JsonObject body = ResponsesKit.Cross(
            ResponsesKit.Plain() with
            {
                MaxOutputTokens = 1,
                User = longUser,
                PromptCacheKey = new string('k', 64),
                Metadata = new Dictionary<string, string> { ["a"] = "b", ["long"] = new string('x', 600) },
            },
            report: report);
        Assert.Equal(16, body["max_output_tokens"]!.GetValue<int>());
        Assert.InRange(body["user"]!.GetValue<string>().Length, 16, 64);
        Assert.Equal(new string('k', 64), body["prompt_cache_key"]!.GetValue<string>());
        ResponsesKit.Same("""{"a":"b"}""", body["metadata"]);
        Assert.Equal(["user", "max_output_tokens"], ResponsesKit.Changed(report));
        Assert.Equal(["metadata.long"], ResponsesKit.Dropped(report));
    }

    [Fact]
    public void AServerThatRefusesFieldsIsNotSentThem()
    {
        var report = new TranslationReport();
        JsonObject body = ResponsesKit.Encode(
            ResponsesKit.Plain() with { User = "u", Reasoning = new ReasoningOptions { Effort = ReasoningEffort.Low } },
            report: report,
            quirks: new DialectQuirks { RefusedFields = ["user", "store", "include", "reasoning"] });
        ResponsesKit.Same("""{"model":"gpt-5.1","input":[{"type":"message","role":"user","content":"Hi"}]}""", body);
        Assert.Equal(["reasoning", "user"], ResponsesKit.Dropped(report));
    }

    [Fact]
    public void AServerThatRefusesFieldsIsNotSentThoseOfItsOwnDialectEither()
    {
        var report = new TranslationReport();
        JsonObject body = ResponsesKit.Encode(
            ResponsesKit.Decode("""{"model":"m","input":"Hi","include":["reasoning.encrypted_content"],"truncation":"auto","safety_identifier":"s"}"""),
            report: report,
            quirks: new DialectQuirks { RefusedFields = ["include", "safety_identifier"] });
        Assert.False(body.ContainsKey("include") || body.ContainsKey("safety_identifier"));
        Assert.Equal("auto", (string?)body["truncation"]);
        Assert.Contains("include", ResponsesKit.Dropped(report));
    }

    [Theory]
    [InlineData("gpt-5.6-terra", true)]
    [InlineData("gpt-5.1", false)]
    public void CacheBreakpointsGoToModelsThatTakeThem(string model, bool taken)
    {
        var report = new TranslationReport();
        JsonObject body = ResponsesKit.Cross(
            ResponsesKit.Plain(new Message(Role.User, [new TextPart("long prefix") { Cache = new CacheBreakpoint() }])) with
            {
                Instructions = [new TextPart("i") { Cache = new CacheBreakpoint() }],
            },
            model,
            report);
        Assert.Equal(taken ? 2 : 0, body.ToJsonString().Split("prompt_cache_breakpoint").Length - 1);
        Assert.Equal(taken, !body.ContainsKey("instructions"));
        Assert.Empty(ResponsesKit.Dropped(report));
        Assert.Equal(taken ? [] : ["cache_control"], report.Entries.Select(e => e.Field));
    }

    [Fact]
    public void InstructionsAreOneText()
    {
        ChatRequest request = ResponsesKit.Plain() with { Instructions = [new TextPart("a"), new TextPart("b")] };
        Assert.Equal("a\n\nb", ResponsesKit.Cross(request)["instructions"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{},"additionalProperties":false}""", true)]
    [InlineData("""{"type":"object","properties":{"a":{"type":["string","null"]}},"required":["a"],"additionalProperties":false}""", true)]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#/$defs/n"}},"required":["a"],"additionalProperties":false,"$defs":{"n":{"anyOf":[{"type":"object","properties":{},"required":[],"additionalProperties":false},{"type":"null"}]}}}""", true)]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string"}},"required":[],"additionalProperties":false}""", false)]
    [InlineData("""{"type":"object","properties":{}}""", false)]
    [InlineData("""{"type":"array","items":{"type":"string"}}""", false)]
    [InlineData("""{"type":"object","properties":{"a":{"type":"object"}},"required":["a"],"additionalProperties":false}""", false)]
    [InlineData("""{"type":"object","properties":{"a":{"oneOf":[{"type":"string"}]}},"required":["a"],"additionalProperties":false}""", false)]
    [InlineData("""{"type":"object","properties":{"a":{"type":"array","items":{"type":"object","properties":{"b":{}}}}},"required":["a"],"additionalProperties":false}""", false)]
    public void StrictSchemasAreTold(string schema, bool strict) => Assert.Equal(strict, OpenAISchema.IsStrict(JsonElement.Parse(schema)));
}
