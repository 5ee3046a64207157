using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>
/// Images and documents. Sources: https://platform.claude.com/docs/en/build-with-claude/vision,
/// https://platform.claude.com/docs/en/build-with-claude/pdf-support, https://platform.claude.com/docs/en/build-with-claude/files.
/// </summary>
internal static class MessagesMedia
{
    /// <summary>Reads an image or document block.</summary>
    public static ContentPart Read(JsonElement block, MediaKind kind, string path)
    {
        string? name = null;
        JsonElement source = default;
        CacheBreakpoint? cache = null;
        var extra = new ExtraFieldsBuilder(MessagesWire.Id, path);
        foreach (JsonProperty property in block.EnumerateObject())
        {
            switch (property.Name)
            {
                case "type":
                case var _ when property.Value.ValueKind == JsonValueKind.Null:
                    break;
                case "source":
                    source = RequestField.Object(property.Value, $"{path}.source");
                    break;
                case "title" when kind == MediaKind.Document:
                    name = RequestField.String(property.Value, $"{path}.title");
                    break;
                case "cache_control":
                    cache = MessagesWire.ReadCache(property.Value);
                    break;
                default:
                    extra.Add(property);
                    break;
            }
        }

        if (source.ValueKind == JsonValueKind.Undefined)
        {
            throw RequestField.Missing($"{path}.source");
        }

        MediaSource? read = ReadSource(source, kind, $"{path}.source", out bool isWhole);
        if (read is null)
        {
            return new OpaquePart(MessagesWire.Id, block, path) { Cache = cache };
        }

        if (!isWhole)
        {
            extra.Add(block.EnumerateObject().First(p => p.NameEquals("source"u8)));
        }

        return new MediaPart(kind, read) { Name = name, Cache = cache, Extra = extra.Build() };
    }

    /// <summary>True when the API takes the media; otherwise why not.</summary>
    public static bool CanWrite(MediaPart media, out string reason)
    {
        reason = media.Kind switch
        {
            MediaKind.Image when media.Source is Base64Source { MediaType: var type } && ImageType(type) is null => $"images of type {type} are not taken",
            MediaKind.Image or MediaKind.Document when media.Source is FileSource file && file.Dialect != MessagesWire.Id => "the file is stored at another provider",
            MediaKind.Image when media.Source is TextSource => "an image cannot be text",
            MediaKind.Image => "",
            MediaKind.Document when media.Source is Base64Source { MediaType: var type } && !IsPdf(type) && !IsText(type) => $"documents of type {type} are not taken",
            MediaKind.Document => "",
            MediaKind.Audio => "sound is not taken",
            _ => "moving pictures are not taken",
        };
        return reason.Length == 0;
    }

    /// <summary>Writes an image or document block.</summary>
    public static void Write(Utf8JsonWriter writer, MediaPart media)
    {
        bool isImage = media.Kind == MediaKind.Image;
        writer.WriteStartObject();
        writer.WriteString("type"u8, isImage ? "image"u8 : "document"u8);
        if (media.Extra?.Dialect != MessagesWire.Id || media.Extra["source"] is null)
        {
            writer.WriteStartObject("source"u8);
            WriteSource(writer, media.Source, isImage);
            writer.WriteEndObject();
        }

        if (!isImage && media.Name is { Length: > 0 } name)
        {
            writer.WriteString("title"u8, name);
        }

        MessagesWire.WriteCache(writer, media.Cache);
        writer.WriteExtra(media.Extra, MessagesWire.Id);
        writer.WriteEndObject();
    }

    /// <summary>
    /// What a client of this API reads in place of media that a model made, which it has no block for: what is said in a sound, or the
    /// address of a picture. Never the bytes: they would come back as text with every later turn.
    /// </summary>
    public static string InWords(MediaPart media) => media switch
    {
        { Transcript: { Length: > 0 } transcript } => transcript,
        { Source: UrlSource url } => $"[{media.Name ?? media.Kind.ToString().ToLowerInvariant()}]({url.Url})",
        { Source: TextSource text } => text.Text,
        _ => "",
    };

