using System.Diagnostics;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Metering.Telemetry;

/// <summary>
/// One request to one destination as telemetry tells it: a client span (<c>chat gpt-5.1</c>) and the client metrics. There is one only while somebody
/// listens. Not thread-safe. Source of the names: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/.
/// </summary>
internal sealed class ProviderCall
{
    private readonly GatewayTelemetry _telemetry;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly string _operation;
    private readonly string _provider;
    private readonly string _model;
    private readonly List<string> _finishReasons = [];
    private Uri? _address;
    private string? _responseId;
    private TimeSpan? _firstChunk;
    private long _lastChunk;
    private bool _ended;

    private ProviderCall(GatewayTelemetry telemetry, TimeProvider time, string operation, Destination destination)
    {
        _telemetry = telemetry;
        _time = time;
        _start = time.GetTimestamp();
        _operation = operation;
        _provider = TelemetryNames.ProviderOf(destination.Provider.Kind);
        _model = destination.Model;
    }

    /// <summary>The span; null when this trace is not sampled at all.</summary>
    public Activity? Span { get; private init; }

    /// <summary>Begins it.</summary>
    /// <param name="telemetry">Who is told.</param>
    /// <param name="time">The clock.</param>
    /// <param name="operation"><c>chat</c>, <c>embeddings</c>, or <c>count_tokens</c>, which the conventions do not know.</param>
    /// <param name="destination">Who is asked.</param>
    /// <param name="request">Whose request it is.</param>
    /// <param name="stream">True when the answer is wanted as a stream.</param>
    public static ProviderCall Begin(GatewayTelemetry telemetry, TimeProvider time, string operation, Destination destination, CallingRequest request, bool stream)
    {
        Activity? span = null;
        if (telemetry.Source.HasListeners())
        {
            // A sampler sees these.
            KeyValuePair<string, object?>[] tags =
            [
                new(TelemetryNames.Operation, operation),
                new(TelemetryNames.Provider, TelemetryNames.ProviderOf(destination.Provider.Kind)),
                new(TelemetryNames.RequestModel, destination.Model),
            ];
            span = telemetry.Source.StartActivity($"{operation} {destination.Model}", ActivityKind.Client, default(ActivityContext), tags);
        }

        if (span is { IsAllDataRequested: true })
        {
            span.SetTag(TelemetryNames.RequestId, request.Traits.RequestId);
            span.SetTag(TelemetryNames.Endpoint, request.Endpoint);
            span.SetTag(TelemetryNames.Destination, destination.Name);
            span.SetTag("gateway.attempt", request.Attempt);
            span.SetTag("gen_ai.conversation.id", request.Traits.SessionId);
            span.SetTag("gen_ai.request.stream", stream ? true : null);
            if (request.Body is { } body)
            {
                RequestParameters.Tell(body, span);
            }
        }

        return new ProviderCall(telemetry, time, operation, destination) { Span = span };
    }

    /// <summary>The URL is known; only its host and port are told.</summary>
    public void To(Uri? address)
    {
        _address = address;
        if (Span is { IsAllDataRequested: true } && address is not null)
        {
            Span.SetTag(TelemetryNames.ServerAddress, address.Host);
            Span.SetTag(TelemetryNames.ServerPort, address.Port);
        }
    }

    /// <summary>A frame of the provider's stream with something in it has come.</summary>
    public void Chunk()
    {
        long now = _time.GetTimestamp();
        if (_firstChunk is null)
        {
            _firstChunk = _time.GetElapsedTime(_start, now);
            _telemetry.Calls.FirstChunk.Record(_firstChunk.Value.TotalSeconds, Tags(served: null));
        }
        else if (_telemetry.Calls.PerChunk.Enabled)
        {
            _telemetry.Calls.PerChunk.Record(_time.GetElapsedTime(_lastChunk, now).TotalSeconds, Tags(served: null));
        }

        _lastChunk = now;
    }

