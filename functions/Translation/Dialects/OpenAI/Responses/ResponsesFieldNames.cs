namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>What this API calls the fields that reports mention, where that is not what all of the gateway calls them.</summary>
internal static class ResponsesFieldNames
{
    private const string Part = "input[].content[]";

    public static readonly FieldNames Names = new(new Dictionary<string, string[]>
    {
        ["system"] = ["instructions", "?input[system]"],
        ["messages"] = ["input"],
        ["max_tokens"] = ["max_output_tokens"],
        ["logprobs"] = ["include"],
        ["verbosity"] = ["text.verbosity"],
        ["cache_control"] = [$"{Part}.prompt_cache_breakpoint"],

        ["reasoning"] = ["reasoning"],
        ["reasoning.effort"] = ["reasoning.effort"],
        ["reasoning.budget"] = ["reasoning.effort"],
        ["reasoning.summary"] = ["reasoning.summary"],
        ["response_format"] = ["text.format"],
        ["response_format.schema"] = ["text.format.schema"],
        ["response_format.strict"] = ["text.format.strict"],

        ["messages[]"] = ["input[]"],
        ["messages[].content[]"] = ["input[].content[*]"],
        ["messages[].reasoning"] = ["input[reasoning]"],
        ["messages[].signature"] = ["input[].encrypted_content", "?input[].call_id"],
        ["messages[].file_id"] = [$"{Part}.file_id", "input[].output[].file_id"],
        ["messages[].filename"] = [$"{Part}.filename", "input[].output[].filename"],
        ["messages[].citations"] = [$"{Part}.annotations"],
        ["messages[].detail"] = [$"{Part}.detail", "input[].output[].detail"],
        ["messages[].image"] = ["input[].content[input_image]"],
        ["messages[].audio"] = ["input[].content[input_audio]"],
        ["messages[].document"] = ["input[].content[input_file]"],
        ["messages[].video"] = ["input[].content[input_file]"],
        ["tool_calls[]"] = ["input[function_call]"],
        ["tool_calls[].arguments"] = ["input[].arguments", "input[].input"],
        ["tool_results[]"] = ["input[function_call_output]"],
        ["tool_results[].content"] = ["input[].output"],
        ["tool_results[].is_error"] = ["input[].output"],

        ["tools[]"] = ["tools[*]"],
        ["tools[].parameters"] = ["tools[*].parameters", "tools[].tools[*].parameters"],
        ["tools[].strict"] = ["tools[*].strict", "tools[].tools[*].strict"],
    });
}
