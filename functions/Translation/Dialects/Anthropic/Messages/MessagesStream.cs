using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>
/// Reads a provider's stream. Deltas of text, thinking and arguments are read without a document; everything else is rare.
/// Source: https://platform.claude.com/docs/en/build-with-claude/streaming.
/// </summary>
internal sealed class MessagesStreamDecoder : IChatStreamDecoder
{
    private readonly Dictionary<int, Block> _open = [];
    private int _nextPart;
    private bool _started;
    private bool _ended;
    private bool _over;
    private bool _calledTool;
    private TokenUsage? _usage;

    public bool LastFrameIsUsageOnly => false;

    public void Decode(in SseFrame frame, IList<ChatEvent> events)
    {
        if (_over)
        {
            return;
        }

        if (frame.Data.IsEmpty)
        {
            events.Add(KeepAlive.Instance);
            return;
        }

        if (frame.IsDone || TryDecodeDelta(frame, events))
        {
            return;
        }

        JsonDocument document;
        try
        {
            document = Json.Parse(frame.Data.ToArray());
        }
        catch (JsonException)
        {
            Fail(GatewayError.Upstream("The provider sent an event that is not JSON.", "invalid_event"), events);
            return;
        }

        // Not disposed: opaque blocks and citations refer to it.
        JsonElement root = document.RootElement;
        if (root.ValueKind == JsonValueKind.Object)
        {
            Dispatch(Text(root, "type") ?? Encoding.UTF8.GetString(frame.EventName), root, events);
        }
    }

    public void Complete(IList<ChatEvent> events)
    {
        if (!_over)
        {
            Fail(GatewayError.Upstream("The provider closed the stream before its end.", "stream_truncated"), events);
        }
    }

    private void Dispatch(string type, JsonElement root, IList<ChatEvent> events)
    {
        switch (type)
        {
            case "message_start":
                Start(MessagesWire.Find(root, "message") ?? root, events);
                break;
            case "content_block_start":
                StartBlock(root, events);
                break;
            case "content_block_delta":
                ApplyRareDelta(root, events);
                break;
            case "content_block_stop":
                StopBlock(Index(root), events);
                break;
            case "message_delta":
                ReadMessageDelta(root, events);
                break;
            case "message_stop":
                EnsureStarted(events);
                End(null, null, events);
                events.Add(Finished.Instance);
                _over = true;
                break;
            case "error":
                Fail(MessagesError.Read(root, status: null), events);
                break;
            case "ping":
                events.Add(KeepAlive.Instance);
                break;
            case "message" when !_started:
                ReadWhole(root, events);
                break;
            case "" when MessagesError.IsEnvelope(root):
                Fail(MessagesError.Read(root, status: null), events);
                break;
        }
    }

    /// <summary>Reads the frames of which a stream has thousands; false leaves the frame to the general way.</summary>
    private bool TryDecodeDelta(in SseFrame frame, IList<ChatEvent> events)
    {
        if (!frame.EventName.IsEmpty && !frame.EventName.SequenceEqual("content_block_delta"u8))
        {
            return false;
        }

        var reader = new Utf8JsonReader(frame.Data);
        int index = -1;
        string? text = null;
        DeltaKind kind = default;
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("type"u8))
                {
                    reader.Read();
                    if (!reader.ValueTextEquals("content_block_delta"u8))
                    {
                        return false;
                    }
                }
                else if (reader.ValueTextEquals("index"u8))
                {
                    reader.Read();
                    index = reader.GetInt32();
                }
                else if (reader.ValueTextEquals("delta"u8))
                {
                    reader.Read();
                    text = ReadDelta(ref reader, out kind);
                    if (text is null)
                    {
                        return false;
                    }
                }
                else
                {
                    reader.Skip();
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return false;
        }

        if (text is null || !_open.TryGetValue(index, out Block? block) || block.Raw is not null)
        {
            return false;
        }

