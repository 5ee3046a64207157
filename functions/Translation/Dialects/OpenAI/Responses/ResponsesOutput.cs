using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>
/// Reads the items of a provider's <c>output</c>, whole answers and streams alike. Whatever is missing or odd is passed over: compatible
/// servers leave much out. An item that only this API knows is kept as JSON.
/// </summary>
internal static class ResponsesOutput
{
    /// <summary>Reads all items of an answer.</summary>
    public static List<ContentPart> Read(JsonElement output)
    {
        List<ContentPart> parts = [];
        if (output.ValueKind != JsonValueKind.Array)
        {
            return parts;
        }

        int index = 0;
        foreach (JsonElement item in output.EnumerateArray())
        {
            ReadItem(item, index++, parts);
        }

        return parts;
    }

    /// <summary>Adds the parts of an item; those that say nothing at all are left out.</summary>
    public static void ReadItem(JsonElement item, int index, List<ContentPart> parts)
    {
        switch (Text(item, "type"))
        {
            case "message":
                ReadMessage(item, index, parts);
                break;
            case "reasoning" when ReadReasoning(item) is { } reasoning:
                parts.Add(reasoning);
                break;
            case "function_call" when ReadCall(item) is { } call:
                parts.Add(call);
                break;
            case "custom_tool_call" when ReadCall(item) is { } call:
                parts.Add(call);
                break;
            case "image_generation_call" when ReadImage(item) is { } image:
                parts.Add(image);
                break;
            case null or "reasoning" or "function_call" or "custom_tool_call":
                break;
            default:
                parts.Add(new OpaquePart(DialectIds.Responses, item.Clone(), $"output[{index}]"));
                break;
        }
    }

    /// <summary>Reads a call with its arguments; null when it has no name.</summary>
    public static ToolCallPart? ReadCall(JsonElement item)
    {
        bool custom = Text(item, "type") == "custom_tool_call";
        string? id = NotEmpty(Text(item, "call_id")) ?? NotEmpty(Text(item, "id"));
        return NotEmpty(Text(item, "name")) is not { } name || id is null
            ? null
            : new ToolCallPart(id, name, ArgumentsOf(item, custom ? "input" : "arguments"))
            {
                Kind = custom ? ToolKind.Custom : ToolKind.Function,
                Namespace = NotEmpty(Text(item, "namespace")),
            };
    }

    /// <summary>Reads reasoning; null when it is neither readable nor sealed.</summary>
    public static ReasoningPart? ReadReasoning(JsonElement item)
    {
        (string text, bool isSummary, _) = ResponsesInput.ReadReasoning(item);
        Signature? signature = SealOf(item);
        isSummary &= text.Length > 0 && Text(item, "encrypted_content") != ResponsesWire.Unsealed;
        return text.Length == 0 && signature is null ? null : new ReasoningPart(text) { IsSummary = isSummary, Signature = signature };
    }

    /// <summary>The cipher text of a reasoning item, or null.</summary>
    public static Signature? SealOf(JsonElement item) =>
        NotEmpty(Text(item, "encrypted_content")) is { } cipher && !cipher.StartsWith(ResponsesWire.Unsealed, StringComparison.Ordinal) ? new Signature(cipher, DialectIds.Responses) : null;

    /// <summary>Reads a picture that was made; null when it is not finished.</summary>
    public static MediaPart? ReadImage(JsonElement item)
    {
        if (!item.TryGetProperty("result", out JsonElement result) || result.ValueKind != JsonValueKind.String || result.Is(""))
        {
            return null;
        }

        string type = MediaTypes.OfName("." + (Text(item, "output_format") ?? "png")) ?? "image/png";
        return new MediaPart(MediaKind.Image, new Base64Source(type, Json.Base64Bytes(result)));
    }

    /// <summary>Reads one part of a message; null when it says nothing.</summary>
    public static ContentPart? ReadPart(JsonElement part, string path)
    {
        switch (Text(part, "type"))
        {
            case "output_text" or "text":
                string text = Text(part, "text") ?? "";
                IReadOnlyList<Citation> citations = part.TryGetProperty("annotations", out JsonElement annotations)
                    ? ReadCitations(annotations, path + ".annotations", keepOriginal: false)
                    : [];
                IReadOnlyList<TokenLogProb> logProbs = part.TryGetProperty("logprobs", out JsonElement list) ? OpenAILogProbs.Read(list) : [];
                return text.Length == 0 && citations.Count == 0 ? null : new TextPart(text) { Citations = citations, LogProbs = logProbs };
            case "refusal":
                return NotEmpty(Text(part, "refusal")) is { } refusal ? new RefusalPart(refusal) : null;
            case null:
                return null;
            default:
                return new OpaquePart(DialectIds.Responses, part.Clone(), path);
        }
    }

