using System.Text.Json.Nodes;

namespace Serverless.EndToEnd.Tests.Provider;

/// <summary>Gemini generateContent. Candidates exclude thoughts: 5 + 4 = 9.</summary>
public sealed class GeminiWire : Wire
{
    private const string CallSignature = "c2lnLWZjLTE=";
    private const string Usage = """{"promptTokenCount":20,"candidatesTokenCount":5,"thoughtsTokenCount":4,"cachedContentTokenCount":8,"totalTokenCount":29}""";

    public override Asked Read(JsonObject body, string? modelInPath, bool streamInPath)
    {
        List<string> results = [];
        List<byte[]> media = [];
        foreach (JsonNode? content in body["contents"]!.AsArray())
        {
            foreach (JsonNode? part in content!["parts"]!.AsArray())
            {
                if (part!["functionResponse"] is JsonObject response)
                {
                    JsonNode? value = response["response"];
                    results.Add($"{(string?)response["id"]}={Text(value?["output"] ?? value?["result"] ?? value)}");
                }

                // Gemini 3 refuses a call that comes back without the signature it was given.
                if (part["functionCall"] is not null && (string?)part["thoughtSignature"] != CallSignature)
                {
                    results.Add("signature lost");
                }

                if (part["inlineData"] is JsonObject data)
                {
                    media.Add(Convert.FromBase64String((string)data["data"]!));
                }
            }
        }

        JsonNode? config = body["generationConfig"];
        return new Asked(modelInPath!, streamInPath, results, media, config?["responseJsonSchema"] is not null || config?["responseSchema"] is not null, body["tools"] is JsonArray, body.ToJsonString());
    }

    public override JsonObject Whole(Answer answer) => Chunk([.. answer.Pieces.Select(Part)], finish: true);

    public override IEnumerable<(string? Name, string Data)> Events(Answer answer, Asked asked)
    {
        foreach (Piece piece in answer.Pieces)
        {
            if (piece is Say say)
            {
                foreach (string delta in say.Deltas)
                {
                    yield return (null, Chunk([Part(new Say(delta))], finish: false).ToJsonString());
                }
            }
            else
            {
                yield return (null, Chunk([Part(piece)], finish: false).ToJsonString());
            }
        }

        yield return (null, Chunk([Obj("""{"text":""}""")], finish: true).ToJsonString());
    }

    public override JsonObject Error(int status, string message) => Obj($$$"""{"error":{"code":{{{status}}},"message":{{{Quote(message)}}},"status":"{{{(status == 429 ? "RESOURCE_EXHAUSTED" : "INVALID_ARGUMENT")}}}"}}""");

    private static JsonObject Part(Piece piece) => piece switch
    {
        Think think => Obj($$"""{"text":{{Quote(think.Text)}},"thought":true}"""),
        Say say => Obj($$"""{"text":{{Quote(say.Text)}}}"""),
        Call call => Obj($$$"""{"functionCall":{"id":"{{{call.Id}}}","name":"{{{call.Name}}}","args":{{{call.Arguments}}}},"thoughtSignature":"{{{CallSignature}}}"}"""),
        _ => throw new NotSupportedException(),
    };

    private static JsonObject Chunk(JsonObject[] parts, bool finish)
    {
        JsonObject candidate = new() { ["content"] = new JsonObject { ["parts"] = new JsonArray([.. parts]), ["role"] = "model" }, ["index"] = 0 };
        if (finish)
        {
            candidate["finishReason"] = "STOP";
        }

        return new JsonObject
        {
            ["candidates"] = new JsonArray(candidate),
            ["usageMetadata"] = Obj(Usage),
            ["modelVersion"] = Answer.Model,
            ["responseId"] = "gem-1",
        };
    }
}
