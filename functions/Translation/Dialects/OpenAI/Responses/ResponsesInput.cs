using System.Text;
using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>
/// Reads the items of <c>input</c>. Each becomes a turn of its own; the adapter joins them where a target wants the whole of a turn in one.
/// Items that only this API knows (the calls of hosted tools and their results, compactions …) are kept as JSON.
/// </summary>
internal static class ResponsesInput
{
    /// <summary>Reads a string or a list of items.</summary>
    /// <param name="binding">Set to the first item that refers to what only its provider has stored; otherwise left alone.</param>
    public static IReadOnlyList<Message> Decode(JsonElement input, ref DialectBinding? binding)
    {
        if (input.ValueKind == JsonValueKind.String)
        {
            return [new Message(Role.User, [new TextPart(input.GetString()!)])];
        }

        if (input.ValueKind != JsonValueKind.Array)
        {
            throw RequestField.Wrong("input", "a string or an array", input);
        }

        var messages = new List<Message>(input.GetArrayLength());
        foreach (JsonElement item in input.EnumerateArray())
        {
            string path = $"input[{messages.Count}]";
            string type = TypeOf(item, path);
            if (type == "item_reference")
            {
                binding ??= new DialectBinding(DialectIds.Responses, path, "it refers to an item that is stored at the provider; send the item itself");
            }

            messages.Add(DecodeItem(item, type, path));
        }

        return messages;
    }

    private static Message DecodeItem(JsonElement item, string type, string path) => type switch
    {
        "message" => DecodeMessage(item, path),
        "function_call" => new Message(Role.Assistant, [DecodeCall(item, path, ToolKind.Function, "arguments")]),
        "custom_tool_call" => new Message(Role.Assistant, [DecodeCall(item, path, ToolKind.Custom, "input")]),
        "function_call_output" => new Message(Role.Tool, [DecodeResult(item, path, ToolKind.Function)]),
        "custom_tool_call_output" => new Message(Role.Tool, [DecodeResult(item, path, ToolKind.Custom)]),
        "reasoning" => new Message(Role.Assistant, [DecodeReasoning(item, path)]),
        _ => new Message(RoleOf(type), [new OpaquePart(DialectIds.Responses, item, path)]),
    };

    /// <summary>A turn may leave its type out, and so may a reference, which then has nothing but an id.</summary>
    private static string TypeOf(JsonElement item, string path)
    {
        RequestField.Object(item, path);
        if (item.TryGetProperty("type", out JsonElement type) && type.ValueKind != JsonValueKind.Null)
        {
            return RequestField.String(type, path + ".type");
        }

        return item.TryGetProperty("role", out _) ? "message"
            : item.TryGetProperty("id", out _) ? "item_reference"
            : throw RequestField.Missing(path + ".type");
    }

    /// <summary>Whose turn an item is that only this API knows: what a client answers, or what the model did.</summary>
    private static Role RoleOf(string type) =>
        type.EndsWith("_output", StringComparison.Ordinal) || type.EndsWith("_response", StringComparison.Ordinal) || type is "additional_tools" or "item_reference"
            ? Role.User
            : Role.Assistant;

    private static Message DecodeMessage(JsonElement item, string path)
    {
        var extra = new ExtraFieldsBuilder(DialectIds.Responses, path);
        Role? role = null;
        JsonElement? content = null;
        foreach (JsonProperty field in item.EnumerateObject())
        {
            switch (field.Name)
            {
                case "role":
                    role = RoleOf(RequestField.String(field.Value, path + ".role"), path);
                    break;
                case "content" when field.Value.ValueKind != JsonValueKind.Null:
                    content = field.Value;
                    break;
                default:
                    Keep(ref extra, field);
                    break;
            }
        }

        if (role is null)
        {
            throw RequestField.Missing(path + ".role");
        }

        IReadOnlyList<ContentPart> parts = ResponsesContent.Decode(
            content ?? throw RequestField.Missing(path + ".content"), path + ".content", role == Role.Assistant);
        return new Message(role.Value, parts) { Extra = extra.Build() ?? ResponsesWire.Own };
    }

    private static Role RoleOf(string role, string path) => role switch
    {
        "user" => Role.User,
        "assistant" => Role.Assistant,
        "developer" => Role.Developer,
        "system" => Role.System,
        _ => throw RequestField.Unknown(path + ".role", role, "'user', 'assistant', 'developer' or 'system'"),
    };

    private static ToolCallPart DecodeCall(JsonElement item, string path, ToolKind kind, string arguments)
    {
        var extra = new ExtraFieldsBuilder(DialectIds.Responses, path);
        string? id = null;
        string? name = null;
        string? text = null;
        string? group = null;
        foreach (JsonProperty field in item.EnumerateObject())
        {
            switch (field.Name)
            {
                case "type":
                    break;
                case "call_id":
                    id = RequestField.String(field.Value, path + ".call_id");
                    break;
                case "name":
                    name = RequestField.String(field.Value, path + ".name");
                    break;
                case "namespace" when field.Value.ValueKind != JsonValueKind.Null:
                    group = RequestField.String(field.Value, path + ".namespace");
                    break;
                case "arguments" or "input" when field.NameEquals(arguments):
                    text = RequestField.String(field.Value, $"{path}.{arguments}");
                    break;
                default:
                    Keep(ref extra, field);
                    break;
            }
        }

        (string plainId, Signature? signature) = ToolCallIdCarrier.Unwrap(NotEmpty(id, path + ".call_id"));
        return new ToolCallPart(plainId, NotEmpty(name, path + ".name"), text ?? throw RequestField.Missing($"{path}.{arguments}"))
        {
            Kind = kind,
            Namespace = group,
            Signature = signature,
            Extra = extra.Build() ?? ResponsesWire.Own,
        };
    }

