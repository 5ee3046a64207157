using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Dialects.Gemini.GenerateContent;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.GenerateContent;

/// <summary>Shorthand for the Gemini codec in tests: JSON in, JSON out.</summary>
internal static class Gemini
{
    public const string Gemini3 = "gemini-3-flash-preview";
    public const string Gemini25 = "gemini-2.5-flash";

    public static readonly GenerateContentDialect Dialect = new();

    public static JsonElement Json(string json) => JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 256 }).RootElement;

    public static ChatRequest Decode(string body, bool stream = false) => Dialect.DecodeRequest(Json(body), new RequestAddress("endpoint", stream));

    public static (JsonElement Body, TranslationReport Report) Encode(ChatRequest request, string model = Gemini3)
    {
        var report = new TranslationReport();
        var output = new ArrayBufferWriter<byte>();
        Dialect.EncodeRequest(request, new TargetProfile(model), report, output);
        return (Json(Encoding.UTF8.GetString(output.WrittenSpan)), report);
    }

    /// <summary>A request of one user turn and what else is told.</summary>
    public static ChatRequest Ask(params Message[] more) => new() { Model = "endpoint", Messages = [new Message(Role.User, [new TextPart("Hi")]), .. more] };

    public static Message Turn(Role role, params ContentPart[] parts) => new(role, parts);

    public static ChatResponse Answer(string body) => Dialect.DecodeResponse(Json(body));

    public static List<ChatEvent> Stream(params string[] chunks)
    {
        string sse = string.Concat(chunks.Select(c => $"data: {c}\n\n"));
        return Crossing.Events(Dialect, Encoding.UTF8.GetBytes(sse));
    }

    public static string Chunk(string parts, string more = "") =>
        $$"""{"candidates":[{"content":{"parts":[{{parts}}],"role":"model"},"index":0{{more}}}],"modelVersion":"gemini-x","responseId":"r1"}""";

    public static ChatResponse Fold(IEnumerable<ChatEvent> events) => Crossing.Fold(events).ToResponse();

    public static string Render(ChatResponse response, AnswerContext? context = null) => Encoding.UTF8.GetString(Crossing.Render(Dialect, response, context));

    public static string RenderStream(IEnumerable<ChatEvent> events, AnswerContext? context = null)
    {
        using IChatStreamEncoder encoder = Dialect.CreateEncoder(context ?? Crossing.Context());
        var output = new ArrayBufferWriter<byte>();
        foreach (ChatEvent chatEvent in events)
        {
            encoder.Encode(chatEvent, output);
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    public static void Equal(string expectedJson, JsonElement actual)
    {
        JsonNode? expected = JsonNode.Parse(expectedJson);
        if (!JsonNode.DeepEquals(expected, JsonNode.Parse(actual.GetRawText())))
        {
            Assert.Fail($"expected {expected!.ToJsonString()}\nactual   {actual.GetRawText()}");
        }
    }

    public static JsonElement At(this JsonElement json, string path)
    {
        foreach (string step in path.Split('.'))
        {
            json = int.TryParse(step, out int index) ? json[index] : json.GetProperty(step);
        }

        return json;
    }

    public static bool Has(this JsonElement json, string name) => json.TryGetProperty(name, out _);

    public static IEnumerable<string> Dropped(this TranslationReport report) => report.Entries.Where(e => e.Dropped).Select(e => e.Field);

    public static IEnumerable<string> Changed(this TranslationReport report) => report.Entries.Where(e => !e.Dropped).Select(e => e.Field);

    public static string Param(Action act) => Assert.Throws<GatewayException>(act).Error.Param ?? "";

    public static byte[] Splice(IDialect dialect, string body, string model)
    {
        var output = new ArrayBufferWriter<byte>();
        dialect.SpliceRequest(JsonBody.Check(Encoding.UTF8.GetBytes(body)), model, output);
        return output.WrittenSpan.ToArray();
    }
}
