using System.Collections.Frozen;
using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>
/// Reads a request. What it asks of its provider's memory (<c>previous_response_id</c>, <c>conversation</c>, <c>prompt</c>, <c>background</c>,
/// references to items) binds it to providers of this dialect. Source: https://platform.openai.com/docs/api-reference/responses/create.
/// </summary>
internal static class ResponsesRequest
{
    private delegate void Setter(Draft draft, JsonProperty field);

    private static readonly FrozenDictionary<string, Setter> Setters = new Dictionary<string, Setter>
    {
        ["model"] = static (d, f) => d.Request = d.Request with { Model = RequestField.String(f.Value, "model") },
        ["input"] = static (d, f) => d.Request = d.Request with { Messages = ResponsesInput.Decode(f.Value, ref d.Binding) },
        ["instructions"] = static (d, f) => d.Request = d.Request with { Instructions = [new TextPart(RequestField.String(f.Value, "instructions"))] },
        ["tools"] = static (d, f) => d.Request = d.Request with { Tools = ResponsesTools.Decode(f.Value) },
        ["tool_choice"] = static (d, f) => d.Request = d.Request with { ToolChoice = ResponsesTools.DecodeChoice(f.Value) },
        ["parallel_tool_calls"] = static (d, f) => d.Request = d.Request with { ParallelToolCalls = RequestField.Boolean(f.Value, "parallel_tool_calls") },
        ["text"] = DecodeText,
        ["reasoning"] = DecodeReasoning,
        ["max_output_tokens"] = static (d, f) => d.Request = d.Request with { MaxOutputTokens = RequestField.Integer(f.Value, "max_output_tokens") },
        ["temperature"] = static (d, f) => d.Request = d.Request with { Temperature = RequestField.Number(f.Value, "temperature") },
        ["top_p"] = static (d, f) => d.Request = d.Request with { TopP = RequestField.Number(f.Value, "top_p") },
        ["top_logprobs"] = DecodeTopLogProbs,
        ["include"] = DecodeInclude,
        ["store"] = static (d, f) => d.Request = d.Request with { Store = RequestField.Boolean(f.Value, "store") },
        ["metadata"] = static (d, f) => d.Request = d.Request with { Metadata = DecodeMetadata(f.Value) },
        ["user"] = static (d, f) => d.Request = d.Request with { User = RequestField.String(f.Value, "user") },
        ["safety_identifier"] = static (d, f) => d.Request = d.Request with { SafetyIdentifier = RequestField.String(f.Value, "safety_identifier") },
        ["prompt_cache_key"] = static (d, f) => d.Request = d.Request with { PromptCacheKey = RequestField.String(f.Value, "prompt_cache_key") },
        ["prompt_cache_retention"] = static (d, f) => d.Request = d.Request with { PromptCacheRetention = RequestField.String(f.Value, "prompt_cache_retention") },
        ["prompt_cache_options"] = static (d, f) =>
        {
            d.Extra.Add(f);
            d.Request = d.Request with { CachesMarkedOnly = OpenAICacheOptions.MarkedOnly(f.Value, f.Name) };
        },
        ["service_tier"] = static (d, f) => d.Request = d.Request with { ServiceTier = RequestField.String(f.Value, "service_tier") },
        ["stream"] = DecodeStream,
        ["stream_options"] = static (d, f) => d.KeepDefault(f, !Holds(f.Value, "include_obfuscation", JsonValueKind.True)),
        ["truncation"] = static (d, f) => d.KeepDefault(f, f.Value.Is("disabled")),
        ["background"] = DecodeBackground,
        ["previous_response_id"] = static (d, f) => d.Bind(f, "the earlier turns are stored at the provider; send them again in 'input'"),
        ["conversation"] = static (d, f) => d.Bind(f, "the conversation is stored at the provider; send its items in 'input'"),
        ["prompt"] = static (d, f) => d.Bind(f, "the prompt template is stored at the provider; send its text"),
    }.ToFrozenDictionary();

