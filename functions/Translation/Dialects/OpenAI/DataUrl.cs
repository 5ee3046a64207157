using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI;

/// <summary>
/// Reads and writes <c>data:</c> URLs, in which OpenAI's formats carry images and files (https://www.rfc-editor.org/rfc/rfc2397).
/// The base64 text is taken over byte for byte.
/// </summary>
internal static class DataUrl
{
    /// <summary>The media behind a JSON string that holds a URL: its bytes for a <c>data:</c> URL, otherwise the address.</summary>
    /// <param name="url">A JSON string.</param>
    /// <param name="fallbackType">Media type of a <c>data:</c> URL that tells none.</param>
    public static MediaSource ReadSource(JsonElement url, string fallbackType)
    {
        // The raw JSON, not the string: an attachment of many megabytes is copied once, and never as UTF-16.
        ReadOnlySpan<byte> raw = JsonMarshal.GetRawUtf8Value(url)[1..^1];
        if (!IsDataUrl(raw))
        {
            return new UrlSource(url.GetString()!);
        }

        byte[]? unescaped = raw.Contains((byte)'\\') ? Encoding.UTF8.GetBytes(url.GetString()!) : null;
        return Parse(unescaped ?? raw, fallbackType);
    }

    /// <summary>As <see cref="ReadSource"/>, for a field in which some clients write the base64 text bare.</summary>
    public static MediaSource ReadSourceOrBase64(JsonElement value, string mediaType)
    {
        ReadOnlySpan<byte> raw = JsonMarshal.GetRawUtf8Value(value)[1..^1];
        ReadOnlySpan<byte> head = raw[..Math.Min(raw.Length, 16)];
        return IsDataUrl(raw) || head.IndexOf(":/"u8) >= 0 || head.IndexOf(":\\/"u8) >= 0
            ? ReadSource(value, mediaType)
            : new Base64Source(mediaType, Json.Base64Bytes(value));
    }

    /// <summary>True when the JSON string or text begins like a <c>data:</c> URL.</summary>
    public static bool IsDataUrl(ReadOnlySpan<byte> url) => url.Length > 5 && Ascii.EqualsIgnoreCase(url[..5], "data:"u8);

    /// <summary>Writes bytes as the value of a JSON string.</summary>
    public static void Write(Utf8JsonWriter writer, Base64Source source)
    {
        // Both segments in UTF-8: the writer does not take two encodings in one string.
        writer.WriteStringValueSegment(Encoding.UTF8.GetBytes($"data:{source.MediaType};base64,"), isFinalSegment: false);
        writer.WriteStringValueSegment(source.Base64.Span, isFinalSegment: true);
    }

    private static MediaSource Parse(ReadOnlySpan<byte> url, string fallbackType)
    {
        int comma = url.IndexOf((byte)',');
        ReadOnlySpan<byte> head = comma < 0 ? url[5..] : url[5..comma];
        ReadOnlySpan<byte> data = comma < 0 ? default : url[(comma + 1)..];
        bool isBase64 = head.Length >= 7 && Ascii.EqualsIgnoreCase(head[^7..], ";base64"u8);
        ReadOnlySpan<byte> type = isBase64 ? head[..^7] : head;
        int parameters = type.IndexOf((byte)';');
        type = parameters < 0 ? type : type[..parameters];
        string mediaType = type.IsEmpty ? fallbackType : Encoding.UTF8.GetString(type).Trim().ToLowerInvariant();
        byte[] bytes = data.Contains((byte)'%') ? Encoding.UTF8.GetBytes(Uri.UnescapeDataString(Encoding.UTF8.GetString(data))) : data.ToArray();
        return new Base64Source(mediaType, isBase64 ? bytes : EncodeBase64(bytes));
    }

    private static byte[] EncodeBase64(byte[] bytes)
    {
        byte[] text = new byte[Base64.GetMaxEncodedToUtf8Length(bytes.Length)];
        Base64.EncodeToUtf8(bytes, text, out _, out _);
        return text;
    }
}
