using System.Buffers;
using System.Text;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;

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
    private readonly MessagesFrames _frames = new();
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
                _frames.Error(failed.Error, context.RequestId, output);
                _over = true;
                break;
            case KeepAlive:
                Ping(output);
                break;
        }
    }

    public void Dispose() => _frames.Dispose();

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

        if (block == _open && !block.IsFreeText)
        {
            Open(block, output);
            _frames.Delta(block.Index, block.Seed, text, output);
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
            _frames.Citation(block.Index, citation, output);
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
        if ((block.Text is null && block.Citations is null) || block.IsFreeText)
        {
            return;
        }

        Open(block, output);
        if (block.Text is not null)
        {
            _frames.Delta(block.Index, block.Seed, block.Text.ToString(), output);
            block.Text = null;
        }

        foreach (Citation citation in block.Citations ?? [])
        {
            _frames.Citation(block.Index, citation, output);
        }
    }

    private void Open(Block block, IBufferWriter<byte> output)
    {
        if (block.Index < 0)
        {
            block.Index = _nextIndex++;
            _frames.BlockStart(block.Index, block.Seed, block.Signature, output);
        }
    }

    private void Close(Block block, IBufferWriter<byte> output)
    {
        _open = null;
        if (block is { Seed: ReasoningPart { Redacted: true }, Signature: null })
        {
            return;
        }

        Open(block, output);
        if (block.IsFreeText)
        {
            _frames.FreeText(block.Index, block.Text?.ToString() ?? "", output);
        }

        if (block is { Seed: ReasoningPart { Redacted: false }, Signature: { } signature })
        {
            _frames.Seal(block.Index, signature, output);
        }

        _frames.BlockStop(block.Index, output);
    }

    private void Announce(IBufferWriter<byte> output)
    {
        if (!_announced)
        {
            _announced = true;
            _frames.MessageStart(
                MessagesWire.MessageId(_started?.Id, context.RequestId), _started?.Model ?? context.Request.Model, InputSoFar(), _started?.ServiceTier, output);
        }
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
        _frames.Ping(output);
    }

    private void Finish(IBufferWriter<byte> output)
    {
        Announce(output);
        foreach (Block? block in _parts)
        {
            Complete(block, output);
        }

        _frames.MessageDelta(
            MessagesWire.ToStopReason(_ended?.Reason ?? FinishReason.Stop, _ended?.StopSequence, _calledTool, _refused),
            _ended?.StopSequence,
            InputSoFar() with { ReasoningTokens = _usage?.ReasoningTokens, Extra = _usage?.Extra },
            _usage?.OutputTokens ?? MessagesResponse.EstimateTokens(_length),
            output);
        _frames.MessageStop(output);
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

        /// <summary>True for a call with one free text: it fits into JSON only when it is whole.</summary>
        public bool IsFreeText => Seed is ToolCallPart { Kind: ToolKind.Custom };

        public Signature? Signature { get; set; }

        /// <summary>Text that waits for an earlier block to end.</summary>
        public StringBuilder? Text { get; set; }

        public List<Citation>? Citations { get; set; }
    }
}
