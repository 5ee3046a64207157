using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// Estimates tokens where no provider counts them: for the dialects that name the input before the answer begins, for counts at targets
/// without a counter, and for records of streams that broke off. A token is taken as four bytes of UTF-8, which suits English and code;
/// a Chinese character is then three quarters of a token. A few tokens are added for what frames each turn and tool.
/// </summary>
/// <remarks>
/// Media, from the vendors' own rules: an image of 1024 × 1024 is 765 tokens at OpenAI
/// (https://platform.openai.com/docs/guides/images-vision, 85 when looked at closely is not asked for) and about 1,400 at Anthropic
/// (https://docs.claude.com/en/docs/build-with-claude/vision); a PDF page 1,500 to 3,000 at Anthropic
/// (https://docs.claude.com/en/docs/build-with-claude/pdf-support), taken as 100 KB; a second of sound 32 and of video about 300 at Gemini
/// (https://ai.google.dev/gemini-api/docs/tokens), taken as 16 KB and 250 KB.
/// </remarks>
public static class TokenEstimator
{
    private const int BytesPerToken = 4;
    private const int PerTurn = 4;
    private const int PerTool = 8;
    private const int Image = 765;
    private const int ImageAtLowDetail = 85;
    private const int DocumentPage = 2000;
    private const int BytesPerPage = 100_000;
    private const int BytesPerTokenOfSound = 16_000 / 32;
    private const int BytesPerTokenOfVideo = 250_000 / 300;
    private const int BytesOfUnseenMedia = 1_000_000;

    /// <summary>The input tokens of a request, at least 1.</summary>
    public static long Input(ChatRequest request)
    {
        long tokens = Parts(request.Instructions);
        foreach (Message message in request.Messages)
        {
            tokens += PerTurn + Parts(message.Parts);
        }

        foreach (ToolDefinition tool in request.Tools)
        {
            tokens += PerTool + Tool(tool);
        }

        return Math.Max(1, tokens + Raw(request.ResponseFormat?.Schema));
    }

    /// <summary>The output tokens of an answer.</summary>
    public static long Output(ChatResponse response) => response.Choices.Sum(choice => Parts(choice.Parts));

    /// <summary>The tokens of a text.</summary>
    public static long Text(string? text) => string.IsNullOrEmpty(text) ? 0 : OfBytes(Encoding.UTF8.GetByteCount(text));

    private static long OfBytes(long bytes) => (bytes + BytesPerToken - 1) / BytesPerToken;

    private static long Parts(IReadOnlyList<ContentPart> parts)
    {
        long tokens = 0;
        foreach (ContentPart part in parts)
        {
            tokens += Part(part);
        }

        return tokens;
    }

    private static long Part(ContentPart part) => part switch
    {
        TextPart text => Text(text.Text),
        ReasoningPart { Text.Length: 0 } sealedPart => Text(sealedPart.Signature?.Value),
        ReasoningPart reasoning => Text(reasoning.Text),
        RefusalPart refusal => Text(refusal.Text),
        ToolCallPart call => PerTurn + Text(call.Name) + Text(call.Arguments),
        ToolResultPart result => PerTurn + Parts(result.Content),
        MediaPart media => Media(media),
        OpaquePart opaque => Raw(opaque.Json),
        _ => 0,
    };

    private static long Media(MediaPart media)
    {
        long bytes = media.Source is Base64Source source ? source.Base64.Length * 3L / 4 : BytesOfUnseenMedia;
        return media switch
        {
            { Source: TextSource text } => Text(text.Text),
            { Kind: MediaKind.Image, Detail: "low" } => ImageAtLowDetail,
            { Kind: MediaKind.Image } => Image,
            { Kind: MediaKind.Document } => DocumentPage * Math.Max(1, bytes / BytesPerPage),
            { Kind: MediaKind.Audio } => bytes / BytesPerTokenOfSound,
            _ => bytes / BytesPerTokenOfVideo,
        };
    }

    private static long Tool(ToolDefinition tool) => tool switch
    {
        FunctionTool function => Text(function.Name) + Text(function.Description) + Text(function.NamespaceDescription) + Raw(function.Parameters),
        CustomTool custom => Text(custom.Name) + Text(custom.Description) + Raw(custom.Format),
        ServerTool server => Raw(server.Json),
        _ => 0,
    };

    private static long Raw(JsonElement? json) =>
        json is { ValueKind: not JsonValueKind.Undefined } element ? OfBytes(JsonMarshal.GetRawUtf8Value(element).Length) : 0;
}
