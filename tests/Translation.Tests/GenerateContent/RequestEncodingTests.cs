using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.GenerateContent;

/// <summary>What Google is asked, whoever the client is.</summary>
public sealed class RequestEncodingTests
{
    [Fact]
    public void InstructionsAtTheStartAreTheSystemInstructionAndLaterOnesAreMarked()
    {
        ChatRequest request = new()
        {
            Model = "endpoint",
            Instructions = [new TextPart("one"), new TextPart("")],
            Messages =
            [
                Gemini.Turn(Role.System, new TextPart("two")),
                Gemini.Turn(Role.Developer, new TextPart("three")),
                Gemini.Turn(Role.User, new TextPart("Hi")),
                Gemini.Turn(Role.System, new TextPart("four")),
                Gemini.Turn(Role.User, new TextPart("there")),
            ],
        };
        (JsonElement body, TranslationReport report) = Gemini.Encode(request);
        Gemini.Equal("""
            {"contents":[{"role":"user","parts":[{"text":"Hi"},{"text":"<system>\nfour\n</system>"},{"text":"there"}]}],
             "systemInstruction":{"parts":[{"text":"one"},{"text":"two"},{"text":"three"}]}}
            """,
            body);
        Assert.Equal(["messages[].role"], report.Changed());
    }

    [Fact]
    public void InstructionsAloneAreAskedAsTheUser()
    {
        (JsonElement body, TranslationReport report) = Gemini.Encode(new ChatRequest { Model = "m", Messages = [Gemini.Turn(Role.System, new TextPart("Say hi"))] });
        Gemini.Equal("""{"contents":[{"role":"user","parts":[{"text":"Say hi"}]}]}""", body);
        Assert.Equal(["system"], report.Changed());
    }

    [Fact]
    public void AModelWithoutSystemInstructionIsToldByTheUser()
    {
        (JsonElement body, _) = Gemini.Encode(Gemini.Ask() with { Instructions = [new TextPart("Be brief")] }, "gemma-3-27b-it");
        Gemini.Equal("""{"contents":[{"role":"user","parts":[{"text":"Be brief"},{"text":"Hi"}]}]}""", body);
    }

    [Fact]
    public void EmptyTurnsVanishAndNeighboursShareAContent()
    {
        (JsonElement body, _) = Gemini.Encode(Gemini.Ask(
            Gemini.Turn(Role.Assistant, new TextPart("")),
            Gemini.Turn(Role.Assistant),
            Gemini.Turn(Role.User, new TextPart(" "))));
        Gemini.Equal("""{"contents":[{"role":"user","parts":[{"text":"Hi"},{"text":" "}]}]}""", body);
    }

    [Theory]
    [InlineData("""{"t":21}""", false, """{"t":21}""")]
    [InlineData("plain", false, """{"output":"plain"}""")]
    [InlineData("[1,2]", false, """{"output":"[1,2]"}""")]
    [InlineData("", false, """{"output":""}""")]
    [InlineData("boom", true, """{"error":"boom"}""")]
    [InlineData("""{"code":1}""", true, """{"error":{"code":1}}""")]
    [InlineData("""{"x":1""", false, """{"output":"{\"x\":1"}""")]
    [InlineData("""{"a":{"$ref":"#/x"}}""", false, """{"output":"{\"a\":{\"$ref\":\"#/x\"}}"}""")]
    public void ResultsOfToolsAreObjects(string text, bool isError, string response)
    {
        (JsonElement body, _) = Gemini.Encode(Loop(new ToolResultPart("c1", [new TextPart(text)]) { Name = "f", IsError = isError }));
        Gemini.Equal(response, body.At("contents.2.parts.0.functionResponse.response"));
        Assert.Equal(("c1", "f"), (body.At("contents.2.parts.0.functionResponse.id").GetString(), body.At("contents.2.parts.0.functionResponse.name").GetString()));
    }

