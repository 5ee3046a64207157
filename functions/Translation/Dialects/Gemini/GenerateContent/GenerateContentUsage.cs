using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini.GenerateContent;

/// <summary>
/// <c>usageMetadata</c>. Google's arithmetic: the prompt includes what was cached but not what its own tools added, the candidates exclude
/// thoughts, the total is the sum of prompt, tool use, candidates and thoughts. Source: https://ai.google.dev/api/generate-content#UsageMetadata.
/// </summary>
internal struct GenerateContentUsage : IEquatable<GenerateContentUsage>
{
    private long? _prompt;
    private long? _cached;
    private long? _toolUse;
    private long? _candidates;
    private long? _thoughts;
    private long? _total;
    private long? _audioInput;
    private long? _audioOutput;

    /// <summary>The tier that served the request, in OpenAI's words.</summary>
    public string? Tier { get; private set; }

    /// <summary>The counts in the convention of <see cref="TokenUsage"/>.</summary>
    public readonly TokenUsage ToUsage()
    {
        long? output = _candidates is null && _thoughts is null
            ? _total is { } total && _prompt is { } prompt && total - prompt - (_toolUse ?? 0) is >= 0 and var rest ? rest : null
            : (_candidates ?? 0) + (_thoughts ?? 0);
        return new TokenUsage
        {
            InputTokens = _prompt is null && _toolUse is null ? null : (_prompt ?? 0) + (_toolUse ?? 0),
            CacheReadTokens = _cached,
            ToolUseInputTokens = _toolUse,
            AudioInputTokens = _audioInput,
            OutputTokens = output,
            ReasoningTokens = _thoughts,
            AudioOutputTokens = _audioOutput,
        };
    }

    /// <summary>Reads the object that an element holds, its breakdowns into <see cref="TokenUsage.Extra"/>.</summary>
    public static (TokenUsage Usage, string? Tier) Read(JsonElement element)
    {
        var reader = new Utf8JsonReader(JsonMarshal.GetRawUtf8Value(element));
        reader.Read();
        GenerateContentUsage counts = default;
        counts.Read(ref reader);
        var extra = new ExtraFieldsBuilder(GenerateContentWire.Dialect, "usageMetadata");
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (property.Value.ValueKind is JsonValueKind.Array or JsonValueKind.Object || property.Name == "trafficType")
            {
                extra.Add(property);
            }
        }

        return (counts.ToUsage() with { Extra = extra.Build() }, counts.Tier);
    }

    /// <summary>Reads the object that the reader stands on. A later report replaces what it names.</summary>
    public void Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("promptTokenCount"u8))
            {
                _prompt = Count(ref reader);
            }
            else if (reader.ValueTextEquals("candidatesTokenCount"u8))
            {
                _candidates = Count(ref reader);
            }
            else if (reader.ValueTextEquals("thoughtsTokenCount"u8))
            {
                _thoughts = Count(ref reader);
            }
            else if (reader.ValueTextEquals("totalTokenCount"u8))
            {
                _total = Count(ref reader);
            }
            else if (reader.ValueTextEquals("cachedContentTokenCount"u8))
            {
                _cached = Count(ref reader);
            }
            else if (reader.ValueTextEquals("toolUsePromptTokenCount"u8))
            {
                _toolUse = Count(ref reader);
            }
            else if (reader.ValueTextEquals("promptTokensDetails"u8))
            {
                _audioInput = Audio(ref reader);
            }
            else if (reader.ValueTextEquals("candidatesTokensDetails"u8))
            {
                _audioOutput = Audio(ref reader);
            }
            else if (Tier is null && reader.ValueTextEquals("serviceTier"u8))
            {
                reader.Read();
                Tier = reader.TokenType == JsonTokenType.String ? GenerateContentWire.TierOf(reader.GetString()) : null;
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
    }

    /// <summary>Writes the object in Google's arithmetic; zeros that Google leaves out are left out.</summary>
    public static void Write(Utf8JsonWriter writer, TokenUsage usage, string? tier)
    {
        writer.WriteStartObject("usageMetadata"u8);
        if (usage.InputTokens is { } input)
        {
            writer.WriteNumber("promptTokenCount"u8, input - (usage.ToolUseInputTokens ?? 0));
        }

        if (usage.CacheReadTokens is { } cached and > 0)
        {
            writer.WriteNumber("cachedContentTokenCount"u8, cached);
        }

        if (usage.OutputTokens - (usage.ReasoningTokens ?? 0) is { } candidates and > 0)
        {
            writer.WriteNumber("candidatesTokenCount"u8, candidates);
        }

        if (usage.ToolUseInputTokens is { } toolUse and > 0)
        {
            writer.WriteNumber("toolUsePromptTokenCount"u8, toolUse);
        }

        if (usage.ReasoningTokens is { } thoughts and > 0)
        {
            writer.WriteNumber("thoughtsTokenCount"u8, thoughts);
        }

        if (usage.TotalTokens is { } total)
        {
            writer.WriteNumber("totalTokenCount"u8, total);
        }

        writer.WriteExtra(usage.Extra, GenerateContentWire.Dialect);
        if (tier is not null && GenerateContentWire.TierNameOf(tier) is { } name)
        {
            writer.WriteString("serviceTier"u8, name);
        }

        writer.WriteEndObject();
    }

    public readonly bool Equals(GenerateContentUsage other) =>
        _prompt == other._prompt && _cached == other._cached && _toolUse == other._toolUse && _candidates == other._candidates
        && _thoughts == other._thoughts && _total == other._total && _audioInput == other._audioInput && _audioOutput == other._audioOutput;

    public override readonly bool Equals(object? obj) => obj is GenerateContentUsage other && Equals(other);

    public override readonly int GetHashCode() => HashCode.Combine(_prompt, _candidates, _thoughts, _total);

    private static long? Count(ref Utf8JsonReader reader)
    {
        reader.Read();
        switch (reader.TokenType)
        {
            case JsonTokenType.Number:
                return reader.TryGetInt64(out long number) && number >= 0 ? number : null;
            case JsonTokenType.String:
                return Utf8Parser.TryParse(reader.ValueSpan, out long text, out int used) && used == reader.ValueSpan.Length && text >= 0 ? text : null;
            default:
                reader.Skip();
                return null;
        }
    }

    /// <summary>The tokens of sound in a breakdown <c>[{"modality":"AUDIO","tokenCount":3}]</c>; null when there are none.</summary>
    private static long? Audio(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return null;
        }

        long? audio = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }

            bool isAudio = false;
            long? count = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("tokenCount"u8))
                {
                    count = Count(ref reader);
                    continue;
                }

                bool isModality = reader.ValueTextEquals("modality"u8);
                reader.Read();
                isAudio |= isModality && reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("AUDIO"u8);
                reader.Skip();
            }

            audio = isAudio ? (audio ?? 0) + count : audio;
        }

        return audio;
    }
}
