using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>
/// Reads a provider's stream. A part is opened when there is something in it and closed with its item, so that an item that turns out empty
/// leaves no trace. Whatever a server sends whole only (<c>…done</c>, an item that is done, the answer at the end) is read from there.
/// Source: https://platform.openai.com/docs/api-reference/responses-streaming; the reasoning events are also known by their names at
/// https://www.openresponses.org/specification.
/// </summary>
internal sealed class ResponsesStreamDecoder : IChatStreamDecoder
{
    private readonly Dictionary<int, OpenItem> _items = [];
    private readonly StreamParts _parts = new();
    private OpenItem? _last;
    private bool _started;
    private bool _ended;

    /// <inheritdoc/>
    public bool LastFrameIsUsageOnly => false;

    /// <inheritdoc/>
    public void Decode(in SseFrame frame, IList<ChatEvent> events)
    {
        if (_ended || frame.IsDone)
        {
            return;
        }

        if (frame.Data.IsEmpty)
        {
            events.Add(KeepAlive.Instance);
            return;
        }

        _parts.Events = events;
        try
        {
            Read(ResponsesEvent.Read(frame.Data, frame.EventName), frame.Data);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            Fail(GatewayError.Upstream("The provider's stream holds an event that is not JSON.", "invalid_stream"));
        }
    }

    /// <inheritdoc/>
    public void Complete(IList<ChatEvent> events)
    {
        if (!_ended)
        {
            _parts.Events = events;
            Fail(GatewayError.Upstream("The provider's stream broke off before its end.", "stream_truncated"));
        }
    }

    private void Read(in ResponsesEvent e, ReadOnlySpan<byte> data)
    {
        switch (e.Kind)
        {
            case ResponsesEventKind.TextDelta:
                AddText(e, e.Delta, e.LogProbs, refusal: false);
                break;
            case ResponsesEventKind.RefusalDelta:
                AddText(e, e.Delta, default, refusal: true);
                break;
            case ResponsesEventKind.ReasoningDelta:
                AddReasoning(e, e.Delta, summary: false);
                break;
            case ResponsesEventKind.SummaryDelta:
                AddReasoning(e, e.Delta, summary: true);
                break;
            case ResponsesEventKind.ArgumentsDelta:
                AddArguments(e, e.Delta);
                break;
            case ResponsesEventKind.TextDone or ResponsesEventKind.RefusalDone:
                AddMissingText(e);
                break;
            case ResponsesEventKind.ReasoningDone or ResponsesEventKind.SummaryDone:
                AddMissingReasoning(e);
                break;
            case ResponsesEventKind.ArgumentsDone when ItemOf(e, ResponsesItem.FunctionCall).HasNoArguments:
                AddArguments(e, TextOf(e.Whole));
                break;
            case ResponsesEventKind.Annotation when !e.Annotation.IsEmpty:
                AddCitation(e);
                break;
            case ResponsesEventKind.PartDone when !e.Part.IsEmpty:
                EndPart(e);
                break;
            case ResponsesEventKind.ItemAdded when !e.Item.IsEmpty:
                BeginItem(e);
                break;
            case ResponsesEventKind.ItemDone when !e.Item.IsEmpty:
                EndItem(ItemOf(e, ""), ParseElement(e.Item));
                break;
            case ResponsesEventKind.Opened:
                Start(e.Response);
                break;
            case ResponsesEventKind.Completed or ResponsesEventKind.Incomplete or ResponsesEventKind.Failed:
                End(e);
                break;
            case ResponsesEventKind.Error:
                Fail(ResponsesError.Read(ParseElement(data)));
                break;
        }
    }

    private void AddText(in ResponsesEvent e, string? text, ReadOnlySpan<byte> logProbs, bool refusal)
    {
        bool hasLogProbs = logProbs.Length > 2;
        if (string.IsNullOrEmpty(text) && !hasLogProbs)
        {
            return;
        }

        Start(default);
        StreamPart part = ItemOf(e, ResponsesItem.Message).PartAt(e.ContentIndex, refusal);
        _parts.AddText(part, text);
        if (hasLogProbs && !refusal)
        {
            _parts.AddLogProbs(part, OpenAILogProbs.Read(ParseElement(logProbs)));
        }
    }

    private void AddMissingText(in ResponsesEvent e)
    {
        bool refusal = e.Kind == ResponsesEventKind.RefusalDone;
        StreamPart part = ItemOf(e, ResponsesItem.Message).PartAt(e.ContentIndex, refusal);
        if (!part.HasText)
        {
            AddText(e, TextOf(e.Whole), part.HasLogProbs ? default : e.LogProbs, refusal);
        }
    }

