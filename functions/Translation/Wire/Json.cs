using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Wire;

/// <summary>How this project reads and writes JSON.</summary>
public static class Json
{
    /// <summary>Relaxed escaping: otherwise every quote in tool arguments becomes <c>\u0022</c>. Nothing here is ever put into HTML.</summary>
    public static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
        MaxDepth = 256,
    };

    /// <summary>Parses bytes that are not a request body (a provider's answer, a tool's arguments).</summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> json) => JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 256 });

    /// <summary>A JSON text as an element of its own.</summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static JsonElement ParseElement(string json) => JsonElement.Parse(json, new JsonDocumentOptions { MaxDepth = 256 });

    /// <summary>True for the string of that text; unlike <see cref="JsonElement.ValueEquals(string)"/> false, and no exception, for anything but a string.</summary>
    public static bool Is(this JsonElement element, string text) => element.ValueKind == JsonValueKind.String && element.ValueEquals(text);

    /// <summary>True for the string of that UTF-8 text.</summary>
    public static bool Is(this JsonElement element, ReadOnlySpan<byte> text) => element.ValueKind == JsonValueKind.String && element.ValueEquals(text);

    /// <summary>True when the text is a whole JSON object.</summary>
    public static bool IsObject(string json)
    {
        if (string.IsNullOrWhiteSpace(json))
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json), new JsonReaderOptions { MaxDepth = 256 });
            return reader.Read() && reader.TokenType == JsonTokenType.StartObject && reader.TrySkip() && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>The element's JSON text, byte for byte as it came.</summary>
    public static string RawText(JsonElement element) => element.GetRawText();

    /// <summary>
    /// The string that the reader stands on. Unlike <see cref="Utf8JsonReader.GetString"/> it never throws: bytes that are not UTF-8
    /// become U+FFFD, and half of a surrogate pair is kept, since a provider may cut its deltas there; the adapter joins the halves.
    /// </summary>
    public static string ReadText(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
        {
            return Encoding.UTF8.GetString(reader.ValueSpan);
        }

        ReadOnlySpan<byte> raw = reader.ValueSpan;
        bool whole = raw.IndexOf("\\ud"u8) < 0 && raw.IndexOf("\\uD"u8) < 0 && Utf8.IsValid(raw);
        return whole ? reader.GetString()! : Unescape(raw);
    }

    /// <summary>
    /// The string that an element of a provider's answer holds. Unlike <see cref="JsonElement.GetString"/> it keeps half of a surrogate
    /// pair instead of throwing; null when the element is no string.
    /// </summary>
    public static string? Text(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        var reader = new Utf8JsonReader(JsonMarshal.GetRawUtf8Value(element));
        reader.Read();
        return ReadText(ref reader);
    }

    /// <summary>The base64 text of a JSON string, as bytes.</summary>
    public static ReadOnlyMemory<byte> Base64Bytes(JsonElement element)
    {
        ReadOnlySpan<byte> raw = JsonMarshal.GetRawUtf8Value(element);
        raw = raw[1..^1];
        return raw.Contains((byte)'\\') ? Encoding.UTF8.GetBytes(element.GetString()!) : raw.ToArray();
    }

    /// <summary>A text as a JSON string, quotes included.</summary>
    public static byte[] Quote(string text)
    {
        var buffer = new ArrayBufferWriter<byte>(text.Length + 2);
        using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
        {
            writer.WriteStringValue(text);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>
    /// Writes a value as it came, byte for byte, but for line ends between its tokens: they become blanks, because a line end within
    /// a server-sent event would cut it in two.
    /// </summary>
    public static void WriteRaw(this Utf8JsonWriter writer, JsonElement element)
    {
        ReadOnlySpan<byte> raw = JsonMarshal.GetRawUtf8Value(element);
        if (!raw.ContainsAny((byte)'\n', (byte)'\r'))
        {
            writer.WriteRawValue(raw, skipInputValidation: true);
            return;
        }

        byte[] line = ArrayPool<byte>.Shared.Rent(raw.Length);
        raw.Replace(line, (byte)'\n', (byte)' ');
        line.AsSpan(0, raw.Length).Replace((byte)'\r', (byte)' ');
        writer.WriteRawValue(line.AsSpan(0, raw.Length), skipInputValidation: true);
        ArrayPool<byte>.Shared.Return(line);
    }

    /// <summary>Writes JSON text as it came (a tool call's arguments), but for line ends between its tokens, as above.</summary>
    public static void WriteRaw(this Utf8JsonWriter writer, string json) =>
        writer.WriteRawValue(json.AsSpan().ContainsAny('\n', '\r') ? json.Replace('\n', ' ').Replace('\r', ' ') : json, skipInputValidation: true);

    /// <summary>Writes the fields that were carried along, if they belong to the dialect that is being written.</summary>
    public static void WriteExtra(this Utf8JsonWriter writer, ExtraFields? extra, DialectId dialect)
    {
        if (extra is null || extra.Dialect != dialect)
        {
            return;
        }

        foreach (ExtraField field in extra.Fields)
        {
            writer.WritePropertyName(field.Name);
            writer.WriteRaw(field.Value);
        }
    }

    private static string Unescape(ReadOnlySpan<byte> raw)
    {
        var text = new StringBuilder(raw.Length);
        int at = 0;
        while (at < raw.Length)
        {
            int found = raw[at..].IndexOf((byte)'\\');
            int end = found < 0 ? raw.Length : at + found;
            text.Append(Encoding.UTF8.GetString(raw[at..end]));
            at = end;
            if (found < 0)
            {
                break;
            }

            if (LoneSurrogates.TryReadEscape(raw, at, out int unit))
            {
                text.Append((char)unit);
                at += 6;
                continue;
            }

            text.Append(raw[at + 1] switch
            {
                (byte)'b' => '\b',
                (byte)'f' => '\f',
                (byte)'n' => '\n',
                (byte)'r' => '\r',
                (byte)'t' => '\t',
                byte other => (char)other,
            });
            at += 2;
        }

        return text.ToString();
    }
}
