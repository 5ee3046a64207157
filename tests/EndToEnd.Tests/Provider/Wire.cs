using System.Text.Json;
using System.Text.Json.Nodes;

namespace Serverless.EndToEnd.Tests.Provider;

/// <summary>One vendor's wire format, written by hand and independently of the product: what a real provider sends.</summary>
public abstract class Wire
{
    public abstract Asked Read(JsonObject body, string? modelInPath, bool streamInPath);

    public abstract JsonObject Whole(Answer answer);

    /// <summary>The events of a stream: name (or null) and data.</summary>
    public abstract IEnumerable<(string? Name, string Data)> Events(Answer answer, Asked asked);

    public abstract JsonObject Error(int status, string message);

    protected static string Text(JsonNode? node) => node switch
    {
        null => "",
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        JsonArray parts => string.Concat(parts.Select(p => Text(p?["text"] ?? p?["content"]))),
        _ => node.ToJsonString(),
    };

    protected static byte[]? DataUrl(string? url)
    {
        int comma = url?.IndexOf(";base64,", StringComparison.Ordinal) ?? -1;
        return comma < 0 ? null : Convert.FromBase64String(url![(comma + 8)..]);
    }

    protected static JsonObject Obj(string json) => JsonNode.Parse(json)!.AsObject();

    protected static string Quote(string text) => JsonSerializer.Serialize(text);

    protected static IEnumerable<string> Cut(string text)
    {
        for (int i = 0; i < text.Length; i += 5)
        {
            yield return text.Substring(i, Math.Min(5, text.Length - i));
        }
    }
}
