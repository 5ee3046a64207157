using System.Buffers;
using System.Collections.Frozen;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.ChatCompletions;

/// <summary>
/// The body of <c>POST /chat/completions</c>. Sources: https://platform.openai.com/docs/api-reference/chat/create; for what clients of other
/// gateways add: https://openrouter.ai/docs/api-reference/parameters (<c>top_k</c>, <c>reasoning</c>),
/// https://docs.databricks.com/aws/en/machine-learning/model-serving/query-reason-models (<c>thinking</c>).
/// </summary>
internal static class ChatCompletionsRequest
{
    // Fields whose value is taken over as it is. The others stand in Decode.
    private static readonly FrozenDictionary<string, Func<ChatRequest, JsonElement, string, ChatRequest>> Fields =
        new Dictionary<string, Func<ChatRequest, JsonElement, string, ChatRequest>>
        {
            ["model"] = static (r, v, p) => r with { Model = RequestField.String(v, p) },
            ["stream"] = static (r, v, p) => r with { Stream = RequestField.Boolean(v, p) },
            ["max_completion_tokens"] = static (r, v, p) => r with { MaxOutputTokens = RequestField.Integer(v, p) },
            ["max_tokens"] = static (r, v, p) => r with { MaxOutputTokens = r.MaxOutputTokens ?? RequestField.Integer(v, p) },
            ["temperature"] = static (r, v, p) => r with { Temperature = RequestField.Number(v, p) },
            ["top_p"] = static (r, v, p) => r with { TopP = RequestField.Number(v, p) },
            ["top_k"] = static (r, v, p) => r with { TopK = RequestField.Int32(v, p) },
            ["n"] = static (r, v, p) => r with { CandidateCount = RequestField.Int32(v, p) },
            ["seed"] = static (r, v, p) => r with { Seed = RequestField.Integer(v, p) },
            ["presence_penalty"] = static (r, v, p) => r with { PresencePenalty = RequestField.Number(v, p) },
            ["frequency_penalty"] = static (r, v, p) => r with { FrequencyPenalty = RequestField.Number(v, p) },
            ["logprobs"] = static (r, v, p) => r with { LogProbs = RequestField.Boolean(v, p) },
            ["top_logprobs"] = static (r, v, p) => r with { TopLogProbs = RequestField.Int32(v, p) },
            ["parallel_tool_calls"] = static (r, v, p) => r with { ParallelToolCalls = RequestField.Boolean(v, p) },
            ["service_tier"] = static (r, v, p) => r with { ServiceTier = RequestField.String(v, p) },
            ["user"] = static (r, v, p) => r with { User = RequestField.String(v, p) },
            ["safety_identifier"] = static (r, v, p) => r with { SafetyIdentifier = RequestField.String(v, p) },
            ["prompt_cache_key"] = static (r, v, p) => r with { PromptCacheKey = RequestField.String(v, p) },
            ["prompt_cache_retention"] = static (r, v, p) => r with { PromptCacheRetention = RequestField.String(v, p) },
            ["cache_control"] = static (r, v, _) => r with { AutomaticCache = ChatCompletionsWire.ReadCache(v) }, // OpenRouter
            ["verbosity"] = static (r, v, p) => r with { Verbosity = RequestField.String(v, p) },
            ["store"] = static (r, v, p) => r with { Store = RequestField.Boolean(v, p) },
            ["modalities"] = static (r, v, p) => r with { OutputModalities = [.. RequestField.Strings(v, p).Select(m => m.ToLowerInvariant())] },
            ["messages"] = static (r, v, p) => r with { Messages = ChatCompletionsMessageReader.Read(v, p) },
            ["stop"] = static (r, v, p) => r with { StopSequences = v.ValueKind == JsonValueKind.String ? [v.GetString()!] : RequestField.Strings(v, p) },
            ["tools"] = static (r, v, p) => r with { Tools = [.. r.Tools, .. ChatCompletionsTools.Read(v, p, legacy: false)] },
            ["tool_choice"] = static (r, v, p) => r with { ToolChoice = ChatCompletionsTools.ReadChoice(v, p) },
            ["functions"] = static (r, v, p) => r with { Tools = [.. r.Tools, .. ChatCompletionsTools.Read(v, p, legacy: true)] },
            ["function_call"] = static (r, v, p) => r with { ToolChoice = r.ToolChoice ?? ChatCompletionsTools.ReadChoice(v, p) },
            ["reasoning_effort"] = static (r, v, p) => r with { Reasoning = (r.Reasoning ?? new()) with { Effort = ChatCompletionsEffort.ReadEffort(v, p) } },
            ["include_reasoning"] = static (r, v, p) => r with { Reasoning = (r.Reasoning ?? new()) with { IncludeThoughts = RequestField.Boolean(v, p) } },
            ["reasoning"] = static (r, v, p) => r with { Reasoning = ChatCompletionsEffort.ReadReasoning(r.Reasoning ?? new(), v, p) },
            ["thinking"] = static (r, v, p) => r with { Reasoning = ChatCompletionsEffort.ReadThinking(r.Reasoning ?? new(), v, p) },
        }.ToFrozenDictionary();

