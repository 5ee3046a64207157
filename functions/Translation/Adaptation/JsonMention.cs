using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// OpenAI refuses to answer with a JSON object unless the word stands in the conversation; elsewhere the parameter is enough.
/// Source: https://platform.openai.com/docs/guides/structured-outputs ("JSON mode").
/// </summary>
internal static class JsonMention
{
    private const string Mention = "Answer with a JSON object.";

    /// <summary>The request with an instruction that says the word, where the target wants it and nobody did.</summary>
    public static ChatRequest Add(ChatRequest request, DialectTraits traits, TranslationReport report)
    {
        // Top-level instructions do not count at the Responses API.
        if (!traits.WantsJsonMentioned || request.ResponseFormat is not { Kind: ResponseFormatKind.JsonObject } || request.Messages.Any(m => m.Parts.Any(Mentions)))
        {
            return request;
        }

        report.Change("response_format", "an instruction mentions JSON, since the provider wants the word in the conversation");
        return request with { Messages = [new Message(Role.System, [new TextPart(Mention)]), .. request.Messages] };
    }

    private static bool Mentions(ContentPart part) => part switch
    {
        TextPart text => text.Text.Contains("json", StringComparison.OrdinalIgnoreCase),
        ToolResultPart result => result.Content.Any(Mentions),
        _ => false,
    };
}
