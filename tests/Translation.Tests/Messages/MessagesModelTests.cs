using System.Text.Json.Nodes;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Dialects.Anthropic.Messages;
using static Serverless.Translation.Tests.Messages.MessagesFixture;

namespace Serverless.Translation.Tests.Messages;

/// <summary>What depends on the model: names, thinking, effort, schemas.</summary>
public sealed class MessagesModelTests
{
    [Theory]
    [InlineData("claude-3-haiku-20240307", 4096)]
    [InlineData("claude-3-5-sonnet-20241022", 8192)]
    [InlineData("claude-3-5-haiku-latest", 8192)]
    [InlineData("anthropic/claude-3.7-sonnet", 64000)]
    [InlineData("claude-3-7-sonnet-latest", 64000)]
    [InlineData("claude-opus-4-20250514", 32000)]
    [InlineData("claude-opus-4@20250514", 32000)]
    [InlineData("claude-opus-4-1", 32000)]
    [InlineData("us.anthropic.claude-sonnet-4-20250514-v1:0", 64000)]
    [InlineData("global.anthropic.claude-sonnet-4-5-20250929-v1:0", 64000)]
    [InlineData("databricks-claude-haiku-4-5", 64000)]
    [InlineData("Claude-Opus-4.6", 128000)]
    [InlineData("claude-sonnet-4-6", 128000)]
    [InlineData("claude-haiku-5-5", 128000)]
    [InlineData("system.ai.claude-opus-5-5[1m]", 128000)]
    [InlineData("claude-instant-1.2", 4096)]
    [InlineData("claude-opus-latest", 128000)]
    [InlineData("claude-opus-7", 128000)]
    [InlineData("claude-of-tomorrow-6-1", 128000)]
    [InlineData("claude-mythos-preview", 128000)]
    [InlineData("deepseek-chat", 8192)]
    public void ModelsAreKnownByTheNamesOfEveryPlatform(string name, long maxOutput) => Assert.Equal(maxOutput, ClaudeModels.Find(name).MaxOutput);

    [Fact]
    public void GenerationsDifferInWhatTheyTake()
    {
        (string Name, bool Sampling, bool Prefill, bool Forced, bool SystemTurns, bool Schema, bool Both)[] expected =
        [
            ("claude-3-5-sonnet", true, true, true, false, false, true),
            ("claude-sonnet-4", true, true, true, false, false, true),
            ("claude-opus-4-1", true, true, true, false, true, false),
            ("claude-haiku-4-5", true, true, true, false, true, false),
            ("claude-opus-4-5", true, true, true, false, true, false),
            ("claude-sonnet-4-6", true, false, true, false, true, false),
            ("claude-opus-4-7", false, false, true, false, true, false),
            ("claude-opus-4-8", false, false, true, true, true, false),
            ("claude-sonnet-5", false, false, true, false, true, false),
            ("claude-opus-5", false, false, true, true, true, false),
            ("claude-fable-5", false, false, true, true, true, false),
            ("claude-fable-5-1", false, false, false, true, true, false),
            ("claude-opus-5-5", false, false, false, true, true, false),
            ("claude-sonnet-5-5", false, false, false, true, true, false),
            ("claude-haiku-5-5", false, false, true, true, true, false),
            ("kimi-k2", true, true, true, true, true, true),
        ];
        Assert.Equal(expected, expected.Select(e =>
        {
            ClaudeModel model = ClaudeModels.Find(e.Name);
            return (e.Name, model.Sampling, model.Prefill, model.ForcedTools, model.SystemTurns, model.JsonSchema, model.TemperatureWithTopP);
        }));
    }

