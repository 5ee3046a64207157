using System.Text.Json;

namespace Serverless.Translation.Tests.Validators;

/// <summary>What OpenAI refuses at responses: https://platform.openai.com/docs/api-reference/responses/create.</summary>
internal sealed class ResponsesRequestValidator : RequestFaults
{
    private readonly List<string> _open = [];
    private readonly HashSet<string> _ids = [];
    private readonly HashSet<string> _itemIds = [];

    protected override void Read(JsonElement body)
    {
        OnlyKnows(
            body, "root", "model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "max_tool_calls", "text", "reasoning", "max_output_tokens", "temperature",
            "top_p", "top_logprobs", "service_tier", "user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "store", "metadata", "stream", "stream_options",
            "include", "truncation", "background", "previous_response_id", "conversation", "prompt", "client_metadata", "field_of_tomorrow", "context_management", "prompt_cache_options",
            "moderation");
        Require(Text(body, "model") is { Length: > 0 }, "no model");
        InRange(body, "temperature", 0, 2);
        InRange(body, "top_p", 0, 1);
        InRange(body, "top_logprobs", 0, 20);
        InRange(body, "max_output_tokens", 16, 1e9);
        Require(Text(body, "user") is not { Length: > 64 } && Text(body, "safety_identifier") is not { Length: > 64 } && Text(body, "prompt_cache_key") is not { Length: > 64 }, "an identifier is longer than 64");
        Require(
            Find(body, "text") is not { } answer || Find(answer, "format") is not { } form || Text(form, "type") != "json_object"
                || JsonText.Texts(body.GetProperty("input")).Any(t => t.Contains("json", StringComparison.OrdinalIgnoreCase)),
            "json_object, but nobody mentions JSON");
        ReadTools(body);
        bool continues = Find(body, "previous_response_id") is not null || Find(body, "conversation") is not null;
        if (Find(body, "input") is { ValueKind: JsonValueKind.Array } input)
        {
            Require(input.GetArrayLength() > 0 || continues, "no input");
            JsonElement[] items = [.. input.EnumerateArray()];
            for (int i = 0; i < items.Length; i++)
            {
                ReadItem(items[i], i + 1 < items.Length ? items[i + 1] : null, continues);
            }
        }
        else
        {
            Require(Text(body, "input") is not null || continues, "no input");
        }

        Require(_open.Count == 0, "a tool call is never answered");
        if (Find(body, "text") is { } text && Find(text, "format") is { } format && Text(format, "type") == "json_schema")
        {
            Require(IsName(Text(format, "name"), 64), $"the schema's name '{Text(format, "name")}'");
            Require(Find(format, "schema") is { ValueKind: JsonValueKind.Object }, "json_schema without a schema");
        }
    }

    private void ReadItem(JsonElement item, JsonElement? next, bool continues)
    {
        string type = Text(item, "type") ?? "message";
        Require(Text(item, "id") is not { Length: > 64 }, "an item's id is longer than 64");
        Require(Text(item, "id") is not { } id || type == "item_reference" || _itemIds.Add(id), $"two items of the id '{Text(item, "id")}'");
        switch (type)
        {
            case "message":
                ReadMessage(item);
                break;
            case "function_call" or "custom_tool_call":
                Require(Text(item, "call_id") is { Length: > 0 and <= 64 }, $"call id '{Text(item, "call_id")}'");
                Require(_ids.Add(Text(item, "call_id") ?? ""), "two calls of one id");
                Require(IsName(Text(item, "name"), 64), $"call of '{Text(item, "name")}'");
                Require(Text(item, type == "function_call" ? "arguments" : "input") is not null, "a call without arguments");
                _open.Add(Text(item, "call_id") ?? "");
                break;
            case "function_call_output" or "custom_tool_call_output":
                Require(_open.Remove(Text(item, "call_id") ?? "") || continues, "an output without its call");
                Require(Find(item, "output") is { ValueKind: JsonValueKind.String or JsonValueKind.Array }, "an output without output");
                foreach (JsonElement part in List(item, "output"))
                {
                    Require(Text(part, "type") is "input_text" or "input_image" or "input_file", $"a part '{Text(part, "type")}' in an output");
                }

                break;
            case "reasoning":
                Require(Find(item, "summary") is { ValueKind: JsonValueKind.Array }, "reasoning without its summary");
                Require(next is { } following && Text(following, "type") is not ("function_call_output" or "custom_tool_call_output") && Text(following, "role") is null or "assistant",
                    "reasoning that no item of the model's follows");
                break;
            default:
                Require(type is "item_reference" or "web_search_call" or "tool_search_call" or "tool_search_output" or "compaction" or "additional_tools" or "file_search_call" or "code_interpreter_call"
                    or "image_generation_call" or "local_shell_call" or "local_shell_call_output" or "mcp_call" or "mcp_list_tools" or "mcp_approval_request" or "mcp_approval_response" or "computer_call", $"unknown item '{type}'");
                break;
        }
    }

    private void ReadMessage(JsonElement item)
    {
        string role = Text(item, "role") ?? "";
        Require(role is "user" or "assistant" or "system" or "developer", $"role '{role}'");
        JsonElement? content = Find(item, "content");
        Require(content is { ValueKind: JsonValueKind.String or JsonValueKind.Array }, $"a {role} message without content");
        foreach (JsonElement part in List(item, "content"))
        {
            string type = Text(part, "type") ?? "";
            bool fits = role == "assistant" ? type is "output_text" or "refusal" : type is "input_text" or "input_image" or "input_file" or "input_audio";
            Require(fits, $"a part '{type}' in a {role} message");
            Require(type != "input_image" || Text(part, "image_url") is { Length: > 0 } || Text(part, "file_id") is { Length: > 0 }, "an image without address");
            Require(type != "input_file" || Text(part, "file_data") is not { } data || (data.StartsWith("data:", StringComparison.Ordinal) && Text(part, "filename") is { Length: > 0 }), "a file without a name or no data URL");
        }
    }

    private void ReadTools(JsonElement body)
    {
        HashSet<string> names = [];
        foreach (JsonElement tool in List(body, "tools"))
        {
            string type = Text(tool, "type") ?? "";
            Require(type.Length > 0, "a tool without type");
            if (type is "function" or "custom")
            {
                Require(IsName(Text(tool, "name"), 64), $"tool name '{Text(tool, "name")}'");
                Require(names.Add(Text(tool, "name") ?? ""), "two tools of one name");
            }

            if (type == "function")
            {
                Require(tool.TryGetProperty("parameters", out _), "a function without the field 'parameters'");
            }
        }

        Require(Find(body, "tool_choice") is null || List(body, "tools").Any(), "tool_choice without tools");
        if (Find(body, "tool_choice") is { ValueKind: JsonValueKind.Object } choice && Text(choice, "type") is "function" or "custom")
        {
            Require(names.Contains(Text(Find(body, "tool_choice")!.Value, "name") ?? ""), "tool_choice names an unknown tool");
        }
    }
}
