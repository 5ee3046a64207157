using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Serverless.Gateway.Pipeline;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Endpoints;

/// <summary>The unified API: OpenAI's shapes for the models of any provider.</summary>
internal static class MlflowRoutes
{
    public static void Map(IEndpointRouteBuilder endpoints, string root)
    {
        IServiceProvider services = endpoints.ServiceProvider;
        ChatGateway chat = services.GetRequiredService<ChatGateway>();
        EmbeddingGateway embeddings = services.GetRequiredService<EmbeddingGateway>();
        ModelLists models = new ModelLists(services.GetRequiredService<ExchangeServices>());
        var completions = new ChatRoute(DialectCatalog.ChatDialect(DialectIds.ChatCompletions), "mlflow/v1/chat/completions");
        var responses = new ChatRoute(DialectCatalog.ChatDialect(DialectIds.Responses), "mlflow/v1/responses");
        var vectors = new EmbeddingRoute(DialectCatalog.EmbeddingDialect(DialectIds.Embeddings), "mlflow/v1/embeddings");

        var family = new RouteFamily(endpoints, completions.Dialect);
        string path = $"{root}/mlflow/v1";
        family.Post($"{path}/chat/completions", http => chat.HandleAsync(http, completions));
        family.Post($"{path}/responses", http => chat.HandleAsync(http, responses));
        family.Post($"{path}/embeddings", http => embeddings.HandleAsync(http, vectors));
        family.Get($"{path}/models", http => models.ListAsync(http, OpenAIModelList.Shape));
        family.Get($"{path}/models/{{**name}}", http => models.FindAsync(http, OpenAIModelList.Shape));
        family.NothingElse($"{root}/mlflow");
    }
}
