using System.Text.Json;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Tests.Validators;

/// <summary>Judges whether a provider would take a request, by the rules that its API documents or is known to enforce with a 400.</summary>
internal abstract class RequestFaults
{
    private readonly List<string> _faults = [];

    /// <summary>What the provider of a dialect would refuse in the body; empty when nothing.</summary>
    public static IReadOnlyList<string> Of(DialectId dialect, JsonElement body)
    {
        RequestFaults? validator = dialect.Name switch
        {
            "openai.chat-completions" => new ChatCompletionsRequestValidator(),
            "openai.responses" => new ResponsesRequestValidator(),
            "anthropic.messages" => new MessagesRequestValidator(),
            "gemini.generate-content" => new GenerateContentRequestValidator(),
            _ => null,
        };
        validator?.Read(body);
        return validator?._faults ?? [];
    }

    protected abstract void Read(JsonElement body);

    protected void Require(bool holds, string fault)
    {
        if (!holds && !_faults.Contains(fault))
        {
            _faults.Add(fault);
        }
    }

    protected void OnlyKnows(JsonElement o, string where, params ReadOnlySpan<string> names)
    {
        foreach (JsonProperty property in o.EnumerateObject())
        {
            Require(names.Contains(property.Name), $"{where}: unknown field '{property.Name}'");
            Require(property.Value.ValueKind != JsonValueKind.Null || property.Name == "content", $"{where}.{property.Name} is null");
        }
    }

    protected static JsonElement? Find(JsonElement o, string name) =>
        o.ValueKind == JsonValueKind.Object && o.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    protected static string? Text(JsonElement o, string name) => Find(o, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    protected static IEnumerable<JsonElement> List(JsonElement o, string name) => Find(o, name) is { ValueKind: JsonValueKind.Array } value ? value.EnumerateArray() : [];

    protected static bool IsName(string? name, int longest, string punctuation = "_-") =>
        name is { Length: > 0 } && name.Length <= longest && name.All(c => char.IsAsciiLetterOrDigit(c) || punctuation.Contains(c));

    protected void InRange(JsonElement o, string name, double least, double most)
    {
        if (Find(o, name) is { } value)
        {
            Require(value.ValueKind == JsonValueKind.Number && value.GetDouble() >= least && value.GetDouble() <= most, $"{name} is {value}");
        }
    }
}