    /// <summary>
    /// True when the client knows <c>functions</c> only, and not <c>tools</c>: its answers hold one <c>function_call</c>, without an id.
    /// Source: https://platform.openai.com/docs/api-reference/chat/create (functions, deprecated).
    /// </summary>
    public static bool IsLegacy(ChatRequest request) => request.Extra is { } extra && extra.Dialect == ChatCompletionsWire.Id && extra["functions"] is not null;

    /// <summary>Reads a client's body.</summary>
    public static ChatRequest Decode(JsonElement body, RequestAddress address)
    {
        RequestField.Object(body, "body");
        var request = new ChatRequest { Model = address.Model ?? "", Messages = [], Stream = address.Stream };
        var extra = new ExtraFieldsBuilder(ChatCompletionsWire.Id, "");
        bool legacy = !body.TryGetProperty("tools", out JsonElement tools) || tools.ValueKind == JsonValueKind.Null;
        foreach (JsonProperty property in body.EnumerateObject())
        {
            JsonElement value = property.Value;
            if (value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            if (Fields.TryGetValue(property.Name, out Func<ChatRequest, JsonElement, string, ChatRequest>? read))
            {
                request = read(request, value, property.Name);
                if (legacy && property.Name == "functions")
                {
                    extra.AddIncidental(property); // IsLegacy
                    request = request with { ParallelToolCalls = false };
                }

                continue;
            }

            request = property.Name switch
            {
                "stream_options" => request with { IncludeStreamUsage = ReadStreamOptions(value, ref extra) },
                "response_format" => request with { ResponseFormat = ReadFormat(property, ref extra) },
                "metadata" => request with { Metadata = ReadMetadata(value) },
                "prompt_cache_options" => ReadCacheOptions(request, property, ref extra),
                "audio" => request with { AudioOutput = ReadAudio(property, ref extra) },
                "output_config" => request with { Reasoning = ChatCompletionsEffort.ReadOutputConfig(request.Reasoning, value, ref extra) },
                _ => Keep(request, property, ref extra),
            };
        }

        if (request.Messages.Count == 0)
        {
            throw RequestField.Missing("messages");
        }

        return string.IsNullOrEmpty(request.Model) ? throw RequestField.Missing("model") : request with { Extra = extra.Build() };
    }

    /// <summary>Writes a prepared request for a provider.</summary>
    public static void Encode(ChatRequest request, TargetProfile target, TranslationReport report, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output, Json.WriterOptions);
        DialectQuirks quirks = target.Quirks;
        var fields = new RequestFieldWriter(writer, quirks, report);
        writer.WriteStartObject();
        writer.WriteString("model"u8, target.Model);
        (ResponseFormat? format, ChatRequest adapted) = FormatFor(request, quirks, report);
        new ChatCompletionsMessageWriter(writer, quirks, report).Write(adapted);
        ChatCompletionsTools.Write(writer, request, quirks, report);
        if (request.Tools.Count > 0 && request.ParallelToolCalls is { } parallel)
        {
            fields.Boolean("parallel_tool_calls", parallel, quirks.ParallelToolCalls);
        }

        WriteFormat(writer, format);
        OpenAIModel model = OpenAIModel.Of(target.Model);
        ReasoningEffort? effort = ChatCompletionsEffort.Write(writer, fields, request, model, quirks, report);
        WriteSampling(fields, WithoutUnknown(request, model, effort, report), quirks, report);
        WriteAccount(fields, request, report);
        WriteOutput(fields, writer, request, quirks, report);
        if (request.Stream)
        {
            writer.WriteBoolean("stream"u8, true);
            if (quirks.StreamOptions)
            {
                writer.WriteStartObject("stream_options"u8);
                writer.WriteBoolean("include_usage"u8, true);
                ChatCompletionsWire.WriteNestedExtra(writer, request.Extra, "stream_options");
                writer.WriteEndObject();
            }
        }

        WriteExtra(fields, writer, request.Extra);
        writer.WriteEndObject();
    }

