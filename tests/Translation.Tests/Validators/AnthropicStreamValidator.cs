using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.Validators;

/// <summary>
/// Holds a stream of the Anthropic Messages API to the order that its clients insist on, and builds the message from it as they do:
/// one block open at a time, indices from 0 without a gap, deltas that fit their block, no empty text, one <c>message_delta</c> and then
/// <c>message_stop</c>, or one <c>error</c> at the end and neither of them.
/// <code>AnthropicMessage message = AnthropicStreamValidator.Validate(sse);</code>
/// </summary>
internal sealed partial class AnthropicStreamValidator
{
    private static readonly string[] StopReasons =
        ["end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded"];

    private readonly AnthropicMessage _message = new();
    private JsonObject? _block;
    private StringBuilder _input = new();
    private bool _started;
    private bool _sealed;
    private bool _ending;
    private bool _over;

    /// <summary>Checks a whole stream and returns what it tells.</summary>
    /// <param name="sse">The bytes that a client receives.</param>
    public static AnthropicMessage Validate(ReadOnlySpan<byte> sse)
    {
        var validator = new AnthropicStreamValidator();
        using var parser = new SseParser();
        parser.Append(sse);
        while (parser.TryRead(out SseFrame frame))
        {
            if (!frame.IsComment)
            {
                validator.Take(Encoding.UTF8.GetString(frame.EventName), JsonNode.Parse(frame.Data.ToArray())!.AsObject());
            }
        }

        Assert.False(parser.TryReadLast(out _), "the stream ends within an event");
        Assert.True(validator._over, "the stream has no end");
        return validator._message;
    }

    private void Take(string name, JsonObject data)
    {
        string type = data["type"]!.GetValue<string>();
        Assert.Equal(name, type);
        Assert.False(_over, $"{type} after the end");
        _message.Events.Add(type);
        Assert.True(_started || type is "message_start" or "error", $"{type} before message_start");
        Assert.True(!_ending || type == "message_stop", $"{type} between message_delta and message_stop");
        switch (type)
        {
            case "message_start":
                Start(data["message"]!.AsObject());
                break;
            case "content_block_start":
                StartBlock(data);
                break;
            case "content_block_delta":
                Assert.NotNull(_block);
                Assert.Equal(_message.Content.Count - 1, data["index"]!.GetValue<int>());
                TakeDelta(data["delta"]!.AsObject());
                break;
            case "content_block_stop":
                StopBlock(data);
                break;
            case "message_delta":
                TakeMessageDelta(data);
                break;
            case "message_stop":
                Assert.True(_ending, "message_stop without message_delta");
                _over = true;
                break;
            case "error":
                TakeError(data);
                break;
            case "ping":
                break;
            default:
                Assert.Fail($"unknown event {type}");
                break;
        }
    }

