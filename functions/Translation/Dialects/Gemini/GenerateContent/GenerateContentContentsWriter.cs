using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Gemini.GenerateContent;

/// <summary>
/// Writes the turns of a request for Google: <c>contents</c> and <c>systemInstruction</c>. Neighbours of one role share a content, and a content
/// without parts, which Google refuses, is not written.
/// </summary>
internal sealed class GenerateContentContentsWriter(Utf8JsonWriter writer, ChatRequest request, GeminiModel model, TranslationReport report)
{
    private readonly List<ContentPart> _attached = [];
    private string? _role;
    private bool _hasCall;
    private bool _isEmpty = true;

    /// <summary>Writes both.</summary>
    /// <param name="instruction">One more instruction, or null.</param>
    public void Write(string? instruction)
    {
        int leading = 0;
        while (leading < request.Messages.Count && request.Messages[leading].Role is Role.System or Role.Developer)
        {
            leading++;
        }

        List<ContentPart> instructions = [.. request.Instructions, .. request.Messages.Take(leading).SelectMany(m => m.Parts)];
        if (instruction is not null)
        {
            instructions.Add(new TextPart(instruction));
        }

        instructions.RemoveAll(p => p is TextPart { Text.Length: 0 });
        bool asUser = !model.SystemInstruction || !request.Messages.Skip(leading).Any(HasContent);
        writer.WriteStartArray("contents"u8);
        if (asUser && instructions.Count > 0)
        {
            report.Change("system", model.SystemInstruction ? "a user turn: the request holds nothing else" : "a user turn: this model takes no system instruction");
            Open("user");
            instructions.ForEach(WritePart);
        }

        if (_isEmpty && request.Messages.Skip(leading).FirstOrDefault(HasContent) is { Role: Role.Assistant } first && first.Parts.Any(p => p is ToolCallPart))
        {
            // A function call has to follow a turn of the user's.
            Open("user");
            WritePart(new TextPart("…"));
            report.Change("messages", "begins with a user turn, as Gemini wants it");
        }

        for (int i = leading; i < request.Messages.Count; i++)
        {
            WriteMessage(request.Messages[i]);
        }

        Close();
        writer.WriteEndArray();
        if (!asUser && instructions.Count > 0)
        {
            writer.WriteStartObject("systemInstruction"u8);
            writer.WriteStartArray("parts"u8);
            instructions.ForEach(WritePart);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
    }

    private void WriteMessage(Message message)
    {
        if (message.Name is not null && message.Role is Role.User or Role.Assistant)
        {
            report.Drop("messages[].name", "Gemini's turns have no names");
        }

        string role = message.Role == Role.Assistant ? "model" : "user";
        if (message.Role is Role.System or Role.Developer)
        {
            report.Change("messages[].role", "a user turn marked as an instruction: Gemini takes instructions at the start only");
            Open(role);
            WritePart(new TextPart($"<system>\n{string.Join("\n", message.Parts.OfType<TextPart>().Select(p => p.Text))}\n</system>"));
            return;
        }

        foreach (ContentPart part in message.Parts.Where(IsSaid))
        {
            Open(role);
            if (part is not ToolResultPart)
            {
                WriteAttached();
            }

            WritePart(part);
        }

        WriteAttached();
    }

    private void WritePart(ContentPart part)
    {
        if (part is OpaquePart opaque)
        {
            writer.WriteRaw(opaque.Json);
            return;
        }

        if (part is MediaPart { Name: { } name })
        {
            report.Change("messages[].filename", "told in a text before the file: Gemini takes no names of files");
            WritePart(new TextPart($"File: {name}"));
        }

        writer.WriteStartObject();
        switch (part)
        {
            case TextPart text:
                writer.WriteString("text"u8, text.Text);
                WriteSignature(text.Signature);
                if (text.Citations.Count > 0)
                {
                    report.Change("messages[].citations", "sources that were named are not sent again");
                }

                break;
            case ReasoningPart reasoning:
                writer.WriteString("text"u8, reasoning.Text);
                writer.WriteBoolean("thought"u8, true);
                WriteSignature(reasoning.Signature);
                break;
            case RefusalPart refusal:
                writer.WriteString("text"u8, refusal.Text);
                break;
            case MediaPart media:
                ReportDetail(media);
                GenerateContentMedia.Write(writer, media);
                WriteSignature(media.Signature);
                break;
            case ToolCallPart call:
                WriteCall(call);
                break;
            case ToolResultPart result:
                WriteResult(result);
                break;
        }

        if (part is not (ToolCallPart or ToolResultPart))
        {
            writer.WriteExtra(part.Extra, GenerateContentWire.Dialect);
        }

        writer.WriteEndObject();
    }

    private void WriteCall(ToolCallPart call)
    {
        writer.WriteStartObject("functionCall"u8);
        WriteId(call.Id);
        writer.WriteString("name"u8, call.Name);
        if (!GenerateContentWire.WriteArguments(writer, call, call.Arguments))
        {
            report.Change("tool_calls[].arguments", "put into an object: they were none");
        }

        writer.WriteExtra(call.Extra, GenerateContentWire.Dialect);
        writer.WriteEndObject();
        if (call.Signature is { } signature && signature.Origin == GenerateContentWire.Dialect)
        {
            writer.WriteString("thoughtSignature"u8, signature.Value);
        }
        else if (model.SignsCalls && !_hasCall)
        {
            // Only the first of parallel calls is signed. This one was made by another model, or its client lost the signature.
            writer.WriteString("thoughtSignature"u8, GeminiModels.NoSignature);
        }

        _hasCall = true;
    }

    private void WriteResult(ToolResultPart result)
    {
        List<MediaPart> inside = [];
        List<MediaPart> beside = [];
        foreach (MediaPart media in result.Content.OfType<MediaPart>().Where(m => m.Source is not TextSource))
        {
            (model.MediaInFunctionResponses && GenerateContentMedia.FitsFunctionResponse(media) ? inside : beside).Add(media);
        }

        for (int i = 0; i < beside.Count; i++)
        {
            report.Change("tool_results[].content", "media of tool results moved to the user's turn after them");
            _attached.Add(new TextPart(ToolResultMedia.Heading(beside[i], i + 1, result)));
            _attached.Add(beside[i]);
        }

        writer.WriteStartObject("functionResponse"u8);
        WriteId(result.CallId);
        writer.WriteString("name"u8, result.Name ?? "unknown");
        WriteResponse(result, beside);
        if (inside.Count > 0)
        {
            writer.WriteStartArray("parts"u8);
            foreach (MediaPart media in inside)
            {
                writer.WriteStartObject();
                GenerateContentMedia.Write(writer, media, withName: true);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        writer.WriteExtra(result.Extra, GenerateContentWire.Dialect);
        writer.WriteEndObject();
    }

    /// <param name="beside">The media that the response cannot hold; words refer to them, unless it is an object of the tool's own.</param>
    private void WriteResponse(ToolResultPart result, List<MediaPart> beside)
    {
        string text = string.Join("\n", result.Content.Select(TextOf).Where(t => t is not null));
        writer.WritePropertyName("response"u8);
        bool isObject = JsonText.IsStruct(text, refuseRef: true);
        if (!isObject)
        {
            IEnumerable<string> references = beside.Select((media, i) => ToolResultMedia.Reference(media, i + 1));
            text = string.Join("\n", text.Length == 0 ? references : references.Prepend(text));
        }

        if (isObject && !result.IsError)
        {
            writer.WriteRaw(text);
            return;
        }

        writer.WriteStartObject();
        writer.WritePropertyName(result.IsError ? "error"u8 : "output"u8);
        if (isObject)
        {
            writer.WriteRaw(text);
        }
        else
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndObject();
    }

    /// <summary>An id that stands for none is left out again.</summary>
    private void WriteId(string id)
    {
        if (!id.StartsWith(GenerateContentWire.MadeIdPrefix, StringComparison.Ordinal))
        {
            writer.WriteString("id"u8, id);
        }
    }

    private void WriteSignature(Signature? signature)
    {
        if (signature is not null && signature.Origin == GenerateContentWire.Dialect)
        {
            writer.WriteString("thoughtSignature"u8, signature.Value);
        }
    }

    /// <summary>What a function's response cannot hold stands beside it, after all responses of the turn.</summary>
    private void WriteAttached()
    {
        _attached.ForEach(WritePart);
        _attached.Clear();
    }

    private void ReportDetail(MediaPart media)
    {
        if (media.Detail is not null and not "auto")
        {
            report.Drop("messages[].detail", "Gemini looks at all media alike");
        }
    }

    private void Open(string role)
    {
        if (_role == role)
        {
            return;
        }

        Close();
        writer.WriteStartObject();
        writer.WriteString("role"u8, role);
        writer.WriteStartArray("parts"u8);
        _role = role;
        _hasCall = false;
        _isEmpty = false;
    }

    private void Close()
    {
        if (_role is not null)
        {
            writer.WriteEndArray();
            writer.WriteEndObject();
            _role = null;
        }
    }

    private static bool HasContent(Message message) => message.Parts.Any(IsSaid);

    /// <summary>An empty text or thought says nothing, unless it carries a signature.</summary>
    private static bool IsSaid(ContentPart part) => part switch
    {
        TextPart text => text.Text.Length > 0 || text.Signature?.Origin == GenerateContentWire.Dialect,
        ReasoningPart reasoning => reasoning.Text.Length > 0 || reasoning.Signature?.Origin == GenerateContentWire.Dialect,
        RefusalPart refusal => refusal.Text.Length > 0,
        OpaquePart opaque => opaque.Dialect == GenerateContentWire.Dialect,
        _ => true,
    };

    private static string? TextOf(ContentPart part) => part switch
    {
        TextPart text => text.Text,
        RefusalPart refusal => refusal.Text,
        MediaPart { Source: TextSource source } => source.Text,
        OpaquePart opaque => opaque.Json.GetRawText(),
        _ => null,
    };
}
