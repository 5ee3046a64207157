using System.Net;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Metering.Telemetry;
using Serverless.Gateway.Providers;
using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Pipeline;

/// <summary>Sends one request to one destination and gives back an answer that is worth reading, or says why there is none.</summary>
internal sealed class Upstream(GatewayLimits limits, TelemetrySettings telemetry)
{
    /// <summary>Most of a refusal's body that is read.</summary>
    private const int LongestRefusal = 1024 * 1024;

    private const int SwitchingOrRedirect = 300;

    /// <summary>Sends a body.</summary>
    /// <param name="exchange">Whose client is waiting.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="dialect">The dialect spoken; reads the refusal.</param>
    /// <param name="path">The dialect's path below the provider's base URL.</param>
    /// <param name="body">The body; the caller disposes it after the answer.</param>
    /// <param name="stream">True when the answer is wanted as a stream.</param>
    /// <param name="within">Longest time to the first byte; null for the configured one.</param>
    /// <exception cref="UpstreamFailure">There is no answer to give to the client.</exception>
    public async Task<UpstreamAnswer> SendAsync(
        Exchange exchange, Destination destination, IDialect dialect, string path, PooledBuffer body, bool stream, TimeSpan? within = null)
    {
        ProviderCall? call = exchange.BeginCall(destination, stream);
        List<KeyValuePair<string, string>> headers = HeaderPolicy.ToProvider(exchange.Http.Request.Headers, dialect.Id);
        headers.Add(new("Accept", stream ? "text/event-stream" : "application/json"));
        headers.Add(new("Accept-Encoding", "identity"));
        TraceContext.Add(headers, exchange.Http.Request.Headers, exchange.Span, telemetry.Propagate);
        var request = new UpstreamRequest(dialect.Id, HttpMethod.Post, path, destination.Model, new PooledContent(body), headers);
        var answer = new UpstreamAnswer(exchange, limits);
        try
        {
            exchange.Watch.BeginAttempt(answer.Cancellation, within ?? limits.FirstByte);
            HttpRequestMessage message = await destination.Provider.CreateRequestAsync(request, answer.Cancellation.Token);
            call?.To(message.RequestUri);
            Task<HttpResponseMessage> sending = destination.Provider.Connections.SendAsync(message, answer.Cancellation.Token);
            await answer.TakeAsync(await exchange.WaitForProviderAsync(sending, answer.Cancellation));
            exchange.Meter.Heard((int)answer.Status, HeaderPolicy.ProviderRequestId(answer.Headers));
            return (int)answer.Status < SwitchingOrRedirect ? answer : throw await RefusalAsync(answer, dialect, exchange.Client);
        }
        catch (GatewayException e)
        {
            answer.Dispose();
            throw new UpstreamFailure(e.Error, 0, e) { BeforeSending = e.Error.Kind == ErrorKind.InvalidRequest };
        }
        catch (Exception e) when (e is not UpstreamFailure)
        {
            UpstreamFailure? failure = answer.Explain(e);
            answer.Dispose();
            if (failure is null)
            {
                throw;
            }

            throw failure;
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    private static async Task<UpstreamFailure> RefusalAsync(UpstreamAnswer answer, IDialect dialect, IDialect client)
    {
        int status = (int)answer.Status;
        if (status < (int)HttpStatusCode.BadRequest)
        {
            return new UpstreamFailure(GatewayError.Upstream($"The provider answered with status {status}.", "unexpected_status"), status);
        }

        using var body = new PooledBuffer();
        bool whole = await answer.ReadAllAsync(body, LongestRefusal);
        byte[] bytes = body.Written.ToArray();
        GatewayError error = dialect.DecodeError(status, bytes);
        GatewayError told = Fallback.ForCaller(error);

        // Only a client of the provider's own dialect can read its words.
        bool verbatim = dialect.Id == client.Id && whole && ReferenceEquals(told, error) && IsJson(bytes);
        return new UpstreamFailure(told, status) { Body = verbatim ? new ReadOnlyMemory<byte>?(bytes) : null, Headers = answer.Headers };
    }

    private static bool IsJson(ReadOnlySpan<byte> body)
    {
        ReadOnlySpan<byte> trimmed = body.Trim(" \t\r\n"u8);
        return trimmed.Length > 1 && trimmed[0] is (byte)'{' or (byte)'[';
    }
}
