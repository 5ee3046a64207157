using System.Buffers;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>
/// Writes the events of one answer, one part after the other, and keeps its items for the last event.
/// Source: https://platform.openai.com/docs/api-reference/responses-streaming.
/// </summary>
internal sealed class ResponsesFrames(AnswerContext context) : IDisposable
{
    private readonly SseWriter _sse = new();
    private readonly StringBuilder _text = new();
    private readonly List<Citation> _citations = [];
    private readonly List<Citation> _unplaced = [];
    private readonly List<TokenLogProb> _logProbs = [];
    private ResponsesItem? _item;
    private JsonEncodedText _itemId;
    private ContentPart? _part;
    private bool _told;
    private long _sequence;

    /// <summary>Takes the frames of the event at hand.</summary>
    public IBufferWriter<byte> Output { get; set; } = null!;

    /// <summary>The answer so far.</summary>
    public ResponsesResource Resource { get; } = new(context);

    /// <inheritdoc/>
    public void Dispose() => _sse.Dispose();

    /// <summary>The answer begins.</summary>
    public void Begin(Started started)
    {
        Resource.ProviderId = started.Id;
        Resource.Model = started.Model;
        Resource.Created = started.Created;
        Resource.ServiceTier = started.ServiceTier;
        WriteResource("response.created"u8);
        WriteResource("response.in_progress"u8);
    }

    /// <summary>A part begins, in the message that is open or in an item of its own.</summary>
    public void BeginPart(ContentPart seed)
    {
        _part = seed;
        _text.Clear();
        _citations.Clear();
        _unplaced.Clear();
        _logProbs.Clear();
        _told = false;
        switch (seed)
        {
            case TextPart or RefusalPart:
                OpenMessage();
                WritePart("response.content_part.added"u8, seed);
                break;
            case ReasoningPart or ToolCallPart:
                Open(seed);
                break;
        }
    }

    /// <summary>The part grows.</summary>
    public void Append(PartDelta delta)
    {
        if (_part is MediaPart)
        {
            // A picture is told whole; of a sound only the words.
            if (delta.Kind == (_part is MediaPart { Kind: MediaKind.Audio } ? DeltaKind.Transcript : DeltaKind.Media))
            {
                _text.Append(delta.Text);
            }

            return;
        }

        if (_part is ReasoningPart && !_told)
        {
            OpenSummary();
        }

        _text.Append(delta.Text);
        WriteDelta(delta.Text, null);
    }

    /// <summary>The part is sealed. Of what can be sealed after its start only reasoning has a place for that here.</summary>
    public void Sign(Signature seal)
    {
        if (_part is ReasoningPart reasoning)
        {
            _part = reasoning with { Signature = seal };
        }
    }

    /// <summary>A source is named. It is told at once, unless its place depends on text that is still to come.</summary>
    public void Cite(Citation citation)
    {
        if (_part is not TextPart || !ResponsesOutput.CanWrite(citation))
        {
            return;
        }

        if (citation is { Start: { } start, End: { } end })
        {
            WriteCitation(citation, (start, end));
        }
        else
        {
            _unplaced.Add(citation);
        }
    }

    private void WriteCitation(Citation citation, (int Start, int End) place)
    {
        Utf8JsonWriter json = BeginItemEvent("response.output_text.annotation.added"u8);
        json.WriteNumber("content_index"u8, ContentIndex);
        json.WriteNumber("annotation_index"u8, _citations.Count);
        json.WritePropertyName("annotation"u8);
        ResponsesOutput.WriteCitation(json, citation, place);
        EndEvent(json);
        _citations.Add(citation with { Start = place.Start, End = place.End });
    }

    /// <summary>Log probabilities come with a delta; one without text is made for them.</summary>
    public void AddLogProbs(IReadOnlyList<TokenLogProb> tokens)
    {
        if (_part is TextPart)
        {
            _logProbs.AddRange(tokens);
            WriteDelta("", tokens);
        }
    }

