using System.Globalization;
using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.ChatCompletions;

/// <summary>
/// A model's thinking in an assistant's message. OpenAI never shows it in this API; others do, each in its own way:
/// <code>
/// reasoning_content: "…"                                       DeepSeek, https://api-docs.deepseek.com/guides/thinking_mode; vLLM, xAI, Qwen …
/// reasoning: "…"                                               OpenRouter, Groq, Ollama, newer vLLM
/// reasoning_details: [{type: reasoning.text|.summary|.encrypted, …}]   OpenRouter, https://openrouter.ai/docs/use-cases/reasoning-tokens
/// thinking_blocks: [{type: thinking|redacted_thinking, …}]     LiteLLM, https://docs.litellm.ai/docs/reasoning_content
/// reasoning_signature: "…"|["…"]                               Braintrust's proxy, beside reasoning
/// content: [{type: reasoning, summary: [{type: summary_text, text, signature}]}, …]    Databricks
/// content: [{type: thinking, thinking: [{type: text, text}]}, …]                      Mistral
/// </code>
/// A client is given <c>reasoning_content</c>, and <c>reasoning_details</c> where there is a seal to be replayed.
/// </summary>
internal static class ChatCompletionsReasoning
{
    /// <summary>The message fields that hold thinking. Each is kept as it comes by; <see cref="Read"/> sorts them out.</summary>
    internal struct Fields
    {
        public string? Text { get; set; }

        public JsonElement? Details { get; set; }

        public JsonElement? Blocks { get; set; }

        public JsonElement? Signatures { get; set; }

        /// <summary>Takes a field; false when it holds no thinking.</summary>
        public bool Take(JsonProperty property)
        {
            switch (property.Name)
            {
                case "reasoning_content" or "reasoning" when property.Value.ValueKind == JsonValueKind.String:
                    Text = string.IsNullOrEmpty(Text) ? Json.Text(property.Value) : Text;
                    return true;
                case "reasoning_details" when property.Value.ValueKind == JsonValueKind.Array:
                    Details = property.Value;
                    return true;
                case "thinking_blocks" when property.Value.ValueKind == JsonValueKind.Array:
                    Blocks = property.Value;
                    return true;
                case "reasoning_signature":
                    Signatures = property.Value;
                    return true;
                default:
                    return false;
            }
        }
    }

    /// <summary>Adds the parts that the fields stand for. They often say the same thing twice; the one that says most is taken.</summary>
    /// <param name="fields">What the message holds.</param>
    /// <param name="fromClient">Seals may be wrapped, see <see cref="SignatureCarrier"/>.</param>
    /// <param name="parts">Takes the parts.</param>
    public static void Read(in Fields fields, bool fromClient, List<ContentPart> parts)
    {
        if (fields.Details is { } details && details.GetArrayLength() > 0)
        {
            ReadDetails(details, fields.Text, fromClient, parts);
        }
        else if (fields.Blocks is { } blocks && blocks.GetArrayLength() > 0)
        {
            foreach (JsonElement block in blocks.EnumerateArray())
            {
                ReadPart(block, fromClient, parts);
            }
        }
        else
        {
            List<string> seals = Strings(fields.Signatures);
            if (!string.IsNullOrEmpty(fields.Text) || seals.Count > 0)
            {
                parts.Add(new ReasoningPart(fields.Text ?? "") { Signature = seals.Count > 0 ? Seal(seals[0], fromClient) : null });
                parts.AddRange(seals.Skip(1).Select(seal => new ReasoningPart("") { Signature = Seal(seal, fromClient) }));
            }
        }
    }

    /// <summary>Reads a content part or a thinking block that holds thinking; false when it is something else.</summary>
    public static bool ReadPart(JsonElement part, bool fromClient, List<ContentPart> parts)
    {
        switch (Text(part, "type"))
        {
            case "reasoning":
                ReadSummaries(part, fromClient, parts);
                return true;
            case "thinking":
                string text = part.TryGetProperty("thinking", out JsonElement thinking) ? Words(thinking) : "";
                parts.Add(new ReasoningPart(text) { Signature = Seal(Text(part, "signature"), fromClient) });
                return true;
            case "redacted_thinking" when Text(part, "data") is { } data:
                parts.Add(new ReasoningPart("") { Redacted = true, Signature = Seal(data, fromClient) });
                return true;
            default:
                return false;
        }
    }

