using System.Text;
using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini.GenerateContent;

/// <summary>
/// Reads the turns of a client's request (https://ai.google.dev/api/caching#Content). Google's clients send a streamed answer back as one
/// content or one part for each chunk: consecutive turns of the model become one, its texts and thoughts whole again. Calls
/// without ids get some, and responses without ids are paired with them by name and order.
/// </summary>
internal sealed class GenerateContentContents
{
    private readonly List<Message> _messages = [];
    private readonly List<Call> _calls = [];

    /// <summary>The turns of <c>contents</c>.</summary>
    public static IReadOnlyList<Message> Read(JsonElement contents)
    {
        var reader = new GenerateContentContents();
        switch (contents.ValueKind)
        {
            case JsonValueKind.Array:
                int index = 0;
                foreach (JsonElement content in contents.EnumerateArray())
                {
                    reader.ReadContent(content, $"contents[{index++}]");
                }

                break;
            case JsonValueKind.Object or JsonValueKind.String:
                reader.ReadContent(contents, "contents");
                break;
            default:
                throw RequestField.Wrong("contents", "an array", contents);
        }

        return reader._messages;
    }

    /// <summary>The parts of one content that stands alone (<c>systemInstruction</c>).</summary>
    public static IReadOnlyList<ContentPart> ReadParts(JsonElement content, string path)
    {
        var reader = new GenerateContentContents();
        reader.ReadContent(content, path);
        return reader._messages.Count == 0 ? [] : reader._messages[0].Parts;
    }