    /// <summary>An effort, a budget, a mode on each generation: what is written, and what is said of it (<c>~</c> changed, <c>-</c> dropped).</summary>
    [Theory]
    // OpenAI's effort.
    [InlineData("claude-3-5-sonnet", null, "high", null, null, "", "", "-")]
    [InlineData("claude-sonnet-4-5", null, "minimal", null, null, "enabled 1024", "", "")]
    [InlineData("claude-sonnet-4-5", null, "high", null, null, "enabled 24576", "", "")]
    [InlineData("claude-sonnet-4-5", null, "max", null, null, "enabled 48000", "", "~")]
    [InlineData("claude-opus-4-5", null, "max", null, null, "enabled 48000", "high", "~~")]
    [InlineData("claude-opus-4-6", null, "xhigh", null, null, "adaptive", "high", "~")]
    [InlineData("claude-opus-4-6", null, "max", null, null, "adaptive", "max", "")]
    [InlineData("claude-opus-4-7", null, "xhigh", null, null, "adaptive", "xhigh", "")]
    [InlineData("claude-opus-5-5", null, "minimal", null, null, "adaptive", "low", "~")]
    [InlineData("some-model", null, "medium", null, null, "adaptive", "medium", "")]
    // None.
    [InlineData("claude-3-5-sonnet", null, "none", null, null, "", "", "")]
    [InlineData("claude-sonnet-4-5", null, "none", null, null, "", "", "")]
    [InlineData("claude-opus-4-8", null, "none", null, null, "", "", "")]
    [InlineData("claude-opus-5", null, "none", null, null, "disabled", "", "")]
    [InlineData("claude-sonnet-5-5", null, "none", null, null, "between_tools", "", "~")]
    [InlineData("claude-opus-5-5", null, "none", null, null, "", "low", "~")]
    [InlineData("claude-fable-5", ReasoningMode.Disabled, null, null, null, "", "low", "~")]
    [InlineData("claude-opus-4-6", ReasoningMode.Disabled, "max", null, null, "disabled", "max", "")]
    [InlineData("claude-opus-5", ReasoningMode.Disabled, "max", null, null, "disabled", "high", "~")]
    // A budget.
    [InlineData("claude-sonnet-4-5", ReasoningMode.Enabled, null, 5000L, null, "enabled 5000", "", "")]
    [InlineData("claude-sonnet-4-5", ReasoningMode.Enabled, null, 10L, null, "enabled 1024", "", "")]
    [InlineData("claude-opus-4-6", ReasoningMode.Enabled, null, 5000L, null, "enabled 5000", "", "")]
    [InlineData("claude-opus-4-7", ReasoningMode.Enabled, null, 5000L, null, "adaptive", "medium", "~")]
    [InlineData("claude-3-5-haiku", ReasoningMode.Enabled, null, 5000L, null, "", "", "-")]
    // As much as the model sees fit.
    [InlineData("claude-sonnet-4-5", ReasoningMode.Adaptive, null, null, null, "enabled 8192", "", "")]
    [InlineData("claude-opus-4-6", ReasoningMode.Adaptive, null, null, true, "adaptive summarized", "", "")]
    [InlineData("claude-opus-5", ReasoningMode.Adaptive, "low", null, false, "adaptive omitted", "low", "")]
    // An effort of an Anthropic client, which is no wish to think.
    [InlineData("claude-opus-4-6", null, "medium", null, false, "", "medium", "")]
    [InlineData("claude-sonnet-4-5", null, "medium", null, false, "", "", "-")]
    [InlineData("some-model", null, "medium", null, false, "", "medium", "")]
    public void ThinkingIsAskedForInTheModelsOwnWay(string model, ReasoningMode? mode, string? effort, long? budget, bool? show, string thinking, string written, string marks)
    {
        ChatRequest request = Chat(User("Hi")) with
        {
            Reasoning = new ReasoningOptions { Mode = mode, Effort = effort is null ? null : Enum.Parse<ReasoningEffort>(effort, ignoreCase: true), BudgetTokens = budget, IncludeThoughts = show },
        };
        JsonObject body = Encode(request, model, out TranslationReport report);
        JsonObject? told = body["thinking"]?.AsObject();
        Assert.Equal(thinking, string.Join(' ', new[] { told?["type"], told?["budget_tokens"], told?["display"] }.Where(n => n is not null)));
        Assert.Equal(written, body["output_config"]?["effort"]?.GetValue<string>() ?? "");
        Assert.Equal(marks, string.Concat(report.Entries.Select(e => e.Dropped ? '-' : '~')));
        Assert.All(report.Entries, e => Assert.Equal("reasoning", e.Field));
    }

