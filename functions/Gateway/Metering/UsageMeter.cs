using Serverless.Gateway.Access;
using Serverless.Gateway.Metering.Prices;
using Serverless.Gateway.Metering.Telemetry;
using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Metering;

/// <summary>Gathers what the usage record of one request will say. Not thread-safe.</summary>
internal sealed class UsageMeter
{
    /// <summary>The code of a request that was still running when the process that handled it had to end.</summary>
    public const string Stopped = "gateway_stopped";

    /// <summary>Longest name of a model and longest id that are kept of what a provider says.</summary>
    private const int LongestName = 256;

    private const int LongestTier = 32;

    private readonly TimeProvider _time;
    private readonly PriceList _prices;
    private readonly long _start;
    private readonly DateTimeOffset _accepted;
    private readonly List<Attempt> _attempts = [];
    private Destination? _destination;
    private DialectId? _providerDialect;
    private long? _attemptStart;
    private int _heard;
    private TimeSpan? _queued;
    private TimeSpan? _firstToken;
    private TokenUsage? _usage;
    private long _outputCharacters;
    private bool _complete;
    private string? _serviceTier;
    private IReadOnlyList<ReportEntry> _translation = [];

    public UsageMeter(TimeProvider time, PriceList prices, DateTimeOffset accepted)
    {
        _time = time;
        _prices = prices;
        _start = time.GetTimestamp();
        _accepted = accepted;
    }

    public Principal? Principal { get; set; }

    public string? Endpoint { get; set; }

    public bool Stream { get; set; }

    public long BytesIn { get; set; }

    public long BytesOut { get; set; }

    public string? ModelServed { get; private set; }

    /// <summary>The provider's id of the request: the one that it names for that in a header, else that of its answer.</summary>
    public string? ProviderRequestId { get; private set; }

    /// <summary>The session that the request's body names.</summary>
    public string? Session { get; set; }

    public FinishReason? FinishReason { get; private set; }

    public RequestOutcome? Outcome { get; private set; }

    public int StatusCode { get; private set; }

    public string? ErrorCode { get; private set; }

    /// <summary>The service tier that the client asked for; what it costs counts by the one that served, where the provider tells it.</summary>
    public string? TierAsked { get; set; }

    /// <summary>Name of the destination that was asked last.</summary>
    public string? Destination => _destination?.Name;

    /// <summary>How many tries have begun.</summary>
    public int Attempt { get; private set; }

    /// <summary>What telemetry tells of the last try that was sent; null while nobody listens.</summary>
    public ProviderCall? Call { get; set; }

    /// <summary>Estimates the tokens of the prompt; asked only when the provider did not count them.</summary>
    public Func<long>? EstimateInput { get; set; }

    /// <summary>The provider has answered.</summary>
    /// <param name="status">Its status.</param>
    /// <param name="requestId">Its id of the request, where a header names one.</param>
    public void Heard(int status, string? requestId)
    {
        _heard = status;
        ProviderRequestId = RecordText.Name(requestId, LongestName);
    }

    /// <summary>A try at a destination begins. What an earlier try has gathered is forgotten, but for the try itself and what it was billed.</summary>
    public void BeginAttempt(Destination destination)
    {
        _queued ??= _time.GetElapsedTime(_start);
        if (_usage is { } counted && _destination is { } before && _attempts.Count > 0)
        {
            _attempts[^1] = _attempts[^1] with { InputTokens = counted.InputTokens, OutputTokens = counted.OutputTokens, CostNanoUsd = _prices.CostNanoUsd(before, Endpoint, ModelServed, Tier(), counted, _accepted) };
        }

        _destination = destination;
        _providerDialect = null;
        Attempt++;
        _attemptStart = _time.GetTimestamp();
        _usage = null;
        _outputCharacters = 0;
        _complete = false;
        _translation = [];
        ModelServed = null;
        _serviceTier = null;
        ProviderRequestId = null;
        _heard = 0;
        FinishReason = null;
    }

    /// <summary>The dialect that the provider is spoken to in, and what it could not be told.</summary>
    public void Prepared(DialectId dialect, TranslationReport report)
    {
        _providerDialect = dialect;
        _translation = report.Entries;
    }

