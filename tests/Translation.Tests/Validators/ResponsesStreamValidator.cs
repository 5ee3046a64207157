using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.Validators;

/// <summary>
/// What clients of the Responses API rely on in a stream (https://platform.openai.com/docs/api-reference/responses-streaming,
/// https://www.openresponses.org/specification): events numbered from 0 and named as their type, one item at a time from
/// <c>output_item.added</c> to <c>output_item.done</c>, its parts likewise, every <c>done</c> equal to the deltas before it, the whole answer
/// in the last event equal to the items told; or an error and a failed answer, and nothing after them.
/// </summary>
internal sealed class ResponsesStreamValidator
{
    /// <summary>Every key that an answer must have, if only with null.</summary>
    public static readonly string[] RequiredKeys =
    [
        "id", "object", "created_at", "completed_at", "status", "incomplete_details", "model", "previous_response_id", "instructions", "output", "error", "tools", "tool_choice",
        "truncation", "parallel_tool_calls", "text", "top_p", "presence_penalty", "frequency_penalty", "top_logprobs", "temperature", "reasoning", "usage", "max_output_tokens",
        "max_tool_calls", "store", "background", "service_tier", "metadata", "safety_identifier", "prompt_cache_key",
    ];

    private readonly List<string> _faults = [];
    private readonly HashSet<string> _ids = [];
    private readonly List<JsonNode> _items = [];
    private readonly StringBuilder _grown = new();
    private long _sequence;
    private int _responses;
    private string? _responseId;
    private JsonObject? _item;
    private JsonObject? _part;
    private readonly List<JsonNode> _parts = [];
    private bool _error;
    private bool _ended;
    private bool _done;

    public static IReadOnlyList<string> Faults(ReadOnlySpan<byte> sse)
    {
        var validator = new ResponsesStreamValidator();
        using var parser = new SseParser();
        parser.Append(sse);
        int number = 0;
        while (parser.TryRead(out SseFrame frame))
        {
            int before = validator._faults.Count;
            validator.Read(frame);
            for (int i = before; i < validator._faults.Count; i++)
            {
                validator._faults[i] = $"frame {number} ({Encoding.UTF8.GetString(frame.EventName)}): {validator._faults[i]}";
            }

            number++;
        }

        validator.Require(!parser.TryReadLast(out _), "the last frame has no blank line");
        validator.Require(validator._ended, "the stream has no end");
        return validator._faults;
    }

    /// <summary>What is wrong with a whole answer.</summary>
    public static IReadOnlyList<string> FaultsOfAnswer(JsonNode response)
    {
        var validator = new ResponsesStreamValidator();
        validator.ReadResource((JsonObject)response);
        foreach (JsonNode? item in response["output"]!.AsArray())
        {
            validator.ReadItem((JsonObject)item!, done: true);
        }

        return validator._faults;
    }

    private void Read(in SseFrame frame)
    {
        if (frame.IsComment)
        {
            return;
        }

        Require(!_done, "a frame after the end");
        if (frame.IsDone)
        {
            Require(_ended && !_error, "[DONE] without a clean end");
            _done = true;
            return;
        }

        Require(!_ended, "an event after the end");
        var e = (JsonObject)JsonNode.Parse(Encoding.UTF8.GetString(frame.Data), documentOptions: new JsonDocumentOptions { MaxDepth = 256 })!;
        string type = Text(e, "type") ?? "";
        Require(type == Encoding.UTF8.GetString(frame.EventName), $"the event's name is not its type '{type}'");
        Require(e["sequence_number"]?.GetValue<long>() == _sequence++, $"sequence_number is not {_sequence - 1}");
        Require(_responses >= 2 || type is "response.created" or "response.in_progress" or "error" or "response.failed", "the stream does not begin with response.created and response.in_progress");
        Require(!_error || type == "response.failed", "an event after the error");
        Read(type, e);
    }

    private void Read(string type, JsonObject e)
    {
        switch (type)
        {
            case "response.created" or "response.in_progress":
                Require(_responses++ == (type == "response.created" ? 0 : 1), "out of order");
                ReadResource(e["response"]!.AsObject());
                Require(Text(e["response"]!, "status") == "in_progress" && e["response"]!["output"]!.AsArray().Count == 0, "the answer is not at its beginning");
                break;
            case "response.output_item.added":
                Require(_item is null, "an item within an item");
                Require(e["output_index"]!.GetValue<int>() == _items.Count, "the items are not numbered in order");
                _item = e["item"]!.AsObject();
                _parts.Clear();
                ReadItem(_item, done: false);
                break;
            case "response.output_item.done":
                EndItem(e);
                break;
            case "response.completed" or "response.incomplete" or "response.failed":
                End(type, e);
                break;
            case "error":
                _error = true;
                Require(e["message"] is JsonValue && e["code"] is JsonValue && e.ContainsKey("param"), "an error without message, code and param");
                Require(e["error"] is JsonObject error && error["message"] is JsonValue && error["type"] is JsonValue, "an error without its object");
                break;
            default:
                ReadWithinItem(type, e);
                break;
        }
    }

