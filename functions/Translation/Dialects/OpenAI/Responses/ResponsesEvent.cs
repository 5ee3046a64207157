using System.Text.Json;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>The kinds of events that a stream is read by. Events that tell nothing of the answer's content are <see cref="Other"/>.</summary>
internal enum ResponsesEventKind
{
    Other,
    Opened,
    ItemAdded,
    ItemDone,
    PartDone,
    TextDelta,
    TextDone,
    RefusalDelta,
    RefusalDone,
    ReasoningDelta,
    ReasoningDone,
    SummaryDelta,
    SummaryDone,
    ArgumentsDelta,
    ArgumentsDone,
    Annotation,
    Completed,
    Incomplete,
    Failed,
    Error,
}

/// <summary>
/// One event, read in one pass over its bytes: numbers and the text of a delta at once, larger values as slices that are read when they are
/// wanted. Source: https://platform.openai.com/docs/api-reference/responses-streaming.
/// </summary>
internal ref struct ResponsesEvent
{
    public ResponsesEventKind Kind;
    public int? OutputIndex;
    public int ContentIndex;
    public string? Delta;
    public ReadOnlySpan<byte> ItemId;

    /// <summary>The whole text of a <c>done</c> event: <c>text</c>, <c>refusal</c>, <c>arguments</c> or <c>input</c>.</summary>
    public ReadOnlySpan<byte> Whole;
    public ReadOnlySpan<byte> Item;
    public ReadOnlySpan<byte> Part;
    public ReadOnlySpan<byte> Response;
    public ReadOnlySpan<byte> Annotation;
    public ReadOnlySpan<byte> LogProbs;
    public bool HasError;
    public bool HasType;

    /// <summary>Reads an event.</summary>
    /// <param name="data">The event's JSON.</param>
    /// <param name="name">The event's name, for a server that does not repeat it in the JSON.</param>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static ResponsesEvent Read(ReadOnlySpan<byte> data, ReadOnlySpan<byte> name)
    {
        var read = new ResponsesEvent();
        var reader = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = 256 });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("The event is not an object.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            read.ReadProperty(ref reader, data);
        }

        if (!read.HasType)
        {
            read.Kind = read.HasError ? ResponsesEventKind.Error : KindOf(name);
        }

        return read;
    }

    private void ReadProperty(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<byte> name = reader.ValueSpan;
        reader.Read();
        switch (name.Length)
        {
            case 4 when name.SequenceEqual("type"u8) && reader.TokenType == JsonTokenType.String:
                Kind = KindOf(reader.ValueSpan);
                HasType = true;
                break;
            case 5 when name.SequenceEqual("delta"u8):
                Delta = reader.TokenType == JsonTokenType.String ? Json.ReadText(ref reader) : null;
                Skip(ref reader, data);
                break;
            case 12 when name.SequenceEqual("output_index"u8):
                OutputIndex = Number(ref reader);
                break;
            case 13 when name.SequenceEqual("content_index"u8) || name.SequenceEqual("summary_index"u8):
                ContentIndex = Number(ref reader) ?? 0;
                break;
            case 7 when name.SequenceEqual("item_id"u8):
                ItemId = Skip(ref reader, data);
                break;
            case 4 when name.SequenceEqual("text"u8):
            case 5 when name.SequenceEqual("input"u8):
            case 7 when name.SequenceEqual("refusal"u8):
            case 9 when name.SequenceEqual("arguments"u8):
                Whole = Skip(ref reader, data);
                break;
            case 4 when name.SequenceEqual("item"u8):
                Item = Skip(ref reader, data);
                break;
            case 4 when name.SequenceEqual("part"u8):
                Part = Skip(ref reader, data);
                break;
            case 8 when name.SequenceEqual("response"u8):
                Response = Skip(ref reader, data);
                break;
            case 10 when name.SequenceEqual("annotation"u8):
                Annotation = Skip(ref reader, data);
                break;
            case 8 when name.SequenceEqual("logprobs"u8):
                LogProbs = Skip(ref reader, data);
                break;
            case 5 when name.SequenceEqual("error"u8):
                HasError = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.String;
                Skip(ref reader, data);
                break;
            default:
                Skip(ref reader, data);
                break;
        }
    }

    private static int? Number(ref Utf8JsonReader reader)
    {
        int? number = reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int value) ? value : null;
        reader.TrySkip();
        return number;
    }

    private static ReadOnlySpan<byte> Skip(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> data)
    {
        int from = (int)reader.TokenStartIndex;
        reader.Skip();
        return data[from..(int)reader.BytesConsumed];
    }

    private static ResponsesEventKind KindOf(ReadOnlySpan<byte> type) =>
        type.SequenceEqual("response.output_text.delta"u8) ? ResponsesEventKind.TextDelta
        : type.SequenceEqual("response.function_call_arguments.delta"u8) || type.SequenceEqual("response.custom_tool_call_input.delta"u8) ? ResponsesEventKind.ArgumentsDelta
        : type.SequenceEqual("response.reasoning_summary_text.delta"u8) ? ResponsesEventKind.SummaryDelta
        : type.SequenceEqual("response.reasoning_text.delta"u8) || type.SequenceEqual("response.reasoning.delta"u8) ? ResponsesEventKind.ReasoningDelta
        : type.SequenceEqual("response.refusal.delta"u8) ? ResponsesEventKind.RefusalDelta
        : type.SequenceEqual("response.output_item.added"u8) ? ResponsesEventKind.ItemAdded
        : type.SequenceEqual("response.output_item.done"u8) ? ResponsesEventKind.ItemDone
        : type.SequenceEqual("response.content_part.done"u8) ? ResponsesEventKind.PartDone
        : type.SequenceEqual("response.output_text.done"u8) ? ResponsesEventKind.TextDone
        : type.SequenceEqual("response.output_text.annotation.added"u8) ? ResponsesEventKind.Annotation
        : type.SequenceEqual("response.refusal.done"u8) ? ResponsesEventKind.RefusalDone
        : type.SequenceEqual("response.function_call_arguments.done"u8) || type.SequenceEqual("response.custom_tool_call_input.done"u8) ? ResponsesEventKind.ArgumentsDone
        : type.SequenceEqual("response.reasoning_summary_text.done"u8) ? ResponsesEventKind.SummaryDone
        : type.SequenceEqual("response.reasoning_text.done"u8) || type.SequenceEqual("response.reasoning.done"u8) ? ResponsesEventKind.ReasoningDone
        : type.SequenceEqual("response.created"u8) || type.SequenceEqual("response.queued"u8) || type.SequenceEqual("response.in_progress"u8) ? ResponsesEventKind.Opened
        : type.SequenceEqual("response.completed"u8) || type.SequenceEqual("response.done"u8) ? ResponsesEventKind.Completed
        : type.SequenceEqual("response.incomplete"u8) ? ResponsesEventKind.Incomplete
        : type.SequenceEqual("response.failed"u8) || type.SequenceEqual("response.cancelled"u8) ? ResponsesEventKind.Failed
        : type.SequenceEqual("error"u8) ? ResponsesEventKind.Error
        : ResponsesEventKind.Other;
}
