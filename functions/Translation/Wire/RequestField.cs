using System.Text.Json;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Wire;

/// <summary>
/// Reads the values of a client's request. Each method throws a <see cref="GatewayException"/> of status 400 that names the field when
/// the value has the wrong type.
/// </summary>
internal static class RequestField
{
    public static string String(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(path, "a string", value);

    public static bool Boolean(JsonElement value, string path) => value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(path, "a boolean", value),
    };

    public static double Number(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) ? number : throw Wrong(path, "a number", value);

    /// <summary>A whole number; <c>1.0</c> and <c>1e3</c> are whole, too.</summary>
    public static long Integer(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.Number)
        {
            if (value.TryGetInt64(out long integer))
            {
                return integer;
            }

            if (value.TryGetDouble(out double number) && Math.Abs(number) < 1L << 53 && Math.Floor(number) == number)
            {
                return (long)number;
            }
        }

        throw Wrong(path, "an integer", value);
    }

    /// <summary>A whole number within the range of <see cref="int"/>.</summary>
    public static int Int32(JsonElement value, string path) =>
        Integer(value, path) is >= int.MinValue and <= int.MaxValue and var integer ? (int)integer : throw Wrong(path, "an integer", value);

    public static JsonElement Object(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.Object ? value : throw Wrong(path, "an object", value);

    public static JsonElement Array(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.Array ? value : throw Wrong(path, "an array", value);

    /// <summary>A list of strings.</summary>
    public static IReadOnlyList<string> Strings(JsonElement value, string path)
    {
        Array(value, path);
        var strings = new List<string>(value.GetArrayLength());
        foreach (JsonElement item in value.EnumerateArray())
        {
            strings.Add(item.ValueKind == JsonValueKind.String ? item.GetString()! : throw Wrong($"{path}[{strings.Count}]", "a string", item));
        }

        return strings;
    }

    /// <summary>The fault of a field that has to be there.</summary>
    public static GatewayException Missing(string path) =>
        new(GatewayError.Invalid($"'{path}' is missing.", path, "missing_required_parameter"));

    /// <summary>The fault of a value of the wrong type.</summary>
    public static GatewayException Wrong(string path, string expected, JsonElement value) =>
        new(GatewayError.Invalid($"'{path}' must be {expected}, not {NameOf(value.ValueKind)}.", path, "invalid_type"));

    /// <summary>The fault of a value that is of the right type but not one of those known.</summary>
    public static GatewayException Unknown(string path, string value, string known) =>
        new(GatewayError.Invalid($"'{path}' is '{value}'; it must be {known}.", path, "invalid_value"));

    private static string NameOf(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number of that kind",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        _ => "null",
    };
}
