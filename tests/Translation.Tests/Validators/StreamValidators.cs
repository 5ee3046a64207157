using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.Validators;

/// <summary>The validator of each dialect's legal stream.</summary>
internal static class StreamValidators
{
    /// <summary>What is wrong with the stream that a client of the dialect was sent; empty when nothing is.</summary>
    public static IReadOnlyList<string> Faults(DialectId dialect, ReadOnlySpan<byte> sse)
    {
        if (dialect == DialectIds.ChatCompletions)
        {
            return ChatCompletionsStreamValidator.Faults(sse);
        }

        if (dialect == DialectIds.GenerateContent)
        {
            return GenerateContentStreamValidator.Faults(sse);
        }

        if (dialect == DialectIds.Responses)
        {
            return ResponsesStreamValidator.Faults(sse);
        }

        return [];
    }
}