        block.HadDelta |= text.Length > 0;
        if (text.Length > 0)
        {
            events.Add(new PartDelta(block.Part, kind, text));
        }

        return true;
    }

    /// <summary>The text of a delta of one of the three common kinds, or null.</summary>
    private static string? ReadDelta(ref Utf8JsonReader reader, out DeltaKind kind)
    {
        kind = default;
        bool known = false;
        string? text = null;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                known = reader.ValueTextEquals("text_delta"u8) || reader.ValueTextEquals("input_json_delta"u8) || reader.ValueTextEquals("thinking_delta"u8);
                continue;
            }

            DeltaKind? named = reader.ValueTextEquals("text"u8) ? DeltaKind.Text
                : reader.ValueTextEquals("partial_json"u8) ? DeltaKind.ToolArguments
                : reader.ValueTextEquals("thinking"u8) ? DeltaKind.Reasoning
                : null;
            reader.Read();
            if (named is null)
            {
                reader.Skip();
            }
            else if (reader.TokenType == JsonTokenType.String)
            {
                kind = named.Value;
                text = Json.ReadText(ref reader);
            }
        }

        return known ? text : null;
    }

    private void Start(JsonElement message, IList<ChatEvent> events)
    {
        if (_started)
        {
            return;
        }

        _started = true;
        TokenUsage? usage = ReadUsage(MessagesWire.Find(message, "usage") ?? default, out string? tier);
        events.Add(new Started { Id = Text(message, "id"), Model = Text(message, "model") is { Length: > 0 } model ? model : null, ServiceTier = tier });
        if (usage is not null)
        {
            // What stands there for the output is a placeholder: the count comes with message_delta.
            _usage = usage with { OutputTokens = null };
            events.Add(new UsageReported(_usage));
        }
    }

    private void EnsureStarted(IList<ChatEvent> events)
    {
        if (!_started)
        {
            _started = true;
            events.Add(new Started());
        }
    }

    private void StartBlock(JsonElement root, IList<ChatEvent> events)
    {
        EnsureStarted(events);
        int index = Index(root);
        if (_ended || _open.ContainsKey(index) || !root.TryGetProperty("content_block", out JsonElement content) || content.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        ContentPart whole = MessagesResponse.ReadBlock(content, index);
        if (whole is OpaquePart)
        {
            _open[index] = new Block(-1) { Raw = new MessagesOpaqueBlock(content) };
            return;
        }

        var block = new Block(_nextPart++);
        _open[index] = block;
        events.Add(new PartStarted(0, block.Part, SeedOf(whole)));
        switch (whole)
        {
            case TextPart text:
                AddText(block, DeltaKind.Text, text.Text, events);
                foreach (Citation citation in text.Citations)
                {
                    events.Add(new CitationAdded(block.Part, citation));
                }

                break;
            case ReasoningPart reasoning:
                AddText(block, DeltaKind.Reasoning, reasoning.Text, events);
                if (reasoning.Signature is { } signature)
                {
                    events.Add(new SignatureSet(block.Part, signature));
                }

                break;
            case ToolCallPart call:
                // Usually an empty object, to be built up from deltas; some servers send all of it here and no deltas.
                _calledTool = true;
                block.Arguments = call.Arguments;
                break;
        }
    }

    private static ContentPart SeedOf(ContentPart whole) => whole switch
    {
        TextPart text => text with { Text = "", Citations = [] },
        ReasoningPart reasoning => reasoning with { Text = "", Signature = null },
        ToolCallPart call => call with { Arguments = "" },
        _ => whole,
    };

    private static void AddText(Block block, DeltaKind kind, string text, IList<ChatEvent> events)
    {
        if (text.Length > 0)
        {
            block.HadDelta = true;
            events.Add(new PartDelta(block.Part, kind, text));
        }
    }

    private void ApplyRareDelta(JsonElement root, IList<ChatEvent> events)
    {
        if (!_open.TryGetValue(Index(root), out Block? block) || !root.TryGetProperty("delta", out JsonElement delta) || delta.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        if (block.Raw is not null)
        {
            block.Raw.Add(delta);
            return;
        }

        switch (Text(delta, "type"))
        {
            case "signature_delta" when Text(delta, "signature") is { Length: > 0 } signature:
                events.Add(new SignatureSet(block.Part, new Signature(signature, MessagesWire.Id)));
                break;
            case "citations_delta" when delta.TryGetProperty("citation", out JsonElement citation) && citation.ValueKind == JsonValueKind.Object:
                events.Add(new CitationAdded(block.Part, MessagesCitation.Read(citation, "content.citations")));
                break;
        }
    }

    private void StopBlock(int index, IList<ChatEvent> events)
    {
        if (!_open.Remove(index, out Block? block))
        {
            return;
        }

        if (block.Raw is not null)
        {
            int part = _nextPart++;
            events.Add(new PartStarted(0, part, new OpaquePart(MessagesWire.Id, block.Raw.ToJson(), $"content[{index}]")));
            events.Add(new PartCompleted(part));
            return;
        }

        if (block is { Arguments: { } arguments, HadDelta: false })
        {
            events.Add(new PartDelta(block.Part, DeltaKind.ToolArguments, arguments));
        }

        events.Add(new PartCompleted(block.Part));
    }

    private void ReadMessageDelta(JsonElement root, IList<ChatEvent> events)
    {
        EnsureStarted(events);
        if (root.TryGetProperty("usage", out JsonElement counts) && ReadUsage(counts, out _) is { } usage)
        {
            _usage = _usage is null ? usage : _usage.With(usage);
            events.Add(new UsageReported(usage));
        }

        if (root.TryGetProperty("delta", out JsonElement delta) && delta.ValueKind == JsonValueKind.Object && Text(delta, "stop_reason") is { } reason)
        {
            End(reason, Text(delta, "stop_sequence"), events);
        }
    }

    /// <summary>Ends the answer: once, and after all its parts, even those that the provider forgot to close.</summary>
    private void End(string? stopReason, string? stopSequence, IList<ChatEvent> events)
    {
        if (_ended)
        {
            return;
        }

        foreach (int index in _open.Keys.Order().ToArray())
        {
            StopBlock(index, events);
        }

        _ended = true;
        events.Add(new ChoiceEnded(0, MessagesWire.ToFinishReason(stopReason, _calledTool), stopSequence));
    }

    /// <summary>Some servers answer a request for a stream with the whole message.</summary>
    private void ReadWhole(JsonElement root, IList<ChatEvent> events)
    {
        try
        {
            foreach (ChatEvent chatEvent in ChatEventFold.Unfold(MessagesResponse.Decode(root)))
            {
                events.Add(chatEvent);
            }

            _over = true;
        }
        catch (GatewayException e)
        {
            Fail(e.Error, events);
        }
    }

    private void Fail(GatewayError error, IList<ChatEvent> events)
    {
        events.Add(new Failed(error));
        _over = true;
    }

    private TokenUsage? ReadUsage(JsonElement counts, out string? tier) => MessagesUsage.Read(counts, _usage, out tier);

    private static int Index(JsonElement root) =>
        root.TryGetProperty("index", out JsonElement index) && index.ValueKind == JsonValueKind.Number && index.TryGetInt32(out int value) ? value : -1;

    private static string? Text(JsonElement element, string name) => MessagesWire.Find(element, name) is { } value ? Json.Text(value) : null;

    /// <summary>A content block that the provider has begun.</summary>
    private sealed class Block(int part)
    {
        /// <summary>Number of the canonical part.</summary>
        public int Part { get; } = part;

        /// <summary>The arguments with which a tool call began, for when no deltas follow.</summary>
        public string? Arguments { get; set; }

        /// <summary>True once a delta that is not empty has come.</summary>
        public bool HadDelta { get; set; }

        /// <summary>Set for a block that is passed on whole.</summary>
        public MessagesOpaqueBlock? Raw { get; init; }
    }
}