    /// <summary>
    /// The text of one entry of <c>reasoning_details</c>, and its seal. An encrypted entry has a seal only.
    /// </summary>
    public static (string? Text, string? Seal, bool IsSummary, bool IsEncrypted) ReadDetail(JsonElement detail) => Text(detail, "type") switch
    {
        "reasoning.summary" => (Text(detail, "summary"), Text(detail, "signature"), true, false),
        "reasoning.encrypted" => (null, Text(detail, "data"), false, true),
        _ => (Text(detail, "text"), Text(detail, "signature"), false, false),
    };

    /// <summary>Writes one entry of <c>reasoning_details</c> for a part.</summary>
    /// <param name="writer">Stands in the array.</param>
    /// <param name="part">The part; its text is left out when empty.</param>
    /// <param name="seal">Its seal as it is to be written.</param>
    /// <param name="index">Its number among the entries, by which clients merge the pieces of a stream.</param>
    /// <param name="span">In a stream, where its text stands in all of <c>reasoning_content</c>, so that it can be found again.</param>
    public static void WriteDetail(Utf8JsonWriter writer, ReasoningPart part, string? seal, int index, (int Start, int End)? span = null)
    {
        writer.WriteStartObject();
        if (part.Redacted)
        {
            writer.WriteString("type"u8, "reasoning.encrypted"u8);
            writer.WriteString("data"u8, seal ?? "");
        }
        else
        {
            writer.WriteString("type"u8, part.IsSummary ? "reasoning.summary"u8 : "reasoning.text"u8);
            if (part.Text.Length > 0)
            {
                writer.WriteString(part.IsSummary ? "summary"u8 : "text"u8, part.Text);
            }

            if (seal is not null)
            {
                writer.WriteString("signature"u8, seal);
            }

            if (span is { } place)
            {
                writer.WriteString("id"u8, string.Create(CultureInfo.InvariantCulture, $"text:{place.Start}-{place.End}"));
            }
        }

        writer.WriteNumber("index"u8, index);
        writer.WriteEndObject();
    }

    /// <summary>Writes thinking back to a provider in the field that it wants it in, but for <c>content</c>, which is a part of the message's own.</summary>
    public static void WriteReplay(Utf8JsonWriter writer, string field, IReadOnlyList<ReasoningPart> parts)
    {
        switch (field)
        {
            case "reasoning_details":
                writer.WriteStartArray(field);
                for (int i = 0; i < parts.Count; i++)
                {
                    WriteDetail(writer, parts[i], parts[i].Signature?.Value, i);
                }

                writer.WriteEndArray();
                break;
            case "thinking_blocks":
                writer.WriteStartArray(field);
                foreach (ReasoningPart part in parts)
                {
                    WriteBlock(writer, part);
                }

                writer.WriteEndArray();
                break;
            default:
                writer.WriteString(field, string.Concat(parts.Select(p => p.Text)));
                if (field == "reasoning" && parts.Any(p => p.Signature is not null))
                {
                    writer.WriteStartArray("reasoning_signature"u8);
                    foreach (ReasoningPart part in parts.Where(p => p.Signature is not null))
                    {
                        writer.WriteStringValue(part.Signature!.Value);
                    }

                    writer.WriteEndArray();
                }

                break;
        }
    }

