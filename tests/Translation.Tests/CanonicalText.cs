using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Tests;

/// <summary>
/// Canonical values as text, every property that says something, lists spelled out, JSON without its layout: records compare their lists by reference, so
/// equality is asked of this instead, and a failure shows where two values part.
/// </summary>
internal static class CanonicalText
{
    private static readonly JsonSerializerOptions Deep = new() { MaxDepth = 256 };

    public static string Of(object? value)
    {
        var text = new StringBuilder();
        Write(text, value, 0);
        return text.ToString();
    }

    /// <summary>Each event on lines of its own.</summary>
    public static string Of(IEnumerable<ChatEvent> events) => string.Join('\n', events.Select(e => Of((object)e)));

    private static void Write(StringBuilder text, object? value, int depth)
    {
        switch (value)
        {
            case null:
                text.Append("null");
                break;
            case string s when JsonText.TryParse(s) is { } inner:
                text.Append("JSON ").Append(JsonSerializer.Serialize(inner, Deep));
                break;
            case string s:
                text.Append(JsonSerializer.Serialize(s));
                break;
            case JsonElement json:
                text.Append(json.ValueKind == JsonValueKind.Undefined ? "undefined" : JsonSerializer.Serialize(json, Deep));
                break;
            case ReadOnlyMemory<byte> bytes:
                text.Append(Encoding.UTF8.GetString(bytes.Span));
                break;
            case IEnumerable list:
                WriteList(text, list, depth);
                break;
            case IFormattable or bool or Enum or DialectId:
                text.Append(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
            default:
                WriteObject(text, value, depth);
                break;
        }
    }

    private static void WriteList(StringBuilder text, IEnumerable list, int depth)
    {
        text.Append('[');
        foreach (object? item in list)
        {
            NewLine(text, depth + 1);
            Write(text, item, depth + 1);
        }

        text.Append(']');
    }

    private static void WriteObject(StringBuilder text, object value, int depth)
    {
        text.Append(value.GetType().Name);
        foreach (PropertyInfo property in value.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            object? item = property.GetIndexParameters().Length == 0 ? property.GetValue(value) : null;
            if (item is null or ICollection { Count: 0 } or false || (value is OpaquePart && property.Name == nameof(OpaquePart.Path)))
            {
                continue;
            }

            NewLine(text, depth + 1);
            text.Append(property.Name).Append(": ");
            Write(text, item, depth + 1);
        }
    }

    private static void NewLine(StringBuilder text, int depth) => text.Append('\n').Append(' ', depth * 2);
}
