using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.ChatCompletions;

/// <summary>A whole answer, <c>chat.completion</c>. Source: https://platform.openai.com/docs/api-reference/chat/object.</summary>
internal static class ChatCompletionsResponse
{
    /// <summary>Reads a provider's answer, as far as it goes: compatible servers leave much out and add more.</summary>
    public static ChatResponse Decode(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            throw new GatewayException(GatewayError.Upstream("The provider's answer is not a JSON object."));
        }

        if (body.TryGetProperty("error", out JsonElement error) && error.ValueKind is JsonValueKind.Object or JsonValueKind.String)
        {
            throw new GatewayException(OpenAIError.DecodeInStream(body)); // OpenRouter reports faults with status 200.
        }

        if (!body.TryGetProperty("choices", out JsonElement choices) || choices.ValueKind != JsonValueKind.Array)
        {
            throw new GatewayException(GatewayError.Upstream("The provider's answer is not a chat completion: it has no 'choices'."));
        }

        string? id = body.TryGetProperty("id", out JsonElement idElement) ? Json.Text(idElement) : null;
        var response = new ChatResponse { Id = string.IsNullOrEmpty(id) ? null : id, Choices = ReadChoices(choices, id) };
        var extra = new ExtraFieldsBuilder(ChatCompletionsWire.Id, "");
        foreach (JsonProperty property in body.EnumerateObject())
        {
            JsonElement value = property.Value;
            switch (property.Name)
            {
                case "id" or "object" or "choices":
                    break;
                case "model":
                    response = response with { Model = Json.Text(value) is { Length: > 0 } model ? model : null };
                    break;
                case "created":
                    response = response with { Created = value.ValueKind == JsonValueKind.Number ? ChatCompletionsWire.TimeOf(value.GetDouble()) : null };
                    break;
                case "service_tier":
                    response = response with { ServiceTier = Json.Text(value) };
                    break;
                case "usage":
                    response = response with { Usage = ChatCompletionsUsage.Read(value) };
                    break;
                default:
                    if (value.ValueKind != JsonValueKind.Null)
                    {
                        extra.Add(property);
                    }

                    break;
            }
        }

