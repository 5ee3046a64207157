namespace Serverless.Translation.Tests.Laws;

/// <summary>
/// The names under which a report may mention a field of the client's: its path, or the name that the field has in most formats (an
/// encoder knows what was said, not in which words).
/// </summary>
internal static class ReportedNames
{
    private static readonly string[][] Synonyms =
    [
        ["stop", "stop_sequences", "generationConfig.stopSequences"],
        ["max_output_tokens", "max_tokens", "max_completion_tokens", "generationConfig.maxOutputTokens"],
        ["n", "generationConfig.candidateCount"],
        ["user", "metadata.user_id"],
        ["top_k", "generationConfig.topK"],
        ["top_p", "generationConfig.topP"],
        ["temperature", "generationConfig.temperature"],
        ["seed", "generationConfig.seed"],
        ["presence_penalty", "generationConfig.presencePenalty"],
        ["frequency_penalty", "generationConfig.frequencyPenalty"],
        ["logprobs", "generationConfig.responseLogprobs", "include"],
        ["top_logprobs", "generationConfig.logprobs"],
        ["reasoning", "reasoning_effort", "thinking", "output_config.effort", "generationConfig.thinkingConfig"],
        ["response_format", "text.format", "output_config.format", "output_format", "generationConfig.responseSchema", "generationConfig.responseJsonSchema", "generationConfig.responseMimeType"],
        ["verbosity", "text.verbosity"],
        ["modalities", "generationConfig.responseModalities"],
        ["audio", "generationConfig.speechConfig"],
        ["metadata", "labels"],
        ["service_tier", "serviceTier"],
        ["parallel_tool_calls", "tool_choice.disable_parallel_tool_use"],
        ["tool_choice", "toolConfig.functionCallingConfig"],
    ];

    /// <summary>Where each format puts what the adapter calls by a general name.</summary>
    private static readonly Dictionary<string, string[]> InMessages = new()
    {
        ["messages[].reasoning"] = [".thinking", ".signature", ".data", ".reasoning_content", ".reasoning_details", ".reasoning_signature", ".thinking_blocks", ".summary", ".encrypted_content", ".thoughtSignature", ".text"],
        ["messages[].signature"] = [".signature", ".thoughtSignature", ".thought_signature", ".encrypted_content"],
        ["messages[].file_id"] = [".file_id", ".fileUri", ".file_uri"],
        ["cache_control"] = [".cache_control"],
        ["filename"] = [".filename", ".title", ".displayName"],
    };

    /// <summary>True when a report's entry tells of the field at a path.</summary>
    public static bool Tells(string entry, string path)
    {
        // A tool has its number in all lists together, and its schema a general name.
        if (path.StartsWith("tools[", StringComparison.Ordinal) && path.Contains(".functionDeclarations[", StringComparison.Ordinal))
        {
            return entry.StartsWith("tools[", StringComparison.Ordinal);
        }

        path = path.Replace(".function.parameters", ".parameters", StringComparison.Ordinal).Replace(".input_schema", ".parameters", StringComparison.Ordinal);
        return TellsPlainly(entry, path);
    }

    private static bool TellsPlainly(string entry, string path) =>
        (InMessages.TryGetValue(entry, out string[]? places) && places.Any(p => path.Contains(p, StringComparison.Ordinal)))
        || Covers(entry, path) || Synonyms.Any(names => names.Any(n => Covers(n, entry) || Covers(entry, n)) && names.Any(n => Covers(n, path)));

    private static bool Covers(string field, string path) =>
        field.Length > 0 && (path == field || (path.StartsWith(field, StringComparison.Ordinal) && path[field.Length] is '.' or '['));
}
