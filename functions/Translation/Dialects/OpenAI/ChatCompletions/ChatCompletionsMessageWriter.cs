using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.ChatCompletions;

/// <summary>Writes the messages of a request for a provider, in the ways that its <see cref="DialectQuirks"/> tell.</summary>
internal sealed class ChatCompletionsMessageWriter(Utf8JsonWriter writer, DialectQuirks quirks, TranslationReport report)
{
    /// <summary>Writes all messages, the instructions as the first of them.</summary>
    public void Write(ChatRequest request)
    {
        writer.WriteStartArray("messages"u8);
        if (request.Instructions.Count > 0)
        {
            WriteTurn(new Message(Role.System, request.Instructions), "system");
        }

        foreach (Message message in request.Messages)
        {
            switch (message.Role)
            {
                case Role.Assistant:
                    WriteAssistant(message);
                    break;
                case Role.System:
                    WriteTurn(message, "system");
                    break;
                case Role.Developer:
                    WriteTurn(message, quirks.DeveloperRole ? "developer" : "system");
                    break;
                default:
                    WriteUser(message);
                    break;
            }
        }

        writer.WriteEndArray();
    }

    private void WriteUser(Message message)
    {
        bool results = false;
        foreach (ContentPart part in message.Parts)
        {
            if (part is ToolResultPart result)
            {
                WriteResult(result, message.Role == Role.Tool ? message.Extra : null);
                results = true;
            }
        }

        if (!results)
        {
            WriteTurn(message, "user");
        }
        else if (message.Parts.Any(p => p is not ToolResultPart))
        {
            WriteTurn(message with { Parts = [.. message.Parts.Where(p => p is not ToolResultPart)] }, "user");
        }
    }

    private void WriteTurn(Message message, string role)
    {
        writer.WriteStartObject();
        writer.WriteString("role"u8, role);
        WriteName(message);
        writer.WritePropertyName("content"u8);
        if (message.Parts.All(p => p is TextPart))
        {
            WriteTexts([.. message.Parts.Cast<TextPart>()]);
        }
        else
        {
            writer.WriteStartArray();
            for (int i = 0; i < message.Parts.Count; i++)
            {
                if (role != "user" && message.Parts[i] is MediaPart media && ChatCompletionsContent.TextOf(media) is null)
                {
                    report.Drop(FieldNames.Of(media), "Chat Completions takes text only as instructions");
                    continue;
                }

                ChatCompletionsContent.WritePart(writer, message.Parts[i], quirks, report);
            }

            writer.WriteEndArray();
        }

        ChatCompletionsWire.WriteExtra(writer, message.Extra);
        writer.WriteEndObject();
    }

    private void WriteAssistant(Message message)
    {
        List<TextPart> texts = [.. message.Parts.OfType<TextPart>()];
        List<ReasoningPart> reasoning = [.. message.Parts.OfType<ReasoningPart>()];
        List<ContentPart> calls = [.. message.Parts.Where(p => p is ToolCallPart || IsCall(p))];
        RefusalPart? refusal = message.Parts.OfType<RefusalPart>().FirstOrDefault();
        writer.WriteStartObject();
        writer.WriteString("role"u8, "assistant"u8);
        WriteName(message);
        WriteReasoning(reasoning);
        writer.WritePropertyName("content"u8);
        if (quirks.ReasoningReplayField == "content" && reasoning.Count > 0)
        {
            WriteThoughtfulContent(reasoning, texts);
        }
        else if (texts.Count == 0 && (calls.Count > 0 || refusal is not null))
        {
            writer.WriteNullValue();
        }
        else
        {
            WriteTexts(texts);
        }

        if (refusal is not null)
        {
            writer.WriteString("refusal"u8, refusal.Text);
        }

        WriteMedia(message);
        WriteCalls(calls);
        ChatCompletionsWire.WriteExtra(writer, message.Extra);
        writer.WriteEndObject();
    }

    private void WriteReasoning(List<ReasoningPart> parts)
    {
        if (parts.Count == 0 || quirks.ReasoningReplayField == "content")
        {
            return;
        }

        if (quirks.ReasoningReplayField is { } field)
        {
            ChatCompletionsReasoning.WriteReplay(writer, field, parts);
        }
        else if (parts.Any(p => p.Text.Length > 0 || p.Signature is not null))
        {
            report.Drop("messages[].reasoning", "this provider takes no thinking back");
        }
    }

