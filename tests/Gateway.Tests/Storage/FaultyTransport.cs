using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Serverless.Gateway.Tests.Storage;

/// <summary>
/// Stands between a client and the emulator and does to some requests what the real service does and the emulator never: refusals,
/// conflicts, silence, and silence after the write has been done.
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
                message.Response = CannedResponse.Refusal(503, "ServerBusy");
                break;
            case Fault.Throttled:
                message.Response = CannedResponse.Refusal(429, "TooManyRequests");
                break;
            case Fault.Forbidden:
                message.Response = CannedResponse.Refusal(403, "AuthorizationFailure");
                break;
            case Fault.BadGateway:
                message.Response = new CannedResponse(400, "<html>The proxy does not understand.</html>");
                break;
            case Fault.TooLarge:
                message.Response = CannedResponse.Refusal(413, "RequestBodyTooLarge");
                break;
            case Fault.CutAnswer:
                await _inner.ProcessAsync(message);
                Cut(message.Response);
                break;
            case Fault.Conflict:
                message.Response = CannedResponse.Refusal(409, "TableBeingDeleted");
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

    private static void Cut(Response response)
    {
        using var whole = new MemoryStream();
        response.ContentStream?.CopyTo(whole);
        response.ContentStream = new MemoryStream(whole.ToArray(), 0, (int)(whole.Length / 2));
    }
}

/// <summary>What can happen to a request.</summary>
internal enum Fault
{
    None,
    Unavailable,
    Throttled,
    Forbidden,
    Conflict,
    Silence,
    SilenceAfterCommit,
    Reset,
    BadGateway,
    TooLarge,
    CutAnswer,
}
