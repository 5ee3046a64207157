using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>
/// Requests. Sources: https://platform.claude.com/docs/en/api/messages/create, https://platform.claude.com/docs/en/api/messages/count_tokens.
/// </summary>
internal static class MessagesRequest
{
    private const string ThinkingField = "thinking";
    private const string OutputField = "output_config";

    /// <summary>Reads a client's request.</summary>
    /// <param name="body">The root object.</param>
    /// <param name="address">The URL; its model counts where a platform puts it there.</param>
    /// <param name="counting">True for a request to count tokens, which has no limit.</param>
    public static ChatRequest Decode(JsonElement body, RequestAddress address, bool counting)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            throw new GatewayException(GatewayError.Invalid("The body must be a JSON object."));
        }

        var draft = new Draft();
        foreach (JsonProperty property in body.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.Null)
            {
                draft.Read(property);
            }
        }

        return draft.Build(address, counting);
    }

    /// <summary>Writes a request for a provider.</summary>
    /// <param name="counting">True to write only what the token counter takes.</param>
    public static void Encode(Utf8JsonWriter writer, ChatRequest request, string modelName, bool counting, TranslationReport report)
    {
        ClaudeModel model = ClaudeModels.Find(modelName);
        long maxTokens = MaxTokens(request, model, report);
        MessagesTurns turns = MessagesTurns.Arrange(request, model, report);
        JsonElement? thinking = request.Extra?.Dialect == MessagesWire.Id ? request.Extra[ThinkingField] : null;
        ThinkingPlan plan = thinking is { } kept
            ? MessagesReasoning.Keep(kept, request.Reasoning, model, report)
            : MessagesReasoning.Plan(request, model, maxTokens, turns.IsToolLoopWithoutThinking, report);
        bool enforcesSchema = request.ResponseFormat is { Kind: ResponseFormatKind.JsonSchema, Schema: not null } && model.JsonSchema;
        turns.MakeEnd(canContinue: model.Prefill && !plan.Thinks && !enforcesSchema);
        if (!enforcesSchema && FormatInstruction(request.ResponseFormat, report) is { } instruction)
        {
            turns.System.Add(new TextPart(instruction));
        }

        writer.WriteStartObject();
        writer.WriteString("model"u8, modelName);
        if (!counting)
        {
            writer.WriteNumber("max_tokens"u8, maxTokens);
            MessagesParameters.Write(writer, request, model, plan, report);
            MessagesWire.WriteCache(writer, request.AutomaticCache);
        }

        MessagesReasoning.Write(writer, plan, thinking);
        WriteOutputConfig(writer, request, model, plan, enforcesSchema, report);
        if (turns.System.Count > 0)
        {
            MessagesBlocks.WriteContent(writer, "system"u8, turns.System);
        }

        MessagesTools.Write(writer, request, model, turns.Turns, report);
        writer.WriteStartArray("messages"u8);
        foreach (MessagesTurn turn in turns.Turns)
        {
            writer.WriteStartObject();
            writer.WriteString("role"u8, turn.Role switch
            {
                Role.Assistant => "assistant"u8,
                Role.System => "system"u8,
                _ => "user"u8,
            });
            MessagesBlocks.WriteContent(writer, "content"u8, turn.Parts);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        if (!counting)
        {
            WriteExtra(writer, request.Extra);
        }

        writer.WriteEndObject();
    }

    private static long MaxTokens(ChatRequest request, ClaudeModel model, TranslationReport report)
    {
        if (request.MaxOutputTokens is not { } asked)
        {
            return model.MaxOutput;
        }

        if (asked > model.MaxOutput && model.IsKnown)
        {
            report.Change("max_tokens", $"{model.MaxOutput}, the most that this model produces");
            return model.MaxOutput;
        }

        return asked;
    }

    private static void WriteOutputConfig(
        Utf8JsonWriter writer, ChatRequest request, ClaudeModel model, ThinkingPlan plan, bool enforcesSchema, TranslationReport report)
    {
        JsonElement? others = request.Extra?.Dialect == MessagesWire.Id ? request.Extra[OutputField] : null;
        if (plan.Effort is null && !enforcesSchema && others is null)
        {
            return;
        }

        writer.WriteStartObject(OutputField);
        if (plan.Effort is { } effort)
        {
            writer.WriteString("effort"u8, ReasoningTable.NameOf(effort));
        }

        if (enforcesSchema)
        {
            writer.WriteStartObject("format"u8);
            writer.WriteString("type"u8, "json_schema"u8);
            writer.WritePropertyName("schema"u8);
            ResponseFormat format = request.ResponseFormat!;
            if (model.IsKnown)
            {
                MessagesSchema.WriteEnforced(writer, format.Schema!.Value, "response_format.schema", report, format.Name, format.Description);
            }
            else
            {
                MessagesSchema.WriteNamed(writer, format.Schema!.Value, format.Name, format.Description);
            }

            writer.WriteEndObject();
        }

        if (others is { ValueKind: JsonValueKind.Object } fields)
        {
            foreach (JsonProperty property in fields.EnumerateObject())
            {
                if (property.Name is not ("effort" or "format"))
                {
                    property.WriteTo(writer);
                }
            }
        }

        writer.WriteEndObject();
    }

    /// <summary>What the model is told where the form of the answer cannot be enforced.</summary>
    private static string? FormatInstruction(ResponseFormat? format, TranslationReport report)
    {
        switch (format)
        {
            case { Kind: ResponseFormatKind.JsonSchema, Schema: { } schema }:
                report.Change("response_format", "the schema became an instruction, since this model cannot be held to it");
                string about = string.Concat(new[] { format.Name, format.Description }.Where(MessagesWire.HasText).Select(s => $" ({s})"));
                return $"Answer with one JSON value{about} that is valid under this JSON Schema, and with nothing else: no prose, no code fence.\n\n{schema.GetRawText()}";
            case { Kind: ResponseFormatKind.JsonObject or ResponseFormatKind.JsonSchema }:
                report.Change("response_format", "it became an instruction, since JSON without a schema cannot be enforced");
                return "Answer with one JSON object, and with nothing else: no prose, no code fence.";
            default:
                return null;
        }
    }

    private static void WriteExtra(Utf8JsonWriter writer, ExtraFields? extra)
    {
        if (extra?.Dialect != MessagesWire.Id)
        {
            return;
        }

        foreach (ExtraField field in extra!.Fields)
        {
            if (field.Name is not (ThinkingField or OutputField))
            {
                writer.WritePropertyName(field.Name);
                writer.WriteRaw(field.Value);
            }
        }
    }

    /// <summary>A request while it is being read.</summary>
    private sealed class Draft
    {
        private ChatRequest _request = new() { Model = "", Messages = [], IncludeStreamUsage = true };
        private ExtraFieldsBuilder _extra = new(MessagesWire.Id, "");
        private bool _hasMessages;
        private ReasoningEffort? _effort;

        public void Read(JsonProperty property)
        {
            JsonElement value = property.Value;
            _request = property.Name switch
            {
                "model" => _request with { Model = RequestField.String(value, "model") },
                "messages" => _request with { Messages = ReadMessages(value) },
                "system" => _request with { Instructions = MessagesBlocks.ReadContent(value, "system") },
                "max_tokens" => _request with { MaxOutputTokens = RequestField.Integer(value, "max_tokens") },
                "stream" => _request with { Stream = RequestField.Boolean(value, "stream") },
                "temperature" => _request with { Temperature = RequestField.Number(value, "temperature") },
                "top_p" => _request with { TopP = RequestField.Number(value, "top_p") },
                "top_k" => _request with { TopK = RequestField.Int32(value, "top_k") },
                "stop_sequences" => _request with { StopSequences = RequestField.Strings(value, "stop_sequences") },
                "service_tier" => _request with { ServiceTier = MessagesWire.ToRequestedTier(RequestField.String(value, "service_tier")) },
                "tools" => _request with { Tools = MessagesTools.Read(value) },
                "tool_choice" => ReadToolChoice(value),
                "metadata" => ReadMetadata(property),
                ThinkingField => ReadThinking(property),
                OutputField => ReadOutputConfig(property),
                "cache_control" => _request with { AutomaticCache = MessagesWire.ReadCache(value) },
                "output_format" => _request with { ResponseFormat = ReadFormat(value, "output_format") },
                _ => Keep(property),
            };
        }

        public ChatRequest Build(RequestAddress address, bool counting)
        {
            // The platforms that resell the API have the model in their URL.
            string model = _request.Model.Length > 0 ? _request.Model : address.Model ?? throw RequestField.Missing("model");

            if (!_hasMessages)
            {
                throw RequestField.Missing("messages");
            }

            if (_request.MaxOutputTokens is null && !counting)
            {
                throw RequestField.Missing("max_tokens");
            }

            if (_effort is not null)
            {
                ReasoningOptions reasoning = _request.Reasoning ?? new ReasoningOptions { IncludeThoughts = false };
                _request = _request with { Reasoning = reasoning with { Effort = _effort } };
            }

            return _request with { Model = model, Extra = _extra.Build() };
        }

        private ChatRequest Keep(JsonProperty property)
        {
            _extra.Add(property);
            return _request;
        }

        private List<Message> ReadMessages(JsonElement value)
        {
            RequestField.Array(value, "messages");
            _hasMessages = true;
            var messages = new List<Message>(value.GetArrayLength());
            foreach (JsonElement message in value.EnumerateArray())
            {
                messages.Add(ReadMessage(message, $"messages[{messages.Count}]"));
            }

            return messages;
        }

        private static Message ReadMessage(JsonElement message, string path)
        {
            RequestField.Object(message, path);
            string? role = null;
            IReadOnlyList<ContentPart>? content = null;
            var extra = new ExtraFieldsBuilder(MessagesWire.Id, path);
            foreach (JsonProperty property in message.EnumerateObject())
            {
                switch (property.Name)
                {
                    case var _ when property.Value.ValueKind == JsonValueKind.Null:
                        break;
                    case "role":
                        role = RequestField.String(property.Value, $"{path}.role");
                        break;
                    case "content":
                        content = MessagesBlocks.ReadContent(property.Value, $"{path}.content");
                        break;
                    default:
                        extra.Add(property);
                        break;
                }
            }

            return new Message(role switch
            {
                "user" => Role.User,
                "assistant" => Role.Assistant,
                "system" => Role.System,
                null => throw RequestField.Missing($"{path}.role"),
                _ => throw RequestField.Unknown($"{path}.role", role, "user, assistant or system"),
            }, content ?? throw RequestField.Missing($"{path}.content"))
            { Extra = extra.Build() };
        }

        private ChatRequest ReadToolChoice(JsonElement value)
        {
            (ToolChoice choice, bool? parallel) = MessagesTools.ReadChoice(value);
            return _request with { ToolChoice = choice, ParallelToolCalls = parallel };
        }

        private ChatRequest ReadMetadata(JsonProperty property)
        {
            foreach (JsonProperty field in RequestField.Object(property.Value, "metadata").EnumerateObject())
            {
                if (field.Name == "user_id" && field.Value.ValueKind != JsonValueKind.Null)
                {
                    _request = _request with { User = RequestField.String(field.Value, "metadata.user_id") };
                }
                else if (field.Value.ValueKind != JsonValueKind.Null)
                {
                    return Keep(property);
                }
            }

            return _request;
        }

        private ChatRequest ReadThinking(JsonProperty property)
        {
            ReasoningOptions? options = MessagesReasoning.Read(property.Value, out bool isComplete);
            return (isComplete ? _request : Keep(property)) with { Reasoning = options };
        }

        private ChatRequest ReadOutputConfig(JsonProperty property)
        {
            bool isComplete = true;
            foreach (JsonProperty field in RequestField.Object(property.Value, OutputField).EnumerateObject())
            {
                switch (field.Name)
                {
                    case var _ when field.Value.ValueKind == JsonValueKind.Null:
                        break;
                    case "effort":
                        string effort = RequestField.String(field.Value, "output_config.effort");
                        _effort = ReasoningTable.Parse(effort)
                            ?? throw RequestField.Unknown("output_config.effort", effort, "low, medium, high, xhigh or max");
                        break;
                    case "format":
                        _request = _request with { ResponseFormat = ReadFormat(field.Value, "output_config.format") };
                        break;
                    default:
                        isComplete = false;
                        break;
                }
            }

            return isComplete ? _request : Keep(property);
        }

        private static ResponseFormat ReadFormat(JsonElement value, string path)
        {
            RequestField.Object(value, path);
            string type = value.TryGetProperty("type", out JsonElement kind) && kind.ValueKind != JsonValueKind.Null
                ? RequestField.String(kind, $"{path}.type")
                : throw RequestField.Missing($"{path}.type");
            return type == "json_schema"
                ? new ResponseFormat(ResponseFormatKind.JsonSchema)
                {
                    Schema = value.TryGetProperty("schema", out JsonElement schema) && schema.ValueKind != JsonValueKind.Null
                        ? RequestField.Object(schema, $"{path}.schema")
                        : throw RequestField.Missing($"{path}.schema"),
                    Strict = true,
                }
                : throw RequestField.Unknown($"{path}.type", type, "json_schema");
        }
    }
}