    private void ReadWithinItem(string type, JsonObject e)
    {
        if (_item is null)
        {
            Require(false, "no item is open");
            return;
        }

        Require(Text(e, "item_id") == Text(_item, "id") && e["output_index"]!.GetValue<int>() == _items.Count, "the event is of another item");
        string item = Text(_item, "type")!;
        switch (type)
        {
            case "response.content_part.added" or "response.reasoning_summary_part.added":
                Require(_part is null, "a part within a part");
                Require(item == (type == "response.content_part.added" ? "message" : "reasoning"), $"such a part in a {item}");
                Require(IndexOf(e) == _parts.Count, "the parts are not numbered in order");
                _part = e["part"]!.AsObject();
                _grown.Clear();
                Require(ContentOf(_part) == "", "a part does not begin empty");
                break;
            case "response.output_text.delta" or "response.refusal.delta" or "response.reasoning_summary_text.delta":
                Require(_part is not null && Text(_part, "type") == PartOf(type) && IndexOf(e) == _parts.Count, "no such part is open");
                Require(type != "response.output_text.delta" || e["logprobs"] is JsonArray, "a text delta without logprobs");
                _grown.Append(Text(e, "delta"));
                break;
            case "response.output_text.annotation.added":
                Require(_part is not null && Text(_part, "type") == "output_text" && e["annotation"] is JsonObject, "no text is open");
                break;
            case "response.output_text.done" or "response.refusal.done" or "response.reasoning_summary_text.done":
                Require(_part is not null && Text(_part, "type") == PartOf(type) && IndexOf(e) == _parts.Count, "no such part is open");
                Require((Text(e, "text") ?? Text(e, "refusal")) == _grown.ToString(), "the whole is not the sum of its deltas");
                break;
            case "response.content_part.done" or "response.reasoning_summary_part.done":
                Require(_part is not null && IndexOf(e) == _parts.Count, "no part is open");
                Require(ContentOf(e["part"]!.AsObject()) == _grown.ToString(), "the part is not the sum of its deltas");
                _parts.Add(e["part"]!.DeepClone());
                _part = null;
                break;
            case "response.function_call_arguments.delta" or "response.custom_tool_call_input.delta":
                Require(item == (type.Contains("custom", StringComparison.Ordinal) ? "custom_tool_call" : "function_call"), $"arguments in a {item}");
                _grown.Append(Text(e, "delta"));
                break;
            case "response.function_call_arguments.done" or "response.custom_tool_call_input.done":
                Require((Text(e, "arguments") ?? Text(e, "input")) == _grown.ToString(), "the arguments are not the sum of their deltas");
                break;
            default:
                Require(false, "unknown event");
                break;
        }
    }

    private void EndItem(JsonObject e)
    {
        JsonObject item = e["item"]!.AsObject();
        Require(_item is not null && Text(_item, "id") == Text(item, "id") && Text(_item, "type") == Text(item, "type"), "another item was begun");
        Require(_part is null, "a part is open");
        Require(e["output_index"]!.GetValue<int>() == _items.Count, "output_index changes");
        _ids.Remove(Text(item, "id") ?? "");
        ReadItem(item, done: true);
        JsonNode? content = item["content"] ?? item["summary"];
        Require(content is null || JsonNode.DeepEquals(content, new JsonArray([.. _parts.Select(p => p.DeepClone())])), "the item is not the sum of its parts");
        if (Text(item, "type") is "function_call" or "custom_tool_call")
        {
            Require((Text(item, "arguments") ?? Text(item, "input")) == _grown.ToString(), "the item's arguments are not the sum of their deltas");
            Require(Text(item, "call_id") == Text(_item!, "call_id") && Text(item, "name") == Text(_item!, "name"), "the call changes");
        }

        _items.Add(item.DeepClone());
        _item = null;
        _grown.Clear();
    }