    private static ChatRequest Keep(ChatRequest request, JsonProperty property, ref ExtraFieldsBuilder extra)
    {
        extra.Add(property);
        return request;
    }

    private static ChatRequest ReadCacheOptions(ChatRequest request, JsonProperty property, ref ExtraFieldsBuilder extra)
    {
        extra.Add(property);
        return request with { CachesMarkedOnly = OpenAICacheOptions.MarkedOnly(property.Value, property.Name) };
    }

    private static bool ReadStreamOptions(JsonElement value, ref ExtraFieldsBuilder extra)
    {
        bool include = false;
        foreach (JsonProperty property in RequestField.Object(value, "stream_options").EnumerateObject())
        {
            if (property.NameEquals("include_usage"))
            {
                include = property.Value.ValueKind != JsonValueKind.Null && RequestField.Boolean(property.Value, "stream_options.include_usage");
            }
            else
            {
                extra.Add("stream_options", property);
            }
        }

        return include;
    }

    private static ResponseFormat? ReadFormat(JsonProperty field, ref ExtraFieldsBuilder extra)
    {
        JsonElement value = RequestField.Object(field.Value, "response_format");
        string type = value.TryGetProperty("type", out JsonElement typeElement)
            ? RequestField.String(typeElement, "response_format.type")
            : throw RequestField.Missing("response_format.type");
        switch (type)
        {
            case "text":
                return new ResponseFormat(ResponseFormatKind.Text);
            case "json_object":
                return new ResponseFormat(ResponseFormatKind.JsonObject);
            case "json_schema":
                break;
            default:
                extra.Add(field);
                return null;
        }

        if (!value.TryGetProperty("json_schema", out JsonElement schema))
        {
            throw RequestField.Missing("response_format.json_schema");
        }

        var format = new ResponseFormat(ResponseFormatKind.JsonSchema);
        foreach (JsonProperty property in RequestField.Object(schema, "response_format.json_schema").EnumerateObject())
        {
            string path = $"response_format.json_schema.{property.Name}";
            format = property.Name switch
            {
                _ when property.Value.ValueKind == JsonValueKind.Null => format,
                "name" => format with { Name = RequestField.String(property.Value, path) },
                "description" => format with { Description = RequestField.String(property.Value, path) },
                "schema" => format with { Schema = RequestField.Object(property.Value, path) },
                "strict" => format with { Strict = RequestField.Boolean(property.Value, path) },
                _ => format,
            };
        }

        return format;
    }