    /// <summary>A try has succeeded or failed.</summary>
    /// <param name="status">The provider's status; 0 when there was no answer; null for the one that was heard.</param>
    /// <param name="reason">Why it failed; null when it did not.</param>
    public void EndAttempt(int? status, string? reason)
    {
        if (_destination is not null && _attemptStart is { } start)
        {
            _attempts.Add(new Attempt(_destination.Name, status ?? _heard, _time.GetElapsedTime(start), reason));
            _attemptStart = null;
        }

        Call?.End(status ?? _heard, reason, _usage, ModelServed);
    }

    /// <summary>Takes in an event of the provider's stream.</summary>
    public void Observe(ChatEvent chatEvent)
    {
        Call?.Observe(chatEvent);
        switch (chatEvent)
        {
            case PartDelta delta:
                _firstToken ??= _time.GetElapsedTime(_start);
                if (delta.Kind != DeltaKind.Media)
                {
                    _outputCharacters += delta.Text.Length;
                }

                break;
            case Started started:
                Served(started.Model, started.Id, started.ServiceTier);
                break;
            case PartStarted part when AnswerContent.Is(part):
                _firstToken ??= _time.GetElapsedTime(_start);
                _outputCharacters += AnswerContent.Characters(part.Seed);
                break;
            case UsageReported usage:
                Add(usage.Usage);
                Served(model: null, id: null, usage.ServiceTier);
                break;
            case ChoiceEnded ended:
                FinishReason ??= ended.Reason;
                break;
            case Finished:
                _complete = true;
                break;
        }
    }

    /// <summary>Takes in a whole answer.</summary>
    public void Observe(ChatResponse response)
    {
        Call?.Observe(response);
        _firstToken ??= _time.GetElapsedTime(_start);
        _complete = true;
        Served(response.Model, response.Id, response.ServiceTier);
        if (response.Choices.Count > 0)
        {
            FinishReason = response.Choices[0].FinishReason;
        }

        if (response.Usage is not null)
        {
            Add(response.Usage);
        }

        foreach (Choice choice in response.Choices)
        {
            foreach (ContentPart part in choice.Parts)
            {
                _outputCharacters += AnswerContent.Characters(part);
            }
        }
    }

    /// <summary>Takes note of content that goes to the client unread: what could not be counted is estimated by its length.</summary>
    public void ObserveUnread(int bytes)
    {
        _firstToken ??= _time.GetElapsedTime(_start);
        _outputCharacters += bytes;
    }

    /// <summary>Takes in the numbers of an answer without text: embeddings.</summary>
    public void Observe(string? model, TokenUsage? usage)
    {
        _firstToken ??= _time.GetElapsedTime(_start);
        _complete = true;
        Served(model, id: null, tier: null);
        if (usage is not null)
        {
            Add(usage);
        }
    }

    /// <summary>Says how the request has ended. Only the first word counts.</summary>
    /// <param name="outcome">How.</param>
    /// <param name="status">The status that the caller got; 499 when it hung up before.</param>
    /// <param name="errorCode">Code of the error.</param>
    public void End(RequestOutcome outcome, int status, string? errorCode = null)
    {
        if (Outcome is null)
        {
            Outcome = outcome;
            StatusCode = status;
            ErrorCode = errorCode;
        }
    }

