using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI;

/// <summary>
/// The fields of a <c>url_citation</c>. Chat Completions nests them under that name in an annotation, Responses writes them flat beside
/// <c>type</c>. Source: https://platform.openai.com/docs/guides/tools-web-search (Output and citations).
/// </summary>
internal static class OpenAICitation
{
    /// <summary>Reads the object that holds the fields.</summary>
    public static Citation Read(JsonElement fields)
    {
        var citation = new Citation();
        foreach (JsonProperty property in fields.EnumerateObject())
        {
            JsonElement value = property.Value;
            citation = property.Name switch
            {
                "url" when value.ValueKind == JsonValueKind.String => citation with { Url = Json.Text(value) },
                "title" when value.ValueKind == JsonValueKind.String => citation with { Title = Json.Text(value) },
                "content" when value.ValueKind == JsonValueKind.String => citation with { CitedText = Json.Text(value) },
                "start_index" when value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int start) => citation with { Start = start },
                "end_index" when value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int end) => citation with { End = end },
                _ => citation,
            };
        }

        return citation;
    }

    /// <summary>Writes the fields into the object that the writer stands in. Clients rely on all four.</summary>
    public static void WriteFields(Utf8JsonWriter writer, Citation citation, int start, int end)
    {
        writer.WriteNumber("start_index"u8, start);
        writer.WriteNumber("end_index"u8, end);
        writer.WriteString("title"u8, citation.Title ?? citation.Url ?? "");
        writer.WriteString("url"u8, citation.Url ?? "");
    }
}
