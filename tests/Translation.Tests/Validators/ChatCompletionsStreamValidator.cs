using System.Text;
using System.Text.Json;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.Validators;

/// <summary>
/// What clients of Chat Completions rely on in a stream (https://platform.openai.com/docs/api-reference/chat-streaming): the role first,
/// tool calls numbered from 0 and named at their start, one finish reason a choice, counts last, then <c>[DONE]</c>; or one error
/// and nothing after it.
/// </summary>
internal sealed class ChatCompletionsStreamValidator
{
    private static readonly string[] FinishReasons = ["stop", "length", "tool_calls", "content_filter", "function_call"];

    private readonly List<string> _faults = [];
    private readonly Dictionary<int, Choice> _choices = [];
    private string? _id;
    private string? _model;
    private long? _created;
    private bool _usage;
    private bool _done;
    private bool _error;

    public static IReadOnlyList<string> Faults(ReadOnlySpan<byte> sse)
    {
        var validator = new ChatCompletionsStreamValidator();
        using var parser = new SseParser();
        parser.Append(sse);
        int number = 0;
        while (parser.TryRead(out SseFrame frame))
        {
            int before = validator._faults.Count;
            validator.Read(frame);
            for (int i = before; i < validator._faults.Count; i++)
            {
                validator._faults[i] = $"frame {number}: {validator._faults[i]}";
            }

            number++;
        }

        validator.Require(!parser.TryReadLast(out _), "the last frame has no blank line");
        validator.End();
        return validator._faults;
    }

    private void Read(in SseFrame frame)
    {
        if (frame.IsComment)
        {
            return;
        }

        Require(!_done && !_error, "a frame after the end");
        Require(frame.EventName.IsEmpty, "an event name");
        if (frame.IsDone)
        {
            _done = true;
            return;
        }

        using JsonDocument document = JsonDocument.Parse(Encoding.UTF8.GetString(frame.Data));
        JsonElement chunk = document.RootElement;
        if (chunk.TryGetProperty("error", out JsonElement error))
        {
            _error = true;
            Require(Text(error, "message") is { Length: > 0 } && Text(error, "type") is { Length: > 0 }, "an error without message and type");
            return;
        }

        Require(Text(chunk, "object") == "chat.completion.chunk", "object is not chat.completion.chunk");
        Same(ref _id, Text(chunk, "id"), "id");
        Same(ref _model, Text(chunk, "model"), "model");
        long? created = chunk.TryGetProperty("created", out JsonElement c) && c.TryGetInt64(out long n) ? n : null;
        Require(created is not null && (_created ?? created) == created, "created is missing or changes");
        _created = created;
        JsonElement choices = chunk.GetProperty("choices");
        if (chunk.TryGetProperty("usage", out JsonElement usage) && usage.ValueKind == JsonValueKind.Object)
        {
            Require(!_usage, "usage twice");
            Require(choices.GetArrayLength() == 0, "usage beside choices");
            Require(_choices.Values.All(x => x.Finished), "usage before the last finish reason");
            Require(
                usage.GetProperty("total_tokens").GetInt64() == usage.GetProperty("prompt_tokens").GetInt64() + usage.GetProperty("completion_tokens").GetInt64(),
                "usage does not add up");
            _usage = true;
        }

        foreach (JsonElement choice in choices.EnumerateArray())
        {
            Require(!_usage, "a choice after the usage");
            ReadChoice(choice);
        }
    }

    private void ReadChoice(JsonElement json)
    {
        int index = json.GetProperty("index").GetInt32();
        JsonElement delta = json.GetProperty("delta");
        if (!_choices.TryGetValue(index, out Choice? choice))
        {
            _choices[index] = choice = new Choice();
            Require(Text(delta, "role") == "assistant", $"choice {index} does not begin with its role");
        }

        Require(!choice.Finished, $"choice {index} goes on after its finish reason");
        foreach (JsonProperty property in delta.EnumerateObject())
        {
            Require(
                property.Name is "role" or "content" or "refusal" or "tool_calls" or "reasoning_content" or "annotations" or "audio" or "extra_content" or "images"
                    or "reasoning_details" or "thinking_blocks",
                $"unknown delta.{property.Name}");
        }

        Require(!delta.TryGetProperty("content", out JsonElement content) || content.ValueKind is JsonValueKind.String or JsonValueKind.Null, "content is no string");
        if (delta.TryGetProperty("tool_calls", out JsonElement calls))
        {
            foreach (JsonElement call in calls.EnumerateArray())
            {
                ReadCall(choice, call);
            }
        }

        if (json.TryGetProperty("finish_reason", out JsonElement reason) && reason.ValueKind == JsonValueKind.String)
        {
            choice.Finished = true;
            Require(FinishReasons.Contains(reason.GetString()), $"finish_reason {reason}");
            Require(choice.Calls.Count == 0 || reason.GetString() != "stop", "a call was made, yet finish_reason is stop");
            Require(choice.Calls.Count > 0 || reason.GetString() != "tool_calls", "finish_reason is tool_calls without a call");
        }
    }

    private void ReadCall(Choice choice, JsonElement call)
    {
        int index = call.GetProperty("index").GetInt32();
        if (index < choice.Calls.Count)
        {
            Require(!call.TryGetProperty("id", out _) || Text(call, "id") == choice.Calls[index].Id, "a call changes its id");
        }
        else
        {
            Require(index == choice.Calls.Count, $"call {index} where {choice.Calls.Count} is next");
            string kind = Text(call, "type") ?? "";
            Require(kind is "function" or "custom", $"a call of type '{kind}'");
            Require(Text(call, "id") is { Length: > 0 }, "a call without id");
            Require(!choice.Calls.Exists(x => x.Id == Text(call, "id")), "two calls of one id");
            Require(call.TryGetProperty(kind, out JsonElement named) && Text(named, "name") is { Length: > 0 }, "a call without name");
            choice.Calls.Add(new Call(Text(call, "id"), kind));
        }

        Call open = choice.Calls[Math.Min(index, choice.Calls.Count - 1)];
        if (call.TryGetProperty(open.Kind, out JsonElement body) && Text(body, open.Kind == "custom" ? "input" : "arguments") is { } text)
        {
            open.Text.Append(text);
        }
    }

    private void End()
    {
        Require(_done != _error, _done ? "[DONE] after an error" : "neither [DONE] nor an error");
        if (!_done)
        {
            return;
        }

        Require(_choices.Count > 0, "no choice");
        foreach ((int index, Choice choice) in _choices)
        {
            Require(choice.Finished, $"choice {index} has no finish reason");
            Require(choice.Calls.TrueForAll(c => c.Kind == "custom" || c.Text.Length > 0), $"choice {index} has a call without arguments (not even {{}})");
        }
    }

    private void Same(ref string? known, string? value, string name)
    {
        Require(value is { Length: > 0 } && (known ?? value) == value, $"{name} is missing or changes");
        known = value;
    }

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private void Require(bool holds, string fault)
    {
        if (!holds)
        {
            _faults.Add(fault);
        }
    }

    private sealed class Choice
    {
        public List<Call> Calls { get; } = [];

        public bool Finished { get; set; }
    }

    private sealed record Call(string? Id, string Kind)
    {
        public StringBuilder Text { get; } = new();
    }
}
