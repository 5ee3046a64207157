using System.Text;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.GenerateContent;

/// <summary>What clients of Gemini send, in all its spellings.</summary>
public sealed class RequestDecodingTests
{
    [Fact]
    public void BothSpellingsOfNamesAreRead()
    {
        const string Camel = """
            {"systemInstruction":{"parts":[{"text":"S"}]},
             "contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"fileData":{"fileUri":"https://x.test/a.pdf","mimeType":"application/pdf"}}]}],
             "tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"type":"object"}}]}],
             "toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}},
             "generationConfig":{"topP":0.5,"topK":3,"maxOutputTokens":7,"stopSequences":["x"],"candidateCount":2,"presencePenalty":1,"frequencyPenalty":0.5,
               "responseLogprobs":true,"logprobs":2,"responseMimeType":"application/json","responseJsonSchema":{"type":"object"},"thinkingConfig":{"thinkingBudget":9,"includeThoughts":true},
               "responseModalities":["TEXT"],"speechConfig":{"voiceConfig":{"prebuiltVoiceConfig":{"voiceName":"Kore"}}}}}
            """;
        const string Snake = """
            {"system_instruction":{"parts":[{"text":"S"}]},
             "contents":[{"role":"user","parts":[{"inline_data":{"mime_type":"image/png","data":"AAAA"}},{"file_data":{"file_uri":"https://x.test/a.pdf","mime_type":"application/pdf"}}]}],
             "tools":[{"function_declarations":[{"name":"f","parameters_json_schema":{"type":"object"}}]}],
             "tool_config":{"function_calling_config":{"mode":"any","allowed_function_names":["f"]}},
             "generation_config":{"top_p":0.5,"top_k":3,"max_output_tokens":"7","stop_sequences":["x"],"candidate_count":2,"presence_penalty":1,"frequency_penalty":0.5,
               "response_logprobs":true,"logprobs":2,"response_mime_type":"application/json","response_json_schema":{"type":"object"},"thinking_config":{"thinking_budget":"9","include_thoughts":true},
               "response_modalities":["TEXT"],"speech_config":{"voice_config":{"prebuilt_voice_config":{"voice_name":"Kore"}}}}}
            """;
        ChatRequest request = Gemini.Decode(Camel);
        Assert.Equal(CanonicalText.Of(request), CanonicalText.Of(Gemini.Decode(Snake)));
        Assert.Equal(0.5, request.TopP);
        Assert.Equal(7, request.MaxOutputTokens);
        Assert.Equal(9, request.Reasoning!.BudgetTokens);
        Assert.Equal("Kore", request.AudioOutput!.Voice);
        Assert.Equal(new ToolChoice(ToolChoiceMode.Named) { Name = "f" }, request.ToolChoice);
        Assert.Equal(ResponseFormatKind.JsonSchema, request.ResponseFormat!.Kind);
        Assert.Null(request.Extra);
    }

    [Theory]
    [InlineData("""{"contents":[{"role":"user","parts":[{"text":"Hi"}]}]}""")]
    [InlineData("""{"contents":[{"parts":[{"text":"Hi"}]}]}""")]
    [InlineData("""{"contents":{"parts":{"text":"Hi"}}}""")]
    [InlineData("""{"contents":[{"role":null,"parts":[{"text":"Hi","thought":null}]}],"tools":null,"generationConfig":null}""")]
    [InlineData("""{"contents":"Hi"}""")]
    [InlineData("""{"contents":["Hi"]}""")]
    public void ContentsComeInManyShapes(string body)
    {
        ChatRequest request = Gemini.Decode(body);
        Message turn = Assert.Single(request.Messages);
        Assert.Equal(Role.User, turn.Role);
        Assert.Equal("Hi", Assert.IsType<TextPart>(Assert.Single(turn.Parts)).Text);
    }

