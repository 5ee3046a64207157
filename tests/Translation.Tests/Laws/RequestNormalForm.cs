using System.Text.Json.Nodes;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Tests.Laws;

/// <summary>
/// The ways of one dialect to say the same thing, brought to one form, so that a request and its round trip can be compared. Every
/// rule here is a liberty that the codec may take; anything else that differs is a fault.
/// </summary>
internal static class RequestNormalForm
{
    public static JsonNode Of(DialectId dialect, JsonNode request)
    {
        var root = (JsonObject)request.DeepClone();
        switch (dialect.Name)
        {
            case "openai.chat-completions":
                ChatCompletions(root);
                break;
            case "openai.responses":
                Responses(root);
                break;
            case "anthropic.messages":
                Messages(root);
                break;
            default:
                root = (JsonObject)Camel(root);
                GenerateContent(root);
                break;
        }

        return root;
    }

    private static void ChatCompletions(JsonObject root)
    {
        // max_tokens is the old name of max_completion_tokens.
        Rename(root, "max_tokens", "max_completion_tokens");

        // One stop sequence may stand bare.
        ToList(root, "stop");

        // Not to stream is what happens unless it is asked for, and a function without parameters takes an object without fields.
        if (root["stream"] is JsonValue stream && !stream.GetValue<bool>())
        {
            root.Remove("stream");
        }

        foreach (JsonObject function in Objects(root["tools"]).Select(t => t["function"]).OfType<JsonObject>())
        {
            if (function["parameters"] is null or JsonObject { Count: 0 })
            {
                function["parameters"] = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject() };
            }
        }

