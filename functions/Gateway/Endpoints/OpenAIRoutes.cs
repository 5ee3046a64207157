using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Serverless.Gateway.Pipeline;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Endpoints;

/// <summary>
/// OpenAI's API (https://platform.openai.com/docs/api-reference), also under the prefixes that agents are pointed at: Codex and Cursor have their
/// own, and <c>/v1</c> is the short one.
/// </summary>
internal static class OpenAIRoutes
{
    public static void Map(IEndpointRouteBuilder endpoints, string root)
    {
        MapFamily(endpoints, $"{root}/openai", $"{root}/openai/v1");
        MapFamily(endpoints, $"{root}/codex", $"{root}/codex/v1");
        MapFamily(endpoints, $"{root}/cursor", $"{root}/cursor/v1");
        MapFamily(endpoints, $"{root}/v1", $"{root}/v1");
    }

    private static void MapFamily(IEndpointRouteBuilder endpoints, string home, string path)
    {
        IServiceProvider services = endpoints.ServiceProvider;
        ChatGateway chat = services.GetRequiredService<ChatGateway>();
        TokenCountGateway counts = services.GetRequiredService<TokenCountGateway>();
        EmbeddingGateway embeddings = services.GetRequiredService<EmbeddingGateway>();
        ModelLists models = new ModelLists(services.GetRequiredService<ExchangeServices>());
        var completions = new ChatRoute(DialectCatalog.ChatDialect(DialectIds.ChatCompletions), "openai/v1/chat/completions");
        var responses = new ChatRoute(DialectCatalog.ChatDialect(DialectIds.Responses), "openai/v1/responses");
        var inputTokens = responses with { ApiType = "openai/v1/responses/input_tokens" };
        var vectors = new EmbeddingRoute(DialectCatalog.EmbeddingDialect(DialectIds.Embeddings), "openai/v1/embeddings");

        var family = new RouteFamily(endpoints, completions.Dialect);
        family.Post($"{path}/chat/completions", http => chat.HandleAsync(http, completions));
        family.Post($"{path}/responses", http => chat.HandleAsync(http, responses));
        family.Post($"{path}/responses/input_tokens", http => counts.HandleAsync(http, inputTokens));
        family.Post($"{path}/embeddings", http => embeddings.HandleAsync(http, vectors));
        family.Get($"{path}/models", http => models.ListAsync(http, OpenAIModelList.Shape));
        family.Get($"{path}/models/{{**name}}", http => models.FindAsync(http, OpenAIModelList.Shape));
        family.NothingElse(home);
    }
}
