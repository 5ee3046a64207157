using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>
/// Writes turns as the items of <c>input</c>: what is said goes into messages, calls, results and reasoning are items of their own between
/// them.
/// </summary>
/// <param name="writer">Stands in the request's root object.</param>
/// <param name="own">True when the request was read from this dialect.</param>
/// <param name="cacheBreakpoints">True when the model takes marks for the cache.</param>
/// <param name="report">Takes what cannot be said.</param>
internal sealed class ResponsesItems(Utf8JsonWriter writer, bool own, bool cacheBreakpoints, TranslationReport report)
{
    private readonly ResponsesContentWriter _content = new(writer, own, cacheBreakpoints, report);

    /// <summary>Writes the field <c>input</c>.</summary>
    public void Write(IReadOnlyList<Message> messages)
    {
        if (own && messages.Count == 0)
        {
            return;
        }

        writer.WritePropertyName("input"u8);
        if (own && messages is [{ Role: Role.User, Extra: null, Parts: [TextPart { Extra: null } text] }])
        {
            writer.WriteStringValue(text.Text);
            return;
        }

        writer.WriteStartArray();
        for (int i = 0; i < messages.Count; i++)
        {
            WriteMessage(messages[i], goesOn: i + 1 < messages.Count && messages[i + 1].Role == Role.Assistant);
        }

        writer.WriteEndArray();
    }

    private void WriteMessage(Message message, bool goesOn)
    {
        if (message.Name is not null)
        {
            report.Drop("messages[].name", "turns have no speaker's name");
        }

        int from = 0;
        for (int i = 0; i <= message.Parts.Count; i++)
        {
            if (i < message.Parts.Count && IsContent(message.Parts[i]))
            {
                continue;
            }

            if (i > from || message.Parts.Count == 0)
            {
                WriteContent(message, from, i);
            }

            if (i < message.Parts.Count)
            {
                WriteItem(message.Parts[i], goesOn || message.Parts.Skip(i + 1).Any(p => p is TextPart or RefusalPart or ToolCallPart));
            }

            from = i + 1;
        }
    }

    /// <summary>True for what stands within a message; a block that was an item of its own knows so by its path.</summary>
    private static bool IsContent(ContentPart part) => part switch
    {
        TextPart or RefusalPart or MediaPart => true,
        OpaquePart opaque => opaque.Path.Contains('.'),
        _ => false,
    };

    private void WriteContent(Message message, int from, int to)
    {
        List<ContentPart> said = [];
        List<ContentPart>? shown = null;
        for (int i = from; i < to; i++)
        {
            ContentPart part = message.Parts[i];
            if (!_content.CanSay(part))
            {
                continue;
            }

            if (part is MediaPart && message.Role == Role.Assistant)
            {
                // The API takes pictures from users only.
                report.Change(FieldNames.Of(part), "what the model made is shown to it as a user's turn");
                (shown ??= []).Add(part);
            }
            else
            {
                said.Add(part);
            }
        }

        // An assistant's empty turn says nothing; anybody else's is kept, since turns alternate.
        if (said.Count > 0 || (shown is null && (own || message.Role != Role.Assistant)))
        {
            WriteMessageItem(message, said, from == 0 ? message.Extra : null);
        }

        if (shown is not null)
        {
            WriteMessageItem(new Message(Role.User, shown), shown, null);
        }
    }

    private void WriteMessageItem(Message message, List<ContentPart> parts, ExtraFields? extra)
    {
        writer.WriteStartObject();
        if (!own)
        {
            writer.WriteString("type"u8, "message"u8);
        }

        ResponsesWire.WriteCarried(writer, extra);
        writer.WriteString("role"u8, NameOf(message.Role));
        writer.WritePropertyName("content"u8);
        if (parts.Count == 0 && !own)
        {
            writer.WriteStringValue("");
        }
        else
        {
            _content.Write(parts, message.Role == Role.Assistant);
        }

        writer.WriteEndObject();
    }

    private static ReadOnlySpan<byte> NameOf(Role role) => role switch
    {
        Role.System => "system"u8,
        Role.Developer => "developer"u8,
        Role.Assistant => "assistant"u8,
        _ => "user"u8,
    };