        return response with { Extra = extra.Build() };
    }

    /// <summary>Writes an answer for a client.</summary>
    public static void Encode(ChatResponse response, AnswerContext context, IBufferWriter<byte> output)
    {
        bool legacy = ChatCompletionsRequest.IsLegacy(context.Request);
        using var writer = new Utf8JsonWriter(output, Json.WriterOptions);
        writer.WriteStartObject();
        writer.WriteString("id"u8, response.Id ?? $"chatcmpl-{context.RequestId}");
        writer.WriteString("object"u8, "chat.completion"u8);
        writer.WriteNumber("created"u8, (response.Created ?? context.Created).ToUnixTimeSeconds());
        writer.WriteString("model"u8, response.Model ?? context.Request.Model);
        writer.WriteStartArray("choices"u8);
        foreach (Choice choice in response.Choices)
        {
            WriteChoice(writer, choice, context, legacy);
        }

        writer.WriteEndArray();
        if (response.Usage is { } usage)
        {
            writer.WritePropertyName("usage"u8);
            ChatCompletionsUsage.Write(writer, usage);
        }

        if (response.ServiceTier is not null)
        {
            writer.WriteString("service_tier"u8, response.ServiceTier);
        }

        ChatCompletionsWire.WriteExtra(writer, response.Extra);
        writer.WriteEndObject();
    }

    /// <summary>Writes a citation as an annotation.</summary>
    /// <param name="writer">Stands in the array.</param>
    /// <param name="citation">The citation.</param>
    /// <param name="start">Its place, counted from the start of the message's text.</param>
    /// <param name="end">Where that ends.</param>
    /// <param name="index">Its number, for clients that join the pieces of a stream; null in a whole answer.</param>
    public static void WriteAnnotation(Utf8JsonWriter writer, Citation citation, int start, int end, int? index = null)
    {
        writer.WriteStartObject();
        if (index is { } number)
        {
            writer.WriteNumber("index"u8, number);
        }

        writer.WriteString("type"u8, "url_citation"u8);
        writer.WriteStartObject("url_citation"u8);
        OpenAICitation.WriteFields(writer, citation, start, end);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>Writes an image that the model made, as OpenRouter does (https://openrouter.ai/docs/features/multimodal/image-generation).</summary>
    public static void WriteImage(Utf8JsonWriter writer, MediaSource source, int index)
    {
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, index);
        writer.WriteString("type"u8, "image_url"u8);
        writer.WriteStartObject("image_url"u8);
        writer.WritePropertyName("url"u8);
        if (source is Base64Source bytes)
        {
            DataUrl.Write(writer, bytes);
        }
        else
        {
            writer.WriteStringValue(source is UrlSource url ? url.Url : "");
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static List<Choice> ReadChoices(JsonElement choices, string? id)
    {
        var list = new List<Choice>(choices.GetArrayLength());
        foreach (JsonElement choice in choices.EnumerateArray())
        {
            if (choice.ValueKind == JsonValueKind.Object)
            {
                list.Add(ReadChoice(choice, list.Count, id));
            }
        }

        return list;
    }

    private static Choice ReadChoice(JsonElement choice, int position, string? id)
    {
        int index = choice.TryGetProperty("index", out JsonElement number) && number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out int given) ? given : position;
        var reader = new ChatCompletionsAssistant(
            string.Create(CultureInfo.InvariantCulture, $"choices[{position}].message"), fromClient: false, ordinal => ChatCompletionsWire.MakeCallId(id, index, ordinal));
        List<ContentPart> parts = [];
        var extra = new ExtraFieldsBuilder(ChatCompletionsWire.Id, string.Create(CultureInfo.InvariantCulture, $"choices[{position}]"));
        string? finish = null;
        JsonElement message = default;
        foreach (JsonProperty property in choice.EnumerateObject())
        {
            JsonElement value = property.Value;
            switch (property.Name)
            {
                case "index":
                    break;
                case "message" or "delta" when value.ValueKind == JsonValueKind.Object:
                    message = value;
                    break;
                case "finish_reason":
                    finish = Json.Text(value);
                    break;
                case "logprobs":
                    if (value.ValueKind == JsonValueKind.Object)
                    {
                        reader.LogProbs = ReadLogProbs(value, ref extra);
                    }

                    break;
                case "error" when value.ValueKind == JsonValueKind.Object:
                    throw new GatewayException(OpenAIError.DecodeInStream(value));
                default:
                    if (value.ValueKind != JsonValueKind.Null)
                    {
                        extra.Add(property);
                    }

                    break;
            }
        }

        if (message.ValueKind == JsonValueKind.Object)
        {
            parts = reader.Read(message);
            if (reader.Extra is { } fields)
            {
                extra.Add("message", fields);
            }
        }

        if (finish is not null && ChatCompletionsWire.IsFailure(finish))
        {
            throw new GatewayException(GatewayError.Upstream($"The provider broke off its answer ({finish}).", "upstream_error"));
        }

        FinishReason reason = ChatCompletionsWire.Normalize(
            finish is null ? FinishReason.Stop : ChatCompletionsWire.FinishReasonOf(finish), parts.Any(p => p is ToolCallPart), parts.Any(p => p is RefusalPart));
        return new Choice(index, parts, reason) { Extra = extra.Build() };
    }

    private static IReadOnlyList<TokenLogProb> ReadLogProbs(JsonElement logProbs, ref ExtraFieldsBuilder extra)
    {
        IReadOnlyList<TokenLogProb> tokens = [];
        foreach (JsonProperty property in logProbs.EnumerateObject())
        {
            if (property.NameEquals("content"u8))
            {
                tokens = OpenAILogProbs.Read(property.Value);
            }
            else if (property.Value.ValueKind != JsonValueKind.Null)
            {
                extra.Add("logprobs", property); // Those of a refusal.
            }
        }

        return tokens;
    }

    private static void WriteChoice(Utf8JsonWriter writer, Choice choice, AnswerContext context, bool legacy)
    {
        RefusalPart? refusal = choice.Parts.OfType<RefusalPart>().FirstOrDefault();
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, choice.Index);
        writer.WriteStartObject("message"u8);
        writer.WriteString("role"u8, "assistant"u8);
        WriteText(writer, choice, refusal);
        WriteReasoning(writer, [.. choice.Parts.OfType<ReasoningPart>()]);
        writer.WriteString("refusal"u8, refusal?.Text);
        WriteAnnotations(writer, choice);
        WriteMedia(writer, choice, context);
        WriteCalls(writer, [.. choice.Parts.OfType<ToolCallPart>()], legacy);
        ChatCompletionsWire.WriteThoughtSignature(writer, choice.Parts.OfType<TextPart>().LastOrDefault(t => t.Signature is not null)?.Signature);
        ChatCompletionsWire.WriteNestedExtra(writer, choice.Extra, "message");
        writer.WriteEndObject();
        WriteLogProbs(writer, choice);
        writer.WriteString("finish_reason"u8, ChatCompletionsWire.NameOf(choice.FinishReason, refusal is not null, legacy));
        ChatCompletionsWire.WriteExtra(writer, choice.Extra);
        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, Choice choice, RefusalPart? refusal)
    {
        List<TextPart> texts = [.. choice.Parts.OfType<TextPart>()];
        bool other = refusal is not null || choice.Parts.Any(p => p is ToolCallPart or MediaPart { Kind: MediaKind.Audio });
        writer.WriteString("content"u8, texts.Count switch
        {
            0 => other ? null : "",
            1 => texts[0].Text,
            _ => string.Concat(texts.Select(t => t.Text)),
        });
    }

    private static void WriteReasoning(Utf8JsonWriter writer, List<ReasoningPart> parts)
    {
        if (parts.Any(p => p.Text.Length > 0))
        {
            writer.WriteString("reasoning_content"u8, string.Join("\n\n", parts.Where(p => p.Text.Length > 0).Select(p => p.Text)));
        }

        if (!parts.Any(p => p.Signature is not null))
        {
            return;
        }

        writer.WriteStartArray("reasoning_details"u8);
        for (int i = 0; i < parts.Count; i++)
        {
            ChatCompletionsReasoning.WriteDetail(writer, parts[i], parts[i].Signature is { } seal ? SignatureCarrier.Wrap(seal, ChatCompletionsWire.Id) : null, i);
        }

        writer.WriteEndArray();
    }

    private static void WriteAnnotations(Utf8JsonWriter writer, Choice choice)
    {
        int offset = 0;
        writer.WriteStartArray("annotations"u8);
        foreach (TextPart text in choice.Parts.OfType<TextPart>())
        {
            foreach (Citation citation in text.Citations)
            {
                (int start, int end) = citation.PlaceIn(text.Text);
                WriteAnnotation(writer, citation, offset + start, offset + end);
            }

            offset += text.Text.Length;
        }

        writer.WriteEndArray();
    }

    private static void WriteMedia(Utf8JsonWriter writer, Choice choice, AnswerContext context)
    {
        List<MediaPart> images = [.. choice.Parts.OfType<MediaPart>().Where(m => m.Kind == MediaKind.Image)];
        if (images.Count > 0)
        {
            writer.WriteStartArray("images"u8);
            for (int i = 0; i < images.Count; i++)
            {
                WriteImage(writer, images[i].Source, i);
            }

            writer.WriteEndArray();
        }

        if (choice.Parts.FirstOrDefault(p => p is MediaPart { Kind: MediaKind.Audio, Source: Base64Source }) is not MediaPart { Source: Base64Source sound } audio)
        {
            return;
        }

        writer.WriteStartObject("audio"u8);
        bool own = audio.Extra?.Dialect == ChatCompletionsWire.Id;
        if (!own)
        {
            writer.WriteString("id"u8, $"audio_{context.RequestId}");
            writer.WriteNumber("expires_at"u8, context.Created.AddHours(1).ToUnixTimeSeconds());
        }

        ChatCompletionsWire.WriteExtra(writer, audio.Extra);
        writer.WriteString("data"u8, sound.Base64.Span);
        writer.WriteString("transcript"u8, audio.Transcript ?? "");
        writer.WriteEndObject();
    }

    private static void WriteCalls(Utf8JsonWriter writer, List<ToolCallPart> calls, bool legacy)
    {
        if (calls.Count == 0)
        {
            return;
        }

        if (legacy)
        {
            writer.WriteStartObject("function_call"u8);
            writer.WriteString("name"u8, calls[0].Name);
            writer.WriteString("arguments"u8, calls[0].Arguments.Length == 0 ? "{}" : calls[0].Arguments);
            writer.WriteEndObject();
            return;
        }

        writer.WriteStartArray("tool_calls"u8);
        foreach (ToolCallPart call in calls)
        {
            writer.WriteStartObject();
            writer.WriteString("id"u8, ToolCallIdCarrier.Wrap(call.Id, call.Signature));
            ChatCompletionsTools.WriteCallBody(writer, call);
            ChatCompletionsWire.WriteThoughtSignature(writer, call.Signature);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteLogProbs(Utf8JsonWriter writer, Choice choice)
    {
        List<TokenLogProb> tokens = [.. choice.Parts.OfType<TextPart>().SelectMany(t => t.LogProbs)];
        ExtraFields? refusal = choice.Extra is { } extra && extra.Dialect == ChatCompletionsWire.Id && extra["logprobs.refusal"] is not null ? extra : null;
        if (tokens.Count == 0 && refusal is null)
        {
            writer.WriteNull("logprobs"u8);
            return;
        }

        writer.WriteStartObject("logprobs"u8);
        writer.WritePropertyName("content"u8);
        OpenAILogProbs.Write(writer, tokens);
        if (refusal is null)
        {
            writer.WriteNull("refusal"u8);
        }

        ChatCompletionsWire.WriteNestedExtra(writer, refusal, "logprobs");
        writer.WriteEndObject();
    }
}
