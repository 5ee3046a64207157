using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.ChatCompletions;

/// <summary>
/// Reads an assistant's message. It is the same in a request, where it is history, and in an answer; but the faults of a request are
/// the client's, and an answer is read as far as it goes.
/// </summary>
/// <param name="path">JSON path of the message.</param>
/// <param name="fromClient">True for a request.</param>
/// <param name="makeId">Makes an id for the n-th call of the message, should it have none.</param>
internal sealed class ChatCompletionsAssistant(string path, bool fromClient, Func<int, string> makeId)
{
    private readonly List<ContentPart> _content = [];
    private readonly List<ContentPart> _calls = [];
    private readonly List<ContentPart> _media = [];
    private ChatCompletionsReasoning.Fields _reasoning;
    private RefusalPart? _refusal;
    private List<Citation>? _citations;
    private Signature? _signature;
    private CacheBreakpoint? _cache;
    private ExtraFieldsBuilder _extra = new(ChatCompletionsWire.Id, path);

    /// <summary>Log probabilities of the content, which stand beside an answer's message.</summary>
    public IReadOnlyList<TokenLogProb> LogProbs { get; set; } = [];

    /// <summary>Fields that the canonical model does not know.</summary>
    public ExtraFields? Extra => _extra.Build();

    /// <summary>The message's parts: thinking, content, refusal, media, calls.</summary>
    public List<ContentPart> Read(JsonElement message)
    {
        foreach (JsonProperty property in message.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.Null && !_reasoning.Take(property))
            {
                ReadField(property);
            }
        }

        var parts = new List<ContentPart>(_content.Count + _calls.Count + 1);
        ChatCompletionsReasoning.Read(_reasoning, fromClient, parts);
        AddContent(parts);
        if (_refusal is not null)
        {
            parts.Add(_refusal);
        }

        parts.AddRange(_media);
        parts.AddRange(_calls);
        if (_cache is not null && parts.Count > 0)
        {
            parts[^1] = parts[^1] with { Cache = _cache };
        }

