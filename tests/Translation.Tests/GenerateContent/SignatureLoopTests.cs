using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.GenerateContent;

/// <summary>
/// Gemini 3 refuses the next turn unless the signature of a call comes back on that call. Three turns of a tool loop, each answer taken from
/// what the client was really sent, for every client, streamed and not.
/// </summary>
public sealed class SignatureLoopTests
{
    public static TheoryData<string, bool> Clients
    {
        get
        {
            var rows = new TheoryData<string, bool>();
            foreach (IChatDialect dialect in DialectCatalog.Chat)
            {
                rows.Add(dialect.Id.Name, false);
                rows.Add(dialect.Id.Name, true);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public void SignaturesComeBackOnTheirCalls(string name, bool stream)
    {
        IChatDialect client = DialectCatalog.ChatDialect(new DialectId(name));
        JsonArray history = Conversation.Begin(client.Id);
        string[] answers =
        [
            """{"functionCall":{"name":"weather","args":{"city":"Oslo"},"id":"g1"},"thoughtSignature":"c2lnLzE+"},{"functionCall":{"name":"weather","args":{"city":"Rome"},"id":"g2"}}""",
            """{"text":"Now the time."},{"functionCall":{"name":"time","args":{},"id":"g3"},"thoughtSignature":"c2lnKzI/"}""",
        ];
        foreach (string parts in answers)
        {
            Conversation.Add(client, history, Reply(client, parts, stream));
        }

        CrossedRequest third = Crossing.Encode(Decode(client, history), Gemini.Dialect, new TargetProfile(Gemini.Gemini3));
        JsonElement[] calls =
        [
            .. Gemini.Json(Encoding.UTF8.GetString(third.Body)).GetProperty("contents").EnumerateArray()
                .SelectMany(c => c.GetProperty("parts").EnumerateArray()).Where(p => p.Has("functionCall")),
        ];
        Assert.Equal(["g1", "g2", "g3"], calls.Select(c => c.At("functionCall.id").GetString()));
        Assert.Equal(["c2lnLzE+", null, "c2lnKzI/"], calls.Select(c => c.TryGetProperty("thoughtSignature", out JsonElement s) ? s.GetString() : null));
        JsonElement[] responses =
        [
            .. Gemini.Json(Encoding.UTF8.GetString(third.Body)).GetProperty("contents").EnumerateArray()
                .SelectMany(c => c.GetProperty("parts").EnumerateArray()).Where(p => p.Has("functionResponse")),
        ];
        Assert.Equal([("g1", "weather"), ("g2", "weather"), ("g3", "time")], responses.Select(r => (r.At("functionResponse.id").GetString(), r.At("functionResponse.name").GetString())));

        // Another maker is sent neither the signature nor the carrier of it.
        foreach (IChatDialect other in DialectCatalog.Chat.Where(d => d.Id != DialectIds.GenerateContent))
        {
            string body = Encoding.UTF8.GetString(Crossing.Encode(Decode(client, history), other).Body);
            Assert.DoesNotContain("c2ln", body, StringComparison.Ordinal);
            Assert.DoesNotContain("__sig_", body, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public void AHistoryOfAnotherModelsGetsTheDocumentedDummy(string name, bool stream)
    {
        IChatDialect client = DialectCatalog.ChatDialect(new DialectId(name));
        JsonArray history = Conversation.Begin(client.Id);
        Conversation.Add(client, history, Reply(client, """{"functionCall":{"name":"weather","args":{"city":"Oslo"},"id":"g1"}}""", stream));
        CrossedRequest next = Crossing.Encode(Decode(client, history), Gemini.Dialect, new TargetProfile(Gemini.Gemini3));
        Assert.Equal("skip_thought_signature_validator", Gemini.Json(Encoding.UTF8.GetString(next.Body)).At("contents.1.parts.0.thoughtSignature").GetString());
    }

    private static ChatRequest Decode(IChatDialect client, JsonArray history) =>
        Crossing.Decode(client, Encoding.UTF8.GetBytes(Conversation.Body(client.Id, history)), new RequestAddress("endpoint"));

    /// <summary>What the client is sent for an answer of Gemini's, as the items that it keeps.</summary>
    private static JsonNode Reply(IChatDialect client, string parts, bool stream)
    {
        AnswerContext context = Crossing.Context(stream) with { Request = Decode(client, Conversation.Begin(client.Id)) };
        if (!stream)
        {
            ChatResponse response = Gemini.Answer($$$$$"""{"candidates":[{"content":{"parts":[{{{{{parts}}}}}]},"finishReason":"STOP"}],"modelVersion":"gemini-3","responseId":"r"}""");
            return Conversation.Kept(client.Id, JsonNode.Parse(Crossing.Render(client, response, context))!);
        }

        byte[] sse = Crossing.Render(client, Gemini.Stream(Gemini.Chunk(parts), Gemini.Chunk("""{"text":""}""", ""","finishReason":"STOP" """)), context);
        return Conversation.KeptOfStream(client.Id, sse);
    }

    /// <summary>How the clients of each dialect keep an answer and ask on.</summary>
    private static class Conversation
    {
        public static JsonArray Begin(DialectId client) => client == DialectIds.GenerateContent
            ? [Parse("""{"role":"user","parts":[{"text":"Weather?"}]}""")]
            : [Parse("""{"role":"user","content":"Weather?"}""")];

        public static string Body(DialectId client, JsonArray history)
        {
            string turns = history.ToJsonString();
            const string Schema = """{"type":"object","properties":{"city":{"type":"string"}}}""";
            return client.Name switch
            {
                "openai.chat-completions" => $$$$$"""{"model":"endpoint","messages":{{{{{turns}}}}},"tools":[{"type":"function","function":{"name":"weather","parameters":{{{{{Schema}}}}}}},{"type":"function","function":{"name":"time"}}]}""",
                "openai.responses" => $$$$$"""{"model":"endpoint","store":false,"input":{{{{{turns}}}}},"tools":[{"type":"function","name":"weather","parameters":{{{{{Schema}}}}}},{"type":"function","name":"time"}]}""",
                "anthropic.messages" => $$$$$"""{"model":"endpoint","max_tokens":100,"messages":{{{{{turns}}}}},"tools":[{"name":"weather","input_schema":{{{{{Schema}}}}}},{"name":"time","input_schema":{"type":"object"}}]}""",
                _ => $$$$$"""{"contents":{{{{{turns}}}}},"tools":[{"functionDeclarations":[{"name":"weather","parametersJsonSchema":{{{{{Schema}}}}}},{"name":"time"}]}]}""",
            };
        }

        /// <summary>Adds the answer and a result for each of its calls.</summary>
        public static void Add(IChatDialect client, JsonArray history, JsonNode answer)
        {
            switch (client.Id.Name)
            {
                case "openai.chat-completions":
                    history.Add(answer.DeepClone());
                    foreach (JsonNode? call in answer["tool_calls"]!.AsArray())
                    {
                        history.Add(new JsonObject { ["role"] = "tool", ["tool_call_id"] = call!["id"]!.DeepClone(), ["content"] = "ok" });
                    }

                    break;
                case "openai.responses":
                    foreach (JsonNode? item in answer.AsArray())
                    {
                        history.Add(item!.DeepClone());
                    }

                    foreach (JsonNode? call in answer.AsArray().Where(i => (string?)i!["type"] == "function_call"))
                    {
                        history.Add(new JsonObject { ["type"] = "function_call_output", ["call_id"] = call!["call_id"]!.DeepClone(), ["output"] = "ok" });
                    }

                    break;
                case "anthropic.messages":
                    history.Add(new JsonObject { ["role"] = "assistant", ["content"] = answer.DeepClone() });
                    JsonArray results = [];
                    foreach (JsonNode? call in answer.AsArray().Where(b => (string?)b!["type"] == "tool_use"))
                    {
                        results.Add(new JsonObject { ["type"] = "tool_result", ["tool_use_id"] = call!["id"]!.DeepClone(), ["content"] = "ok" });
                    }

                    history.Add(new JsonObject { ["role"] = "user", ["content"] = results });
                    break;
                default:
                    history.Add(answer.DeepClone());
                    JsonArray responses = [];
                    foreach (JsonNode? part in answer["parts"]!.AsArray().Where(p => p!["functionCall"] is not null))
                    {
                        JsonNode call = part!["functionCall"]!;
                        responses.Add(new JsonObject { ["functionResponse"] = new JsonObject { ["id"] = call["id"]?.DeepClone(), ["name"] = call["name"]!.DeepClone(), ["response"] = new JsonObject { ["output"] = "ok" } } });
                    }

                    history.Add(new JsonObject { ["role"] = "user", ["parts"] = responses });
                    break;
            }
        }

        public static JsonNode Kept(DialectId client, JsonNode answer) => client.Name switch
        {
            "openai.chat-completions" => answer["choices"]![0]!["message"]!,
            "openai.responses" => answer["output"]!,
            "anthropic.messages" => answer["content"]!,
            _ => answer["candidates"]![0]!["content"]!,
        };

        public static JsonNode KeptOfStream(DialectId client, byte[] sse)
        {
            List<JsonNode> events = [];
            using var parser = new SseParser();
            parser.Append(sse);
            while (parser.TryRead(out SseFrame frame))
            {
                if (!frame.IsComment && !frame.IsDone)
                {
                    events.Add(JsonNode.Parse(frame.Data)!);
                }
            }

            return client.Name switch
            {
                "openai.chat-completions" => FoldChat(events),
                "openai.responses" => events.Single(e => (string?)e["type"] == "response.completed")["response"]!["output"]!,
                "anthropic.messages" => FoldMessages(events),
                _ => new JsonObject { ["role"] = "model", ["parts"] = new JsonArray([.. events.SelectMany(e => e["candidates"]![0]!["content"]!["parts"]!.AsArray()).Select(p => p!.DeepClone())]) },
            };
        }

        /// <summary>As the SDKs do it: by index, ids and names from the first delta, texts strung together, unknown fields kept.</summary>
        private static JsonObject FoldChat(List<JsonNode> chunks)
        {
            JsonObject message = new() { ["role"] = "assistant", ["content"] = null };
            SortedDictionary<int, JsonObject> calls = [];
            foreach (JsonNode delta in chunks.Select(c => c["choices"]!.AsArray().FirstOrDefault()?["delta"]).OfType<JsonNode>())
            {
                if (delta["content"] is JsonValue text)
                {
                    message["content"] = (string?)message["content"] + (string?)text;
                }

                foreach (JsonNode? part in delta["tool_calls"]?.AsArray() ?? [])
                {
                    int index = (int)part!["index"]!;
                    if (!calls.TryGetValue(index, out JsonObject? call))
                    {
                        calls[index] = call = part.DeepClone().AsObject();
                        call.Remove("index");
                        continue;
                    }

                    call["function"]!["arguments"] = (string?)call["function"]!["arguments"] + (string?)part["function"]!["arguments"];
                }
            }

            message["tool_calls"] = new JsonArray([.. calls.Values]);
            return message;
        }

        private static JsonArray FoldMessages(List<JsonNode> events)
        {
            SortedDictionary<int, JsonObject> blocks = [];
            Dictionary<int, string> inputs = [];
            foreach (JsonNode e in events)
            {
                switch ((string?)e["type"])
                {
                    case "content_block_start":
                        blocks[(int)e["index"]!] = e["content_block"]!.DeepClone().AsObject();
                        break;
                    case "content_block_delta" when e["delta"]!["text"] is { } text:
                        blocks[(int)e["index"]!]["text"] = (string?)blocks[(int)e["index"]!]["text"] + (string?)text;
                        break;
                    case "content_block_delta" when e["delta"]!["partial_json"] is { } json:
                        inputs[(int)e["index"]!] = inputs.GetValueOrDefault((int)e["index"]!) + (string?)json;
                        break;
                }
            }

            foreach ((int index, string input) in inputs.Where(i => i.Value.Length > 0))
            {
                blocks[index]["input"] = JsonNode.Parse(input);
            }

            return new JsonArray([.. blocks.Values]);
        }

        private static JsonNode Parse(string json) => JsonNode.Parse(json)!;
    }
}