    /// <summary>The part is complete.</summary>
    public void EndPart()
    {
        switch (_part)
        {
            case TextPart:
                string text = _text.ToString();
                _unplaced.ForEach(citation => WriteCitation(citation, citation.PlaceIn(text)));
                EndText(new TextPart(text) { Citations = [.. _citations], LogProbs = [.. _logProbs] });
                break;
            case RefusalPart:
                EndText(new RefusalPart(_text.ToString()));
                break;
            case ReasoningPart reasoning:
                EndReasoning(reasoning with { Text = _text.ToString() });
                break;
            case ToolCallPart call:
                EndCall(call with { Arguments = _text.ToString() });
                break;
            case MediaPart media:
                EndMedia(media);
                break;
            case OpaquePart opaque when ResponsesItem.KindOf(opaque) is not null:
                Open(opaque);
                break;
        }

        _part = null;
    }

    /// <summary>The answer is complete.</summary>
    public void End(FinishReason reason)
    {
        Resource.End(reason);
        EndItem();
        WriteResource(Resource.Status == ResponsesItem.Completed ? "response.completed"u8 : "response.incomplete"u8);

        // OpenAI does without this; the OpenResponses specification asks for it, and OpenAI's own clients know it.
        Output.Write("data: [DONE]\n\n"u8);
    }

    /// <summary>The answer breaks off. What is open stays open, so that nothing looks complete.</summary>
    public void Fail(GatewayError error)
    {
        if (_item is not null)
        {
            _item.Status = _part is null ? ResponsesItem.Completed : ResponsesItem.Incomplete;
            if (_part is not null && (_item.Type != ResponsesItem.Message || _item.Parts.Count == 0))
            {
                Resource.Items.Remove(_item);
            }
        }

        Resource.Fail(error);
        Utf8JsonWriter json = BeginEvent("error"u8);
        ResponsesError.WriteEvent(json, error);
        EndEvent(json);
        WriteResource("response.failed"u8);
    }

    private int ContentIndex => _item is { Type: ResponsesItem.Message } message ? message.Parts.Count : 0;

    private int OutputIndex => Resource.Items.Count - 1;

    private void OpenMessage()
    {
        if (_item is not { Type: ResponsesItem.Message })
        {
            Open(new TextPart(""));
        }
    }

    private void Open(ContentPart seed)
    {
        EndItem();
        (string? type, string prefix) = ResponsesItem.KindOf(seed)!.Value;
        _item = Resource.Begin(type, prefix);
        _itemId = JsonEncodedText.Encode(_item.Id);
        if (seed is not (TextPart or RefusalPart or ReasoningPart))
        {
            _item.Parts.Add(seed);
        }

        WriteItem("response.output_item.added"u8);
    }

    private void OpenSummary()
    {
        _told = true;
        WriteSummaryPart("response.reasoning_summary_part.added"u8, "");
    }

    private void EndItem()
    {
        if (_item is null)
        {
            return;
        }

        if (_item.Status == ResponsesItem.InProgress)
        {
            _item.Status = ResponsesItem.Completed;
        }

        WriteItem("response.output_item.done"u8);
        _item = null;
    }

    private void EndText(ContentPart whole)
    {
        bool refusal = whole is RefusalPart;
        Utf8JsonWriter json = BeginItemEvent(refusal ? "response.refusal.done"u8 : "response.output_text.done"u8);
        json.WriteNumber("content_index"u8, ContentIndex);
        if (whole is RefusalPart refused)
        {
            json.WriteString("refusal"u8, refused.Text);
        }
        else if (whole is TextPart text)
        {
            json.WriteString("text"u8, text.Text);
            json.WritePropertyName("logprobs"u8);
            OpenAILogProbs.Write(json, text.LogProbs);
        }

        EndEvent(json);
        WritePart("response.content_part.done"u8, whole);
        _item!.Parts.Add(whole);
    }

    private void EndReasoning(ReasoningPart whole)
    {
        if (!_told && ResponsesItem.HasSummary(whole))
        {
            OpenSummary();
        }

        if (_told)
        {
            Utf8JsonWriter json = BeginItemEvent("response.reasoning_summary_text.done"u8);
            json.WriteNumber("summary_index"u8, 0);
            json.WriteString("text"u8, whole.Text);
            EndEvent(json);
            WriteSummaryPart("response.reasoning_summary_part.done"u8, whole.Text);
        }

        _item!.Parts.Add(whole);
    }

