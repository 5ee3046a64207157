using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Dialects.Anthropic.Messages;
using Serverless.Translation.Tests.Validators;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.Messages;

/// <summary>Short ways of running the dialect's codecs.</summary>
internal static class MessagesFixture
{
    public static readonly MessagesDialect Dialect = new();

    public static AnswerContext Context(long estimate = 17, string model = "asked-for") => new()
    {
        Request = new ChatRequest { Model = model, Messages = [] },
        RequestId = "req_1",
        Created = DateTimeOffset.UnixEpoch,
        EstimatedInputTokens = estimate,
    };

    public static JsonElement Element(string json) => JsonElement.Parse(json);

    public static ChatRequest Decode(string json) => Dialect.DecodeRequest(Element(json), default);

    /// <summary>A request whose every field but the given ones is set to something valid.</summary>
    public static ChatRequest DecodeWith(string fields) =>
        Decode($$"""{"model":"m","max_tokens":100,"messages":[{"role":"user","content":"hi"}]{{(fields.Length == 0 ? "" : ",")}}{{fields}}}""");

    /// <summary>A conversation whose only turn has these blocks.</summary>
    public static IReadOnlyList<ContentPart> DecodeBlocks(string blocks, string role = "user") =>
        Decode($$"""{"model":"m","max_tokens":100,"messages":[{"role":"{{role}}","content":[{{blocks}}]}]}""").Messages[0].Parts;

    public static GatewayError DecodeFault(string json) => Assert.Throws<GatewayException>(() => Decode(json)).Error;

    public static JsonObject Encode(ChatRequest request, string model, out TranslationReport report)
    {
        report = new TranslationReport();
        var output = new ArrayBufferWriter<byte>();
        Dialect.EncodeRequest(request, new TargetProfile(model), report, output);
        return JsonNode.Parse(output.WrittenSpan)!.AsObject();
    }

    public static JsonObject Encode(ChatRequest request, string model = "claude-sonnet-4-5") => Encode(request, model, out _);

    public static ChatRequest Chat(params Message[] messages) => new() { Model = "m", Messages = messages };

    public static Message User(params ContentPart[] parts) => new(Role.User, parts);

    public static Message User(string text) => new(Role.User, [new TextPart(text)]);

    public static Message Assistant(params ContentPart[] parts) => new(Role.Assistant, parts);

    public static Message Assistant(string text) => new(Role.Assistant, [new TextPart(text)]);

    public static Message Instruct(string text) => new(Role.System, [new TextPart(text)]);

    public static string Text(Action<IBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    public static string EncodeStream(IEnumerable<ChatEvent> events, AnswerContext? context = null) => Text(output =>
    {
        using IChatStreamEncoder encoder = Dialect.CreateEncoder(context ?? Context());
        foreach (ChatEvent chatEvent in events)
        {
            encoder.Encode(chatEvent, output);
        }
    });

    public static AnthropicMessage Render(IEnumerable<ChatEvent> events, AnswerContext? context = null) =>
        AnthropicStreamValidator.Validate(Encoding.UTF8.GetBytes(EncodeStream(events, context)));

    public static List<ChatEvent> DecodeStream(string sse) => DecodeStream(Encoding.UTF8.GetBytes(sse));

    public static List<ChatEvent> DecodeStream(ReadOnlySpan<byte> sse)
    {
        IChatStreamDecoder decoder = Dialect.CreateDecoder();
        List<ChatEvent> events = [];
        using var parser = new SseParser();
        parser.Append(sse);
        while (parser.TryRead(out SseFrame frame))
        {
            decoder.Decode(frame, events);
        }

        if (parser.TryReadLast(out SseFrame last))
        {
            decoder.Decode(last, events);
        }

        decoder.Complete(events);
        return events;
    }

    public static ChatResponse Fold(IEnumerable<ChatEvent> events)
    {
        var fold = new ChatEventFold();
        foreach (ChatEvent chatEvent in events)
        {
            fold.Add(chatEvent);
        }

        return fold.ToResponse();
    }

    public static JsonObject EncodeResponse(ChatResponse response, AnswerContext? context = null) =>
        JsonNode.Parse(Text(output => Dialect.EncodeResponse(response, context ?? Context(), output)))!.AsObject();

    /// <summary>An event as a frame.</summary>
    public static string Frame(string json) => $"event: {JsonNode.Parse(json)!["type"]}\ndata: {json}\n\n";

    public static string Frames(params string[] json) => string.Concat(json.Select(Frame));

    /// <summary>The same JSON in the one way of several that mean the same: blocks for strings, no nulls, no empty lists of citations.</summary>
    public static JsonNode? Normal(JsonNode? node)
    {
        switch (node)
        {
            case JsonArray array:
                return new JsonArray([.. array.Select(Normal)]);
            case JsonObject obj:
                var normal = new JsonObject();
                foreach ((string key, JsonNode? value) in obj)
                {
                    if (value is null || (key == "citations" && value is JsonArray { Count: 0 }))
                    {
                        continue;
                    }

                    if (key is "content" or "system" && value is JsonValue text && text.GetValueKind() == JsonValueKind.String)
                    {
                        normal[key] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text.GetValue<string>() });
                    }
                    else
                    {
                        normal[key] = Normal(value);
                    }
                }

                if (normal["output_format"] is { } format)
                {
                    normal.Remove("output_format");
                    normal["output_config"] = new JsonObject { ["format"] = format };
                }

                return normal;
            default:
                return node?.DeepClone();
        }
    }

    public static void AssertSame(JsonNode? expected, JsonNode? actual)
    {
        JsonNode? left = Normal(expected);
        JsonNode? right = Normal(actual);
        if (!JsonNode.DeepEquals(left, right))
        {
            Assert.Equal(Sorted(left)?.ToJsonString(), Sorted(right)?.ToJsonString());
        }
    }

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject obj => new JsonObject(obj.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, Sorted(p.Value)))),
        JsonArray array => new JsonArray([.. array.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