    /// <param name="isWhole">False when the source says more than the result, so that it has to be kept beside it.</param>
    private static MediaSource? ReadSource(JsonElement source, MediaKind kind, string path, out bool isWhole)
    {
        string type = Required(source, "type", path);
        isWhole = type != "content";
        return type switch
        {
            "base64" => new Base64Source(Required(source, "media_type", path), ReadData(source, path)),
            "url" => new UrlSource(Required(source, "url", path), kind == MediaKind.Document ? "application/pdf" : null),
            "text" when kind == MediaKind.Document => new TextSource(Required(source, "data", path)),
            "file" => new FileSource(Required(source, "file_id", path), MessagesWire.Id),
            "content" when kind == MediaKind.Document => ReadContentSource(source),
            _ => null,
        };
    }

    /// <summary>
    /// A document given as blocks: their text, when they hold nothing else. Where the blocks begin matters to this API's citations only.
    /// </summary>
    private static TextSource? ReadContentSource(JsonElement source)
    {
        if (!source.TryGetProperty("content", out JsonElement content))
        {
            return null;
        }

        if (content.ValueKind == JsonValueKind.String)
        {
            return new TextSource(content.GetString()!);
        }

        if (content.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        var text = new StringBuilder();
        foreach (JsonElement block in content.EnumerateArray())
        {
            if (block.ValueKind != JsonValueKind.Object || !block.TryGetProperty("text", out JsonElement words) || words.ValueKind != JsonValueKind.String)
            {
                return null;
            }

            text.Append(text.Length == 0 ? "" : "\n").Append(words.GetString());
        }

        return new TextSource(text.ToString());
    }

    private static ReadOnlyMemory<byte> ReadData(JsonElement source, string path) =>
        source.TryGetProperty("data", out JsonElement data) && data.ValueKind == JsonValueKind.String
            ? Json.Base64Bytes(data)
            : throw RequestField.Missing($"{path}.data");

    private static string Required(JsonElement source, string name, string path) =>
        source.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null
            ? RequestField.String(value, $"{path}.{name}")
            : throw RequestField.Missing($"{path}.{name}");

    private static void WriteSource(Utf8JsonWriter writer, MediaSource source, bool isImage)
    {
        switch (source)
        {
            case Base64Source bytes when !isImage && !IsPdf(bytes.MediaType):
                WriteText(writer, Decode(bytes));
                break;
            case Base64Source bytes:
                writer.WriteString("type"u8, "base64"u8);
                writer.WriteString("media_type"u8, isImage ? ImageType(bytes.MediaType)! : "application/pdf");
                writer.WriteString("data"u8, bytes.Base64.Span);
                break;
            case UrlSource url:
                writer.WriteString("type"u8, "url"u8);
                writer.WriteString("url"u8, url.Url);
                break;
            case FileSource file:
                writer.WriteString("type"u8, "file"u8);
                writer.WriteString("file_id"u8, file.FileId);
                break;
            case TextSource text:
                WriteText(writer, text.Text);
                break;
        }
    }

    private static void WriteText(Utf8JsonWriter writer, string text)
    {
        writer.WriteString("type"u8, "text"u8);
        writer.WriteString("media_type"u8, "text/plain"u8);
        writer.WriteString("data"u8, text);
    }

    private static string Decode(Base64Source source)
    {
        ReadOnlySpan<byte> base64 = source.Base64.Span;
        return Base64.IsValid(base64) ? Encoding.UTF8.GetString(Convert.FromBase64String(Encoding.ASCII.GetString(base64))) : Encoding.ASCII.GetString(base64);
    }

    private static string? ImageType(string mediaType) => mediaType.ToLowerInvariant() switch
    {
        "image/jpeg" or "image/jpg" => "image/jpeg",
        "image/png" => "image/png",
        "image/gif" => "image/gif",
        "image/webp" => "image/webp",
        _ => null,
    };

    private static bool IsPdf(string mediaType) => mediaType.Equals("application/pdf", StringComparison.OrdinalIgnoreCase);

    private static bool IsText(string mediaType) =>
        mediaType.StartsWith("text/", StringComparison.OrdinalIgnoreCase)
        || mediaType.EndsWith("json", StringComparison.OrdinalIgnoreCase)
        || mediaType.EndsWith("xml", StringComparison.OrdinalIgnoreCase)
        || mediaType.EndsWith("yaml", StringComparison.OrdinalIgnoreCase)
        || mediaType.EndsWith("javascript", StringComparison.OrdinalIgnoreCase);
}
