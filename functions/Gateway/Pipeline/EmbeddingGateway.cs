using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Pipeline;

/// <summary>A route for embeddings: the dialect that it speaks and what its URL says.</summary>
/// <param name="Dialect">The client's dialect.</param>
/// <param name="ApiType">The API for usage records.</param>
internal sealed record EmbeddingRoute(IEmbeddingDialect Dialect, string ApiType)
{
    /// <summary>Model and action, where they stand in the path.</summary>
    public RequestAddress Address { get; init; }
}

/// <summary>The path of a request for embeddings: as <see cref="ChatGateway"/>, without streams.</summary>
internal sealed class EmbeddingGateway(ExchangeServices services, Upstream upstream, ILogger<EmbeddingGateway> logger)
{
    private const int BytesPerToken = 4;

    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(HttpContext http, EmbeddingRoute route)
    {
        using var exchange = new Exchange(services, http, route.Dialect, route.ApiType);
        try
        {
            // 1  Who asks, then the body.
            await exchange.AuthenticateAsync();
            RequestBody body = await exchange.ReadBodyAsync();

            // 2  What is asked for.
            string model = ModelName.Of(route.Address, body.Json);
            if (body.Json.IsTrue("stream"))
            {
                throw new GatewayException(GatewayError.Invalid("Embeddings are not streamed.", "stream"));
            }

            exchange.Meter.EstimateInput = () => Math.Max(1, body.Json.Bytes.Length / BytesPerToken);

            // 3  The name → destinations in order; may this caller, now?
            GatewayEndpoint endpoint = exchange.Resolve(model, EndpointTask.Embeddings);
            exchange.Announce();
            EmbeddingRequest? canonical = null;

            await DestinationLoop.RunAsync(exchange, endpoint, AttemptAsync, logger);

            async Task AttemptAsync(Destination destination)
            {
                // 4  The client's own bytes with named splices, or a request in another dialect.
                IEmbeddingDialect target = ChooseDialect(route.Dialect, destination);
                using var request = new PooledBuffer(body.Json.Bytes.Length + PooledBuffer.DefaultCapacity);
                DialectQuirks quirks = destination.Provider.Quirks(target.Id, destination.Model);
                bool passthrough = target.Id == route.Dialect.Id && !QuirkCheck.MustRewrite(body.Json, quirks);
                TranslationReport report = passthrough ? new TranslationReport() : new TranslationReport(route.Dialect.FieldNames, body.Root);
                exchange.Meter.Prepared(target.Id, report);
                if (passthrough)
                {
                    target.SpliceRequest(body.Json, destination.Model, request);
                }
                else
                {
                    canonical ??= route.Dialect.DecodeRequest(body.Root, route.Address);
                    Encode(canonical, target, new TargetProfile(destination.Model) { Quirks = quirks }, report, request, endpoint.OnUnsupported);
                }

                // 5  To the provider.
                string path = passthrough ? target.SplicedPath(destination.Model, route.Address) : target.UpstreamPath(destination.Model, stream: false);
                using UpstreamAnswer answer = await upstream.SendAsync(exchange, destination, target, path, request, stream: false);
                exchange.TellAnswer(answer, destination, target.Id, report);

                // 6  Its answer.
                using var bytes = new PooledBuffer();
                await answer.ReadAllAsync(bytes);
                if (passthrough)
                {
                    EmbeddingResponse? heard = Passthrough.Listen(target, bytes);
                    exchange.Meter.Observe(heard?.Model, heard?.Usage);
                    exchange.Meter.EndAttempt((int)answer.Status, reason: null);
                    await exchange.AnswerAsync(bytes);
                    return;
                }

                using JsonDocument document = UpstreamJson.Parse(bytes, answer);
                EmbeddingResponse response = UpstreamJson.Decode(target.DecodeResponse, document, answer);
                exchange.Meter.Observe(response.Model, response.Usage);
                exchange.Meter.EndAttempt((int)answer.Status, reason: null);
                using var rendered = new PooledBuffer(bytes.Length + PooledBuffer.DefaultCapacity);
                route.Dialect.EncodeResponse(response, canonical!, rendered);
                await exchange.AnswerAsync(rendered);
            }
        }
        catch (Exception e)
        {
            await exchange.FailAsync(e);
        }
        finally
        {
            // 7  One record.
            await exchange.CompleteAsync();
        }
    }

    private static IEmbeddingDialect ChooseDialect(IEmbeddingDialect client, Destination destination)
    {
        IReadOnlyList<DialectId> spoken = destination.Provider.Dialects(destination.Model);
        if (spoken.Contains(client.Id))
        {
            return client;
        }

        foreach (DialectId id in spoken)
        {
            foreach (IEmbeddingDialect dialect in DialectCatalog.Embeddings)
            {
                if (dialect.Id == id)
                {
                    return dialect;
                }
            }
        }

        throw UpstreamFailure.WrongTask("embeddings");
    }

    private static void Encode(
        EmbeddingRequest request, IEmbeddingDialect target, TargetProfile profile, TranslationReport report, PooledBuffer output, OnUnsupported onUnsupported)
    {
        try
        {
            target.EncodeRequest(request, profile, report, output);
            if (onUnsupported == OnUnsupported.Reject)
            {
                report.ThrowIfDropped();
            }
        }
        catch (GatewayException e)
        {
            throw new UpstreamFailure(e.Error, 0, e) { BeforeSending = true };
        }
    }
}
