using Serverless.Translation.Canonical;

namespace Serverless.Translation.Tests.Validators;

/// <summary>The validator of each dialect's legal stream.</summary>
internal static class StreamValidators
{
    /// <summary>What is wrong with the stream that a client of the dialect was sent; empty when nothing is.</summary>
    public static IReadOnlyList<string> Faults(DialectId dialect, ReadOnlySpan<byte> sse) => dialect.Name switch
    {
        "openai.chat-completions" => ChatCompletionsStreamValidator.Faults(sse),
        "openai.responses" => ResponsesStreamValidator.Faults(sse),
        "anthropic.messages" => MessagesFaults(sse),
        _ => GenerateContentStreamValidator.Faults(sse),
    };

    private static IReadOnlyList<string> MessagesFaults(ReadOnlySpan<byte> sse)
    {
        try
        {
            AnthropicStreamValidator.Validate(sse);
            return [];
        }
        catch (Exception e) when (e is Xunit.Sdk.XunitException or InvalidOperationException or NullReferenceException)
        {
            return [e.Message];
        }
    }
}