    [Fact]
    public void MediaOfResultsStandWithinThemForGemini3AndBesideThemBefore()
    {
        ToolResultPart first = new("c1", [new TextPart("see"), Image(), new MediaPart(MediaKind.Audio, new Base64Source("audio/wav", "AAAA"u8.ToArray()))]) { Name = "f" };
        ToolResultPart second = new("c2", [new TextPart("and")]) { Name = "g" };
        (JsonElement body, _) = Gemini.Encode(Loop(first, second), Gemini.Gemini3);
        JsonElement parts = body.At("contents.2.parts");
        Assert.Equal("image/png", parts.At("0.functionResponse.parts.0.inlineData.mimeType").GetString());
        Assert.Equal("[audio 1 of the result of the tool call c1]", parts.At("2.text").GetString());
        Assert.Equal("audio/wav", parts.At("3.inlineData.mimeType").GetString());
        Assert.Equal(4, parts.GetArrayLength());

        (body, _) = Gemini.Encode(Loop(first, second), Gemini.Gemini25);
        parts = body.At("contents.2.parts");
        Assert.False(parts.At("0.functionResponse").Has("parts"));
        Assert.True(parts[1].Has("functionResponse"));
        Assert.Equal(
            ["[image 1 of the result of the tool call c1]", "image/png", "[audio 2 of the result of the tool call c1]", "audio/wav"],
            parts.EnumerateArray().Skip(2).Select(p => p.Has("text") ? p.At("text").GetString() : p.At("inlineData.mimeType").GetString()));
    }

    [Fact]
    public void MediaGoInlineOrByAddress()
    {
        (JsonElement body, TranslationReport report) = Gemini.Encode(new ChatRequest
        {
            Model = "m",
            Messages =
            [
                Gemini.Turn(
                    Role.User,
                    new MediaPart(MediaKind.Image, new Base64Source("image/jpg", "AAAA"u8.ToArray())) { Detail = "high" },
                    new MediaPart(MediaKind.Image, new UrlSource("https://h.test/a.webp?x=1")),
                    new MediaPart(MediaKind.Document, new UrlSource("https://h.test/doc")) { Name = "doc.pdf" },
                    new MediaPart(MediaKind.Document, new TextSource("words")),
                    new MediaPart(MediaKind.Video, new UrlSource("https://youtu.be/1")),
                    new MediaPart(MediaKind.Image, new FileSource("https://generativelanguage.googleapis.com/v1beta/files/1", DialectIds.GenerateContent, "image/png"))),
            ],
        });
        Gemini.Equal("""
            [{"inlineData":{"mimeType":"image/jpeg","data":"AAAA"}},
             {"fileData":{"mimeType":"image/webp","fileUri":"https://h.test/a.webp?x=1"}},
             {"text":"File: doc.pdf"},{"fileData":{"mimeType":"application/pdf","fileUri":"https://h.test/doc"}},
             {"text":"words"},
             {"fileData":{"fileUri":"https://youtu.be/1"}},
             {"fileData":{"mimeType":"image/png","fileUri":"https://generativelanguage.googleapis.com/v1beta/files/1"}}]
            """,
            body.At("contents.0.parts"));
        Assert.Equal(["messages[].detail"], report.Dropped());
        Assert.Equal(["messages[].filename"], report.Changed());
    }

    [Theory]
    [InlineData("", "{}", false)]
    [InlineData("  ", "{}", false)]
    [InlineData("""{"a":1}""", """{"a":1}""", false)]
    [InlineData("[1]", """{"input":"[1]"}""", true)]
    [InlineData("""{"a":""", """{"input":"{\"a\":"}""", true)]
    public void ArgumentsAreObjects(string arguments, string args, bool changed)
    {
        (JsonElement body, TranslationReport report) = Gemini.Encode(Loop(arguments, new ToolResultPart("c1", []) { Name = "f" }));
        Gemini.Equal(args, body.At("contents.1.parts.0.functionCall.args"));
        Assert.Equal(changed, report.Changed().Any());
    }