        foreach (JsonObject message in Objects(root["messages"]))
        {
            ContentToText(message, "content", "text");

            // A refusal is a field of the message, or its only content.
            if (message["content"] is JsonArray { Count: 1 } list && list[0] is JsonObject only && only["type"]?.GetValue<string>() == "refusal")
            {
                message["refusal"] = only["refusal"]!.DeepClone();
                message.Remove("content");
            }

            foreach (JsonObject call in Objects(message["tool_calls"]))
            {
                EmptyArguments(call["function"] as JsonObject);
            }
        }
    }

    private static void Responses(JsonObject root)
    {
        // A bare text is one user message.
        if (root["input"] is JsonValue text)
        {
            root["input"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text.DeepClone() });
        }

        foreach (JsonObject item in Objects(root["input"]))
        {
            if (item["type"]?.GetValue<string>() == "message")
            {
                item.Remove("type");
            }

            ContentToText(item, "content", "input_text");
            ContentToText(item, "output", "input_text");
            EmptyArguments(item["type"]?.GetValue<string>() == "function_call" ? item : null);
        }
    }

    private static void Messages(JsonObject root)
    {
        // output_format is the old name of output_config.format.
        if (root["output_format"] is { } format)
        {
            root.Remove("output_format");
            JsonObject config = root["output_config"] as JsonObject ?? [];
            config["format"] = format.DeepClone();
            root["output_config"] = config.Parent is null ? config : config.DeepClone();
        }

        // "custom" is what a tool is without a type.
        foreach (JsonObject tool in Objects(root["tools"]))
        {
            if (tool["type"]?.GetValue<string>() == "custom")
            {
                tool.Remove("type");
            }
        }

        // Consecutive turns of one role are one turn, and a bare text is a list of one text block.
        TextToContent(root, "system");
        JsonArray joined = [];
        foreach (JsonObject message in Objects(root["messages"]))
        {
            TextToContent(message, "content");
            if (joined.Count > 0 && joined[^1]!["role"]!.GetValue<string>() == message["role"]!.GetValue<string>())
            {
                foreach (JsonNode? block in (JsonArray)message["content"]!)
                {
                    ((JsonArray)joined[^1]!["content"]!).Add(block!.DeepClone());
                }
            }
            else
            {
                joined.Add(message.DeepClone());
            }
        }

        root["messages"] = joined;
        foreach (JsonObject message in Objects(root["messages"]))
        {
            foreach (JsonObject block in Objects(message["content"]))
            {
                // A result is no error unless it says so.
                if (block["is_error"]?.GetValue<bool>() == false)
                {
                    block.Remove("is_error");
                }

                ContentToText(block, "content", "text");
                BlocksToText(block["source"] as JsonObject);
            }
        }
    }

    /// <summary>A document of text blocks is a document of their text.</summary>
    private static void BlocksToText(JsonObject? source)
    {
        if (source?["type"]?.GetValue<string>() == "content")
        {
            source["data"] = source["content"] is JsonArray blocks ? string.Join('\n', blocks.Select(b => b!["text"]!.GetValue<string>())) : source["content"]!.GetValue<string>();
            source["type"] = "text";
            source["media_type"] = "text/plain";
            source.Remove("content");
        }
    }

    private static void GenerateContent(JsonObject root)
    {
        // Contents and parts may stand without their lists; the role may be left out; one without parts says nothing.
        if (root["systemInstruction"] is JsonObject system)
        {
            system.Remove("role");
            ToList(system, "parts");
        }

        ToList(root, "contents");
        JsonArray joined = [];
        foreach (JsonObject content in Objects(root["contents"]))
        {
            ToList(content, "parts");
            string role = content["role"]?.GetValue<string>() == "model" ? "model" : "user";
            JsonArray parts = [.. Objects(content["parts"]).Select(GeminiPart).Where(part => part is not null).Select(part => part!.DeepClone())];
            if (joined.Count > 0 && joined[^1]!["role"]!.GetValue<string>() == role)
            {
                // Consecutive turns of one side are one turn.
                foreach (JsonNode? part in parts)
                {
                    ((JsonArray)joined[^1]!["parts"]!).Add(part!.DeepClone());
                }
            }
            else if (parts.Count > 0)
            {
                joined.Add(new JsonObject { ["role"] = role, ["parts"] = parts });
            }
        }

        root["contents"] = joined;

        // Functions may stand in one list or in several.
        JsonArray functions = [.. Objects(root["tools"]).SelectMany(tool => Objects(tool["functionDeclarations"])).Select(f => f.DeepClone())];
        if (functions.Count > 0)
        {
            JsonArray others = [.. Objects(root["tools"]).Where(tool => tool["functionDeclarations"] is null).Select(tool => tool.DeepClone())];
            root["tools"] = new JsonArray([new JsonObject { ["functionDeclarations"] = functions }, .. others.Select(tool => tool!.DeepClone())]);
        }

        // How a schema may be told is a matter of its own, with tests of its own.
        foreach (JsonObject function in Objects(root["tools"]).SelectMany(tool => Objects(tool["functionDeclarations"])))
        {
            function.Remove("parameters");
            function.Remove("parametersJsonSchema");
        }

        if (root["generationConfig"] is JsonObject config)
        {
            config.Remove("responseSchema");
            config.Remove("responseJsonSchema");
        }

        // VALIDATED is AUTO with calls held to their schemas.
        if (root["toolConfig"]?["functionCallingConfig"] is JsonObject calling && calling["mode"]?.GetValue<string>() == "VALIDATED")
        {
            calling["mode"] = "AUTO";
        }
    }

    private static JsonObject? GeminiPart(JsonObject part)
    {
        // An empty text says nothing, and a file's name is told in a text, since the API refuses it in its place.
        if (part["text"]?.GetValue<string>() is { } text && part.Count == 1 && (text.Length == 0 || text.StartsWith("File: ", StringComparison.Ordinal)))
        {
            return null;
        }

        (part["inlineData"] as JsonObject)?.Remove("displayName");
        if (part["functionCall"] is JsonObject call)
        {
            call["args"] ??= new JsonObject();
        }

        // A response gets the id of its call.
        (part["functionResponse"] as JsonObject)?.Remove("id");
        if (part["thoughtSignature"]?.GetValue<string>() == "skip_thought_signature_validator")
        {
            part.Remove("thoughtSignature");
        }

        return part;
    }

    private static JsonNode Camel(JsonNode node)
    {
        // Protocol buffers' JSON takes both spellings of a name.
        switch (node)
        {
            case JsonObject o:
                var renamed = new JsonObject();
                foreach ((string name, JsonNode? value) in o)
                {
                    bool verbatim = name is "args" or "response" or "parametersJsonSchema" or "responseJsonSchema" or "parameters" or "responseSchema";
                    renamed[CamelName(name)] = value is null || verbatim ? value?.DeepClone() : Camel(value);
                }

                return renamed;
            case JsonArray a:
                return new JsonArray([.. a.Select(item => item is null ? null : Camel(item))]);
            default:
                return node.DeepClone();
        }
    }

    private static string CamelName(string name)
    {
        string[] words = name.Split('_');
        return string.Concat(words.Take(1).Concat(words.Skip(1).Select(w => w.Length == 0 ? w : char.ToUpperInvariant(w[0]) + w[1..])));
    }

    private static void Rename(JsonObject o, string old, string name)
    {
        if (o[old] is { } value)
        {
            o.Remove(old);
            o[name] = value.DeepClone();
        }
    }

    private static void ToList(JsonObject o, string name)
    {
        if (o[name] is { } value and not JsonArray)
        {
            o[name] = new JsonArray(value.DeepClone());
        }
    }

    private static void ContentToText(JsonObject o, string name, string type)
    {
        if (o[name] is JsonArray { Count: 1 } list && list[0] is JsonObject { Count: 2 } part
            && part["type"]?.GetValue<string>() == type && part["text"] is JsonValue text)
        {
            o[name] = text.DeepClone();
        }
    }

    private static void TextToContent(JsonObject o, string name)
    {
        if (o[name] is JsonValue text)
        {
            o[name] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text.DeepClone() });
        }
    }

    private static void EmptyArguments(JsonObject? call)
    {
        if (call?["arguments"]?.GetValue<string>() == "")
        {
            call["arguments"] = "{}";
        }
    }

    private static IEnumerable<JsonObject> Objects(JsonNode? list) => list is JsonArray items ? items.OfType<JsonObject>() : [];
}
