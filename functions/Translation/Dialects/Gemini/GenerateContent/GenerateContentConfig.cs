using System.Buffers;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini.GenerateContent;

/// <summary><c>generationConfig</c>. Source: https://ai.google.dev/api/generate-content#generationconfig.</summary>
internal static class GenerateContentConfig
{
    private const string Path = "generationConfig";

    /// <summary>Reads the object into the request; what the canonical model does not know stays as extra fields.</summary>
    public static ChatRequest Read(JsonElement config, ChatRequest request, List<ExtraField> extra)
    {
        var format = new FormatFields();
        foreach (JsonProperty property in RequestField.Object(config, Path).EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            JsonElement value = property.Value;
            string name = GeminiNames.Camel(property.Name);
            string path = $"{Path}.{name}";
            if (format.Read(name, property, path))
            {
                continue;
            }

            request = name switch
            {
                "temperature" => request with { Temperature = RequestField.Number(value, path) },
                "topP" => request with { TopP = RequestField.Number(value, path) },
                "topK" => request with { TopK = GeminiNames.Int32(value, path) },
                "candidateCount" => request with { CandidateCount = GeminiNames.Int32(value, path) },
                "maxOutputTokens" => request with { MaxOutputTokens = GeminiNames.Integer(value, path) },
                "stopSequences" => request with { StopSequences = RequestField.Strings(value, path) },
                "seed" => request with { Seed = GeminiNames.Integer(value, path) },
                "presencePenalty" => request with { PresencePenalty = RequestField.Number(value, path) },
                "frequencyPenalty" => request with { FrequencyPenalty = RequestField.Number(value, path) },
                "responseLogprobs" => request with { LogProbs = RequestField.Boolean(value, path) },
                "logprobs" => request with { TopLogProbs = GeminiNames.Int32(value, path) },
                "thinkingConfig" => request with { Reasoning = GenerateContentThinking.Read(value, path) },
                "responseModalities" => request with { OutputModalities = [.. RequestField.Strings(value, path).Select(m => m.ToLowerInvariant())] },
                "speechConfig" when VoiceOf(value) is { } voice => request with { AudioOutput = new AudioOutput(voice, null) },
                _ => Keep(request, property, extra),
            };
        }

        format.KeepUnread(extra);
        return request with { ResponseFormat = format.ToFormat() };
    }

    /// <summary>Writes the object, if there is something to say.</summary>
    /// <param name="formatIsTold">True when the form of the answer is told in the instructions instead.</param>
    public static void Write(Utf8JsonWriter writer, ChatRequest request, GeminiModel model, bool formatIsTold, TranslationReport report)
    {
        var inner = new ArrayBufferWriter<byte>();
        using (var config = new Utf8JsonWriter(inner, Json.WriterOptions))
        {
            config.WriteStartObject();
            WriteSampling(config, request, model, report);
            if (!formatIsTold)
            {
                WriteFormat(config, request.ResponseFormat, report);
            }

            GenerateContentThinking.Write(config, request, model, report);
            WriteModalities(config, request, report);
            GenerateContentRequest.WriteExtra(config, GenerateContentRequest.ExtraOf(request, Path + "."));
            config.WriteEndObject();
        }

        if (!inner.WrittenSpan.SequenceEqual("{}"u8))
        {
            writer.WritePropertyName(Path);
            writer.WriteRawValue(inner.WrittenSpan, skipInputValidation: true);
        }
    }

    private static void WriteSampling(Utf8JsonWriter writer, ChatRequest request, GeminiModel model, TranslationReport report)
    {
        WriteNumber(writer, "temperature", request.Temperature);
        WriteNumber(writer, "topP", request.TopP);
        WriteNumber(writer, "topK", request.TopK);
        WriteNumber(writer, "maxOutputTokens", request.MaxOutputTokens);
        if (request is { CandidateCount: > 1, Stream: true })
        {
            report.Drop("n", "Gemini streams one answer only");
        }
        else
        {
            WriteNumber(writer, "candidateCount", request.CandidateCount);
        }

        if (request.StopSequences.Count > 0)
        {
            writer.WriteStartArray("stopSequences"u8);
            foreach (string stop in request.StopSequences.Take(GeminiModels.MaxStopSequences))
            {
                writer.WriteStringValue(stop);
            }

            writer.WriteEndArray();
            if (request.StopSequences.Count > GeminiModels.MaxStopSequences)
            {
                report.Drop($"stop[{GeminiModels.MaxStopSequences}]", $"Gemini takes {GeminiModels.MaxStopSequences} stop sequences");
            }
        }

        if (request.Seed is { } seed)
        {
            if (seed is >= int.MinValue and <= int.MaxValue)
            {
                writer.WriteNumber("seed"u8, seed);
            }
            else
            {
                report.Drop("seed", "Gemini's seeds have 32 bits");
            }
        }

        if (model.Penalties)
        {
            WriteNumber(writer, "presencePenalty", request.PresencePenalty);
            WriteNumber(writer, "frequencyPenalty", request.FrequencyPenalty);
        }
        else
        {
            DropPenalty(request.PresencePenalty, "presence_penalty", report);
            DropPenalty(request.FrequencyPenalty, "frequency_penalty", report);
        }

        if (request.LogProbs is { } logProbs)
        {
            writer.WriteBoolean("responseLogprobs"u8, logProbs);
            WriteNumber(writer, "logprobs", logProbs ? request.TopLogProbs : null);
        }
    }