    [Fact]
    public void CallsWithoutIdsGetSomeAndResponsesFindThemByNameAndOrder()
    {
        ChatRequest request = Gemini.Decode("""
            {"contents":[
              {"role":"user","parts":[{"text":"Go"}]},
              {"role":"model","parts":[{"functionCall":{"name":"a","args":{"n":1}}},{"functionCall":{"name":"b"}},{"functionCall":{"name":"a","args":{"n":2}}}]},
              {"role":"user","parts":[{"functionResponse":{"name":"b","response":{"output":"B"}}},{"functionResponse":{"name":"a","response":{"output":"A1"}}},{"functionResponse":{"name":"a","response":{"output":"A2"}}}]},
              {"role":"model","parts":[{"functionCall":{"name":"a","args":{"n":1}}}]},
              {"role":"function","parts":[{"functionResponse":{"name":"a","response":{"output":"A3"}}}]}]}
            """);
        List<ToolCallPart> calls = [.. request.Messages.SelectMany(m => m.Parts).OfType<ToolCallPart>()];
        List<ToolResultPart> results = [.. request.Messages.SelectMany(m => m.Parts).OfType<ToolResultPart>()];
        Assert.Equal(4, calls.Select(c => c.Id).Distinct().Count());
        Assert.Equal([calls[1].Id, calls[0].Id, calls[2].Id, calls[3].Id], results.Select(r => r.CallId));
        Assert.Equal("{}", calls[1].Arguments);
        Assert.Equal(Role.Tool, request.Messages[2].Role);
        Assert.Equal(Role.Tool, request.Messages[4].Role);
    }

    [Fact]
    public void ACallsOwnIdIsKeptAndItsCarriedSealTakenOff()
    {
        var seal = new Signature("s1", DialectIds.Messages);
        string id = ToolCallIdCarrier.Wrap("toolu_1", seal);
        ChatRequest request = Gemini.Decode($$$$$$"""
            {"contents":[{"role":"model","parts":[{"functionCall":{"id":"{{{{{{id}}}}}}","name":"a","args":{} }}]},
                         {"role":"user","parts":[{"functionResponse":{"id":"{{{{{{id}}}}}}","name":"a","response":{"x":1}}}]}]}
            """);
        var call = (ToolCallPart)request.Messages[0].Parts[0];
        Assert.Equal(("toolu_1", seal), (call.Id, call.Signature));
        var result = (ToolResultPart)request.Messages[1].Parts[0];
        Assert.Equal("toolu_1", result.CallId);
        Assert.Equal("""{"x":1}""", ((TextPart)result.Content[0]).Text);
    }

    [Theory]
    [InlineData("""{"output":"done"}""", "done", false)]
    [InlineData("""{"error":"broken"}""", "broken", true)]
    [InlineData("""{"error":{"code":7}}""", """{"code":7}""", true)]
    [InlineData("""{"output":{"a":1}}""", """{"output":{"a":1}}""", false)]
    [InlineData("""{"output":"x","more":1}""", """{"output":"x","more":1}""", false)]
    [InlineData("{}", "{}", false)]
    public void ResponsesOfFunctionsAreText(string response, string text, bool isError)
    {
        ChatRequest request = Gemini.Decode($$$$$$"""{"contents":[{"role":"user","parts":[{"functionResponse":{"name":"a","response":{{{{{{response}}}}}}}}]}]}""");
        var result = (ToolResultPart)request.Messages[0].Parts[0];
        Assert.Equal((text, isError, "a"), (((TextPart)result.Content[0]).Text, result.IsError, result.Name));
    }

    [Fact]
    public void MediaOfFunctionResponsesAndFieldsOfTheirOwnAreKept()
    {
        ChatRequest request = Gemini.Decode("""
            {"contents":[{"role":"user","parts":[{"functionResponse":{"name":"a","response":{"output":"see"},"scheduling":"WHEN_IDLE",
              "parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA","displayName":"i.png"}}]}}]}]}
            """);
        var result = (ToolResultPart)request.Messages[0].Parts[0];
        var image = (MediaPart)result.Content[1];
        Assert.Equal((MediaKind.Image, "i.png"), (image.Kind, image.Name));
        Assert.Equal("WHEN_IDLE", result.Extra!["scheduling"]!.Value.GetString());
    }

    [Theory]
    [InlineData("__8-", "//8+")]
    [InlineData("_w", "/w==")]
    [InlineData("AAA=", "AAA=")]
    public void UrlSafeBase64BecomesTheAlphabetThatEveryoneReads(string sent, string read)
    {
        ChatRequest request = Gemini.Decode($$$$$$"""{"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":"{{{{{{sent}}}}}}"}}]}]}""");
        var source = (Base64Source)((MediaPart)request.Messages[0].Parts[0]).Source;
        Assert.Equal(read, Encoding.ASCII.GetString(source.Base64.Span));
    }

    [Theory]
    [InlineData("https://generativelanguage.googleapis.com/v1beta/files/abc", typeof(FileSource))]
    [InlineData("gs://bucket/a.png", typeof(FileSource))]
    [InlineData("https://host.test/a.png", typeof(UrlSource))]
    public void FilesOfGooglesAreToldFromAddresses(string uri, Type source)
    {
        ChatRequest request = Gemini.Decode($$$$$$"""{"contents":[{"parts":[{"fileData":{"fileUri":"{{{{{{uri}}}}}}"}}]}]}""");
        Assert.IsType(source, ((MediaPart)request.Messages[0].Parts[0]).Source);
    }

