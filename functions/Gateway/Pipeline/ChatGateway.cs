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
/// The path of a chat request, whatever dialect its client speaks and whatever dialect the provider does.
/// <code>
/// client ─▶ 1 caller, body ─▶ 2 what is asked for ─▶ 3 endpoint ─┬▶ 4 request for a destination ─▶ 5 provider ─▶ 6 answer ─▶ client
///                                                      next one ◀┴──────── refused, or broken before the first content ────┘
///        in the end, however it ends:  7 one usage record, durable before the last byte leaves
/// </code>
/// </summary>
internal sealed class ChatGateway(ExchangeServices services, Upstream upstream, ILogger<ChatGateway> logger)
{
    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(HttpContext http, ChatRoute route)
    {
        using var exchange = new Exchange(services, http, route.Dialect, route.ApiType);
        try
        {
            // 1  Who asks, then the body: read once, bounded, checked.
            await exchange.AuthenticateAsync();
            RequestBody body = await exchange.ReadBodyAsync();

            // 2  What is asked for. The body is decoded in full only for a target of another dialect.
            var call = new ChatCall(route, body);
            exchange.Meter.Stream = call.Stream;
            exchange.Meter.TierAsked = call.ServiceTier;
            exchange.Meter.EstimateInput = () => call.EstimatedInputTokens;

            // 3  The name → destinations in order; may this caller, now?
            GatewayEndpoint endpoint = exchange.Resolve(call.Model, EndpointTask.Chat);
            exchange.Announce();

            await DestinationLoop.RunAsync(exchange, endpoint, AttemptAsync, logger);

            async Task AttemptAsync(Destination destination)
            {
                // 4  The client's own bytes with named splices, or a request in another dialect with a report of what that cannot say.
                using PreparedChat prepared = PreparedChat.For(call, destination, endpoint.OnUnsupported, !exchange.SealsRefused);
                exchange.Meter.Prepared(prepared.Target.Id, prepared.Report);
                if (call.Stream && exchange.Stream is null)
                {
                    exchange.OpenStream(call.Dialect, call.Context(exchange, decoded: false));
                }

                // 5  To the provider.
                string path = UpstreamPath(exchange, call, prepared, destination);
                using UpstreamAnswer answer = await upstream.SendAsync(exchange, destination, prepared.Target, path, prepared.Body, call.Stream);
                exchange.TellAnswer(answer, destination, prepared.Target.Id, prepared.Report);

                // 6  Its answer, metered on the way.
                await (call.Stream ? StreamAsync(exchange, call, prepared, answer) : AnswerAsync(exchange, call, prepared, answer));
            }
        }
        catch (Exception e)
        {
            await exchange.FailAsync(e);
        }
        finally
        {
            // 7  One record. Answers without a stream have it stored already, before their last write.
            await exchange.CompleteAsync();
        }
    }

    private async Task StreamAsync(Exchange exchange, ChatCall call, PreparedChat prepared, UpstreamAnswer answer)
    {
        if (answer.IsJson)
        {
            await UnfoldAsync(exchange, call, prepared, answer);
            return;
        }

        IChatStreamDecoder decoder = prepared.Target.CreateDecoder();
        IFrameRenderer renderer = (prepared.IsPassthrough, call.Route.JsonArray) switch
        {
            (true, false) => new VerbatimFrames(!call.WantsUsage, () => call.Dialect.CreateEncoder(call.Context(exchange, decoded: false))),
            (true, true) => new ArrayFrames(call.Dialect, exchange.RequestId),
            _ => Translated(exchange, call, prepared),
        };
        using var pipeline = new StreamPipeline(exchange, answer, decoder, renderer, tap: prepared.IsPassthrough, logger);
        await pipeline.RunAsync();
    }

    /// <summary>The client wants a stream, the provider has answered without one.</summary>
    private static async Task UnfoldAsync(Exchange exchange, ChatCall call, PreparedChat prepared, UpstreamAnswer answer)
    {
        using var bytes = new PooledBuffer();
        await answer.ReadAllAsync(bytes);
        using JsonDocument document = UpstreamJson.Parse(bytes, answer);
        ChatResponse response = UpstreamJson.Decode(prepared.Target.DecodeResponse, document, answer);
        using TranslatedFrames renderer = Translated(exchange, call, prepared);
        ClientStream client = exchange.Stream!;
        foreach (ChatEvent chatEvent in ChatEventFold.Unfold(response))
        {
            exchange.Meter.Observe(chatEvent);
            renderer.Render(chatEvent, client.Output);
        }

        await client.FlushAsync();
        exchange.Meter.EndAttempt((int)answer.Status, reason: null);
        exchange.Meter.End(RequestOutcome.Success, exchange.Http.Response.StatusCode);
    }

    private static async Task AnswerAsync(Exchange exchange, ChatCall call, PreparedChat prepared, UpstreamAnswer answer)
    {
        using var bytes = new PooledBuffer();
        JsonDocument? document = null;
        try
        {
            ChatResponse? response;
            if (answer.IsEventStream)
            {
                response = await StreamFold.ReadAsync(answer, prepared.Target.CreateDecoder());
            }
            else
            {
                await answer.ReadAllAsync(bytes);
                document = UpstreamJson.Parse(bytes, answer);
                response = prepared.IsPassthrough ? Passthrough.Listen(prepared.Target, document, answer) : UpstreamJson.Decode(prepared.Target.DecodeResponse, document, answer);
            }

            if (response is null)
            {
                exchange.Meter.ObserveUnread(bytes.Length);
            }
            else
            {
                exchange.Meter.Observe(response);
            }

            exchange.Meter.EndAttempt((int)answer.Status, reason: null);
            if (prepared.IsPassthrough && document is not null)
            {
                await exchange.AnswerAsync(bytes);
                return;
            }

            using var rendered = new PooledBuffer(bytes.Length + PooledBuffer.DefaultCapacity);
            ChatResponse adapted = new AnswerAdapter(prepared.Names ?? ToolNames.None).Adapt(response!);
            call.Dialect.EncodeResponse(adapted, call.Context(exchange, decoded: true), rendered);
            await exchange.AnswerAsync(rendered);
        }
        finally
        {
            document?.Dispose();
        }
    }

    private static TranslatedFrames Translated(Exchange exchange, ChatCall call, PreparedChat prepared) =>
        new(new AnswerAdapter(prepared.Names ?? ToolNames.None), call.Dialect.CreateEncoder(call.Context(exchange, decoded: true)));

    private static string UpstreamPath(Exchange exchange, ChatCall call, PreparedChat prepared, Destination destination)
    {
        string path = prepared.Target.UpstreamPath(destination.Model, call.Stream);

        // Anthropic's SDKs say with it that the body may hold beta fields.
        return prepared.Target.Id == call.Dialect.Id && exchange.Http.Request.Query.ContainsKey("beta") && call.Dialect.Id == DialectIds.Messages
            ? path + "?beta=true"
            : path;
    }
}
