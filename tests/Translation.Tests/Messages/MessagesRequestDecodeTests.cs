using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using static Serverless.Translation.Tests.Messages.MessagesFixture;

namespace Serverless.Translation.Tests.Messages;

public sealed class MessagesRequestDecodeTests
{
    [Theory]
    [InlineData("""{"max_tokens":1,"messages":[]}""", "model")]
    [InlineData("""{"model":"m","messages":[]}""", "max_tokens")]
    [InlineData("""{"model":"m","max_tokens":null,"messages":[]}""", "max_tokens")]
    [InlineData("""{"model":"m","max_tokens":1}""", "messages")]
    [InlineData("""{"model":"m","max_tokens":"1","messages":[]}""", "max_tokens")]
    [InlineData("""{"model":"m","max_tokens":1.5,"messages":[]}""", "max_tokens")]
    [InlineData("""{"model":7,"max_tokens":1,"messages":[]}""", "model")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":{}}""", "messages")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":["hi"]}""", "messages[0]")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[{"content":"hi"}]}""", "messages[0].role")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[{"role":"tool","content":"hi"}]}""", "messages[0].role")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[{"role":"user"}]}""", "messages[0].content")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[{"role":"user","content":7}]}""", "messages[0].content")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[{"role":"user","content":["hi"]}]}""", "messages[0].content[0]")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"text":"hi"}]}]}""", "messages[0].content[0].type")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"text"}]}]}""", "messages[0].content[0].text")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"text","text":7}]}]}""", "messages[0].content[0].text")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"image"}]}]}""", "messages[0].content[0].source")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png"}}]}]}""", "messages[0].content[0].source.data")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url"}}]}]}""", "messages[0].content[0].source.url")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[{"type":"tool_use","name":"t","input":{}}]}]}""", "messages[0].content[0].id")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"x","input":{}}]}]}""", "messages[0].content[0].name")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"x","name":"t","input":"{}"}]}]}""", "messages[0].content[0].input")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_result","content":"x"}]}]}""", "messages[0].content[0].tool_use_id")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"x","content":[{"type":"text","text":null}]}]}]}""", "messages[0].content[0].content[0].text")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[],"system":7}""", "system")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[],"tools":[{"input_schema":{}}]}""", "tools[0].name")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[],"tools":[{"name":"t","input_schema":"x"}]}""", "tools[0].input_schema")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[],"tool_choice":"auto"}""", "tool_choice")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[],"tool_choice":{"type":"tool"}}""", "tool_choice.name")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[],"temperature":"hot"}""", "temperature")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[],"top_k":1.5}""", "top_k")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[],"stream":"yes"}""", "stream")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[],"stop_sequences":["a",1]}""", "stop_sequences[1]")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[],"thinking":{}}""", "thinking.type")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[],"output_config":{"effort":"extreme"}}""", "output_config.effort")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[],"output_config":{"format":{"type":"json_schema"}}}""", "output_config.format.schema")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[],"metadata":{"user_id":7}}""", "metadata.user_id")]
    public void AWrongRequestIsRefusedByTheNameOfItsField(string json, string param)
    {
        GatewayError error = DecodeFault(json);
        Assert.Equal((400, param), (error.Status, error.Param));
    }

    [Fact]
    public void ParametersAreRead()
    {
        ChatRequest request = DecodeWith(
            """
            "stream":true,"temperature":0.5,"top_p":0.9,"top_k":40,"stop_sequences":["END"],"metadata":{"user_id":"u"},"service_tier":"standard_only",
            "tool_choice":{"type":"any","disable_parallel_tool_use":true},"system":"Be brief.","container":"c1","speed":"fast","context_management":{"edits":[]},"temperature_of_tomorrow":null
            """);
        Assert.True(request is { Model: "m", Stream: true, IncludeStreamUsage: true, MaxOutputTokens: 100, Temperature: 0.5, TopP: 0.9, TopK: 40, User: "u", ServiceTier: "default" });
        Assert.True(request is { ToolChoice.Mode: ToolChoiceMode.Required, ParallelToolCalls: false });
        Assert.Equal(["END"], request.StopSequences);
        Assert.Equal("Be brief.", Assert.IsType<TextPart>(Assert.Single(request.Instructions)).Text);
        Assert.Equal(["container", "speed", "context_management"], request.Extra!.Fields.Select(f => f.Name));
        Assert.Equal((DialectIds.Messages, ""), (request.Extra.Dialect, request.Extra.Path));
    }

    [Theory]
    [InlineData("""{"type":"auto"}""", ToolChoiceMode.Auto, null, null)]
    [InlineData("""{"type":"any","disable_parallel_tool_use":false}""", ToolChoiceMode.Required, null, true)]
    [InlineData("""{"type":"none"}""", ToolChoiceMode.None, null, null)]
    [InlineData("""{"type":"tool","name":"t","disable_parallel_tool_use":true}""", ToolChoiceMode.Named, "t", false)]
    public void ToolChoicesAreRead(string json, ToolChoiceMode mode, string? name, bool? parallel)
    {
        ChatRequest request = DecodeWith($"\"tool_choice\":{json}");
        Assert.Equal((mode, name, parallel), (request.ToolChoice!.Mode, request.ToolChoice.Name, request.ParallelToolCalls));
    }

    [Fact]
    public void AToolChoiceOfTomorrowIsKept() =>
        Assert.Equal("of_tomorrow", DecodeWith("""  "tool_choice":{"type":"of_tomorrow","x":1} """).ToolChoice!.Opaque!.Type);

    [Fact]
    public void TheModelMayStandInTheUrl()
    {
        JsonElement body = Element("""{"anthropic_version":"bedrock-2023-05-31","max_tokens":5,"messages":[]}""");
        ChatRequest request = Dialect.DecodeRequest(body, new RequestAddress("claude-haiku-4-5"));
        Assert.Equal("claude-haiku-4-5", request.Model);
        Assert.NotNull(request.Extra!["anthropic_version"]);
    }

    [Fact]
    public void CountingNeedsNoLimit() =>
        Assert.Null(Dialect.DecodeCountRequest(Element("""{"model":"m","messages":[{"role":"user","content":"hi"}]}"""), default).MaxOutputTokens);

    [Fact]
    public void TurnsAndTheirSystemTurnsStayWhereTheyAre()
    {
        ChatRequest request = Decode(
            """
            {"model":"m","max_tokens":1,"messages":[
              {"role":"user","content":"a"},{"role":"system","content":"b"},{"role":"assistant","content":""},
              {"role":"user","content":[]},{"role":"system","content":[],"output_config":{"effort":"low"}}]}
            """);
        Assert.Equal([Role.User, Role.System, Role.Assistant, Role.User, Role.System], request.Messages.Select(m => m.Role));
        Assert.Equal([1, 1, 0, 0, 0], request.Messages.Select(m => m.Parts.Count));
        Assert.Equal("messages[4]", request.Messages[4].Extra!.Path);
    }

    [Fact]
    public void SystemBlocksKeepTheirCacheMarks()
    {
        ChatRequest request = DecodeWith("""  "system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=2;"},{"type":"text","text":"A","cache_control":{"type":"ephemeral"}},{"type":"text","text":"B","cache_control":{"type":"ephemeral","ttl":"1h"}}] """);
        Assert.IsType<OpaquePart>(request.Instructions[0]);
        Assert.Equal(new CacheBreakpoint(), request.Instructions[1].Cache);
        Assert.Equal(new CacheBreakpoint("1h"), request.Instructions[2].Cache);
    }

    [Fact]
    public void MediaOfEverySourceIsRead()
    {
        IReadOnlyList<ContentPart> parts = DecodeBlocks(
            """
            {"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO\/w=="},"cache_control":{"type":"ephemeral","ttl":"5m"}},
            {"type":"image","source":{"type":"url","url":"https://a.example/b.png"}},
            {"type":"image","source":{"type":"file","file_id":"file_1"}},
            {"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"},"title":"T","context":"C","citations":{"enabled":true}},
            {"type":"document","source":{"type":"text","media_type":"text/plain","data":"Words"}},
            {"type":"document","source":{"type":"url","url":"https://a.example/b.pdf"}},
            {"type":"document","source":{"type":"content","content":[{"type":"text","text":"One"},{"type":"text","text":"Two"}]}},
            {"type":"document","source":{"type":"content","content":"One"}},
            {"type":"document","source":{"type":"content","content":[{"type":"image","source":{"type":"url","url":"https://a.example"}}]}},
            {"type":"image","source":{"type":"of_tomorrow"}}
            """);
        var image = (MediaPart)parts[0];
        Assert.Equal(("image/png", "iVBO/w=="), (((Base64Source)image.Source).MediaType, Encoding.ASCII.GetString(((Base64Source)image.Source).Base64.Span)));
        Assert.Equal(new CacheBreakpoint("5m"), image.Cache);
        Assert.Equal(new UrlSource("https://a.example/b.png"), ((MediaPart)parts[1]).Source);
        Assert.Equal(new FileSource("file_1", DialectIds.Messages), ((MediaPart)parts[2]).Source);
        var pdf = (MediaPart)parts[3];
        Assert.Equal((MediaKind.Document, "T"), (pdf.Kind, pdf.Name));
        Assert.Equal(["context", "citations"], pdf.Extra!.Fields.Select(f => f.Name));
        Assert.Equal("messages[0].content[3]", pdf.Extra.Path);
        Assert.Equal(new TextSource("Words"), ((MediaPart)parts[4]).Source);
        Assert.IsType<UrlSource>(((MediaPart)parts[5]).Source);
        Assert.Equal(new TextSource("One\nTwo"), ((MediaPart)parts[6]).Source);
        Assert.Equal(new TextSource("One"), ((MediaPart)parts[7]).Source);
        Assert.IsType<OpaquePart>(parts[8]);
        Assert.IsType<OpaquePart>(parts[9]);
    }

    [Fact]
    public void ToolsAndResultsAreRead()
    {
        ContentPart[] calls = [.. DecodeBlocks("""{"type":"tool_use","id":"toolu_1","name":"t","input":{"b": 1, "a":"\u00e9"},"caller":{"type":"direct"}},{"type":"tool_use","id":"toolu_2","name":"t"}""", "assistant")];
        var call = (ToolCallPart)calls[0];
        Assert.Equal(("toolu_1", "t", """{"b": 1, "a":"\u00e9"}"""), (call.Id, call.Name, call.Arguments));
        Assert.NotNull(call.Extra!["caller"]);
        Assert.Equal("{}", ((ToolCallPart)calls[1]).Arguments);

        ToolResultPart[] results = [.. DecodeBlocks(
            """
            {"type":"tool_result","tool_use_id":"a","content":"Words"},{"type":"tool_result","tool_use_id":"b","content":"","is_error":true},
            {"type":"tool_result","tool_use_id":"c"},{"type":"tool_result","tool_use_id":"d","content":null,"is_error":null},
            {"type":"tool_result","tool_use_id":"e","content":[{"type":"text","text":"x"},{"type":"image","source":{"type":"url","url":"https://a.example"}},{"type":"document","source":{"type":"text","data":"d","media_type":"text/plain"}},{"type":"tool_reference","tool_name":"t"}]}
            """).Cast<ToolResultPart>()];
        Assert.Equal([1, 0, 0, 0, 4], results.Select(r => r.Content.Count));
        Assert.Equal([false, true, false, false, false], results.Select(r => r.IsError));
        Assert.Equal([typeof(TextPart), typeof(MediaPart), typeof(MediaPart), typeof(OpaquePart)], results[4].Content.Select(c => c.GetType()));
    }

    [Fact]
    public void ThinkingIsReadWithItsMaker()
    {
        ReasoningPart[] parts = [.. DecodeBlocks(
            """{"type":"thinking","thinking":"Hm","signature":"c2VhbA=="},{"type":"thinking","thinking":"","signature":""},{"type":"redacted_thinking","data":"cmVk"},{"type":"thinking","thinking":"GPT","signature":"gw1.openai:responses.gAAA"}""",
            "assistant").Cast<ReasoningPart>()];
        Assert.Equal(new Signature("c2VhbA==", DialectIds.Messages), parts[0].Signature);
        Assert.Null(parts[1].Signature);
        Assert.True(parts[2] is { Redacted: true, Text: "", Signature.Value: "cmVk" });
        Assert.Equal(new Signature("gAAA", DialectIds.Responses), parts[3].Signature);
    }

    [Fact]
    public void UnknownBlocksAreKeptWhole()
    {
        string[] types = ["server_tool_use", "web_search_tool_result", "mcp_tool_use", "mcp_tool_result", "container_upload", "search_result", "block_of_tomorrow"];
        IReadOnlyList<ContentPart> parts = DecodeBlocks(string.Join(',', types.Select(t => $$"""{"cache_control":{"type":"ephemeral"},"type":"{{t}}","x":[1]}""")));
        Assert.Equal(types, parts.Cast<OpaquePart>().Select(p => p.Type));
        Assert.Equal("messages[0].content[6]", ((OpaquePart)parts[6]).Path);
        Assert.All(parts, p => Assert.NotNull(p.Cache));
    }

    [Fact]
    public void ToolDeclarationsAreRead()
    {
        ChatRequest request = DecodeWith(
            """
            "tools":[{"name":"a"},{"type":"custom","name":"b","description":"B","input_schema":{"type":"object"},"strict":true,"defer_loading":true,"eager_input_streaming":true,"cache_control":{"type":"ephemeral","ttl":"1h"}},
            {"type":"web_search_20250305","name":"web_search","max_uses":3},{"type":"bash_20250124","name":"bash"},{"type":null,"name":"c","input_schema":null}]
            """);
        Assert.Null(((FunctionTool)request.Tools[0]).Parameters);
        var b = (FunctionTool)request.Tools[1];
        Assert.True(b is { Name: "b", Description: "B", Strict: true, Parameters: not null, Cache.Ttl: "1h" });
        Assert.Equal(["defer_loading", "eager_input_streaming"], b.Extra!.Fields.Select(f => f.Name));
        Assert.Equal([("web_search_20250305", "tools[2]"), ("bash_20250124", "tools[3]")], request.Tools.OfType<ServerTool>().Select(t => (t.Type, t.Path)));
        Assert.Equal("c", ((FunctionTool)request.Tools[4]).Name);
    }

    [Theory]
    [InlineData("""{"type":"enabled","budget_tokens":2000}""", ReasoningMode.Enabled, 2000L, null)]
    [InlineData("""{"type":"adaptive","display":"omitted"}""", ReasoningMode.Adaptive, null, false)]
    [InlineData("""{"type":"adaptive","display":"summarized"}""", ReasoningMode.Adaptive, null, true)]
    [InlineData("""{"type":"disabled"}""", ReasoningMode.Disabled, null, null)]
    public void ThinkingIsAskedFor(string json, ReasoningMode mode, long? budget, bool? shown)
    {
        ReasoningOptions options = DecodeWith($"\"thinking\":{json}").Reasoning!;
        Assert.Equal((mode, budget, shown), (options.Mode, options.BudgetTokens, options.IncludeThoughts));
    }

    [Fact]
    public void WhatThinkingSaysBeyondThatIsKept()
    {
        Assert.NotNull(DecodeWith("""  "thinking":{"type":"adaptive","of_tomorrow":1} """).Extra!["thinking"]);
        ChatRequest notes = DecodeWith("""  "thinking":{"type":"between_tools"} """);
        Assert.Equal(ReasoningMode.Disabled, notes.Reasoning!.Mode);
        Assert.NotNull(notes.Extra!["thinking"]);
        Assert.Null(DecodeWith("""  "thinking":{"type":"of_tomorrow"} """).Reasoning);
    }

    [Fact]
    public void OutputConfigIsRead()
    {
        ChatRequest request = DecodeWith("""  "output_config":{"effort":"xhigh","format":{"type":"json_schema","schema":{"type":"object"}},"task_budget":{"total":9}},"thinking":{"type":"adaptive"} """);
        Assert.True(request.Reasoning is { Mode: ReasoningMode.Adaptive, Effort: ReasoningEffort.XHigh, IncludeThoughts: null });
        Assert.True(request.ResponseFormat is { Kind: ResponseFormatKind.JsonSchema, Schema: not null });
        Assert.NotNull(request.Extra!["output_config"]);
        Assert.True(DecodeWith("""  "output_config":{"effort":"low"} """).Reasoning is { Mode: null, Effort: ReasoningEffort.Low, IncludeThoughts: false });
        Assert.Equal(ResponseFormatKind.JsonSchema, DecodeWith("""  "output_format":{"type":"json_schema","schema":{}} """).ResponseFormat!.Kind);
    }

    [Fact]
    public void CitationsAreReadAndKeptForTheirMaker()
    {
        var text = (TextPart)DecodeBlocks(
            """
            {"type":"text","text":"Snow","citations":[
              {"type":"web_search_result_location","url":"https://a.example","title":"A","cited_text":"snow","encrypted_index":"RW5j"},
              {"type":"web_search_result_location","url":"https://b.example","title":null,"cited_text":"","encrypted_index":""},
              {"type":"page_location","cited_text":"p","document_index":0,"document_title":"Doc","start_page_number":1,"end_page_number":2},
              {"type":"search_result_location","source":"https://c.example/x","title":"C","cited_text":"s","search_result_index":0,"start_block_index":0,"end_block_index":1}]}
            """, "assistant")[0];
        Assert.Equal(["https://a.example", "https://b.example", null, "https://c.example/x"], text.Citations.Select(c => c.Url));
        Assert.Equal(["A", null, "Doc", "C"], text.Citations.Select(c => c.Title));
        Assert.Equal([true, false, true, true], text.Citations.Select(c => c.Original is not null));
    }
}
