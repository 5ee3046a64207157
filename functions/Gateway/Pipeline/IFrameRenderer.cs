using System.Buffers;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Pipeline;

/// <summary>
/// Makes a client's frames of a provider's: in translation by way of the canonical events, on the same dialect by copying the bytes.
/// </summary>
internal interface IFrameRenderer : IDisposable
{
    /// <summary>Renders what a frame brought. <see cref="Failed"/> is left to <see cref="Fail"/>, but for a frame that tells the failure itself.</summary>
    void Render(in SseFrame frame, List<ChatEvent> events, bool usageOnly, IBufferWriter<byte> output);

    /// <summary>Renders the end of a stream that the provider has completed.</summary>
    void End(IBufferWriter<byte> output);

    /// <summary>Renders the end of a stream that has failed: one error frame, unless the provider's own has been rendered.</summary>
    void Fail(GatewayError error, IBufferWriter<byte> output);
}
