using System.Buffers;
using System.Text;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests;

/// <summary>A request or an answer on its way between two dialects, as the pipeline does it but without HTTP.</summary>
internal static class Crossing
{
    public const string RequestId = "req-fixture";

    public static readonly DateTimeOffset Created = DateTimeOffset.FromUnixTimeSeconds(1_750_000_000);

    /// <summary>A current model behind each dialect: what may be asked of it depends on its name.</summary>
    public static TargetProfile ProfileOf(DialectId target) => new(target.Name switch
    {
        "anthropic.messages" => "claude-opus-4-6",
        "gemini.generate-content" => "gemini-3-pro",
        _ => "gpt-5.1",
    });

    /// <summary>A client's body as a canonical request.</summary>
    public static ChatRequest Decode(IChatDialect client, byte[] body, RequestAddress address) =>
        client.DecodeRequest(JsonBody.Check(body.ToArray()).Parse().RootElement, address);

    /// <summary>A canonical request as a target gets it.</summary>
    public static CrossedRequest Encode(ChatRequest request, IChatDialect target, TargetProfile? profile = null, TranslationReport? report = null)
    {
        profile ??= ProfileOf(target.Id);
        report ??= new TranslationReport();
        AdaptedRequest adapted = RequestAdapter.Adapt(request, target, profile, report);
        var output = new ArrayBufferWriter<byte>();
        target.EncodeRequest(adapted.Request, profile, report, output);
        return new CrossedRequest(target.UpstreamPath(profile.Model, request.Stream), output.WrittenSpan.ToArray(), report, adapted);
    }

    /// <summary>A canonical request in its own dialect, as the codec alone writes it.</summary>
    public static byte[] EncodeOnly(ChatRequest request, IChatDialect dialect, string model, DialectQuirks? quirks = null)
    {
        var output = new ArrayBufferWriter<byte>();
        dialect.EncodeRequest(request, new TargetProfile(model) { Quirks = quirks ?? DialectQuirks.None }, new TranslationReport(), output);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>The events of a provider's stream.</summary>
    /// <param name="cuts">Where the bytes are cut into chunks, ascending.</param>
    public static List<ChatEvent> Events(IChatDialect provider, ReadOnlySpan<byte> sse, params ReadOnlySpan<int> cuts)
    {
        List<ChatEvent> events = [];
        using var parser = new SseParser();
        IChatStreamDecoder decoder = provider.CreateDecoder();
        int from = 0;
        for (int i = 0; i <= cuts.Length; i++)
        {
            int to = i == cuts.Length ? sse.Length : cuts[i];
            parser.Append(sse[from..to]);
            from = to;
            while (parser.TryRead(out SseFrame frame))
            {
                decoder.Decode(frame, events);
            }
        }

        if (parser.TryReadLast(out SseFrame last))
        {
            decoder.Decode(last, events);
        }

        decoder.Complete(events);
        return events;
    }

    /// <summary>What the client is sent for the events.</summary>
    public static byte[] Render(IChatDialect client, IEnumerable<ChatEvent> events, AnswerContext? context = null)
    {
        var adapter = new AnswerAdapter(ToolNames.None);
        using IChatStreamEncoder encoder = client.CreateEncoder(context ?? Context());
        var output = new ArrayBufferWriter<byte>();
        List<ChatEvent> adapted = [];
        foreach (ChatEvent chatEvent in events)
        {
            adapted.Clear();
            adapter.Adapt(chatEvent, adapted);
            foreach (ChatEvent one in adapted)
            {
                encoder.Encode(one, output);
            }
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>A whole answer as the client is sent it.</summary>
    public static byte[] Render(IChatDialect client, ChatResponse response, AnswerContext? context = null)
    {
        var output = new ArrayBufferWriter<byte>();
        client.EncodeResponse(new AnswerAdapter(ToolNames.None).Adapt(response), context ?? Context(stream: false), output);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>The events of a stream, folded.</summary>
    public static ChatEventFold Fold(IEnumerable<ChatEvent> events)
    {
        var fold = new ChatEventFold();
        foreach (ChatEvent chatEvent in events)
        {
            fold.Add(chatEvent);
        }

        return fold;
    }

    /// <summary>A stream's frames, each with the blank line that ends it.</summary>
    public static List<string> Frames(ReadOnlySpan<byte> sse)
    {
        List<string> frames = [];
        using var parser = new SseParser();
        parser.Append(sse);
        while (parser.TryRead(out SseFrame frame))
        {
            frames.Add(Encoding.UTF8.GetString(frame.Raw));
        }

        if (parser.TryReadLast(out SseFrame last))
        {
            frames.Add(Encoding.UTF8.GetString(last.Raw));
        }

        return frames;
    }

    /// <summary>What an encoder knows of a plain request.</summary>
    public static AnswerContext Context(bool stream = true, bool usage = true) => new()
    {
        Request = new ChatRequest
        {
            Model = "endpoint",
            Stream = stream,
            IncludeStreamUsage = usage,
            Messages = [new Message(Role.User, [new TextPart("Hi")])],
        },
        RequestId = RequestId,
        Created = Created,
        EstimatedInputTokens = 3,
    };
}

/// <summary>What a target gets for a client's request.</summary>
internal sealed record CrossedRequest(string Path, byte[] Body, TranslationReport Report, AdaptedRequest Adapted);
