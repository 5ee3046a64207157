using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.Responses;

/// <summary>
/// One item of an answer's <c>output</c>. A message holds texts and refusals that follow each other; everything else is an item of its own.
/// </summary>
/// <param name="type">Its type on the wire; null for one that is written as it came.</param>
/// <param name="id">Unique among all answers of the gateway, and no longer than OpenAI takes back.</param>
internal sealed class ResponsesItem(string? type, string id)
{
    public const string Message = "message";
    public const string Reasoning = "reasoning";
    public const string FunctionCall = "function_call";
    public const string CustomCall = "custom_tool_call";
    public const string Image = "image_generation_call";

    public const string InProgress = "in_progress";
    public const string Completed = "completed";
    public const string Incomplete = "incomplete";

    /// <summary>Its type on the wire.</summary>
    public string? Type => type;

    /// <summary>Its id.</summary>
    public string Id => id;

    /// <summary>How far it has come.</summary>
    public string Status { get; set; } = InProgress;

    /// <summary>What it holds: one part, in a message any number.</summary>
    public List<ContentPart> Parts { get; } = [];

    /// <summary>The type of the item that a part goes into and the prefix of its id; nothing when it cannot be said here.</summary>
    public static (string? Type, string Prefix)? KindOf(ContentPart part) => part switch
    {
        TextPart or RefusalPart => (Message, "msg"),
        ReasoningPart => (Reasoning, "rs"),
        ToolCallPart { Kind: ToolKind.Custom } => (CustomCall, "ctc"),
        ToolCallPart => (FunctionCall, "fc"),
        MediaPart { Kind: MediaKind.Image } => (Image, "ig"),
        OpaquePart opaque when opaque.Dialect == DialectIds.Responses => (null, "item"),
        _ => null,
    };

    /// <summary>The part as this API says it: of a sound that was made there is only what is said in it.</summary>
    public static ContentPart Sayable(ContentPart part) => part is MediaPart { Kind: MediaKind.Audio, Transcript: { } transcript } ? new TextPart(transcript) : part;

    /// <summary>The id of a call as the client is given it; it carries a seal for which this API has no place.</summary>
    public static string CallIdOf(ToolCallPart call) => ToolCallIdCarrier.Wrap(call.Id, call.Signature);

    /// <summary>Writes the item with all that it holds so far.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        if (type is null)
        {
            writer.WriteRaw(((OpaquePart)Parts[0]).Json);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("id"u8, id);
        writer.WriteString("type"u8, type);
        if (type != Reasoning)
        {
            writer.WriteString("status"u8, Status);
        }

        switch (type)
        {
            case Message:
                writer.WriteString("role"u8, "assistant"u8);
                writer.WriteStartArray("content"u8);
                foreach (ContentPart part in Parts)
                {
                    WriteContent(writer, part);
                }

                writer.WriteEndArray();
                break;
            case Reasoning:
                WriteReasoning(writer, Parts.Count > 0 ? (ReasoningPart)Parts[0] : null);
                break;
            case Image:
                WriteImage(writer, (MediaPart)Parts[0]);
                break;
            default:
                WriteCall(writer, (ToolCallPart)Parts[0]);
                break;
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes a part of a message.</summary>
    public static void WriteContent(Utf8JsonWriter writer, ContentPart part)
    {
        writer.WriteStartObject();
        if (part is RefusalPart refusal)
        {
            writer.WriteString("type"u8, "refusal"u8);
            writer.WriteString("refusal"u8, refusal.Text);
        }
        else if (part is TextPart text)
        {
            writer.WriteString("type"u8, "output_text"u8);
            writer.WritePropertyName("annotations"u8);
            ResponsesOutput.WriteCitations(writer, text);
            writer.WritePropertyName("logprobs"u8);
            OpenAILogProbs.Write(writer, text.LogProbs);
            writer.WriteString("text"u8, text.Text);
        }

        writer.WriteEndObject();
    }

    /// <summary>
    /// True when reasoning is shown to have a summary. One that is empty tells thinking whose text was held back from thinking that its
    /// maker has encrypted (Anthropic <c>redacted_thinking</c>): both are sealed, and are not sent back in the same form.
    /// </summary>
    public static bool HasSummary(ReasoningPart reasoning) => reasoning.Text.Length > 0
        || (!reasoning.Redacted && reasoning.Signature is { } signature && signature.Origin != DialectIds.Responses);

    private static void WriteReasoning(Utf8JsonWriter writer, ReasoningPart? reasoning)
    {
        writer.WriteStartArray("summary"u8);
        if (reasoning is not null && HasSummary(reasoning))
        {
            ResponsesOutput.WriteTextPart(writer, "summary_text"u8, reasoning.Text);
        }

        writer.WriteEndArray();
        if (reasoning?.Signature is { } signature)
        {
            writer.WriteString("encrypted_content"u8, SignatureCarrier.Wrap(signature, DialectIds.Responses));
        }
        else if (reasoning is { Text.Length: > 0 })
        {
            writer.WriteString("encrypted_content"u8, reasoning.IsSummary ? ResponsesWire.UnsealedSummary : ResponsesWire.Unsealed);
        }
    }

    private static void WriteImage(Utf8JsonWriter writer, MediaPart image)
    {
        if (image.Source is not Base64Source bytes)
        {
            writer.WriteNull("result"u8);
            return;
        }

        writer.WriteString("output_format"u8, bytes.MediaType[(bytes.MediaType.IndexOf('/') + 1)..]);
        writer.WriteString("result"u8, bytes.Base64.Span);
    }

    private static void WriteCall(Utf8JsonWriter writer, ToolCallPart call)
    {
        writer.WriteString(call.Kind == ToolKind.Custom ? "input"u8 : "arguments"u8, call.Arguments);
        writer.WriteString("call_id"u8, CallIdOf(call));
        writer.WriteString("name"u8, call.Name);
        if (call.Namespace is not null)
        {
            writer.WriteString("namespace"u8, call.Namespace);
        }
    }
}
