using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini.GenerateContent;

/// <summary>
/// Renders a stream as Google does: frames that each look like a small answer, calls whole, the reason of the end and the counts in the last
/// one. Two things follow what Google's own clients can read rather than what server-sent events allow:
/// <list type="bullet">
/// <item>Comments end the stream of the Python and Go clients with an error. What all skip is a blank line, so that keeps the connection alive.</item>
/// <item>An error stands in a frame and, after it, once more as bare JSON, which is how Google itself sends it: the Go client and older ones for
/// JavaScript take a frame that holds an error for an empty answer and go on to a clean end.</item>
/// </list>
/// Sources: https://github.com/googleapis/python-genai/blob/main/google/genai/_api_client.py, https://github.com/googleapis/js-genai/blob/main/src/_api_client.ts,
/// https://github.com/googleapis/go-genai/blob/main/api_client.go.
/// </summary>
internal sealed class GenerateContentStreamEncoder(AnswerContext context) : IChatStreamEncoder
{
    private readonly SseWriter _sse = new();
    private readonly Utf8JsonWriter _array = new(Stream.Null, Json.WriterOptions);
    private readonly Dictionary<int, OpenPart> _parts = [];
    private readonly SortedDictionary<int, EndingChoice> _choices = [];
    private readonly bool _showThoughts = context.Request.Reasoning?.IncludeThoughts != false;
    private JsonEncodedText _model;
    private JsonEncodedText _id;
    private string? _tier;
    private TokenUsage? _usage;
    private bool _isStarted;
    private bool _isFramed;
    private bool _isEnded;

