using System.Buffers;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>
/// Renders a client's stream. Clients of this API hold one block open at a time and break on anything else, while parts may interleave;
/// so of several parts the one whose content came first is shown as it comes, and the others wait until it is complete. A part without
/// any content makes no block.
/// <code>
/// message_start  ( content_block_start  content_block_delta*  content_block_stop )*  message_delta  message_stop
/// </code>
/// <para>
/// <c>message_start</c> must name the input tokens. It is held back until the first part, so that a provider's early count can go into
/// it; where there is none, the gateway's estimate does, and <c>message_delta</c> tells the real one.
/// </para>
/// <para>
/// Thinking of other makers is shown like Anthropic's, its seal in the carrier that <see cref="SignatureCarrier"/> describes. Thinking
/// without any seal is shown, too, with an empty signature: the client replays it, and the request encoder then leaves it out.
/// </para>
/// Source: https://platform.claude.com/docs/en/build-with-claude/streaming.
/// </summary>
internal sealed class MessagesStreamEncoder(AnswerContext context) : IChatStreamEncoder
{
    private readonly SseWriter _sse = new();
    private readonly List<Block?> _parts = [];
    private readonly Queue<Block> _waiting = new();
    private Block? _open;
    private int _nextIndex;
    private Started? _started;
    private bool _announced;
    private bool _over;
    private bool _calledTool;
    private bool _refused;
    private long _length;
    private TokenUsage? _usage;
    private ChoiceEnded? _ended;

    public void Encode(ChatEvent chatEvent, IBufferWriter<byte> output)
    {
        if (_over)
        {
            return;
        }

        switch (chatEvent)
        {
            case PartDelta delta:
                Append(BlockOf(delta.Index), delta.Kind, delta.Text, output);
                break;
            case Started started:
                _started = started;
                break;
            case PartStarted part:
                Begin(part, output);
                break;
            case SignatureSet signature:
                Seal(BlockOf(signature.Index), signature.Signature);
                break;
            case CitationAdded citation:
                Cite(BlockOf(citation.Index), citation.Citation, output);
                break;
            case PartCompleted part:
                Complete(BlockOf(part.Index), output);
                break;
            case UsageReported usage:
                _usage = _usage is null ? usage.Usage : _usage.With(usage.Usage);
                break;
            case ChoiceEnded ended when ended.Choice == 0:
                _ended = ended;
                break;
            case Finished:
                Finish(output);
                break;
            case Failed failed:
                MessagesError.Write(_sse.Begin(output, "error"u8), failed.Error, context.RequestId);
                _sse.End();
                _over = true;
                break;
            case KeepAlive:
                Ping(output);
                break;
        }
    }

    public void Dispose() => _sse.Dispose();

    private Block? BlockOf(int index) => index < _parts.Count ? _parts[index] : null;

    /// <summary>Takes up a part. Its block begins with its content: a tool call or a whole block is content by itself.</summary>
    private void Begin(PartStarted part, IBufferWriter<byte> output)
    {
        while (_parts.Count <= part.Index)
        {
            _parts.Add(null);
        }

        if (part.Choice != 0)
        {
            return;
        }

        Announce(output);
        var block = new Block(part.Seed);
        _parts[part.Index] = block;
        switch (part.Seed)
        {
            case TextPart text:
                Append(block, DeltaKind.Text, text.Text, output);
                break;
            case RefusalPart refusal:
                _refused = true;
                Append(block, DeltaKind.Refusal, refusal.Text, output);
                break;
            case ReasoningPart reasoning:
                block.Signature = reasoning.Signature;
                Append(block, DeltaKind.Reasoning, reasoning.Text, output);
                break;
            case ToolCallPart call:
                _calledTool = true;
                block.Signature = call.Signature;
                Queue(block);
                Append(block, DeltaKind.ToolArguments, call.Arguments, output);
                break;
            case OpaquePart opaque when opaque.Dialect == MessagesWire.Id:
                Queue(block);
                break;
        }
    }

    private void Append(Block? block, DeltaKind kind, string text, IBufferWriter<byte> output)
    {
        if (block is null || kind == DeltaKind.Media || text.Length == 0)
        {
            return;
        }

        _length += text.Length;
        block.HasText = true;
        if (!block.IsQueued)
        {
            Queue(block);
        }

        if (block == _open)
        {
            Open(block, output);
            WriteDelta(block, text, output);
        }
        else
        {
            (block.Text ??= new StringBuilder()).Append(text);
        }
    }

    private void Seal(Block? block, Signature signature)
    {
        if (block is null)
        {
            return;
        }

        block.Signature = signature;
        if (block.Seed is ReasoningPart && !block.IsQueued)
        {
            Queue(block);
        }
    }

    private void Cite(Block? block, Citation citation, IBufferWriter<byte> output)
    {
        if (block is null || block.Seed is not TextPart || !MessagesCitation.CanShow(citation))
        {
            return;
        }

        if (!block.IsQueued)
        {
            Queue(block);
        }

        if (block == _open)
        {
            Open(block, output);
            WriteCitation(block, citation, output);
        }
        else
        {
            (block.Citations ??= []).Add(citation);
        }
    }

