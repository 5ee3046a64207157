using System.Text.Json;
using System.Text.Json.Nodes;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using static Serverless.Translation.Tests.Messages.MessagesFixture;

namespace Serverless.Translation.Tests.Messages;

public sealed class MessagesRequestEncodeTests
{
    private const string Old = "claude-sonnet-4-5";
    private const string WithSystemTurns = "claude-opus-4-8";

    private static string Turns(JsonObject body) => string.Join(" | ", body["messages"]!.AsArray().Select(m => $"{m!["role"]}: {Words(m["content"]!)}"));

    private static string Words(JsonNode content) => content is JsonArray blocks
        ? string.Join(" + ", blocks.Select(b => b!["type"]!.GetValue<string>() switch
        {
            "text" => b["text"]!.GetValue<string>(),
            "tool_use" => $"call {b["id"]}",
            "tool_result" => $"result {b["tool_use_id"]}",
            var other => other,
        }))
        : content.GetValue<string>();

    private static string[] Fields(TranslationReport report) => [.. report.Entries.Select(e => $"{(e.Dropped ? "-" : "~")}{e.Field}")];

    private static ToolCallPart Call(string id) => new(id, "t", "{}");

    private static ToolResultPart Result(string id) => new(id, [new TextPart("r")]);

    [Fact]
    public void AMinimalRequestIsMinimal()
    {
        JsonObject body = Encode(Chat(User("Hi")), Old, out TranslationReport report);
        AssertSame(JsonNode.Parse("""{"model":"claude-sonnet-4-5","max_tokens":64000,"messages":[{"role":"user","content":"Hi"}]}"""), body);
        Assert.Empty(report.Entries);
    }

    [Theory]
    [InlineData("claude-3-haiku-20240307", null, 4096, false)]
    [InlineData("claude-opus-5-5", null, 128000, false)]
    [InlineData("some-model", null, 8192, false)]
    [InlineData("claude-3-haiku-20240307", 5000L, 4096, true)]
    [InlineData("some-model", 500000L, 500000, false)]
    [InlineData("claude-opus-4-6", 7L, 7, false)]
    public void ALimitIsAlwaysWritten(string model, long? asked, long written, bool changed)
    {
        JsonObject body = Encode(Chat(User("Hi")) with { MaxOutputTokens = asked }, model, out TranslationReport report);
        Assert.Equal(written, body["max_tokens"]!.GetValue<long>());
        Assert.Equal(changed ? ["~max_tokens"] : [], Fields(report));
    }

    [Fact]
    public void LeadingInstructionsAreTheSystemPrompt()
    {
        JsonObject body = Encode(Chat(Instruct("B"), new Message(Role.Developer, [new TextPart("C") { Cache = new CacheBreakpoint("1h") }, new TextPart(" ")]), User("Hi")) with { Instructions = [new TextPart("A")] });
        AssertSame(JsonNode.Parse("""[{"type":"text","text":"A"},{"type":"text","text":"B"},{"type":"text","text":"C","cache_control":{"type":"ephemeral","ttl":"1h"}}]"""), body["system"]);
        Assert.Equal("user: Hi", Turns(body));
    }

    public static TheoryData<string, string, string> SystemTurns => new()
    {
        // u, a, s: turns; c: a call, r: its result.
        { "u s a u", "user: u0 | system: s1 | assistant: a2 | user: u3", "user: u0 + <system>\ns1\n</system> | assistant: a2 | user: u3" },
        { "u a s u", "user: u0 | assistant: a1 | user: u3 | system: s2", "user: u0 | assistant: a1 | user: <system>\ns2\n</system> + u3" },
        { "u a u s", "user: u0 | assistant: a1 | user: u2 | system: s3", "user: u0 | assistant: a1 | user: u2 + <system>\ns3\n</system>" },
        { "u s u a u", "user: u0 + u2 | system: s1 | assistant: a3 | user: u4", "user: u0 + <system>\ns1\n</system> + u2 | assistant: a3 | user: u4" },
        { "u c s r", "user: u0 | assistant: call c1 | user: result c1 | system: s2", "user: u0 | assistant: call c1 | user: result c1 + <system>\ns2\n</system>" },
        { "u a s a u", "user: u0 | assistant: a1 | user: <system>\ns2\n</system> | assistant: a3 | user: u4", "user: u0 | assistant: a1 | user: <system>\ns2\n</system> | assistant: a3 | user: u4" },
        { "u s s a u", "user: u0 | system: s1 + s2 | assistant: a3 | user: u4", "user: u0 + <system>\ns1\n</system> + <system>\ns2\n</system> | assistant: a3 | user: u4" },
    };