    /// <summary>Takes in an event of the provider's stream.</summary>
    public void Observe(ChatEvent chatEvent)
    {
        switch (chatEvent)
        {
            case Started started:
                _responseId ??= started.Id;
                break;
            case ChoiceEnded ended:
                _finishReasons.Add(UsageNames.Of(ended.Reason));
                break;
        }
    }

    /// <summary>Takes in a whole answer.</summary>
    public void Observe(ChatResponse response)
    {
        _responseId = response.Id;
        foreach (Choice choice in response.Choices)
        {
            _finishReasons.Add(UsageNames.Of(choice.FinishReason));
        }
    }

    /// <summary>It has ended. Only the first word counts.</summary>
    /// <param name="status">The provider's status; 0 when there was no answer.</param>
    /// <param name="error">Why it failed, in one word; null when it did not.</param>
    /// <param name="usage">What the provider has counted; estimates are not told.</param>
    /// <param name="served">The model that the provider says has served.</param>
    public void End(int status, string? error, TokenUsage? usage, string? served)
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        TagList tags = Tags(served);
        if (usage is not null)
        {
            _telemetry.Calls.Count(_operation, usage, tags);
        }

        if (error is not null)
        {
            tags.Add(TelemetryNames.ErrorType, error);
        }

        _telemetry.Calls.Record(_operation, _time.GetElapsedTime(_start), tags);
        if (Span is { IsAllDataRequested: true })
        {
            Tell(Span, status, error, usage, served);
        }

        Span?.Dispose();
    }

    /// <summary>The attributes of every metric about this call.</summary>
    public TagList Tags(string? served)
    {
        var tags = new TagList
        {
            { TelemetryNames.Operation, _operation },
            { TelemetryNames.Provider, _provider },
            { TelemetryNames.RequestModel, _model },
        };
        if (served is not null)
        {
            tags.Add(TelemetryNames.ResponseModel, served);
        }

        if (_address is not null)
        {
            tags.Add(TelemetryNames.ServerAddress, _address.Host);
            tags.Add(TelemetryNames.ServerPort, _address.Port);
        }

        return tags;
    }

    private void Tell(Activity span, int status, string? error, TokenUsage? usage, string? served)
    {
        // A null is not set at all.
        span.SetTag(TelemetryNames.ResponseModel, served);
        span.SetTag("gen_ai.response.id", _responseId);
        span.SetTag("gen_ai.response.finish_reasons", _finishReasons.Count > 0 ? _finishReasons.ToArray() : null);
        span.SetTag("gen_ai.response.time_to_first_chunk", _firstChunk?.TotalSeconds);
        span.SetTag("gen_ai.usage.input_tokens", usage?.InputTokens);
        span.SetTag("gen_ai.usage.output_tokens", usage?.OutputTokens);
        span.SetTag("gen_ai.usage.cache_read.input_tokens", usage?.CacheReadTokens);
        span.SetTag(_telemetry.Calls.CacheWrite, usage?.CacheWriteTokens);
        span.SetTag("gen_ai.usage.reasoning.output_tokens", usage?.ReasoningTokens);
        span.SetTag("gen_ai.usage.audio.input_tokens", usage?.AudioInputTokens);
        span.SetTag("gen_ai.usage.audio.output_tokens", usage?.AudioOutputTokens);
        span.SetTag("http.response.status_code", status > 0 ? status : null);
        if (error is not null)
        {
            span.SetTag(TelemetryNames.ErrorType, error);
            span.SetStatus(ActivityStatusCode.Error);
        }
    }
}

/// <summary>The request that a call is made for.</summary>
/// <param name="Traits">What is known of it from its headers.</param>
/// <param name="Endpoint">The endpoint that the client named.</param>
/// <param name="Attempt">Which try it is, from 1.</param>
/// <param name="Body">The client's body.</param>
internal readonly record struct CallingRequest(RequestTraits Traits, string? Endpoint, int Attempt, JsonBody? Body);