    [Fact]
    public void OnlyTheFirstOfParallelCallsNeedsASignature()
    {
        ChatRequest request = Gemini.Ask(
            Gemini.Turn(Role.Assistant, new ToolCallPart("c1", "f", "{}"), new ToolCallPart("c2", "g", "{}")),
            Gemini.Turn(Role.Tool, new ToolResultPart("c1", []) { Name = "f" }, new ToolResultPart("c2", []) { Name = "g" }),
            Gemini.Turn(Role.Assistant, new ToolCallPart("c3", "f", "{}") { Signature = new Signature("cmVhbA==", DialectIds.GenerateContent) }, new ToolCallPart("c4", "g", "{}")));
        (JsonElement body, _) = Gemini.Encode(request, Gemini.Gemini3);
        Assert.Equal("skip_thought_signature_validator", body.At("contents.1.parts.0.thoughtSignature").GetString());
        Assert.False(body.At("contents.1.parts.1").Has("thoughtSignature"));
        Assert.Equal("cmVhbA==", body.At("contents.3.parts.0.thoughtSignature").GetString());
        Assert.False(body.At("contents.3.parts.1").Has("thoughtSignature"));

        (body, _) = Gemini.Encode(request, Gemini.Gemini25);
        Assert.False(body.At("contents.1.parts.0").Has("thoughtSignature"));
        Assert.Equal("cmVhbA==", body.At("contents.3.parts.0.thoughtSignature").GetString());
    }

    [Fact]
    public void SealsOfOthersAreNotSent()
    {
        var foreign = new Signature("x", DialectIds.Messages);
        (JsonElement body, _) = Gemini.Encode(Gemini.Ask(Gemini.Turn(
            Role.Assistant,
            new TextPart("a") { Signature = foreign },
            new TextPart("") { Signature = new Signature("b3du", DialectIds.GenerateContent) },
            new ReasoningPart("t") { Signature = new Signature("b3du", DialectIds.GenerateContent) })));
        Gemini.Equal("""[{"text":"a"},{"text":"","thoughtSignature":"b3du"},{"text":"t","thought":true,"thoughtSignature":"b3du"}]""", body.At("contents.1.parts"));
    }

    [Fact]
    public void AHistoryThatBeginsWithACallGetsAUserTurnBeforeIt()
    {
        (JsonElement body, TranslationReport report) = Gemini.Encode(new ChatRequest
        {
            Model = "m",
            Messages = [Gemini.Turn(Role.Assistant, new ToolCallPart("c1", "f", "{}")), Gemini.Turn(Role.Tool, new ToolResultPart("c1", []) { Name = "f" })],
        });
        Assert.Equal(["user", "model", "user"], body.At("contents").EnumerateArray().Select(c => c.At("role").GetString()));
        Assert.Equal(["messages"], report.Changed());
    }

    [Fact]
    public void IdsThatStandForNoneAreLeftOutAgain()
    {
        ChatRequest request = Gemini.Decode("""
            {"contents":[{"role":"user","parts":[{"text":"Go"}]},{"role":"model","parts":[{"functionCall":{"name":"a","args":{}}}]},
             {"role":"user","parts":[{"functionResponse":{"name":"a","response":{"output":"A"}}}]}]}
            """);
        (JsonElement body, _) = Gemini.Encode(request, Gemini.Gemini25);
        Assert.False(body.At("contents.1.parts.0.functionCall").Has("id"));
        Assert.False(body.At("contents.2.parts.0.functionResponse").Has("id"));
    }

