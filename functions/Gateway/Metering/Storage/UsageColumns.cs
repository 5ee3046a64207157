using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Metering.Storage;

/// <summary>
/// The columns of the usage records: the one place that says what a record looks like outside of this process. To add a column, add
/// a property to <see cref="UsageRecord"/>, a line to <see cref="All"/> and a line to <see cref="ToRecord"/>; stores add it to what
/// they hold by themselves.
/// </summary>
public static class UsageColumns
{
    /// <summary>All columns but the key, in the order of exports.</summary>
    public static IReadOnlyList<UsageColumn> All { get; } =
    [
        Time("event_time", r => r.Accepted, accepted: true),
        Text("invocation_id", r => r.InvocationId, accepted: true),
        Text("trace_id", r => r.TraceId, accepted: true),
        Text("instance", r => r.Instance, accepted: true),
        Text("gateway_version", r => r.GatewayVersion, accepted: true),
        Text("requester", r => r.Principal, accepted: true),
        Text("requester_type", r => r.PrincipalType, accepted: true),
        Json("requester_groups", r => r.Groups.Count == 0 ? null : r.Groups, UsageJson.Default.IReadOnlyListString, accepted: true),
        Text("key_id", r => r.KeyId, accepted: true),
        Text("endpoint_name", r => r.Endpoint, accepted: true),
        Text("api_type", r => r.ApiType, accepted: true),
        Text("client_dialect", r => r.ClientDialect, accepted: true),
        Boolean("stream", r => r.Stream, accepted: true),
        Text("user_agent", r => r.UserAgent, accepted: true),
        Text("agent", r => r.Agent, accepted: true),
        Text("session_id", r => r.SessionId, accepted: true),
        Text("ip_address", r => r.ClientAddress, accepted: true),
        Json("request_tags", r => r.Tags is not { Count: > 0 } ? null : r.Tags, UsageJson.Default.IReadOnlyDictionaryStringString, accepted: true),
        Text("provider_dialect", r => r.ProviderDialect),
        Text("provider", r => r.Provider),
        Text("destination_name", r => r.Destination),
        Text("destination_model", r => r.ModelAsked),
        Text("served_model", r => r.ModelServed),
        Text("provider_request_id", r => r.ProviderRequestId),
        Text("outcome", r => UsageNames.Of(r.Outcome)),
        Integer("status_code", r => r.StatusCode),
        Text("error_code", r => r.ErrorCode),
        Text("finish_reason", r => r.FinishReason is { } reason ? UsageNames.Of(reason) : null),
        Json("attempts", r => r.Attempts.Count == 0 ? null : r.Attempts.Select(AttemptJson.Of).ToList(), UsageJson.Default.ListAttemptJson),
        Integer("input_tokens", r => r.Usage?.InputTokens),
        Integer("cache_read_input_tokens", r => r.Usage?.CacheReadTokens),
        Integer("cache_creation_input_tokens", r => r.Usage?.CacheWriteTokens),
        Integer("cache_creation_5m_input_tokens", r => r.Usage?.CacheWrite5mTokens),
        Integer("cache_creation_1h_input_tokens", r => r.Usage?.CacheWrite1hTokens),
        Integer("tool_use_input_tokens", r => r.Usage?.ToolUseInputTokens),
        Integer("audio_input_tokens", r => r.Usage?.AudioInputTokens),
        Integer("output_tokens", r => r.Usage?.OutputTokens),
        Integer("output_reasoning_tokens", r => r.Usage?.ReasoningTokens),
        Integer("audio_output_tokens", r => r.Usage?.AudioOutputTokens),
        Integer("total_tokens", r => r.Usage?.TotalTokens),
        Boolean("estimated", r => r.Usage?.Estimated),
        Text("service_tier", r => r.ServiceTier),
        Integer("cost_nano_usd", r => r.CostNanoUsd),
        Text("price_version", r => r.PriceVersion),
        Time("completed_time", r => r.Completed),
        Milliseconds("latency_ms", r => r.Latency),
        Milliseconds("time_to_first_token_ms", r => r.TimeToFirstToken),
        Milliseconds("queue_ms", r => r.QueueTime),
        Integer("bytes_in", r => r.BytesIn),
        Integer("bytes_out", r => r.BytesOut),
        Json("translation", r => r.Translation.Count == 0 ? null : r.Translation, UsageJson.Default.IReadOnlyListReportEntry),
    ];

