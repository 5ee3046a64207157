using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Pipeline;

/// <summary>
/// Whether a client's own bytes would meet a provider that does not know all of the dialect they are written in. Then, and only then, the
/// request is decoded and written anew for a provider of the client's own dialect. The tests look at bytes and may see more than there is:
/// the price of that is a request rewritten without need.
/// </summary>
internal static class QuirkCheck
{
    /// <summary>True when the body holds something that the provider would refuse or misread.</summary>
    public static bool MustRewrite(JsonBody body, DialectQuirks quirks)
    {
        if (quirks == DialectQuirks.None)
        {
            return false;
        }

        foreach (string field in quirks.RefusedFields)
        {
            if (Has(body, field))
            {
                return true;
            }
        }

        return (quirks.MaxTokensField != "max_completion_tokens" && Has(body, "max_completion_tokens"))
            || (!quirks.StreamOptions && (Has(body, "stream_options") || body.IsTrue("stream")))
            || ((!quirks.ReasoningEffort || quirks.ThinkingField) && Has(body, "reasoning_effort"))
            || (!quirks.ParallelToolCalls && Has(body, "parallel_tool_calls"))
            || (quirks.SeedField != "seed" && Has(body, "seed"))
            || (quirks.ToolChoiceRequired != "required" && Holds(body, "tool_choice", "\"required\""u8))
            || (!quirks.JsonSchema && Holds(body, "response_format", "\"json_schema\""u8))
            || (!quirks.StrictTools && Holds(body, "tools", "\"strict\""u8))
            || (!quirks.CustomTools && Holds(body, "tools", "\"custom\""u8))
            || (!quirks.DeveloperRole && Holds(body, "messages", "\"developer\""u8))
            || (quirks.ToolCallIdLength is not null && Holds(body, "messages", "\"tool_call_id\""u8))
            || (!quirks.TextParts && Holds(body, "messages", "\"text\""u8));
    }

    private static bool Has(JsonBody body, string name) => !body.RawValue(name).IsEmpty;

    private static bool Holds(JsonBody body, string name, ReadOnlySpan<byte> text) => body.RawValue(name).IndexOf(text) >= 0;
}