    /// <inheritdoc/>
    public void Encode(ChatEvent chatEvent, IBufferWriter<byte> output)
    {
        if (_isEnded)
        {
            return;
        }

        switch (chatEvent)
        {
            case Started started:
                Start(started);
                break;
            case PartStarted part:
                StartPart(part, output);
                break;
            case PartDelta delta:
                AddDelta(delta, output);
                break;
            case SignatureSet signature:
                AddSignature(signature, output);
                break;
            case CitationAdded citation:
                ChoiceOf(_parts[citation.Index].Choice).Citations.Add((_parts[citation.Index], citation.Citation));
                break;
            case LogProbsAdded logProbs:
                ChoiceOf(_parts[logProbs.Index].Choice).LogProbs.AddRange(logProbs.Tokens);
                break;
            case PartCompleted completed:
                CompletePart(completed.Index, output);
                break;
            case UsageReported usage:
                _usage = _usage?.With(usage.Usage) ?? usage.Usage;
                _tier = usage.ServiceTier ?? _tier;
                break;
            case ChoiceEnded ended:
                ChoiceOf(ended.Choice).Reason = ended.Reason;
                break;
            case Finished:
                Finish(output);
                break;
            case Failed failed:
                Fail(failed.Error, output);
                break;
            case KeepAlive:
                output.Write(context.JsonArray ? "\n"u8 : "\n\n"u8);
                break;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sse.Dispose();
        _array.Dispose();
    }

    private void Start(Started? started)
    {
        _isStarted = true;
        _tier = started?.ServiceTier;
        _model = JsonEncodedText.Encode(started?.Model ?? context.Request.Model, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
        _id = JsonEncodedText.Encode(started?.Id ?? context.RequestId, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
    }

    private void StartPart(PartStarted part, IBufferWriter<byte> output)
    {
        var open = new OpenPart(part.Choice, part.Seed) { TextStart = ChoiceOf(part.Choice).Text.Length };
        _parts[part.Index] = open;
        switch (part.Seed)
        {
            case TextPart { Text.Length: > 0 } text:
                WriteText(open, text.Text, output);
                break;
            case RefusalPart { Text.Length: > 0 } refusal:
                WriteText(open, refusal.Text, output);
                break;
            case ReasoningPart { Text.Length: > 0 } reasoning:
                WriteThought(open, reasoning.Text, output);
                break;
            case ToolCallPart call:
                open.Held.Append(call.Arguments);
                open.Signature = call.Signature;
                break;
            case MediaPart media:
                open.Signature = media.Signature;
                break;
        }

        Signature? known = (part.Seed as TextPart)?.Signature ?? (part.Seed as ReasoningPart)?.Signature;
        if (known is not null)
        {
            AddSignature(new SignatureSet(part.Index, known), output);
        }
    }

    private void AddDelta(PartDelta delta, IBufferWriter<byte> output)
    {
        OpenPart part = _parts[delta.Index];
        switch (delta.Kind)
        {
            case DeltaKind.Text or DeltaKind.Refusal:
                WriteText(part, delta.Text, output);
                break;
            case DeltaKind.Reasoning:
                WriteThought(part, delta.Text, output);
                break;
            case DeltaKind.ToolArguments:
                part.Held.Append(delta.Text);
                break;
            case DeltaKind.Media when part.Seed is MediaPart { Source: Base64Source source } media:
                WritePart(part.Choice, media with { Source = source with { Base64 = Encoding.ASCII.GetBytes(delta.Text) } }, output);
                part.IsSent = true;
                break;
        }
    }

    private void AddSignature(SignatureSet signature, IBufferWriter<byte> output)
    {
        OpenPart part = _parts[signature.Index];
        if (part.Seed is TextPart or ReasoningPart && (part.Seed is TextPart || _showThoughts))
        {
            WritePart(part.Choice, part.Seed is TextPart ? new TextPart("") { Signature = signature.Signature } : new ReasoningPart("") { Signature = signature.Signature }, output);
        }
        else
        {
            part.Signature = signature.Signature;
        }
    }

    private void CompletePart(int index, IBufferWriter<byte> output)
    {
        OpenPart part = _parts[index];
        part.TextEnd = ChoiceOf(part.Choice).Text.Length;
        _parts.Remove(index);
        switch (part.Seed)
        {
            case ToolCallPart call:
                WriteCall(part, call, output);
                break;
            case ReasoningPart when part.Signature is not null:
                WritePart(part.Choice, new ReasoningPart(part.Held.ToString()) { Signature = part.Signature }, output);
                break;
            case MediaPart media when !part.IsSent:
                WritePart(part.Choice, media with { Signature = part.Signature }, output);
                break;
            case OpaquePart opaque when opaque.Dialect == GenerateContentWire.Dialect:
                WritePart(part.Choice, opaque, output);
                break;
        }
    }

    private void WriteText(OpenPart part, string text, IBufferWriter<byte> output)
    {
        ChoiceOf(part.Choice).Text.Append(text);
        Utf8JsonWriter writer = BeginPart(output);
        writer.WriteStartObject();
        writer.WriteString("text"u8, text);
        writer.WriteEndObject();
        EndPart(writer, part.Choice, output);
    }

    /// <summary>Thoughts are shown unless the client refused them. Then it is given them only with a seal, which has to come back with its text.</summary>
    private void WriteThought(OpenPart part, string text, IBufferWriter<byte> output)
    {
        if (!_showThoughts)
        {
            part.Held.Append(text);
            return;
        }

        Utf8JsonWriter writer = BeginPart(output);
        writer.WriteStartObject();
        writer.WriteString("text"u8, text);
        writer.WriteBoolean("thought"u8, true);
        writer.WriteEndObject();
        EndPart(writer, part.Choice, output);
    }

    private void WriteCall(OpenPart part, ToolCallPart call, IBufferWriter<byte> output)
    {
        Utf8JsonWriter writer = BeginPart(output);
        writer.WriteStartObject();
        GenerateContentAnswerPart.WriteCall(writer, call, part.Held.ToString(), part.Signature);
        writer.WriteEndObject();
        EndPart(writer, part.Choice, output);
    }

    private void WritePart(int choice, ContentPart content, IBufferWriter<byte> output)
    {
        Utf8JsonWriter writer = BeginPart(output);
        GenerateContentAnswerPart.Write(writer, content, showThoughts: true);
        EndPart(writer, choice, output);
    }

    private Utf8JsonWriter BeginPart(IBufferWriter<byte> output)
    {
        Utf8JsonWriter writer = Begin(output);
        writer.WriteStartObject();
        writer.WriteStartArray("candidates"u8);
        writer.WriteStartObject();
        writer.WriteStartObject("content"u8);
        writer.WriteStartArray("parts"u8);
        return writer;
    }

    private void EndPart(Utf8JsonWriter writer, int choice, IBufferWriter<byte> output)
    {
        writer.WriteEndArray();
        writer.WriteString("role"u8, "model"u8);
        writer.WriteEndObject();
        writer.WriteNumber("index"u8, choice);
        writer.WriteEndObject();
        writer.WriteEndArray();
        End(writer);
    }

    private void Finish(IBufferWriter<byte> output)
    {
        Utf8JsonWriter writer = Begin(output);
        writer.WriteStartObject();
        writer.WriteStartArray("candidates"u8);
        foreach ((int index, EndingChoice choice) in _choices)
        {
            WriteEnd(writer, index, choice);
        }

        writer.WriteEndArray();
        if (_usage is not null)
        {
            GenerateContentUsage.Write(writer, _usage, _tier);
        }

        End(writer);
        _isEnded = true;
        if (context.JsonArray)
        {
            output.Write("\r\n]"u8);
        }
    }

    private static void WriteEnd(Utf8JsonWriter writer, int index, EndingChoice choice)
    {
        writer.WriteStartObject();
        if (choice.Reason is not FinishReason.ContentFilter)
        {
            writer.WriteStartObject("content"u8);
            writer.WriteStartArray("parts"u8);
            writer.WriteStartObject();
            writer.WriteString("text"u8, ""u8);
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteString("role"u8, "model"u8);
            writer.WriteEndObject();
        }

        writer.WriteString("finishReason"u8, GenerateContentWire.NameOf(choice.Reason));
        writer.WriteNumber("index"u8, index);
        if (choice.Citations.Count > 0)
        {
            string text = choice.Text.ToString();
            GenerateContentGrounding.Write(writer, [.. choice.Citations.Select(c => (c.Citation, Place(c.Citation, c.Part, text), text, 0))]);
        }

        GenerateContentLogProbs.Write(writer, choice.LogProbs);
        writer.WriteEndObject();
    }

    /// <summary>The places of a stream count in all text of the candidate.</summary>
    private static (int Start, int End) Place(Citation citation, OpenPart part, string text)
    {
        (int start, int end) = citation.PlaceIn(text[part.TextStart..part.TextEnd]);
        return (part.TextStart + start, part.TextStart + end);
    }

    private void Fail(GatewayError error, IBufferWriter<byte> output)
    {
        _isEnded = true;
        output.Write(!context.JsonArray ? "data: "u8 : _isFramed ? ",\r\n"u8 : "["u8);
        GeminiError.Encode(error, context.RequestId, output);
        if (context.JsonArray)
        {
            output.Write("\r\n]"u8);
            return;
        }

        output.Write("\n\n"u8);
        GeminiError.Encode(error, context.RequestId, output);
    }

    private Utf8JsonWriter Begin(IBufferWriter<byte> output)
    {
        if (!_isStarted)
        {
            Start(null);
        }

        if (!context.JsonArray)
        {
            return _sse.Begin(output);
        }

        output.Write(_isFramed ? ",\r\n"u8 : "["u8);
        _isFramed = true;
        _array.Reset(output);
        return _array;
    }

    private void End(Utf8JsonWriter writer)
    {
        writer.WriteString("modelVersion"u8, _model);
        writer.WriteString("responseId"u8, _id);
        writer.WriteEndObject();
        if (context.JsonArray)
        {
            writer.Flush();
        }
        else
        {
            _sse.End();
        }
    }

    private EndingChoice ChoiceOf(int index)
    {
        if (!_choices.TryGetValue(index, out EndingChoice? choice))
        {
            _choices[index] = choice = new EndingChoice();
        }

        return choice;
    }

    private sealed class OpenPart(int choice, ContentPart seed)
    {
        private StringBuilder? _held;

        public int Choice { get; } = choice;

        public ContentPart Seed { get; } = seed;

        /// <summary>Arguments of a call, or a thought that may not be shown.</summary>
        public StringBuilder Held => _held ??= new StringBuilder();

        public Signature? Signature { get; set; }

        public bool IsSent { get; set; }

        /// <summary>Where the part's text begins and ends in its candidate's.</summary>
        public int TextStart { get; init; }

        public int TextEnd { get; set; }
    }

    /// <summary>What is told of a candidate at its end.</summary>
    private sealed class EndingChoice
    {
        public FinishReason Reason { get; set; }

        public StringBuilder Text { get; } = new();

        public List<(OpenPart Part, Citation Citation)> Citations { get; } = [];

        public List<TokenLogProb> LogProbs { get; } = [];
    }
}