    [Fact]
    public void WhatAStreamCutIntoPiecesBecomesWholeAgain()
    {
        // Google's clients keep one content for each chunk of a stream.
        ChatRequest request = Gemini.Decode("""
            {"contents":[
              {"role":"user","parts":[{"text":"Go"}]},
              {"role":"model","parts":[{"text":"I th","thought":true}]},
              {"role":"model","parts":[{"text":"ink","thought":true}]},
              {"role":"model","parts":[{"text":"","thought":true,"thoughtSignature":"c2VhbA=="}]},
              {"role":"model","parts":[{"text":"Hel"}]},
              {"role":"model","parts":[{"text":"lo"},{"text":"","thoughtSignature":"dGV4dA=="}]},
              {"role":"model","parts":[{"functionCall":{"name":"a"},"thoughtSignature":"Y2FsbA=="}]},
              {"role":"model","parts":[{"text":"signed","thoughtSignature":"b25l"}]},
              {"role":"model","parts":[{"text":"plain"}]}]}
            """);
        Message model = request.Messages[1];
        Assert.Equal(2, request.Messages.Count);
        Assert.Equal(
            [
                new ReasoningPart("I think") { IsSummary = true, Signature = Own("c2VhbA==") },
                new TextPart("Hello") { Signature = Own("dGV4dA==") },
                new ToolCallPart("gcall_0_a", "a", "{}") { Signature = Own("Y2FsbA==") },
                new TextPart("signed") { Signature = Own("b25l") },
                new TextPart("plain"),
            ],
            model.Parts);
    }

    [Fact]
    public void ForeignSealsAreUnwrappedAndDummiesAreNone()
    {
        string wrapped = SignatureCarrier.Wrap(new Signature("anthropic-seal", DialectIds.Messages), DialectIds.GenerateContent);
        ChatRequest request = Gemini.Decode($$$$$$"""
            {"contents":[{"role":"model","parts":[
              {"text":"t","thought":true,"thoughtSignature":"{{{{{{wrapped}}}}}}"},
              {"functionCall":{"name":"a"},"thoughtSignature":"skip_thought_signature_validator"}]}]}
            """);
        Assert.Equal(new Signature("anthropic-seal", DialectIds.Messages), ((ReasoningPart)request.Messages[0].Parts[0]).Signature);
        Assert.Null(((ToolCallPart)request.Messages[0].Parts[1]).Signature);
    }

    [Fact]
    public void PartsThatOnlyGoogleKnowsAreKeptWhole()
    {
        ChatRequest request = Gemini.Decode("""
            {"contents":[{"role":"model","parts":[{"executableCode":{"language":"PYTHON","code":"1"}},{"codeExecutionResult":{"outcome":"OUTCOME_OK"}},{"toolCall":{"id":"1"},"thoughtSignature":"cw=="}]},
              {"role":"user","parts":[{"fileData":{"fileUri":"https://youtu.be/x"},"videoMetadata":{"fps":2}}]}]}
            """);
        Assert.All(request.Messages[0].Parts, p => Assert.Equal(DialectIds.GenerateContent, Assert.IsType<OpaquePart>(p).Dialect));
        var video = (MediaPart)request.Messages[1].Parts[0];
        Assert.Equal(MediaKind.Video, video.Kind);
        Assert.Equal(2, video.Extra!["videoMetadata"]!.Value.GetProperty("fps").GetInt32());
    }

    [Fact]
    public void ToolsAreTakenApartIntoFunctionsAndGooglesOwn()
    {
        ChatRequest request = Gemini.Decode("""
            {"contents":"Hi","tools":[
              {"functionDeclarations":[{"name":"f","description":"d","parameters":{"type":"OBJECT","properties":{
                 "n":{"type":"INTEGER","nullable":true,"enum":["1","2"]},"s":{"type":"STRING","minLength":"1","format":"enum","enum":["a"]},
                 "type":{"type":"ARRAY","min_items":"2","items":{"anyOf":[{"type":"NUMBER"},{"type":"BOOLEAN"}]}}},"required":["n"],"propertyOrdering":["n","s"]},"response":{"type":"STRING"}}],
               "googleSearch":{}},
              {"url_context":{}}]}
            """);
        var function = (FunctionTool)request.Tools[0];
        Gemini.Equal("""
            {"type":"object","properties":{"n":{"type":["integer","null"],"enum":[1,2]},"s":{"type":"string","minLength":1,"enum":["a"]},
             "type":{"type":"array","minItems":2,"items":{"anyOf":[{"type":"number"},{"type":"boolean"}]}}},"required":["n"],"propertyOrdering":["n","s"]}
            """,
            function.Parameters!.Value);
        Assert.True(function.Extra!["response"] is not null);
        Assert.Equal(["googleSearch", "urlContext"], request.Tools.OfType<ServerTool>().Select(t => t.Type));
        Gemini.Equal("""{"googleSearch":{}}""", ((ServerTool)request.Tools[1]).Json);
    }