    /// <summary>A reasoning item holds its reasoning or its summary, each in pieces: which comes first is taken, the pieces make one text.</summary>
    private void AddReasoning(in ResponsesEvent e, string? text, bool summary)
    {
        if (string.IsNullOrEmpty(text))
        {
            return;
        }

        Start(default);
        OpenItem item = ItemOf(e, ResponsesItem.Reasoning);
        StreamPart part = item.Reasoning;
        if (part.HasText && part.IsSummary != summary)
        {
            return;
        }

        part.IsSummary = summary;
        _parts.AddText(part, part.HasText && e.ContentIndex != item.Piece ? "\n\n" + text : text);
        item.Piece = e.ContentIndex;
    }

    private void AddMissingReasoning(in ResponsesEvent e)
    {
        OpenItem item = ItemOf(e, ResponsesItem.Reasoning);
        if (!item.Reasoning.HasText || e.ContentIndex > item.Piece)
        {
            AddReasoning(e, TextOf(e.Whole), e.Kind == ResponsesEventKind.SummaryDone);
        }
    }

    private void AddArguments(in ResponsesEvent e, string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return;
        }

        Start(default);
        OpenItem item = ItemOf(e, ResponsesItem.FunctionCall);
        if (item.Call is null)
        {
            // The call's name is not known before its item is done.
            (item.Early ??= new StringBuilder()).Append(text);
        }
        else
        {
            _parts.AddText(item.Call, text);
        }
    }

    private void AddCitation(in ResponsesEvent e)
    {
        Start(default);
        StreamPart part = ItemOf(e, ResponsesItem.Message).PartAt(e.ContentIndex, refusal: false);
        JsonElement annotation = ParseElement(e.Annotation);
        if (annotation.ValueKind == JsonValueKind.Object)
        {
            _parts.AddCitation(part, ResponsesOutput.ReadCitation(annotation, "output_text.annotation", keepOriginal: false));
        }
    }

    private void EndPart(in ResponsesEvent e)
    {
        JsonElement part = ParseElement(e.Part);
        if (ResponsesOutput.Text(part, "type") is "output_text" or "refusal")
        {
            Start(default);
            EndText(ItemOf(e, ResponsesItem.Message), e.ContentIndex, part);
        }
    }

    private void EndText(OpenItem item, int index, JsonElement json)
    {
        ContentPart? whole = ResponsesOutput.ReadPart(json, $"output[{item.Index}].content[{index}]");
        if (whole is OpaquePart)
        {
            _parts.AddWhole(whole);
            return;
        }

        StreamPart part = item.PartAt(index, refusal: ResponsesOutput.Text(json, "type") == "refusal");
        if (whole is not null && !part.IsClosed)
        {
            _parts.AddRest(part, whole);
        }

        _parts.Close(part);
    }

    private void BeginItem(in ResponsesEvent e)
    {
        Start(default);
        JsonElement json = ParseElement(e.Item);
        string type = ResponsesOutput.Text(json, "type") ?? "";
        OpenItem item = ItemOf(e, type);
        item.Id = ResponsesOutput.Text(json, "id");
        if (item.Call is null && type is ResponsesItem.FunctionCall or ResponsesItem.CustomCall && ResponsesOutput.ReadCall(json) is { } call)
        {
            item.Call = _parts.Open(new StreamPart(), call with { Arguments = "" });
        }
    }

    private void EndItem(OpenItem item, JsonElement json)
    {
        if (item.IsDone)
        {
            return;
        }

        Start(default);
        item.IsDone = true;
        switch (ResponsesOutput.Text(json, "type"))
        {
            case ResponsesItem.Message:
                EndMessage(item, json);
                break;
            case ResponsesItem.Reasoning:
                EndReasoning(item, json);
                break;
            case ResponsesItem.FunctionCall or ResponsesItem.CustomCall:
                EndCall(item, json);
                break;
            default:
                List<ContentPart> parts = [];
                ResponsesOutput.ReadItem(json, item.Index, parts);
                parts.ForEach(_parts.AddWhole);
                break;
        }

        item.CloseAll(_parts);
    }

    private void EndMessage(OpenItem item, JsonElement json)
    {
        if (!json.TryGetProperty("content", out JsonElement content))
        {
            return;
        }

        if (content.ValueKind == JsonValueKind.String)
        {
            StreamPart part = item.PartAt(0, refusal: false);
            _parts.AddText(part, part.HasText ? null : Json.Text(content));
            return;
        }

        int index = 0;
        foreach (JsonElement part in content.ValueKind == JsonValueKind.Array ? content.EnumerateArray() : default)
        {
            EndText(item, index++, part);
        }
    }

    private void EndReasoning(OpenItem item, JsonElement json)
    {
        StreamPart part = item.Reasoning;
        if (!part.HasText && ResponsesOutput.ReadReasoning(json) is { } whole)
        {
            part.IsSummary = whole.IsSummary;
            _parts.AddText(part, whole.Text);
        }

        if (ResponsesOutput.SealOf(json) is { } seal)
        {
            _parts.Seal(part, seal);
        }
    }

    private void EndCall(OpenItem item, JsonElement json)
    {
        if (ResponsesOutput.ReadCall(json) is not { } whole)
        {
            return;
        }

        item.Call ??= _parts.Open(new StreamPart(), whole with { Arguments = "" });
        if (!item.Call.HasText)
        {
            _parts.AddText(item.Call, item.Early?.ToString() ?? whole.Arguments);
        }
    }

    private void End(in ResponsesEvent e)
    {
        JsonElement response = e.Response.IsEmpty ? default : ParseElement(e.Response);
        if (ResponsesResponse.FailureOf(response) is { } failure)
        {
            Fail(failure);
            return;
        }

        if (e.Kind == ResponsesEventKind.Failed)
        {
            Fail(GatewayError.Upstream("The provider failed to answer."));
            return;
        }

        Start(e.Response);
        EndItems(response);
        IList<ChatEvent> events = _parts.Events;
        if (response.ValueKind == JsonValueKind.Object && response.TryGetProperty("usage", out JsonElement usage) && ResponsesResponse.DecodeUsage(usage) is { } counts)
        {
            events.Add(new UsageReported(counts) { ServiceTier = ResponsesResponse.TierOf(ResponsesOutput.Text(response, "service_tier")) });
        }

        events.Add(new ChoiceEnded(0, ResponsesResponse.FinishOf(response, _parts.Called, _parts.Refused, e.Kind == ResponsesEventKind.Incomplete)));
        events.Add(Finished.Instance);
        _ended = true;
    }

    /// <summary>Ends the items that were left open, with what the whole answer says of them; all of them, when they were never told.</summary>
    private void EndItems(JsonElement response)
    {
        JsonElement output = response.ValueKind == JsonValueKind.Object && response.TryGetProperty("output", out JsonElement list) ? list : default;
        bool untold = _parts.Count == 0 && _items.Count == 0;
        int index = 0;
        foreach (JsonElement json in output.ValueKind == JsonValueKind.Array ? output.EnumerateArray() : default)
        {
            if (untold)
            {
                _items[index] = new OpenItem(index);
            }

            if (_items.TryGetValue(index, out OpenItem? item) && (item.Type.Length == 0 || item.Type == ResponsesOutput.Text(json, "type")))
            {
                EndItem(item, json);
            }

            index++;
        }

        foreach (OpenItem item in _items.Values)
        {
            item.CloseAll(_parts);
        }
    }

    private void Start(ReadOnlySpan<byte> response)
    {
        if (_started)
        {
            return;
        }

        _started = true;
        _parts.Events.Add(response.IsEmpty ? new Started() : ResponsesHead.Read(response));
    }

    private void Fail(GatewayError error)
    {
        _ended = true;
        _parts.Events.Add(new Failed(error));
    }

    /// <summary>The item that an event speaks of: by its index, else by its id, else the last.</summary>
    private OpenItem ItemOf(in ResponsesEvent e, string type)
    {
        if (e.OutputIndex is { } index)
        {
            if (_last?.Index == index)
            {
                return _last.Named(type);
            }
        }
        else
        {
            string? id = e.ItemId.IsEmpty ? null : TextOf(e.ItemId);
            OpenItem? known = id is null ? _last : _items.Values.FirstOrDefault(i => i.Id == id);
            index = known is not null && e.Kind != ResponsesEventKind.ItemAdded ? known.Index : _items.Count;
        }

        if (!_items.TryGetValue(index, out OpenItem? item))
        {
            item = new OpenItem(index);
            _items.Add(index, item);
        }

        _last = item;
        return item.Named(type);
    }

    private static string? TextOf(ReadOnlySpan<byte> json) => json.IsEmpty ? null : Json.Text(ParseElement(json));

    private static JsonElement ParseElement(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
        return JsonElement.ParseValue(ref reader);
    }
}
