using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>How outcomes and finish reasons are spelt in stores, reports and exports.</summary>
public static class UsageNames
{
    /// <summary>An outcome's name.</summary>
    public static string Of(RequestOutcome outcome) => outcome switch
    {
        RequestOutcome.Success => "success",
        RequestOutcome.Refused => "refused",
        RequestOutcome.UpstreamError => "upstream_error",
        RequestOutcome.Truncated => "truncated",
        RequestOutcome.Timeout => "timeout",
        RequestOutcome.ClientClosed => "client_closed",
        RequestOutcome.Lost => "lost",
        RequestOutcome.Open => "open",
        _ => "internal_error",
    };

    /// <summary>The outcome of that name; a record without one is of a request that has not ended.</summary>
    public static RequestOutcome OutcomeOf(string? name) => name is null
        ? RequestOutcome.Open
        : Enum.GetValues<RequestOutcome>().FirstOrDefault(o => Of(o) == name, RequestOutcome.InternalError);

    /// <summary>A finish reason's name.</summary>
    public static string Of(FinishReason reason) => reason switch
    {
        FinishReason.Stop => "stop",
        FinishReason.Length => "length",
        FinishReason.ToolCalls => "tool_calls",
        FinishReason.ContentFilter => "content_filter",
        FinishReason.Refusal => "refusal",
        FinishReason.Pause => "pause",
        FinishReason.ContextWindow => "context_window",
        _ => "malformed",
    };

    /// <summary>The finish reason of that name, or null.</summary>
    public static FinishReason? FinishReasonOf(string? name) => name is null ? null : Enum.GetValues<FinishReason>().FirstOrDefault(r => Of(r) == name, FinishReason.Malformed);
}
