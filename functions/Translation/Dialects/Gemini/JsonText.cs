using System.Buffers;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini;

/// <summary>JSON values as text and texts as JSON values, where Gemini wants the one and the canonical model holds the other.</summary>
internal static class JsonText
{
    /// <summary>Deepest nesting within a <c>google.protobuf.Struct</c>: its own reader stops at 100 levels, each of ours costs one of them.</summary>
    private const int MaxStructDepth = 64;

    /// <summary>The value without white space between its tokens (Google prints answers over many lines).</summary>
    public static string Compact(JsonElement value)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output, Json.WriterOptions))
        {
            value.WriteTo(writer);
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <summary>
    /// True when the text is one object that Gemini takes as a <c>Struct</c>. In function responses it reads the key <c>$ref</c> as a reference
    /// to an attached part and refuses any other use (https://github.com/vercel/ai/issues/14369).
    /// </summary>
    public static bool IsStruct(string text, bool refuseRef = false)
    {
        if (string.IsNullOrWhiteSpace(text) || text.TrimStart()[0] != '{')
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text), new JsonReaderOptions { MaxDepth = MaxStructDepth });
            while (reader.Read())
            {
                if (refuseRef && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("$ref"u8))
                {
                    return false;
                }
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