    private static readonly Dictionary<string, UsageColumn> ByName = All.ToDictionary(c => c.Name);

    /// <summary>The column that says how a request ended; a row without it is of a request that is still running, or was lost.</summary>
    public static UsageColumn Outcome { get; } = ByName["outcome"];

    /// <summary>The column of that name, or null.</summary>
    public static UsageColumn? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>A record from the values of its columns; what is not there is unknown.</summary>
    /// <param name="requestId">The key.</param>
    /// <param name="value">The value of a column by its name, of the type that the column has, or null.</param>
    public static UsageRecord ToRecord(string requestId, Func<string, object?> value)
    {
        string? Text(string name) => value(name) as string;
        long? Integer(string name) => value(name) as long?;
        TimeSpan? Duration(string name) => value(name) is double ms ? TimeSpan.FromMilliseconds(ms) : null;

        return new UsageRecord
        {
            RequestId = requestId,
            Accepted = value("event_time") as DateTimeOffset? ?? UsageKey.TimeOf(requestId),
            InvocationId = Text("invocation_id"),
            TraceId = Text("trace_id"),
            Instance = Text("instance"),
            GatewayVersion = Text("gateway_version"),
            Principal = Text("requester"),
            PrincipalType = Text("requester_type"),
            Groups = Text("requester_groups") is { } groups ? JsonSerializer.Deserialize(groups, UsageJson.Default.IReadOnlyListString)! : [],
            KeyId = Text("key_id"),
            Endpoint = Text("endpoint_name"),
            ApiType = Text("api_type") ?? "",
            ClientDialect = Text("client_dialect"),
            Stream = value("stream") is true,
            UserAgent = Text("user_agent"),
            Agent = Text("agent"),
            SessionId = Text("session_id"),
            ClientAddress = Text("ip_address"),
            Tags = Text("request_tags") is { } tags ? JsonSerializer.Deserialize(tags, UsageJson.Default.IReadOnlyDictionaryStringString) : null,
            ProviderDialect = Text("provider_dialect"),
            Provider = Text("provider"),
            Destination = Text("destination_name"),
            ModelAsked = Text("destination_model"),
            ModelServed = Text("served_model"),
            ProviderRequestId = Text("provider_request_id"),
            Outcome = UsageNames.OutcomeOf(Text("outcome")),
            StatusCode = (int)(Integer("status_code") ?? 0),
            ErrorCode = Text("error_code"),
            FinishReason = UsageNames.FinishReasonOf(Text("finish_reason")),
            Attempts = Text("attempts") is { } attempts ? [.. JsonSerializer.Deserialize(attempts, UsageJson.Default.ListAttemptJson)!.Select(a => a.ToAttempt())] : [],
            Usage = Tokens(Integer, value("estimated") is true),
            ServiceTier = Text("service_tier"),
            CostNanoUsd = Integer("cost_nano_usd"),
            PriceVersion = Text("price_version"),
            Completed = value("completed_time") as DateTimeOffset?,
            Latency = Duration("latency_ms"),
            TimeToFirstToken = Duration("time_to_first_token_ms"),
            QueueTime = Duration("queue_ms"),
            BytesIn = Integer("bytes_in") ?? 0,
            BytesOut = Integer("bytes_out") ?? 0,
            Translation = Text("translation") is { } translation ? JsonSerializer.Deserialize(translation, UsageJson.Default.IReadOnlyListReportEntry)! : [],
        };
    }

    private static TokenUsage? Tokens(Func<string, long?> integer, bool estimated)
    {
        TokenUsage usage = new()
        {
            InputTokens = integer("input_tokens"),
            CacheReadTokens = integer("cache_read_input_tokens"),
            CacheWriteTokens = integer("cache_creation_input_tokens"),
            CacheWrite5mTokens = integer("cache_creation_5m_input_tokens"),
            CacheWrite1hTokens = integer("cache_creation_1h_input_tokens"),
            ToolUseInputTokens = integer("tool_use_input_tokens"),
            AudioInputTokens = integer("audio_input_tokens"),
            OutputTokens = integer("output_tokens"),
            ReasoningTokens = integer("output_reasoning_tokens"),
            AudioOutputTokens = integer("audio_output_tokens"),
            Estimated = estimated,
        };
        return usage == new TokenUsage() ? null : usage;
    }