    private static Dictionary<string, string> ReadMetadata(JsonElement value)
    {
        var metadata = new Dictionary<string, string>();
        foreach (JsonProperty property in RequestField.Object(value, "metadata").EnumerateObject())
        {
            metadata[property.Name] = RequestField.String(property.Value, $"metadata.{property.Name}");
        }

        return metadata;
    }

    private static AudioOutput? ReadAudio(JsonProperty field, ref ExtraFieldsBuilder extra)
    {
        JsonElement value = RequestField.Object(field.Value, "audio");
        if (value.TryGetProperty("voice", out JsonElement voice) && voice.ValueKind == JsonValueKind.Object)
        {
            extra.Add(field); // A voice of the account's own.
            return null;
        }

        return new AudioOutput(
            value.TryGetProperty("voice", out voice) && voice.ValueKind != JsonValueKind.Null ? RequestField.String(voice, "audio.voice") : null,
            value.TryGetProperty("format", out JsonElement format) && format.ValueKind != JsonValueKind.Null ? RequestField.String(format, "audio.format") : null);
    }

    // A server that knows json_object only is given the schema in words.
    private static (ResponseFormat? Format, ChatRequest Request) FormatFor(ChatRequest request, DialectQuirks quirks, TranslationReport report)
    {
        if (request.ResponseFormat is not { Kind: ResponseFormatKind.JsonSchema } format)
        {
            return (request.ResponseFormat, request);
        }

        if (quirks.JsonSchema && format.Schema is not null)
        {
            return (format, request);
        }

        var json = new ResponseFormat(ResponseFormatKind.JsonObject);
        if (format.Schema is not { } schema)
        {
            return (json, request);
        }

        report.Change("response_format", "json_object, with the schema in the instructions: this provider does not know json_schema");
        var words = new TextPart($"Answer with one JSON object that obeys this JSON Schema:\n{schema.GetRawText()}");
        return (json, request with { Instructions = [.. request.Instructions, words] });
    }

    private static void WriteFormat(Utf8JsonWriter writer, ResponseFormat? format)
    {
        if (format is null)
        {
            return;
        }

        writer.WriteStartObject("response_format"u8);
        switch (format.Kind)
        {
            case ResponseFormatKind.Text:
                writer.WriteString("type"u8, "text"u8);
                break;
            case ResponseFormatKind.JsonObject:
                writer.WriteString("type"u8, "json_object"u8);
                break;
            default:
                writer.WriteString("type"u8, "json_schema"u8);
                writer.WriteStartObject("json_schema"u8);
                writer.WriteString("name"u8, string.IsNullOrEmpty(format.Name) ? "response" : format.Name);
                if (format.Description is not null)
                {
                    writer.WriteString("description"u8, format.Description);
                }

                writer.WritePropertyName("schema"u8);
                writer.WriteRaw(format.Schema!.Value);
                if (format.Strict is { } strict)
                {
                    writer.WriteBoolean("strict"u8, strict);
                }

                writer.WriteEndObject();
                break;
        }

        writer.WriteEndObject();
    }

    /// <summary>Without what the model refuses to take while it reasons; whatever is said of a default is left out tacitly.</summary>
    private static ChatRequest WithoutUnknown(ChatRequest request, OpenAIModel model, ReasoningEffort? effort, TranslationReport report)
    {
        if (!model.Stops && request.StopSequences.Count > 0)
        {
            report.Drop("stop", "this model does not take it");
            request = request with { StopSequences = [] };
        }

        if (model.Samples(effort))
        {
            return request;
        }

        (string Field, bool Matters)[] fields =
        [
            ("temperature", request.Temperature is not (null or 1)),
            ("top_p", request.TopP is not (null or 1)),
            ("presence_penalty", request.PresencePenalty is not (null or 0)),
            ("frequency_penalty", request.FrequencyPenalty is not (null or 0)),
            ("logprobs", request.LogProbs == true),
            ("top_logprobs", request.TopLogProbs is not (null or 0)),
        ];
        foreach ((string field, _) in fields.Where(f => f.Matters))
        {
            report.Drop(field, "this model does not take it while it reasons");
        }

        return request with { Temperature = null, TopP = null, PresencePenalty = null, FrequencyPenalty = null, LogProbs = null, TopLogProbs = null };
    }

