using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>The words of the wire format: tables between them and the canonical ones, and what several codecs share.</summary>
internal static class MessagesWire
{
    public static readonly DialectId Id = DialectIds.Messages;

    /// <summary>Why an answer ended. Source: https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons.</summary>
    /// <param name="stopReason">The wire's word; null when it is missing.</param>
    /// <param name="calledTool">True when the answer holds a call of a client's tool.</param>
    public static FinishReason ToFinishReason(string? stopReason, bool calledTool) => stopReason switch
    {
        "max_tokens" => FinishReason.Length,
        "tool_use" => FinishReason.ToolCalls,
        "pause_turn" or "compaction" => FinishReason.Pause,
        "refusal" => FinishReason.Refusal,
        "model_context_window_exceeded" => FinishReason.ContextWindow,
        _ => calledTool ? FinishReason.ToolCalls : FinishReason.Stop,
    };

    /// <summary>The wire's word for an answer's end. Clients run tools only after <c>tool_use</c>, so it is never said without a call and never left out after one.</summary>
    public static ReadOnlySpan<byte> ToStopReason(FinishReason reason, string? stopSequence, bool calledTool, bool refused) => reason switch
    {
        FinishReason.Length => "max_tokens"u8,
        FinishReason.Refusal or FinishReason.ContentFilter => "refusal"u8,
        FinishReason.ContextWindow => "model_context_window_exceeded"u8,
        FinishReason.Pause => "pause_turn"u8,
        _ when calledTool => "tool_use"u8,
        _ when refused => "refusal"u8,
        FinishReason.Stop when stopSequence is not null => "stop_sequence"u8,
        _ => "end_turn"u8,
    };

    /// <summary>A request's <c>service_tier</c> in canonical words.</summary>
    public static string ToRequestedTier(string tier) => tier == "standard_only" ? "default" : tier;

    /// <summary>The tier that served an answer, in canonical words.</summary>
    public static string ToServedTier(string tier) => tier == "standard" ? "default" : tier;

    /// <summary>The tier that served an answer, in the wire's words.</summary>
    public static ReadOnlySpan<byte> FromServedTier(string tier) => tier switch
    {
        "priority" or "scale" => "priority"u8,
        "batch" => "batch"u8,
        _ => "standard"u8,
    };

    /// <summary>Reads <c>cache_control</c>.</summary>
    public static CacheBreakpoint? ReadCache(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object
            ? new CacheBreakpoint(value.TryGetProperty("ttl", out JsonElement ttl) ? Json.Text(ttl) : null)
            : null;

    /// <summary>Writes <c>cache_control</c>, if there is any.</summary>
    public static void WriteCache(Utf8JsonWriter writer, CacheBreakpoint? cache)
    {
        if (cache is null)
        {
            return;
        }

        writer.WriteStartObject("cache_control"u8);
        writer.WriteString("type"u8, "ephemeral"u8);
        if (cache.Ttl is "5m" or "1h")
        {
            writer.WriteString("ttl"u8, cache.Ttl);
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes a block or tool of this dialect as it came, but without a cache mark that had to go.</summary>
    public static void WriteOwn(Utf8JsonWriter writer, JsonElement json, CacheBreakpoint? cache)
    {
        if (cache is not null || Find(json, "cache_control") is null)
        {
            writer.WriteRaw(json);
            return;
        }

        writer.WriteStartObject();
        foreach (JsonProperty property in json.EnumerateObject())
        {
            if (!property.NameEquals("cache_control"u8))
            {
                writer.WritePropertyName(property.Name);
                writer.WriteRaw(property.Value);
            }
        }

        writer.WriteEndObject();
    }

    /// <summary>
    /// Writes a tool call's arguments as the object that <c>input</c> has to be. None are <c>{}</c>; an object that is itself a JSON string
    /// is unpacked; whatever else a model wrote (a free text, a cut-off object) stands under <c>arguments</c>, so that it is not lost.
    /// </summary>
    public static void WriteInput(Utf8JsonWriter writer, ToolCallPart call)
    {
        string arguments = call.Arguments;
        writer.WritePropertyName("input"u8);
        if (call.Kind == ToolKind.Custom)
        {
            WriteFreeText(writer, arguments);
        }
        else if (string.IsNullOrWhiteSpace(arguments))
        {
            writer.WriteStartObject();
            writer.WriteEndObject();
        }
        else if (Json.IsObject(arguments))
        {
            writer.WriteRaw(arguments);
        }
        else if (Unpack(arguments) is { } inner)
        {
            writer.WriteRaw(inner);
        }
        else
        {
            writer.WriteStartObject();
            writer.WriteString("arguments"u8, arguments);
            writer.WriteEndObject();
        }
    }

    /// <summary>The value of that name, or null where there is none or the element is no object.</summary>
    public static JsonElement? Find(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) ? value : null;

    /// <summary>Writes the one text with which a free-form tool is called, in the object that <c>RequestAdapter</c> gives such tools.</summary>
    public static void WriteFreeText(Utf8JsonWriter writer, string text)
    {
        writer.WriteStartObject();
        writer.WriteString("input"u8, text);
        writer.WriteEndObject();
    }

    /// <summary>True for a text that the API takes in a block: it refuses empty ones and white space.</summary>
    public static bool HasText(string? text) => !string.IsNullOrWhiteSpace(text);

    /// <summary>An answer's id as this API's clients know it.</summary>
    public static string MessageId(string? id, string requestId) =>
        id is null or "" ? "msg_" + requestId : id.StartsWith("msg_", StringComparison.Ordinal) ? id : "msg_" + id;

    private static string? Unpack(string arguments)
    {
        if (arguments[0] != '"')
        {
            return null;
        }

        try
        {
            string? inner = Json.ParseElement(arguments).GetString();
            return inner is not null && Json.IsObject(inner) ? inner : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
