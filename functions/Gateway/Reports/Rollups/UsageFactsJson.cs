using System.Text;
using System.Text.Json;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;

namespace Serverless.Gateway.Reports.Rollups;

/// <summary>
/// Reads <see cref="UsageFacts"/> out of records as <see cref="UsageRowJson"/> writes them, without making anything of the columns that sums do
/// not need. A month has millions of records, but few different names: texts are made once. Not thread-safe.
/// </summary>
internal sealed class UsageFactsJson
{
    private delegate void Take(UsageFactsJson facts, ref Utf8JsonReader json, ReadOnlySpan<byte> record);

    /// <summary>What becomes of a column; nothing of those that are not here.</summary>
    private static readonly Dictionary<string, Take> Takes = new()
    {
        ["request_id"] = (f, ref j, _) => f._requestId = j.GetString()!,
        ["requester"] = (f, ref j, _) => f._principal = f.Text(ref j),
        ["requester_groups"] = (f, ref j, record) => f._groups = f._groupLists.Of(Whole(ref j, record)),
        ["key_id"] = (f, ref j, _) => f._key = f.Text(ref j),
        ["endpoint_name"] = (f, ref j, _) => f._endpoint = f.Text(ref j),
        ["api_type"] = (f, ref j, _) => f._apiType = f.Text(ref j),
        ["stream"] = (f, ref j, _) => f._stream = j.GetBoolean(),
        ["agent"] = (f, ref j, _) => f._agent = f.Text(ref j),
        ["request_tags"] = (f, ref j, record) => f._tags = f._tagLists.Of(Whole(ref j, record)),
        ["provider"] = (f, ref j, _) => f._provider = f.Text(ref j),
        ["destination_model"] = (f, ref j, _) => f._modelAsked = f.Text(ref j),
        ["served_model"] = (f, ref j, _) => f._modelServed = f.Text(ref j),
        ["outcome"] = (f, ref j, _) => f._outcome = f.Text(ref j),
        ["status_code"] = (f, ref j, _) => f._status = j.GetInt32(),
        ["attempts"] = (f, ref j, _) => f._attempts = Count(ref j),
        ["input_tokens"] = (f, ref j, _) => f._input = f.Tokens(ref j),
        ["cache_read_input_tokens"] = (f, ref j, _) => f._cacheRead = f.Tokens(ref j),
        ["cache_creation_input_tokens"] = (f, ref j, _) => f._cacheWrite = f.Tokens(ref j),
        ["cache_creation_5m_input_tokens"] = (f, ref j, _) => f.Tokens(ref j),
        ["cache_creation_1h_input_tokens"] = (f, ref j, _) => f.Tokens(ref j),
        ["tool_use_input_tokens"] = (f, ref j, _) => f.Tokens(ref j),
        ["audio_input_tokens"] = (f, ref j, _) => f._audio += f.Tokens(ref j),
        ["output_tokens"] = (f, ref j, _) => f._output = f.Tokens(ref j),
        ["output_reasoning_tokens"] = (f, ref j, _) => f._reasoning = f.Tokens(ref j),
        ["audio_output_tokens"] = (f, ref j, _) => f._audio += f.Tokens(ref j),
        ["estimated"] = (f, ref j, _) => f._estimated = j.GetBoolean(),
        ["cost_nano_usd"] = (f, ref j, _) => f._cost = j.GetInt64(),
        ["latency_ms"] = (f, ref j, _) => f._latency = j.GetDouble(),
        ["time_to_first_token_ms"] = (f, ref j, _) => f._firstToken = j.GetDouble(),
        ["bytes_in"] = (f, ref j, _) => f._bytesIn = j.GetInt64(),
        ["bytes_out"] = (f, ref j, _) => f._bytesOut = j.GetInt64(),
    };

    /// <summary>All columns in the order in which rows are written: the next one is as a rule the next that is found here.</summary>
    private static readonly (byte[] Name, Take? Take)[] InOrder =
        [.. UsageColumns.All.Select(c => c.Name).Prepend("request_id").Select(name => (Encoding.UTF8.GetBytes(name), Takes.GetValueOrDefault(name)))];

