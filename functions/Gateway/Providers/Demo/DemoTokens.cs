using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Providers.Demo;

/// <summary>How the demo model counts: four characters are a token.</summary>
internal static class DemoTokens
{
    private const int PerMedia = 256;

    /// <summary>Tokens of a text.</summary>
    public static long Of(string text) => (text.Length + 3) / 4;

    /// <summary>Tokens of a prompt.</summary>
    public static long Of(ChatRequest request) =>
        Of(request.Instructions)
        + request.Messages.Sum(message => Of(message.Parts))
        + request.Tools.Sum(Of);

    /// <summary>Tokens of what is said.</summary>
    public static long Of(IEnumerable<ContentPart> parts) => parts.Sum(part => part switch
    {
        TextPart text => Of(text.Text),
        ReasoningPart reasoning => Of(reasoning.Text),
        RefusalPart refusal => Of(refusal.Text),
        ToolCallPart call => Of(call.Name) + Of(call.Arguments),
        ToolResultPart result => Of(result.Content),
        MediaPart => PerMedia,
        _ => 0,
    });

    private static long Of(ToolDefinition tool) => tool switch
    {
        FunctionTool function => Of(function.Name) + Of(function.Description ?? "") + Of(function.Parameters?.GetRawText() ?? ""),
        CustomTool custom => Of(custom.Name) + Of(custom.Description ?? ""),
        _ => 0,
    };
}
