using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>Whole answers. Source: https://platform.claude.com/docs/en/api/messages/create (the object <c>message</c>).</summary>
internal static class MessagesResponse
{
    /// <summary>Reads a provider's answer. What is missing or odd in it is passed over; only another envelope is a fault.</summary>
    public static ChatResponse Decode(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object || (!body.TryGetProperty("content", out JsonElement content) && !body.TryGetProperty("stop_reason", out _)))
        {
            throw new GatewayException(MessagesError.IsEnvelope(body)
                ? MessagesError.Read(body, status: null)
                : GatewayError.Upstream("The provider's answer is not a message of the Anthropic Messages API."));
        }

        var response = new ChatResponse { Choices = [] };
        string? stopReason = null;
        string? stopSequence = null;
        var extra = new ExtraFieldsBuilder(MessagesWire.Id, "");
        var choiceExtra = new ExtraFieldsBuilder(MessagesWire.Id, "");
        foreach (JsonProperty property in body.EnumerateObject())
        {
            JsonElement value = property.Value;
            switch (property.Name)
            {
                case "type" or "role" or "content":
                case var _ when value.ValueKind == JsonValueKind.Null:
                    break;
                case "id":
                    response = response with { Id = Json.Text(value) };
                    break;
                case "model":
                    response = response with { Model = Json.Text(value) is { Length: > 0 } model ? model : null };
                    break;
                case "stop_reason":
                    stopReason = Json.Text(value);
                    break;
                case "stop_sequence":
                    stopSequence = Json.Text(value);
                    break;
                case "usage":
                    response = response with { Usage = MessagesUsage.Read(value, known: null, out string? tier), ServiceTier = tier };
                    break;
                case "stop_details":
                    choiceExtra.Add(property);
                    break;
                default:
                    extra.Add(property);
                    break;
            }
        }

