using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>Writes the content of messages and tool results.</summary>
/// <param name="writer">Stands where the content goes.</param>
/// <param name="own">True when the request was read from this dialect.</param>
/// <param name="cacheBreakpoints">True when the model takes marks for the cache.</param>
/// <param name="report">Takes what cannot be said.</param>
internal sealed class ResponsesContentWriter(Utf8JsonWriter writer, bool own, bool cacheBreakpoints, TranslationReport report)
{
    /// <summary>False, with a report, for what the API takes from nobody; what a client of its own sends is left to it to judge.</summary>
    public bool CanSay(ContentPart part)
    {
        string? reason = part switch
        {
            OpaquePart opaque when opaque.Dialect != DialectIds.Responses => "only its own dialect can say it",
            MediaPart { Kind: MediaKind.Audio } when !own => "the Responses API takes no sound",
            MediaPart { Kind: MediaKind.Video } when !own => "the Responses API takes no moving pictures",
            _ => null,
        };
        if (reason is not null)
        {
            report.Drop(FieldNames.Of(part), reason);
        }

        return reason is null;
    }

    /// <summary>One plain text is written as a string, as every server takes it; anything else is a list.</summary>
    public void Write(IReadOnlyList<ContentPart> parts, bool assistant)
    {
        if (parts is [TextPart { Extra: null, Citations.Count: 0 } only] && !(only.Cache is not null && cacheBreakpoints && !assistant))
        {
            writer.WriteStringValue(only.Text);
            DropCache(only);
            return;
        }

        writer.WriteStartArray();
        foreach (ContentPart part in parts)
        {
            WritePart(part, assistant);
        }

        writer.WriteEndArray();
    }

    private void WritePart(ContentPart part, bool assistant)
    {
        switch (part)
        {
            case TextPart text:
                WriteTextPart(text, assistant);
                break;
            case RefusalPart refusal:
                writer.WriteStartObject();
                writer.WriteString("type"u8, "refusal"u8);
                writer.WriteString("refusal"u8, refusal.Text);
                ResponsesWire.WriteCarried(writer, refusal.Extra);
                writer.WriteEndObject();
                break;
            case MediaPart media:
                WriteMedia(media);
                break;
            case OpaquePart opaque:
                writer.WriteRaw(opaque.Json);
                break;
        }
    }

    private void WriteTextPart(TextPart text, bool assistant)
    {
        writer.WriteStartObject();
        if (!ResponsesWire.Carries(text.Extra, "type"))
        {
            writer.WriteString("type"u8, assistant ? "output_text"u8 : "input_text"u8);
        }

        writer.WriteString("text"u8, text.Text);
        if (assistant && text.Citations.Count > 0)
        {
            writer.WritePropertyName("annotations"u8);
            ResponsesOutput.WriteCitations(writer, text);
        }

        if (assistant && text.LogProbs.Count > 0)
        {
            writer.WritePropertyName("logprobs"u8);
            OpenAILogProbs.Write(writer, text.LogProbs);
        }

        WriteCache(text, assistant);
        ResponsesWire.WriteCarried(writer, text.Extra);
        writer.WriteEndObject();
    }

    private void WriteMedia(MediaPart media)
    {
        if (media.Source is TextSource text)
        {
            WriteTextPart(new TextPart(media.Name is null ? text.Text : $"{media.Name}\n{text.Text}") { Cache = media.Cache }, assistant: false);
            return;
        }

        writer.WriteStartObject();
        WriteMediaFields(media);
        WriteCache(media, assistant: false);
        ResponsesWire.WriteCarried(writer, media.Extra);
        writer.WriteEndObject();
    }

    private void WriteMediaFields(MediaPart media)
    {
        switch (media)
        {
            case { Kind: MediaKind.Audio, Source: Base64Source sound }:
                writer.WriteString("type"u8, "input_audio"u8);
                writer.WriteStartObject("input_audio"u8);
                writer.WriteString("data"u8, sound.Base64.Span);
                writer.WriteString("format"u8, FormatOf(sound.MediaType));
                ResponsesWire.WriteCarried(writer, media.Extra, "input_audio");
                writer.WriteEndObject();
                break;
            case { Kind: MediaKind.Image }:
                writer.WriteString("type"u8, "input_image"u8);
                WriteSource(media.Source, "image_url"u8, "image_url"u8);
                WriteDetail(media);
                break;
            default:
                writer.WriteString("type"u8, "input_file"u8);
                if (media.Name is not null || (!own && media.Source is Base64Source))
                {
                    writer.WriteString("filename"u8, media.Name ?? NameOf(media.Source));
                }

                WriteSource(media.Source, "file_url"u8, "file_data"u8);
                WriteDetail(media);
                break;
        }
    }

    private void WriteSource(MediaSource source, ReadOnlySpan<byte> url, ReadOnlySpan<byte> data)
    {
        switch (source)
        {
            case UrlSource address:
                writer.WriteString(url, address.Url);
                break;
            case Base64Source bytes:
                writer.WritePropertyName(data);
                DataUrl.Write(writer, bytes);
                break;
            case FileSource file:
                writer.WriteString("file_id"u8, file.FileId);
                break;
        }
    }

    private void WriteDetail(MediaPart media)
    {
        if (media.Detail is not null)
        {
            writer.WriteString("detail"u8, media.Detail);
        }
    }

    /// <summary>The end of a cacheable prefix; older models find prefixes by themselves and refuse the mark.</summary>
    private void WriteCache(ContentPart part, bool assistant)
    {
        if (part.Cache is null)
        {
            return;
        }

        if (assistant || !(cacheBreakpoints || own))
        {
            DropCache(part);
            return;
        }

        writer.WriteStartObject("prompt_cache_breakpoint"u8);
        writer.WriteString("mode"u8, "explicit"u8);
        writer.WriteEndObject();
    }

    private void DropCache(ContentPart part)
    {
        if (part.Cache is not null)
        {
            report.Change("cache_control", CacheBreakpoints.FindsPrefixes);
        }
    }

    private static string FormatOf(string mediaType) => mediaType.ToLowerInvariant() switch
    {
        "audio/mpeg" or "audio/mp3" => "mp3",
        "audio/wav" or "audio/x-wav" or "audio/wave" or "audio/vnd.wave" => "wav",
        var other => other[(other.IndexOf('/') + 1)..],
    };

    private static string NameOf(MediaSource source) =>
        source is Base64Source { MediaType: { } type } && MediaTypes.ExtensionOf(type) is { } extension ? $"document.{extension}" : "document";
}