    [Theory, MemberData(nameof(SystemTurns))]
    public void InstructionsWithinTheConversationKeepTheirPlace(string script, string withSystemTurns, string without)
    {
        string lastCall = "";
        ChatRequest request = Chat([.. script.Split(' ').Select((kind, i) => kind switch
        {
            "u" => User($"u{i}"),
            "a" => Assistant($"a{i}"),
            "s" => Instruct($"s{i}"),
            "c" => Assistant(Call(lastCall = $"c{i}")),
            _ => new Message(Role.Tool, [Result(lastCall)]),
        })]);
        Assert.Equal(withSystemTurns, Turns(Encode(request with { Tools = [new FunctionTool("t")] }, WithSystemTurns, out _)));
        Assert.Equal(without, Turns(Encode(request with { Tools = [new FunctionTool("t")] }, Old, out TranslationReport report)));
        Assert.All(report.Entries, e => Assert.False(e.Dropped));
        Assert.NotEmpty(report.Entries);
    }

    [Fact]
    public void EmptyAndBlankTextIsLeftOut()
    {
        JsonObject body = Encode(Chat(User(new TextPart(""), new TextPart("Hi"), new TextPart(" \n")), Assistant(" "), User("there")), Old, out TranslationReport report);
        Assert.Equal("user: Hi + there", Turns(body));
        Assert.Empty(report.Entries);
    }

    [Fact]
    public void AnEmptyLastTurnOfTheUserSaysSo()
    {
        JsonObject body = Encode(Chat(User("Hi"), Assistant("Yes?"), User("")), Old, out TranslationReport report);
        Assert.StartsWith("user: Hi | assistant: Yes? | user: (", Turns(body), StringComparison.Ordinal);
        Assert.Equal(["~messages"], Fields(report));
    }

    [Fact]
    public void AConversationBeginsWithTheUser()
    {
        JsonObject body = Encode(Chat(Assistant("Welcome."), User("Hi")), Old, out TranslationReport report);
        Assert.StartsWith("user: (", Turns(body), StringComparison.Ordinal);
        Assert.Equal(["~messages"], Fields(report));

        body = Encode(Chat(Instruct("Write a poem.")), Old, out report);
        Assert.Equal("user: Write a poem.", Turns(body));
        Assert.Null(body["system"]);
        Assert.Equal(["~messages"], Fields(report));
        Assert.StartsWith("user: (", Turns(Encode(Chat(User("")), Old, out _)), StringComparison.Ordinal);
    }

    [Fact]
    public void AnAssistantsTurnAtTheEndIsContinuedWhereTheModelCan()
    {
        ChatRequest request = Chat(User("Hi"), Assistant("The answer is \n"));
        Assert.Equal("user: Hi | assistant: The answer is", Turns(Encode(request, Old, out TranslationReport report)));
        Assert.Empty(report.Entries);
        Assert.StartsWith("user: Hi | assistant: The answer is \n | user: Continue", Turns(Encode(request, "claude-opus-4-6", out report)), StringComparison.Ordinal);
        Assert.Equal(["~messages"], Fields(report));

        // Neither thinking nor a schema goes with it.
        Assert.Contains("user: Continue", Turns(Encode(request with { Reasoning = new ReasoningOptions { Effort = ReasoningEffort.Low } }, Old, out _)), StringComparison.Ordinal);
        Assert.Contains("user: Continue", Turns(Encode(request with { ResponseFormat = new ResponseFormat(ResponseFormatKind.JsonSchema) { Schema = Element("{}") } }, Old, out _)), StringComparison.Ordinal);

        // A paused turn of hosted tools is continued by sending it back.
        ChatRequest paused = Chat(User("Hi"), Assistant(new OpaquePart(DialectIds.Messages, Element("""{"type":"server_tool_use","id":"s"}"""), "")));
        Assert.Equal("user: Hi | assistant: server_tool_use", Turns(Encode(paused, "claude-opus-4-6", out _)));
    }