        List<ContentPart> parts = ReadContent(content);
        FinishReason reason = MessagesWire.ToFinishReason(stopReason, parts.Exists(p => p is ToolCallPart));
        return response with
        {
            Choices = [new Choice(0, parts, reason) { StopSequence = stopSequence, Extra = choiceExtra.Build() }],
            Extra = extra.Build(),
        };
    }

    /// <summary>Writes an answer for a client. This API has one choice; others are left out.</summary>
    public static void Encode(Utf8JsonWriter writer, ChatResponse response, AnswerContext context)
    {
        Choice? choice = response.Choices.FirstOrDefault(c => c.Index == 0) ?? response.Choices.FirstOrDefault();
        writer.WriteStartObject();
        writer.WriteString("id"u8, MessagesWire.MessageId(response.Id, context.RequestId));
        writer.WriteString("type"u8, "message"u8);
        writer.WriteString("role"u8, "assistant"u8);
        writer.WriteString("model"u8, response.Model ?? context.Request.Model);
        writer.WriteStartArray("content"u8);
        bool calledTool = false;
        bool refused = false;
        long length = 0;
        foreach (ContentPart part in choice?.Parts ?? [])
        {
            calledTool |= part is ToolCallPart;
            refused |= part is RefusalPart;
            length += WritePart(writer, part);
        }

        writer.WriteEndArray();
        writer.WriteString("stop_reason"u8, MessagesWire.ToStopReason(choice?.FinishReason ?? FinishReason.Stop, choice?.StopSequence, calledTool, refused));
        writer.WriteString("stop_sequence"u8, choice?.StopSequence);
        writer.WriteExtra(choice?.Extra, MessagesWire.Id);
        TokenUsage usage = response.Usage ?? new TokenUsage { InputTokens = Math.Max(1, context.EstimatedInputTokens) };
        MessagesUsage.Write(writer, usage, usage.OutputTokens ?? EstimateTokens(length), response.ServiceTier);
        writer.WriteExtra(response.Extra, MessagesWire.Id);
        writer.WriteEndObject();
    }

    /// <summary>Tokens of a text of that many characters, where nobody counted: a client takes a zero for a fault.</summary>
    public static long EstimateTokens(long characters) => (characters + 3) / 4;

    /// <summary>Reads the blocks of an answer.</summary>
    private static List<ContentPart> ReadContent(JsonElement content)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            return [new TextPart(Json.Text(content)!)];
        }

        if (content.ValueKind != JsonValueKind.Array)
        {
            return [];
        }

        var parts = new List<ContentPart>(content.GetArrayLength());
        foreach (JsonElement block in content.EnumerateArray())
        {
            if (block.ValueKind == JsonValueKind.Object)
            {
                parts.Add(ReadBlock(block, parts.Count));
            }
        }

        return parts;
    }

    /// <summary>Reads a block of an answer; one that this library does not know is kept whole.</summary>
    /// <param name="index">Where it stands, for reports.</param>
    public static ContentPart ReadBlock(JsonElement block, int index)
    {
        string path = $"content[{index}]";
        string? type = Text(block, "type");
        return type switch
        {
            "text" => new TextPart(Text(block, "text") ?? "")
            {
                Citations = block.TryGetProperty("citations", out JsonElement citations) ? MessagesCitation.ReadList(citations, path) : [],
                Extra = Others(block, path, "text", "citations"),
            },
            "thinking" => new ReasoningPart(Text(block, "thinking") ?? "")
            {
                Signature = Text(block, "signature") is { Length: > 0 } signature ? new Signature(signature, MessagesWire.Id) : null,
                Extra = Others(block, path, "thinking", "signature"),
            },
            "redacted_thinking" => new ReasoningPart("")
            {
                Redacted = true,
                Signature = Text(block, "data") is { Length: > 0 } data ? new Signature(data, MessagesWire.Id) : null,
                Extra = Others(block, path, "data", "data"),
            },
            "tool_use" => new ToolCallPart(CallId(block, index), Text(block, "name") is { Length: > 0 } name ? name : "unnamed", Arguments(block))
            {
                Extra = Others(block, path, "id", "name", "input"),
            },
            _ => new OpaquePart(MessagesWire.Id, block, path),
        };
    }

    /// <summary>Writes a part as a block, if there is one for it, and tells how many characters it holds.</summary>
    private static int WritePart(Utf8JsonWriter writer, ContentPart part)
    {
        switch (part)
        {
            case TextPart { Text.Length: > 0 } text:
                return WriteText(writer, text.Text, text.Citations, text.Extra);
            case RefusalPart { Text.Length: > 0 } refusal:
                return WriteText(writer, refusal.Text, [], refusal.Extra);
            case MediaPart media when MessagesMedia.InWords(media) is { Length: > 0 } words:
                return WriteText(writer, words, [], null);
            case ReasoningPart reasoning when reasoning.Text.Length > 0 || reasoning.Signature is not null:
                if (reasoning.Redacted && reasoning.Signature is null)
                {
                    return 0;
                }

                MessagesBlocks.WriteThinking(writer, reasoning, SealOf(reasoning.Signature));
                writer.WriteExtra(reasoning.Extra, MessagesWire.Id);
                writer.WriteEndObject();
                return reasoning.Text.Length;
            case ToolCallPart call:
                writer.WriteStartObject();
                writer.WriteString("type"u8, "tool_use"u8);
                writer.WriteString("id"u8, ToolCallIdCarrier.WrapPlain(call.Id, call.Signature));
                writer.WriteString("name"u8, call.Name);
                MessagesWire.WriteInput(writer, call);
                writer.WriteExtra(call.Extra, MessagesWire.Id);
                writer.WriteEndObject();
                return call.Arguments.Length;
            case OpaquePart opaque when opaque.Dialect == MessagesWire.Id:
                writer.WriteRaw(opaque.Json);
                return 0;
            default:
                return 0;
        }
    }

    /// <summary>The seal as a client carries it; empty for thinking without one, which no provider is sent again.</summary>
    public static string SealOf(Signature? signature) => signature is null ? "" : SignatureCarrier.Wrap(signature, MessagesWire.Id);

    private static int WriteText(Utf8JsonWriter writer, string text, IReadOnlyList<Citation> citations, ExtraFields? extra)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "text"u8);
        writer.WriteString("text"u8, text);
        MessagesCitation.WriteList(writer, citations, ownOnly: false);
        writer.WriteExtra(extra, MessagesWire.Id);
        writer.WriteEndObject();
        return text.Length;
    }

    private static string CallId(JsonElement block, int index) => Text(block, "id") is { Length: > 0 } id ? id : $"toolu_{index}";

    private static string Arguments(JsonElement block) =>
        !block.TryGetProperty("input", out JsonElement input) || input.ValueKind is JsonValueKind.Null ? "{}"
        : Json.Text(input) is { } text ? text
        : input.GetRawText();

    private static ExtraFields? Others(JsonElement block, string path, params ReadOnlySpan<string> known)
    {
        var extra = new ExtraFieldsBuilder(MessagesWire.Id, path);
        foreach (JsonProperty property in block.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.Null && property.Name != "type" && !known.Contains(property.Name))
            {
                extra.Add(property);
            }
        }

        return extra.Build();
    }

    private static string? Text(JsonElement block, string name) => MessagesWire.Find(block, name) is { } value ? Json.Text(value) : null;
}
