using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini.GenerateContent;

/// <summary>
/// Reads Google's stream: frames that each look like a small answer. It has no mark at its end; the end of the bytes is one, once every
/// candidate has given its reason (so the last events come from <see cref="Complete"/>). An error in the middle comes as a frame or,
/// from Google itself, as bare JSON over many lines (https://github.com/maximhq/bifrost/pull/5262).
/// </summary>
internal sealed class GenerateContentStreamDecoder : IChatStreamDecoder
{
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = 256 };

    private readonly List<GenerateContentCandidate> _candidates = [];
    private readonly GenerateContentPartCounter _counter = new();
    private GenerateContentUsage _usage;
    private GenerateContentUsage _reported;
    private bool _isStarted;
    private bool _isEnded;
    private bool _isBlocked;

    /// <inheritdoc/>
    public bool LastFrameIsUsageOnly => false;

    /// <inheritdoc/>
    public void Decode(in SseFrame frame, IList<ChatEvent> events)
    {
        if (_isEnded || frame.IsDone)
        {
            return;
        }

        ReadOnlySpan<byte> data = frame.Data.IsEmpty ? frame.Raw.TrimStart(" \t\r\n"u8) : frame.Data;
        if (data.IsEmpty || (frame.Data.IsEmpty && data[0] is not ((byte)'{' or (byte)'[')))
        {
            events.Add(KeepAlive.Instance);
            return;
        }

        try
        {
            ReadChunks(data, events);
        }
        catch (JsonException e)
        {
            Fail(GatewayError.Upstream($"The provider sent a chunk that is no JSON: {e.Message}", "invalid_chunk"), events);
        }
    }

    /// <inheritdoc/>
    public void Complete(IList<ChatEvent> events)
    {
        if (_isEnded)
        {
            return;
        }

        if (_isBlocked && _candidates.Count == 0)
        {
            events.Add(new ChoiceEnded(0, FinishReason.ContentFilter));
        }
        else if (_candidates.Count == 0 || _candidates.Exists(c => c.Finish is null))
        {
            Fail(GatewayError.Upstream("The provider's stream broke off before its end.", "stream_truncated"), events);
            return;
        }

        foreach (GenerateContentCandidate candidate in _candidates)
        {
            candidate.Close(events);
            events.Add(new ChoiceEnded(candidate.Index, GenerateContentWire.WithCalls(candidate.Finish!.Value, candidate.HasCalls)));
        }

        _isEnded = true;
        events.Add(Finished.Instance);
    }

    private void ReadChunks(ReadOnlySpan<byte> data, IList<ChatEvent> events)
    {
        var reader = new Utf8JsonReader(data, ReaderOptions);
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.StartObject && !_isEnded)
            {
                ReadChunk(ref reader, data, events);
            }
        }
        else if (reader.TokenType == JsonTokenType.StartObject)
        {
            ReadChunk(ref reader, data, events);
        }
        else
        {
            throw new JsonException("neither an object nor an array.");
        }
    }

    private void ReadChunk(ref Utf8JsonReader reader, ReadOnlySpan<byte> data, IList<ChatEvent> events)
    {
        if (!_isStarted && !Start(reader, events))
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("candidates"u8))
            {
                reader.Read();
                ReadCandidates(ref reader, data, events);
            }
            else if (reader.ValueTextEquals("usageMetadata"u8))
            {
                reader.Read();
                _usage.Read(ref reader);
            }
            else if (reader.ValueTextEquals("promptFeedback"u8))
            {
                reader.Read();
                _isBlocked |= GenerateContentResponse.IsBlocked(JsonElement.ParseValue(ref reader));
            }
            else if (reader.ValueTextEquals("error"u8))
            {
                reader.Read();
                Fail(GeminiError.Read(JsonElement.ParseValue(ref reader), httpStatus: null), events);
                return;
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        if (!_usage.Equals(_reported))
        {
            _reported = _usage;
            events.Add(new UsageReported(_usage.ToUsage()) { ServiceTier = _usage.Tier });
        }
    }

    /// <summary>
    /// Looks through the first chunk for what its stream begins with, which stands at its end. Takes the reader by value: it is read again.
    /// </summary>
    /// <returns>False when it is an error.</returns>
    private bool Start(Utf8JsonReader reader, IList<ChatEvent> events)
    {
        string? id = null;
        string? model = null;
        DateTimeOffset? created = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isId = reader.ValueTextEquals("responseId"u8);
            bool isModel = reader.ValueTextEquals("modelVersion"u8);
            bool isTime = reader.ValueTextEquals("createTime"u8);
            bool isUsage = reader.ValueTextEquals("usageMetadata"u8);
            bool isError = reader.ValueTextEquals("error"u8);
            reader.Read();
            if (isError)
            {
                Fail(GeminiError.Read(JsonElement.ParseValue(ref reader), httpStatus: null), events);
                return false;
            }

            if (isUsage)
            {
                _usage.Read(ref reader);
            }
            else if (reader.TokenType == JsonTokenType.String)
            {
                id = isId && reader.ValueSpan.Length > 0 ? reader.GetString() : id;
                model = isModel && reader.ValueSpan.Length > 0 ? reader.GetString() : model;
                created = isTime && reader.TryGetDateTimeOffset(out DateTimeOffset time) ? time : created;
            }
            else
            {
                reader.Skip();
            }
        }

        _isStarted = true;
        _counter.AnswerId = id;
        events.Add(new Started { Id = id, Model = model, Created = created, ServiceTier = _usage.Tier });
        return true;
    }

    private void ReadCandidates(ref Utf8JsonReader reader, ReadOnlySpan<byte> data, IList<ChatEvent> events)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        int position = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                ReadCandidate(ref reader, data, position++, events);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private void ReadCandidate(ref Utf8JsonReader reader, ReadOnlySpan<byte> data, int position, IList<ChatEvent> events)
    {
        // The index stands after the content that it is the index of: remember where that is.
        Utf8JsonReader content = default;
        int index = position;
        FinishReason? finish = null;
        List<JsonElement>? sources = null;
        JsonElement logProbs = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("content"u8))
            {
                reader.Read();
                content = reader;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("index"u8))
            {
                reader.Read();
                index = reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int number) && number >= 0 ? number : index;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("finishReason"u8))
            {
                reader.Read();
                finish = reader.TokenType == JsonTokenType.String && !reader.ValueTextEquals("FINISH_REASON_UNSPECIFIED"u8) && !reader.ValueTextEquals(""u8)
                    ? GenerateContentWire.FinishReasonOf(reader.GetString())
                    : null;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("groundingMetadata"u8) || reader.ValueTextEquals("citationMetadata"u8))
            {
                reader.Read();
                if (!TrySkipEmpty(ref reader))
                {
                    (sources ??= []).Add(JsonElement.ParseValue(ref reader));
                }
            }
            else if (reader.ValueTextEquals("logprobsResult"u8))
            {
                reader.Read();
                logProbs = JsonElement.ParseValue(ref reader);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        GenerateContentCandidate candidate = CandidateOf(index);
        if (content.TokenType == JsonTokenType.StartObject)
        {
            ReadContent(ref content, data, candidate, events);
        }

        candidate.Finish = finish ?? candidate.Finish;
        candidate.AddLogProbs(GenerateContentLogProbs.Read(logProbs), events);
        foreach (JsonElement metadata in sources ?? [])
        {
            candidate.Cite(metadata, events);
        }
    }

    private static void ReadContent(ref Utf8JsonReader reader, ReadOnlySpan<byte> data, GenerateContentCandidate candidate, IList<ChatEvent> events)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isParts = reader.ValueTextEquals("parts"u8);
            reader.Read();
            if (!isParts || reader.TokenType != JsonTokenType.StartArray)
            {
                reader.Skip();
                continue;
            }

            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType == JsonTokenType.StartObject)
                {
                    ReadPart(ref reader, data, candidate, events);
                }
                else
                {
                    reader.Skip();
                }
            }
        }
    }

    private static void ReadPart(ref Utf8JsonReader reader, ReadOnlySpan<byte> data, GenerateContentCandidate candidate, IList<ChatEvent> events)
    {
        int start = (int)reader.TokenStartIndex;
        string text = "";
        bool isThought = false;
        bool isText = true;
        string? signature = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("text"u8))
            {
                reader.Read();
                text = reader.TokenType == JsonTokenType.String ? Json.ReadText(ref reader) : text;
            }
            else if (reader.ValueTextEquals("thought"u8))
            {
                reader.Read();
                isThought = reader.TokenType == JsonTokenType.True;
            }
            else if (reader.ValueTextEquals("thoughtSignature"u8))
            {
                reader.Read();
                signature = reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length > 0 ? reader.GetString() : null;
            }
            else
            {
                isText = false;
                reader.Read();
            }

            reader.Skip();
        }

        if (isText)
        {
            candidate.AddText(text, isThought, signature, events);
        }
        else
        {
            candidate.Add(JsonElement.Parse(data[start..(int)reader.BytesConsumed]), events);
        }
    }

    /// <summary>Grounded answers carry an empty object in every chunk but the last.</summary>
    private static bool TrySkipEmpty(ref Utf8JsonReader reader)
    {
        Utf8JsonReader ahead = reader;
        if (reader.TokenType == JsonTokenType.StartObject && ahead.Read() && ahead.TokenType == JsonTokenType.EndObject)
        {
            reader = ahead;
            return true;
        }

        return reader.TokenType == JsonTokenType.Null;
    }

    private GenerateContentCandidate CandidateOf(int index)
    {
        foreach (GenerateContentCandidate candidate in _candidates)
        {
            if (candidate.Index == index)
            {
                return candidate;
            }
        }

        var added = new GenerateContentCandidate(index, _counter);
        _candidates.Add(added);
        return added;
    }

    private void Fail(GatewayError error, IList<ChatEvent> events)
    {
        _isEnded = true;
        events.Add(new Failed(error));
    }
}
