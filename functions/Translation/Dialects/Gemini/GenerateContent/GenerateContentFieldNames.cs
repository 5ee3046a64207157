namespace Serverless.Translation.Dialects.Gemini.GenerateContent;

/// <summary>What this API calls the fields that reports mention.</summary>
internal static class GenerateContentFieldNames
{
    private const string Config = "generationConfig";
    private const string Thinking = $"{Config}.thinkingConfig";
    private const string Part = "contents[].parts[]";
    private const string Function = "tools[].functionDeclarations[*]";

    public static readonly FieldNames Names = new(new Dictionary<string, string[]>
    {
        ["system"] = ["systemInstruction"],
        ["messages"] = ["contents"],
        ["stop"] = [$"{Config}.stopSequences"],
        ["max_tokens"] = [$"{Config}.maxOutputTokens"],
        ["max_output_tokens"] = [$"{Config}.maxOutputTokens"],
        ["temperature"] = [$"{Config}.temperature"],
        ["top_p"] = [$"{Config}.topP"],
        ["top_k"] = [$"{Config}.topK"],
        ["n"] = [$"{Config}.candidateCount"],
        ["seed"] = [$"{Config}.seed"],
        ["presence_penalty"] = [$"{Config}.presencePenalty"],
        ["frequency_penalty"] = [$"{Config}.frequencyPenalty"],
        ["logprobs"] = [$"{Config}.responseLogprobs"],
        ["top_logprobs"] = [$"{Config}.logprobs"],
        ["modalities"] = [$"{Config}.responseModalities"],
        ["audio"] = [$"{Config}.speechConfig"],
        ["service_tier"] = ["serviceTier"],
        ["store"] = ["store"],
        ["metadata"] = ["labels"],
        ["tool_choice"] = ["toolConfig.functionCallingConfig"],

        ["reasoning"] = [Thinking],
        ["reasoning.effort"] = [$"{Thinking}.thinkingLevel", $"{Thinking}.thinkingBudget"],
        ["reasoning.budget"] = [$"{Thinking}.thinkingBudget", $"{Thinking}.thinkingLevel"],
        ["reasoning.summary"] = [$"{Thinking}.includeThoughts"],
        ["response_format"] = [$"{Config}.responseSchema", $"{Config}.responseJsonSchema", $"{Config}.responseMimeType"],
        ["response_format.schema"] = [$"{Config}.responseSchema", $"{Config}.responseJsonSchema"],
        ["response_format.strict"] = [$"{Config}.responseSchema", $"{Config}.responseJsonSchema"],

        ["messages[]"] = ["contents[]"],
        ["messages[].content[]"] = ["contents[].parts[*]"],
        ["messages[].reasoning"] = ["contents[].parts[thought]"],
        ["messages[].signature"] = [$"{Part}.thoughtSignature"],
        ["messages[].file_id"] = [$"{Part}.fileData.fileUri"],
        ["messages[].filename"] = [$"{Part}.fileData.displayName", $"{Part}.inlineData.displayName"],
        ["messages[].image"] = [$"{Part}.inlineData", $"{Part}.fileData"],
        ["messages[].audio"] = [$"{Part}.inlineData", $"{Part}.fileData"],
        ["messages[].document"] = [$"{Part}.inlineData", $"{Part}.fileData"],
        ["messages[].video"] = [$"{Part}.inlineData", $"{Part}.fileData"],
        ["tool_calls[]"] = ["contents[].parts[functionCall]"],
        ["tool_calls[].arguments"] = [$"{Part}.functionCall.args"],
        ["tool_results[]"] = ["contents[].parts[functionResponse]"],
        ["tool_results[].content"] = [$"{Part}.functionResponse"],
        ["tool_results[].is_error"] = [$"{Part}.functionResponse.response.error"],

        ["tools[]"] = [Function],
        ["tools[].parameters"] = [$"{Function}.parameters", $"{Function}.parametersJsonSchema"],
        ["tools[].response"] = [$"{Function}.response"],
    });
}