    private void ReadContent(JsonElement content, string path)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            _messages.Add(new Message(Role.User, [new TextPart(content.GetString()!)]));
            return;
        }

        Role role = Role.User;
        JsonElement parts = default;
        var extra = new ExtraFieldsBuilder(GenerateContentWire.Dialect, path);
        foreach (JsonProperty property in RequestField.Object(content, path).EnumerateObject())
        {
            switch (property.Name)
            {
                case "role" when property.Value.ValueKind == JsonValueKind.Null:
                    break;
                case "role":
                    role = RoleOf(RequestField.String(property.Value, $"{path}.role"), path);
                    break;
                case "parts":
                    parts = property.Value;
                    break;
                default:
                    extra.Add(property);
                    break;
            }
        }

        // All calls of the conversation precede the responses to them, so that one pass pairs them.
        List<ContentPart> list = ReadPartList(parts, $"{path}.parts", role);
        if (role == Role.Assistant && _messages.Count > 0 && _messages[^1] is { Role: Role.Assistant } last)
        {
            _messages[^1] = last with { Parts = Join([.. last.Parts, .. list]) };
            return;
        }

        bool onlyResults = list.Count > 0 && list.TrueForAll(p => p is ToolResultPart);
        role = role is Role.User or Role.Tool ? (onlyResults ? Role.Tool : Role.User) : role;
        _messages.Add(new Message(role, role == Role.Assistant ? Join(list) : list) { Extra = extra.Build() });
    }

    private List<ContentPart> ReadPartList(JsonElement parts, string path, Role role)
    {
        List<ContentPart> list = [];
        switch (parts.ValueKind)
        {
            case JsonValueKind.Array:
                int index = 0;
                foreach (JsonElement part in parts.EnumerateArray())
                {
                    list.Add(ReadPart(part, $"{path}[{index++}]"));
                }

                break;
            case JsonValueKind.Object or JsonValueKind.String:
                list.Add(ReadPart(parts, path));
                break;
            case JsonValueKind.Undefined or JsonValueKind.Null when role is Role.Assistant or Role.User:
                break;
            default:
                throw RequestField.Wrong(path, "an array", parts);
        }

        return list;
    }

    private ContentPart ReadPart(JsonElement part, string path)
    {
        if (part.ValueKind == JsonValueKind.String)
        {
            return new TextPart(part.GetString()!);
        }

        string? kind = null;
        JsonElement data = default;
        bool isThought = false;
        Signature? signature = null;
        var extra = new ExtraFieldsBuilder(GenerateContentWire.Dialect, path);
        foreach (JsonProperty property in RequestField.Object(part, path).EnumerateObject())
        {
            string name = GeminiNames.Camel(property.Name);
            switch (name)
            {
                case var _ when property.Value.ValueKind == JsonValueKind.Null:
                    break;
                case "thought":
                    isThought = RequestField.Boolean(property.Value, $"{path}.thought");
                    break;
                case "thoughtSignature":
                    signature = GenerateContentWire.SignatureOf(RequestField.String(property.Value, $"{path}.thoughtSignature"));
                    break;
                case "videoMetadata" or "mediaResolution" or "partMetadata":
                    extra.Add(property);
                    break;
                default:
                    (kind, data) = kind is null ? (name, property.Value) : ("", default);
                    break;
            }
        }

        string place = $"{path}.{kind}";
        return kind switch
        {
            null when signature is not null || isThought => ReadText("", isThought, signature, extra.Build()),
            "text" => ReadText(RequestField.String(data, place), isThought, signature, extra.Build()),
            "inlineData" or "fileData" => GenerateContentMedia.Read(kind, data, place) with { Signature = signature, Extra = extra.Build() },
            "functionCall" => ReadCall(data, place, signature),
            "functionResponse" => ReadResult(data, place),
            _ => new OpaquePart(GenerateContentWire.Dialect, part, path),
        };
    }

    private static ContentPart ReadText(string text, bool isThought, Signature? signature, ExtraFields? extra) => isThought
        ? new ReasoningPart(text) { Signature = signature, IsSummary = true, Extra = extra }
        : new TextPart(text) { Signature = signature, Extra = extra };

    private ToolCallPart ReadCall(JsonElement call, string path, Signature? signature)
    {
        string? name = null;
        string? id = null;
        string arguments = "{}";
        var extra = new ExtraFieldsBuilder(GenerateContentWire.Dialect, path);
        foreach (JsonProperty property in RequestField.Object(call, path).EnumerateObject())
        {
            switch (GeminiNames.Camel(property.Name))
            {
                case var _ when property.Value.ValueKind == JsonValueKind.Null:
                    break;
                case "name":
                    name = RequestField.String(property.Value, $"{path}.name");
                    break;
                case "id":
                    id = RequestField.String(property.Value, $"{path}.id");
                    break;
                case "args":
                    arguments = RequestField.Object(property.Value, $"{path}.args").GetRawText();
                    break;
                default:
                    extra.Add(property);
                    break;
            }
        }

        if (string.IsNullOrEmpty(name))
        {
            throw RequestField.Missing($"{path}.name");
        }

        bool isMade = string.IsNullOrEmpty(id);
        (string plain, Signature? carried) = ToolCallIdCarrier.Unwrap(isMade ? $"{GenerateContentWire.MadeIdPrefix}{_calls.Count}_{name}" : id!);
        _calls.Add(new Call(plain, name, isMade));
        return new ToolCallPart(plain, name, arguments) { Signature = signature ?? carried, Extra = extra.Build() };
    }

    private ToolResultPart ReadResult(JsonElement result, string path)
    {
        string? name = null;
        string? id = null;
        JsonElement response = default;
        List<ContentPart> media = [];
        var extra = new ExtraFieldsBuilder(GenerateContentWire.Dialect, path);
        foreach (JsonProperty property in RequestField.Object(result, path).EnumerateObject())
        {
            switch (GeminiNames.Camel(property.Name))
            {
                case var _ when property.Value.ValueKind == JsonValueKind.Null:
                    break;
                case "name":
                    name = RequestField.String(property.Value, $"{path}.name");
                    break;
                case "id":
                    id = ToolCallIdCarrier.Unwrap(RequestField.String(property.Value, $"{path}.id")).Id;
                    break;
                case "response":
                    response = RequestField.Object(property.Value, $"{path}.response");
                    break;
                case "parts":
                    media = ReadPartList(property.Value, $"{path}.parts", Role.Tool);
                    break;
                default:
                    extra.Add(property);
                    break;
            }
        }

        if (string.IsNullOrEmpty(name) && string.IsNullOrEmpty(id))
        {
            throw RequestField.Missing($"{path}.name");
        }

        (string? text, bool isError) = ReadResponse(response);
        return new ToolResultPart(string.IsNullOrEmpty(id) ? Pair(name!) : Mark(id), text is null ? media : [new TextPart(text), .. media])
        {
            Name = name,
            IsError = isError,
            Extra = extra.Build(),
        };
    }

    /// <summary>Google's convention: <c>output</c> holds what a function gave, <c>error</c> why it failed; any other object is the result itself.</summary>
    private static (string? Text, bool IsError) ReadResponse(JsonElement response)
    {
        if (response.ValueKind != JsonValueKind.Object)
        {
            return (null, false);
        }

        using JsonElement.ObjectEnumerator fields = response.EnumerateObject();
        if (fields.MoveNext() && fields.Current is var first && !fields.MoveNext())
        {
            if (first.Name == "error")
            {
                return (first.Value.ValueKind == JsonValueKind.String ? first.Value.GetString() : first.Value.GetRawText(), true);
            }

            if (first.Name == "output" && first.Value.ValueKind == JsonValueKind.String)
            {
                return (first.Value.GetString(), false);
            }
        }

        return (response.GetRawText(), false);
    }

    private string Pair(string name)
    {
        int at = _calls.FindIndex(c => !c.IsAnswered && c.IsMade && c.Name == name);
        at = at >= 0 ? at : _calls.FindIndex(c => !c.IsAnswered && c.Name == name);
        at = at >= 0 ? at : _calls.FindIndex(c => !c.IsAnswered);
        if (at < 0)
        {
            return $"{GenerateContentWire.MadeIdPrefix}{_calls.Count}_{name}";
        }

        _calls[at] = _calls[at] with { IsAnswered = true };
        return _calls[at].Id;
    }

    private string Mark(string id)
    {
        int at = _calls.FindIndex(c => !c.IsAnswered && c.Id == id);
        if (at >= 0)
        {
            _calls[at] = _calls[at] with { IsAnswered = true };
        }

        return id;
    }

    /// <summary>Makes one part of consecutive texts, and one of consecutive thoughts, up to and with the one that is signed.</summary>
    public static List<ContentPart> Join(List<ContentPart> parts)
    {
        List<ContentPart> joined = new(parts.Count);
        var text = new StringBuilder();
        for (int i = 0; i < parts.Count;)
        {
            int end = i + 1;
            while (end < parts.Count && Continues(parts[end - 1], parts[end]))
            {
                end++;
            }

            if (end == i + 1)
            {
                joined.Add(parts[i++]);
                continue;
            }

            text.Clear();
            for (int j = i; j < end; j++)
            {
                text.Append(parts[j] is TextPart t ? t.Text : ((ReasoningPart)parts[j]).Text);
            }

            joined.Add(parts[end - 1] switch
            {
                TextPart last => last with { Text = text.ToString() },
                ReasoningPart last => last with { Text = text.ToString() },
                var other => other,
            });
            i = end;
        }

        return joined;
    }

    /// <summary>A signature belongs to the part that it stands on, or, on an empty part, to the text before it.</summary>
    private static bool Continues(ContentPart before, ContentPart next) => (before, next) switch
    {
        (TextPart { Signature: null, Extra: null }, TextPart { Extra: null } text) => text.Signature is null || text.Text.Length == 0,
        (ReasoningPart { Signature: null, Extra: null }, ReasoningPart { Extra: null }) => true,
        _ => false,
    };

    private static Role RoleOf(string role, string path) => role switch
    {
        "user" or "" => Role.User,
        "model" => Role.Assistant,
        "function" or "tool" => Role.Tool,
        "system" => Role.System,
        _ => throw RequestField.Unknown($"{path}.role", role, "'user' or 'model'"),
    };

    private readonly record struct Call(string Id, string Name, bool IsMade, bool IsAnswered = false);
}
