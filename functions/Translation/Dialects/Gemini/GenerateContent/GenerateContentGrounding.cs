using System.Buffers;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini.GenerateContent;

/// <summary>
/// <c>groundingMetadata</c> and <c>citationMetadata</c>: sources of passages of the answer, whose places Google counts in bytes of UTF-8.
/// Source: https://ai.google.dev/api/generate-content#GroundingMetadata.
/// </summary>
internal static class GenerateContentGrounding
{
    /// <summary>The citations of a candidate, each with the text that it belongs to.</summary>
    /// <param name="metadata"><c>groundingMetadata</c> or <c>citationMetadata</c>.</param>
    /// <param name="texts">The candidate's texts in order; thoughts are none.</param>
    public static List<(int Text, Citation Citation)> Read(JsonElement metadata, IReadOnlyList<string> texts)
    {
        List<(int, Citation)> found = [];
        if (metadata.ValueKind != JsonValueKind.Object || texts.Count == 0)
        {
            return found;
        }

        List<Citation> sources = [.. Items(metadata, "groundingChunks").Select(ReadChunk)];
        bool[] isUsed = new bool[sources.Count];
        foreach (JsonElement support in Items(metadata, "groundingSupports").Where(s => s.ValueKind == JsonValueKind.Object))
        {
            JsonElement segment = support.TryGetProperty("segment", out JsonElement s) ? s : default;
            (int text, int? start, int? end) = Locate(segment, segment.ValueKind == JsonValueKind.Object && segment.TryGetProperty("text", out JsonElement t) ? Json.Text(t) : null, texts);
            foreach (JsonElement index in Items(support, "groundingChunkIndices"))
            {
                if (index.ValueKind == JsonValueKind.Number && index.TryGetInt32(out int at) && at >= 0 && at < sources.Count)
                {
                    isUsed[at] = true;
                    found.Add((text, sources[at] with { Start = start, End = end }));
                }
            }
        }

        found.AddRange(sources.Where((s, i) => !isUsed[i] && s.Url is not null).Select(s => (texts.Count - 1, s)));
        foreach (JsonElement source in Items(metadata, "citationSources").Concat(Items(metadata, "citations")))
        {
            (int text, int? start, int? end) = Locate(source, null, texts);
            found.Add((text, new Citation { Url = Text(source, "uri"), Title = Text(source, "title"), Start = start, End = end }));
        }

        return found;
    }

    /// <summary>
    /// Writes citations as <c>groundingMetadata</c>, with what a client needs to mark the passages. A source that stands for no passage is named
    /// among the chunks alone, as Google does.
    /// </summary>
    /// <param name="citations">Each with its place, the text that this counts in, and that text's part.</param>
    public static void Write(Utf8JsonWriter writer, IReadOnlyList<(Citation Citation, (int Start, int End) Place, string Text, int Part)> citations)
    {
        if (citations.Count == 0)
        {
            return;
        }

        List<(string? Url, string? Title)> sources = [.. citations.Select(c => (c.Citation.Url, c.Citation.Title)).Distinct()];
        writer.WriteStartObject("groundingMetadata"u8);
        writer.WriteStartArray("groundingChunks"u8);
        foreach ((string? url, string? title) in sources)
        {
            writer.WriteStartObject();
            writer.WriteStartObject("web"u8);
            writer.WriteString("uri"u8, url ?? "");
            writer.WriteString("title"u8, title ?? url ?? "");
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("groundingSupports"u8);
        foreach ((Citation citation, (int start, int end), string text, int part) in citations)
        {
            if (start == end)
            {
                continue;
            }

            ReadOnlySpan<char> all = text;
            writer.WriteStartObject();
            writer.WriteStartObject("segment"u8);
            if (part > 0)
            {
                writer.WriteNumber("partIndex"u8, part);
            }

            writer.WriteNumber("startIndex"u8, Encoding.UTF8.GetByteCount(all[..start]));
            writer.WriteNumber("endIndex"u8, Encoding.UTF8.GetByteCount(all[..end]));
            writer.WriteString("text"u8, all[start..end]);
            writer.WriteEndObject();
            writer.WriteStartArray("groundingChunkIndices"u8);
            writer.WriteNumberValue(sources.IndexOf((citation.Url, citation.Title)));
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static Citation ReadChunk(JsonElement chunk)
    {
        foreach (string kind in (ReadOnlySpan<string>)["web", "retrievedContext", "maps", "image"])
        {
            if (chunk.ValueKind == JsonValueKind.Object && chunk.TryGetProperty(kind, out JsonElement source))
            {
                return new Citation
                {
                    Url = Text(source, "uri") ?? Text(source, "sourceUri"),
                    Title = Text(source, "title"),
                    CitedText = Text(source, "text"),
                };
            }
        }

        return new Citation();
    }

    /// <summary>
    /// Finds a passage. Which part its bytes count in is not told reliably in streams, so its own words decide where there are any.
    /// </summary>
    private static (int Text, int? Start, int? End) Locate(JsonElement segment, string? words, IReadOnlyList<string> texts)
    {
        int? startByte = segment.ValueKind == JsonValueKind.Object ? (int?)GeminiNames.Count(segment, "startIndex") ?? 0 : null;
        int? endByte = segment.ValueKind == JsonValueKind.Object ? (int?)GeminiNames.Count(segment, "endIndex") : null;
        if (startByte is { } first && endByte is { } last)
        {
            for (int i = 0; i < texts.Count; i++)
            {
                if (TryCount(texts[i], first, last, out int start, out int end) && (words is null || texts[i].AsSpan(start, end - start).SequenceEqual(words)))
                {
                    return (i, start, end);
                }
            }
        }

        for (int i = 0; i < texts.Count && words is { Length: > 0 }; i++)
        {
            int at = texts[i].IndexOf(words, StringComparison.Ordinal);
            if (at >= 0)
            {
                return (i, at, at + words.Length);
            }
        }

        return (texts.Count - 1, null, null);
    }

    /// <summary>UTF-16 indices of places counted in bytes; false when they are not within the text or within a character.</summary>
    private static bool TryCount(string text, int firstByte, int lastByte, out int start, out int end)
    {
        start = firstByte == 0 ? 0 : -1;
        end = -1;
        int bytes = 0;
        int at = 0;
        while (at < text.Length && end < 0)
        {
            OperationStatus status = Rune.DecodeFromUtf16(text.AsSpan(at), out Rune rune, out int length);
            bytes += status == OperationStatus.Done ? rune.Utf8SequenceLength : 3;
            at += length;
            start = bytes == firstByte ? at : start;
            end = bytes == lastByte ? at : end;
            if (bytes > lastByte)
            {
                return false;
            }
        }

        return start >= 0 && end >= start;
    }

    private static IEnumerable<JsonElement> Items(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : [];

    private static string? Text(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) ? Json.Text(value) : null;
}
