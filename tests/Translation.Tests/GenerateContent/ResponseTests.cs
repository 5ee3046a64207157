using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.GenerateContent;

/// <summary>Whole answers, read and written.</summary>
public sealed class ResponseTests
{
    public static TheoryData<string> Recorded => Payloads.Rows(DialectIds.GenerateContent, PayloadKind.Response);

    [Theory]
    [MemberData(nameof(Recorded))]
    public void ARecordedAnswerIsReadAndWrittenAsItWas(string file)
    {
        JsonElement recorded = Payloads.ReadJson(file);
        ChatResponse response = Gemini.Dialect.DecodeResponse(recorded);
        JsonElement usage = recorded.GetProperty("usageMetadata");
        Assert.Equal(usage.GetProperty("totalTokenCount").GetInt64(), response.Usage!.TotalTokens);
        Assert.Equal(recorded.GetProperty("responseId").GetString(), response.Id);
        Assert.Equal(recorded.GetProperty("modelVersion").GetString(), response.Model);

        // One liberty: a content without parts gets an empty one, since clients read the first part unasked.
        string written = Gemini.Render(response).Replace("""{"parts":[{"text":""}],"role":"model"}""", """{"role":"model"}""", StringComparison.Ordinal);
        Gemini.Equal(recorded.GetRawText(), Gemini.Json(written));
    }

    [Theory]
    [InlineData("STOP", FinishReason.Stop, "STOP")]
    [InlineData("MAX_TOKENS", FinishReason.Length, "MAX_TOKENS")]
    [InlineData("SAFETY", FinishReason.ContentFilter, "SAFETY")]
    [InlineData("RECITATION", FinishReason.ContentFilter, "SAFETY")]
    [InlineData("LANGUAGE", FinishReason.ContentFilter, "SAFETY")]
    [InlineData("BLOCKLIST", FinishReason.ContentFilter, "SAFETY")]
    [InlineData("PROHIBITED_CONTENT", FinishReason.ContentFilter, "SAFETY")]
    [InlineData("SPII", FinishReason.ContentFilter, "SAFETY")]
    [InlineData("IMAGE_SAFETY", FinishReason.ContentFilter, "SAFETY")]
    [InlineData("MALFORMED_FUNCTION_CALL", FinishReason.Malformed, "OTHER")]
    [InlineData("UNEXPECTED_TOOL_CALL", FinishReason.Malformed, "OTHER")]
    [InlineData("OTHER", FinishReason.Malformed, "OTHER")]
    [InlineData("REASON_OF_TOMORROW", FinishReason.Stop, "STOP")]
    public void ReasonsOfTheEndAreTranslated(string name, FinishReason reason, string back)
    {
        Choice choice = Gemini.Answer($$$$$"""{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"{{{{{name}}}}}"}]}""").Choices[0];
        Assert.Equal(reason, choice.FinishReason);
        Assert.Equal(back, Gemini.Json(Gemini.Render(new ChatResponse { Choices = [choice] })).At("candidates.0.finishReason").GetString());
    }

    [Fact]
    public void ACallMeansThatToolsAreWaitedFor()
    {
        ChatResponse response = Gemini.Answer("""
            {"candidates":[{"content":{"parts":[{"text":"let me see","thoughtSignature":"dA=="},
              {"functionCall":{"name":"f","args":{ "a" : [1, 2] }},"thoughtSignature":"cw=="},{"functionCall":{"id":"x1","name":"f"}}]},"finishReason":"STOP"}],"responseId":"r9"}
            """);
        Choice choice = response.Choices[0];
        Assert.Equal(FinishReason.ToolCalls, choice.FinishReason);
        Assert.Equal(new ToolCallPart("gcall_r9_0", "f", """{"a":[1,2]}""") { Signature = new Signature("cw==", DialectIds.GenerateContent) }, choice.Parts[1]);
        Assert.Equal(new ToolCallPart("x1", "f", "{}"), choice.Parts[2]);
        Assert.Equal(FinishReason.Length, Gemini.Answer("""{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}}]},"finishReason":"MAX_TOKENS"}]}""").Choices[0].FinishReason);
    }

    [Fact]
    public void CallsOfTwoAnswersNeverShareAnId()
    {
        const string Body = """{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}}]},"finishReason":"STOP"}]}""";
        Assert.NotEqual(((ToolCallPart)Gemini.Answer(Body).Choices[0].Parts[0]).Id, ((ToolCallPart)Gemini.Answer(Body).Choices[0].Parts[0]).Id);
    }

