using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Pipeline;

/// <summary>Reads a stream that a provider sent although none was asked for, into one answer.</summary>
internal static class StreamFold
{
    private const int ReadSize = 16 * 1024;

    /// <exception cref="UpstreamFailure">The stream has failed.</exception>
    public static async Task<ChatResponse> ReadAsync(UpstreamAnswer answer, IChatStreamDecoder decoder)
    {
        using var parser = new SseParser();
        var fold = new ChatEventFold();
        var events = new List<ChatEvent>();
        int read;
        do
        {
            read = await answer.ReadAsync(parser.GetMemory(ReadSize));
            parser.Advance(read);
            Drain(parser, decoder, events, atEnd: read == 0);
            foreach (ChatEvent chatEvent in events)
            {
                fold.Add(chatEvent);
            }

            events.Clear();
        }
        while (read > 0 && !fold.IsFinished && fold.Error is null);
        return fold.Error is null ? fold.ToResponse() : throw new UpstreamFailure(Fallback.ForCaller(fold.Error), (int)answer.Status);
    }

    private static void Drain(SseParser parser, IChatStreamDecoder decoder, List<ChatEvent> events, bool atEnd)
    {
        SseFrame frame;
        while (parser.TryRead(out frame))
        {
            decoder.Decode(frame, events);
        }

        if (atEnd)
        {
            if (parser.TryReadLast(out frame))
            {
                decoder.Decode(frame, events);
            }

            decoder.Complete(events);
        }
    }
}
