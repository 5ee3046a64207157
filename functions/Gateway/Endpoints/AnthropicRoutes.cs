using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Serverless.Gateway.Pipeline;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Endpoints;

/// <summary>Anthropic's API (https://docs.claude.com/en/api/overview).</summary>
internal static class AnthropicRoutes
{
    public static void Map(IEndpointRouteBuilder endpoints, string root)
    {
        IServiceProvider services = endpoints.ServiceProvider;
        ChatGateway chat = services.GetRequiredService<ChatGateway>();
        TokenCountGateway counts = services.GetRequiredService<TokenCountGateway>();
        ModelLists models = new ModelLists(services.GetRequiredService<ExchangeServices>());
        var messages = new ChatRoute(DialectCatalog.ChatDialect(DialectIds.Messages), "anthropic/v1/messages");
        var countTokens = messages with { ApiType = "anthropic/v1/messages/count_tokens" };

        var family = new RouteFamily(endpoints, messages.Dialect);
        string path = $"{root}/anthropic/v1";
        family.Post($"{path}/messages", http => chat.HandleAsync(http, messages));
        family.Post($"{path}/messages/count_tokens", http => counts.HandleAsync(http, countTokens));
        family.Get($"{path}/models", http => models.ListAsync(http, AnthropicModelList.Shape));
        family.Get($"{path}/models/{{**name}}", http => models.FindAsync(http, AnthropicModelList.Shape));
        family.NothingElse($"{root}/anthropic");
    }
}