    [Fact]
    public void ThinkingAloneIsNoLastTurn()
    {
        var seal = new Signature("c2VhbA==", DialectIds.Messages);
        JsonObject body = Encode(Chat(User("Hi"), Assistant(new ReasoningPart("Hm") { Signature = seal })), Old, out _);
        Assert.Equal("user: Hi", Turns(body));
    }

    [Fact]
    public void ResultsComeFirstInTheirTurn()
    {
        JsonObject body = Encode(
            Chat(User("Hi"), Assistant(Call("a"), Call("b")), User(new TextPart("Look"), Result("a")), new Message(Role.Tool, [Result("b")])) with { Tools = [new FunctionTool("t")] });
        Assert.Equal("user: Hi | assistant: call a + call b | user: result a + result b + Look", Turns(body));
    }

    [Fact]
    public void ResultsHoldTextMediaAndFaults()
    {
        JsonObject body = Encode(Chat(
            User("Hi"),
            Assistant(Call("a"), Call("b"), Call("c")),
            User(
                new ToolResultPart("a", [new TextPart("x"), new MediaPart(MediaKind.Image, new UrlSource("https://a.example/b.png"))]) { IsError = true, Cache = new CacheBreakpoint() },
                new ToolResultPart("b", []),
                new ToolResultPart("c", [new TextPart(""), new TextPart("only")]))) with
        { Tools = [new FunctionTool("t")] });
        AssertSame(
            JsonNode.Parse(
                """
                [{"type":"tool_result","tool_use_id":"a","content":[{"type":"text","text":"x"},{"type":"image","source":{"type":"url","url":"https://a.example/b.png"}}],"is_error":true,"cache_control":{"type":"ephemeral"}},
                {"type":"tool_result","tool_use_id":"b"},{"type":"tool_result","tool_use_id":"c","content":"only"}]
                """),
            body["messages"]![2]!["content"]);
    }

    [Fact]
    public void MediaIsWrittenByKindAndSource()
    {
        JsonObject body = Encode(Chat(User(
            new MediaPart(MediaKind.Image, new Base64Source("image/jpg", "aGk="u8.ToArray())),
            new MediaPart(MediaKind.Document, new Base64Source("application/pdf", "aGk="u8.ToArray())) { Name = "a.pdf", Cache = new CacheBreakpoint("5m") },
            new MediaPart(MediaKind.Document, new Base64Source("text/csv", "aGk="u8.ToArray())),
            new MediaPart(MediaKind.Document, new TextSource("words")),
            new MediaPart(MediaKind.Document, new UrlSource("https://a.example/b.pdf")),
            new MediaPart(MediaKind.Image, new FileSource("file_1", DialectIds.Messages)))), Old, out TranslationReport report);
        AssertSame(
            JsonNode.Parse(
                """
                [{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"aGk="}},
                {"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"aGk="},"title":"a.pdf","cache_control":{"type":"ephemeral","ttl":"5m"}},
                {"type":"document","source":{"type":"text","media_type":"text/plain","data":"hi"}},
                {"type":"document","source":{"type":"text","media_type":"text/plain","data":"words"}},
                {"type":"document","source":{"type":"url","url":"https://a.example/b.pdf"}},
                {"type":"image","source":{"type":"file","file_id":"file_1"}}]
                """),
            body["messages"]![0]!["content"]);
        Assert.Empty(report.Entries);
    }

    [Fact]
    public void WhatTheApiCannotSeeIsReported()
    {
        JsonObject body = Encode(Chat(User(
            new TextPart("Hi"),
            new MediaPart(MediaKind.Audio, new Base64Source("audio/wav", "aGk="u8.ToArray())),
            new MediaPart(MediaKind.Video, new UrlSource("https://a.example/b.mp4")),
            new MediaPart(MediaKind.Image, new Base64Source("image/tiff", "aGk="u8.ToArray())),
            new MediaPart(MediaKind.Document, new Base64Source("application/zip", "aGk="u8.ToArray())),
            new MediaPart(MediaKind.Image, new UrlSource("https://a.example/b.png")) { Detail = "high" },
            new MediaPart(MediaKind.Image, new UrlSource("https://a.example/b.png")) { Detail = "auto" })), Old, out TranslationReport report);
        Assert.Equal("user: Hi + image + image", Turns(body));
        Assert.Equal(["-messages[].audio", "-messages[].video", "-messages[].image", "-messages[].document", "-messages[].detail"], Fields(report));
    }

