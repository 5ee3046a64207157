using System.Text.Json;

namespace Serverless.Translation.Tests.Validators;

/// <summary>What Gemini refuses: https://ai.google.dev/api/generate-content and https://ai.google.dev/api/caching#Schema.</summary>
internal sealed class GenerateContentRequestValidator : RequestFaults
{
    private static readonly string[] Things =
        ["text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult"];

    protected override void Read(JsonElement body)
    {
        OnlyKnows(body, "root", "contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "safetySettings", "cachedContent", "labels", "serviceTier", "fieldOfTomorrow", "store");
        ReadTools(body);
        if (Find(body, "generationConfig") is { } config)
        {
            ReadConfig(config);
        }

        if (Find(body, "systemInstruction") is { } system)
        {
            Require(List(system, "parts").Any(), "an empty system instruction");
            Require(List(system, "parts").All(p => Find(p, "text") is not null), "a system instruction that is no text");
        }

        List<JsonElement> contents = [.. List(body, "contents")];
        Require(contents.Count > 0, "no contents");
        string previous = "";
        List<string> open = [];
        foreach (JsonElement content in contents)
        {
            string role = Text(content, "role") ?? "user";
            Require(role is "user" or "model", $"role '{role}'");
            Require(role != previous, $"two {role} turns in a row");
            previous = role;
            List<JsonElement> parts = [.. List(content, "parts")];
            Require(parts.Count > 0, $"an empty {role} turn");
            List<string> answers = [.. parts.Select(p => Find(p, "functionResponse")).Where(r => r is not null).Select(r => Text(r!.Value, "name") ?? "")];
            if (role == "user")
            {
                Require(answers.Count == open.Count && answers.Order().SequenceEqual(open.Order()), $"calls [{string.Join(", ", open)}] but responses [{string.Join(", ", answers)}]");
                open = [];
            }

            foreach (JsonElement part in parts)
            {
                ReadPart(role, part, open);
            }
        }

        Require(open.Count == 0, "a call is never answered");
    }

    private void ReadPart(string role, JsonElement part, List<string> open)
    {
        string[] held = [.. Things.Where(name => part.TryGetProperty(name, out _))];
        Require(held.Length == 1, $"a part holds {held.Length} things");
        if (Find(part, "functionCall") is { } call)
        {
            Require(role == "model", "a user calls a function");
            Require(IsFunctionName(Text(call, "name")), $"call of '{Text(call, "name")}'");
            Require(Find(call, "args") is null or { ValueKind: JsonValueKind.Object }, "args are no object");
            open.Add(Text(call, "name") ?? "");
        }

        if (Find(part, "functionResponse") is { } response)
        {
            Require(role == "user", "a model answers a function");
            Require(Find(response, "response") is { ValueKind: JsonValueKind.Object }, "a response that is no object");
        }

        if (Find(part, "inlineData") is { } data)
        {
            Require(Text(data, "mimeType") is { } type && type.Contains('/') && Text(data, "data") is { Length: > 0 }, "inlineData without type or data");
        }

        if (Find(part, "fileData") is { } file)
        {
            Require(Text(file, "fileUri") is { Length: > 0 }, "fileData without an address");
        }

        Require(Text(part, "thoughtSignature") is not { } signature || Convert.TryFromBase64String(signature, new byte[signature.Length], out _) || signature.Contains("skip", StringComparison.Ordinal), "a thought signature that is no base64");
    }

    private void ReadTools(JsonElement body)
    {
        HashSet<string> names = [];
        foreach (JsonElement tool in List(body, "tools"))
        {
            foreach (JsonElement function in List(tool, "functionDeclarations"))
            {
                string name = Text(function, "name") ?? "";
                Require(IsFunctionName(name), $"function name '{name}'");
                Require(names.Add(name), $"two functions of the name '{name}'");
                Require(Find(function, "parameters") is null || Find(function, "parametersJsonSchema") is null, "parameters and parametersJsonSchema");
                if (Find(function, "parameters") is { } schema)
                {
                    ReadSchema(schema);
                }
            }
        }

        if (Find(body, "toolConfig") is { } config && Find(config, "functionCallingConfig") is { } calling)
        {
            Require(Text(calling, "mode") is "AUTO" or "ANY" or "NONE" or "VALIDATED", $"mode '{Text(calling, "mode")}'");
            Require(!List(calling, "allowedFunctionNames").Any() || Text(calling, "mode") is "ANY" or "VALIDATED", "allowedFunctionNames with another mode than ANY or VALIDATED");
            foreach (JsonElement allowed in List(calling, "allowedFunctionNames"))
            {
                Require(names.Contains(allowed.GetString()!), $"'{allowed}' is allowed but not declared");
            }
        }
    }

    private void ReadConfig(JsonElement config)
    {
        InRange(config, "temperature", 0, 2);
        InRange(config, "topP", 0, 1);
        InRange(config, "logprobs", 0, 20);
        Require(List(config, "stopSequences").Count() <= 5, "more than five stop sequences");
        Require(Find(config, "responseSchema") is null || Find(config, "responseJsonSchema") is null, "two response schemas");
        Require(
            (Find(config, "responseSchema") ?? Find(config, "responseJsonSchema")) is null || Text(config, "responseMimeType") is "application/json" or "text/x.enum",
            "a response schema without its MIME type");
        Require(Find(config, "logprobs") is null || Find(config, "responseLogprobs") is { ValueKind: JsonValueKind.True }, "logprobs without responseLogprobs");
        if (Find(config, "responseSchema") is { } schema)
        {
            ReadSchema(schema);
        }

        if (Find(config, "thinkingConfig") is { } thinking)
        {
            Require(Find(thinking, "thinkingBudget") is null || Find(thinking, "thinkingLevel") is null, "a thinking budget and a level");
            Require(Text(thinking, "thinkingLevel") is null or "MINIMAL" or "LOW" or "MEDIUM" or "HIGH" or "minimal" or "low" or "medium" or "high", $"thinkingLevel {Text(thinking, "thinkingLevel")}");
        }
    }

    /// <summary>The OpenAPI subset; any other keyword is a 400.</summary>
    private void ReadSchema(JsonElement schema)
    {
        OnlyKnows(
            schema, "schema", "type", "format", "title", "description", "nullable", "enum", "maxItems", "minItems", "properties", "required", "minProperties", "maxProperties",
            "minLength", "maxLength", "pattern", "example", "anyOf", "propertyOrdering", "default", "items", "minimum", "maximum");
        Require(Find(schema, "type") is null or { ValueKind: JsonValueKind.String }, "a schema with several types");
        if (Find(schema, "properties") is { } properties)
        {
            foreach (JsonProperty property in properties.EnumerateObject())
            {
                ReadSchema(property.Value);
            }

            foreach (JsonElement required in List(schema, "required"))
            {
                Require(properties.TryGetProperty(required.GetString()!, out _), $"'{required}' is required but not defined");
            }
        }

        if (Find(schema, "items") is { } items)
        {
            ReadSchema(items);
        }

        foreach (JsonElement any in List(schema, "anyOf"))
        {
            ReadSchema(any);
        }
    }

    private static bool IsFunctionName(string? name) => IsName(name, 64, "_-.:") && (char.IsAsciiLetter(name![0]) || name[0] == '_');
}
