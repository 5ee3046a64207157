using Serverless.Gateway.Metering;

namespace Serverless.Gateway.Reports.Rollups;

/// <summary>Gathers requests and rows of shorter periods into rows, one for each combination of dimensions. Not thread-safe.</summary>
public sealed class RollupRows
{
    /// <summary>
    /// Most combinations in one period. Beyond it tags are left out of further combinations (a client that tags every request differently
    /// would otherwise make a row of each): sums stay exact, but what is over shows as untagged.
    /// </summary>
    public const int MaxRows = 4000;

    /// <summary>The columns of records that rows are made of: what <see cref="UsageDimensions.Of"/> and <see cref="UsageMeasures.Add"/> look at.</summary>
    public static IReadOnlyList<string> Columns { get; } =
    [
        "event_time", "requester", "requester_groups", "key_id", "endpoint_name", "api_type", "stream", "agent", "request_tags", "provider", "destination_model", "served_model",
        "outcome", "status_code", "attempts", "input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation_5m_input_tokens",
        "cache_creation_1h_input_tokens", "tool_use_input_tokens", "audio_input_tokens", "output_tokens", "output_reasoning_tokens", "audio_output_tokens", "estimated",
        "cost_nano_usd", "latency_ms", "time_to_first_token_ms", "bytes_in", "bytes_out",
    ];

    private readonly Dictionary<UsageDimensions, UsageMeasures> _rows = [];

    /// <summary>The rows so far.</summary>
    public IReadOnlyList<RollupRow> Rows => [.. _rows.Select(r => new RollupRow(r.Key, r.Value))];

    /// <summary>Adds a request.</summary>
    public void Add(UsageRecord record) => Measures(UsageDimensions.Of(record)).Add(record);

    /// <summary>Adds a row.</summary>
    public void Add(RollupRow row) => Measures(row.Dimensions).Merge(row.Measures);

    private UsageMeasures Measures(UsageDimensions dimensions)
    {
        if (!_rows.TryGetValue(dimensions, out UsageMeasures? measures))
        {
            if (_rows.Count >= MaxRows && dimensions.Tags != "[]")
            {
                return Measures(dimensions with { Tags = "[]" });
            }

            _rows[dimensions] = measures = new UsageMeasures();
        }

        return measures;
    }
}