    private void Start(JsonObject message)
    {
        Assert.False(_started, "message_start twice");
        _started = true;
        Assert.StartsWith("msg_", message["id"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("message", message["type"]!.GetValue<string>());
        Assert.Equal("assistant", message["role"]!.GetValue<string>());
        Assert.NotEmpty(message["model"]!.GetValue<string>());
        Assert.Empty(message["content"]!.AsArray());
        Assert.Null(message["stop_reason"]);
        JsonObject usage = message["usage"]!.AsObject();
        long input = usage["input_tokens"]!.GetValue<long>()
            + (usage["cache_read_input_tokens"]?.GetValue<long>() ?? 0)
            + (usage["cache_creation_input_tokens"]?.GetValue<long>() ?? 0);
        Assert.True(input > 0, "message_start tells no input tokens");
        _ = usage["output_tokens"]!.GetValue<long>();
        _message.Start = message;
        _message.Usage = usage.DeepClone().AsObject();
    }

    private void StartBlock(JsonObject data)
    {
        Assert.True(_block is null, "a block begins within another");
        Assert.Equal(_message.Content.Count, data["index"]!.GetValue<int>());
        _block = data["content_block"]!.DeepClone().AsObject();
        _input = new StringBuilder();
        _sealed = false;
        _message.Content.Add(_block);
        switch (_block["type"]!.GetValue<string>())
        {
            case "text":
                Assert.Equal("", _block["text"]!.GetValue<string>());
                break;
            case "thinking":
                Assert.Equal("", _block["thinking"]!.GetValue<string>());
                Assert.Equal("", _block["signature"]!.GetValue<string>());
                break;
            case "redacted_thinking":
                Assert.NotEmpty(_block["data"]!.GetValue<string>());
                break;
            case "tool_use":
                Assert.Matches(PlainId(), _block["id"]!.GetValue<string>());
                Assert.NotEmpty(_block["name"]!.GetValue<string>());
                Assert.Empty(_block["input"]!.AsObject());
                break;
        }
    }

    private void TakeDelta(JsonObject delta)
    {
        string block = _block!["type"]!.GetValue<string>();
        string type = delta["type"]!.GetValue<string>();
        switch (type)
        {
            case "text_delta":
                Assert.Equal("text", block);
                Append("text", delta["text"]!.GetValue<string>());
                break;
            case "citations_delta":
                Assert.Equal("text", block);
                if (_block["citations"] is not JsonArray citations)
                {
                    _block["citations"] = citations = [];
                }

                citations.Add(delta["citation"]!.DeepClone());
                break;
            case "thinking_delta":
                Assert.Equal("thinking", block);
                Assert.False(_sealed, "thinking after its signature");
                Append("thinking", delta["thinking"]!.GetValue<string>());
                break;
            case "signature_delta":
                Assert.Equal("thinking", block);
                Assert.False(_sealed, "two signatures in a block");
                Append("signature", delta["signature"]!.GetValue<string>());
                _sealed = true;
                break;
            case "input_json_delta":
                Assert.EndsWith("tool_use", block, StringComparison.Ordinal);
                _input.Append(delta["partial_json"]!.GetValue<string>());
                break;
            default:
                Assert.Fail($"unknown delta {type}");
                break;
        }
    }

    private void Append(string field, string text)
    {
        Assert.NotEqual("", text);
        _block![field] = _block[field]!.GetValue<string>() + text;
    }

    private void StopBlock(JsonObject data)
    {
        Assert.True(_block is not null, "a block ends that has not begun");
        Assert.Equal(_message.Content.Count - 1, data["index"]!.GetValue<int>());
        string type = _block!["type"]!.GetValue<string>();
        if (type.EndsWith("tool_use", StringComparison.Ordinal) && _input.Length > 0)
        {
            _message.Inputs[_message.Content.Count - 1] = _input.ToString();
            if (Json.IsObject(_input.ToString()))
            {
                _block["input"] = JsonNode.Parse(_input.ToString(), documentOptions: new JsonDocumentOptions { MaxDepth = 256 });
            }
        }

        if (type == "text")
        {
            Assert.True(_block["text"]!.GetValue<string>().Length > 0 || _block["citations"] is JsonArray { Count: > 0 }, "an empty text block");
        }

        _block = null;
    }

    private void TakeMessageDelta(JsonObject data)
    {
        Assert.True(_block is null, "message_delta within a block");
        _ending = true;
        JsonObject delta = data["delta"]!.AsObject();
        _message.StopReason = delta["stop_reason"]!.GetValue<string>();
        _message.StopSequence = delta["stop_sequence"]?.GetValue<string>();
        Assert.Contains(_message.StopReason, StopReasons);
        bool calls = _message.Content.Any(b => b["type"]!.GetValue<string>() == "tool_use");
        Assert.True(_message.StopReason == "tool_use" ? calls : !calls || _message.StopReason is not ("end_turn" or "stop_sequence"), $"{_message.StopReason} does not fit the blocks");
        JsonObject usage = data["usage"]!.AsObject();
        _ = usage["output_tokens"]!.GetValue<long>();
        foreach ((string key, JsonNode? value) in usage)
        {
            _message.Usage[key] = value?.DeepClone();
        }
    }

    private void TakeError(JsonObject data)
    {
        JsonObject error = data["error"]!.AsObject();
        Assert.NotEmpty(error["type"]!.GetValue<string>());
        Assert.NotEmpty(error["message"]!.GetValue<string>());
        _message.Error = error;
        _over = true;
    }

    [GeneratedRegex("^[a-zA-Z0-9_-]+$")]
    private static partial Regex PlainId();
}

/// <summary>What a stream tells, put together.</summary>
internal sealed class AnthropicMessage
{
    /// <summary>The types of the events in order.</summary>
    public List<string> Events { get; } = [];

    /// <summary>The message of <c>message_start</c>; null in a stream that fails before it.</summary>
    public JsonObject? Start { get; set; }

    /// <summary>The blocks, whole.</summary>
    public List<JsonObject> Content { get; } = [];

    /// <summary>The arguments of calls as they were streamed, by the block's index.</summary>
    public Dictionary<int, string> Inputs { get; } = [];

    public string? StopReason { get; set; }

    public string? StopSequence { get; set; }

    /// <summary>The counts of <c>message_start</c> with those of <c>message_delta</c> over them.</summary>
    public JsonObject Usage { get; set; } = [];

    /// <summary>The error that ended the stream.</summary>
    public JsonObject? Error { get; set; }

    /// <summary>The answer that the same provider would give without a stream.</summary>
    public JsonObject ToWhole()
    {
        JsonObject whole = Start!.DeepClone().AsObject();
        whole["content"] = new JsonArray([.. Content.Select(b => b.DeepClone())]);
        whole["stop_reason"] = StopReason;
        whole["stop_sequence"] = StopSequence;
        whole["usage"] = Usage.DeepClone();
        return whole;
    }

    /// <summary>The blocks in short: <c>text:Hello</c>, <c>tool:get_weather{"a":1}</c>, <c>thinking:Hm|seal</c>.</summary>
    public string Sketch() => string.Join(" ", Content.Select((b, i) => b["type"]!.GetValue<string>() switch
    {
        "text" => $"text:{b["text"]}",
        "thinking" => $"thinking:{b["thinking"]}|{b["signature"]}",
        "tool_use" => $"tool:{b["name"]}{(Inputs.TryGetValue(i, out string? input) ? input : "{}")}",
        var other => other,
    }));
}
