using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.ChatCompletions;

/// <summary>
/// The parts of a message's content: text, images, sounds, files, video. Sources:
/// https://platform.openai.com/docs/api-reference/chat/create (messages), https://docs.vllm.ai/en/latest/features/multimodal_inputs.html
/// (<c>video_url</c>, <c>audio_url</c>), https://openrouter.ai/docs/features/multimodal/pdfs (addresses in <c>file_data</c>).
/// </summary>
internal static class ChatCompletionsContent
{
    /// <summary>Reads a content: a string or a list of parts.</summary>
    /// <param name="content">The value.</param>
    /// <param name="path">Its JSON path.</param>
    /// <param name="fromClient">True for a request, whose faults are the client's; what an answer holds is read as far as it goes.</param>
    /// <param name="parts">Takes the parts.</param>
    public static void Read(JsonElement content, string path, bool fromClient, List<ContentPart> parts)
    {
        switch (content.ValueKind)
        {
            case JsonValueKind.Null:
                break;
            case JsonValueKind.String:
                parts.Add(new TextPart(Json.Text(content)!));
                break;
            case JsonValueKind.Array:
                int index = 0;
                foreach (JsonElement part in content.EnumerateArray())
                {
                    ReadPart(part, $"{path}[{index++}]", fromClient, parts);
                }

                break;
            case JsonValueKind.Object when !fromClient:
                ReadPart(content, path, fromClient, parts);
                break;
            default:
                if (fromClient)
                {
                    throw RequestField.Wrong(path, "a string or an array", content);
                }

                break;
        }
    }

    /// <summary>
    /// Writes a part of a user's message. What cannot be said here is reported, by its type: the part's number is no longer the client's
    /// once the adapter has taken others out.
    /// </summary>
    public static void WritePart(Utf8JsonWriter writer, ContentPart part, DialectQuirks quirks, TranslationReport report)
    {
        switch (part)
        {
            case TextPart text:
                WriteText(writer, text);
                break;
            case RefusalPart refusal:
                WriteText(writer, new TextPart(refusal.Text));
                break;
            case MediaPart media:
                WriteMedia(writer, media, quirks.AnyMedia, report);
                break;
            case OpaquePart opaque when opaque.Dialect == ChatCompletionsWire.Id:
                writer.WriteRaw(opaque.Json);
                break;
            default:
                report.Drop(FieldNames.Of(part), "a user's message cannot hold this here");
                break;
        }
    }