    private static void WriteSampling(RequestFieldWriter fields, ChatRequest request, DialectQuirks quirks, TranslationReport report)
    {
        fields.Integer(quirks.MaxTokensField, request.MaxOutputTokens);
        fields.Number("temperature", request.Temperature);
        fields.Number("top_p", request.TopP);
        fields.Integer("top_k", request.TopK, quirks.TopK);
        WriteStop(fields, request.StopSequences, quirks, report);
        fields.Integer("n", request.CandidateCount);
        fields.Integer(quirks.SeedField, request.Seed);
        fields.Number("presence_penalty", request.PresencePenalty);
        fields.Number("frequency_penalty", request.FrequencyPenalty);
        fields.Boolean("logprobs", request.LogProbs ?? (request.TopLogProbs is not null ? true : null));
        fields.Integer("top_logprobs", request.TopLogProbs);
    }

    private static void WriteStop(RequestFieldWriter fields, IReadOnlyList<string> stop, DialectQuirks quirks, TranslationReport report)
    {
        if (stop.Count > quirks.MaxStopSequences)
        {
            report.Drop("stop", $"more than {quirks.MaxStopSequences} stop sequences");
            stop = [.. stop.Take(quirks.MaxStopSequences)];
        }

        fields.Texts("stop", stop);
    }

    private static void WriteAccount(RequestFieldWriter fields, ChatRequest request, TranslationReport report)
    {
        fields.Text("service_tier", request.ServiceTier);
        fields.Text("user", request.User);
        fields.Text("safety_identifier", request.SafetyIdentifier);
        fields.Text("prompt_cache_key", request.PromptCacheKey);
        fields.Text("prompt_cache_retention", request.PromptCacheRetention);
        fields.Boolean("store", request.Store);
        if (request.Metadata is not { Count: > 0 } metadata)
        {
            return;
        }

        if (request.Store != true)
        {
            report.Drop("metadata", "OpenAI takes it only with 'store'");
        }
        else
        {
            fields.Map("metadata", metadata);
        }
    }

    private static void WriteOutput(RequestFieldWriter fields, Utf8JsonWriter writer, ChatRequest request, DialectQuirks quirks, TranslationReport report)
    {
        fields.Text("verbosity", request.Verbosity);
        List<string> modalities = [.. request.OutputModalities.Where(m => quirks.AnyMedia || m is "text" or "audio")];
        if (modalities.Count < request.OutputModalities.Count)
        {
            report.Drop("modalities", "answers are text and sound");
        }

        if (modalities.Any(m => m != "text"))
        {
            fields.Texts("modalities", modalities);
        }

        if (request.AudioOutput is not { } audio)
        {
            return;
        }

        if (!modalities.Contains("audio"))
        {
            report.Drop("audio", "no sound was asked for");
        }
        else if (fields.Begin("audio"))
        {
            writer.WriteStartObject();
            writer.WriteString("voice"u8, audio.Voice ?? "alloy");
            writer.WriteString("format"u8, audio.Format ?? (request.Stream ? "pcm16" : "wav"));
            writer.WriteEndObject();
        }
    }

    private static void WriteExtra(RequestFieldWriter fields, Utf8JsonWriter writer, ExtraFields? extra)
    {
        if (extra is null || extra.Dialect != ChatCompletionsWire.Id)
        {
            return;
        }

        foreach (ExtraField field in extra.Fields)
        {
            // Dotted ones belong to nested objects; functions have become tools.
            if (field.Name != "functions" && !field.Name.Contains('.') && fields.Begin(field.Name))
            {
                writer.WriteRaw(field.Value);
            }
        }
    }
}
