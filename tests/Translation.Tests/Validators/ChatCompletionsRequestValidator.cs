using System.Text.Json;

namespace Serverless.Translation.Tests.Validators;

/// <summary>What OpenAI refuses at chat/completions: https://platform.openai.com/docs/api-reference/chat/create.</summary>
internal sealed class ChatCompletionsRequestValidator : RequestFaults
{
    private static readonly Dictionary<string, string[]> Parts = new()
    {
        ["system"] = ["text"],
        ["developer"] = ["text"],
        ["user"] = ["text", "image_url", "input_audio", "file"],
        ["assistant"] = ["text", "refusal"],
        ["tool"] = ["text"],
    };

    protected override void Read(JsonElement body)
    {
        OnlyKnows(
            body, "root", "model", "messages", "tools", "tool_choice", "parallel_tool_calls", "response_format", "reasoning_effort", "max_completion_tokens", "temperature",
            "top_p", "stop", "seed", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "n", "service_tier", "user", "safety_identifier", "prompt_cache_key",
            "prompt_cache_retention", "verbosity", "store", "metadata", "modalities", "audio", "stream", "stream_options", "logit_bias", "prediction", "web_search_options",
            "field_of_tomorrow", "functions", "function_call", "max_tokens", "thinking", "prompt_cache_options", "moderation", "top_k");
        Require(Text(body, "model") is { Length: > 0 }, "no model");
        InRange(body, "temperature", 0, 2);
        InRange(body, "top_p", 0, 1);
        InRange(body, "presence_penalty", -2, 2);
        InRange(body, "frequency_penalty", -2, 2);
        InRange(body, "top_logprobs", 0, 20);
        Require(List(body, "stop").Count() <= 4, "more than four stop sequences");
        Require(Find(body, "top_logprobs") is null || Find(body, "logprobs") is { ValueKind: JsonValueKind.True }, "top_logprobs without logprobs");
        Require(Find(body, "stream_options") is null || Find(body, "stream") is { ValueKind: JsonValueKind.True }, "stream_options without stream");
        Require(Text(body, "user") is not { Length: > 64 } && Text(body, "safety_identifier") is not { Length: > 64 } && Text(body, "prompt_cache_key") is not { Length: > 64 }, "an identifier is longer than 64");
        Require(
            Find(body, "response_format") is not { } format || Text(format, "type") != "json_object" || JsonText.Texts(body.GetProperty("messages")).Any(t => t.Contains("json", StringComparison.OrdinalIgnoreCase)),
            "json_object, but nobody mentions JSON");
        Require(List(body, "modalities").All(m => m.ValueEquals("text") || m.ValueEquals("audio")), "an unknown modality");
        Require(Find(body, "audio") is null || List(body, "modalities").Any(m => m.ValueEquals("audio")), "a voice without sound");
        ReadTools(body);
        ReadFormat(body);
        List<string> open = [];
        HashSet<string> ids = [];
        int count = 0;
        foreach (JsonElement message in List(body, "messages"))
        {
            count++;
            string role = Text(message, "role") ?? "";
            Require(Parts.ContainsKey(role) || role == "function", $"role '{role}'");
            if (role == "tool")
            {
                Require(open.Remove(Text(message, "tool_call_id") ?? ""), "a tool message that answers no call of the turn before");
            }
            else
            {
                Require(open.Count == 0, "a tool call is not answered at once");
            }

            ReadContent(role, message);
            foreach (JsonElement call in List(message, "tool_calls"))
            {
                string type = Text(call, "type") ?? "";
                Require(type is "function" or "custom", $"a call of type '{type}'");
                Require(Text(call, "id") is { Length: > 0 and <= 64 }, $"call id '{Text(call, "id")}'");
                Require(ids.Add(Text(call, "id") ?? ""), "two calls of one id");
                open.Add(Text(call, "id") ?? "");
                JsonElement? named = Find(call, type);
                Require(named is { } n && IsName(Text(n, "name"), 64), $"call of '{(named is { } x ? Text(x, "name") : null)}'");
                Require(named is { } a && Text(a, type == "custom" ? "input" : "arguments") is not null, "a call without arguments");
            }
        }

        Require(count > 0, "no messages");
        Require(open.Count == 0, "a tool call is never answered");
    }

    private void ReadContent(string role, JsonElement message)
    {
        if (Find(message, "content") is not { } content)
        {
            Require(role == "assistant", $"a {role} message without content");
            Require(Find(message, "tool_calls") is not null || Find(message, "refusal") is not null || Find(message, "function_call") is not null || Find(message, "audio") is not null, "an assistant message without anything");
            return;
        }

        Require(content.ValueKind is JsonValueKind.String or JsonValueKind.Array, "content is neither text nor list");
        if (content.ValueKind != JsonValueKind.Array)
        {
            return;
        }

        Require(content.GetArrayLength() > 0, $"an empty list as the {role}'s content");
        foreach (JsonElement part in content.EnumerateArray())
        {
            string type = Text(part, "type") ?? "";
            Require(Parts.GetValueOrDefault(role, []).Contains(type), $"a part '{type}' in a {role} message");
            Require(type is not "text" || Text(part, "text") is not null, "a text part without text");
            Require(type is not "image_url" || Text(part.GetProperty("image_url"), "url") is { Length: > 0 }, "an image without address");
            Require(type is not "input_audio" || Text(part.GetProperty("input_audio"), "format") is "wav" or "mp3", "audio that is neither wav nor mp3");
            if (type == "file" && Text(part.GetProperty("file"), "file_data") is { } data)
            {
                Require(data.StartsWith("data:", StringComparison.Ordinal), "a file that is no data URL");
                Require(Text(part.GetProperty("file"), "filename") is { Length: > 0 }, "a file without a name");
            }
        }
    }

    private void ReadTools(JsonElement body)
    {
        HashSet<string> names = [];
        foreach (JsonElement tool in List(body, "tools"))
        {
            string type = Text(tool, "type") ?? "";
            Require(type is "function" or "custom", $"a tool of type '{type}'");
            if (Find(tool, type) is not { } named)
            {
                Require(false, $"a tool without its '{type}'");
                continue;
            }

            Require(IsName(Text(named, "name"), 64), $"tool name '{Text(named, "name")}'");
            Require(names.Add(Text(named, "name") ?? ""), "two tools of one name");
            Require(Find(named, "parameters") is not { } schema || Text(schema, "type") == "object" || !schema.EnumerateObject().Any(), "a schema that is no object's");
        }

        Require(Find(body, "tools") is not { } tools || tools.GetArrayLength() > 0, "an empty list of tools");
        Require(Find(body, "tool_choice") is null || names.Count > 0, "tool_choice without tools");
        Require(Find(body, "parallel_tool_calls") is null || names.Count > 0, "parallel_tool_calls without tools");
        if (Find(body, "tool_choice") is { ValueKind: JsonValueKind.Object } choice && Text(choice, "type") is "function")
        {
            Require(names.Contains(Text(choice.GetProperty("function"), "name") ?? ""), "tool_choice names an unknown tool");
        }
    }

    private void ReadFormat(JsonElement body)
    {
        if (Find(body, "response_format") is { } format && Text(format, "type") == "json_schema")
        {
            JsonElement schema = format.GetProperty("json_schema");
            Require(IsName(Text(schema, "name"), 64), $"the schema's name '{Text(schema, "name")}'");
            Require(Find(schema, "schema") is { ValueKind: JsonValueKind.Object }, "json_schema without a schema");
        }
    }
}
