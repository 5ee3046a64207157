using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>
/// The sources named in a text block. A citation of a web page has a canonical form; the wire's own object is kept beside it, since its
/// <c>encrypted_index</c> and document indices mean something to this API only. A source stands for the whole of its block.
/// Source: https://platform.claude.com/docs/en/build-with-claude/citations.
/// </summary>
internal static class MessagesCitation
{
    /// <summary>Reads a block's <c>citations</c>; anything but a list holds none.</summary>
    public static IReadOnlyList<Citation> ReadList(JsonElement value, string path)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
        {
            return [];
        }

        var citations = new List<Citation>(value.GetArrayLength());
        foreach (JsonElement item in value.EnumerateArray())
        {
            if (item.ValueKind == JsonValueKind.Object)
            {
                citations.Add(Read(item, $"{path}.citations[{citations.Count}]"));
            }
        }

        return citations;
    }

    /// <summary>Reads one citation.</summary>
    public static Citation Read(JsonElement item, string path)
    {
        string? source = Text(item, "source");
        bool isOwn = true;
        if (Text(item, "type") == "web_search_result_location")
        {
            // Written by this gateway for another provider's source: the API would not know its own seal in it.
            isOwn = Text(item, "encrypted_index") is { Length: > 0 };
        }

        return new Citation
        {
            Url = Text(item, "url") ?? (Uri.IsWellFormedUriString(source, UriKind.Absolute) ? source : null),
            Title = Text(item, "title") ?? Text(item, "document_title"),
            CitedText = Text(item, "cited_text"),
            Start = 0,
            Original = isOwn ? new OpaquePart(MessagesWire.Id, item, path) : null,
        };
    }

    /// <summary>True for a citation that this format can show to a client.</summary>
    public static bool CanShow(Citation citation) => citation.Url is not null || IsOwn(citation);

    /// <summary>Writes a citation for a client.</summary>
    public static void Write(Utf8JsonWriter writer, Citation citation)
    {
        if (IsOwn(citation))
        {
            writer.WriteRaw(citation.Original!.Json);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("type"u8, "web_search_result_location"u8);
        writer.WriteString("cited_text"u8, citation.CitedText ?? "");
        writer.WriteString("url"u8, citation.Url);
        writer.WriteString("title"u8, citation.Title);
        writer.WriteString("encrypted_index"u8, ""u8);
        writer.WriteEndObject();
    }

    /// <summary>Writes a text block's <c>citations</c> if any of them can be shown.</summary>
    /// <param name="ownOnly">True towards the API, which takes back nothing but its own.</param>
    public static void WriteList(Utf8JsonWriter writer, IReadOnlyList<Citation> citations, bool ownOnly)
    {
        bool any = false;
        foreach (Citation citation in citations)
        {
            if (!(ownOnly ? IsOwn(citation) : CanShow(citation)))
            {
                continue;
            }

            if (!any)
            {
                writer.WriteStartArray("citations"u8);
                any = true;
            }

            Write(writer, citation);
        }

        if (any)
        {
            writer.WriteEndArray();
        }
    }

    private static bool IsOwn(Citation citation) => citation.Original?.Dialect == MessagesWire.Id;

    private static string? Text(JsonElement item, string name) => MessagesWire.Find(item, name) is { } value ? Json.Text(value) : null;
}