    private static ToolResultPart DecodeResult(JsonElement item, string path, ToolKind kind)
    {
        var extra = new ExtraFieldsBuilder(DialectIds.Responses, path);
        string? id = null;
        string? name = null;
        IReadOnlyList<ContentPart>? content = null;
        foreach (JsonProperty field in item.EnumerateObject())
        {
            switch (field.Name)
            {
                case "type":
                    break;
                case "call_id":
                    id = RequestField.String(field.Value, path + ".call_id");
                    break;
                case "name" when field.Value.ValueKind == JsonValueKind.String:
                    name = field.Value.GetString();
                    extra.AddIncidental(field);
                    break;
                case "output":
                    content = ResponsesContent.Decode(field.Value, path + ".output", assistant: false);
                    break;
                default:
                    Keep(ref extra, field);
                    break;
            }
        }

        (string plainId, _) = ToolCallIdCarrier.Unwrap(NotEmpty(id, path + ".call_id"));
        return new ToolResultPart(plainId, content ?? throw RequestField.Missing(path + ".output"))
        {
            Kind = kind,
            Name = name,
            Extra = extra.Build() ?? ResponsesWire.Own,
        };
    }

    /// <summary>
    /// Reasoning that this provider made is kept whole, to be written back as it came: without its cipher text it is a mere reference, by
    /// its id, to what the provider has stored. Reasoning that comes from elsewhere was put into this form by the gateway
    /// (<see cref="SignatureCarrier"/>); its id means nothing to anybody.
    /// </summary>
    private static ReasoningPart DecodeReasoning(JsonElement item, string path)
    {
        var extra = new ExtraFieldsBuilder(DialectIds.Responses, path);
        Signature? signature = null;
        foreach (JsonProperty field in item.EnumerateObject())
        {
            switch (field.Name)
            {
                case "type":
                    break;
                case "encrypted_content" when field.Value.ValueKind != JsonValueKind.Null:
                    signature = SignatureCarrier.Unwrap(RequestField.String(field.Value, path + ".encrypted_content"), DialectIds.Responses);
                    break;
                default:
                    extra.AddIncidental(field);
                    break;
            }
        }

        bool foreign = signature is not null && signature.Origin != DialectIds.Responses;
        bool unsealed = signature is { Origin.Name: "" };
        (string text, bool isSummary, bool silent) = ReadReasoning(item);
        return new ReasoningPart(text)
        {
            Signature = unsealed ? null : signature,
            IsSummary = isSummary && (!foreign || (unsealed && signature!.Value.Length > 0)),
            Redacted = foreign && silent && !unsealed,
            Extra = foreign ? null : extra.Build() ?? ResponsesWire.Own,
        };
    }

    /// <summary>The text of a reasoning item: the reasoning itself where it is given, otherwise its summary.</summary>
    /// <returns>The text, whether it is a summary, and whether the item has no text at all, not even an empty one.</returns>
    internal static (string Text, bool IsSummary, bool Silent) ReadReasoning(JsonElement item)
    {
        (string content, int contents) = Join(item, "content");
        (string summary, int summaries) = Join(item, "summary");
        return content.Length > 0 ? (content, false, false) : (summary, summaries > 0, contents + summaries == 0);
    }

    private static (string Text, int Count) Join(JsonElement item, string name)
    {
        if (!item.TryGetProperty(name, out JsonElement list) || list.ValueKind != JsonValueKind.Array)
        {
            return ("", 0);
        }

        int count = 0;
        string first = "";
        StringBuilder? joined = null;
        foreach (JsonElement part in list.EnumerateArray())
        {
            count++;
            string text = ResponsesOutput.Text(part, "text") ?? "";
            if (first.Length == 0)
            {
                first = text;
            }
            else if (text.Length > 0)
            {
                joined ??= new StringBuilder(first);
                joined.Append("\n\n").Append(text);
            }
        }

        return (joined?.ToString() ?? first, count);
    }

    /// <summary>An item's id, its status and its type say nothing that a provider of another family could use.</summary>
    private static void Keep(ref ExtraFieldsBuilder extra, JsonProperty field)
    {
        if (field.Value.ValueKind == JsonValueKind.Null || field.Name is "id" or "status" or "type" or "namespace")
        {
            extra.AddIncidental(field);
        }
        else
        {
            extra.Add(field);
        }
    }

    private static string NotEmpty(string? value, string path) => string.IsNullOrEmpty(value) ? throw RequestField.Missing(path) : value;
}