    private void Complete(Block? block, IBufferWriter<byte> output)
    {
        if (block is null || block.IsComplete)
        {
            return;
        }

        if (block is { Seed: MediaPart media, HasText: false })
        {
            Append(block, DeltaKind.Text, MessagesMedia.InWords(media), output);
        }

        block.IsComplete = true;
        if (block != _open)
        {
            return;
        }

        Close(block, output);
        while (_waiting.TryDequeue(out Block? next))
        {
            _open = next;
            Flush(next, output);
            if (!next.IsComplete)
            {
                return;
            }

            Close(next, output);
        }
    }

    /// <summary>Gives the block its place in the order of the answer.</summary>
    private void Queue(Block block)
    {
        block.IsQueued = true;
        if (_open is null)
        {
            _open = block;
        }
        else
        {
            _waiting.Enqueue(block);
        }
    }

    private void Flush(Block block, IBufferWriter<byte> output)
    {
        if (block.Text is null && block.Citations is null)
        {
            return;
        }

        Open(block, output);
        if (block.Text is not null)
        {
            WriteDelta(block, block.Text.ToString(), output);
            block.Text = null;
        }

        foreach (Citation citation in block.Citations ?? [])
        {
            WriteCitation(block, citation, output);
        }
    }

    private void Open(Block block, IBufferWriter<byte> output)
    {
        if (block.Index >= 0)
        {
            return;
        }

        block.Index = _nextIndex++;
        Utf8JsonWriter json = _sse.Begin(output, "content_block_start"u8);
        json.WriteStartObject();
        json.WriteString("type"u8, "content_block_start"u8);
        json.WriteNumber("index"u8, block.Index);
        json.WritePropertyName("content_block"u8);
        WriteStart(json, block);
        json.WriteEndObject();
        _sse.End();
        if (block.Seed is OpaquePart opaque && InputOf(opaque) is { } input)
        {
            WriteDelta(block, input.GetRawText(), output);
        }
    }

    private static void WriteStart(Utf8JsonWriter json, Block block)
    {
        switch (block.Seed)
        {
            case OpaquePart opaque:
                WriteOpaqueStart(json, opaque);
                return;
            case ReasoningPart { Redacted: true } reasoning:
                MessagesBlocks.WriteThinking(json, reasoning, MessagesResponse.SealOf(block.Signature));
                break;
            case ReasoningPart reasoning:
                MessagesBlocks.WriteThinking(json, reasoning with { Text = "" }, "");
                break;
            case ToolCallPart call:
                json.WriteStartObject();
                json.WriteString("type"u8, "tool_use"u8);
                json.WriteString("id"u8, ToolCallIdCarrier.Wrap(call.Id, block.Signature));
                json.WriteString("name"u8, call.Name);
                json.WriteStartObject("input"u8);
                json.WriteEndObject();
                break;
            default:
                json.WriteStartObject();
                json.WriteString("type"u8, "text"u8);
                json.WriteString("text"u8, ""u8);
                break;
        }

        json.WriteExtra(block.Seed.Extra, MessagesWire.Id);
        json.WriteEndObject();
    }

    /// <summary>A hosted tool's call is streamed like any call: without its input, which follows as one delta.</summary>
    private static void WriteOpaqueStart(Utf8JsonWriter json, OpaquePart opaque)
    {
        if (InputOf(opaque) is null)
        {
            json.WriteRaw(opaque.Json);
            return;
        }

        json.WriteStartObject();
        foreach (JsonProperty property in opaque.Json.EnumerateObject())
        {
            json.WritePropertyName(property.Name);
            if (property.NameEquals("input"u8))
            {
                json.WriteStartObject();
                json.WriteEndObject();
            }
            else
            {
                json.WriteRaw(property.Value);
            }
        }

        json.WriteEndObject();
    }

    private static JsonElement? InputOf(OpaquePart opaque) =>
        opaque.Type.EndsWith("tool_use", StringComparison.Ordinal) && opaque.Json.TryGetProperty("input", out JsonElement input) && input.ValueKind == JsonValueKind.Object
            ? input
            : null;

    private void WriteDelta(Block block, string text, IBufferWriter<byte> output)
    {
        Utf8JsonWriter json = BeginDelta(block, output);
        switch (block.Seed)
        {
            case ReasoningPart:
                json.WriteString("type"u8, "thinking_delta"u8);
                json.WriteString("thinking"u8, text);
                break;
            case ToolCallPart or OpaquePart:
                json.WriteString("type"u8, "input_json_delta"u8);
                json.WriteString("partial_json"u8, text);
                break;
            default:
                json.WriteString("type"u8, "text_delta"u8);
                json.WriteString("text"u8, text);
                break;
        }

        EndDelta(json);
    }

    private void WriteCitation(Block block, Citation citation, IBufferWriter<byte> output)
    {
        Utf8JsonWriter json = BeginDelta(block, output);
        json.WriteString("type"u8, "citations_delta"u8);
        json.WritePropertyName("citation"u8);
        MessagesCitation.Write(json, citation);
        EndDelta(json);
    }

