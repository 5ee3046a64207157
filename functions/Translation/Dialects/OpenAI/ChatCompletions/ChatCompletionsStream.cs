using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.ChatCompletions;

/// <summary>
/// Reads a provider's stream, <c>chat.completion.chunk</c>s (https://platform.openai.com/docs/api-reference/chat-streaming). A choice's end
/// is told when the stream's is (<c>[DONE]</c>, or the connection's end after a finish reason), because some servers send more of a choice
/// after its finish reason.
/// </summary>
internal sealed class ChatCompletionsStreamDecoder : IChatStreamDecoder
{
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = 256 };
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 256 };

    private readonly ChatCompletionsChunk _chunk = new();
    private readonly List<ChatCompletionsChoice> _choices = [];
    private readonly PartCounter _parts = new();
    private string? _id;
    private string? _model;
    private string? _serviceTier;
    private ExtraFields? _extra;
    private DateTimeOffset? _created;
    private TokenUsage? _earlyUsage;
    private bool _answered;
    private bool _started;
    private bool _ended;

    /// <inheritdoc/>
    public bool LastFrameIsUsageOnly { get; private set; }

    /// <inheritdoc/>
    public void Decode(in SseFrame frame, IList<ChatEvent> events)
    {
        LastFrameIsUsageOnly = false;
        if (_ended)
        {
            return;
        }

        if (frame.IsComment)
        {
            events.Add(KeepAlive.Instance);
            return;
        }

        ReadOnlySpan<byte> data = frame.Data.Trim(" \t\r\n"u8);
        if (data.IsEmpty)
        {
            return;
        }

        if (data.SequenceEqual("[DONE]"u8))
        {
            Finish(events);
            return;
        }

        try
        {
            ReadChunk(data, frame.EventName.SequenceEqual("error"u8), events);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            Fail(GatewayError.Upstream("The provider sent a chunk that is not valid JSON.", "invalid_chunk"), events);
        }
    }

    /// <inheritdoc/>
    public void Complete(IList<ChatEvent> events)
    {
        if (_ended)
        {
            return;
        }

        if (_choices.Count > 0 && _choices.TrueForAll(c => c.FinishReason is not null))
        {
            Finish(events);
        }
        else
        {
            Fail(GatewayError.Upstream("The provider's stream broke off before its end.", "stream_truncated"), events);
        }
    }

    private void ReadChunk(ReadOnlySpan<byte> data, bool isError, IList<ChatEvent> events)
    {
        var reader = new Utf8JsonReader(data, ReaderOptions);
        reader.Read();
        if (isError || reader.TokenType != JsonTokenType.StartObject)
        {
            Fail(OpenAIError.DecodeInStream(JsonElement.ParseValue(ref reader)), events);
            return;
        }

        Utf8JsonReader choices = default;
        bool postponed = false;
        int count = -1;
        JsonElement? usage = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("choices"u8))
            {
                reader.Read();
                if (_started)
                {
                    count = ReadChoices(ref reader, events);
                }
                else
                {
                    // The answer's id and model may stand after its choices.
                    choices = reader;
                    postponed = true;
                    reader.Skip();
                }
            }
            else if (reader.ValueTextEquals("usage"u8))
            {
                usage = ChatCompletionsChunk.ReadElement(ref reader);
            }
            else if (reader.ValueTextEquals("error"u8) || reader.ValueTextEquals("error_code"u8))
            {
                if (ChatCompletionsChunk.ReadElement(ref reader) is { } error && IsFault(error))
                {
                    Fail(data, events);
                    return;
                }
            }
            else if (_started || !ReadHead(ref reader))
            {
                reader.Skip();
            }
        }

        if (postponed)
        {
            count = ReadFirstChoices(ref choices, events);
        }

        if (count < 0 && usage is null)
        {
            ReadOther(data, events);
            return;
        }

        _answered = true;
        ReadUsage(usage, alone: count <= 0, events);
    }

    private void ReadUsage(JsonElement? usage, bool alone, IList<ChatEvent> events)
    {
        LastFrameIsUsageOnly = alone && usage is { ValueKind: JsonValueKind.Object };
        if (!_ended && usage is { } counts && ChatCompletionsUsage.Read(counts) is { } reported)
        {
            Report(reported, events);
        }
    }

    private static bool IsFault(JsonElement error) => error.ValueKind switch
    {
        JsonValueKind.Object => error.EnumerateObject().MoveNext(),
        JsonValueKind.String => !error.Is(""u8),
        _ => false,
    };

    private bool ReadHead(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("id"u8))
        {
            _id = Prefer(ChatCompletionsChunk.ReadString(ref reader), _id);
        }
        else if (reader.ValueTextEquals("model"u8))
        {
            _model = Prefer(ChatCompletionsChunk.ReadString(ref reader), _model);
        }
        else if (reader.ValueTextEquals("service_tier"u8))
        {
            _serviceTier = Prefer(ChatCompletionsChunk.ReadString(ref reader), _serviceTier);
        }
        else if (reader.ValueTextEquals("created"u8))
        {
            reader.Read();
            _created = reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out double seconds) ? ChatCompletionsWire.TimeOf(seconds) ?? _created : _created;
            reader.Skip();
        }
        else if (reader.ValueTextEquals("system_fingerprint"u8))
        {
            _extra = ChatCompletionsChunk.ReadElement(ref reader) is { ValueKind: JsonValueKind.String } fingerprint
                ? new ExtraFields(ChatCompletionsWire.Id, "", [new ExtraField("system_fingerprint", fingerprint)])
                : _extra;
        }
        else
        {
            return false;
        }

        return true;
    }

    // Azure's first chunk has no choices, no id and no model: the answer begins with the first that has.
    private int ReadFirstChoices(ref Utf8JsonReader reader, IList<ChatEvent> events)
    {
        Utf8JsonReader ahead = reader;
        if (ahead.TokenType != JsonTokenType.StartArray || !ahead.Read() || ahead.TokenType == JsonTokenType.EndArray)
        {
            return 0;
        }

        Start(events);
        return ReadChoices(ref reader, events);
    }

    private int ReadChoices(ref Utf8JsonReader reader, IList<ChatEvent> events)
    {
        int count = 0;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return count;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }

            _chunk.Read(ref reader, count++);
            if (_ended)
            {
                continue;
            }

            if (_chunk.Error is { ValueKind: JsonValueKind.Object or JsonValueKind.String } error)
            {
                Fail(OpenAIError.DecodeInStream(error), events);
                continue;
            }

            ChoiceOf(_chunk.Index).Add(_chunk, _id, events);
        }

        return count;
    }

    private ChatCompletionsChoice ChoiceOf(int index)
    {
        foreach (ChatCompletionsChoice choice in _choices)
        {
            if (choice.Index == index)
            {
                return choice;
            }
        }

        var added = new ChatCompletionsChoice(index, _parts);
        _choices.Add(added);
        return added;
    }

    // A chunk with neither choices nor counts: an error without an envelope (vLLM), or something that only its server knows.
    private void ReadOther(ReadOnlySpan<byte> data, IList<ChatEvent> events)
    {
        JsonElement body = JsonElement.Parse(data, Options);
        if (body.TryGetProperty("object", out JsonElement kind) && kind.Is("error"u8))
        {
            Fail(OpenAIError.DecodeInStream(body), events);
        }
    }

    private void Start(IList<ChatEvent> events)
    {
        if (_started)
        {
            return;
        }

        _started = true;
        events.Add(new Started { Id = _id, Model = _model, Created = _created, ServiceTier = _serviceTier, Extra = _extra });
        if (_earlyUsage is not null)
        {
            events.Add(new UsageReported(_earlyUsage));
        }
    }

    private void Report(TokenUsage usage, IList<ChatEvent> events)
    {
        if (_started)
        {
            events.Add(new UsageReported(usage));
        }
        else
        {
            _earlyUsage = usage;
        }
    }

    private void Finish(IList<ChatEvent> events)
    {
        if (!_answered)
        {
            Fail(GatewayError.Upstream("The provider's stream ended without an answer.", "stream_truncated"), events);
            return;
        }

        Start(events);
        foreach (ChatCompletionsChoice choice in _choices)
        {
            if (choice.FinishReason is { } reason && ChatCompletionsWire.IsFailure(reason))
            {
                Fail(GatewayError.Upstream($"The provider broke off its answer ({reason}).", "upstream_error"), events);
                return;
            }

            choice.End(_id, events);
        }

        events.Add(Finished.Instance);
        _ended = true;
    }

    private void Fail(ReadOnlySpan<byte> body, IList<ChatEvent> events) => Fail(OpenAIError.DecodeInStream(JsonElement.Parse(body, Options)), events);

    private void Fail(GatewayError error, IList<ChatEvent> events)
    {
        events.Add(new Failed(error));
        _ended = true;
    }

    private static string? Prefer(string? text, string? otherwise) => string.IsNullOrEmpty(text) ? otherwise : text;
}