        return parts;
    }

    /// <summary>The fields of an annotation that names an address; null for another kind.</summary>
    public static Citation? ReadAnnotation(JsonElement annotation) =>
        annotation.ValueKind == JsonValueKind.Object && annotation.TryGetProperty("type", out JsonElement type) && Json.Text(type) == "url_citation"
            ? OpenAICitation.Read(annotation.TryGetProperty("url_citation", out JsonElement nested) && nested.ValueKind == JsonValueKind.Object ? nested : annotation)
            : null;

    private void ReadField(JsonProperty property)
    {
        JsonElement value = property.Value;
        switch (property.Name)
        {
            case "role" or "name":
                break;
            case "cache_control":
                _cache = ChatCompletionsWire.ReadCache(value);
                break;
            case "content":
                ChatCompletionsContent.Read(value, $"{path}.content", fromClient, _content);
                break;
            case "refusal":
                _refusal = Text(value, "refusal") is { Length: > 0 } refusal ? new RefusalPart(refusal) : null;
                break;
            case "tool_calls":
                ReadCalls(value);
                break;
            case "function_call":
                AddCall(value, value, ToolKind.Function, id: null, signature: null, $"{path}.function_call");
                break;
            case "annotations" when value.ValueKind == JsonValueKind.Array:
                _citations = [.. value.EnumerateArray().Select(ReadAnnotation).OfType<Citation>()];
                if (fromClient)
                {
                    _extra.AddIncidental(property);
                }

                break;
            case "images" when value.ValueKind == JsonValueKind.Array:
                ChatCompletionsContent.Read(value, $"{path}.images", fromClient, _media);
                break;
            case "audio" when value.ValueKind == JsonValueKind.Object:
                ReadAudio(value);
                break;
            case "extra_content":
                _signature = ChatCompletionsWire.ReadThoughtSignature(value);
                break;
            default:
                _extra.Add(property);
                break;
        }
    }

    private void AddContent(List<ContentPart> parts)
    {
        int lastText = _content.FindLastIndex(p => p is TextPart);
        bool annotated = _citations is { Count: > 0 } || _signature is not null || LogProbs.Count > 0;
        if (lastText >= 0 && annotated)
        {
            _content[lastText] = ((TextPart)_content[lastText]) with { Citations = _citations ?? [], Signature = _signature, LogProbs = LogProbs };
        }

        // An answer's empty content says nothing; a client's is kept, since it may be the whole turn.
        parts.AddRange(fromClient ? _content : _content.Where(p => p is not TextPart { Text: "", Signature: null }));
    }

    private void ReadCalls(JsonElement calls)
    {
        if (calls.ValueKind != JsonValueKind.Array)
        {
            if (fromClient)
            {
                throw RequestField.Wrong($"{path}.tool_calls", "an array", calls);
            }

            return;
        }

        int index = 0;
        foreach (JsonElement call in calls.EnumerateArray())
        {
            string callPath = $"{path}.tool_calls[{index++}]";
            if (call.ValueKind == JsonValueKind.Object)
            {
                ReadCall(call, callPath);
            }
            else if (fromClient)
            {
                throw RequestField.Wrong(callPath, "an object", call);
            }
        }
    }

    private void ReadCall(JsonElement call, string callPath)
    {
        string? id = call.TryGetProperty("id", out JsonElement idElement) ? Json.Text(idElement) : null;
        Signature? signature = call.TryGetProperty("extra_content", out JsonElement extraContent) ? ChatCompletionsWire.ReadThoughtSignature(extraContent) : null;
        if (call.TryGetProperty("function", out JsonElement function) && function.ValueKind == JsonValueKind.Object)
        {
            AddCall(call, function, ToolKind.Function, id, signature, $"{callPath}.function");
        }
        else if (call.TryGetProperty("custom", out JsonElement custom) && custom.ValueKind == JsonValueKind.Object)
        {
            AddCall(call, custom, ToolKind.Custom, id, signature, $"{callPath}.custom");
        }
        else if (call.TryGetProperty("type", out JsonElement type) && type.ValueKind == JsonValueKind.String && !type.Is("function"u8))
        {
            _calls.Add(new OpaquePart(ChatCompletionsWire.Id, call, callPath));
        }
        else if (fromClient)
        {
            throw RequestField.Missing($"{callPath}.function");
        }
    }

    private void AddCall(JsonElement call, JsonElement body, ToolKind kind, string? id, Signature? signature, string bodyPath)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            if (fromClient)
            {
                throw RequestField.Wrong(bodyPath, "an object", body);
            }

            return;
        }

        string? name = null;
        string arguments = "";
        CacheBreakpoint? cache = call.TryGetProperty("cache_control", out JsonElement mark) ? ChatCompletionsWire.ReadCache(mark) : null;
        foreach (JsonProperty property in body.EnumerateObject())
        {
            switch (property.Name)
            {
                case "name":
                    name = Json.Text(property.Value);
                    break;
                case "arguments" or "input":
                    arguments = ReadArguments(property.Value);
                    break;
            }
        }

        if (string.IsNullOrEmpty(name))
        {
            if (fromClient)
            {
                throw RequestField.Missing($"{bodyPath}.name");
            }

            if (arguments.Length == 0)
            {
                return; // Nothing at all is a ghost that some servers send.
            }
        }

        if (!string.IsNullOrEmpty(id))
        {
            (id, Signature? carried) = ToolCallIdCarrier.Unwrap(id);
            signature ??= carried;
        }

        arguments = arguments.Length == 0 && kind == ToolKind.Function ? "{}" : arguments;
        _calls.Add(new ToolCallPart(string.IsNullOrEmpty(id) ? makeId(_calls.Count) : id, string.IsNullOrEmpty(name) ? "unnamed" : name, arguments)
        {
            Kind = kind,
            Signature = signature,
            Cache = cache,
        });
    }

    private void ReadAudio(JsonElement audio)
    {
        string? id = audio.TryGetProperty("id", out JsonElement idElement) ? Json.Text(idElement) : null;
        if (!audio.TryGetProperty("data", out JsonElement data) || data.ValueKind != JsonValueKind.String)
        {
            if (id is not null)
            {
                _media.Add(new MediaPart(MediaKind.Audio, new FileSource(id, ChatCompletionsWire.Id)));
            }

            return;
        }

        var extra = new ExtraFieldsBuilder(ChatCompletionsWire.Id, $"{path}.audio");
        foreach (JsonProperty property in audio.EnumerateObject())
        {
            if (property.Name is "id" or "expires_at")
            {
                extra.AddIncidental(property);
            }
        }

        _media.Add(new MediaPart(MediaKind.Audio, new Base64Source("audio/wav", Json.Base64Bytes(data)))
        {
            Transcript = audio.TryGetProperty("transcript", out JsonElement transcript) ? Json.Text(transcript) : null,
            Extra = extra.Build(),
        });
    }

    private string? Text(JsonElement value, string field) => value.ValueKind == JsonValueKind.String ? Json.Text(value)
        : fromClient ? throw RequestField.Wrong($"{path}.{field}", "a string", value)
        : null;

    // Some servers, and clients after them, send the arguments as the object that they should be the text of.
    private static string ReadArguments(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => Json.Text(value)!,
        JsonValueKind.Null => "",
        _ => value.GetRawText(),
    };
}
