using System.Collections.Frozen;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Wire;

/// <summary>Media types of what clients attach to their messages.</summary>
internal static class MediaTypes
{
    // The first extension of a type is the one that a name for it is made with.
    private static readonly (string Extension, string Type)[] Table =
    [
        ("avif", "image/avif"),
        ("bmp", "image/bmp"),
        ("gif", "image/gif"),
        ("heic", "image/heic"),
        ("jpg", "image/jpeg"),
        ("jpeg", "image/jpeg"),
        ("png", "image/png"),
        ("svg", "image/svg+xml"),
        ("tiff", "image/tiff"),
        ("webp", "image/webp"),
        ("aac", "audio/aac"),
        ("flac", "audio/flac"),
        ("m4a", "audio/mp4"),
        ("mp3", "audio/mpeg"),
        ("ogg", "audio/ogg"),
        ("opus", "audio/opus"),
        ("wav", "audio/wav"),
        ("avi", "video/x-msvideo"),
        ("mov", "video/quicktime"),
        ("mp4", "video/mp4"),
        ("mpeg", "video/mpeg"),
        ("webm", "video/webm"),
        ("csv", "text/csv"),
        ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("html", "text/html"),
        ("json", "application/json"),
        ("md", "text/markdown"),
        ("pdf", "application/pdf"),
        ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
        ("txt", "text/plain"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("xml", "application/xml"),
    ];

    private static readonly FrozenDictionary<string, string> ByExtension =
        Table.ToFrozenDictionary(row => row.Extension, row => row.Type, StringComparer.OrdinalIgnoreCase);

    /// <summary>The kind of thing that a media type stands for; a document when it is none of the others.</summary>
    public static MediaKind KindOf(string mediaType) =>
        mediaType.StartsWith("image/", StringComparison.OrdinalIgnoreCase) ? MediaKind.Image
        : mediaType.StartsWith("audio/", StringComparison.OrdinalIgnoreCase) ? MediaKind.Audio
        : mediaType.StartsWith("video/", StringComparison.OrdinalIgnoreCase) ? MediaKind.Video
        : MediaKind.Document;

    /// <summary>A file extension for a media type, without the dot, or null.</summary>
    public static string? ExtensionOf(string mediaType) =>
        Table.FirstOrDefault(row => row.Type.Equals(mediaType, StringComparison.OrdinalIgnoreCase)).Extension;

    /// <summary>The media type that a file's name or a URL's path tells by its extension, or null.</summary>
    public static string? OfName(string? name)
    {
        if (name is null)
        {
            return null;
        }

        ReadOnlySpan<char> path = name;
        int query = name.Contains("://", StringComparison.Ordinal) ? path.IndexOfAny('?', '#') : -1;
        path = query < 0 ? path : path[..query];
        int dot = path.LastIndexOf('.');
        return dot >= 0 && ByExtension.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(path[(dot + 1)..], out string? type) ? type : null;
    }
}
