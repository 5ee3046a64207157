using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Serverless.Gateway.Access;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Prices;
using Serverless.Gateway.Metering.Telemetry;
using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Pipeline;

/// <summary>What every exchange needs of the rest of the gateway.</summary>
internal sealed record ExchangeServices(
    IAccessControl Access,
    IEndpointDirectory Endpoints,
    IUsageStore Usage,
    PriceList Prices,
    GatewayLimits Limits,
    GatewayTelemetry Telemetry,
    TimeProvider Time,
    ILogger<Exchange> Logger,
    IHostApplicationLifetime? Lifetime = null);

/// <summary>
/// One request and its answer: who asks, what was read, what was sent, what the usage record will say. It is accepted once its caller
/// is known; from then on it leaves exactly one record, whatever its ending.
/// </summary>
internal sealed partial class Exchange : IDisposable
{
    private readonly ExchangeServices _services;
    private readonly RequestTraits _traits;
    private readonly Activity? _server;
    private RequestBody? _body;
    private bool _announced;
    private bool _completed;

    public Exchange(ExchangeServices services, HttpContext http, IDialect client, string apiType)
    {
        _services = services;
        Http = http;
        Client = client;
        Aborted = http.RequestAborted;
        Created = services.Time.GetUtcNow();
        Telemetry = services.Telemetry.IsHeard ? services.Telemetry : null;
        _server = Telemetry is null ? null : http.Features.Get<IHttpActivityFeature>()?.Activity;
        _traits = RequestTraits.Read(http, Pipeline.RequestId.Next(Created), apiType, client.Id, _server);
        Meter = new UsageMeter(services.Time, services.Prices, Created);
        Watch = new Watch(services.Time);
        ErrorAnswer.Identify(http, client, RequestId);
    }

    public HttpContext Http { get; }

    /// <summary>The client's dialect; shapes every error.</summary>
    public IDialect Client { get; }

    /// <summary>Ends when the client hangs up.</summary>
    public CancellationToken Aborted { get; }

    public DateTimeOffset Created { get; }

    public string RequestId => _traits.RequestId;

    public UsageMeter Meter { get; }

    public Watch Watch { get; }

    public GatewayLimits Limits => _services.Limits;

    /// <summary>Who is told of this exchange; null while nobody listens.</summary>
    public GatewayTelemetry? Telemetry { get; }

    /// <summary>What is done with a model, in the words of telemetry: <c>chat</c>, <c>embeddings</c>, <c>count_tokens</c>.</summary>
    public string Operation { get; set; } = "chat";

    /// <summary>True when the destination that is being tried has refused the seals of the history: it is asked once more without them.</summary>
    public bool SealsRefused { get; set; }

    /// <summary>The client's stream, where it wants one.</summary>
    public ClientStream? Stream { get; private set; }

    [MemberNotNullWhen(true, nameof(Principal))]
    private bool IsAccepted => Principal is not null;

    private Principal? Principal => Meter.Principal;

    /// <summary>The caller, or a 401.</summary>
    public async ValueTask AuthenticateAsync()
    {
        Meter.Principal = await _services.Access.AuthenticateAsync(Credentials.Read(Http.Request), Aborted);
        if (_traits.BadTags)
        {
            Log.BadTags(_services.Logger, RequestId);
        }
    }

    /// <summary>The body, or a 400, 413 or 415.</summary>
    public async ValueTask<RequestBody> ReadBodyAsync()
    {
        _body = await RequestBody.ReadAsync(Http.Request, Limits.MaxBodyBytes, length => Meter.BytesIn = length, Aborted);
        if (_traits.SessionId is null)
        {
            Meter.Session = ClientSession.Of(_body.Json, _traits.Agent);
        }

        return _body;
    }

    /// <summary>The endpoint that is asked for, or a 400, 403 or 404.</summary>
    public GatewayEndpoint Resolve(string name, EndpointTask task)
    {
        Meter.Endpoint = RecordText.Name(name, LongestName);
        Operation = Name(task);
        GatewayEndpoint endpoint = _services.Endpoints.Find(name) ?? throw new GatewayException(
            new GatewayError(ErrorKind.NotFound, StatusCodes.Status404NotFound, $"The endpoint '{Meter.Endpoint}' does not exist.") { Param = "model", Code = "model_not_found" });
        if (!_services.Access.MayUse(Principal!, endpoint))
        {
            throw new GatewayException(new GatewayError(ErrorKind.Permission, StatusCodes.Status403Forbidden, $"You may not use the endpoint '{endpoint.Name}'.") { Code = "endpoint_forbidden" });
        }

        if (endpoint.Task is { } serves && serves != task)
        {
            throw new GatewayException(GatewayError.Invalid($"The endpoint '{endpoint.Name}' does not serve {Name(task)}.", "model", "endpoint_task"));
        }

        return endpoint;
    }