    private readonly Utf8Texts _texts = new(Encoding.UTF8.GetString);
    private readonly Utf8Texts _groupLists = new(json => UsageDimensions.GroupsOf(JsonSerializer.Deserialize(json, UsageJson.Default.IReadOnlyListString)!));
    private readonly Utf8Texts _tagLists = new(json => UsageDimensions.TagsOf(JsonSerializer.Deserialize(json, UsageJson.Default.IReadOnlyDictionaryStringString)));
    private string _requestId = "";
    private string? _principal;
    private string? _key;
    private string? _endpoint;
    private string? _apiType;
    private string? _agent;
    private string? _provider;
    private string? _modelAsked;
    private string? _modelServed;
    private string? _outcome;
    private string _groups = "[]";
    private string _tags = "[]";
    private bool _stream;
    private bool _counted;
    private bool _estimated;
    private int _status;
    private int _attempts;
    private long _input;
    private long _cacheRead;
    private long _cacheWrite;
    private long _output;
    private long _reasoning;
    private long _audio;
    private long _bytesIn;
    private long _bytesOut;
    private long? _cost;
    private double? _latency;
    private double? _firstToken;

    /// <summary>The columns that are read, but the key.</summary>
    public static IEnumerable<string> Columns => Takes.Keys.Where(name => name != "request_id");

    /// <summary>Reads a record.</summary>
    /// <exception cref="InvalidDataException">It is no JSON.</exception>
    public UsageFacts Read(ReadOnlySpan<byte> record)
    {
        Clear();
        try
        {
            var json = new Utf8JsonReader(record);
            json.Read();
            int at = 0;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                Take? take = Find(ref json, ref at);
                json.Read();
                if (take is null || json.TokenType == JsonTokenType.Null)
                {
                    json.Skip();
                }
                else
                {
                    take(this, ref json, record);
                }
            }
        }
        catch (JsonException e)
        {
            throw new InvalidDataException("A usage record is no JSON.", e);
        }

        return Facts();
    }

    private UsageFacts Facts()
    {
        RequestOutcome outcome = UsageNames.OutcomeOf(_outcome);
        return new UsageFacts
        {
            RequestId = _requestId,
            Dimensions = new UsageDimensions
            {
                Endpoint = _endpoint ?? UsageDimensions.None,
                Principal = _principal ?? UsageDimensions.None,
                Key = _key ?? UsageDimensions.None,
                Model = _modelServed ?? _modelAsked ?? UsageDimensions.None,
                Provider = _provider ?? UsageDimensions.None,
                ApiType = _apiType ?? "",
                Agent = _agent ?? UsageDimensions.None,
                Status = UsageDimensions.StatusOf(outcome, _status),
                Groups = _groups,
                Tags = _tags,
            },
            Outcome = outcome,
            Fallback = _attempts > 1,
            Stream = _stream,
            Counted = _counted || _estimated,
            Estimated = _estimated,
            InputTokens = _input,
            CacheReadTokens = _cacheRead,
            CacheWriteTokens = _cacheWrite,
            OutputTokens = _output,
            ReasoningTokens = _reasoning,
            AudioTokens = _audio,
            CostNanoUsd = _cost,
            BytesIn = _bytesIn,
            BytesOut = _bytesOut,
            LatencyMs = _latency,
            FirstTokenMs = _firstToken,
        };
    }

    private void Clear()
    {
        _principal = _key = _endpoint = _apiType = _agent = _provider = _modelAsked = _modelServed = _outcome = null;
        _groups = _tags = "[]";
        _stream = _counted = _estimated = false;
        _status = _attempts = 0;
        _input = _cacheRead = _cacheWrite = _output = _reasoning = _audio = _bytesIn = _bytesOut = 0;
        _cost = null;
        _latency = _firstToken = null;
    }

    private static Take? Find(ref Utf8JsonReader json, ref int at)
    {
        for (int i = 0; i < InOrder.Length; i++)
        {
            int place = at + i < InOrder.Length ? at + i : at + i - InOrder.Length;
            if (json.ValueSpan.SequenceEqual(InOrder[place].Name))
            {
                at = place + 1 == InOrder.Length ? 0 : place + 1;
                return InOrder[place].Take;
            }
        }

        return null;
    }

    private string Text(ref Utf8JsonReader json) => json.ValueIsEscaped ? json.GetString()! : _texts.Of(json.ValueSpan);

    /// <summary>The text of a whole value.</summary>
    private static ReadOnlySpan<byte> Whole(ref Utf8JsonReader json, ReadOnlySpan<byte> record)
    {
        int start = (int)json.TokenStartIndex;
        json.Skip();
        return record[start..(int)json.BytesConsumed];
    }

    private long Tokens(ref Utf8JsonReader json)
    {
        _counted = true;
        return json.GetInt64();
    }

    private static int Count(ref Utf8JsonReader json)
    {
        int count = 0;
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            count++;
            json.Skip();
        }

        return count;
    }
}