    /// <summary>Writes an item of its own.</summary>
    /// <param name="goesOn">True when something that the model said or did follows in its turn.</param>
    private void WriteItem(ContentPart part, bool goesOn)
    {
        switch (part)
        {
            case ToolCallPart call:
                WriteCall(call);
                break;
            case ToolResultPart result:
                WriteResult(result);
                break;
            case ReasoningPart reasoning:
                WriteReasoning(reasoning, goesOn);
                break;
            case OpaquePart opaque when opaque.Dialect == DialectIds.Responses:
                writer.WriteRaw(opaque.Json);
                break;
            default:
                report.Drop(FieldNames.Of(part), "only its own dialect can say it");
                break;
        }
    }

    private void WriteCall(ToolCallPart call)
    {
        bool custom = call.Kind == ToolKind.Custom;
        writer.WriteStartObject();
        writer.WriteString("type"u8, custom ? "custom_tool_call"u8 : "function_call"u8);
        ResponsesWire.WriteCarried(writer, call.Extra);
        writer.WriteString("call_id"u8, call.Id);
        writer.WriteString("name"u8, call.Name);
        if (call.Namespace is not null)
        {
            writer.WriteString("namespace"u8, call.Namespace);
        }

        bool empty = !own && !custom && string.IsNullOrWhiteSpace(call.Arguments);
        writer.WriteString(custom ? "input"u8 : "arguments"u8, empty ? "{}" : call.Arguments);
        writer.WriteEndObject();
    }

    private void WriteResult(ToolResultPart result)
    {
        List<ContentPart> content = [];
        for (int i = 0; i < result.Content.Count; i++)
        {
            if (_content.CanSay(result.Content[i]))
            {
                content.Add(result.Content[i]);
            }
        }

        if (result.IsError)
        {
            MarkError(content);
        }

        writer.WriteStartObject();
        writer.WriteString("type"u8, result.Kind == ToolKind.Custom ? "custom_tool_call_output"u8 : "function_call_output"u8);
        ResponsesWire.WriteCarried(writer, result.Extra);
        writer.WriteString("call_id"u8, result.CallId);
        writer.WritePropertyName("output"u8);
        if (content.Count == 0 && !own)
        {
            writer.WriteStringValue("");
        }
        else
        {
            _content.Write(content, assistant: false);
        }

        writer.WriteEndObject();
    }

    /// <summary>OpenAI has no mark for a tool that failed; the result's text has to say so.</summary>
    private void MarkError(List<ContentPart> content)
    {
        int text = content.FindIndex(p => p is TextPart);
        if (text < 0)
        {
            content.Insert(0, new TextPart("Error"));
        }
        else if (content[text] is TextPart said && !said.Text.Contains("error", StringComparison.OrdinalIgnoreCase))
        {
            content[text] = said with { Text = $"Error: {said.Text}" };
            report.Change("tool_results[].is_error", "said in the result's text");
        }
    }

    /// <summary>
    /// Only what OpenAI made can go back to it, in its own cipher text or, from a client of this dialect, by the id it is stored under; and
    /// only together with what it led to.
    /// </summary>
    private void WriteReasoning(ReasoningPart reasoning, bool goesOn)
    {
        bool whole = ResponsesWire.IsOwn(reasoning.Extra);
        if (!whole && (reasoning.Signature?.Origin != DialectIds.Responses || !goesOn))
        {
            if (reasoning.Text.Length > 0)
            {
                report.Drop(FieldNames.Of(reasoning), goesOn ? "OpenAI takes back no reasoning but its own, in encrypted form" : "OpenAI takes back no reasoning that led to nothing");
            }

            return;
        }

        writer.WriteStartObject();
        writer.WriteString("type"u8, "reasoning"u8);
        if (whole)
        {
            ResponsesWire.WriteCarried(writer, reasoning.Extra);
        }
        else
        {
            writer.WriteStartArray("summary"u8);
            if (reasoning.Text.Length > 0)
            {
                ResponsesOutput.WriteTextPart(writer, "summary_text"u8, reasoning.Text);
            }

            writer.WriteEndArray();
        }

        if (reasoning.Signature is { } signature)
        {
            writer.WriteString("encrypted_content"u8, signature.Value);
        }

        writer.WriteEndObject();
    }
}
