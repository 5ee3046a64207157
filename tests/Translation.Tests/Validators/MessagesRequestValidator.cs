using System.Text.Json;

namespace Serverless.Translation.Tests.Validators;

/// <summary>What Anthropic refuses: https://docs.claude.com/en/api/messages, and the errors that its API is known for.</summary>
internal sealed class MessagesRequestValidator : RequestFaults
{
    private readonly HashSet<string> _ids = [];
    private List<string> _open = [];
    private int _breakpoints;
    private bool _thinks;
    private bool _hasBudget;

    protected override void Read(JsonElement body)
    {
        OnlyKnows(
            body, "root", "model", "max_tokens", "messages", "system", "tools", "tool_choice", "thinking", "temperature", "top_p", "top_k", "stop_sequences", "stream",
            "metadata", "service_tier", "output_config", "output_format", "container", "mcp_servers", "context_management", "inference_geo", "field_of_tomorrow", "cache_control",
            "speed");
        Require(Text(body, "model") is { Length: > 0 }, "no model");
        Require(Find(body, "max_tokens") is { ValueKind: JsonValueKind.Number } max && max.GetInt64() > 0, "max_tokens is missing");
        InRange(body, "temperature", 0, 1);
        InRange(body, "top_p", 0, 1);
        foreach (JsonElement stop in List(body, "stop_sequences"))
        {
            Require(!string.IsNullOrWhiteSpace(stop.GetString()), "a stop sequence is white space");
        }

        Require(
            Find(body, "metadata") is not { } metadata || Text(metadata, "user_id") is not { } user || (user.Length <= 256 && !(user.Contains('@') && !user.Contains('{'))),
            "metadata.user_id tells who a person is");
        ReadThinking(body);
        ReadTools(body);
        foreach (JsonElement block in List(body, "system"))
        {
            Mark(block);
            ReadText(block, "system");
        }

        List<JsonElement> messages = [.. List(body, "messages")];
        Require(messages.Count > 0, "no messages");
        string previous = "";
        foreach (JsonElement message in messages)
        {
            string role = Text(message, "role") ?? "";
            Require(role is "user" or "assistant" or "system", $"role '{role}'");
            Require(role == "system" || role != previous, $"two {role} turns in a row");
            Require(previous.Length > 0 || role == "user", "the first turn is not the user's");
            ReadTurn(role, message);
            previous = role == "system" ? previous : role;
        }

        Require(_open.Count == 0, "a tool call is never answered");
        Require(_breakpoints <= 4, $"{_breakpoints} cache breakpoints");
        if (messages.Count > 0 && Text(messages[^1], "role") == "assistant")
        {
            string last = LastText(messages[^1]);
            Require(last.TrimEnd() == last, "the last assistant turn ends in white space");
        }

        CheckThinkingBeforeCalls(messages);
    }

    private void ReadThinking(JsonElement body)
    {
        if (Find(body, "thinking") is not { } thinking)
        {
            return;
        }

        string mode = Text(thinking, "type") ?? "";
        Require(mode is "enabled" or "disabled" or "adaptive", $"thinking of type '{mode}'");
        _thinks = mode != "disabled";
        _hasBudget = mode == "enabled";
        if (mode == "enabled")
        {
            long budget = Find(thinking, "budget_tokens")?.GetInt64() ?? 0;
            Require(budget >= 1024, "the thinking budget is below 1024");
            Require(budget < Find(body, "max_tokens")?.GetInt64(), "the thinking budget is not below max_tokens");
        }

        if (_thinks)
        {
            Require(Find(body, "temperature") is not { } t || t.GetDouble() is 1, "thinking forbids a temperature");
            Require(Find(body, "top_k") is null, "thinking forbids top_k");
            Require(Find(body, "top_p") is not { } p || p.GetDouble() >= 0.95, "thinking forbids a low top_p");
            Require(Find(body, "tool_choice") is not { } choice || Text(choice, "type") is "auto" or "none", "thinking forbids forced tools");
        }
    }

    private void ReadTools(JsonElement body)
    {
        HashSet<string> names = [];
        foreach (JsonElement tool in List(body, "tools"))
        {
            string name = Text(tool, "name") ?? "";
            Require(IsName(name, 128), $"tool name '{name}'");
            Require(names.Add(name), $"two tools of the name '{name}'");
            if (Text(tool, "type") is null or "custom")
            {
                Require(Find(tool, "input_schema") is { } schema && Text(schema, "type") == "object", $"the schema of '{name}' is no object");
            }

            Mark(tool);
        }

        if (Find(body, "tool_choice") is { } choice)
        {
            Require(names.Count > 0, "tool_choice without tools");
            Require(Text(choice, "type") != "tool" || names.Contains(Text(choice, "name") ?? ""), "tool_choice names an unknown tool");
        }
    }

