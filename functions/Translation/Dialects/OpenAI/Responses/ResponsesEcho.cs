using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>Repeats a request in its answer, with OpenAI's defaults for what it leaves out: clients expect numbers there, never null.</summary>
internal static class ResponsesEcho
{
    /// <summary>Writes the fields into the response object.</summary>
    public static void Write(Utf8JsonWriter writer, ChatRequest request, string? servedTier)
    {
        WriteInstructions(writer, request);
        WriteNumber(writer, "max_output_tokens", request.MaxOutputTokens);
        WriteCarried(writer, request, "max_tool_calls");
        writer.WriteBoolean("parallel_tool_calls"u8, request.ParallelToolCalls ?? true);
        writer.WriteNull("previous_response_id"u8);
        writer.WriteString("prompt_cache_key"u8, request.PromptCacheKey);
        writer.WriteString("prompt_cache_retention"u8, request.PromptCacheRetention);
        WriteReasoning(writer, request);
        writer.WriteString("safety_identifier"u8, request.SafetyIdentifier);
        writer.WriteString("service_tier"u8, servedTier ?? "default");

        // Whatever the client asked for: the gateway keeps nothing that could be asked for later.
        writer.WriteBoolean("store"u8, false);
        writer.WriteNumber("temperature"u8, request.Temperature ?? 1);
        writer.WriteNumber("top_p"u8, request.TopP ?? 1);
        writer.WriteNumber("presence_penalty"u8, request.PresencePenalty ?? 0);
        writer.WriteNumber("frequency_penalty"u8, request.FrequencyPenalty ?? 0);
        writer.WriteNumber("top_logprobs"u8, request.TopLogProbs ?? 0);
        WriteText(writer, request);
        writer.WritePropertyName("tool_choice"u8);
        ResponsesToolsWriter.WriteChoice(writer, request.ToolChoice ?? new ToolChoice(ToolChoiceMode.Auto), request.Tools);
        writer.WritePropertyName("tools"u8);
        ResponsesToolsWriter.WriteEcho(writer, request.Tools);
        writer.WriteString("truncation"u8, "disabled"u8);
        writer.WriteString("user"u8, request.User);
        WriteMetadata(writer, request);
    }

    private static void WriteInstructions(Utf8JsonWriter writer, ChatRequest request)
    {
        if (request.Instructions.Count == 0)
        {
            writer.WriteNull("instructions"u8);
        }
        else
        {
            writer.WriteString("instructions"u8, string.Join("\n\n", request.Instructions.OfType<TextPart>().Select(p => p.Text)));
        }
    }

    private static void WriteReasoning(Utf8JsonWriter writer, ChatRequest request)
    {
        writer.WriteStartObject("reasoning"u8);
        writer.WriteString("effort"u8, request.Reasoning?.Effort is { } effort ? ReasoningTable.NameOf(effort) : null);
        writer.WriteString("summary"u8, request.Reasoning?.Summary);
        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, ChatRequest request)
    {
        writer.WriteStartObject("text"u8);
        writer.WriteStartObject("format"u8);
        if (request.ResponseFormat is { Kind: ResponseFormatKind.JsonSchema, Schema: { } schema } format)
        {
            writer.WriteString("type"u8, "json_schema"u8);
            writer.WriteString("name"u8, format.Name ?? "answer");
            writer.WriteString("description"u8, format.Description);
            writer.WriteBoolean("strict"u8, format.Strict ?? false);
            writer.WritePropertyName("schema"u8);
            writer.WriteRaw(schema);
        }
        else
        {
            writer.WriteString("type"u8, request.ResponseFormat is { Kind: not ResponseFormatKind.Text } ? "json_object"u8 : "text"u8);
        }

        writer.WriteEndObject();
        writer.WriteString("verbosity"u8, request.Verbosity ?? "medium");
        writer.WriteEndObject();
    }

    private static void WriteMetadata(Utf8JsonWriter writer, ChatRequest request)
    {
        writer.WriteStartObject("metadata"u8);
        foreach ((string name, string value) in request.Metadata ?? new Dictionary<string, string>())
        {
            writer.WriteString(name, value);
        }

        writer.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter writer, string name, long? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
        else
        {
            writer.WriteNull(name);
        }
    }

    private static void WriteCarried(Utf8JsonWriter writer, ChatRequest request, string name)
    {
        writer.WritePropertyName(name);
        if (ResponsesWire.Carries(request.Extra, name))
        {
            writer.WriteRaw(request.Extra![name]!.Value);
        }
        else
        {
            writer.WriteNullValue();
        }
    }
}