    [Fact]
    public void WhatAnAssistantMadeIsSentBackInWords()
    {
        JsonObject body = Encode(
            Chat(
                User("Hi"),
                Assistant(
                    new MediaPart(MediaKind.Image, new Base64Source("image/png", "aGk="u8.ToArray())),
                    new MediaPart(MediaKind.Audio, new Base64Source("audio/wav", "aGk="u8.ToArray())) { Transcript = "Good day." }),
                User("Go on")),
            Old,
            out TranslationReport report);
        Assert.Equal("user: Hi | assistant: Good day. | user: Go on", Turns(body));
        Assert.Equal(["-messages[].image", "~messages[].audio"], Fields(report));
    }

    [Fact]
    public void ACacheMarkThatHadToGoGoesFromOwnBlocksToo()
    {
        JsonElement block = Element("""{"type":"search_result","title":"T","cache_control":{"type":"ephemeral"}}""");
        JsonElement tool = Element("""{"type":"bash_20250124","name":"bash","cache_control":{"type":"ephemeral"}}""");
        foreach (CacheBreakpoint? cache in (CacheBreakpoint?[])[null, new CacheBreakpoint()])
        {
            JsonObject body = Encode(Chat(User(new OpaquePart(DialectIds.Messages, block, "") { Cache = cache })) with { Tools = [new ServerTool(DialectIds.Messages, "bash_20250124", tool, "") { Cache = cache }] });
            Assert.Equal(cache is not null, body["messages"]![0]!["content"]![0]!["cache_control"] is not null);
            Assert.Equal(cache is not null, body["tools"]![0]!["cache_control"] is not null);
            Assert.Equal("T", body["messages"]![0]!["content"]![0]!["title"]!.GetValue<string>());
        }
    }

    [Fact]
    public void OnlyItsOwnThinkingIsReplayed()
    {
        JsonObject body = Encode(
            Chat(
                User("Hi"),
                Assistant(
                    new ReasoningPart("Hm") { Signature = new Signature("c2VhbA==", DialectIds.Messages) },
                    new ReasoningPart("") { Redacted = true, Signature = new Signature("cmVk", DialectIds.Messages) },
                    new ReasoningPart("foreign") { Signature = new Signature("gAAA", DialectIds.Responses) },
                    new ReasoningPart("bare"),
                    new RefusalPart("No.")),
                User("Why?")),
            Old,
            out TranslationReport report);
        AssertSame(
            JsonNode.Parse("""[{"type":"thinking","thinking":"Hm","signature":"c2VhbA=="},{"type":"redacted_thinking","data":"cmVk"},{"type":"text","text":"No."}]"""),
            body["messages"]![1]!["content"]);
        Assert.Equal(["-messages[].reasoning"], Fields(report));
    }

    [Fact]
    public void OnlyItsOwnCitationsAreReplayed()
    {
        string own = """{"type":"char_location","cited_text":"x","document_index":0,"document_title":null,"start_char_index":0,"end_char_index":1}""";
        JsonObject body = Encode(Chat(User("Hi"), Assistant(new TextPart("Snow") { Citations = [new Citation { Url = "https://a.example" }, new Citation { Original = new OpaquePart(DialectIds.Messages, Element(own), "") }] }), User("Go on")), Old, out TranslationReport report);
        Assert.Equal(["~messages[].citations"], Fields(report));
        AssertSame(JsonNode.Parse($"[{own}]"), body["messages"]![1]!["content"]![0]!["citations"]);
    }

    [Fact]
    public void ToolsAreDeclared()
    {
        JsonObject body = Encode(
            Chat(User("Hi")) with
            {
                Tools =
                [
                    new FunctionTool("bare"),
                    new FunctionTool("full") { Description = "D", Parameters = Element("""{"type":"object","properties":{"a":{"type":"integer","minimum":1}}}"""), Strict = false, Cache = new CacheBreakpoint() },
                    new FunctionTool("untyped") { Parameters = Element("""{"properties":{"a":{}}}"""), Description = " " },
                    new FunctionTool("nullable") { Parameters = Element("""{"type":["object","null"],"$defs":{"x":{}}}""") },
                    new ServerTool(DialectIds.Messages, "web_search_20250305", Element("""{"type":"web_search_20250305","name":"web_search"}"""), "tools[4]"),
                ],
            });
        AssertSame(
            JsonNode.Parse(
                """
                [{"name":"bare","input_schema":{"type":"object","properties":{}}},
                {"name":"full","description":"D","input_schema":{"type":"object","properties":{"a":{"type":"integer","minimum":1}}},"cache_control":{"type":"ephemeral"}},
                {"name":"untyped","input_schema":{"type":"object","properties":{"a":{}}}},
                {"name":"nullable","input_schema":{"type":"object","$defs":{"x":{}}}},
                {"type":"web_search_20250305","name":"web_search"}]
                """),
            body["tools"]);
        Assert.Null(body["tool_choice"]);
    }

