using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Routing;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Pipeline;

/// <summary>
/// Counts the tokens of a prompt: by the counter of the first destination where it has one, otherwise by an estimate, which is marked
/// (<c>x-gateway-estimated: true</c>). Agents plan their context by it, so that a counter out of order is no reason to fail.
/// </summary>
internal sealed class TokenCountGateway(ExchangeServices services, Upstream upstream, ILogger<TokenCountGateway> logger)
{
    /// <summary>An estimate at once is worth more than a count after a long wait.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(HttpContext http, ChatRoute route)
    {
        using var exchange = new Exchange(services, http, route.Dialect, route.ApiType);
        try
        {
            await exchange.AuthenticateAsync();
            RequestBody body = await exchange.ReadBodyAsync();
            ChatRequest request = route.Dialect.DecodeCountRequest(body.Root, route.Address);
            GatewayEndpoint endpoint = exchange.Resolve(request.Model, EndpointTask.Chat);
            exchange.Operation = "count_tokens";
            exchange.Announce();

            Destination destination = endpoint.Destinations[0];
            exchange.Meter.BeginAttempt(destination);
            using var counted = new PooledBuffer(256);
            if (!await TryAskAsync(exchange, route, body, request, destination, counted))
            {
                http.Response.Headers["x-gateway-estimated"] = "true";
                counted.Clear();
                route.Dialect.EncodeCount(TokenEstimator.Input(request), counted);
            }

            await exchange.AnswerAsync(counted);
        }
        catch (Exception e)
        {
            await exchange.FailAsync(e);
        }
        finally
        {
            await exchange.CompleteAsync();
        }
    }

    private async Task<bool> TryAskAsync(Exchange exchange, ChatRoute route, RequestBody body, ChatRequest request, Destination destination, PooledBuffer counted)
    {
        if (Counter(route.Dialect, destination) is not { } counter)
        {
            return false;
        }

        (IChatDialect target, string path) = counter;
        bool same = target.Id == route.Dialect.Id;
        try
        {
            using var asked = new PooledBuffer(body.Json.Bytes.Length + PooledBuffer.DefaultCapacity);
            TranslationReport report = same ? new TranslationReport() : new TranslationReport(route.Dialect.FieldNames, body.Root);
            if (same)
            {
                target.SpliceRequest(body.Json, destination.Model, asked);
            }
            else
            {
                var profile = new TargetProfile(destination.Model) { Quirks = destination.Provider.Quirks(target.Id, destination.Model) };
                target.EncodeCountRequest(RequestAdapter.Adapt(request, target, profile, report).Request, profile, report, asked);
            }

            exchange.Meter.Prepared(target.Id, report);
            using UpstreamAnswer answer = await upstream.SendAsync(exchange, destination, target, path, asked, stream: false, Patience);
            exchange.TellAnswer(answer, destination, target.Id, report);
            await answer.ReadAllAsync(counted);
            using JsonDocument document = UpstreamJson.Parse(counted, answer);
            long tokens = UpstreamJson.Decode(target.DecodeCount, document, answer);
            exchange.Meter.EndAttempt((int)answer.Status, reason: null);
            if (!same)
            {
                counted.Clear();
                route.Dialect.EncodeCount(tokens, counted);
            }

            return true;
        }
        catch (UpstreamFailure failure)
        {
            exchange.Meter.EndAttempt(failure.Status, failure.Reason);
            bool callers = same && failure.Error.Kind == ErrorKind.InvalidRequest;
            AttemptLog.Failed(logger, exchange.RequestId, exchange.Meter.Endpoint!, destination.Name, failure, callers ? "the caller is told" : "its tokens are estimated");
            if (callers)
            {
                throw;
            }

            return false;
        }
        catch (GatewayException e)
        {
            // The target cannot be asked this; it can still be estimated.
            exchange.Meter.EndAttempt(0, RecordText.CodeOf(e.Error));
            return false;
        }
        catch
        {
            exchange.Meter.EndAttempt(status: null, exchange.ReasonOfEnd);
            throw;
        }
    }

    private static (IChatDialect Dialect, string Path)? Counter(IChatDialect client, Destination destination)
    {
        IReadOnlyList<DialectId> spoken = destination.Provider.Dialects(destination.Model);
        if (spoken.Contains(client.Id) && client.UpstreamCountPath(destination.Model) is { } own)
        {
            return (client, own);
        }

        foreach (DialectId id in spoken)
        {
            if (ChatDialects.Find(id) is { } dialect && dialect.UpstreamCountPath(destination.Model) is { } path)
            {
                return (dialect, path);
            }
        }

        return null;
    }
}