    [Theory]
    [InlineData("""{"mode":"AUTO"}""", ToolChoiceMode.Auto, null, null)]
    [InlineData("""{"mode":"NONE"}""", ToolChoiceMode.None, null, null)]
    [InlineData("""{"mode":"ANY"}""", ToolChoiceMode.Required, null, null)]
    [InlineData("""{"mode":"ANY","allowedFunctionNames":["f"]}""", ToolChoiceMode.Named, "f", null)]
    [InlineData("""{"mode":"ANY","allowedFunctionNames":["f","g"]}""", ToolChoiceMode.Required, null, "f,g")]
    [InlineData("""{"mode":"VALIDATED","allowedFunctionNames":["f","g"]}""", ToolChoiceMode.Auto, null, "f,g")]
    public void ModesOfFunctionCallingAreChoices(string config, ToolChoiceMode mode, string? name, string? allowed)
    {
        ToolChoice choice = Gemini.Decode($$$$$$"""{"contents":"Hi","toolConfig":{"functionCallingConfig":{{{{{{config}}}}}}}}""").ToolChoice!;
        Assert.Equal((mode, name, allowed), (choice.Mode, choice.Name, choice.Allowed is null ? null : string.Join(',', choice.Allowed)));
    }

    [Theory]
    [InlineData("""{"thinkingBudget":0}""", ReasoningMode.Disabled, null, null)]
    [InlineData("""{"thinkingBudget":-1}""", ReasoningMode.Adaptive, null, null)]
    [InlineData("""{"thinkingBudget":512}""", ReasoningMode.Enabled, 512L, null)]
    [InlineData("""{"thinkingLevel":"HIGH"}""", null, null, ReasoningEffort.High)]
    [InlineData("""{"thinkingLevel":"minimal"}""", null, null, ReasoningEffort.Minimal)]
    [InlineData("""{"thinkingLevel":"THINKING_LEVEL_UNSPECIFIED"}""", null, null, null)]
    public void ThinkingIsRead(string config, ReasoningMode? mode, long? budget, ReasoningEffort? effort)
    {
        ReasoningOptions options = Gemini.Decode($$$$$$"""{"contents":"Hi","generationConfig":{"thinkingConfig":{{{{{{config}}}}}}}}""").Reasoning!;
        Assert.Equal((mode, budget, effort), (options.Mode, options.BudgetTokens, options.Effort));
    }

    [Theory]
    [InlineData("""{"responseMimeType":"application/json"}""", ResponseFormatKind.JsonObject)]
    [InlineData("""{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT"}}""", ResponseFormatKind.JsonSchema)]
    [InlineData("""{"responseMimeType":"text/plain"}""", ResponseFormatKind.Text)]
    public void FormsOfTheAnswerAreRead(string config, ResponseFormatKind kind) =>
        Assert.Equal(kind, Gemini.Decode($$$$$$"""{"contents":"Hi","generationConfig":{{{{{{config}}}}}}}""").ResponseFormat!.Kind);

