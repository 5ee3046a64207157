using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.ChatCompletions;

/// <summary>Gathers what the fields of a media part say.</summary>
internal struct ChatCompletionsMediaDraft(MediaKind kind, bool fromClient)
{
    private JsonElement? _url;
    private string? _fileId;
    private string? _name;
    private string? _detail;
    private string? _format;

    public bool Take(JsonProperty property, string path)
    {
        if (property.Value.ValueKind == JsonValueKind.Null)
        {
            return true;
        }

        switch (property.Name)
        {
            case "url" or "data" or "file_data" or "file_url":
                TakeUrl(property.Value, path);
                return true;
            case "file_id":
                _fileId = TakeText(property.Value, path);
                return true;
            case "filename":
                _name = TakeText(property.Value, path);
                return true;
            case "detail":
                _detail = TakeText(property.Value, path);
                return true;
            case "format" or "mime_type":
                _format = TakeText(property.Value, path);
                return true;
            default:
                return false;
        }
    }

    public void TakeUrl(JsonElement url, string path) =>
        _url = url.ValueKind == JsonValueKind.String ? url : fromClient ? throw RequestField.Wrong(path, "a string", url) : null;

    public readonly MediaPart? Build()
    {
        string? type = _format is null || _format.Contains('/') ? _format : ChatCompletionsWire.AudioTypeOf(_format);
        if (_url is not { } url)
        {
            return _fileId switch
            {
                null => null,
                // LiteLLM lets an address stand for an id.
                _ when _fileId.Contains("://", StringComparison.Ordinal) => Part(new UrlSource(_fileId, type)),
                _ => Part(new FileSource(_fileId, ChatCompletionsWire.Id, type)),
            };
        }

        MediaSource source = kind is MediaKind.Audio or MediaKind.Document
            ? DataUrl.ReadSourceOrBase64(url, type ?? FallbackType())
            : DataUrl.ReadSource(url, type ?? FallbackType());
        return Part(source is UrlSource address ? address with { MediaType = type ?? MediaTypes.OfName(_name) } : source);
    }

    private readonly MediaPart Part(MediaSource source)
    {
        MediaKind actual = source switch
        {
            Base64Source bytes => MediaTypes.KindOf(bytes.MediaType),
            UrlSource { MediaType: { } type } => MediaTypes.KindOf(type),
            _ => kind,
        };
        return new MediaPart(actual, source) { Name = _name, Detail = _detail };
    }

    private readonly string? TakeText(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.String ? Json.Text(value)
        : fromClient ? throw RequestField.Wrong(path, "a string", value)
        : null;

    private readonly string FallbackType() => MediaTypes.OfName(_name) ?? kind switch
    {
        MediaKind.Image => "image/png",
        MediaKind.Audio => "audio/wav",
        MediaKind.Video => "video/mp4",
        _ => "application/pdf",
    };
}