    [Fact]
    public void ARefusedPromptIsAFilteredAnswer()
    {
        ChatResponse response = Gemini.Answer("""{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4},"responseId":"r"}""");
        Choice choice = Assert.Single(response.Choices);
        Assert.Equal((FinishReason.ContentFilter, 0), (choice.FinishReason, choice.Parts.Count));
        Assert.Equal((4, 0), (response.Usage!.InputTokens, response.Usage.OutputTokens));
    }

    [Theory]
    [InlineData("""{"error":{"code":429,"message":"Quota.","status":"RESOURCE_EXHAUSTED"}}""", 429)]
    [InlineData("""[{"error":{"code":503,"message":"Busy.","status":"UNAVAILABLE"}}]""", 503)]
    [InlineData("""{}""", 502)]
    [InlineData("""{"candidates":[]}""", 502)]
    [InlineData("""[]""", 502)]
    [InlineData("7", 502)]
    public void WhatIsNoAnswerIsAnError(string body, int status) => Assert.Equal(status, Assert.Throws<GatewayException>(() => Gemini.Answer(body)).Error.Status);

    [Fact]
    public void AnswersInArraysAreRead()
    {
        const string First = """{"candidates":[{"content":{"parts":[{"text":"Hel"}],"role":"model"},"index":0}],"modelVersion":"m","responseId":"r"}""";
        const string Last = """{"candidates":[{"content":{"parts":[{"text":"lo"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2,"totalTokenCount":3}}""";
        Assert.Equal("lo", ((TextPart)Gemini.Answer($"[{Last}]").Choices[0].Parts[0]).Text);
        ChatResponse folded = Gemini.Answer($"[{First},{Last}]");
        Assert.Equal(("Hello", "r", 3L), (((TextPart)folded.Choices[0].Parts[0]).Text, folded.Id, folded.Usage!.TotalTokens));
        Assert.Equal("stream_truncated", Assert.Throws<GatewayException>(() => Gemini.Answer($"[{First},{First}]")).Error.Code);
    }

    [Fact]
    public void CountsAreExactBothWays()
    {
        const string Counts = """{"promptTokenCount":100,"cachedContentTokenCount":40,"candidatesTokenCount":7,"toolUsePromptTokenCount":9,"thoughtsTokenCount":50,"totalTokenCount":166}""";
        ChatResponse response = Gemini.Answer($$$$$"""
            {"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}],"usageMetadata":{{{{{Counts}}}}}}
            """);
        Assert.Equal(
            new TokenUsage { InputTokens = 109, CacheReadTokens = 40, ToolUseInputTokens = 9, OutputTokens = 57, ReasoningTokens = 50 },
            response.Usage);
        Gemini.Equal(Counts, Gemini.Json(Gemini.Render(response)).GetProperty("usageMetadata"));
    }

    [Theory]
    [InlineData("""{"promptTokenCount":5,"totalTokenCount":12}""", 5, 7, null)]
    [InlineData("""{"promptTokenCount":"5","candidatesTokenCount":"2","totalTokenCount":"7"}""", 5, 2, null)]
    [InlineData("""{"promptTokenCount":5,"thoughtsTokenCount":3,"totalTokenCount":8}""", 5, 3, null)]
    [InlineData("""{"promptTokenCount":5,"candidatesTokenCount":2,"promptTokensDetails":[{"modality":"TEXT","tokenCount":1},{"tokenCount":4,"modality":"AUDIO"}]}""", 5, 2, 4)]
    [InlineData("""{"promptTokenCount":-3,"candidatesTokenCount":null,"promptTokensDetails":[7,{"modality":7}]}""", null, null, null)]
    public void CountsAreReadWhereTheyCanBe(string counts, int? input, int? output, int? audio)
    {
        TokenUsage usage = Gemini.Answer($$$$$"""{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"usageMetadata":{{{{{counts}}}}}}""").Usage!;
        Assert.Equal((input, output, audio), ((int?)usage.InputTokens, (int?)usage.OutputTokens, (int?)usage.AudioInputTokens));
    }