    /// <summary>Reads a request for an answer, or one to count its tokens: the latter has a part of the same fields.</summary>
    public static ChatRequest Decode(JsonElement body)
    {
        RequestField.Object(body, "body");
        var draft = new Draft();
        bool hasInput = false;
        foreach (JsonProperty field in body.EnumerateObject())
        {
            if (field.Value.ValueKind == JsonValueKind.Null)
            {
                draft.Extra.AddIncidental(field);
            }
            else if (Setters.TryGetValue(field.Name, out Setter? set))
            {
                hasInput |= field.NameEquals("input"u8);
                set(draft, field);
            }
            else
            {
                draft.Extra.Add(field);
            }
        }

        if (draft.Request.Model.Length == 0)
        {
            throw RequestField.Missing("model");
        }

        // A request that refers to stored turns or a stored prompt may have nothing to add to them.
        if (!hasInput && draft.Binding is null)
        {
            throw RequestField.Missing("input");
        }

        return draft.Request with { RequiresDialect = draft.Binding, Extra = draft.Extra.Build() ?? ResponsesWire.Own };
    }

    private static void DecodeText(Draft draft, JsonProperty field)
    {
        foreach (JsonProperty inner in RequestField.Object(field.Value, "text").EnumerateObject())
        {
            switch (inner.Name)
            {
                case "verbosity" when inner.Value.ValueKind != JsonValueKind.Null:
                    draft.Request = draft.Request with { Verbosity = RequestField.String(inner.Value, "text.verbosity") };
                    break;
                case "format" when inner.Value.ValueKind != JsonValueKind.Null:
                    DecodeFormat(draft, inner);
                    break;
                default:
                    draft.KeepInner("text", inner);
                    break;
            }
        }
    }

    private static void DecodeFormat(Draft draft, JsonProperty field)
    {
        JsonElement format = RequestField.Object(field.Value, "text.format");
        string type = format.TryGetProperty("type", out JsonElement value) ? RequestField.String(value, "text.format.type") : throw RequestField.Missing("text.format.type");
        if (type is not ("text" or "json_object" or "json_schema"))
        {
            draft.Extra.Add("text", field);
            return;
        }

        var result = new ResponseFormat(type switch
        {
            "json_schema" => ResponseFormatKind.JsonSchema,
            "json_object" => ResponseFormatKind.JsonObject,
            _ => ResponseFormatKind.Text,
        });
        foreach (JsonProperty inner in format.EnumerateObject())
        {
            switch (inner.Name)
            {
                case "type":
                    break;
                case "name" when inner.Value.ValueKind != JsonValueKind.Null:
                    result = result with { Name = RequestField.String(inner.Value, "text.format.name") };
                    break;
                case "description" when inner.Value.ValueKind != JsonValueKind.Null:
                    result = result with { Description = RequestField.String(inner.Value, "text.format.description") };
                    break;
                case "schema" when inner.Value.ValueKind != JsonValueKind.Null:
                    result = result with { Schema = RequestField.Object(inner.Value, "text.format.schema") };
                    break;
                case "strict" when inner.Value.ValueKind != JsonValueKind.Null:
                    result = result with { Strict = RequestField.Boolean(inner.Value, "text.format.strict") };
                    break;
                default:
                    draft.KeepInner("text.format", inner);
                    break;
            }
        }

        if (result is { Kind: ResponseFormatKind.JsonSchema, Schema: null })
        {
            throw RequestField.Missing("text.format.schema");
        }

        draft.Request = draft.Request with { ResponseFormat = result };
    }

