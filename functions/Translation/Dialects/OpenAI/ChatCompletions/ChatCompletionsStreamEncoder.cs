using System.Buffers;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Dialects.OpenAI.ChatCompletions;

/// <summary>
/// Renders a client's stream (https://platform.openai.com/docs/api-reference/chat-streaming). Every frame is complete in the buffer.
/// </summary>
internal sealed class ChatCompletionsStreamEncoder(AnswerContext context) : IChatStreamEncoder
{
    private readonly ChatCompletionsFrames _frames = new(context);
    private readonly List<Part> _parts = [];
    private readonly List<ChoiceState> _choices = [];
    private readonly bool _legacy = ChatCompletionsRequest.IsLegacy(context.Request);
    private TokenUsage? _usage;
    private string? _tier;
    private string? _lateTier;
    private bool _ended;

    /// <inheritdoc/>
    public void Encode(ChatEvent chatEvent, IBufferWriter<byte> output)
    {
        if (_ended)
        {
            return;
        }

        switch (chatEvent)
        {
            case PartDelta delta:
                WriteDelta(delta, output);
                break;
            case PartStarted started:
                WriteStart(started, output);
                break;
            case PartCompleted completed:
                WriteEnd(_parts[completed.Index], output);
                break;
            case SignatureSet signature:
                WriteSignature(_parts[signature.Index], signature.Signature, output);
                break;
            case CitationAdded citation:
                WriteCitation(_parts[citation.Index], citation.Citation, output);
                break;
            case LogProbsAdded logProbs:
                _frames.WriteLogProbs(_parts[logProbs.Index].Choice.Index, logProbs.Tokens, output);
                break;
            case UsageReported usage:
                _usage = _usage is null ? usage.Usage : _usage.With(usage.Usage);
                _lateTier = usage.ServiceTier is { } tier && tier != _tier ? tier : _lateTier;
                break;
            case ChoiceEnded ended:
                WriteFinish(ended, output);
                break;
            case Started started:
                _frames.Begin(started);
                _tier = started.ServiceTier;
                ChoiceOf(0, output);
                break;
            case Finished:
                WriteDone(output);
                break;
            case Failed failed:
                WriteFailure(failed.Error, output);
                break;
            case KeepAlive:
                output.Write(": keep-alive\n\n"u8);
                break;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _frames.Dispose();

    private void WriteDelta(PartDelta delta, IBufferWriter<byte> output)
    {
        Part part = _parts[delta.Index];
        switch (delta.Kind)
        {
            case DeltaKind.Text:
                part.Choice.TextLength += delta.Text.Length;
                _frames.WriteString(part.Choice.Index, "{\"content\":"u8, delta.Text, "}"u8, output);
                break;
            case DeltaKind.ToolArguments:
                WriteArguments(part, delta.Text, output);
                break;
            case DeltaKind.Reasoning:
                WriteReasoning(part, delta.Text, output);
                break;
            case DeltaKind.Refusal:
                _frames.WriteString(part.Choice.Index, "{\"refusal\":"u8, delta.Text, "}"u8, output);
                break;
            case DeltaKind.Transcript:
                _frames.WriteString(part.Choice.Index, "{\"audio\":{\"transcript\":"u8, delta.Text, "}}"u8, output);
                break;
            case DeltaKind.Media when part.Seed is MediaPart { Kind: MediaKind.Audio }:
                _frames.WriteString(part.Choice.Index, "{\"audio\":{\"data\":"u8, delta.Text, "}}"u8, output);
                break;
            case DeltaKind.Media:
                (part.Media ??= new ArrayBufferWriter<byte>()).Write(Encoding.ASCII.GetBytes(delta.Text));
                break;
        }
    }

    private void WriteArguments(Part part, string text, IBufferWriter<byte> output)
    {
        if (text.Length == 0 || !IsTold(part))
        {
            return;
        }

        part.Any = true;
        if (_legacy)
        {
            _frames.WriteString(part.Choice.Index, "{\"function_call\":{\"arguments\":"u8, text, "}}"u8, output);
            return;
        }

        _frames.WriteArguments(part.Choice.Index, part.Ordinal, part.Seed is ToolCallPart { Kind: ToolKind.Custom }, text, output);
    }

    // Paragraphs of thinking that came as parts stay apart, and the part's place in the whole is remembered for its seal.
    private void WriteReasoning(Part part, string text, IBufferWriter<byte> output)
    {
        if (text.Length == 0)
        {
            return;
        }

        ChoiceState choice = part.Choice;
        if (!part.Any && choice.ReasoningLength > 0)
        {
            text = "\n\n" + text;
            part.Start = choice.ReasoningLength + 2;
        }
        else if (!part.Any)
        {
            part.Start = 0;
        }

        part.Any = true;
        choice.ReasoningLength += text.Length;
        _frames.WriteString(choice.Index, "{\"reasoning_content\":"u8, text, "}"u8, output);
    }

    private void WriteStart(PartStarted started, IBufferWriter<byte> output)
    {
        ChoiceState choice = ChoiceOf(started.Choice, output);
        var part = new Part(choice, started.Seed);
        _parts.Add(part);
        switch (started.Seed)
        {
            case TextPart text:
                part.Start = choice.TextLength;
                WriteSeed(started.Index, DeltaKind.Text, text.Text, output);
                foreach (Citation citation in text.Citations)
                {
                    WriteCitation(part, citation, output);
                }

                break;
            case ReasoningPart reasoning:
                part.Ordinal = choice.Reasonings++;
                WriteSeed(started.Index, DeltaKind.Reasoning, reasoning.Text, output);
                if (reasoning.Signature is { } signature)
                {
                    WriteSignature(part, signature, output);
                }

                break;
            case RefusalPart refusal:
                choice.Refused = true;
                WriteSeed(started.Index, DeltaKind.Refusal, refusal.Text, output);
                break;
            case ToolCallPart call:
                part.Ordinal = choice.Calls++;
                if (IsTold(part))
                {
                    WriteCall(part, call, output);
                }

                break;
            case MediaPart media:
                WriteMedia(part, media, output);
                break;
        }
    }

    private void WriteSeed(int index, DeltaKind kind, string text, IBufferWriter<byte> output)
    {
        if (text.Length > 0)
        {
            WriteDelta(new PartDelta(index, kind, text), output);
        }
    }

    /// <summary>A client that knows <c>function_call</c> only can be told of one call.</summary>
    private bool IsTold(Part call) => !_legacy || call.Ordinal == 0;

    private void WriteCall(Part part, ToolCallPart call, IBufferWriter<byte> output)
    {
        part.Any = call.Arguments.Length > 0;
        bool custom = call.Kind == ToolKind.Custom;
        Utf8JsonWriter json = _frames.BeginObject(part.Choice.Index, output);
        if (_legacy)
        {
            json.WriteStartObject("function_call"u8);
        }
        else
        {
            json.WriteStartArray("tool_calls"u8);
            json.WriteStartObject();
            json.WriteNumber("index"u8, part.Ordinal);
            json.WriteString("id"u8, ToolCallIdCarrier.Wrap(call.Id, call.Signature));
            json.WriteString("type"u8, custom ? "custom"u8 : "function"u8);
            json.WriteStartObject(custom ? "custom"u8 : "function"u8);
        }

        json.WriteString("name"u8, call.Name);
        json.WriteString(custom ? "input"u8 : "arguments"u8, call.Arguments);
        json.WriteEndObject();
        if (!_legacy)
        {
            ChatCompletionsWire.WriteThoughtSignature(json, call.Signature);
            json.WriteEndObject();
            json.WriteEndArray();
        }

        _frames.EndObject(output);
    }

    private void WriteMedia(Part part, MediaPart media, IBufferWriter<byte> output)
    {
        if (media.Kind == MediaKind.Audio)
        {
            Utf8JsonWriter json = _frames.BeginObject(part.Choice.Index, output);
            json.WriteStartObject("audio"u8);
            json.WriteString("id"u8, $"audio_{context.RequestId}");
            if (media.Source is Base64Source { Base64.IsEmpty: false } sound)
            {
                json.WriteString("data"u8, sound.Base64.Span);
            }

            if (media.Transcript is not null)
            {
                json.WriteString("transcript"u8, media.Transcript);
            }

            json.WriteEndObject();
            _frames.EndObject(output);
        }
        else if (media is { Kind: MediaKind.Image, Source: not Base64Source { Base64.IsEmpty: true } })
        {
            WriteImage(part, media.Source, output);
        }
    }

    private void WriteImage(Part part, MediaSource source, IBufferWriter<byte> output)
    {
        Utf8JsonWriter json = _frames.BeginObject(part.Choice.Index, output);
        json.WriteStartArray("images"u8);
        ChatCompletionsResponse.WriteImage(json, source, part.Choice.Images++);
        json.WriteEndArray();
        _frames.EndObject(output);
    }

    private void WriteEnd(Part part, IBufferWriter<byte> output)
    {
        switch (part.Seed)
        {
            case ToolCallPart { Kind: ToolKind.Function } when !part.Any:
                WriteArguments(part, "{}", output); // Clients parse the arguments; none at all is no JSON.
                break;
            case MediaPart { Kind: MediaKind.Image, Source: Base64Source source } when part.Media is { } media:
                WriteImage(part, source with { Base64 = media.WrittenMemory }, output);
                break;
            case TextPart:
                foreach (Citation citation in part.Unplaced ?? [])
                {
                    // The words themselves are not kept: where they would have to be looked for, the source stands at the end.
                    int end = part.Choice.TextLength - part.Start;
                    WriteAnnotation(part, citation, citation.Start ?? end, citation.End ?? end, output);
                }

                break;
        }
    }

    private void WriteSignature(Part part, Signature signature, IBufferWriter<byte> output)
    {
        switch (part.Seed)
        {
            case ReasoningPart reasoning:
                Utf8JsonWriter json = _frames.BeginObject(part.Choice.Index, output);
                json.WriteStartArray("reasoning_details"u8);
                ChatCompletionsReasoning.WriteDetail(
                    json, reasoning with { Text = "" }, SignatureCarrier.Wrap(signature, ChatCompletionsWire.Id), part.Ordinal,
                    part.Any ? (part.Start, part.Choice.ReasoningLength) : null);
                json.WriteEndArray();
                _frames.EndObject(output);
                break;
            case ToolCallPart when signature.Origin == DialectIds.GenerateContent && !_legacy:
                json = _frames.BeginObject(part.Choice.Index, output);
                json.WriteStartArray("tool_calls"u8);
                json.WriteStartObject();
                json.WriteNumber("index"u8, part.Ordinal);
                ChatCompletionsWire.WriteThoughtSignature(json, signature);
                json.WriteEndObject();
                json.WriteEndArray();
                _frames.EndObject(output);
                break;
            case TextPart when signature.Origin == DialectIds.GenerateContent:
                json = _frames.BeginObject(part.Choice.Index, output);
                ChatCompletionsWire.WriteThoughtSignature(json, signature);
                _frames.EndObject(output);
                break;
        }
    }

    private void WriteCitation(Part part, Citation citation, IBufferWriter<byte> output)
    {
        if (citation is { Start: { } start, End: { } end })
        {
            WriteAnnotation(part, citation, start, end, output);
        }
        else
        {
            (part.Unplaced ??= []).Add(citation);
        }
    }

    private void WriteAnnotation(Part part, Citation citation, int start, int end, IBufferWriter<byte> output)
    {
        Utf8JsonWriter json = _frames.BeginObject(part.Choice.Index, output);
        json.WriteStartArray("annotations"u8);
        ChatCompletionsResponse.WriteAnnotation(json, citation, part.Start + start, part.Start + end, part.Choice.Citations++);
        json.WriteEndArray();
        _frames.EndObject(output);
    }

    private void WriteFinish(ChoiceEnded ended, IBufferWriter<byte> output)
    {
        ChoiceState choice = ChoiceOf(ended.Choice, output);
        _frames.WriteFinish(choice.Index, ChatCompletionsWire.NameOf(ended.Reason, choice.Refused, _legacy), output);
    }

    private void WriteDone(IBufferWriter<byte> output)
    {
        _ended = true;
        if (context.Request.IncludeStreamUsage && _usage is not null)
        {
            _frames.WriteUsage(_usage, _lateTier, output);
        }

        output.Write("data: [DONE]\n\n"u8);
    }

    private void WriteFailure(GatewayError error, IBufferWriter<byte> output)
    {
        _ended = true;
        _frames.WriteError(error, output);
    }

    // The first chunk of a choice names the role: clients rely on it.
    private ChoiceState ChoiceOf(int index, IBufferWriter<byte> output)
    {
        foreach (ChoiceState known in _choices)
        {
            if (known.Index == index)
            {
                return known;
            }
        }

        var choice = new ChoiceState { Index = index };
        _choices.Add(choice);
        _frames.WriteConstant(index, "{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}"u8, output);
        return choice;
    }

    private sealed class ChoiceState
    {
        public int Index { get; init; }

        public int Calls { get; set; }

        public int Reasonings { get; set; }

        public int Images { get; set; }

        public int Citations { get; set; }

        public int TextLength { get; set; }

        public int ReasoningLength { get; set; }

        public bool Refused { get; set; }
    }

    private sealed class Part(ChoiceState choice, ContentPart seed)
    {
        public ChoiceState Choice { get; } = choice;

        public ContentPart Seed { get; } = seed;

        public int Ordinal { get; set; }

        public int Start { get; set; }

        public bool Any { get; set; }

        public ArrayBufferWriter<byte>? Media { get; set; }

        /// <summary>Sources whose place depends on where the text ends.</summary>
        public List<Citation>? Unplaced { get; set; }
    }
}
