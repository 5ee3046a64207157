using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.Responses;

/// <summary>
/// A coding agent that speaks Responses works with a model of another maker: it sends back every item it was given, and the maker finds
/// its own seals in place, turn after turn, whether the answers are streamed or not.
/// </summary>
public sealed class ResponsesToolLoopTests
{
    private const string Tools = """
        [{"type":"function","name":"shell","parameters":{"type":"object","properties":{"cmd":{"type":"string"}}},"strict":false},
         {"type":"custom","name":"apply_patch","format":{"type":"grammar","syntax":"lark","definition":"start: x"}},
         {"type":"namespace","name":"mcp__docs","description":"Docs","tools":[{"type":"function","name":"shell","parameters":{"type":"object","properties":{}},"strict":false}]}]
        """;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ClaudeFindsItsThinking(bool stream)
    {
        IChatDialect claude = DialectCatalog.ChatDialect(DialectIds.Messages);
        string[] answers =
        [
            """{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"thinking","thinking":"I look.\n\nThen I patch.","signature":"c2ln"},{"type":"redacted_thinking","data":"cmVk"},{"type":"text","text":"Looking."},{"type":"tool_use","id":"toolu_1","name":"shell","input":{"cmd":"ls"}},{"type":"tool_use","id":"toolu_2","name":"apply_patch","input":{"input":"*** Begin \"Patch\""}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":1}}""",
            """{"id":"msg_2","type":"message","role":"assistant","model":"claude","content":[{"type":"thinking","thinking":"","signature":"aGlk"},{"type":"tool_use","id":"toolu_3","name":"mcp__docs__shell","input":{}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":1}}""",
        ];
        JsonNode sent = Loop(claude, "claude-opus-4-6", answers, stream, """{"effort":"high"}""");
        JsonArray messages = sent["messages"]!.AsArray();
        Assert.Equal(["user", "assistant", "user", "assistant", "user"], messages.Select(m => m!["role"]!.GetValue<string>()));
        ResponsesKit.Same(JsonNode.Parse(answers[0])!["content"]!.ToJsonString(), messages[1]!["content"]);
        JsonArray second = messages[3]!["content"]!.AsArray();
        ResponsesKit.Same("""{"type":"thinking","thinking":"","signature":"aGlk"}""", second[0]);
        Assert.Equal("toolu_3", second[1]!["id"]!.GetValue<string>());
        Assert.Equal(sent["tools"]!.AsArray()[^1]!["name"]!.GetValue<string>(), second[1]!["name"]!.GetValue<string>());
        Assert.Equal(["toolu_1", "toolu_2"], messages[2]!["content"]!.AsArray().Select(b => b!["tool_use_id"]!.GetValue<string>()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void GeminiFindsItsThoughtSignatures(bool stream)
    {
        IChatDialect gemini = DialectCatalog.ChatDialect(DialectIds.GenerateContent);
        string[] answers =
        [
            """{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"shell","args":{"cmd":"ls"}},"thoughtSignature":"c2lnMQ=="},{"functionCall":{"name":"apply_patch","args":{"input":"raw"}}}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1},"modelVersion":"gemini-3-pro","responseId":"r1"}""",
            """{"candidates":[{"content":{"role":"model","parts":[{"text":"I see.","thought":true},{"functionCall":{"id":"own-id","name":"mcp__docs__shell","args":{}},"thoughtSignature":"c2lnMg=="}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1},"modelVersion":"gemini-3-pro","responseId":"r2"}""",
        ];
        JsonNode sent = Loop(gemini, "gemini-3-pro", answers, stream, """{"effort":"high"}""");
        JsonNode[] calls = [.. sent["contents"]!.AsArray().SelectMany(c => c!["parts"]!.AsArray()).Where(p => p!["functionCall"] is not null).Select(p => p!)];
        Assert.Equal(["c2lnMQ==", null, "c2lnMg=="], calls.Select(p => p["thoughtSignature"]?.GetValue<string>()));
        Assert.Equal(3, sent["contents"]!.AsArray().SelectMany(c => c!["parts"]!.AsArray()).Count(p => p!["functionResponse"] is not null));
    }

    /// <summary>Lets an agent answer every call it is given, and returns what the provider is sent in the end.</summary>
    private static JsonNode Loop(IChatDialect provider, string model, string[] answers, bool stream, string reasoning)
    {
        var input = new JsonArray(JsonNode.Parse("""{"type":"message","role":"user","content":[{"type":"input_text","text":"Fix it."}]}"""));
        foreach (string answer in answers)
        {
            ChatRequest request = Request(input, reasoning);
            ToolNames names = RequestAdapter.Adapt(request, provider, new TargetProfile(model), new TranslationReport()).Names;
            JsonNode[] items = [.. Answer(provider, answer, request, names, stream).Select(i => i!.DeepClone())];
            foreach (JsonNode item in items)
            {
                input.Add(item);
            }

            foreach (JsonNode item in items)
            {
                string? type = item["type"]!.GetValue<string>() switch { "function_call" => "function_call_output", "custom_tool_call" => "custom_tool_call_output", _ => null };
                if (type is not null)
                {
                    input.Add(new JsonObject { ["type"] = type, ["call_id"] = item["call_id"]!.DeepClone(), ["output"] = "done" });
                }
            }
        }

        JsonNode[] calls = [.. input.Where(i => i!["type"]!.GetValue<string>() is "function_call" or "custom_tool_call").Select(i => i!)];
        Assert.Equal([("function_call", "shell", null), ("custom_tool_call", "apply_patch", null), ("function_call", "shell", "mcp__docs")],
            calls.Select(c => (c["type"]!.GetValue<string>(), c["name"]!.GetValue<string>(), c["namespace"]?.GetValue<string>())));
        ChatRequest last = Request(input, reasoning);
        var output = new ArrayBufferWriter<byte>();
        var profile = new TargetProfile(model);
        var report = new TranslationReport();
        provider.EncodeRequest(RequestAdapter.Adapt(last, provider, profile, report).Request, profile, report, output);
        return JsonNode.Parse(output.WrittenSpan)!;
    }

    private static ChatRequest Request(JsonArray input, string reasoning) => ResponsesKit.Decode(
        $$"""{"model":"endpoint","store":false,"stream":true,"include":["reasoning.encrypted_content"],"reasoning":{{reasoning}},"tools":{{Tools}},"input":{{input.ToJsonString()}}}""");

    private static JsonArray Answer(IChatDialect provider, string answer, ChatRequest request, ToolNames names, bool stream)
    {
        var adapter = new AnswerAdapter(names);
        ChatResponse response = provider.DecodeResponse(JsonDocument.Parse(answer).RootElement);
        if (!stream)
        {
            return ResponsesKit.Render(adapter.Adapt(response), request)["output"]!.AsArray();
        }

        List<ChatEvent> events = [];
        foreach (ChatEvent chatEvent in ChatEventFold.Unfold(response))
        {
            adapter.Adapt(chatEvent, events);
        }

        string sse = ResponsesKit.RenderStream(events, request);
        Assert.Empty(Validators.ResponsesStreamValidator.Faults(Encoding.UTF8.GetBytes(sse)));
        return ResponsesKit.Frames(sse)[^1]["response"]!["output"]!.AsArray();
    }
}