    private void Close(Block block, IBufferWriter<byte> output)
    {
        _open = null;
        if (block is { Seed: ReasoningPart { Redacted: true }, Signature: null })
        {
            return;
        }

        Open(block, output);
        if (block is { Seed: ReasoningPart { Redacted: false }, Signature: { } signature })
        {
            Utf8JsonWriter json = BeginDelta(block, output);
            json.WriteString("type"u8, "signature_delta"u8);
            json.WriteString("signature"u8, MessagesResponse.SealOf(signature));
            EndDelta(json);
        }

        Utf8JsonWriter stop = _sse.Begin(output, "content_block_stop"u8);
        stop.WriteStartObject();
        stop.WriteString("type"u8, "content_block_stop"u8);
        stop.WriteNumber("index"u8, block.Index);
        stop.WriteEndObject();
        _sse.End();
    }

    private Utf8JsonWriter BeginDelta(Block block, IBufferWriter<byte> output)
    {
        Utf8JsonWriter json = _sse.Begin(output, "content_block_delta"u8);
        json.WriteStartObject();
        json.WriteString("type"u8, "content_block_delta"u8);
        json.WriteNumber("index"u8, block.Index);
        json.WriteStartObject("delta"u8);
        return json;
    }

    private void EndDelta(Utf8JsonWriter json)
    {
        json.WriteEndObject();
        json.WriteEndObject();
        _sse.End();
    }

    private void Announce(IBufferWriter<byte> output)
    {
        if (_announced)
        {
            return;
        }

        _announced = true;
        Utf8JsonWriter json = _sse.Begin(output, "message_start"u8);
        json.WriteStartObject();
        json.WriteString("type"u8, "message_start"u8);
        json.WriteStartObject("message"u8);
        json.WriteString("id"u8, MessagesWire.MessageId(_started?.Id, context.RequestId));
        json.WriteString("type"u8, "message"u8);
        json.WriteString("role"u8, "assistant"u8);
        json.WriteString("model"u8, _started?.Model ?? context.Request.Model);
        json.WriteStartArray("content"u8);
        json.WriteEndArray();
        json.WriteNull("stop_reason"u8);
        json.WriteNull("stop_sequence"u8);
        MessagesUsage.Write(json, InputSoFar(), outputTokens: 0, _started?.ServiceTier);
        json.WriteEndObject();
        json.WriteEndObject();
        _sse.End();
    }

    private TokenUsage InputSoFar() => _usage?.InputTokens is not null
        ? _usage with { ReasoningTokens = null }
        : new TokenUsage { InputTokens = Math.Max(1, context.EstimatedInputTokens) };

    private void Ping(IBufferWriter<byte> output)
    {
        if (_started is null)
        {
            // Nothing may come before message_start, and the model is not known yet.
            output.Write(": keep-alive\n\n"u8);
            return;
        }

        Announce(output);
        Utf8JsonWriter json = _sse.Begin(output, "ping"u8);
        json.WriteStartObject();
        json.WriteString("type"u8, "ping"u8);
        json.WriteEndObject();
        _sse.End();
    }

    private void Finish(IBufferWriter<byte> output)
    {
        Announce(output);
        foreach (Block? block in _parts)
        {
            Complete(block, output);
        }

        TokenUsage usage = InputSoFar() with { ReasoningTokens = _usage?.ReasoningTokens, Extra = _usage?.Extra };
        Utf8JsonWriter json = _sse.Begin(output, "message_delta"u8);
        json.WriteStartObject();
        json.WriteString("type"u8, "message_delta"u8);
        json.WriteStartObject("delta"u8);
        json.WriteString("stop_reason"u8, MessagesWire.ToStopReason(_ended?.Reason ?? FinishReason.Stop, _ended?.StopSequence, _calledTool, _refused));
        json.WriteString("stop_sequence"u8, _ended?.StopSequence);
        json.WriteEndObject();
        MessagesUsage.WriteFinal(json, usage, _usage?.OutputTokens ?? MessagesResponse.EstimateTokens(_length));
        json.WriteEndObject();
        _sse.End();

        json = _sse.Begin(output, "message_stop"u8);
        json.WriteStartObject();
        json.WriteString("type"u8, "message_stop"u8);
        json.WriteEndObject();
        _sse.End();
        _over = true;
    }

    /// <summary>A part on its way to become a block.</summary>
    private sealed class Block(ContentPart seed)
    {
        public ContentPart Seed { get; } = seed;

        /// <summary>Its index in the client's stream; -1 until it has begun.</summary>
        public int Index { get; set; } = -1;

        public bool IsQueued { get; set; }

        public bool IsComplete { get; set; }

        public bool HasText { get; set; }

        public Signature? Signature { get; set; }

        /// <summary>Text that waits for an earlier block to end.</summary>
        public StringBuilder? Text { get; set; }

        public List<Citation>? Citations { get; set; }
    }
}
