using System.Globalization;
using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.ChatCompletions;

/// <summary>
/// Reads the messages of a request, in order: results find the calls that they answer, by id or, in the ways of old and careless clients,
/// by name or by position. Source: https://platform.openai.com/docs/api-reference/chat/create (messages).
/// </summary>
internal sealed class ChatCompletionsMessageReader
{
    private readonly List<ToolCallPart> _unanswered = [];

    /// <summary>Reads all messages.</summary>
    public static List<Message> Read(JsonElement messages, string path)
    {
        RequestField.Array(messages, path);
        var reader = new ChatCompletionsMessageReader();
        var list = new List<Message>(messages.GetArrayLength());
        foreach (JsonElement message in messages.EnumerateArray())
        {
            list.Add(reader.ReadMessage(message, list.Count, string.Create(CultureInfo.InvariantCulture, $"{path}[{list.Count}]")));
        }

        return list.Count > 0 ? list : throw new GatewayException(GatewayError.Invalid($"'{path}' is empty.", path, "empty_array"));
    }

    private Message ReadMessage(JsonElement message, int index, string path)
    {
        RequestField.Object(message, path);
        if (!message.TryGetProperty("role", out JsonElement roleElement))
        {
            throw RequestField.Missing($"{path}.role");
        }

        string roleName = RequestField.String(roleElement, $"{path}.role");
        Role role = ChatCompletionsWire.RoleOf(roleName)
            ?? throw RequestField.Unknown($"{path}.role", roleName, "system, developer, user, assistant or tool");
        return role switch
        {
            Role.Assistant => ReadAssistant(message, index, path),
            Role.Tool => ReadResult(message, path),
            _ => ReadTurn(message, role, path),
        };
    }

    private Message ReadAssistant(JsonElement message, int index, string path)
    {
        var reader = new ChatCompletionsAssistant(path, fromClient: true, ordinal => string.Create(CultureInfo.InvariantCulture, $"call_{index}_{ordinal}"));
        List<ContentPart> parts = reader.Read(message);
        _unanswered.Clear();
        _unanswered.AddRange(parts.OfType<ToolCallPart>());
        return new Message(Role.Assistant, parts)
        {
            Name = message.TryGetProperty("name", out JsonElement name) && name.ValueKind != JsonValueKind.Null ? RequestField.String(name, $"{path}.name") : null,
            Extra = reader.Extra,
        };
    }

    private static Message ReadTurn(JsonElement message, Role role, string path)
    {
        var parts = new List<ContentPart>();
        var extra = new ExtraFieldsBuilder(ChatCompletionsWire.Id, path);
        string? name = null;
        CacheBreakpoint? cache = null;
        bool hasContent = false;
        foreach (JsonProperty property in message.EnumerateObject())
        {
            switch (property.Name)
            {
                case "role":
                    break;
                case "content":
                    hasContent = true;
                    ChatCompletionsContent.Read(property.Value, $"{path}.content", fromClient: true, parts);
                    break;
                case "name" when property.Value.ValueKind != JsonValueKind.Null:
                    name = RequestField.String(property.Value, $"{path}.name");
                    break;
                case "cache_control":
                    cache = ChatCompletionsWire.ReadCache(property.Value);
                    break;
                default:
                    if (property.Value.ValueKind != JsonValueKind.Null)
                    {
                        extra.Add(property);
                    }

                    break;
            }
        }

        if (!hasContent)
        {
            throw RequestField.Missing($"{path}.content");
        }

        if (cache is not null && parts.Count > 0)
        {
            parts[^1] = parts[^1] with { Cache = cache };
        }

        return new Message(role, parts) { Name = name, Extra = extra.Build() };
    }

    private Message ReadResult(JsonElement message, string path)
    {
        var parts = new List<ContentPart>();
        var extra = new ExtraFieldsBuilder(ChatCompletionsWire.Id, path);
        string? id = null;
        string? name = null;
        CacheBreakpoint? cache = null;
        foreach (JsonProperty property in message.EnumerateObject())
        {
            switch (property.Name)
            {
                case "role":
                    break;
                case "content":
                    ChatCompletionsContent.Read(property.Value, $"{path}.content", fromClient: true, parts);
                    break;
                case "tool_call_id" when property.Value.ValueKind != JsonValueKind.Null:
                    id = ToolCallIdCarrier.Unwrap(RequestField.String(property.Value, $"{path}.tool_call_id")).Id;
                    break;
                case "name" when property.Value.ValueKind != JsonValueKind.Null:
                    name = RequestField.String(property.Value, $"{path}.name");
                    break;
                case "cache_control":
                    cache = ChatCompletionsWire.ReadCache(property.Value);
                    break;
                default:
                    if (property.Value.ValueKind != JsonValueKind.Null)
                    {
                        extra.Add(property);
                    }

                    break;
            }
        }

        ToolCallPart? call = Answer(id, name);
        string callId = string.IsNullOrEmpty(id) ? call?.Id ?? throw RequestField.Missing($"{path}.tool_call_id") : id;
        var result = new ToolResultPart(callId, parts) { Name = name, Kind = call?.Kind ?? ToolKind.Function, Cache = cache };
        return new Message(Role.Tool, [result]) { Extra = extra.Build() };
    }

    private ToolCallPart? Answer(string? id, string? name)
    {
        int found = !string.IsNullOrEmpty(id) ? _unanswered.FindIndex(c => c.Id == id)
            : name is not null && _unanswered.FindIndex(c => c.Name == name) is >= 0 and var named ? named
            : _unanswered.Count > 0 ? 0 : -1;
        if (found < 0)
        {
            return null;
        }

        ToolCallPart call = _unanswered[found];
        _unanswered.RemoveAt(found);
        return call;
    }
}
