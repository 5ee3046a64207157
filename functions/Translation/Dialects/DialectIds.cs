using Serverless.Translation.Canonical;

namespace Serverless.Translation.Dialects;

/// <summary>The names of the wire formats that this library speaks.</summary>
public static class DialectIds
{
    /// <summary>OpenAI Chat Completions, https://platform.openai.com/docs/api-reference/chat.</summary>
    public static readonly DialectId ChatCompletions = new("openai.chat-completions");

    /// <summary>OpenAI Responses, https://platform.openai.com/docs/api-reference/responses.</summary>
    public static readonly DialectId Responses = new("openai.responses");

    /// <summary>Anthropic Messages, https://docs.claude.com/en/api/messages.</summary>
    public static readonly DialectId Messages = new("anthropic.messages");

    /// <summary>Gemini generateContent, https://ai.google.dev/api/generate-content.</summary>
    public static readonly DialectId GenerateContent = new("gemini.generate-content");

    /// <summary>OpenAI Embeddings, https://platform.openai.com/docs/api-reference/embeddings.</summary>
    public static readonly DialectId Embeddings = new("openai.embeddings");

    /// <summary>Gemini embedContent and batchEmbedContents, https://ai.google.dev/api/embeddings.</summary>
    public static readonly DialectId EmbedContent = new("gemini.embed-content");
}
