using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>
/// Reads the content of messages and tool results: <c>input_text</c>, <c>output_text</c>, <c>refusal</c>, <c>input_image</c>, <c>input_file</c>,
/// <c>input_audio</c>. Any other part is kept as JSON.
/// </summary>
internal static class ResponsesContent
{
    /// <summary>Reads a string or a list of parts.</summary>
    /// <param name="assistant">True for what the model said, whose texts are of type <c>output_text</c>.</param>
    public static IReadOnlyList<ContentPart> Decode(JsonElement content, string path, bool assistant)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            return [new TextPart(content.GetString()!)];
        }

        if (content.ValueKind != JsonValueKind.Array)
        {
            throw RequestField.Wrong(path, "a string or an array", content);
        }

        var parts = new List<ContentPart>(content.GetArrayLength());
        foreach (JsonElement part in content.EnumerateArray())
        {
            parts.Add(DecodePart(part, $"{path}[{parts.Count}]", assistant));
        }

        return parts;
    }

    private static ContentPart DecodePart(JsonElement part, string path, bool assistant)
    {
        RequestField.Object(part, path);
        string type = part.TryGetProperty("type", out JsonElement value) ? RequestField.String(value, path + ".type") : throw RequestField.Missing(path + ".type");
        return type switch
        {
            "input_text" or "output_text" or "text" => DecodeText(part, path, type == (assistant ? "output_text" : "input_text")),
            "refusal" => DecodeRefusal(part, path),
            "input_image" => DecodeImage(part, path),
            "input_file" => DecodeFile(part, path),
            "input_audio" => DecodeAudio(part, path),
            _ => new OpaquePart(DialectIds.Responses, part, path),
        };
    }

    private static TextPart DecodeText(JsonElement part, string path, bool usualType)
    {
        var extra = new ExtraFieldsBuilder(DialectIds.Responses, path);
        string? text = null;
        CacheBreakpoint? cache = null;
        IReadOnlyList<Citation> citations = [];
        IReadOnlyList<TokenLogProb> logProbs = [];
        foreach (JsonProperty field in part.EnumerateObject())
        {
            switch (field.Name)
            {
                case "text":
                    text = RequestField.String(field.Value, path + ".text");
                    break;
                case "annotations" when field.Value.ValueKind == JsonValueKind.Array && field.Value.GetArrayLength() > 0:
                    citations = ResponsesOutput.ReadCitations(field.Value, path + ".annotations", keepOriginal: true);
                    break;
                case "logprobs" when field.Value.ValueKind == JsonValueKind.Array && field.Value.GetArrayLength() > 0:
                    logProbs = OpenAILogProbs.Read(field.Value);
                    break;
                case "prompt_cache_breakpoint" when field.Value.ValueKind == JsonValueKind.Object:
                    cache = new CacheBreakpoint();
                    break;
                default:
                    Keep(ref extra, field, usualType);
                    break;
            }
        }

        return new TextPart(text ?? throw RequestField.Missing(path + ".text"))
        {
            Citations = citations,
            LogProbs = logProbs,
            Cache = cache,
            Extra = extra.Build() ?? ResponsesWire.Own,
        };
    }

    private static RefusalPart DecodeRefusal(JsonElement part, string path)
    {
        var extra = new ExtraFieldsBuilder(DialectIds.Responses, path);
        string? text = null;
        foreach (JsonProperty field in part.EnumerateObject())
        {
            if (field.NameEquals("refusal"u8))
            {
                text = RequestField.String(field.Value, path + ".refusal");
            }
            else
            {
                Keep(ref extra, field);
            }
        }

        return new RefusalPart(text ?? throw RequestField.Missing(path + ".refusal")) { Extra = extra.Build() ?? ResponsesWire.Own };
    }

    private static MediaPart DecodeImage(JsonElement part, string path)
    {
        var extra = new ExtraFieldsBuilder(DialectIds.Responses, path);
        MediaSource? source = null;
        string? detail = null;
        CacheBreakpoint? cache = null;
        foreach (JsonProperty field in part.EnumerateObject())
        {
            switch (field.Name)
            {
                case "image_url" when field.Value.ValueKind != JsonValueKind.Null:
                    source = DataUrl.ReadSource(OfString(field.Value, path + ".image_url"), "image/png");
                    break;
                case "file_id" when field.Value.ValueKind != JsonValueKind.Null:
                    source ??= new FileSource(RequestField.String(field.Value, path + ".file_id"), DialectIds.Responses);
                    break;
                case "detail" when field.Value.ValueKind != JsonValueKind.Null:
                    detail = RequestField.String(field.Value, path + ".detail");
                    break;
                case "prompt_cache_breakpoint" when field.Value.ValueKind == JsonValueKind.Object:
                    cache = new CacheBreakpoint();
                    break;
                default:
                    Keep(ref extra, field);
                    break;
            }
        }

        return new MediaPart(MediaKind.Image, source ?? throw RequestField.Missing(path + ".image_url"))
        {
            Detail = detail,
            Cache = cache,
            Extra = extra.Build() ?? ResponsesWire.Own,
        };
    }

    private static MediaPart DecodeFile(JsonElement part, string path)
    {
        var extra = new ExtraFieldsBuilder(DialectIds.Responses, path);
        JsonElement? data = null;
        MediaSource? source = null;
        string? name = null;
        string? detail = null;
        CacheBreakpoint? cache = null;
        foreach (JsonProperty field in part.EnumerateObject())
        {
            switch (field.Name)
            {
                case "file_data" when field.Value.ValueKind != JsonValueKind.Null:
                    data = OfString(field.Value, path + ".file_data");
                    break;
                case "file_url" when field.Value.ValueKind != JsonValueKind.Null:
                    source = new UrlSource(RequestField.String(field.Value, path + ".file_url"));
                    break;
                case "file_id" when field.Value.ValueKind != JsonValueKind.Null:
                    source ??= new FileSource(RequestField.String(field.Value, path + ".file_id"), DialectIds.Responses);
                    break;
                case "filename" when field.Value.ValueKind != JsonValueKind.Null:
                    name = RequestField.String(field.Value, path + ".filename");
                    break;
                case "detail" when field.Value.ValueKind != JsonValueKind.Null:
                    detail = RequestField.String(field.Value, path + ".detail");
                    break;
                case "prompt_cache_breakpoint" when field.Value.ValueKind == JsonValueKind.Object:
                    cache = new CacheBreakpoint();
                    break;
                default:
                    Keep(ref extra, field);
                    break;
            }
        }

        source = data is { } text ? ReadFileData(text, name) : source ?? throw RequestField.Missing(path + ".file_data");
        return new MediaPart(KindOf(source), source) { Name = name, Detail = detail, Cache = cache, Extra = extra.Build() ?? ResponsesWire.Own };
    }

    /// <summary>A file is a <c>data:</c> URL; bare base64 is taken, too, and its type told by the file's name.</summary>
    private static MediaSource ReadFileData(JsonElement data, string? name)
    {
        string fallback = MediaTypes.OfName(name) ?? "application/pdf";
        MediaSource source = DataUrl.ReadSource(data, fallback);
        return source is UrlSource ? new Base64Source(fallback, Json.Base64Bytes(data)) : source;
    }

    private static MediaKind KindOf(MediaSource source) =>
        source is Base64Source { MediaType: { } type } ? MediaTypes.KindOf(type) : MediaKind.Document;

    private static MediaPart DecodeAudio(JsonElement part, string path)
    {
        var extra = new ExtraFieldsBuilder(DialectIds.Responses, path);
        JsonElement? data = null;
        string format = "wav";
        foreach (JsonProperty field in part.EnumerateObject())
        {
            if (!field.NameEquals("input_audio"u8))
            {
                Keep(ref extra, field);
                continue;
            }

            foreach (JsonProperty inner in RequestField.Object(field.Value, path + ".input_audio").EnumerateObject())
            {
                switch (inner.Name)
                {
                    case "data":
                        data = OfString(inner.Value, path + ".input_audio.data");
                        break;
                    case "format":
                        format = RequestField.String(inner.Value, path + ".input_audio.format");
                        break;
                    default:
                        extra.Add("input_audio", inner);
                        break;
                }
            }
        }

        if (data is null)
        {
            throw RequestField.Missing(path + ".input_audio.data");
        }

        var source = new Base64Source(MediaTypes.OfName("." + format) ?? "audio/" + format, Json.Base64Bytes(data.Value));
        return new MediaPart(MediaKind.Audio, source) { Extra = extra.Build() ?? ResponsesWire.Own };
    }

    /// <summary>The type that a part of its place always has is not kept, nor what is null, an empty list or an item's status reported as lost.</summary>
    private static void Keep(ref ExtraFieldsBuilder extra, JsonProperty field, bool usualType = true)
    {
        if (field.NameEquals("type"u8) && usualType)
        {
            return;
        }

        bool incidental = field.Value.ValueKind == JsonValueKind.Null || field.Name is "type" or "annotations" or "logprobs";
        if (incidental)
        {
            extra.AddIncidental(field);
        }
        else
        {
            extra.Add(field);
        }
    }

    private static JsonElement OfString(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.String ? value : throw RequestField.Wrong(path, "a string", value);
}