    /// <summary>Writes a part as Databricks has it in a message's content.</summary>
    public static void WriteContentPart(Utf8JsonWriter writer, ReasoningPart part)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "reasoning"u8);
        writer.WriteStartArray("summary"u8);
        writer.WriteStartObject();
        writer.WriteString("type"u8, part.Redacted ? "summary_encrypted_text"u8 : "summary_text"u8);
        if (part.Redacted)
        {
            writer.WriteString("encrypted_text"u8, part.Signature?.Value ?? "");
        }
        else
        {
            writer.WriteString("text"u8, part.Text);
            if (part.Signature is not null)
            {
                writer.WriteString("signature"u8, part.Signature.Value);
            }
        }

        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteBlock(Utf8JsonWriter writer, ReasoningPart part)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, part.Redacted ? "redacted_thinking"u8 : "thinking"u8);
        if (part.Redacted)
        {
            writer.WriteString("data"u8, part.Signature?.Value ?? "");
        }
        else
        {
            writer.WriteString("thinking"u8, part.Text);
            writer.WriteString("signature"u8, part.Signature?.Value ?? "");
        }

        writer.WriteEndObject();
    }

    private static void ReadDetails(JsonElement details, string? whole, bool fromClient, List<ContentPart> parts)
    {
        int first = parts.Count;
        int lastIndex = -1;
        bool anyText = false;
        foreach (JsonElement detail in details.EnumerateArray())
        {
            (string? text, string? sealText, bool isSummary, bool isEncrypted) = ReadDetail(detail);
            Signature? seal = Seal(sealText, fromClient);
            int index = detail.ValueKind == JsonValueKind.Object && detail.TryGetProperty("index", out JsonElement number) && number.TryGetInt32(out int i) ? i : -1;
            anyText |= !string.IsNullOrEmpty(text);
            ReasoningPart? last = parts.Count > first ? (ReasoningPart)parts[^1] : null;
            if (isEncrypted)
            {
                // The cipher text of a summary stands after it.
                if (last is { Signature: null, IsSummary: true })
                {
                    parts[^1] = last with { Signature = seal };
                }
                else
                {
                    parts.Add(new ReasoningPart("") { Redacted = true, Signature = seal });
                }
            }
            else if (last is { Signature: null, Redacted: false } && index >= 0 && index == lastIndex && last.IsSummary == isSummary)
            {
                // The pieces of a stream that the client did not join.
                parts[^1] = last with { Text = last.Text + text, Signature = seal };
            }
            else
            {
                text ??= Cut(whole, Text(detail, "id"));
                anyText |= !string.IsNullOrEmpty(text);
                parts.Add(new ReasoningPart(text ?? "") { IsSummary = isSummary, Signature = seal });
            }

            lastIndex = index;
        }

        if (!anyText && !string.IsNullOrEmpty(whole))
        {
            PlaceText(whole, first, parts);
        }
    }

    private static void PlaceText(string text, int first, List<ContentPart> parts)
    {
        for (int i = first; i < parts.Count; i++)
        {
            if (parts[i] is ReasoningPart { Redacted: false } part)
            {
                parts[i] = part with { Text = text };
                return;
            }
        }

        parts.Insert(first, new ReasoningPart(text));
    }

    private static string? Cut(string? whole, string? span)
    {
        if (whole is null || span is null || !span.StartsWith("text:", StringComparison.Ordinal))
        {
            return null;
        }

        string[] ends = span[5..].Split('-');
        return ends.Length == 2
            && int.TryParse(ends[0], CultureInfo.InvariantCulture, out int start) && int.TryParse(ends[1], CultureInfo.InvariantCulture, out int end)
            && start >= 0 && start <= end && end <= whole.Length
                ? whole[start..end]
                : null;
    }

    private static void ReadSummaries(JsonElement part, bool fromClient, List<ContentPart> parts)
    {
        if (part.TryGetProperty("summary", out JsonElement summary) && summary.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in summary.EnumerateArray())
            {
                if (Text(item, "encrypted_text") is { } cipher)
                {
                    parts.Add(new ReasoningPart("") { Redacted = true, Signature = Seal(cipher, fromClient) });
                    continue;
                }

                // It is called a summary, and is the thinking itself: its seal covers it.
                parts.Add(new ReasoningPart(Text(item, "text") ?? "") { Signature = Seal(Text(item, "signature"), fromClient) });
            }
        }
        else if (part.TryGetProperty("text", out JsonElement text) || part.TryGetProperty("content", out text) || part.TryGetProperty("reasoning", out text))
        {
            parts.Add(new ReasoningPart(Words(text)) { Signature = Seal(Text(part, "signature"), fromClient) });
        }
    }

    private static Signature? Seal(string? text, bool fromClient) => string.IsNullOrEmpty(text) ? null
        : fromClient ? SignatureCarrier.Unwrap(text, ChatCompletionsWire.Id)
        : new Signature(text, ChatCompletionsWire.Id);

    private static string Words(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => Json.Text(value)!,
        JsonValueKind.Array => string.Concat(value.EnumerateArray().Select(Words)),
        JsonValueKind.Object => Text(value, "text") ?? "",
        _ => "",
    };

    private static List<string> Strings(JsonElement? value) => value switch
    {
        { ValueKind: JsonValueKind.String } one => [Json.Text(one)!],
        { ValueKind: JsonValueKind.Array } many => [.. many.EnumerateArray().Select(Json.Text).OfType<string>()],
        _ => [],
    };

    private static string? Text(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) ? Json.Text(value) : null;
}