    [Theory]
    [InlineData(ToolChoiceMode.Auto, null, """{"type":"auto"}""")]
    [InlineData(ToolChoiceMode.Auto, false, """{"type":"auto","disable_parallel_tool_use":true}""")]
    [InlineData(ToolChoiceMode.None, false, """{"type":"none"}""")]
    [InlineData(ToolChoiceMode.Required, true, """{"type":"any"}""")]
    [InlineData(ToolChoiceMode.Named, false, """{"type":"tool","name":"t","disable_parallel_tool_use":true}""")]
    public void ToolChoicesAreWritten(ToolChoiceMode mode, bool? parallel, string expected)
    {
        ChatRequest request = Chat(User("Hi")) with { Tools = [new FunctionTool("t")], ToolChoice = new ToolChoice(mode) { Name = "t" }, ParallelToolCalls = parallel };
        AssertSame(JsonNode.Parse(expected), Encode(request)["tool_choice"]);
    }

    [Fact]
    public void ParallelCallsAreForbiddenWithoutAChoice() =>
        AssertSame(JsonNode.Parse("""{"type":"auto","disable_parallel_tool_use":true}"""), Encode(Chat(User("Hi")) with { Tools = [new FunctionTool("t")], ParallelToolCalls = false })["tool_choice"]);

    [Theory]
    [InlineData("claude-opus-5-5")]
    [InlineData("claude-sonnet-5-5")]
    [InlineData("claude-fable-5-1")]
    public void AModelThatCannotBeForcedIsNot(string model)
    {
        JsonObject body = Encode(Chat(User("Hi")) with { Tools = [new FunctionTool("t")], ToolChoice = new ToolChoice(ToolChoiceMode.Required) }, model, out TranslationReport report);
        AssertSame(JsonNode.Parse("""{"type":"auto"}"""), body["tool_choice"]);
        Assert.Equal(["~tool_choice"], Fields(report));
    }

    [Fact]
    public void OnlyAllowedToolsAreDeclared()
    {
        ChatRequest request = Chat(User("Hi")) with { Tools = [new FunctionTool("a"), new FunctionTool("b")], ToolChoice = new ToolChoice(ToolChoiceMode.Required) { Allowed = ["b"] } };
        JsonObject body = Encode(request, Old, out TranslationReport report);
        Assert.Equal("b", Assert.Single(body["tools"]!.AsArray())!["name"]!.GetValue<string>());
        Assert.Equal("any", body["tool_choice"]!["type"]!.GetValue<string>());
        Assert.Equal(["~tools[a]"], Fields(report));
    }

    [Fact]
    public void ToolsThatWereUsedAreDeclaredAndForbidden()
    {
        JsonObject body = Encode(Chat(User("Hi"), Assistant(Call("a")), User(Result("a"))), Old, out TranslationReport report);
        Assert.Equal("t", Assert.Single(body["tools"]!.AsArray())!["name"]!.GetValue<string>());
        Assert.Equal("none", body["tool_choice"]!["type"]!.GetValue<string>());
        Assert.Equal(["~tools"], Fields(report));
        body = Encode(Chat(User("Hi")) with { ToolChoice = new ToolChoice(ToolChoiceMode.Required) }, Old, out report);
        Assert.Null(body["tool_choice"]);
        Assert.Equal(["-tool_choice"], Fields(report));
    }