    private void EndCall(ToolCallPart whole)
    {
        bool custom = whole.Kind == ToolKind.Custom;
        Utf8JsonWriter json = BeginItemEvent(custom ? "response.custom_tool_call_input.done"u8 : "response.function_call_arguments.done"u8);
        if (custom)
        {
            json.WriteString("input"u8, whole.Arguments);
        }
        else
        {
            json.WriteString("arguments"u8, whole.Arguments);
            json.WriteString("name"u8, whole.Name);
        }

        EndEvent(json);
        _item!.Parts[0] = whole;
    }

    private void EndMedia(MediaPart media)
    {
        if (media is { Kind: MediaKind.Image, Source: Base64Source source } && _text.Length > 0)
        {
            media = media with { Source = source with { Base64 = Encoding.ASCII.GetBytes(_text.ToString()) } };
        }
        else if (media.Kind == MediaKind.Audio && _text.Length > 0)
        {
            media = media with { Transcript = _text.ToString() };
        }

        ContentPart part = ResponsesItem.Sayable(media);
        if (part is TextPart { Text: var words })
        {
            BeginPart(new TextPart(""));
            Append(new PartDelta(0, DeltaKind.Text, words));
            EndPart();
        }
        else if (ResponsesItem.KindOf(part) is not null)
        {
            Open(part);
        }
    }

    private void WriteDelta(string text, IReadOnlyList<TokenLogProb>? logProbs)
    {
        Utf8JsonWriter json = BeginItemEvent(_part switch
        {
            TextPart => "response.output_text.delta"u8,
            RefusalPart => "response.refusal.delta"u8,
            ReasoningPart => "response.reasoning_summary_text.delta"u8,
            ToolCallPart { Kind: ToolKind.Custom } => "response.custom_tool_call_input.delta"u8,
            _ => "response.function_call_arguments.delta"u8,
        });
        if (_part is TextPart or RefusalPart)
        {
            json.WriteNumber("content_index"u8, ContentIndex);
        }
        else if (_part is ReasoningPart)
        {
            json.WriteNumber("summary_index"u8, 0);
        }

        json.WriteString("delta"u8, text);
        if (_part is TextPart)
        {
            json.WritePropertyName("logprobs"u8);
            OpenAILogProbs.Write(json, logProbs ?? []);
        }

        EndEvent(json);
    }

    private void WritePart(ReadOnlySpan<byte> name, ContentPart part)
    {
        Utf8JsonWriter json = BeginItemEvent(name);
        json.WriteNumber("content_index"u8, ContentIndex);
        json.WritePropertyName("part"u8);
        ResponsesItem.WriteContent(json, part);
        EndEvent(json);
    }

    private void WriteSummaryPart(ReadOnlySpan<byte> name, string text)
    {
        Utf8JsonWriter json = BeginItemEvent(name);
        json.WriteNumber("summary_index"u8, 0);
        json.WritePropertyName("part"u8);
        ResponsesOutput.WriteTextPart(json, "summary_text"u8, text);
        EndEvent(json);
    }

    private void WriteItem(ReadOnlySpan<byte> name)
    {
        Utf8JsonWriter json = BeginEvent(name);
        json.WriteNumber("output_index"u8, OutputIndex);
        json.WritePropertyName("item"u8);
        _item!.Write(json);
        EndEvent(json);
    }

    private void WriteResource(ReadOnlySpan<byte> name)
    {
        Utf8JsonWriter json = BeginEvent(name);
        json.WritePropertyName("response"u8);
        Resource.Write(json);
        EndEvent(json);
    }

    private Utf8JsonWriter BeginItemEvent(ReadOnlySpan<byte> name)
    {
        Utf8JsonWriter json = BeginEvent(name);
        json.WriteString("item_id"u8, _itemId);
        json.WriteNumber("output_index"u8, OutputIndex);
        return json;
    }

    private Utf8JsonWriter BeginEvent(ReadOnlySpan<byte> name)
    {
        Utf8JsonWriter json = _sse.Begin(Output, name);
        json.WriteStartObject();
        json.WriteString("type"u8, name);
        return json;
    }

    private void EndEvent(Utf8JsonWriter json)
    {
        json.WriteNumber("sequence_number"u8, _sequence++);
        json.WriteEndObject();
        _sse.End();
    }
}
