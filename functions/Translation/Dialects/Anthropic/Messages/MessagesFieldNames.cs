namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>What this API calls the fields that reports mention.</summary>
internal static class MessagesFieldNames
{
    private const string Block = "messages[].content[]";

    public static readonly FieldNames Names = new(new Dictionary<string, string[]>
    {
        ["stop"] = ["stop_sequences"],
        ["max_output_tokens"] = ["max_tokens"],
        ["user"] = ["metadata.user_id"],
        ["safety_identifier"] = ["metadata.user_id"],
        ["parallel_tool_calls"] = ["tool_choice.disable_parallel_tool_use"],
        ["cache_control"] = ["cache_control", "tools[].cache_control", "system[].cache_control", $"{Block}.cache_control", $"{Block}.content[].cache_control"],

        ["reasoning"] = ["thinking", "output_config.effort"],
        ["reasoning.effort"] = ["output_config.effort", "thinking"],
        ["reasoning.budget"] = ["thinking.budget_tokens", "thinking"],
        ["reasoning.summary"] = ["thinking.display"],
        ["response_format"] = ["output_config.format", "output_format"],
        ["response_format.schema"] = ["output_config.format.schema", "output_format.schema"],
        ["response_format.strict"] = ["output_config.format", "output_format"],

        ["messages[].content[]"] = ["messages[].content[*]"],
        ["messages[].reasoning"] = ["messages[].content[thinking]"],
        ["messages[].signature"] = [$"{Block}.signature"],
        ["messages[].file_id"] = [$"{Block}.source.file_id"],
        ["messages[].filename"] = [$"{Block}.title"],
        ["messages[].citations"] = [$"{Block}.citations"],
        ["messages[].image"] = ["messages[].content[image]"],
        ["messages[].document"] = ["messages[].content[document]"],
        ["tool_calls[]"] = ["messages[].content[tool_use]"],
        ["tool_calls[].arguments"] = [$"{Block}.input"],
        ["tool_results[]"] = ["messages[].content[tool_result]"],
        ["tool_results[].content"] = [$"{Block}.content"],
        ["tool_results[].is_error"] = [$"{Block}.is_error"],

        ["tools[]"] = ["tools[*]"],
        ["tools[].parameters"] = ["tools[*].input_schema"],
    });
}