    /// <summary>The record as far as it is known.</summary>
    public UsageRecord ToRecord(RequestTraits traits)
    {
        TimeSpan? latency = Outcome is null ? null : _time.GetElapsedTime(_start);
        TokenUsage? usage = Outcome is null ? null : FinalUsage();
        long? cost = Outcome is null ? null : CostOf(usage);
        return new UsageRecord
        {
            RequestId = traits.RequestId,
            InvocationId = traits.InvocationId,
            TraceId = traits.TraceId,
            Instance = RequestTraits.Instance,
            GatewayVersion = RequestTraits.GatewayVersion,
            Accepted = _accepted,
            Completed = latency is null ? null : _accepted + latency,
            Latency = latency,
            TimeToFirstToken = _firstToken,
            QueueTime = _queued,
            Principal = Principal?.Id,
            PrincipalType = Principal?.Type.ToString(),
            KeyId = Principal?.KeyId,
            Groups = Principal?.Groups ?? [],
            Endpoint = Endpoint,
            ApiType = traits.ApiType,
            ClientDialect = traits.Dialect.Name,
            ProviderDialect = _providerDialect?.Name,
            Provider = _destination?.Provider.Name,
            Destination = _destination?.Name,
            ModelAsked = _destination?.Model,
            ModelServed = ModelServed,
            ProviderRequestId = ProviderRequestId,
            Stream = Stream,
            Outcome = Outcome ?? RequestOutcome.Open,
            StatusCode = StatusCode,
            ErrorCode = ErrorCode,
            FinishReason = FinishReason,
            Attempts = [.. _attempts],
            Usage = usage,
            ServiceTier = _serviceTier,
            CostNanoUsd = cost,
            PriceVersion = cost is null ? null : _prices.Version,
            BytesIn = BytesIn,
            BytesOut = BytesOut,
            Translation = RecordText.Entries(_translation),
            Tags = traits.Tags,
            UserAgent = traits.UserAgent,
            Agent = traits.Agent,
            SessionId = traits.SessionId ?? Session,
            ClientAddress = traits.ClientAddress,
        };
    }

    /// <summary>The tier that is paid for: the one that served, else the one asked for, unless the provider could not be told of it.</summary>
    private string? Tier()
    {
        if (TierAsked is null || (_serviceTier is not null && TierAsked != "fast"))
        {
            return _serviceTier;
        }

        foreach (ReportEntry entry in _translation)
        {
            if (entry.Dropped && entry.Field is "service_tier" or "serviceTier" or "speed")
            {
                return _serviceTier;
            }
        }

        return TierAsked;
    }

    /// <summary>What the answer and the tries before it cost; null when nothing was used, or a part of it has no price: what is not known is not small.</summary>
    private long? CostOf(TokenUsage? usage)
    {
        bool used = usage is not null;
        long? cost = usage is null || _destination is null ? 0 : _prices.CostNanoUsd(_destination, Endpoint, ModelServed, Tier(), usage, _accepted);
        foreach (Attempt attempt in _attempts)
        {
            if ((attempt.InputTokens ?? attempt.OutputTokens) is not null)
            {
                used = true;
                cost += attempt.CostNanoUsd;
            }
        }

        return used ? cost : null;
    }

    private void Served(string? model, string? id, string? tier)
    {
        ModelServed = RecordText.Name(model, LongestName) ?? ModelServed;
        ProviderRequestId ??= RecordText.Name(id, LongestName);
        _serviceTier = RecordText.Name(tier, LongestTier) ?? _serviceTier;
    }

    private void Add(TokenUsage usage) => _usage = _usage is null ? usage : _usage.With(usage);

    /// <summary>
    /// The provider's numbers where it gave them. Where it did not (it never counts, or the stream ended before it could), tokens that
    /// it has worked on all the same are estimated, so that no answer looks free.
    /// </summary>
    private TokenUsage? FinalUsage()
    {
        // Extra fields lean on a document that is gone by now.
        TokenUsage? told = _usage is null ? null : _usage with { Extra = null };
        if (_complete && told is { InputTokens: not null })
        {
            return told.OutputTokens is null && _outputCharacters > 0
                ? told with { OutputTokens = TextTokens(_outputCharacters), Estimated = true }
                : told;
        }

        bool worked = _complete || _outputCharacters > 0 || told is not null || Outcome is RequestOutcome.ClientClosed or RequestOutcome.Truncated || ErrorCode == Stopped;
        if (!worked || _providerDialect is null)
        {
            return null;
        }

        long produced = TextTokens(_outputCharacters);
        return (told ?? new TokenUsage()) with
        {
            InputTokens = told?.InputTokens ?? EstimateInput?.Invoke(),
            OutputTokens = told?.OutputTokens is { } output && (_complete || output >= produced) ? output : _complete && produced == 0 ? null : produced,
            Estimated = true,
        };
    }

    private static long TextTokens(long characters) => (characters + 3) / 4;
}
