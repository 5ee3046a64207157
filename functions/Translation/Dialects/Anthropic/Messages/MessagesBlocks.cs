using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>
/// The content blocks of a conversation. A block that only this API knows (a hosted tool's call or result, a search result, an upload)
/// is kept whole, some with a text for others beside it (<see cref="MessagesInWords"/>). Source: https://platform.claude.com/docs/en/api/messages/create (<c>messages.content</c>).
/// </summary>
internal static class MessagesBlocks
{
    /// <summary>
    /// Claude Code puts this line before its instructions; it tells Anthropic who pays and changes with every request, so that at another
    /// provider it would spoil the prompt cache.
    /// </summary>
    private const string BillingLine = "x-anthropic-billing-header:";

    /// <summary>Reads a <c>content</c> or <c>system</c>: a string or a list of blocks.</summary>
    public static IReadOnlyList<ContentPart> ReadContent(JsonElement content, string path)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            string text = content.GetString()!;
            return text.Length == 0 ? [] : [new TextPart(text)];
        }

        if (content.ValueKind != JsonValueKind.Array)
        {
            throw RequestField.Wrong(path, "a string or an array of content blocks", content);
        }

        var parts = new List<ContentPart>(content.GetArrayLength());
        foreach (JsonElement block in content.EnumerateArray())
        {
            parts.Add(Read(block, $"{path}[{parts.Count}]"));
        }

        return parts;
    }

    /// <summary>Reads one block of a request.</summary>
    public static ContentPart Read(JsonElement block, string path)
    {
        RequestField.Object(block, path);
        string type = block.TryGetProperty("type", out JsonElement value) && value.ValueKind != JsonValueKind.Null
            ? RequestField.String(value, $"{path}.type")
            : throw RequestField.Missing($"{path}.type");
        return type switch
        {
            "text" => ReadText(block, path),
            "image" => MessagesMedia.Read(block, MediaKind.Image, path),
            "document" => MessagesMedia.Read(block, MediaKind.Document, path),
            "tool_use" => ReadToolUse(block, path),
            "tool_result" => ReadToolResult(block, path),
            "thinking" or "redacted_thinking" => ReadThinking(block, type, path),
            _ => ReadOpaque(block, type, path),
        };
    }

    /// <summary>Writes one block of a request. Whatever the API would refuse has been taken out before, by <see cref="MessagesTurns"/>.</summary>
    public static void Write(Utf8JsonWriter writer, ContentPart part)
    {
        switch (part)
        {
            case OpaquePart opaque:
                MessagesWire.WriteOwn(writer, opaque.Json, opaque.Cache);
                break;
            case MediaPart media:
                MessagesMedia.Write(writer, media);
                break;
            case TextPart text:
                writer.WriteStartObject();
                writer.WriteString("type"u8, "text"u8);
                writer.WriteString("text"u8, text.Text);
                MessagesCitation.WriteList(writer, text.Citations, ownOnly: true);
                WriteEnd(writer, part);
                break;
            case RefusalPart refusal:
                writer.WriteStartObject();
                writer.WriteString("type"u8, "text"u8);
                writer.WriteString("text"u8, refusal.Text);
                WriteEnd(writer, part);
                break;
            case ReasoningPart reasoning:
                WriteThinking(writer, reasoning, reasoning.Signature!.Value);
                writer.WriteExtra(part.Extra, MessagesWire.Id);
                writer.WriteEndObject();
                break;
            case ToolCallPart call:
                writer.WriteStartObject();
                writer.WriteString("type"u8, "tool_use"u8);
                writer.WriteString("id"u8, call.Id);
                writer.WriteString("name"u8, call.Name);
                MessagesWire.WriteInput(writer, call);
                WriteEnd(writer, part);
                break;
            case ToolResultPart result:
                WriteToolResult(writer, result);
                break;
        }
    }

    /// <summary>Writes a thinking block but for its end.</summary>
    public static void WriteThinking(Utf8JsonWriter writer, ReasoningPart reasoning, string signature)
    {
        writer.WriteStartObject();
        if (reasoning.Redacted)
        {
            writer.WriteString("type"u8, "redacted_thinking"u8);
            writer.WriteString("data"u8, signature);
        }
        else
        {
            writer.WriteString("type"u8, "thinking"u8);
            writer.WriteString("thinking"u8, reasoning.Text);
            writer.WriteString("signature"u8, signature);
        }
    }

    /// <summary>Writes a content: a string where it is one plain text, otherwise a list of blocks.</summary>
    public static void WriteContent(Utf8JsonWriter writer, ReadOnlySpan<byte> name, IReadOnlyList<ContentPart> parts)
    {
        if (parts is [TextPart { Cache: null, Extra: null, Citations.Count: 0 } text])
        {
            writer.WriteString(name, text.Text);
            return;
        }

        writer.WriteStartArray(name);
        foreach (ContentPart part in parts)
        {
            Write(writer, part);
        }

        writer.WriteEndArray();
    }

    private static OpaquePart ReadOpaque(JsonElement block, string type, string path)
    {
        (string? text, string? lost) = MessagesInWords.Of(block, type);
        return new OpaquePart(MessagesWire.Id, block, path)
        {
            InWords = text,
            LostInWords = lost,
            Cache = block.TryGetProperty("cache_control", out JsonElement cache) ? MessagesWire.ReadCache(cache) : null,
        };
    }

    private static ContentPart ReadText(JsonElement block, string path)
    {
        string? text = null;
        IReadOnlyList<Citation> citations = [];
        CacheBreakpoint? cache = null;
        var extra = new ExtraFieldsBuilder(MessagesWire.Id, path);
        foreach (JsonProperty property in block.EnumerateObject())
        {
            switch (property.Name)
            {
                case "type":
                case var _ when property.Value.ValueKind == JsonValueKind.Null:
                    break;
                case "text":
                    text = RequestField.String(property.Value, $"{path}.text");
                    break;
                case "citations":
                    citations = MessagesCitation.ReadList(property.Value, path);
                    break;
                case "cache_control":
                    cache = MessagesWire.ReadCache(property.Value);
                    break;
                default:
                    extra.Add(property);
                    break;
            }
        }

        if (text is null)
        {
            throw RequestField.Missing($"{path}.text");
        }

        return text.StartsWith(BillingLine, StringComparison.Ordinal)
            ? new OpaquePart(MessagesWire.Id, block, path) { Cache = cache }
            : new TextPart(text) { Citations = citations, Cache = cache, Extra = extra.Build() };
    }

    private static ToolCallPart ReadToolUse(JsonElement block, string path)
    {
        string? id = null;
        string? name = null;
        string input = "{}";
        CacheBreakpoint? cache = null;
        var extra = new ExtraFieldsBuilder(MessagesWire.Id, path);
        foreach (JsonProperty property in block.EnumerateObject())
        {
            switch (property.Name)
            {
                case "type":
                case var _ when property.Value.ValueKind == JsonValueKind.Null:
                    break;
                case "id":
                    id = RequestField.String(property.Value, $"{path}.id");
                    break;
                case "name":
                    name = RequestField.String(property.Value, $"{path}.name");
                    break;
                case "input":
                    input = RequestField.Object(property.Value, $"{path}.input").GetRawText();
                    break;
                case "cache_control":
                    cache = MessagesWire.ReadCache(property.Value);
                    break;
                default:
                    extra.Add(property);
                    break;
            }
        }

        (string plainId, Signature? signature) = ToolCallIdCarrier.Unwrap(id is { Length: > 0 } ? id : throw RequestField.Missing($"{path}.id"));
        return new ToolCallPart(plainId, name is { Length: > 0 } ? name : throw RequestField.Missing($"{path}.name"), input)
        {
            Signature = signature,
            Cache = cache,
            Extra = extra.Build(),
        };
    }

    private static ToolResultPart ReadToolResult(JsonElement block, string path)
    {
        string? id = null;
        IReadOnlyList<ContentPart> content = [];
        bool isError = false;
        CacheBreakpoint? cache = null;
        var extra = new ExtraFieldsBuilder(MessagesWire.Id, path);
        foreach (JsonProperty property in block.EnumerateObject())
        {
            switch (property.Name)
            {
                case "type":
                case var _ when property.Value.ValueKind == JsonValueKind.Null:
                    break;
                case "tool_use_id":
                    id = RequestField.String(property.Value, $"{path}.tool_use_id");
                    break;
                case "content":
                    content = ReadContent(property.Value, $"{path}.content");
                    break;
                case "is_error":
                    isError = RequestField.Boolean(property.Value, $"{path}.is_error");
                    break;
                case "cache_control":
                    cache = MessagesWire.ReadCache(property.Value);
                    break;
                default:
                    extra.Add(property);
                    break;
            }
        }

        string plainId = ToolCallIdCarrier.Unwrap(id is { Length: > 0 } ? id : throw RequestField.Missing($"{path}.tool_use_id")).Id;
        return new ToolResultPart(plainId, content) { IsError = isError, Cache = cache, Extra = extra.Build() };
    }

    private static ReasoningPart ReadThinking(JsonElement block, string type, string path)
    {
        bool redacted = type == "redacted_thinking";
        string text = "";
        string? seal = null;
        var extra = new ExtraFieldsBuilder(MessagesWire.Id, path);
        foreach (JsonProperty property in block.EnumerateObject())
        {
            switch (property.Name)
            {
                case "type":
                case "cache_control":
                case var _ when property.Value.ValueKind == JsonValueKind.Null:
                    break;
                case "thinking" when !redacted:
                    text = RequestField.String(property.Value, $"{path}.thinking");
                    break;
                case "signature" when !redacted:
                    seal = RequestField.String(property.Value, $"{path}.signature");
                    break;
                case "data" when redacted:
                    seal = RequestField.String(property.Value, $"{path}.data");
                    break;
                default:
                    extra.Add(property);
                    break;
            }
        }

        return new ReasoningPart(text)
        {
            Redacted = redacted,
            Signature = seal is { Length: > 0 } ? SignatureCarrier.Unwrap(seal, MessagesWire.Id) : null,
            Extra = extra.Build(),
        };
    }

    private static void WriteToolResult(Utf8JsonWriter writer, ToolResultPart result)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "tool_result"u8);
        writer.WriteString("tool_use_id"u8, result.CallId);
        if (result.Content.Count > 0)
        {
            WriteContent(writer, "content"u8, result.Content);
        }

        if (result.IsError)
        {
            writer.WriteBoolean("is_error"u8, true);
        }

        WriteEnd(writer, result);
    }

    private static void WriteEnd(Utf8JsonWriter writer, ContentPart part)
    {
        MessagesWire.WriteCache(writer, part.Cache);
        writer.WriteExtra(part.Extra, MessagesWire.Id);
        writer.WriteEndObject();
    }
}