    [Theory]
    [InlineData(4000, "enabled 3000", "~")]
    [InlineData(1300, "", "-")]
    [InlineData(9000, "enabled 8192", "")]
    public void ABudgetLeavesRoomForTheAnswer(long limit, string thinking, string marks)
    {
        ChatRequest request = Chat(User("Hi")) with { MaxOutputTokens = limit, Reasoning = new ReasoningOptions { Effort = ReasoningEffort.Medium } };
        JsonObject body = Encode(request, "claude-sonnet-4-5", out TranslationReport report);
        Assert.Equal(thinking, body["thinking"] is { } told ? $"{told["type"]} {told["budget_tokens"]}" : "");
        Assert.Equal(marks, string.Concat(report.Entries.Select(e => e.Dropped ? '-' : '~')));
        Assert.Equal(limit, body["max_tokens"]!.GetValue<long>());
    }

    [Theory]
    [InlineData("claude-sonnet-4-5", "", "any", "~reasoning")]
    [InlineData("claude-opus-4-8", "", "any", "~reasoning")]
    [InlineData("claude-opus-5", "disabled", "any", "~reasoning")]
    [InlineData("claude-fable-5", "", "any", "~reasoning")]
    [InlineData("claude-opus-5-5", "adaptive", "auto", "~tool_choice")]
    public void AForcedToolComesBeforeThinking(string model, string thinking, string choice, string marks)
    {
        ChatRequest request = Chat(User("Hi")) with { Tools = [new FunctionTool("t")], ToolChoice = new ToolChoice(ToolChoiceMode.Required), Reasoning = new ReasoningOptions { Effort = ReasoningEffort.High } };
        JsonObject body = Encode(request, model, out TranslationReport report);
        Assert.Equal(thinking, body["thinking"]?["type"]?.GetValue<string>() ?? "");
        Assert.Equal(choice, body["tool_choice"]!["type"]!.GetValue<string>());
        Assert.Equal(marks, string.Join(' ', report.Entries.Select(e => (e.Dropped ? "-" : "~") + e.Field)));
    }

    [Fact]
    public void AModelThatThinksAnywayIsToldNotToWhenAToolIsForced() =>
        Assert.Equal("disabled", Encode(Chat(User("Hi")) with { Tools = [new FunctionTool("t")], ToolChoice = new ToolChoice(ToolChoiceMode.Required) }, "claude-opus-5")["thinking"]!["type"]!.GetValue<string>());

    [Theory]
    [InlineData("claude-sonnet-4-5", false, "")]
    [InlineData("claude-sonnet-4-5", true, "enabled")]
    [InlineData("claude-opus-4-6", false, "adaptive")]
    public void AToolLoopThatBeganWithoutThinkingGoesOnWithoutABudget(string model, bool thought, string thinking)
    {
        ContentPart[] call = [new ToolCallPart("a", "t", "{}")];
        if (thought)
        {
            call = [new ReasoningPart("Hm") { Signature = new Signature("c2VhbA==", DialectIds.Messages) }, .. call];
        }

        ChatRequest request = Chat(User("Hi"), Assistant(call), User(new ToolResultPart("a", [])))
            with
        { Tools = [new FunctionTool("t")], Reasoning = new ReasoningOptions { Effort = ReasoningEffort.Low } };
        JsonObject body = Encode(request, model, out TranslationReport report);
        Assert.Equal(thinking, body["thinking"]?["type"]?.GetValue<string>() ?? "");
        Assert.Equal(thinking.Length == 0 ? 1 : 0, report.Entries.Count);
    }

    [Fact]
    public void SuchALoopKeepsThinkingWhereItCanBeAdaptive()
    {
        ChatRequest request = Chat(User("Hi"), Assistant(new ToolCallPart("a", "t", "{}")), User(new ToolResultPart("a", [])))
            with
        { Tools = [new FunctionTool("t")], Reasoning = new ReasoningOptions { Mode = ReasoningMode.Enabled, BudgetTokens = 5000 } };
        JsonObject body = Encode(request, "claude-opus-4-6", out TranslationReport report);
        Assert.Equal("adaptive", body["thinking"]!["type"]!.GetValue<string>());
        Assert.Equal("medium", body["output_config"]!["effort"]!.GetValue<string>());
        Assert.Single(report.Entries);
    }