    /// <summary>Refuses a destination whose model has no price, where the endpoint requires one.</summary>
    /// <exception cref="UpstreamFailure">It has none.</exception>
    public void RequirePrice(GatewayEndpoint endpoint, Destination destination)
    {
        if (endpoint.RequirePrice && !_services.Prices.Has(destination.Provider, destination.Model, Created))
        {
            var error = new GatewayError(ErrorKind.Permission, StatusCodes.Status403Forbidden, $"'{endpoint.Name}' refuses models without a price, and '{destination.Provider.Name}/{destination.Model}' has none.");
            throw new UpstreamFailure(error with { Code = "model_unpriced" }, 0) { BeforeSending = true };
        }
    }

    /// <summary>Tells the store that work begins.</summary>
    public void Announce()
    {
        if (!_announced)
        {
            _announced = true;
            _services.Usage.Accepted(Meter.ToRecord(_traits));
        }
    }

    /// <summary>Tells in headers who answers, what it says of limits, and what it could not be told.</summary>
    public void TellAnswer(UpstreamAnswer answer, Destination destination, DialectId target, TranslationReport report)
    {
        HeaderPolicy.ReportDropped(Http.Request.Headers, target, report);
        if (!Http.Response.HasStarted)
        {
            IHeaderDictionary headers = Http.Response.Headers;
            HeaderPolicy.ToClient(answer.Headers, headers);
            HeaderPolicy.Report(report.Entries, headers);
            headers["x-gateway-destination"] = HeaderPolicy.Safe(destination.Name);
        }
    }

    /// <summary>Begins to tell of a request to a destination, where somebody listens.</summary>
    public ProviderCall? BeginCall(Destination destination, bool stream) => Meter.Call = Telemetry is null
        ? null
        : ProviderCall.Begin(Telemetry, _services.Time, Operation, destination, new CallingRequest(_traits, Meter.Endpoint, Meter.Attempt, _body?.Json), stream);

    /// <summary>The span that work for this request belongs to; null while nobody listens.</summary>
    public Activity? Span => Meter.Call?.Span ?? _server;

    /// <summary>Begins a stream for the client; nothing is sent yet.</summary>
    public ClientStream OpenStream(IChatDialect dialect, AnswerContext context)
    {
        Meter.Stream = true;
        Telemetry?.StreamOpened();
        return Stream = new ClientStream(this, dialect, context);
    }