    [Fact]
    public void ParametersAreWritten()
    {
        JsonObject body = Encode(
            Chat(User("Hi")) with { Stream = true, Temperature = 0.3, TopK = 5, StopSequences = ["END"], User = "u", ServiceTier = "default" },
            Old,
            out TranslationReport report);
        AssertSame(
            JsonNode.Parse("""{"stream":true,"temperature":0.3,"top_k":5,"stop_sequences":["END"],"metadata":{"user_id":"u"},"service_tier":"standard_only"}"""),
            new JsonObject(body.Where(p => p.Key is not ("model" or "max_tokens" or "messages")).Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone()))));
        Assert.Empty(report.Entries);
    }

    [Fact]
    public void WhatTheApiCannotSayIsReported()
    {
        _ = Encode(
            Chat(User("Hi") with { Name = "Ann" }) with
            {
                Temperature = 1.7,
                TopP = 0.5,
                StopSequences = ["\n", "END"],
                CandidateCount = 2,
                Seed = 1,
                PresencePenalty = 1,
                FrequencyPenalty = 1,
                LogProbs = true,
                TopLogProbs = 2,
                Verbosity = "low",
                Store = true,
                Metadata = new Dictionary<string, string> { ["a"] = "b" },
                PromptCacheKey = "k",
                PromptCacheRetention = "24h",
                OutputModalities = ["text", "audio"],
                AudioOutput = new AudioOutput("alloy", "wav"),
                ServiceTier = "flex",
                User = "u",
                SafetyIdentifier = "s",
            },
            Old,
            out TranslationReport report);
        Assert.Equal(
            [
                "-audio", "-frequency_penalty", "-logprobs", "-messages[].name", "-metadata", "-modalities", "-n", "-presence_penalty", "-seed", "-service_tier", "-stop", "-store", "-top_logprobs", "-top_p", "-user", "-verbosity", "~prompt_cache_key", "~prompt_cache_retention", "~temperature",
            ],
            Fields(report).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void WhatChangesNothingIsNotReported()
    {
        _ = Encode(
            Chat(User("Hi")) with { CandidateCount = 1, PresencePenalty = 0, FrequencyPenalty = 0, LogProbs = false, TopLogProbs = 0, Verbosity = "medium", Store = false, Temperature = 1, TopP = 1, OutputModalities = ["text"], ServiceTier = "auto", ParallelToolCalls = true },
            "claude-opus-5-5",
            out TranslationReport report);
        Assert.Empty(report.Entries);
    }

    [Theory]
    [InlineData("claude-opus-4-7", null)]
    [InlineData("claude-sonnet-5", null)]
    [InlineData("claude-haiku-5-5", null)]
    [InlineData("claude-opus-4-6", ReasoningEffort.High)]
    public void SamplingIsLeftOutWhereItIsRefused(string model, ReasoningEffort? effort)
    {
        ChatRequest request = Chat(User("Hi")) with { Temperature = 0.2, TopP = 0.9, TopK = 5, Reasoning = effort is null ? null : new ReasoningOptions { Effort = effort } };
        JsonObject body = Encode(request, model, out TranslationReport report);
        Assert.False(body.ContainsKey("temperature") || body.ContainsKey("top_p") || body.ContainsKey("top_k"));
        Assert.Equal(["-temperature", "-top_p", "-top_k"], Fields(report));
    }

    [Fact]
    public void ACounterIsSentWhatItTakes()
    {
        ChatRequest request = Chat(Instruct("S"), User("Hi")) with
        {
            MaxOutputTokens = 50,
            Stream = true,
            Temperature = 0.5,
            Tools = [new FunctionTool("t")],
            ToolChoice = new ToolChoice(ToolChoiceMode.Auto),
            Reasoning = new ReasoningOptions { Mode = ReasoningMode.Adaptive, Effort = ReasoningEffort.Low },
            User = "u",
            Extra = new ExtraFields(DialectIds.Messages, "", [new ExtraField("container", Element("\"c\""))]),
        };
        string json = Text(o => Dialect.EncodeCountRequest(request, new TargetProfile("claude-opus-4-6"), new TranslationReport(), o));
        Assert.Equal(["messages", "model", "output_config", "system", "thinking", "tool_choice", "tools"], JsonNode.Parse(json)!.AsObject().Select(p => p.Key).Order(StringComparer.Ordinal));
        Assert.Equal(7, Dialect.DecodeCount(Element("""{"input_tokens":7}""")));
        Assert.Equal("""{"input_tokens":7}""", Text(o => Dialect.EncodeCount(7, o)));
        Assert.Equal(502, Assert.Throws<GatewayException>(() => Dialect.DecodeCount(Element("{}"))).Error.Status);
    }
}