    /// <summary>Reads annotations. Those that are not of a web page say more than a citation can hold and are kept beside it.</summary>
    /// <param name="keepOriginal">True to keep every annotation as it came: what a client sends back can be said in this dialect only.</param>
    public static IReadOnlyList<Citation> ReadCitations(JsonElement annotations, string path, bool keepOriginal)
    {
        if (annotations.ValueKind != JsonValueKind.Array || annotations.GetArrayLength() == 0)
        {
            return [];
        }

        List<Citation> citations = [];
        foreach (JsonElement annotation in annotations.EnumerateArray())
        {
            if (annotation.ValueKind == JsonValueKind.Object)
            {
                citations.Add(ReadCitation(annotation, $"{path}[{citations.Count}]", keepOriginal));
            }
        }

        return citations;
    }

    /// <summary>Reads one annotation.</summary>
    public static Citation ReadCitation(JsonElement annotation, string path, bool keepOriginal)
    {
        Citation citation = OpenAICitation.Read(annotation);
        bool page = Text(annotation, "type") == "url_citation";
        return page && !keepOriginal
            ? citation
            : citation with
            {
                Title = citation.Title ?? Text(annotation, "filename"),
                Original = new OpaquePart(DialectIds.Responses, annotation.Clone(), path),
            };
    }

    /// <summary>Writes annotations; those that name no page can only be written as they came.</summary>
    public static void WriteCitations(Utf8JsonWriter writer, TextPart text)
    {
        writer.WriteStartArray();
        foreach (Citation citation in text.Citations)
        {
            if (CanWrite(citation))
            {
                WriteCitation(writer, citation, citation.PlaceIn(text.Text));
            }
        }

        writer.WriteEndArray();
    }

    /// <summary>True when a citation can be said here.</summary>
    public static bool CanWrite(Citation citation) => citation.Url is not null || citation.Original?.Dialect == DialectIds.Responses;

    /// <summary>Writes one annotation.</summary>
    public static void WriteCitation(Utf8JsonWriter writer, Citation citation, (int Start, int End) place)
    {
        if (citation.Original is { } original && original.Dialect == DialectIds.Responses)
        {
            writer.WriteRaw(original.Json);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("type"u8, "url_citation"u8);
        OpenAICitation.WriteFields(writer, citation, place.Start, place.End);
        writer.WriteEndObject();
    }

    /// <summary>Writes a part that has nothing but a text.</summary>
    public static void WriteTextPart(Utf8JsonWriter writer, ReadOnlySpan<byte> type, string text)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, type);
        writer.WriteString("text"u8, text);
        writer.WriteEndObject();
    }

    /// <summary>A string property, or null.</summary>
    public static string? Text(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) ? Json.Text(value) : null;

    private static void ReadMessage(JsonElement item, int index, List<ContentPart> parts)
    {
        if (!item.TryGetProperty("content", out JsonElement content))
        {
            return;
        }

        if (content.ValueKind == JsonValueKind.String)
        {
            if (NotEmpty(Json.Text(content)) is { } text)
            {
                parts.Add(new TextPart(text));
            }

            return;
        }

        if (content.ValueKind != JsonValueKind.Array)
        {
            return;
        }

        int at = 0;
        foreach (JsonElement part in content.EnumerateArray())
        {
            if (ReadPart(part, $"output[{index}].content[{at++}]") is { } read)
            {
                parts.Add(read);
            }
        }
    }

    /// <summary>Arguments are JSON in a string; some servers send the object itself.</summary>
    private static string ArgumentsOf(JsonElement item, string name) => item.TryGetProperty(name, out JsonElement value) ? value.ValueKind switch
    {
        JsonValueKind.String => Json.Text(value)!,
        JsonValueKind.Object or JsonValueKind.Array => value.GetRawText(),
        _ => "",
    }
    : "";

    private static string? NotEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
