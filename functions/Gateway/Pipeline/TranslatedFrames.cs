using System.Buffers;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Pipeline;

/// <summary>Renders a provider's events in the client's dialect.</summary>
internal sealed class TranslatedFrames(AnswerAdapter adapter, IChatStreamEncoder encoder) : IFrameRenderer
{
    private readonly List<ChatEvent> _adapted = [];

    public void Render(in SseFrame frame, List<ChatEvent> events, bool usageOnly, IBufferWriter<byte> output)
    {
        foreach (ChatEvent chatEvent in events)
        {
            if (chatEvent is not Failed)
            {
                Render(chatEvent, output);
            }
        }
    }

    /// <summary>Renders one event.</summary>
    public void Render(ChatEvent chatEvent, IBufferWriter<byte> output)
    {
        _adapted.Clear();
        adapter.Adapt(chatEvent, _adapted);
        foreach (ChatEvent adapted in _adapted)
        {
            encoder.Encode(adapted, output);
        }
    }

    public void End(IBufferWriter<byte> output)
    {
        // The encoder has rendered the end with the event that announced it.
    }

    public void Fail(GatewayError error, IBufferWriter<byte> output) => Render(new Failed(error), output);

    public void Dispose() => encoder.Dispose();
}
