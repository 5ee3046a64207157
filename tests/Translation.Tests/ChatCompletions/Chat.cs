using System.Buffers;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Dialects.OpenAI.ChatCompletions;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.ChatCompletions;

/// <summary>The codec alone, without the adapter, on short JSON texts.</summary>
internal static class Chat
{
    public static readonly ChatCompletionsDialect Dialect = new();

    /// <summary>A client's request; <paramref name="fields"/> stand beside a model and one message.</summary>
    public static ChatRequest Request(string fields) => Decode("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]" + (fields.Length == 0 ? "" : ",") + fields + "}");

    /// <summary>The messages of a client's request.</summary>
    public static IReadOnlyList<Message> Messages(string messages) => Decode("{\"model\":\"m\",\"messages\":" + messages + "}").Messages;

    /// <summary>The only message of a client's request.</summary>
    public static Message Message(string message) => Assert.Single(Messages($"[{message}]"));

    /// <summary>The only part of the only message.</summary>
    public static ContentPart Part(string part) => Assert.Single(Message("{\"role\":\"user\",\"content\":[" + part + "]}").Parts);

    public static ChatRequest Decode(string json) =>
        Dialect.DecodeRequest(JsonBody.Check(Encoding.UTF8.GetBytes(json)).Parse().RootElement, default);

    /// <summary>The error of a request that is refused.</summary>
    public static GatewayError Refusal(string json) => Assert.Throws<GatewayException>(() => Decode(json)).Error;

    /// <summary>A request as a provider gets it.</summary>
    public static JsonElement Encode(ChatRequest request, DialectQuirks? quirks = null, TranslationReport? report = null)
    {
        var output = new ArrayBufferWriter<byte>();
        Dialect.EncodeRequest(request, new TargetProfile("target") { Quirks = quirks ?? DialectQuirks.None }, report ?? new TranslationReport(), output);
        return JsonElement.Parse(output.WrittenSpan);
    }

    /// <summary>A request of these messages as a provider gets it; its messages as JSON text.</summary>
    public static string EncodedMessages(IReadOnlyList<Message> messages, DialectQuirks? quirks = null, TranslationReport? report = null) =>
        Encode(new ChatRequest { Model = "m", Messages = messages }, quirks, report).GetProperty("messages").GetRawText();

    public static ChatResponse Response(string json) => Dialect.DecodeResponse(JsonElement.Parse(json));

    /// <summary>An answer's only choice, of the given message and other fields.</summary>
    public static Choice Choice(string message, string fields = "\"finish_reason\":\"stop\"") =>
        Assert.Single(Response("{\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,\"message\":" + message + "," + fields + "}]}").Choices);

    /// <summary>An answer as a client gets it.</summary>
    public static JsonElement Encode(ChatResponse response, ChatRequest? request = null)
    {
        var output = new ArrayBufferWriter<byte>();
        Dialect.EncodeResponse(response, Context(request), output);
        return JsonElement.Parse(output.WrittenSpan);
    }

    public static AnswerContext Context(ChatRequest? request = null) => new()
    {
        Request = request ?? new ChatRequest { Model = "endpoint", Messages = [] },
        RequestId = "req-1",
        Created = DateTimeOffset.FromUnixTimeSeconds(1_750_000_000),
    };

    /// <summary>The events of a stream of these data lines, its end included.</summary>
    public static List<ChatEvent> Events(params string[] data) => Crossing.Events(Dialect, Encoding.UTF8.GetBytes(string.Concat(data.Select(d => $"data: {d}\n\n"))));

    /// <summary>A chunk with one choice of that delta.</summary>
    public static string Delta(string delta, string? finish = null) =>
        "{\"id\":\"chatcmpl-1\",\"model\":\"m-1\",\"created\":1750000001,\"choices\":[{\"index\":0,\"delta\":" + delta + ",\"finish_reason\":" + (finish is null ? "null" : $"\"{finish}\"") + "}]}";

    /// <summary>What a stream of these data lines folds into; it must obey the grammar and finish.</summary>
    public static ChatResponse Folded(params string[] data)
    {
        List<ChatEvent> events = Events(data);
        Validators.EventGrammar.Check(events);
        ChatEventFold fold = Crossing.Fold(events);
        Assert.True(fold.IsFinished, CanonicalText.Of(fold.Error));
        return fold.ToResponse();
    }

    /// <summary>What a client is sent for these events.</summary>
    public static string Sent(ChatRequest request, params ChatEvent[] events)
    {
        using IChatStreamEncoder encoder = Dialect.CreateEncoder(Context(request));
        var output = new ArrayBufferWriter<byte>();
        foreach (ChatEvent chatEvent in events)
        {
            encoder.Encode(chatEvent, output);
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