    [Theory]
    [InlineData("gemini-2.5-flash", "none", """{"thinkingBudget":0}""")]
    [InlineData("gemini-2.5-flash", "low", """{"thinkingBudget":1024}""")]
    [InlineData("gemini-2.5-flash", "high", """{"thinkingBudget":24576}""")]
    [InlineData("gemini-2.5-flash", "max", """{"thinkingBudget":24576}""")]
    [InlineData("gemini-2.5-flash", "budget 100", """{"thinkingBudget":100,"includeThoughts":true}""")]
    [InlineData("gemini-2.5-flash-lite", "budget 100", """{"thinkingBudget":512,"includeThoughts":true}""")]
    [InlineData("gemini-2.5-pro", "none", """{"thinkingBudget":128}""")]
    [InlineData("gemini-2.5-pro", "budget 100000", """{"thinkingBudget":32768,"includeThoughts":true}""")]
    [InlineData("gemini-2.5-pro", "adaptive", """{"thinkingBudget":-1,"includeThoughts":true}""")]
    [InlineData("models/gemini-2.5-pro-preview-06-05", "adaptive", """{"thinkingBudget":-1,"includeThoughts":true}""")]
    [InlineData("databricks-gemini-2-5-pro", "none", """{"thinkingBudget":128}""")]
    [InlineData("gemini-2.5-flash-preview-tts", "high", null)]
    [InlineData("gemini-2.0-flash", "high", null)]
    [InlineData("gemini-3-pro-preview", "none", """{"thinkingLevel":"LOW"}""")]
    [InlineData("gemini-3-pro-preview", "medium", """{"thinkingLevel":"HIGH"}""")]
    [InlineData("gemini-3-flash-preview", "none", """{"thinkingLevel":"MINIMAL"}""")]
    [InlineData("gemini-3-flash-preview", "medium", """{"thinkingLevel":"MEDIUM"}""")]
    [InlineData("gemini-3-flash-preview", "max", """{"thinkingLevel":"HIGH"}""")]
    [InlineData("gemini-3-flash-preview", "budget 4096", """{"thinkingLevel":"MEDIUM","includeThoughts":true}""")]
    [InlineData("gemini-3-flash-preview", "adaptive", """{"includeThoughts":true}""")]
    [InlineData("gemini-3.8-flash", "minimal", """{"thinkingLevel":"LOW"}""")]
    [InlineData("gemini-3.1-flash-lite", "minimal", """{"thinkingLevel":"MINIMAL"}""")]
    [InlineData("gemini-flash-latest", "none", """{"thinkingLevel":"LOW"}""")]
    [InlineData("publishers/google/models/gemini-3.1-pro-preview", "medium", """{"thinkingLevel":"MEDIUM"}""")]
    public void ThinkingIsAskedForInTheModelsOwnWords(string model, string asked, string? config)
    {
        ReasoningOptions options = asked.Split(' ') switch
        {
            ["budget", var tokens] => new ReasoningOptions { Mode = ReasoningMode.Enabled, BudgetTokens = long.Parse(tokens) },
            ["adaptive"] => new ReasoningOptions { Mode = ReasoningMode.Adaptive },
            _ => new ReasoningOptions { Effort = Enum.Parse<ReasoningEffort>(asked, ignoreCase: true) },
        };
        (JsonElement body, TranslationReport report) = Gemini.Encode(Gemini.Ask() with { Reasoning = options }, model);
        if (config is null)
        {
            Assert.False(body.Has("generationConfig"));
            Assert.Equal(["reasoning"], report.Dropped());
        }
        else
        {
            Gemini.Equal(config, body.At("generationConfig.thinkingConfig"));
            Assert.Empty(report.Dropped());

            // Told as it was asked, or reported.
            bool isAsAsked = config.Contains($"\"{asked}\"", StringComparison.OrdinalIgnoreCase) || config.Contains($":{asked.Split(' ')[^1]},", StringComparison.Ordinal) || asked == "adaptive";
            Assert.Equal(isAsAsked ? [] : ["reasoning"], report.Changed());
        }
    }

    [Theory]
    [InlineData(null, "auto", true)]
    [InlineData(false, "auto", false)]
    [InlineData(true, null, true)]
    public void ThoughtsAreShownToThoseWhoAsk(bool? include, string? summary, bool shown)
    {
        (JsonElement body, _) = Gemini.Encode(Gemini.Ask() with { Reasoning = new ReasoningOptions { Effort = ReasoningEffort.Low, IncludeThoughts = include, Summary = summary } });
        Assert.Equal(shown, body.At("generationConfig.thinkingConfig.includeThoughts").GetBoolean());
    }