    [Fact]
    public void WhatTheClientSaidBeyondIsWrittenBack()
    {
        ChatRequest request = DecodeWith("""  "thinking":{"type":"between_tools","of_tomorrow":1},"output_config":{"effort":"low","task_budget":{"total":9}},"container":"c" """);
        JsonObject body = Encode(request, "claude-sonnet-5-5", out TranslationReport report);
        Assert.Empty(report.Entries);
        AssertSame(JsonNode.Parse("""{"type":"between_tools","of_tomorrow":1}"""), body["thinking"]);
        AssertSame(JsonNode.Parse("""{"effort":"low","task_budget":{"total":9}}"""), body["output_config"]);
        Assert.Equal("c", body["container"]!.GetValue<string>());
    }

    public static TheoryData<string, string, string> Schemas => new()
    {
        { """{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}""", """{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}""", "" },
        { """{"type":"object","properties":{"a":{"type":"integer","minimum":1,"maximum":9,"description":"Age"}}}""", """{"type":"object","properties":{"a":{"type":"integer","description":"Age\n\n{minimum: 1, maximum: 9}"}},"additionalProperties":false}""", "maximum, minimum" },
        { """{"type":"array","items":{"type":"object","properties":{}},"minItems":1,"maxItems":3,"uniqueItems":true}""", """{"type":"array","items":{"type":"object","properties":{},"additionalProperties":false},"minItems":1,"description":"{maxItems: 3, uniqueItems: true}"}""", "maxItems, uniqueItems" },
        { """{"$schema":"x","type":"object","$defs":{"n":{"type":"string","minLength":2,"format":"uri"}},"properties":{"n":{"$ref":"#/$defs/n"},"f":{"type":"string","format":"regex"}}}""", """{"type":"object","$defs":{"n":{"type":"string","format":"uri","description":"{minLength: 2}"}},"properties":{"n":{"$ref":"#/$defs/n"},"f":{"type":"string","description":"{format: \"regex\"}"}},"additionalProperties":false}""", "format, minLength" },
        { """{"oneOf":[{"type":"string","const":"a"},{"type":["integer","null"],"enum":[1,null]}]}""", """{"anyOf":[{"type":"string","const":"a"},{"type":["integer","null"],"enum":[1,null]}]}""", "" },
        { """{"type":"object","additionalProperties":{"type":"number"}}""", """{"type":"object","additionalProperties":false,"description":"{additionalProperties: {\"type\":\"number\"}}"}""", "additionalProperties" },
        { """{"type":"string","pattern":"^a+$"}""", """{"type":"string","pattern":"^a+$"}""", "" },
        { """{"type":"string","pattern":"^(?=a)b"}""", """{"type":"string","description":"{pattern: \"^(?=a)b\"}"}""", "pattern" },
        { """{"type":"object","properties":{"a":true,"b":{"not":{}}},"patternProperties":{"x":{}}}""", """{"type":"object","properties":{"a":true,"b":{"description":"{not: {}}"}},"additionalProperties":false,"description":"{patternProperties: {\"x\":{}}}"}""", "not, patternProperties" },
    };

    [Theory, MemberData(nameof(Schemas))]
    public void EnforcedSchemasKeepToTheSubset(string schema, string expected, string moved)
    {
        ChatRequest request = Chat(User("Hi")) with { ResponseFormat = new ResponseFormat(ResponseFormatKind.JsonSchema) { Schema = Element(schema), Strict = true } };
        JsonObject body = Encode(request, "claude-opus-5-5", out TranslationReport report);
        AssertSame(JsonNode.Parse($$"""{"type":"json_schema","schema":{{expected}}}"""), body["output_config"]!["format"]);
        Assert.Equal(moved, report.Entries.Count == 0 ? "" : report.Entries[0].Reason.Split(": ")[1].Replace("'", "", StringComparison.Ordinal));

        // A server that is not Anthropic's may take all of it.
        AssertSame(JsonNode.Parse(schema), Encode(request, "some-model")["output_config"]!["format"]!["schema"]);
    }

