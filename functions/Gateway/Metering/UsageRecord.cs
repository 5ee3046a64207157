using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Metering;

/// <summary>
/// What is remembered of one accepted request; exactly one each, whatever its ending. Never holds text of a prompt or an answer, nor a secret.
/// </summary>
public sealed record UsageRecord
{
    /// <summary>The request's id, returned as <c>x-request-id</c>.</summary>
    public required string RequestId { get; init; }

    /// <summary>The Functions host's invocation id.</summary>
    public string? InvocationId { get; init; }

    /// <summary>The W3C trace that it belongs to, 32 hexadecimal digits; null when neither the client nor the gateway traces it.</summary>
    public string? TraceId { get; init; }

    /// <summary>The process that handled it.</summary>
    public string? Instance { get; init; }

    /// <summary>The gateway's version.</summary>
    public string? GatewayVersion { get; init; }

    /// <summary>When the request was accepted.</summary>
    public required DateTimeOffset Accepted { get; init; }

    /// <summary>When the answer had ended.</summary>
    public DateTimeOffset? Completed { get; init; }

    /// <summary>From acceptance to the end of the answer.</summary>
    public TimeSpan? Latency { get; init; }

    /// <summary>From acceptance to the first content of the answer, thinking and tool calls included; to the whole answer where it is not streamed.</summary>
    public TimeSpan? TimeToFirstToken { get; init; }

    /// <summary>The caller.</summary>
    public string? Principal { get; init; }

    /// <summary>What kind of caller.</summary>
    public string? PrincipalType { get; init; }

    /// <summary>Name of the caller's key.</summary>
    public string? KeyId { get; init; }

    /// <summary>The caller's groups.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>The endpoint that the client named.</summary>
    public string? Endpoint { get; init; }

    /// <summary>The API, for example <c>anthropic/v1/messages</c>.</summary>
    public required string ApiType { get; init; }

    /// <summary>The client's dialect.</summary>
    public string? ClientDialect { get; init; }

    /// <summary>The dialect spoken with the provider.</summary>
    public string? ProviderDialect { get; init; }

    /// <summary>The provider's name.</summary>
    public string? Provider { get; init; }

    /// <summary>The destination that gave the final answer.</summary>
    public string? Destination { get; init; }

    /// <summary>The model asked of the provider.</summary>
    public string? ModelAsked { get; init; }

    /// <summary>The model that the provider says has served.</summary>
    public string? ModelServed { get; init; }

    /// <summary>The provider's id of the request: that of its headers, else that of its answer.</summary>
    public string? ProviderRequestId { get; init; }

    /// <summary>True for a streamed answer.</summary>
    public bool Stream { get; init; }

    /// <summary>How it ended.</summary>
    public RequestOutcome Outcome { get; init; }

    /// <summary>The HTTP status that the caller got; 499 when the caller hung up before.</summary>
    public int StatusCode { get; init; }

    /// <summary>The error in one word: the code that was told, else its kind; null only for a success. A code that looks like a text is not kept.</summary>
    public string? ErrorCode { get; init; }

    /// <summary>Why the answer ended.</summary>
    public FinishReason? FinishReason { get; init; }

    /// <summary>Every try at a destination, in order.</summary>
    public IReadOnlyList<Attempt> Attempts { get; init; } = [];

    /// <summary>Tokens counted; estimated ones are marked.</summary>
    public TokenUsage? Usage { get; init; }

    /// <summary>The tier that the provider says has served, in OpenAI's words.</summary>
    public string? ServiceTier { get; init; }

    /// <summary>
    /// What it cost at list price, in billionths of a US dollar, with what tries that failed may be billed. Null when nothing was used, or when a part of it has no
    /// price, which is not zero.
    /// </summary>
    public long? CostNanoUsd { get; init; }

    /// <summary>Which state of the price list the cost was computed with.</summary>
    public string? PriceVersion { get; init; }

    /// <summary>From acceptance until the first destination was turned to: reading the request, and whatever it had to wait for in the gateway.</summary>
    public TimeSpan? QueueTime { get; init; }

    /// <summary>Bytes of the request's body, as far as it was read; of a compressed one without its compression.</summary>
    public long BytesIn { get; init; }

    /// <summary>Bytes of the answer's body that were handed to the connection, keep-alives and errors included.</summary>
    public long BytesOut { get; init; }

    /// <summary>What the provider could not be told, or was told in other words. What is no name, and more than 100 entries, is told to the client alone.</summary>
    public IReadOnlyList<ReportEntry> Translation { get; init; } = [];

    /// <summary>The client's labels (<c>Databricks-Ai-Gateway-Request-Tags</c>, <c>x-gateway-tags</c>).</summary>
    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    /// <summary>The client's <c>User-Agent</c>.</summary>
    public string? UserAgent { get; init; }

    /// <summary>The coding agent that sent it, for example <c>claude-code</c>: by its user agent, another header of its own, or its address.</summary>
    public string? Agent { get; init; }

    /// <summary>The client's session, where it names one in a header or, as agents do, in the body.</summary>
    public string? SessionId { get; init; }

    /// <summary>The address of the connection; behind a Functions host the one that the host tells, which no client can write.</summary>
    public string? ClientAddress { get; init; }
}

/// <summary>How a request ended.</summary>
public enum RequestOutcome
{
    /// <summary>The answer was given in full.</summary>
    Success,

    /// <summary>The request was refused by the gateway.</summary>
    Refused,

    /// <summary>The provider refused or failed.</summary>
    UpstreamError,

    /// <summary>The provider's stream broke off or failed after content had been sent.</summary>
    Truncated,

    /// <summary>A time limit was met.</summary>
    Timeout,

    /// <summary>The client hung up.</summary>
    ClientClosed,

    /// <summary>A fault of the gateway's own.</summary>
    InternalError,

    /// <summary>It has not ended yet.</summary>
    Open,

    /// <summary>The process that handled it was ended before it could say how it went.</summary>
    Lost,
}

/// <summary>One try at a destination.</summary>
/// <param name="Destination">Its name.</param>
/// <param name="Status">The provider's status; 0 when there was no answer.</param>
/// <param name="Latency">How long it took to succeed or fail.</param>
/// <param name="Reason">Why it failed; null when it did not.</param>
public sealed record Attempt(string Destination, int Status, TimeSpan Latency, string? Reason)
{
    /// <summary>
    /// Tokens that the provider counted before it failed and another was asked, and may bill; null when it counted none. Those of the
    /// attempt that gave the answer stand in the record itself.
    /// </summary>
    public long? InputTokens { get; init; }

    /// <summary>As <see cref="InputTokens"/>, those that it had written.</summary>
    public long? OutputTokens { get; init; }

    /// <summary>What these cost, in billionths of a US dollar; a part of the record's cost. Null when nothing was counted or the model has no price.</summary>
    public long? CostNanoUsd { get; init; }
}

/// <summary>Where usage records go. Called twice a request; neither call may lose a record that it has accepted.</summary>
public interface IUsageStore
{
    /// <summary>Tells that a request was accepted. Must not wait for storage.</summary>
    void Accepted(UsageRecord record);

    /// <summary>Makes the finished record durable. Awaited before the answer ends; the token is not the client's.</summary>
    ValueTask CompletedAsync(UsageRecord record, CancellationToken cancellationToken);
}
