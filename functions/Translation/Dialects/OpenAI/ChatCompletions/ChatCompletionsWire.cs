using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.ChatCompletions;

/// <summary>
/// The names of Chat Completions and what they stand for, those of servers that call themselves compatible included.
/// Sources: https://platform.openai.com/docs/api-reference/chat/object and the vendors' own pages named beside each table.
/// </summary>
internal static class ChatCompletionsWire
{
    /// <summary>Longest id of a tool call that OpenAI takes back (its error: "string too long. Expected a string with maximum length 40").</summary>
    public const int MaxToolCallId = 40;

    private static readonly FrozenDictionary<string, FinishReason> FinishReasons = new Dictionary<string, FinishReason>(StringComparer.OrdinalIgnoreCase)
    {
        ["stop"] = FinishReason.Stop,
        ["end_turn"] = FinishReason.Stop,            // Databricks and others that front Anthropic
        ["stop_sequence"] = FinishReason.Stop,
        ["eos"] = FinishReason.Stop,                 // Together, Hugging Face TGI
        ["eos_token"] = FinishReason.Stop,
        ["complete"] = FinishReason.Stop,            // Cohere
        ["length"] = FinishReason.Length,
        ["max_tokens"] = FinishReason.Length,
        ["max_output_tokens"] = FinishReason.Length,
        ["model_length"] = FinishReason.ContextWindow, // Mistral
        ["model_context_window_exceeded"] = FinishReason.ContextWindow,
        ["tool_calls"] = FinishReason.ToolCalls,
        ["tool_call"] = FinishReason.ToolCalls,
        ["tool_use"] = FinishReason.ToolCalls,
        ["function_call"] = FinishReason.ToolCalls,
        ["content_filter"] = FinishReason.ContentFilter,
        ["safety"] = FinishReason.ContentFilter,
        ["recitation"] = FinishReason.ContentFilter,
        ["sensitive"] = FinishReason.ContentFilter,  // Zhipu
        ["refusal"] = FinishReason.Refusal,
        ["pause_turn"] = FinishReason.Pause,
        ["malformed_function_call"] = FinishReason.Malformed,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    // DeepSeek, Zhipu, vLLM and OpenRouter end an answer that they could not finish with a reason of its own.
    private static readonly FrozenSet<string> Failures =
        FrozenSet.ToFrozenSet(["error", "network_error", "insufficient_system_resource", "abort"], StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenDictionary<string, Role> Roles = new Dictionary<string, Role>
    {
        ["system"] = Role.System,
        ["developer"] = Role.Developer,
        ["user"] = Role.User,
        ["assistant"] = Role.Assistant,
        ["tool"] = Role.Tool,
        ["function"] = Role.Tool,
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, string> AudioTypes = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        ["wav"] = "audio/wav",
        ["mp3"] = "audio/mpeg",
        ["pcm16"] = "audio/pcm",
        ["m4a"] = "audio/mp4",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenDictionary<string, string> AudioFormats = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        ["audio/wav"] = "wav",
        ["audio/x-wav"] = "wav",
        ["audio/wave"] = "wav",
        ["audio/mpeg"] = "mp3",
        ["audio/mp3"] = "mp3",
        ["audio/pcm"] = "pcm16",
        ["audio/l16"] = "pcm16",
        ["audio/mp4"] = "m4a",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>The dialect's name.</summary>
    public static DialectId Id => DialectIds.ChatCompletions;

    /// <summary>What a finish reason stands for; one that is not known ends the answer like any other.</summary>
    public static FinishReason FinishReasonOf(string name) => FinishReasons.GetValueOrDefault(name, FinishReason.Stop);

    /// <summary>True for a finish reason by which a server says that it failed.</summary>
    public static bool IsFailure(string finishReason) => Failures.Contains(finishReason);

    /// <summary>
    /// The reason with what the answer holds: calls end in <see cref="FinishReason.ToolCalls"/> whatever the server says, and only they do;
    /// words of refusal end in <see cref="FinishReason.Refusal"/>.
    /// </summary>
    public static FinishReason Normalize(FinishReason reason, bool calls, bool refused) => reason switch
    {
        FinishReason.Stop or FinishReason.Refusal when calls => FinishReason.ToolCalls,
        FinishReason.Stop or FinishReason.ToolCalls when refused && !calls => FinishReason.Refusal,
        FinishReason.ToolCalls when !calls => FinishReason.Stop,
        _ => reason,
    };

    /// <summary>A finish reason's name. OpenAI has five; an end that is none of them must not look like a clean one.</summary>
    /// <param name="reason">Why the answer ended.</param>
    /// <param name="refused">The answer holds a <c>refusal</c>, which OpenAI ends with <c>stop</c>.</param>
    /// <param name="legacy">The client knows <c>function_call</c> only.</param>
    public static string NameOf(FinishReason reason, bool refused, bool legacy) => reason switch
    {
        FinishReason.Stop or FinishReason.Pause => "stop",
        FinishReason.Length or FinishReason.ContextWindow => "length",
        FinishReason.ToolCalls => legacy ? "function_call" : "tool_calls",
        FinishReason.Refusal when refused => "stop",
        _ => "content_filter",
    };

    /// <summary>The role of that name, or null.</summary>
    public static Role? RoleOf(string name) => Roles.TryGetValue(name, out Role role) ? role : null;

    /// <summary>Media type of an <c>input_audio</c> format.</summary>
    public static string AudioTypeOf(string format) => AudioTypes.TryGetValue(format, out string? type) ? type : $"audio/{format.ToLowerInvariant()}";

    /// <summary>The <c>input_audio</c> format of a media type.</summary>
    public static string AudioFormatOf(string mediaType) => AudioFormats.TryGetValue(mediaType, out string? format)
        ? format
        : mediaType[(mediaType.IndexOf('/') + 1)..];

    /// <summary>An id for a call whose provider gave it none.</summary>
    /// <param name="answerId">The answer's id; keeps the calls of several turns apart.</param>
    /// <param name="choice">The choice that the call stands in.</param>
    /// <param name="ordinal">Number of the call in the choice.</param>
    public static string MakeCallId(string? answerId, int choice, int ordinal)
    {
        string seed = new([.. (answerId ?? "").Where(char.IsAsciiLetterOrDigit)]);
        seed = seed.Length > 24 ? seed[^24..] : seed.Length > 0 ? seed : "x";
        string place = choice == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{choice}_");
        return string.Create(CultureInfo.InvariantCulture, $"call_{seed}_{place}{ordinal}");
    }

    /// <summary>Reads a <c>created</c>, in seconds since 1970; some servers count milliseconds, and some leave it 0.</summary>
    public static DateTimeOffset? TimeOf(double seconds) => seconds switch
    {
        > 0 and < 1e11 => DateTimeOffset.FromUnixTimeSeconds((long)seconds),
        >= 1e11 and < 1e14 => DateTimeOffset.FromUnixTimeMilliseconds((long)seconds),
        _ => null,
    };

    /// <summary>Reads <c>cache_control</c>; null when it marks nothing.</summary>
    public static CacheBreakpoint? ReadCache(JsonElement value) => value.ValueKind == JsonValueKind.Object
        ? new CacheBreakpoint(value.TryGetProperty("ttl", out JsonElement ttl) ? Json.Text(ttl) : null)
        : null;

    /// <summary>Writes <c>cache_control</c>, where there is one.</summary>
    public static void WriteCache(Utf8JsonWriter writer, CacheBreakpoint? cache)
    {
        if (cache is null)
        {
            return;
        }

        writer.WriteStartObject("cache_control"u8);
        writer.WriteString("type"u8, "ephemeral"u8);
        if (cache.Ttl is not null)
        {
            writer.WriteString("ttl"u8, cache.Ttl);
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes the fields of an object that this dialect knows and the canonical model does not, those of its nested objects apart.</summary>
    public static void WriteExtra(Utf8JsonWriter writer, ExtraFields? extra)
    {
        if (extra is null || extra.Dialect != Id)
        {
            return;
        }

        foreach (ExtraField field in extra.Fields)
        {
            if (!field.Name.Contains('.'))
            {
                writer.WritePropertyName(field.Name);
                writer.WriteRaw(field.Value);
            }
        }
    }

    /// <summary>Writes the fields that were kept of a nested object, see <see cref="ExtraFieldsBuilder.Add(string, JsonProperty)"/>.</summary>
    public static void WriteNestedExtra(Utf8JsonWriter writer, ExtraFields? extra, string nestedIn)
    {
        if (extra is null || extra.Dialect != Id)
        {
            return;
        }

        foreach (ExtraField field in extra.Fields)
        {
            if (field.Name.Length > nestedIn.Length + 1 && field.Name[nestedIn.Length] == '.' && field.Name.StartsWith(nestedIn, StringComparison.Ordinal))
            {
                writer.WritePropertyName(field.Name.AsSpan(nestedIn.Length + 1));
                writer.WriteRaw(field.Value);
            }
        }
    }

    /// <summary>Gemini's thought signature in an <c>extra_content</c>, see https://ai.google.dev/gemini-api/docs/thought-signatures.</summary>
    public static Signature? ReadThoughtSignature(JsonElement extraContent) =>
        extraContent.ValueKind == JsonValueKind.Object
        && extraContent.TryGetProperty("google", out JsonElement google) && google.ValueKind == JsonValueKind.Object
        && google.TryGetProperty("thought_signature", out JsonElement value) && Json.Text(value) is { Length: > 0 } text
            ? new Signature(text, DialectIds.GenerateContent)
            : null;

    /// <summary>Writes a thought signature as <c>extra_content</c>; another maker's seal has no place there.</summary>
    public static void WriteThoughtSignature(Utf8JsonWriter writer, Signature? signature)
    {
        if (signature?.Origin != DialectIds.GenerateContent)
        {
            return;
        }

        writer.WriteStartObject("extra_content"u8);
        writer.WriteStartObject("google"u8);
        writer.WriteString("thought_signature"u8, signature.Value);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