    private void WriteThoughtfulContent(List<ReasoningPart> reasoning, List<TextPart> texts)
    {
        writer.WriteStartArray();
        foreach (ReasoningPart part in reasoning)
        {
            ChatCompletionsReasoning.WriteContentPart(writer, part);
        }

        foreach (TextPart part in texts)
        {
            ChatCompletionsContent.WriteText(writer, part);
        }

        writer.WriteEndArray();
    }

    private void WriteMedia(Message message)
    {
        bool audio = false;
        for (int i = 0; i < message.Parts.Count; i++)
        {
            switch (message.Parts[i])
            {
                case MediaPart { Kind: MediaKind.Audio, Source: FileSource file } when !audio:
                    writer.WriteStartObject("audio"u8);
                    writer.WriteString("id"u8, file.FileId);
                    writer.WriteEndObject();
                    audio = true;
                    break;
                case TextPart or ReasoningPart or RefusalPart or ToolCallPart:
                    break;
                case ContentPart other when !IsCall(other):
                    report.Drop(FieldNames.Of(other), "an assistant's message cannot hold this here");
                    break;
            }
        }
    }

    private void WriteCalls(List<ContentPart> calls)
    {
        if (calls.Count == 0)
        {
            return;
        }

        writer.WriteStartArray("tool_calls"u8);
        foreach (ContentPart part in calls)
        {
            if (part is not ToolCallPart call)
            {
                writer.WriteRaw(((OpaquePart)part).Json);
                continue;
            }

            writer.WriteStartObject();
            writer.WriteString("id"u8, call.Id);
            ChatCompletionsTools.WriteCallBody(writer, call);
            if (quirks.ThoughtSignatures)
            {
                ChatCompletionsWire.WriteThoughtSignature(writer, call.Signature);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private void WriteResult(ToolResultPart result, ExtraFields? extra)
    {
        var texts = new List<TextPart>(result.Content.Count);
        for (int i = 0; i < result.Content.Count; i++)
        {
            string? text = result.Content[i] switch
            {
                TextPart part => part.Text,
                RefusalPart refusal => refusal.Text,
                MediaPart media => ChatCompletionsContent.TextOf(media),
                _ => null,
            };
            if (text is null)
            {
                report.Drop(FieldNames.Of(result.Content[i]), "Chat Completions takes text only as a tool's result");
                continue;
            }

            texts.Add(new TextPart(text) { Cache = result.Content[i].Cache });
        }

        if (result.IsError)
        {
            MarkError(texts);
        }

        if (result.Cache is not null && texts.Count > 0)
        {
            texts[^1] = texts[^1] with { Cache = result.Cache };
        }

        writer.WriteStartObject();
        writer.WriteString("role"u8, "tool"u8);
        writer.WriteString("tool_call_id"u8, result.CallId);
        if (result.Name is not null)
        {
            writer.WriteString("name"u8, result.Name);
        }

        writer.WritePropertyName("content"u8);
        WriteTexts(texts);
        ChatCompletionsWire.WriteExtra(writer, extra);
        writer.WriteEndObject();
    }

    private void MarkError(List<TextPart> texts)
    {
        if (texts.Count == 0)
        {
            texts.Add(new TextPart("Error"));
        }
        else if (!texts[0].Text.Contains("error", StringComparison.OrdinalIgnoreCase))
        {
            texts[0] = texts[0] with { Text = $"Error: {texts[0].Text}" };
            report.Change("tool_results[].is_error", "said in the result's text");
        }
    }

    private void WriteTexts(List<TextPart> texts)
    {
        bool plain = texts.All(t => t.Cache is null && t.Extra is null);
        if (plain && (texts.Count <= 1 || !quirks.TextParts))
        {
            writer.WriteStringValue(texts.Count == 1 ? texts[0].Text : string.Join('\n', texts.Select(t => t.Text)));
            return;
        }

        writer.WriteStartArray();
        foreach (TextPart part in texts)
        {
            ChatCompletionsContent.WriteText(writer, part);
        }

        writer.WriteEndArray();
    }

    private void WriteName(Message message)
    {
        if (message.Name is not null)
        {
            writer.WriteString("name"u8, message.Name);
        }
    }

    private static bool IsCall(ContentPart part) =>
        part is OpaquePart opaque && opaque.Dialect == ChatCompletionsWire.Id && opaque.Path.Contains(".tool_calls[", StringComparison.Ordinal);
}