    [Fact]
    public void FieldsThatNobodyElseKnowsAreKeptUnderTheirPaths()
    {
        ChatRequest request = Gemini.Decode("""
            {"contents":"Hi","safetySettings":[],"cachedContent":"cachedContents/1","labels":{"a":"b"},"fieldOfTomorrow":1,"serviceTier":"flex",
             "generationConfig":{"imageConfig":{"aspectRatio":"1:1"},"speechConfig":{"languageCode":"de-DE"},"responseMimeType":"text/x.enum","responseSchema":{"type":"STRING","enum":["a"]}},
             "toolConfig":{"functionCallingConfig":{"mode":"VALIDATED","streamFunctionCallArguments":false},"retrievalConfig":{"languageCode":"de"}}}
            """);
        Assert.Equal(
            [
                "safetySettings", "cachedContent", "labels", "fieldOfTomorrow", "generationConfig.imageConfig", "generationConfig.speechConfig",
                "generationConfig.responseMimeType", "generationConfig.responseSchema", "toolConfig.functionCallingConfig.streamFunctionCallArguments", "toolConfig.functionCallingConfig.mode", "toolConfig.retrievalConfig",
            ],
            request.Extra!.Fields.Select(f => f.Name));
        Assert.Equal("flex", request.ServiceTier);
        Assert.Null(request.ResponseFormat);

        // Written back where they stood.
        (var body, _) = Gemini.Encode(request);
        Assert.Equal("1:1", body.At("generationConfig.imageConfig.aspectRatio").GetString());
        Assert.Equal("text/x.enum", body.At("generationConfig.responseMimeType").GetString());
        Gemini.Equal("""{"functionCallingConfig":{"mode":"VALIDATED","streamFunctionCallArguments":false},"retrievalConfig":{"languageCode":"de"}}""", body.At("toolConfig"));
        Assert.Equal(1, body.At("fieldOfTomorrow").GetInt32());
        Assert.Equal("flex", body.At("serviceTier").GetString());
    }

    [Theory]
    [InlineData("{}", "contents")]
    [InlineData("""{"contents":7}""", "contents")]
    [InlineData("""{"contents":[7]}""", "contents[0]")]
    [InlineData("""{"contents":[{"role":"robot","parts":[]}]}""", "contents[0].role")]
    [InlineData("""{"contents":[{"parts":[{"text":7}]}]}""", "contents[0].parts[0].text")]
    [InlineData("""{"contents":[{"parts":7}]}""", "contents[0].parts")]
    [InlineData("""{"contents":[{"parts":[{"inlineData":{"data":"AAAA"}}]}]}""", "contents[0].parts[0].inlineData.mimeType")]
    [InlineData("""{"contents":[{"parts":[{"fileData":{"mimeType":"a/b"}}]}]}""", "contents[0].parts[0].fileData.fileUri")]
    [InlineData("""{"contents":[{"parts":[{"functionCall":{"args":{}}}]}]}""", "contents[0].parts[0].functionCall.name")]
    [InlineData("""{"contents":[{"parts":[{"functionCall":{"name":"a","args":[]}}]}]}""", "contents[0].parts[0].functionCall.args")]
    [InlineData("""{"contents":"Hi","generationConfig":{"temperature":"hot"}}""", "generationConfig.temperature")]
    [InlineData("""{"contents":"Hi","generationConfig":{"topK":1.5}}""", "generationConfig.topK")]
    [InlineData("""{"contents":"Hi","tools":[{"functionDeclarations":[{}]}]}""", "tools[0].functionDeclarations[0].name")]
    [InlineData("""{"contents":"Hi","toolConfig":{"functionCallingConfig":{"mode":"SOMETIMES"}}}""", "toolConfig.functionCallingConfig.mode")]
    public void FaultsNameTheField(string body, string param) => Assert.Equal(param, Gemini.Param(() => Gemini.Decode(body)));

    [Fact]
    public void TheModelStandsInTheUrlOrInTheBody()
    {
        Assert.Equal("from-url", Gemini.Dialect.DecodeRequest(Gemini.Json("""{"model":"models/other","contents":"Hi"}"""), new RequestAddress("from-url")).Model);
        Assert.Equal("other", Gemini.Dialect.DecodeRequest(Gemini.Json("""{"model":"models/other","contents":"Hi"}"""), default).Model);
        Assert.Equal("model", Gemini.Param(() => Gemini.Dialect.DecodeRequest(Gemini.Json("""{"contents":"Hi"}"""), default)));
    }

    [Theory]
    [InlineData("""{"contents":[{"parts":[{"text":"Hi"}]}]}""")]
    [InlineData("""{"generateContentRequest":{"model":"models/x","contents":[{"parts":[{"text":"Hi"}]}]}}""")]
    [InlineData("""{"generate_content_request":{"contents":[{"parts":[{"text":"Hi"}]}]}}""")]
    public void RequestsToCountComeInTwoShapes(string body)
    {
        ChatRequest request = Gemini.Dialect.DecodeCountRequest(Gemini.Json(body), new RequestAddress("endpoint"));
        Assert.Equal(("endpoint", "Hi"), (request.Model, ((TextPart)request.Messages[0].Parts[0]).Text));
    }

    private static Signature Own(string value) => new(value, DialectIds.GenerateContent);
}