    private static void DecodeReasoning(Draft draft, JsonProperty field)
    {
        var options = new ReasoningOptions();
        foreach (JsonProperty inner in RequestField.Object(field.Value, "reasoning").EnumerateObject())
        {
            switch (inner.Name)
            {
                // An effort of tomorrow's passes on the same dialect and is reported on any other.
                case "effort" when ReasoningTable.Parse(inner.Value.ValueKind == JsonValueKind.String ? inner.Value.GetString() : null) is { } effort:
                    options = options with { Effort = effort };
                    break;
                case "effort" when inner.Value.ValueKind is not (JsonValueKind.String or JsonValueKind.Null):
                    throw RequestField.Wrong("reasoning.effort", "a string", inner.Value);
                case "summary" when inner.Value.ValueKind != JsonValueKind.Null:
                    options = options with { Summary = RequestField.String(inner.Value, "reasoning.summary"), IncludeThoughts = true };
                    break;
                case "generate_summary" when inner.Value.ValueKind != JsonValueKind.Null:
                    options = options with { Summary = options.Summary ?? RequestField.String(inner.Value, "reasoning.generate_summary"), IncludeThoughts = true };
                    draft.Extra.AddIncidental("reasoning", inner);
                    break;
                default:
                    draft.KeepInner("reasoning", inner);
                    break;
            }
        }

        draft.Request = draft.Request with { Reasoning = options };
    }

    private static void DecodeTopLogProbs(Draft draft, JsonProperty field)
    {
        int top = RequestField.Int32(field.Value, "top_logprobs");
        draft.Request = draft.Request with { TopLogProbs = top, LogProbs = draft.Request.LogProbs ?? (top > 0 ? true : null) };
    }

    /// <summary>Encrypted reasoning is always given, log probabilities are a canonical notion; the rest is about tools that only this API has.</summary>
    private static void DecodeInclude(Draft draft, JsonProperty field)
    {
        IReadOnlyList<string> names = RequestField.Strings(field.Value, "include");
        if (names.Contains(ResponsesWire.IncludeLogProbs))
        {
            draft.Request = draft.Request with { LogProbs = true };
        }

        draft.KeepDefault(field, names.All(n => n is ResponsesWire.IncludeEncryptedReasoning or ResponsesWire.IncludeLogProbs));
    }

    private static void DecodeStream(Draft draft, JsonProperty field)
    {
        bool stream = RequestField.Boolean(field.Value, "stream");
        draft.Request = draft.Request with { Stream = stream };
        if (!stream)
        {
            draft.Extra.AddIncidental(field);
        }
    }

    private static void DecodeBackground(Draft draft, JsonProperty field)
    {
        if (RequestField.Boolean(field.Value, "background"))
        {
            draft.Bind(field, "the answer would have to be fetched later from where it is stored; leave it out");
        }
        else
        {
            draft.Extra.AddIncidental(field);
        }
    }

    private static Dictionary<string, string> DecodeMetadata(JsonElement metadata)
    {
        var labels = new Dictionary<string, string>();
        foreach (JsonProperty label in RequestField.Object(metadata, "metadata").EnumerateObject())
        {
            labels[label.Name] = RequestField.String(label.Value, "metadata." + label.Name);
        }

        return labels;
    }

    private static bool Holds(JsonElement value, string name, JsonValueKind kind) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out JsonElement inner) && inner.ValueKind == kind;

    /// <summary>A request as far as it has been read.</summary>
    private sealed class Draft
    {
        public ExtraFieldsBuilder Extra = new(DialectIds.Responses, "");

        public DialectBinding? Binding;

        public ChatRequest Request { get; set; } = new() { Model = "", Messages = [], IncludeStreamUsage = true };

        /// <summary>Keeps a field that only this dialect knows; its absence elsewhere is a loss unless it says what holds anyway.</summary>
        public void KeepDefault(JsonProperty field, bool incidental)
        {
            if (incidental)
            {
                Extra.AddIncidental(field);
            }
            else
            {
                Extra.Add(field);
            }
        }

        /// <summary>Keeps a field of an inner object.</summary>
        public void KeepInner(string inner, JsonProperty field)
        {
            if (field.Value.ValueKind == JsonValueKind.Null)
            {
                Extra.AddIncidental(inner, field);
            }
            else
            {
                Extra.Add(inner, field);
            }
        }

        /// <summary>Keeps a field without which the request cannot be understood.</summary>
        public void Bind(JsonProperty field, string reason)
        {
            Extra.Add(field);
            Binding ??= new DialectBinding(DialectIds.Responses, field.Name, reason);
        }
    }
}
