using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Pipeline;

internal static class InputEstimate
{
    public static long Of(ChatRequest request) => OfBytes(request.Messages.Sum(m => m.Parts.Sum(p => p is TextPart t ? (long)t.Text.Length : 0)));

    public static long OfBytes(long bytes) => Math.Max(1, (bytes + 3) / 4);
}