    private static void DropPenalty(double? penalty, string name, TranslationReport report)
    {
        if (penalty is not null and not 0)
        {
            report.Drop(name, "this model refuses penalties");
        }
    }

    private static void WriteFormat(Utf8JsonWriter writer, ResponseFormat? format, TranslationReport report)
    {
        switch (format)
        {
            case null:
                break;
            case { Kind: ResponseFormatKind.Text }:
                writer.WriteString("responseMimeType"u8, "text/plain"u8);
                break;
            default:
                writer.WriteString("responseMimeType"u8, "application/json"u8);
                if (format.Schema is { ValueKind: JsonValueKind.Object } schema)
                {
                    GeminiSchemaNode node = GeminiSchema.Response(schema, "response_format.schema", report);
                    node.Title ??= format.Name;
                    node.Description ??= format.Description;
                    writer.WritePropertyName("responseJsonSchema"u8);
                    node.Write(writer);
                }

                break;
        }
    }

    private static void WriteModalities(Utf8JsonWriter writer, ChatRequest request, TranslationReport report)
    {
        if (request.OutputModalities.Count > 0)
        {
            // An answer of a model that speaks is sound alone; asked for text beside it Gemini refuses.
            bool speaks = request.OutputModalities.Contains("audio");
            writer.WriteStartArray("responseModalities"u8);
            foreach (string modality in request.OutputModalities.Where(m => !speaks || m == "audio"))
            {
                writer.WriteStringValue(modality.ToUpperInvariant());
            }

            writer.WriteEndArray();
            if (speaks && request.OutputModalities.Count > 1)
            {
                report.Change("modalities", "audio alone");
            }
        }

        if (request.AudioOutput is not { } audio)
        {
            return;
        }

        if (audio.Format is not null and not "pcm16")
        {
            report.Change("audio.format", "16-bit PCM, the only form that Gemini has");
        }

        if (audio.Voice is { } voice && GeminiModels.Voices.Contains(voice))
        {
            writer.WriteStartObject("speechConfig"u8);
            writer.WriteStartObject("voiceConfig"u8);
            writer.WriteStartObject("prebuiltVoiceConfig"u8);
            writer.WriteString("voiceName"u8, voice);
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        else if (audio.Voice is not null)
        {
            report.Drop("audio.voice", "Gemini has no voice of that name");
        }
    }

    private static void WriteNumber(Utf8JsonWriter writer, string name, double? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
    }

    private static void WriteNumber(Utf8JsonWriter writer, string name, long? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
    }

    private static ChatRequest Keep(ChatRequest request, JsonProperty property, List<ExtraField> extra)
    {
        extra.Add(new ExtraField($"{Path}.{property.Name}", property.Value));
        return request;
    }

    /// <summary>The name of the one voice, when the object says nothing else.</summary>
    private static string? VoiceOf(JsonElement speech) =>
        speech.ValueKind == JsonValueKind.Object && speech.GetPropertyCount() == 1
        && GeminiNames.TryGet(speech, "voiceConfig", out JsonElement voice) && voice.ValueKind == JsonValueKind.Object && voice.GetPropertyCount() == 1
        && GeminiNames.TryGet(voice, "prebuiltVoiceConfig", out JsonElement prebuilt) && prebuilt.ValueKind == JsonValueKind.Object && prebuilt.GetPropertyCount() == 1
        && GeminiNames.TryGet(prebuilt, "voiceName", out JsonElement name) && name.ValueKind == JsonValueKind.String
            ? name.GetString()
            : null;

    /// <summary>The fields that together say what form the answer must have.</summary>
    private struct FormatFields
    {
        private JsonProperty? _mediaType;
        private JsonProperty? _openApi;
        private JsonProperty? _jsonSchema;

        public bool Read(string name, JsonProperty property, string path)
        {
            switch (name)
            {
                case "responseMimeType":
                    RequestField.String(property.Value, path);
                    _mediaType = property;
                    return true;
                case "responseSchema":
                    RequestField.Object(property.Value, path);
                    _openApi = property;
                    return true;
                case "responseJsonSchema":
                    _jsonSchema = property;
                    return true;
                default:
                    return false;
            }
        }

        /// <summary>A form that only Google knows (<c>text/x.enum</c>) is passed on as it came.</summary>
        public readonly void KeepUnread(List<ExtraField> extra)
        {
            if (IsKnown)
            {
                return;
            }

            foreach (JsonProperty? property in (ReadOnlySpan<JsonProperty?>)[_mediaType, _openApi, _jsonSchema])
            {
                if (property is { } field)
                {
                    extra.Add(new ExtraField($"{Path}.{field.Name}", field.Value));
                }
            }
        }

        public readonly ResponseFormat? ToFormat()
        {
            if (!IsKnown)
            {
                return null;
            }

            JsonElement? schema = _jsonSchema?.Value ?? (_openApi is { } openApi ? OpenApiSchema.ToJsonSchema(openApi.Value) : null);
            return schema is not null ? new ResponseFormat(ResponseFormatKind.JsonSchema) { Schema = schema }
                : _mediaType is null ? null
                : new ResponseFormat(_mediaType.Value.Value.Is("application/json") ? ResponseFormatKind.JsonObject : ResponseFormatKind.Text);
        }

        private readonly bool IsKnown => _mediaType is not { } type || type.Value.GetString() is "application/json" or "text/plain" or "";
    }
}
