using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects.Anthropic.Messages;
using Serverless.Translation.Dialects.Gemini.EmbedContent;
using Serverless.Translation.Dialects.Gemini.GenerateContent;
using Serverless.Translation.Dialects.OpenAI.ChatCompletions;
using Serverless.Translation.Dialects.OpenAI.Embeddings;
using Serverless.Translation.Dialects.OpenAI.Responses;

namespace Serverless.Translation.Dialects;

/// <summary>All wire formats that this library speaks: the place to add one.</summary>
public static class DialectCatalog
{
    /// <summary>The formats for chat.</summary>
    public static IReadOnlyList<IChatDialect> Chat { get; } =
    [
        new MessagesDialect(),
        new ChatCompletionsDialect(),
        new ResponsesDialect(),
        new GenerateContentDialect(),
    ];

    /// <summary>The formats for embeddings.</summary>
    public static IReadOnlyList<IEmbeddingDialect> Embeddings { get; } =
    [
        new EmbeddingsDialect(),
        new EmbedContentDialect(),
    ];

    /// <summary>The chat format of that name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public static IChatDialect ChatDialect(DialectId id) =>
        Chat.FirstOrDefault(d => d.Id == id) ?? throw new KeyNotFoundException($"There is no chat dialect '{id}'.");

    /// <summary>The embeddings format of that name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public static IEmbeddingDialect EmbeddingDialect(DialectId id) =>
        Embeddings.FirstOrDefault(d => d.Id == id) ?? throw new KeyNotFoundException($"There is no embeddings dialect '{id}'.");
}
