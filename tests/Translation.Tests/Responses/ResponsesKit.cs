using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Dialects.OpenAI.Responses;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.Responses;

/// <summary>Short ways into the codec under test.</summary>
internal static class ResponsesKit
{
    public static readonly IChatDialect Dialect = new ResponsesDialect();

    public static readonly DateTimeOffset Accepted = DateTimeOffset.FromUnixTimeSeconds(1_760_000_000);

    /// <summary>A client's request, read as in production.</summary>
    public static ChatRequest Decode(string json) => Dialect.DecodeRequest(JsonBody.Check(Encoding.UTF8.GetBytes(json)).Parse().RootElement, default);

    /// <summary>The fault that a request is refused for.</summary>
    public static GatewayError Refusal(string json) => Assert.Throws<GatewayException>(() => Decode(json)).Error;

    /// <summary>A request as a provider gets it, as the codec alone writes it.</summary>
    public static JsonObject Encode(ChatRequest request, string model = "gpt-5.1", TranslationReport? report = null, DialectQuirks? quirks = null) =>
        Body(request, new TargetProfile(model) { Quirks = quirks ?? DialectQuirks.None }, report ?? new TranslationReport());

    /// <summary>A request of another dialect's client, adapted and written.</summary>
    public static JsonObject Cross(ChatRequest request, string model = "gpt-5.1", TranslationReport? report = null)
    {
        report ??= new TranslationReport();
        var profile = new TargetProfile(model);
        return Body(RequestAdapter.Adapt(request, Dialect, profile, report).Request, profile, report);
    }

    /// <summary>A request with nothing but a user's word.</summary>
    public static ChatRequest Plain(params Message[] messages) => new()
    {
        Model = "endpoint",
        Messages = messages.Length > 0 ? messages : [new Message(Role.User, [new TextPart("Hi")])],
    };

    /// <summary>A provider's whole answer.</summary>
    public static ChatResponse Answer(string json) => Dialect.DecodeResponse(JsonDocument.Parse(json).RootElement);

    /// <summary>A whole answer as the client is sent it.</summary>
    public static JsonObject Render(ChatResponse response, ChatRequest? request = null)
    {
        var output = new ArrayBufferWriter<byte>();
        Dialect.EncodeResponse(response, Context(request), output);
        return JsonNode.Parse(output.WrittenSpan)!.AsObject();
    }

    /// <summary>The events of a provider's stream, told as the JSON of its events.</summary>
    public static List<ChatEvent> Events(params string[] bodies)
    {
        var sse = new StringBuilder();
        foreach (string body in bodies)
        {
            string? type = JsonNode.Parse(body)!["type"]?.GetValue<string>();
            sse.Append(type is null ? "" : $"event: {type}\n").Append("data: ").Append(body).Append("\n\n");
        }

        return EventsOf(sse.ToString());
    }

    /// <summary>The events of a provider's stream.</summary>
    public static List<ChatEvent> EventsOf(string sse)
    {
        List<ChatEvent> events = [];
        using var parser = new SseParser();
        parser.Append(Encoding.UTF8.GetBytes(sse));
        IChatStreamDecoder decoder = Dialect.CreateDecoder();
        while (parser.TryRead(out SseFrame frame))
        {
            decoder.Decode(frame, events);
        }

        decoder.Complete(events);
        Validators.EventGrammar.Check(events);
        return events;
    }

    /// <summary>What the client is sent for the events.</summary>
    public static string RenderStream(IEnumerable<ChatEvent> events, ChatRequest? request = null)
    {
        using IChatStreamEncoder encoder = Dialect.CreateEncoder(Context(request));
        var output = new ArrayBufferWriter<byte>();
        foreach (ChatEvent chatEvent in events)
        {
            encoder.Encode(chatEvent, output);
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <summary>The JSON of the frames of a stream, in order.</summary>
    public static List<JsonObject> Frames(string sse) =>
    [
        .. sse.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(f => f[(f.IndexOf("data: ", StringComparison.Ordinal) + 6)..])
            .Where(d => d.StartsWith('{')).Select(d => JsonNode.Parse(d)!.AsObject()),
    ];

    /// <summary>What the encoder knows of the request.</summary>
    public static AnswerContext Context(ChatRequest? request = null) => new()
    {
        Request = request ?? Plain(),
        RequestId = "req-1",
        Created = Accepted,
    };

    /// <summary>The fields that were dropped.</summary>
    public static string[] Dropped(TranslationReport report) => [.. report.Entries.Where(e => e.Dropped).Select(e => e.Field)];

    /// <summary>The fields that were changed.</summary>
    public static string[] Changed(TranslationReport report) => [.. report.Entries.Where(e => !e.Dropped).Select(e => e.Field)];

    public static void Same(string expected, JsonNode? actual)
    {
        JsonNode? node = JsonNode.Parse(expected);
        Assert.True(JsonNode.DeepEquals(node, actual), $"expected {node?.ToJsonString()}\nbut was  {actual?.ToJsonString()}");
    }

    private static JsonObject Body(ChatRequest request, TargetProfile profile, TranslationReport report)
    {
        var output = new ArrayBufferWriter<byte>();
        Dialect.EncodeRequest(request, profile, report, output);
        return JsonNode.Parse(output.WrittenSpan, documentOptions: new JsonDocumentOptions { MaxDepth = 256 })!.AsObject();
    }
}
