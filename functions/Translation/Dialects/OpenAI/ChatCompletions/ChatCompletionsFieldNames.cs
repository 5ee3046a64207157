namespace Serverless.Translation.Dialects.OpenAI.ChatCompletions;

/// <summary>What this API calls the fields that reports mention, where that is not what all of the gateway calls them.</summary>
internal static class ChatCompletionsFieldNames
{
    private const string Part = "messages[].content[]";
    private const string Details = "messages[].reasoning_details[]";

    public static readonly FieldNames Names = new(new Dictionary<string, string[]>
    {
        ["system"] = ["messages[system]"],
        ["max_tokens"] = ["max_completion_tokens", "max_tokens"],
        ["max_output_tokens"] = ["max_completion_tokens", "max_tokens"],
        ["parallel_tool_calls"] = ["parallel_tool_calls", "?"],
        ["cache_control"] = ["cache_control", "tools[].cache_control", "messages[].cache_control", $"{Part}.cache_control", $"{Part}.prompt_cache_breakpoint"],

        ["reasoning"] = ["reasoning_effort", "reasoning", "thinking"],
        ["reasoning.effort"] = ["reasoning_effort", "reasoning.effort", "thinking"],
        ["reasoning.budget"] = ["thinking.budget_tokens", "reasoning.max_tokens", "reasoning_effort"],
        ["reasoning.summary"] = ["reasoning.exclude", "include_reasoning", "reasoning_effort"],
        ["response_format.schema"] = ["response_format.json_schema.schema", "response_format"],
        ["response_format.strict"] = ["response_format.json_schema.strict", "response_format"],

        ["messages[].content[]"] = ["messages[].content[*]"],
        ["messages[].reasoning"] = ["messages[].reasoning_content", "messages[].reasoning", "messages[].reasoning_details", "messages[].reasoning_signature", "messages[].thinking_blocks", "?messages[].content[thinking]"],
        ["messages[].signature"] = [$"{Details}.signature", $"{Details}.data", "messages[].thinking_blocks[].signature", "messages[].tool_calls[].extra_content", "?messages[].tool_calls[].id"],
        ["messages[].file_id"] = [$"{Part}.file.file_id"],
        ["messages[].filename"] = [$"{Part}.file.filename"],
        ["messages[].citations"] = ["messages[].annotations"],
        ["messages[].detail"] = [$"{Part}.image_url.detail"],
        ["messages[].image"] = ["messages[].content[image_url]"],
        ["messages[].audio"] = ["messages[].content[input_audio]"],
        ["messages[].document"] = ["messages[].content[file]"],
        ["messages[].video"] = ["messages[].content[video_url]"],
        ["tool_calls[]"] = ["messages[].tool_calls[]", "messages[].function_call"],
        ["tool_calls[].arguments"] = ["messages[].tool_calls[].function.arguments", "messages[].function_call.arguments"],
        ["tool_results[]"] = ["messages[tool]"],
        ["tool_results[].content"] = ["messages[tool].content"],
        ["tool_results[].is_error"] = ["messages[tool].content"],

        ["tool_choice"] = ["tool_choice", "function_call"],
        ["tools"] = ["tools", "functions"],
        ["tools[]"] = ["tools[*]", "functions[*]"],
        ["tools[].parameters"] = ["tools[*].function.parameters", "functions[*].parameters", "tools[*].parameters"],
        ["tools[].strict"] = ["tools[*].function.strict", "tools[*].strict"],
        ["tools[].format"] = ["tools[*].custom.format", "tools[*].format"],
    });
}