    /// <summary>Writes a text part.</summary>
    public static void WriteText(Utf8JsonWriter writer, TextPart part)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "text"u8);
        writer.WriteString("text"u8, part.Text);
        EndPart(writer, part);
    }

    /// <summary>The words of a text document, or null when the part is something else.</summary>
    public static string? TextOf(MediaPart media)
    {
        string? text = media.Source switch
        {
            TextSource source => source.Text,
            Base64Source { MediaType: "text/plain" or "text/markdown" or "text/csv" or "text/html" or "application/json" or "application/xml" } source
                when media.Kind == MediaKind.Document => DecodeText(source.Base64.Span),
            _ => null,
        };
        return text is null || media.Name is null ? text : $"{media.Name}\n{text}";
    }

    private static void ReadPart(JsonElement part, string path, bool fromClient, List<ContentPart> parts)
    {
        if (part.ValueKind != JsonValueKind.Object)
        {
            if (part.ValueKind == JsonValueKind.String)
            {
                parts.Add(new TextPart(Json.Text(part)!));
            }
            else if (fromClient)
            {
                throw RequestField.Wrong(path, "an object", part);
            }

            return;
        }

        string? type = part.TryGetProperty("type", out JsonElement typeElement) ? Json.Text(typeElement) : null;
        if (type is null && fromClient)
        {
            throw RequestField.Missing($"{path}.type");
        }

        if (ChatCompletionsReasoning.ReadPart(part, fromClient, parts))
        {
            return;
        }

        CacheBreakpoint? cache = null;
        var extra = new ExtraFieldsBuilder(ChatCompletionsWire.Id, path);
        ContentPart? read = type switch
        {
            "text" or "input_text" or "output_text" or null => ReadText(part, path, "text", fromClient, ref extra, ref cache) is { } text ? new TextPart(text) : null,
            "refusal" => ReadText(part, path, "refusal", fromClient, ref extra, ref cache) is { } refusal ? new RefusalPart(refusal) : null,
            "image_url" or "input_image" => ReadMedia(part, path, "image_url", MediaKind.Image, fromClient, ref extra, ref cache),
            "input_audio" => ReadMedia(part, path, "input_audio", MediaKind.Audio, fromClient, ref extra, ref cache),
            "audio_url" => ReadMedia(part, path, "audio_url", MediaKind.Audio, fromClient, ref extra, ref cache),
            "video_url" => ReadMedia(part, path, "video_url", MediaKind.Video, fromClient, ref extra, ref cache),
            "file" or "input_file" => ReadMedia(part, path, "file", MediaKind.Document, fromClient, ref extra, ref cache),
            _ => new OpaquePart(ChatCompletionsWire.Id, part, path),
        };
        if (read is not null)
        {
            parts.Add(read is OpaquePart ? read : read with { Cache = cache, Extra = extra.Build() });
        }
    }

    private static string? ReadText(JsonElement part, string path, string field, bool fromClient, ref ExtraFieldsBuilder extra, ref CacheBreakpoint? cache)
    {
        string? text = null;
        foreach (JsonProperty property in part.EnumerateObject())
        {
            if (property.NameEquals(field))
            {
                text = fromClient ? RequestField.String(property.Value, $"{path}.{field}") : Json.Text(property.Value);
            }
            else
            {
                ReadCommon(property, ref extra, ref cache);
            }
        }

        return text is null && fromClient ? throw RequestField.Missing($"{path}.{field}") : text;
    }

    private static void ReadCommon(JsonProperty property, ref ExtraFieldsBuilder extra, ref CacheBreakpoint? cache)
    {
        switch (property.Name)
        {
            case "type" or "annotations" or "logprobs" or "index":
                break;
            case "cache_control":
                cache = ChatCompletionsWire.ReadCache(property.Value);
                break;
            case "prompt_cache_breakpoint" when property.Value.ValueKind == JsonValueKind.Object:
                cache ??= new CacheBreakpoint();
                extra.AddIncidental(property);
                break;
            default:
                if (property.Value.ValueKind != JsonValueKind.Null)
                {
                    extra.Add(property);
                }

                break;
        }
    }

    private static MediaPart? ReadMedia(
        JsonElement part, string path, string field, MediaKind kind, bool fromClient, ref ExtraFieldsBuilder extra, ref CacheBreakpoint? cache)
    {
        var draft = new ChatCompletionsMediaDraft(kind, fromClient);
        foreach (JsonProperty property in part.EnumerateObject())
        {
            if (!property.NameEquals(field))
            {
                // Flat, as in Responses: image_url beside detail, file_data beside filename.
                if (!draft.Take(property, $"{path}.{property.Name}"))
                {
                    ReadCommon(property, ref extra, ref cache);
                }

                continue;
            }

            if (property.Value.ValueKind != JsonValueKind.Object)
            {
                draft.TakeUrl(property.Value, $"{path}.{field}");
                continue;
            }

            foreach (JsonProperty inner in property.Value.EnumerateObject())
            {
                if (!draft.Take(inner, $"{path}.{field}.{inner.Name}") && inner.Value.ValueKind != JsonValueKind.Null)
                {
                    extra.Add(field, inner);
                }
            }
        }

        return draft.Build() ?? (fromClient ? throw RequestField.Missing($"{path}.{field}") : null);
    }

    private static void WriteMedia(Utf8JsonWriter writer, MediaPart media, bool any, TranslationReport report)
    {
        switch (media)
        {
            case { Source: FileSource file }:
                BeginMedia(writer, "file", "file");
                writer.WriteString("file_id"u8, file.FileId);
                EndMedia(writer, media, "file");
                break;
            case { Kind: MediaKind.Image }:
                BeginMedia(writer, "image_url", "image_url");
                WriteUrl(writer, "url", media.Source);
                if (media.Detail is not null)
                {
                    writer.WriteString("detail"u8, media.Detail);
                }

                EndMedia(writer, media, "image_url");
                break;
            case { Kind: MediaKind.Audio, Source: Base64Source sound } when any || ChatCompletionsWire.AudioFormatOf(sound.MediaType) is "wav" or "mp3":
                BeginMedia(writer, "input_audio", "input_audio");
                writer.WriteString("data"u8, sound.Base64.Span);
                writer.WriteString("format"u8, ChatCompletionsWire.AudioFormatOf(sound.MediaType));
                EndMedia(writer, media, "input_audio");
                break;
            case { Kind: MediaKind.Audio, Source: UrlSource } when any:
                WriteAddress(writer, media, "audio_url");
                break;
            case { Kind: MediaKind.Video, Name: null } when any:
                WriteAddress(writer, media, "video_url");
                break;
            case { Kind: MediaKind.Document or MediaKind.Video } when TextOf(media) is { } text:
                report.Change(FieldNames.Of(media), "a text document, given as text");
                WriteText(writer, new TextPart(text) { Cache = media.Cache });
                break;
            case { Kind: MediaKind.Document or MediaKind.Video } when any || media is { Kind: MediaKind.Document, Source: Base64Source }:
                BeginMedia(writer, "file", "file");
                writer.WriteString("filename"u8, media.Name ?? NameFor(media.Source));
                WriteUrl(writer, "file_data", media.Source);
                EndMedia(writer, media, "file");
                break;
            case { Source: UrlSource address }:
                report.Drop(FieldNames.Of(media), "only its address was sent: this provider fetches nothing but images");
                WriteText(writer, new TextPart(address.Url) { Cache = media.Cache });
                break;
            default:
                report.Drop(FieldNames.Of(media), "this provider takes nothing of that kind");
                break;
        }
    }

    private static void WriteAddress(Utf8JsonWriter writer, MediaPart media, string type)
    {
        BeginMedia(writer, type, type);
        WriteUrl(writer, "url", media.Source);
        EndMedia(writer, media, type);
    }

    private static void BeginMedia(Utf8JsonWriter writer, string type, string field)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, type);
        writer.WriteStartObject(field);
    }

    private static void EndMedia(Utf8JsonWriter writer, MediaPart media, string field)
    {
        ChatCompletionsWire.WriteNestedExtra(writer, media.Extra, field);
        writer.WriteEndObject();
        EndPart(writer, media);
    }

    private static void EndPart(Utf8JsonWriter writer, ContentPart part)
    {
        if (part.Extra?["prompt_cache_breakpoint"] is null)
        {
            ChatCompletionsWire.WriteCache(writer, part.Cache);
        }

        ChatCompletionsWire.WriteExtra(writer, part.Extra);
        writer.WriteEndObject();
    }

    private static void WriteUrl(Utf8JsonWriter writer, string field, MediaSource source)
    {
        writer.WritePropertyName(field);
        switch (source)
        {
            case Base64Source bytes:
                DataUrl.Write(writer, bytes);
                break;
            case UrlSource url:
                writer.WriteStringValue(url.Url);
                break;
            default:
                writer.WriteStringValue(""u8);
                break;
        }
    }

    private static string NameFor(MediaSource source) =>
        $"file.{(source is Base64Source { MediaType: var type } ? MediaTypes.ExtensionOf(type) : null) ?? "pdf"}";

    private static string? DecodeText(ReadOnlySpan<byte> base64)
    {
        byte[] bytes = new byte[base64.Length];
        return System.Buffers.Text.Base64.DecodeFromUtf8(base64, bytes, out _, out int written) == System.Buffers.OperationStatus.Done
            ? Encoding.UTF8.GetString(bytes, 0, written)
            : null;
    }
}
