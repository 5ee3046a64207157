using System.Text.Json.Nodes;

namespace Serverless.EndToEnd.Tests.Provider;

/// <summary>OpenAI Responses.</summary>
public sealed class ResponsesWire : Wire
{
    private const string Usage = """{"input_tokens":20,"input_tokens_details":{"cached_tokens":8},"output_tokens":9,"output_tokens_details":{"reasoning_tokens":4},"total_tokens":29}""";

    public override Asked Read(JsonObject body, string? modelInPath, bool streamInPath)
    {
        List<string> results = [];
        List<byte[]> media = [];
        foreach (JsonNode? item in (body["input"] as JsonArray) ?? [])
        {
            if ((string?)item!["type"] == "function_call_output")
            {
                results.Add($"{(string?)item["call_id"]}={Text(item["output"])}");
            }

            foreach (JsonNode? part in (item["content"] as JsonArray) ?? [])
            {
                if (DataUrl((string?)part!["image_url"]) is { } bytes)
                {
                    media.Add(bytes);
                }
            }
        }

        return new Asked((string)body["model"]!, (bool?)body["stream"] ?? false, results, media, (string?)body["text"]?["format"]?["type"] == "json_schema", body["tools"] is JsonArray { Count: > 0 }, body.ToJsonString());
    }

    public override JsonObject Whole(Answer answer) => Resource("completed", [.. answer.Pieces.Select((p, i) => Item(p, i, "completed", whole: true))], Usage);

    public override IEnumerable<(string? Name, string Data)> Events(Answer answer, Asked asked)
    {
        int sequence = 0;
        (string? Name, string Data) Event(string type, string fields) => (type, $$"""{"type":"{{type}}","sequence_number":{{sequence++}},{{fields}}}""");

        yield return Event("response.created", $$"""  "response":{{Resource("in_progress", [], "null").ToJsonString()}}  """);
        yield return Event("response.in_progress", $$"""  "response":{{Resource("in_progress", [], "null").ToJsonString()}}  """);
        int index = 0;
        foreach (Piece piece in answer.Pieces)
        {
            string id = Item(piece, index, "in_progress", whole: false)["id"]!.GetValue<string>();
            string place = $"\"item_id\":\"{id}\",\"output_index\":{index}";
            yield return Event("response.output_item.added", $"\"output_index\":{index},\"item\":{Item(piece, index, "in_progress", whole: false).ToJsonString()}");
            switch (piece)
            {
                case Think think:
                    yield return Event("response.reasoning_summary_part.added", $$"""{{place}},"summary_index":0,"part":{"type":"summary_text","text":""}""");
                    foreach (string cut in Cut(think.Text))
                    {
                        yield return Event("response.reasoning_summary_text.delta", $"{place},\"summary_index\":0,\"delta\":{Quote(cut)}");
                    }

                    yield return Event("response.reasoning_summary_text.done", $"{place},\"summary_index\":0,\"text\":{Quote(think.Text)}");
                    yield return Event("response.reasoning_summary_part.done", $$"""{{place}},"summary_index":0,"part":{"type":"summary_text","text":{{Quote(think.Text)}}}""");
                    break;
                case Say say:
                    yield return Event("response.content_part.added", $$"""{{place}},"content_index":0,"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]}""");
                    foreach (string delta in say.Deltas)
                    {
                        yield return Event("response.output_text.delta", $"{place},\"content_index\":0,\"delta\":{Quote(delta)},\"logprobs\":[],\"obfuscation\":\"x\"");
                    }

                    yield return Event("response.output_text.done", $"{place},\"content_index\":0,\"text\":{Quote(say.Text)},\"logprobs\":[]");
                    yield return Event("response.content_part.done", $$"""{{place}},"content_index":0,"part":{"type":"output_text","text":{{Quote(say.Text)}},"annotations":[],"logprobs":[]}""");
                    break;
                case Call call:
                    foreach (string cut in Cut(call.Arguments))
                    {
                        yield return Event("response.function_call_arguments.delta", $"{place},\"delta\":{Quote(cut)}");
                    }

                    yield return Event("response.function_call_arguments.done", $"{place},\"arguments\":{Quote(call.Arguments)}");
                    break;
            }

            yield return Event("response.output_item.done", $"\"output_index\":{index},\"item\":{Item(piece, index, "completed", whole: true).ToJsonString()}");
            index++;
        }

        yield return Event("response.completed", $"\"response\":{Whole(answer).ToJsonString()}");
    }

    public override JsonObject Error(int status, string message) => new ChatWire().Error(status, message);

    private static JsonObject Item(Piece piece, int index, string status, bool whole) => piece switch
    {
        Think think => Obj($$"""{"id":"rs_{{index}}","type":"reasoning","summary":{{(whole ? $$"""[{"type":"summary_text","text":{{Quote(think.Text)}}}]""" : "[]")}}}"""),
        Say say => Obj($$"""{"id":"msg_{{index}}","type":"message","status":"{{status}}","role":"assistant","content":{{(whole ? $$"""[{"type":"output_text","text":{{Quote(say.Text)}},"annotations":[],"logprobs":[]}]""" : "[]")}}}"""),
        Call call => Obj($$"""{"id":"fc_{{index}}","type":"function_call","status":"{{status}}","call_id":"{{call.Id}}","name":"{{call.Name}}","arguments":{{Quote(whole ? call.Arguments : "")}}}"""),
        _ => throw new NotSupportedException(),
    };

    private static JsonObject Resource(string status, JsonObject[] output, string usage)
    {
        JsonObject resource = Obj($$$"""
            {"id":"resp_1","object":"response","created_at":1790000000,"status":"{{{status}}}","background":false,"error":null,"incomplete_details":null,"instructions":null,"max_output_tokens":null,
             "model":"{{{Answer.Model}}}","parallel_tool_calls":true,"previous_response_id":null,"reasoning":{"effort":null,"summary":null},"service_tier":"default","store":false,"temperature":1.0,
             "text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],"top_p":1.0,"truncation":"disabled","usage":{{{usage}}},"user":null,"metadata":{} }
            """);
        resource["output"] = new JsonArray([.. output]);
        return resource;
    }
}
