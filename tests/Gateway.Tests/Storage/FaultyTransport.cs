using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Serverless.Gateway.Tests.Storage;

/// <summary>
/// Stands between a client and the emulator and does to some requests what the real service does and the emulator never: refusals,
/// silence, and silence after the write has been done.
/// </summary>
internal sealed class FaultyTransport : HttpPipelineTransport
{
    private readonly HttpClientTransport _inner = new(new HttpClient());

    /// <summary>Decides what happens to a request.</summary>
    public Func<Request, Fault> Decide { get; set; } = static _ => Fault.None;

    /// <summary>Requests seen, the refused ones included.</summary>
    public int Count { get; private set; }

    public override Request CreateRequest() => _inner.CreateRequest();

    public override void Process(HttpMessage message) => throw new NotSupportedException("Only asynchronous calls are made.");

    public override async ValueTask ProcessAsync(HttpMessage message)
    {
        Count++;
        switch (Decide(message.Request))
        {
            case Fault.Unavailable:
                message.Response = new Refusal(503, "ServerBusy");
                break;
            case Fault.Throttled:
                message.Response = new Refusal(429, "TooManyRequests");
                break;
            case Fault.Forbidden:
                message.Response = new Refusal(403, "AuthorizationFailure");
                break;
            case Fault.Silence:
                await Task.Delay(Timeout.Infinite, message.CancellationToken);
                break;
            case Fault.SilenceAfterCommit:
                await _inner.ProcessAsync(message);
                await Task.Delay(Timeout.Infinite, message.CancellationToken);
                break;
            case Fault.Reset:
                throw new IOException("The connection was reset.");
            default:
                await _inner.ProcessAsync(message);
                break;
        }
    }

    private sealed class Refusal(int status, string code) : Response
    {
        private readonly Dictionary<string, string> _headers = new(StringComparer.OrdinalIgnoreCase) { ["x-ms-error-code"] = code, ["Content-Type"] = "application/json" };

        public override int Status => status;

        public override string ReasonPhrase => code;

        public override Stream? ContentStream { get; set; } = new MemoryStream(System.Text.Encoding.UTF8.GetBytes($$"""{"odata.error":{"code":"{{code}}","message":{"lang":"en-US","value":"{{code}}"} } }"""));

        public override string ClientRequestId { get; set; } = "";

        public override void Dispose()
        {
        }

        protected override bool ContainsHeader(string name) => _headers.ContainsKey(name);

        protected override IEnumerable<HttpHeader> EnumerateHeaders() => _headers.Select(h => new HttpHeader(h.Key, h.Value));

        protected override bool TryGetHeader(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? value) => _headers.TryGetValue(name, out value);

        protected override bool TryGetHeaderValues(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IEnumerable<string>? values)
        {
            values = _headers.TryGetValue(name, out string? value) ? [value] : null;
            return values is not null;
        }
    }
}

/// <summary>What can happen to a request.</summary>
internal enum Fault
{
    None,
    Unavailable,
    Throttled,
    Forbidden,
    Silence,
    SilenceAfterCommit,
    Reset,
}