    /// <summary>
    /// Waits for something of the provider's and keeps the client alive meanwhile. When it returns or throws, nothing is pending any
    /// more: memory that was handed out to read into can be given back.
    /// </summary>
    public async Task<T> WaitForProviderAsync<T>(Task<T> pending, CancellationTokenSource cancellation)
    {
        try
        {
            while (Stream is { } stream && !pending.IsCompleted)
            {
                Task owed = Watch.ClientOwed;
                if (await Task.WhenAny(pending, owed) == owed)
                {
                    await stream.KeepAliveAsync();
                }
            }
        }
        catch
        {
            await cancellation.CancelAsync();
            await ((Task)pending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        return await pending;
    }

    /// <summary>Sends a whole JSON answer, after the record of it is durable.</summary>
    public async Task AnswerAsync(PooledBuffer body, string contentType = "application/json")
    {
        HttpResponse response = Http.Response;
        response.ContentType = contentType;
        response.ContentLength = body.Length;
        Meter.BytesOut += body.Length;
        Meter.End(RequestOutcome.Success, response.StatusCode);
        await CompleteAsync();
        await response.Body.WriteAsync(body.Written, Aborted);
    }

    /// <summary>Tells the client, in its own envelope, that there is no answer; within a stream as an error frame.</summary>
    public async Task FailAsync(Exception exception)
    {
        try
        {
            if (Aborted.IsCancellationRequested || exception is ConnectionAbortedException)
            {
                EndAsClosed();
                return;
            }

            (GatewayError error, RequestOutcome outcome) = Explain(exception);
            if (Stream is { IsOpen: true } stream)
            {
                await stream.FailAsync(error);
                Meter.End(outcome, Http.Response.StatusCode, RecordText.CodeOf(error));
            }
            else if (Http.Response.HasStarted)
            {
                Meter.End(outcome, Http.Response.StatusCode, RecordText.CodeOf(error));
                Http.Abort();
            }
            else
            {
                await RefuseAsync(error, outcome, exception as UpstreamFailure);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            EndAsClosed();
        }
    }

    /// <summary>Makes the record durable. The first call counts.</summary>
    public async ValueTask CompleteAsync()
    {
        if (_completed)
        {
            return;
        }

        _completed = true;
        Meter.End(RequestOutcome.InternalError, Http.Response.StatusCode);
        UsageRecord? record = null;
        if (Telemetry is not null)
        {
            Meter.Call?.End(0, Meter.ErrorCode ?? "not_finished", usage: null, served: null);
            record = Meter.ToRecord(_traits);
            Telemetry.EndRequest(_server, record, Meter.Call);
        }

        if (!IsAccepted)
        {
            // There will be no record of it; lists of models have none either.
            if (Meter.Outcome != RequestOutcome.Success)
            {
                Log.NotAccepted(_services.Logger, RequestId, Meter.StatusCode, Meter.ErrorCode);
            }

            return;
        }

        try
        {
            Announce();
            await _services.Usage.CompletedAsync(record ?? Meter.ToRecord(_traits), CancellationToken.None);
        }
        catch (Exception e)
        {
            // The answer is worth more to the caller than the record of it; the store has its own ways of last resort.
            Log.RecordLost(_services.Logger, e, RequestId);
        }
    }

    public void Dispose()
    {
        if (Stream is not null)
        {
            Telemetry?.StreamClosed();
            Stream.Dispose();
        }

        Watch.Dispose();
        _body?.Dispose();
    }

    private const int LongestName = 256;

    /// <summary>In one word, why work on the answer has ended without one: the connection is gone, or the gateway has failed.</summary>
    public string ReasonOfEnd => !Aborted.IsCancellationRequested ? "internal_error" : IsStopping ? UsageMeter.Stopped : "client_closed";

    /// <summary>True when it was not the client that hung up: a process that has to end cannot wait for long answers.</summary>
    private bool IsStopping => _services.Lifetime?.ApplicationStopping.IsCancellationRequested == true;

    private void EndAsClosed()
    {
        (RequestOutcome outcome, int status, string code) = IsStopping
            ? (RequestOutcome.InternalError, StatusCodes.Status503ServiceUnavailable, UsageMeter.Stopped)
            : (RequestOutcome.ClientClosed, StatusCodes.Status499ClientClosedRequest, "client_closed");
        Meter.End(outcome, Http.Response.HasStarted ? Http.Response.StatusCode : status, code);
    }

    private async Task RefuseAsync(GatewayError error, RequestOutcome outcome, UpstreamFailure? failure)
    {
        using var body = new PooledBuffer();
        if (failure?.Headers is { } headers)
        {
            HeaderPolicy.ToClient(headers, Http.Response.Headers);
        }

        ErrorAnswer.Prepare(Http, Client, error, RequestId, body);
        if (failure?.Body is { } own)
        {
            body.Clear();
            own.Span.CopyTo(body.GetSpan(own.Length));
            body.Advance(own.Length);
        }

        Http.Response.ContentLength = body.Length;
        Meter.BytesOut += body.Length;
        Meter.End(outcome, error.Status, RecordText.CodeOf(error));
        await CompleteAsync();
        await Http.Response.Body.WriteAsync(body.Written, Aborted);
    }

    private (GatewayError Error, RequestOutcome Outcome) Explain(Exception exception)
    {
        switch (exception)
        {
            case UpstreamFailure { BeforeSending: true } failure:
                return (failure.Error, RequestOutcome.Refused);
            case UpstreamFailure failure:
                return (failure.Error, failure.Error.Kind == ErrorKind.Timeout ? RequestOutcome.Timeout : RequestOutcome.UpstreamError);
            case GatewayException refused:
                return (refused.Error, refused.Error.Kind == ErrorKind.Upstream ? RequestOutcome.UpstreamError : RequestOutcome.Refused);
            default:
                Log.InternalError(_services.Logger, exception, RequestId);
                var error = new GatewayError(ErrorKind.Internal, StatusCodes.Status500InternalServerError, $"The gateway has failed; the operator finds the reason under the request id {RequestId}.");
                return (error with { Code = "internal_error" }, RequestOutcome.InternalError);
        }
    }

    private static string Name(EndpointTask task) => task == EndpointTask.Chat ? "chat" : "embeddings";

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "Request {RequestId} has failed by a fault of the gateway.")]
        public static partial void InternalError(ILogger logger, Exception exception, string requestId);

        [LoggerMessage(2, LogLevel.Critical, "The usage record of request {RequestId} could not be stored.")]
        public static partial void RecordLost(ILogger logger, Exception exception, string requestId);

        [LoggerMessage(4, LogLevel.Information, "Request {RequestId} was not accepted: status {Status} ({Reason}).")]
        public static partial void NotAccepted(ILogger logger, string requestId, int status, string? reason);

        [LoggerMessage(3, LogLevel.Warning, "Some tags of request {RequestId} are ignored: they are not a JSON object of strings or name=value with commas, or too many or too long.")]
        public static partial void BadTags(ILogger logger, string requestId);
    }
}