    /// <summary>All digits of a duration, which has seven behind the point of its seconds.</summary>
    internal static decimal InMilliseconds(TimeSpan duration) => (decimal)duration.Ticks / TimeSpan.TicksPerMillisecond;

    private static UsageColumn Text(string name, Func<UsageRecord, string?> get, bool accepted = false) =>
        Column(name, UsageColumnType.Text, accepted, get, static (json, property, value) => json.WriteString(property, value));

    private static UsageColumn Integer(string name, Func<UsageRecord, long?> get) =>
        Column(name, UsageColumnType.Integer, false, get, static (json, property, value) => json.WriteNumber(property, value));

    /// <summary>Written as a decimal number: its digits are known, while the shortest ones of a double must be searched for.</summary>
    private static UsageColumn Milliseconds(string name, Func<UsageRecord, TimeSpan?> get) =>
        Column(name, UsageColumnType.Real, false, get, static (json, property, value) => json.WriteNumber(property, InMilliseconds(value)), static value => value.TotalMilliseconds);

    private static UsageColumn Boolean(string name, Func<UsageRecord, bool?> get, bool accepted = false) =>
        Column(name, UsageColumnType.Boolean, accepted, get, static (json, property, value) => json.WriteBoolean(property, value));

    private static UsageColumn Time(string name, Func<UsageRecord, DateTimeOffset?> get, bool accepted = false) =>
        Column(name, UsageColumnType.Time, accepted, r => get(r)?.ToUniversalTime(), static (json, property, value) => json.WriteString(property, value.UtcDateTime));

    private static UsageColumn Json<T>(string name, Func<UsageRecord, T?> get, JsonTypeInfo<T> type, bool accepted = false)
        where T : class
    {
        void Write(Utf8JsonWriter json, JsonEncodedText property, T value)
        {
            json.WritePropertyName(property);
            JsonSerializer.Serialize(json, value, type);
        }

        return Column(name, UsageColumnType.Json, accepted, get, Write, value => JsonSerializer.Serialize(value, type));
    }

    private static UsageColumn Column<T>(
        string name, UsageColumnType type, bool accepted, Func<UsageRecord, T?> get, Action<Utf8JsonWriter, JsonEncodedText, T> write, Func<T, object>? made = null)
        where T : class
    {
        JsonEncodedText property = JsonEncodedText.Encode(name);
        return new(name, type, accepted, r => get(r) is { } value ? made?.Invoke(value) ?? value : null, (r, json) =>
        {
            if (get(r) is { } value)
            {
                write(json, property, value);
            }
        });
    }

    private static UsageColumn Column<T>(
        string name, UsageColumnType type, bool accepted, Func<UsageRecord, T?> get, Action<Utf8JsonWriter, JsonEncodedText, T> write, Func<T, object>? box = null)
        where T : struct
    {
        JsonEncodedText property = JsonEncodedText.Encode(name);
        return new(name, type, accepted, r => get(r) is { } value ? box?.Invoke(value) ?? value : null, (r, json) =>
        {
            if (get(r) is { } value)
            {
                write(json, property, value);
            }
        });
    }
}

/// <summary>How an attempt stands in its column.</summary>
internal sealed record AttemptJson(
    [property: JsonPropertyName("destination")] string Destination,
    [property: JsonPropertyName("status_code")] int Status,
    [property: JsonPropertyName("latency_ms")] decimal LatencyMs,
    [property: JsonPropertyName("error_code")] string? Reason,
    [property: JsonPropertyName("input_tokens")] long? InputTokens,
    [property: JsonPropertyName("output_tokens")] long? OutputTokens,
    [property: JsonPropertyName("cost_nano_usd")] long? CostNanoUsd)
{
    public static AttemptJson Of(Attempt attempt) =>
        new(attempt.Destination, attempt.Status, UsageColumns.InMilliseconds(attempt.Latency), attempt.Reason, attempt.InputTokens, attempt.OutputTokens, attempt.CostNanoUsd);

    public Attempt ToAttempt() => new(Destination, Status, TimeSpan.FromTicks((long)(LatencyMs * TimeSpan.TicksPerMillisecond)), Reason) { InputTokens = InputTokens, OutputTokens = OutputTokens, CostNanoUsd = CostNanoUsd };
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(List<AttemptJson>))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(IReadOnlyList<ReportEntry>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
internal sealed partial class UsageJson : JsonSerializerContext;
