using System.Text.Json.Nodes;

namespace Serverless.EndToEnd.Tests.Provider;

/// <summary>OpenAI Chat Completions.</summary>
public sealed class ChatWire : Wire
{
    private const string Usage = """{"prompt_tokens":20,"completion_tokens":9,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":8,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":4,"audio_tokens":0}}""";

    public override Asked Read(JsonObject body, string? modelInPath, bool streamInPath)
    {
        List<string> results = [];
        List<byte[]> media = [];
        foreach (JsonNode? message in body["messages"]!.AsArray())
        {
            if ((string?)message!["role"] == "tool")
            {
                results.Add($"{(string?)message["tool_call_id"]}={Text(message["content"])}");
            }

            foreach (JsonNode? part in (message["content"] as JsonArray) ?? [])
            {
                if (DataUrl((string?)part!["image_url"]?["url"]) is { } bytes)
                {
                    media.Add(bytes);
                }
            }
        }

        return new Asked((string)body["model"]!, (bool?)body["stream"] ?? false, results, media, (string?)body["response_format"]?["type"] == "json_schema", body["tools"] is JsonArray, body.ToJsonString());
    }

    public override JsonObject Whole(Answer answer)
    {
        string content = string.Concat(answer.Pieces.OfType<Say>().Select(s => s.Text));
        JsonObject message = new() { ["role"] = "assistant", ["content"] = content.Length > 0 ? content : null, ["refusal"] = null, ["annotations"] = new JsonArray() };
        if (answer.Pieces.OfType<Think>().FirstOrDefault() is { } think)
        {
            message["reasoning_content"] = think.Text;
        }

        if (answer.HasTools)
        {
            message["tool_calls"] = new JsonArray([.. answer.Pieces.OfType<Call>().Select(c => Obj($$$"""{"id":{{{Quote(c.Id)}}},"type":"function","function":{"name":{{{Quote(c.Name)}}},"arguments":{{{Quote(c.Arguments)}}}}}"""))]);
        }

        return Obj($$$"""
            {"id":"chatcmpl-1","object":"chat.completion","created":1790000000,"model":"{{{Answer.Model}}}","choices":[{"index":0,"message":{{{message.ToJsonString()}}},"logprobs":null,"finish_reason":"{{{(answer.HasTools ? "tool_calls" : "stop")}}}"}],"usage":{{{Usage}}},"service_tier":"default","system_fingerprint":null}
            """);
    }

    public override IEnumerable<(string? Name, string Data)> Events(Answer answer, Asked asked)
    {
        static string Chunk(string delta, string finish = "null") => $$$"""{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1790000000,"model":"{{{Answer.Model}}}","service_tier":"default","choices":[{"index":0,"delta":{{{delta}}},"logprobs":null,"finish_reason":{{{finish}}}}],"usage":null}""";

        yield return (null, Chunk("""{"role":"assistant","content":"","refusal":null}"""));
        int call = 0;
        foreach (Piece piece in answer.Pieces)
        {
            switch (piece)
            {
                case Think think:
                    foreach (string cut in Cut(think.Text))
                    {
                        yield return (null, Chunk($$"""{"reasoning_content":{{Quote(cut)}}}"""));
                    }

                    break;
                case Say say:
                    foreach (string delta in say.Deltas)
                    {
                        yield return (null, Chunk($$"""{"content":{{Quote(delta)}}}"""));
                    }

                    break;
                case Call c:
                    yield return (null, Chunk($$$"""{"tool_calls":[{"index":{{{call}}},"id":{{{Quote(c.Id)}}},"type":"function","function":{"name":{{{Quote(c.Name)}}},"arguments":""}}]}"""));
                    foreach (string cut in Cut(c.Arguments))
                    {
                        yield return (null, Chunk($$$"""{"tool_calls":[{"index":{{{call}}},"function":{"arguments":{{{Quote(cut)}}}}}]}"""));
                    }

                    call++;
                    break;
            }
        }

        yield return (null, Chunk("{}", answer.HasTools ? "\"tool_calls\"" : "\"stop\""));
        if (asked.Body.Contains("\"include_usage\":true", StringComparison.Ordinal))
        {
            yield return (null, $$"""{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1790000000,"model":"{{Answer.Model}}","service_tier":"default","choices":[],"usage":{{Usage}}}""");
        }

        yield return (null, "[DONE]");
    }

    public override JsonObject Error(int status, string message) => Obj($$$"""{"error":{"message":{{{Quote(message)}}},"type":"{{{(status == 429 ? "rate_limit_exceeded" : "invalid_request_error")}}}","param":null,"code":null}}""");
}