    [Fact]
    public void PlacesOfSourcesAreCountedInBytesThereAndInUtf16Here()
    {
        // ä is two bytes, 🌍 four bytes and two UTF-16 units.
        ChatResponse response = Gemini.Answer("""
            {"candidates":[{"content":{"parts":[{"text":"thinking","thought":true},{"text":"ä🌍 cited. rest"}]},"finishReason":"STOP","groundingMetadata":{
              "groundingChunks":[{"web":{"uri":"https://a.test","title":"A"}},{"retrievedContext":{"uri":"https://b.test","title":"B","text":"words"}},{"web":{"uri":"https://c.test"}}],
              "groundingSupports":[{"segment":{"startIndex":7,"endIndex":13,"text":"cited."},"groundingChunkIndices":[0,1]}],"webSearchQueries":["q"]}}]}
            """);
        var text = (TextPart)response.Choices[0].Parts[1];
        Assert.Equal(
            [
                new Citation { Url = "https://a.test", Title = "A", Start = 4, End = 10 },
                new Citation { Url = "https://b.test", Title = "B", CitedText = "words", Start = 4, End = 10 },
                new Citation { Url = "https://c.test" },
            ],
            text.Citations);
        Assert.Equal("cited.", text.Text[4..10]);

        // Its own clients get Google's own words for it; those of others are counted in bytes again.
        Assert.Equal("q", Gemini.Json(Gemini.Render(response)).At("candidates.0.groundingMetadata.webSearchQueries.0").GetString());
        JsonElement foreign = Gemini.Json(Gemini.Render(response with { Choices = [response.Choices[0] with { Extra = null }] })).At("candidates.0.groundingMetadata");
        Gemini.Equal("""{"partIndex":1,"startIndex":7,"endIndex":13,"text":"cited."}""", foreign.At("groundingSupports.0.segment"));
        Assert.Equal(3, foreign.GetProperty("groundingChunks").GetArrayLength());
    }

    [Fact]
    public void CitationsOfRecitedTextAreRead()
    {
        var text = (TextPart)Gemini.Answer("""
            {"candidates":[{"content":{"parts":[{"text":"abcdef"}]},"finishReason":"STOP","citationMetadata":{"citationSources":[{"startIndex":1,"endIndex":3,"uri":"https://a.test"},{"endIndex":2,"uri":"https://b.test"},{"startIndex":90,"endIndex":99,"uri":"https://c.test"}]}}]}
            """).Choices[0].Parts[0];
        Assert.Equal([(1, 3), (0, 2), ((int?)null, (int?)null)], text.Citations.Select(c => (c.Start, c.End)));
    }

    [Fact]
    public void ProbabilitiesAreReadAndWritten()
    {
        const string LogProbs = """
            {"topCandidates":[{"candidates":[{"token":"a","logProbability":-0.5},{"token":"b","logProbability":-2}]}],"chosenCandidates":[{"token":"a","logProbability":-0.5}]}
            """;
        ChatResponse response = Gemini.Answer($$$$$"""{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP","avgLogprobs":-0.5,"logprobsResult":{{{{{LogProbs}}}}}}]}""");
        TokenLogProb token = Assert.Single(((TextPart)response.Choices[0].Parts[0]).LogProbs);
        Assert.Equal(("a", -0.5, 2), (token.Token, token.LogProb, token.Top.Count));
        JsonElement candidate = Gemini.Json(Gemini.Render(response)).At("candidates.0");
        Gemini.Equal(LogProbs, candidate.GetProperty("logprobsResult"));
        Assert.Equal(-0.5, candidate.GetProperty("avgLogprobs").GetDouble());
    }

    [Fact]
    public void ThoughtsMediaAndOpaquePartsAreRead()
    {
        ChatResponse response = Gemini.Answer("""
            {"candidates":[{"content":{"parts":[
              {"text":"I think","thought":true,"thoughtSignature":"cw=="},
              {"inlineData":{"mimeType":"image/png","data":"AAAA"},"thoughtSignature":"aQ=="},
              {"executableCode":{"language":"PYTHON","code":"1"}},
              {"text":""},{},7,{"functionCall":{}},{"text":"b"},{"text":"c"},{"text":"","thoughtSignature":"bA=="}]},"finishReason":"STOP","index":0}]}
            """);
        Assert.Collection(
            response.Choices[0].Parts,
            p => Assert.Equal(new ReasoningPart("I think") { IsSummary = true, Signature = Own("cw==") }, p),
            p => Assert.Equal((MediaKind.Image, Own("aQ==")), (((MediaPart)p).Kind, ((MediaPart)p).Signature)),
            p => Assert.IsType<OpaquePart>(p),
            p => Assert.Equal(new TextPart("bc") { Signature = Own("bA==") }, p));
    }

