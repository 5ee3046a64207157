using System.Globalization;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini;

/// <summary>
/// How Google spells names and numbers in JSON: fields as <c>fieldName</c> or, on input, <c>field_name</c>; 64-bit integers as text or as
/// numbers. Source: https://protobuf.dev/programming-guides/json.
/// </summary>
internal static class GeminiNames
{
    /// <summary>The name of a field as this project's tables spell it.</summary>
    public static string Camel(string name)
    {
        int at = name.IndexOf('_');
        if (at <= 0)
        {
            return name;
        }

        var camel = new StringBuilder(name, 0, at, name.Length);
        for (; at < name.Length; at++)
        {
            if (name[at] == '_' && at + 1 < name.Length && char.IsAsciiLetterLower(name[at + 1]))
            {
                camel.Append(char.ToUpperInvariant(name[++at]));
            }
            else
            {
                camel.Append(name[at]);
            }
        }

        return camel.ToString();
    }

    /// <summary>A field by its name in either spelling.</summary>
    public static bool TryGet(JsonElement parent, string camelName, out JsonElement value)
    {
        if (parent.ValueKind == JsonValueKind.Object)
        {
            if (parent.TryGetProperty(camelName, out value))
            {
                return value.ValueKind != JsonValueKind.Null;
            }

            foreach (JsonProperty property in parent.EnumerateObject())
            {
                if (property.Name.Contains('_') && Camel(property.Name) == camelName)
                {
                    value = property.Value;
                    return value.ValueKind != JsonValueKind.Null;
                }
            }
        }

        value = default;
        return false;
    }

    /// <summary>A whole number of a client's request, also given as text.</summary>
    public static long Integer(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.String && long.TryParse(value.GetString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            ? number
            : RequestField.Integer(value, path);

    /// <summary>The same within the range of <see cref="int"/>.</summary>
    public static int Int32(JsonElement value, string path) =>
        Integer(value, path) is >= int.MinValue and <= int.MaxValue and var number ? (int)number : throw RequestField.Wrong(path, "an integer", value);

    /// <summary>A count in a provider's answer; null when it is none.</summary>
    public static long? Count(JsonElement parent, string name) => !parent.TryGetProperty(name, out JsonElement value) ? null : value.ValueKind switch
    {
        JsonValueKind.Number when value.TryGetInt64(out long number) => number,
        JsonValueKind.String when long.TryParse(value.GetString(), CultureInfo.InvariantCulture, out long number) => number,
        _ => null,
    };
}
