using System.Text.Json.Nodes;

namespace Serverless.EndToEnd.Tests.Provider;

/// <summary>Anthropic Messages. Input excludes what came from the cache: 12 + 8 = 20.</summary>
public sealed class MessagesWire : Wire
{
    public override Asked Read(JsonObject body, string? modelInPath, bool streamInPath)
    {
        List<string> results = [];
        List<byte[]> media = [];
        foreach (JsonNode? message in body["messages"]!.AsArray())
        {
            foreach (JsonNode? block in (message!["content"] as JsonArray) ?? [])
            {
                switch ((string?)block!["type"])
                {
                    case "tool_result":
                        results.Add($"{(string?)block["tool_use_id"]}={Text(block["content"])}");
                        break;
                    case "image" when (string?)block["source"]!["type"] == "base64":
                        media.Add(Convert.FromBase64String((string)block["source"]!["data"]!));
                        break;
                }
            }
        }

        return new Asked((string)body["model"]!, (bool?)body["stream"] ?? false, results, media, (string?)body["output_config"]?["format"]?["type"] == "json_schema", body["tools"] is JsonArray, body.ToJsonString());
    }

    public override JsonObject Whole(Answer answer)
    {
        JsonArray content = [.. answer.Pieces.Select(p => (JsonNode?)Block(p, whole: true))];
        return Obj($$$"""
            {"id":"msg_1","type":"message","role":"assistant","model":"{{{Answer.Model}}}","content":{{{content.ToJsonString()}}},"stop_reason":"{{{(answer.HasTools ? "tool_use" : "end_turn")}}}","stop_sequence":null,
             "usage":{"input_tokens":12,"cache_creation_input_tokens":0,"cache_read_input_tokens":8,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":9,"service_tier":"standard"}}
            """);
    }

    public override IEnumerable<(string? Name, string Data)> Events(Answer answer, Asked asked)
    {
        yield return ("message_start", $$$$"""{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"{{{{Answer.Model}}}}","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":12,"cache_creation_input_tokens":0,"cache_read_input_tokens":8,"output_tokens":1,"service_tier":"standard"}}}""");
        yield return ("ping", """{"type": "ping"}""");
        int index = 0;
        foreach (Piece piece in answer.Pieces)
        {
            yield return ("content_block_start", $$"""{"type":"content_block_start","index":{{index}},"content_block":{{Block(piece, whole: false).ToJsonString()}}}""");
            IEnumerable<string> deltas = piece switch
            {
                Think think => [.. Cut(think.Text).Select(c => $$"""{"type":"thinking_delta","thinking":{{Quote(c)}}}"""), $$"""{"type":"signature_delta","signature":"{{think.Signature}}"}"""],
                Say say => say.Deltas.Select(d => $$"""{"type":"text_delta","text":{{Quote(d)}}}"""),
                Call call => Cut(call.Arguments).Prepend("").Select(c => $$"""{"type":"input_json_delta","partial_json":{{Quote(c)}}}"""),
                _ => throw new NotSupportedException(),
            };
            foreach (string delta in deltas)
            {
                yield return ("content_block_delta", $$"""{"type":"content_block_delta","index":{{index}},"delta":{{delta}}}""");
            }

            yield return ("content_block_stop", $$"""{"type":"content_block_stop","index":{{index}}}""");
            index++;
        }

        yield return ("message_delta", $$$"""{"type":"message_delta","delta":{"stop_reason":"{{{(answer.HasTools ? "tool_use" : "end_turn")}}}","stop_sequence":null},"usage":{"input_tokens":12,"cache_creation_input_tokens":0,"cache_read_input_tokens":8,"output_tokens":9}}""");
        yield return ("message_stop", """{"type":"message_stop"}""");
    }

    public override JsonObject Error(int status, string message) => Obj($$$"""{"type":"error","error":{"type":"{{{(status == 429 ? "rate_limit_error" : "invalid_request_error")}}}","message":{{{Quote(message)}}}},"request_id":"req_1"}""");

    private static JsonObject Block(Piece piece, bool whole) => piece switch
    {
        Think think => Obj($$"""{"type":"thinking","thinking":{{Quote(whole ? think.Text : "")}},"signature":"{{(whole ? think.Signature : "")}}"}"""),
        Say say => Obj($$"""{"type":"text","text":{{Quote(whole ? say.Text : "")}}}"""),
        Call call => Obj($$"""{"type":"tool_use","id":"{{call.Id}}","name":"{{call.Name}}","input":{{(whole ? call.Arguments : "{}")}}}"""),
        _ => throw new NotSupportedException(),
    };
}