    [Theory]
    [InlineData("claude-opus-5-5", """{"type":"object","title":"person","description":"A person","properties":{},"additionalProperties":false}""")]
    [InlineData("some-model", """{"type":"object","title":"person","description":"A person","properties":{}}""")]
    public void ASchemasNameIsItsTitle(string model, string expected)
    {
        var format = new ResponseFormat(ResponseFormatKind.JsonSchema) { Name = "person", Description = "A person", Schema = Element("""{"type":"object","properties":{}}""") };
        AssertSame(JsonNode.Parse(expected), Encode(Chat(User("Hi")) with { ResponseFormat = format }, model)["output_config"]!["format"]!["schema"]);
        format = format with { Schema = Element("""{"type":"object","title":"T","description":"D","properties":{},"additionalProperties":false}""") };
        AssertSame(JsonNode.Parse(format.Schema!.Value.GetRawText()), Encode(Chat(User("Hi")) with { ResponseFormat = format }, model)["output_config"]!["format"]!["schema"]);
    }

    [Fact]
    public void AStrictToolsSchemaKeepsToTheSubsetToo()
    {
        var tool = new FunctionTool("t") { Strict = true, Parameters = Element("""{"type":"object","properties":{"a":{"type":"integer","minimum":1}}}""") };
        JsonObject body = Encode(Chat(User("Hi")) with { Tools = [tool] }, "claude-opus-4-6", out TranslationReport report);
        AssertSame(
            JsonNode.Parse("""{"name":"t","input_schema":{"type":"object","properties":{"a":{"type":"integer","description":"{minimum: 1}"}},"additionalProperties":false},"strict":true}"""),
            body["tools"]![0]);
        Assert.Single(report.Entries);
        body = Encode(Chat(User("Hi")) with { Tools = [tool] }, "claude-sonnet-4", out report);
        Assert.Null(body["tools"]![0]!["strict"]);
        Assert.Equal("tools[t].strict", Assert.Single(report.Entries).Field);
    }

    [Theory]
    [InlineData(
        """{"anyOf":[{"$ref":"#/$defs/a"},{"type":"object","properties":{"y":{},"z":{}},"required":["y","z"]}],"$defs":{"a":{"properties":{"x":{},"z":{}},"required":["x","z"]}}}""",
        """{"type":"object","$defs":{"a":{"properties":{"x":{},"z":{}},"required":["x","z"]}},"properties":{"x":{},"z":{},"y":{}},"required":["z"]}""")]
    [InlineData(
        """{"type":"object","properties":{"k":{}},"required":["k"],"allOf":[{"properties":{"a":{}},"required":["a"]},{"properties":{"b":{}},"required":["b"]}]}""",
        """{"type":"object","properties":{"k":{},"a":{},"b":{}},"required":["k","a","b"]}""")]
    public void AlternativesAtAToolsRootAreMerged(string schema, string expected)
    {
        JsonObject body = Encode(Chat(User("Hi")) with { Tools = [new FunctionTool("t") { Parameters = Element(schema) }] }, "claude-opus-4-6", out TranslationReport report);
        AssertSame(JsonNode.Parse(expected), body["tools"]![0]!["input_schema"]);
        Assert.Single(report.Entries);
    }

    [Theory]
    [InlineData("claude-3-5-sonnet", true)]
    [InlineData("claude-opus-5-5", false)]
    public void AFormThatCannotBeEnforcedIsAskedFor(string model, bool withSchema)
    {
        var format = new ResponseFormat(withSchema ? ResponseFormatKind.JsonSchema : ResponseFormatKind.JsonObject) { Schema = withSchema ? Element("""{"type":"object","title":"Mine"}""") : null };
        JsonObject body = Encode(Chat(User("Hi")) with { Instructions = [new TextPart("A")], ResponseFormat = format }, model, out TranslationReport report);
        Assert.Null(body["output_config"]);
        string instruction = body["system"]![1]!["text"]!.GetValue<string>();
        Assert.Contains(withSchema ? "Mine" : "JSON object", instruction, StringComparison.Ordinal);
        Assert.Equal("response_format", Assert.Single(report.Entries).Field);
    }
}