    private void ReadTurn(string role, JsonElement message)
    {
        OnlyKnows(message, "message", "role", "content");
        JsonElement content = message.GetProperty("content");
        if (content.ValueKind == JsonValueKind.String)
        {
            Require(!string.IsNullOrWhiteSpace(content.GetString()), $"an empty {role} turn");
            Require(role != "user" || _open.Count == 0, "a tool call is not answered in the next turn");
            return;
        }

        Require(content.ValueKind == JsonValueKind.Array && content.GetArrayLength() > 0, $"an empty {role} turn");
        if (role == "user")
        {
            ReadResults(content);
        }

        foreach (JsonElement block in content.EnumerateArray())
        {
            ReadBlock(role, block);
        }
    }

    private void ReadResults(JsonElement content)
    {
        bool others = false;
        foreach (JsonElement block in content.EnumerateArray())
        {
            if (Text(block, "type") != "tool_result")
            {
                others = true;
                continue;
            }

            Require(!others, "a tool result after other content");
            Require(_open.Remove(Text(block, "tool_use_id") ?? ""), "a tool result without its call in the turn before");
        }

        Require(_open.Count == 0, "a tool call is not answered in the next turn");
        _open = [];
    }

    private void ReadBlock(string role, JsonElement block)
    {
        Mark(block);
        string type = Text(block, "type") ?? "";
        switch (type)
        {
            case "text":
                ReadText(block, role);
                break;
            case "tool_use":
                Require(role == "assistant", "a user calls a tool");
                Require(IsName(Text(block, "id"), int.MaxValue), $"tool id '{Text(block, "id")}'");
                Require(_ids.Add(Text(block, "id") ?? ""), $"two calls of the id '{Text(block, "id")}'");
                Require(IsName(Text(block, "name"), 200), $"tool name '{Text(block, "name")}'");
                Require(Find(block, "input") is { ValueKind: JsonValueKind.Object }, "a call's input is no object");
                _open.Add(Text(block, "id") ?? "");
                break;
            case "tool_result":
                Require(role == "user", "an assistant answers a tool");
                foreach (JsonElement inner in List(block, "content"))
                {
                    Require(Text(inner, "type") is "text" or "image" or "document" or "search_result" or "tool_reference", $"a {Text(inner, "type")} in a tool result");
                    Mark(inner);
                    Require(Text(inner, "type") != "text" || Text(inner, "text") is { Length: > 0 }, "an empty text in a tool result");
                }

                break;
            case "thinking":
                Require(role == "assistant" && Text(block, "signature") is { Length: > 0 } && Text(block, "thinking") is not null, "thinking without its signature");
                break;
            case "redacted_thinking":
                Require(role == "assistant" && Text(block, "data") is { Length: > 0 }, "redacted thinking without data");
                break;
            case "image" or "document":
                Require(role == "user", $"an assistant sends {type}s");
                Require(Find(block, "source") is not null, $"{type} without source");
                break;
            default:
                Require(type is "search_result" or "server_tool_use" or "web_search_tool_result" or "container_upload" or "code_execution_tool_result"
                    or "bash_code_execution_tool_result" or "text_editor_code_execution_tool_result", $"unknown block '{type}'");
                break;
        }
    }

    private void ReadText(JsonElement block, string where)
    {
        Require(!string.IsNullOrWhiteSpace(Text(block, "text")), $"an empty text block ({where})");
    }

    private void Mark(JsonElement o) => _breakpoints += Find(o, "cache_control") is null ? 0 : 1;

    /// <summary>With a thinking budget (adaptive thinking is free of this), the assistant's last turn must begin with its thinking when results of its calls follow.</summary>
    private void CheckThinkingBeforeCalls(List<JsonElement> messages)
    {
        int last = messages.FindLastIndex(m => Text(m, "role") == "assistant");
        if (_hasBudget && last >= 0 && messages[last].GetProperty("content") is { ValueKind: JsonValueKind.Array } content
            && content.EnumerateArray().Any(b => Text(b, "type") == "tool_use"))
        {
            Require(Text(content[0], "type") is "thinking" or "redacted_thinking", "there is a thinking budget, but the last turn with calls does not begin with thinking");
        }
    }

    private static string LastText(JsonElement message)
    {
        JsonElement content = message.GetProperty("content");
        return content.ValueKind == JsonValueKind.String ? content.GetString()! : Text(content.EnumerateArray().Last(), "text") ?? "";
    }
}
