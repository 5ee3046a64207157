using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini.GenerateContent;

/// <summary>A whole answer. Source: https://ai.google.dev/api/generate-content#generatecontentresponse.</summary>
internal static class GenerateContentResponse
{
    /// <summary>Reads a provider's answer; also one that stands alone in an array, or a stream that was sent as an array.</summary>
    public static ChatResponse Decode(JsonElement body)
    {
        if (body.ValueKind == JsonValueKind.Array && body.GetArrayLength() != 1)
        {
            return DecodeChunks(body);
        }

        body = body.ValueKind == JsonValueKind.Array ? body[0] : body;
        if (GeminiError.Find(body) is { } error)
        {
            throw new GatewayException(GeminiError.Read(error, httpStatus: null));
        }

        if (body.ValueKind != JsonValueKind.Object)
        {
            throw Unreadable("The provider's answer is no Gemini answer.");
        }

        return Read(body);
    }

    /// <summary>Writes an answer for a client.</summary>
    public static void Encode(Utf8JsonWriter writer, ChatResponse response, AnswerContext context)
    {
        bool showThoughts = context.Request.Reasoning?.IncludeThoughts != false;
        writer.WriteStartObject();
        writer.WriteStartArray("candidates"u8);
        foreach (Choice choice in response.Choices)
        {
            WriteChoice(writer, choice, showThoughts);
        }

        writer.WriteEndArray();
        if (response.Usage is { } usage)
        {
            GenerateContentUsage.Write(writer, usage, response.ServiceTier);
        }

        writer.WriteString("modelVersion"u8, response.Model ?? context.Request.Model);
        if (response.Created is { } created)
        {
            writer.WriteString("createTime"u8, created.ToString("O", CultureInfo.InvariantCulture));
        }

        writer.WriteString("responseId"u8, response.Id ?? context.RequestId);
        writer.WriteExtra(response.Extra, GenerateContentWire.Dialect);
        writer.WriteEndObject();
    }

    private static ChatResponse Read(JsonElement body)
    {
        string? id = null;
        string? model = null;
        DateTimeOffset? created = null;
        TokenUsage? usage = null;
        string? tier = null;
        JsonElement candidates = default;
        bool isBlocked = false;
        var extra = new ExtraFieldsBuilder(GenerateContentWire.Dialect, "");
        foreach (JsonProperty property in body.EnumerateObject())
        {
            JsonElement value = property.Value;
            switch (property.Name)
            {
                case "candidates":
                    candidates = value;
                    break;
                case "responseId":
                    id = Json.Text(value) is { Length: > 0 } told ? told : null;
                    break;
                case "modelVersion":
                    model = Json.Text(value) is { Length: > 0 } named ? named : null;
                    break;
                case "createTime" when value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out DateTimeOffset time):
                    created = time;
                    break;
                case "usageMetadata" when value.ValueKind == JsonValueKind.Object:
                    (usage, tier) = GenerateContentUsage.Read(value);
                    break;
                case "promptFeedback":
                    isBlocked = IsBlocked(value);
                    extra.Add(property);
                    break;
                default:
                    extra.Add(property);
                    break;
            }
        }

        List<Choice> choices = ReadChoices(candidates, id ?? Guid.NewGuid().ToString("N"));
        if (choices.Count == 0)
        {
            choices = isBlocked ? [new Choice(0, [], FinishReason.ContentFilter)] : throw Unreadable("The provider's answer holds no candidate.");
        }

