using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini.GenerateContent;

/// <summary>
/// <c>inlineData</c> and <c>fileData</c>. A file is Google's own (Files API, Cloud Storage), a video of YouTube's, or any public address.
/// Source: https://ai.google.dev/gemini-api/docs/file-input-methods.
/// </summary>
internal static class GenerateContentMedia
{
    /// <summary>Reads a client's <c>inlineData</c> or <c>fileData</c>.</summary>
    public static MediaPart Read(string kind, JsonElement data, string path)
    {
        string? mediaType = null;
        string? name = null;
        string? uri = null;
        ReadOnlyMemory<byte>? base64 = null;
        foreach (JsonProperty property in RequestField.Object(data, path).EnumerateObject())
        {
            switch (GeminiNames.Camel(property.Name))
            {
                case var _ when property.Value.ValueKind == JsonValueKind.Null:
                    break;
                case "mimeType":
                    mediaType = RequestField.String(property.Value, $"{path}.mimeType");
                    break;
                case "displayName":
                    name = RequestField.String(property.Value, $"{path}.displayName");
                    break;
                case "data" when property.Value.ValueKind == JsonValueKind.String:
                    base64 = GenerateContentWire.Base64(property.Value);
                    break;
                case "fileUri":
                    uri = RequestField.String(property.Value, $"{path}.fileUri");
                    break;
            }
        }

        if (kind == "inlineData")
        {
            string type = string.IsNullOrEmpty(mediaType) ? throw RequestField.Missing($"{path}.mimeType") : mediaType;
            return new MediaPart(MediaTypes.KindOf(type), new Base64Source(type, base64 ?? throw RequestField.Missing($"{path}.data"))) { Name = name };
        }

        return ReadFile(string.IsNullOrEmpty(uri) ? throw RequestField.Missing($"{path}.fileUri") : uri, mediaType) with { Name = name };
    }

    /// <summary>The part that stands for an address.</summary>
    public static MediaPart ReadFile(string uri, string? mediaType)
    {
        bool isVideo = uri.Contains("youtube.com/", StringComparison.Ordinal) || uri.Contains("youtu.be/", StringComparison.Ordinal);
        string? type = mediaType ?? MediaTypes.OfName(uri);
        MediaKind kind = type is not null ? MediaTypes.KindOf(type) : isVideo ? MediaKind.Video : MediaKind.Image;
        bool isPublic = uri.StartsWith("http", StringComparison.OrdinalIgnoreCase)
            && !uri.StartsWith("https://generativelanguage.googleapis.com/", StringComparison.OrdinalIgnoreCase);
        return new MediaPart(kind, isPublic ? new UrlSource(uri, mediaType) : new FileSource(uri, GenerateContentWire.Dialect, mediaType));
    }

    /// <summary>Writes the property that holds a medium, within the object of its part.</summary>
    /// <param name="withName">True where Google takes the name of a file: in function responses.</param>
    public static void Write(Utf8JsonWriter writer, MediaPart media, bool withName = false)
    {
        switch (media.Source)
        {
            case Base64Source source:
                writer.WriteStartObject("inlineData"u8);
                writer.WriteString("mimeType"u8, GenerateContentWire.MediaTypeOf(source.MediaType));
                writer.WriteString("data"u8, source.Base64.Span);
                if (withName && media.Name is { } name)
                {
                    writer.WriteString("displayName"u8, name);
                }

                writer.WriteEndObject();
                break;
            case TextSource source:
                writer.WriteString("text"u8, source.Text);
                break;
            case UrlSource source:
                WriteFile(writer, source.Url, source.MediaType ?? MediaTypes.OfName(source.Url) ?? DefaultType(media.Kind, source.Url));
                break;
            case FileSource source:
                WriteFile(writer, source.FileId, source.MediaType);
                break;
        }
    }

    /// <summary>True for what a function's response can hold: https://ai.google.dev/gemini-api/docs/function-calling (multimodal function responses).</summary>
    public static bool FitsFunctionResponse(MediaPart media) =>
        media.Source is Base64Source { MediaType: "image/png" or "image/jpeg" or "image/jpg" or "image/webp" or "application/pdf" or "text/plain" };

    private static void WriteFile(Utf8JsonWriter writer, string uri, string? mediaType)
    {
        writer.WriteStartObject("fileData"u8);
        if (mediaType is not null)
        {
            writer.WriteString("mimeType"u8, GenerateContentWire.MediaTypeOf(mediaType));
        }

        writer.WriteString("fileUri"u8, uri);
        writer.WriteEndObject();
    }

    /// <summary>Google wants to be told a type; for a video of YouTube's it knows better.</summary>
    private static string? DefaultType(MediaKind kind, string url) => kind switch
    {
        MediaKind.Image => "image/jpeg",
        MediaKind.Document => "application/pdf",
        MediaKind.Audio => "audio/mpeg",
        _ => url.Contains("youtu", StringComparison.Ordinal) ? null : "video/mp4",
    };
}