    [Fact]
    public void JsonIsHeldToItsSchemaOrTold()
    {
        JsonElement schema = Gemini.Json("""{"type":"object","properties":{"a":{"type":"integer","exclusiveMinimum":0}},"required":["a"],"additionalProperties":false}""");
        ChatRequest request = Gemini.Ask() with
        {
            ResponseFormat = new ResponseFormat(ResponseFormatKind.JsonSchema) { Name = "answer", Schema = schema, Strict = true },
            Tools = [new FunctionTool("f")],
        };
        (JsonElement body, _) = Gemini.Encode(request, Gemini.Gemini3);
        Assert.Equal("application/json", body.At("generationConfig.responseMimeType").GetString());
        Gemini.Equal("""{"type":"object","title":"answer","properties":{"a":{"type":"integer","minimum":1}},"required":["a"],"additionalProperties":false}""", body.At("generationConfig.responseJsonSchema"));

        (body, TranslationReport report) = Gemini.Encode(request, Gemini.Gemini25);
        Assert.False(body.Has("generationConfig"));
        Assert.Contains("\"exclusiveMinimum\":0", body.At("systemInstruction.parts.0.text").GetString(), StringComparison.Ordinal);
        Assert.Equal(["response_format"], report.Changed());

        (body, _) = Gemini.Encode(request with { Tools = [] }, Gemini.Gemini25);
        Assert.True(body.At("generationConfig").Has("responseJsonSchema"));
        (body, _) = Gemini.Encode(Gemini.Ask() with { ResponseFormat = new ResponseFormat(ResponseFormatKind.JsonObject) });
        Gemini.Equal("""{"responseMimeType":"application/json"}""", body.At("generationConfig"));
    }

    [Fact]
    public void ToolsAndChoicesAreTold()
    {
        ChatRequest request = Gemini.Ask() with
        {
            Tools =
            [
                new ServerTool(DialectIds.GenerateContent, "googleSearch", Gemini.Json("""{"googleSearch":{}}"""), "tools[0]"),
                new FunctionTool("f") { Description = "d", Parameters = Gemini.Json("""{"type":"object","properties":{}}"""), Strict = true },
                new FunctionTool("g") { Parameters = Gemini.Json("""{"type":"object","properties":{"x":{"type":"string"}}}""") },
            ],
            ToolChoice = new ToolChoice(ToolChoiceMode.Named) { Name = "f" },
            ParallelToolCalls = false,
        };
        (JsonElement body, TranslationReport report) = Gemini.Encode(request);
        Gemini.Equal("""
            [{"googleSearch":{}},{"functionDeclarations":[{"name":"f","description":"d"},{"name":"g","parametersJsonSchema":{"type":"object","properties":{"x":{"type":"string"}}}}]}]
            """,
            body.At("tools"));
        Gemini.Equal("""{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}}""", body.At("toolConfig"));
        Assert.Equal(["tools[f].strict", "parallel_tool_calls"], report.Dropped());
    }

    [Theory]
    [InlineData(ToolChoiceMode.Auto, null, """{"mode":"AUTO"}""")]
    [InlineData(ToolChoiceMode.None, null, """{"mode":"NONE"}""")]
    [InlineData(ToolChoiceMode.Required, null, """{"mode":"ANY"}""")]
    [InlineData(ToolChoiceMode.Required, "f,g", """{"mode":"ANY","allowedFunctionNames":["f","g"]}""")]
    [InlineData(ToolChoiceMode.Auto, "f,g", """{"mode":"VALIDATED","allowedFunctionNames":["f","g"]}""")]
    public void ChoicesAreModes(ToolChoiceMode mode, string? allowed, string config)
    {
        (JsonElement body, _) = Gemini.Encode(Gemini.Ask() with { ToolChoice = new ToolChoice(mode) { Allowed = allowed?.Split(',') } });
        Gemini.Equal(config, body.At("toolConfig.functionCallingConfig"));
    }

