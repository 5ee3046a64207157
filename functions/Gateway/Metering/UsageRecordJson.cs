using System.Buffers;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Metering;

/// <summary>A usage record as JSON. Times are ISO 8601 in UTC, durations milliseconds, what is unknown is absent.</summary>
internal static class UsageRecordJson
{
    public static void Write(UsageRecord record, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, Json.WriterOptions);
        json.WriteStartObject();
        json.WriteString("request_id", record.RequestId);
        Text(json, "invocation_id", record.InvocationId);
        json.WriteString("event_time", record.Accepted.UtcDateTime);
        Duration(json, "latency_ms", record.Latency);
        Duration(json, "time_to_first_token_ms", record.TimeToFirstToken);
        Text(json, "requester", record.Principal);
        Text(json, "requester_type", record.PrincipalType);
        Text(json, "key_id", record.KeyId);
        Text(json, "endpoint_name", record.Endpoint);
        json.WriteString("api_type", record.ApiType);
        Text(json, "client_dialect", record.ClientDialect);
        Text(json, "provider_dialect", record.ProviderDialect);
        Text(json, "provider", record.Provider);
        Text(json, "destination_name", record.Destination);
        Text(json, "destination_model", record.ModelAsked);
        Text(json, "served_model", record.ModelServed);
        Text(json, "provider_request_id", record.ProviderRequestId);
        json.WriteBoolean("stream", record.Stream);
        json.WriteString("outcome", Name(record.Outcome));
        json.WriteNumber("status_code", record.StatusCode);
        Text(json, "error_code", record.ErrorCode);
        Text(json, "finish_reason", record.FinishReason?.ToString());
        Usage(json, record.Usage);
        json.WriteNumber("bytes_in", record.BytesIn);
        json.WriteNumber("bytes_out", record.BytesOut);
        Attempts(json, record.Attempts);
        Translation(json, record.Translation);
        Tags(json, record.Tags);
        Text(json, "user_agent", record.UserAgent);
        Text(json, "session_id", record.SessionId);
        Text(json, "ip_address", record.ClientAddress);
        json.WriteEndObject();
    }

    private static void Usage(Utf8JsonWriter json, TokenUsage? usage)
    {
        if (usage is null)
        {
            return;
        }

        Number(json, "input_tokens", usage.InputTokens);
        Number(json, "output_tokens", usage.OutputTokens);
        Number(json, "total_tokens", usage.TotalTokens);
        Number(json, "cache_read_input_tokens", usage.CacheReadTokens);
        Number(json, "cache_creation_input_tokens", usage.CacheWriteTokens);
        Number(json, "output_reasoning_tokens", usage.ReasoningTokens);
        json.WriteBoolean("estimated", usage.Estimated);
    }

    private static void Attempts(Utf8JsonWriter json, IReadOnlyList<Attempt> attempts)
    {
        json.WriteStartArray("attempts");
        foreach (Attempt attempt in attempts)
        {
            json.WriteStartObject();
            json.WriteString("destination", attempt.Destination);
            json.WriteNumber("status_code", attempt.Status);
            Duration(json, "latency_ms", attempt.Latency);
            Text(json, "error_code", attempt.Reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Translation(Utf8JsonWriter json, IReadOnlyList<ReportEntry> entries)
    {
        if (entries.Count == 0)
        {
            return;
        }

        json.WriteStartArray("translation");
        foreach (ReportEntry entry in entries)
        {
            json.WriteStartObject();
            json.WriteString("field", entry.Field);
            json.WriteString(entry.Dropped ? "dropped" : "changed", entry.Reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Tags(Utf8JsonWriter json, IReadOnlyDictionary<string, string>? tags)
    {
        if (tags is null)
        {
            return;
        }

        json.WriteStartObject("request_tags");
        foreach ((string name, string value) in tags)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
    }

    private static string Name(RequestOutcome outcome) => outcome switch
    {
        RequestOutcome.Success => "success",
        RequestOutcome.Refused => "refused",
        RequestOutcome.UpstreamError => "upstream_error",
        RequestOutcome.Truncated => "truncated",
        RequestOutcome.Timeout => "timeout",
        RequestOutcome.ClientClosed => "client_closed",
        _ => "internal_error",
    };

    private static void Text(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static void Number(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    private static void Duration(Utf8JsonWriter json, string name, TimeSpan? value)
    {
        if (value is { } duration)
        {
            json.WriteNumber(name, Math.Round(duration.TotalMilliseconds, 3));
        }
    }
}