    [Fact]
    public void AnswersOfOthersAreWrittenAsGooglesAre()
    {
        var response = new ChatResponse
        {
            Model = "claude",
            Choices =
            [
                new Choice(
                    0,
                    [
                        new ReasoningPart("hm") { Signature = new Signature("seal", DialectIds.Messages) },
                        new TextPart("Hi"),
                        new RefusalPart(" no"),
                        new ToolCallPart("toolu_1", "f", "{\n\"a\": 1}") { Signature = new Signature("s2", DialectIds.Messages) },
                        new ToolCallPart("toolu_2", "g", ""),
                        new OpaquePart(DialectIds.Messages, Gemini.Json("""{"type":"server_tool_use"}"""), "x"),
                    ],
                    FinishReason.ToolCalls),
            ],
            Usage = new TokenUsage { InputTokens = 10, CacheReadTokens = 4, CacheWriteTokens = 2, OutputTokens = 6, ReasoningTokens = 1 },
        };
        string thought = Adaptation.SignatureOf("seal");
        string call = Adaptation.SignatureOf("s2");
        Gemini.Equal($$$$$"""
            {"candidates":[{"content":{"parts":[{"text":"hm","thought":true,"thoughtSignature":"{{{{{thought}}}}}"},{"text":"Hi"},{"text":" no"},
               {"functionCall":{"id":"toolu_1","name":"f","args":{"a":1}},"thoughtSignature":"{{{{{call}}}}}"},{"functionCall":{"id":"toolu_2","name":"g","args":{}}}],"role":"model"},"finishReason":"STOP","index":0}],
             "usageMetadata":{"promptTokenCount":10,"cachedContentTokenCount":4,"candidatesTokenCount":5,"thoughtsTokenCount":1,"totalTokenCount":16},
             "modelVersion":"claude","responseId":"req-fixture"}
            """,
            Gemini.Json(Gemini.Render(response)));
    }

    [Fact]
    public void AClientThatRefusesThoughtsGetsOnlySealedOnes()
    {
        AnswerContext context = Crossing.Context(stream: false) with
        {
            Request = Gemini.Ask() with { Reasoning = new ReasoningOptions { IncludeThoughts = false } },
        };
        var response = new ChatResponse
        {
            Choices = [new Choice(0, [new ReasoningPart("open"), new ReasoningPart("sealed") { Signature = Own("cw==") }, new TextPart("a")], FinishReason.Stop)],
        };
        JsonElement parts = Gemini.Json(Gemini.Render(response, context)).At("candidates.0.content.parts");
        Assert.Equal(["sealed", "a"], parts.EnumerateArray().Select(p => p.GetProperty("text").GetString()));
        string stream = Gemini.RenderStream(ChatEventFold.Unfold(response), context);
        Assert.DoesNotContain("open", stream, StringComparison.Ordinal);
        Assert.Contains("""{"text":"sealed","thought":true,"thoughtSignature":"cw=="}""", stream, StringComparison.Ordinal);
    }

    [Fact]
    public void ForeignSealsAreBase64ForClientsThatReadBytes()
    {
        string seal = Adaptation.SignatureOf("any/seal.of:others");
        Assert.True(Convert.TryFromBase64String(seal, new byte[seal.Length], out _));

        // Google's Python client writes bytes back in the other alphabet.
        string back = seal.Replace('+', '-').Replace('/', '_').TrimEnd('=');
        ChatRequest request = Gemini.Decode($$$$$"""{"contents":[{"role":"model","parts":[{"text":"t","thought":true,"thoughtSignature":"{{{{{back}}}}}"}]}]}""");
        Assert.Equal(new Signature("any/seal.of:others", DialectIds.Messages), ((ReasoningPart)request.Messages[0].Parts[0]).Signature);
    }

    private static Signature Own(string value) => new(value, DialectIds.GenerateContent);

    private static class Adaptation
    {
        public static string SignatureOf(string seal) => Translation.Adaptation.SignatureCarrier.Wrap(new Signature(seal, DialectIds.Messages), DialectIds.GenerateContent);
    }
}