    [Fact]
    public void ParametersAreToldOrReported()
    {
        ChatRequest request = Gemini.Ask() with
        {
            Temperature = 0.25,
            TopP = 0.5,
            TopK = 40,
            MaxOutputTokens = 100,
            StopSequences = ["1", "2", "3", "4", "5", "6"],
            Seed = 7,
            PresencePenalty = 0.5,
            FrequencyPenalty = -0.5,
            LogProbs = true,
            TopLogProbs = 3,
            CandidateCount = 2,
            ServiceTier = "priority",
            User = "u",
            SafetyIdentifier = "s",
            PromptCacheKey = "k",
            PromptCacheRetention = "24h",
            Verbosity = "low",
            Store = true,
            Metadata = new Dictionary<string, string> { ["a"] = "b" },
        };
        (JsonElement body, TranslationReport report) = Gemini.Encode(request);
        Gemini.Equal("""
            {"temperature":0.25,"topP":0.5,"topK":40,"maxOutputTokens":100,"candidateCount":2,"stopSequences":["1","2","3","4","5"],"seed":7,
             "presencePenalty":0.5,"frequencyPenalty":-0.5,"responseLogprobs":true,"logprobs":3}
            """,
            body.At("generationConfig"));
        Assert.Equal("priority", body.At("serviceTier").GetString());
        Assert.Equal(
            ["stop[5]", "user", "safety_identifier", "verbosity", "store", "metadata"],
            report.Dropped());
        Assert.Equal(["prompt_cache_key", "prompt_cache_retention"], report.Changed());

        (body, report) = Gemini.Encode(request with { Stream = true, Seed = 1L << 40, StopSequences = [], ServiceTier = "scale" }, "gemini-3.8-flash");
        Assert.Equal(["n", "seed", "presence_penalty", "frequency_penalty", "service_tier"], report.Dropped().Take(5));
        Assert.False(body.At("generationConfig").Has("candidateCount"));
    }

    [Fact]
    public void VoicesAndModalitiesAreGooglesOwn()
    {
        (JsonElement body, TranslationReport report) = Gemini.Encode(Gemini.Ask() with { OutputModalities = ["text", "audio"], AudioOutput = new AudioOutput("Kore", "wav") });
        Gemini.Equal("""{"responseModalities":["AUDIO"],"speechConfig":{"voiceConfig":{"prebuiltVoiceConfig":{"voiceName":"Kore"}}}}""", body.At("generationConfig"));
        Assert.Equal(["modalities", "audio.format"], report.Changed());
        (body, report) = Gemini.Encode(Gemini.Ask() with { OutputModalities = ["text", "image"], AudioOutput = new AudioOutput("alloy", null) });
        Gemini.Equal("""{"responseModalities":["TEXT","IMAGE"]}""", body.At("generationConfig"));
        Assert.Equal(["audio.voice"], report.Dropped());
    }

    [Fact]
    public void TokensAreCountedOfTheWholeRequest()
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        Gemini.Dialect.EncodeCountRequest(Gemini.Ask() with { Instructions = [new TextPart("S")] }, new TargetProfile("gemini-2.5-pro"), new TranslationReport(), output);
        Gemini.Equal("""
            {"generateContentRequest":{"model":"models/gemini-2.5-pro","contents":[{"role":"user","parts":[{"text":"Hi"}]}],"systemInstruction":{"parts":[{"text":"S"}]}}}
            """,
            Gemini.Json(Encoding.UTF8.GetString(output.WrittenSpan)));
        Assert.Equal(31, Gemini.Dialect.DecodeCount(Gemini.Json("""{"totalTokens":31,"promptTokensDetails":[]}""")));
        Assert.Throws<GatewayException>(() => Gemini.Dialect.DecodeCount(Gemini.Json("{}")));
        output.Clear();
        Gemini.Dialect.EncodeCount(31, output);
        Assert.Equal("""{"totalTokens":31}""", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void TheSameRequestGivesTheSameBytes()
    {
        ChatRequest request = Gemini.Decode("""{"contents":"Hi","tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"type":"object","properties":{"b":{"type":"string"},"a":{"type":"string"}}}}]}]}""");
        Assert.Equal(Gemini.Encode(request).Body.GetRawText(), Gemini.Encode(request).Body.GetRawText());
        Assert.Contains("\"b\":{\"type\":\"string\"},\"a\"", Gemini.Encode(request).Body.GetRawText(), StringComparison.Ordinal);
    }

    private static MediaPart Image() => new(MediaKind.Image, new Base64Source("image/png", "AAAA"u8.ToArray()));

    private static ChatRequest Loop(params ContentPart[] results) => Loop("{}", results);

    private static ChatRequest Loop(string arguments, params ContentPart[] results) =>
        Gemini.Ask(Gemini.Turn(Role.Assistant, new ToolCallPart("c1", "f", arguments), new ToolCallPart("c2", "g", "{}")), Gemini.Turn(Role.Tool, results));
}