        return new ChatResponse { Id = id, Model = model, Created = created, Choices = choices, Usage = usage, ServiceTier = tier, Extra = extra.Build() };
    }

    /// <summary>True when the provider refused to answer the prompt.</summary>
    public static bool IsBlocked(JsonElement promptFeedback) =>
        promptFeedback.ValueKind == JsonValueKind.Object && promptFeedback.TryGetProperty("blockReason", out JsonElement reason)
        && reason.ValueKind == JsonValueKind.String && !reason.Is("BLOCKED_REASON_UNSPECIFIED");

    private static List<Choice> ReadChoices(JsonElement candidates, string answerId)
    {
        List<Choice> choices = [];
        int calls = 0;
        foreach (JsonElement candidate in candidates.ValueKind == JsonValueKind.Array ? candidates.EnumerateArray() : default)
        {
            if (candidate.ValueKind == JsonValueKind.Object)
            {
                choices.Add(ReadChoice(candidate, choices.Count, answerId, ref calls));
            }
        }

        return choices;
    }

    private static Choice ReadChoice(JsonElement candidate, int position, string answerId, ref int calls)
    {
        int index = position;
        string? finish = null;
        JsonElement logProbs = default;
        List<ContentPart> parts = [];
        List<JsonElement> sources = [];
        var extra = new ExtraFieldsBuilder(GenerateContentWire.Dialect, $"candidates[{position}]");
        foreach (JsonProperty property in candidate.EnumerateObject())
        {
            JsonElement value = property.Value;
            switch (property.Name)
            {
                case "content" when value.ValueKind == JsonValueKind.Object && value.TryGetProperty("parts", out JsonElement list) && list.ValueKind == JsonValueKind.Array:
                    parts = ReadParts(list, answerId, ref calls);
                    break;
                case "content":
                    break;
                case "index" when value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= 0:
                    index = number;
                    break;
                case "finishReason":
                    finish = Json.Text(value);
                    break;
                case "logprobsResult":
                    logProbs = value;
                    break;
                case "avgLogprobs":
                    break;
                case "groundingMetadata" or "citationMetadata":
                    sources.Add(value);
                    extra.Add(property);
                    break;
                default:
                    extra.Add(property);
                    break;
            }
        }

        foreach (JsonElement metadata in sources)
        {
            Cite(parts, metadata);
        }

        int last = parts.FindLastIndex(p => p is TextPart);
        if (last >= 0 && GenerateContentLogProbs.Read(logProbs) is { Count: > 0 } tokens)
        {
            parts[last] = (TextPart)parts[last] with { LogProbs = tokens };
        }

        bool hasCalls = parts.Exists(p => p is ToolCallPart);
        return new Choice(index, parts, GenerateContentWire.WithCalls(GenerateContentWire.FinishReasonOf(finish), hasCalls)) { Extra = extra.Build() };
    }

    private static List<ContentPart> ReadParts(JsonElement list, string answerId, ref int calls)
    {
        List<ContentPart> parts = [];
        foreach (JsonElement item in list.EnumerateArray())
        {
            ContentPart? part = GenerateContentAnswerPart.Read(item, answerId, calls);
            calls += part is ToolCallPart ? 1 : 0;
            if (part is not null and not TextPart { Text.Length: 0, Signature: null } and not ReasoningPart { Text.Length: 0, Signature: null })
            {
                parts.Add(part);
            }
        }

        return GenerateContentContents.Join(parts);
    }

    private static void Cite(List<ContentPart> parts, JsonElement metadata)
    {
        List<int> places = [.. Enumerable.Range(0, parts.Count).Where(i => parts[i] is TextPart)];
        foreach ((int text, Citation citation) in GenerateContentGrounding.Read(metadata, [.. places.Select(i => ((TextPart)parts[i]).Text)]))
        {
            var part = (TextPart)parts[places[text]];
            parts[places[text]] = part with { Citations = [.. part.Citations, citation] };
        }
    }

    private static void WriteChoice(Utf8JsonWriter writer, Choice choice, bool showThoughts)
    {
        writer.WriteStartObject();
        bool isWithheld = choice.Parts.Count == 0 && choice.FinishReason is FinishReason.ContentFilter or FinishReason.Malformed;
        if (!isWithheld || choice.Parts.Count > 0)
        {
            writer.WriteStartObject("content"u8);
            writer.WriteStartArray("parts"u8);
            foreach (ContentPart part in choice.Parts)
            {
                GenerateContentAnswerPart.Write(writer, part, showThoughts);
            }

            if (choice.Parts.Count == 0)
            {
                // Clients read the first part without asking whether there is one.
                writer.WriteStartObject();
                writer.WriteString("text"u8, ""u8);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteString("role"u8, "model"u8);
            writer.WriteEndObject();
        }

        writer.WriteString("finishReason"u8, GenerateContentWire.NameOf(choice.FinishReason));
        writer.WriteNumber("index"u8, choice.Index);
        if (choice.Extra?.Dialect != GenerateContentWire.Dialect)
        {
            GenerateContentGrounding.Write(
                writer,
                [.. choice.Parts.SelectMany((p, i) => p is TextPart text ? text.Citations.Select(c => (c, c.PlaceIn(text.Text), text.Text, i)) : [])]);
        }

        GenerateContentLogProbs.Write(writer, [.. choice.Parts.OfType<TextPart>().SelectMany(t => t.LogProbs)]);
        writer.WriteExtra(choice.Extra, GenerateContentWire.Dialect);
        writer.WriteEndObject();
    }

    private static ChatResponse DecodeChunks(JsonElement chunks)
    {
        var decoder = new GenerateContentStreamDecoder();
        List<ChatEvent> events = [];
        foreach (JsonElement chunk in chunks.EnumerateArray())
        {
            decoder.Decode(new SseFrame(default, JsonMarshal.GetRawUtf8Value(chunk)), events);
        }

        decoder.Complete(events);
        var fold = new ChatEventFold();
        events.ForEach(fold.Add);
        return fold.Error is { } error ? throw new GatewayException(error) : fold.ToResponse();
    }

    private static GatewayException Unreadable(string message) => new(GatewayError.Upstream(message, "invalid_answer"));
}