    private void End(string type, JsonObject e)
    {
        _ended = true;
        JsonObject response = e["response"]!.AsObject();
        ReadResource(response);
        Require("response." + Text(response, "status") == type, "the status is another");
        if (type == "response.failed")
        {
            Require(_error, "a failed answer without an error before it");
            Require(response["error"] is JsonObject, "a failed answer without its error");
            return;
        }

        Require(!_error && response["error"] is null, "an error and a clean end");
        Require(_item is null, "an item is open");
        Require(JsonNode.DeepEquals(response["output"], new JsonArray([.. _items.Select(i => i.DeepClone())])), "the answer is not the sum of its items");
        Require((type == "response.incomplete") == (response["incomplete_details"] is JsonObject), "incomplete_details");
        for (int i = 0; i < _items.Count; i++)
        {
            bool mayBeCut = type == "response.incomplete" && i == _items.Count - 1;
            Require(Text(_items[i], "status") is null or "completed" || mayBeCut, "an incomplete item");
        }
    }

    private void ReadResource(JsonObject response)
    {
        foreach (string key in RequiredKeys)
        {
            Require(response.ContainsKey(key), $"the answer has no '{key}'");
        }

        Require(Text(response, "object") == "response", "object");
        Require(Text(response, "id") is { Length: > 5 and <= 64 } id && id.StartsWith("resp_", StringComparison.Ordinal) && (_responseId ??= id) == id, "the answer's id is missing, too long or changes");
        foreach (string number in (string[])["created_at", "temperature", "top_p", "presence_penalty", "frequency_penalty", "top_logprobs"])
        {
            Require(response[number]?.GetValueKind() == JsonValueKind.Number, $"'{number}' is no number");
        }

        Require(response["service_tier"]?.GetValueKind() == JsonValueKind.String, "'service_tier' is no string");
        Require(response["text"]?["format"]?["type"] is JsonValue, "no text.format");
        Require(response["metadata"] is JsonObject, "'metadata' is no object");
        Require(response["reasoning"] is null || (response["reasoning"] is JsonObject reasoning && reasoning.ContainsKey("effort") && reasoning.ContainsKey("summary")), "reasoning");
        foreach (JsonNode? tool in response["tools"]!.AsArray().Where(t => Text(t!, "type") == "function"))
        {
            Require(((string[])["name", "description", "parameters", "strict"]).All(tool!.AsObject().ContainsKey), "a tool without all of its fields");
        }

        if (response["usage"] is JsonObject usage)
        {
            bool counted = usage["input_tokens"] is JsonValue && usage["output_tokens"] is JsonValue && usage["total_tokens"] is JsonValue
                && usage["input_tokens_details"]?["cached_tokens"] is JsonValue && usage["output_tokens_details"]?["reasoning_tokens"] is JsonValue;
            Require(counted, "usage without all of its counts");
        }
    }

    private void ReadItem(JsonObject item, bool done)
    {
        string? id = Text(item, "id");
        string? type = Text(item, "type");
        Require(id is { Length: > 0 and <= 64 } && _ids.Add(id), $"the item's id '{id}' is missing, too long or not its own");
        Require(type == "reasoning" || Text(item, "status") is "in_progress" or "completed" or "incomplete", "the item's status");
        switch (type)
        {
            case "message":
                Require(Text(item, "role") == "assistant" && item["content"] is JsonArray content && (done || content.Count == 0), "a message without role and content");
                foreach (JsonNode? part in item["content"]!.AsArray())
                {
                    Require(Text(part!, "type") == "refusal" || (part!["annotations"] is JsonArray && part["logprobs"] is JsonArray && part["text"] is JsonValue), "a text without all of its fields");
                }

                break;
            case "reasoning":
                Require(item["summary"] is JsonArray, "reasoning without a summary");
                break;
            case "function_call" or "custom_tool_call":
                Require(Text(item, "call_id") is { Length: > 0 } && Text(item, "name") is { Length: > 0 }, "a call without id and name");
                Require(Text(item, type == "function_call" ? "arguments" : "input") is { } arguments && (done || arguments == ""), "a call's arguments");
                break;
            case null:
                Require(false, "an item without type");
                break;
        }
    }

    private static string PartOf(string type) =>
        type.Contains("output_text", StringComparison.Ordinal) ? "output_text" : type.Contains("refusal", StringComparison.Ordinal) ? "refusal" : "summary_text";

    private static string? ContentOf(JsonObject part) => Text(part, "text") ?? Text(part, "refusal");

    private static int IndexOf(JsonObject e) => (e["content_index"] ?? e["summary_index"])!.GetValue<int>();

    private static string? Text(JsonNode node, string name) =>
        node is JsonObject o && o[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private void Require(bool holds, string fault)
    {
        if (!holds)
        {
            _faults.Add(fault);
        }
    }
}
