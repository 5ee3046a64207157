using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Serverless.Gateway.Pipeline;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Endpoints;

/// <summary>
/// Gemini's API (https://ai.google.dev/api). The endpoint's name and the action stand in the path, <c>models/{name}:{action}</c>; since names may
/// hold slashes and colons, the last colon divides them.
/// </summary>
internal sealed class GeminiRoutes
{
    private readonly ChatGateway _chat;
    private readonly TokenCountGateway _counts;
    private readonly EmbeddingGateway _embeddings;
    private readonly RouteFamily _family;
    private readonly ChatRoute _generate;
    private readonly EmbeddingRoute _embed;

    private GeminiRoutes(IServiceProvider services, RouteFamily family, IChatDialect dialect)
    {
        _chat = services.GetRequiredService<ChatGateway>();
        _counts = services.GetRequiredService<TokenCountGateway>();
        _embeddings = services.GetRequiredService<EmbeddingGateway>();
        _family = family;
        _generate = new ChatRoute(dialect, "gemini/v1/generateContent");
        _embed = new EmbeddingRoute(DialectCatalog.EmbeddingDialect(DialectIds.EmbedContent), "gemini/v1/embedContent");
    }

    public static void Map(IEndpointRouteBuilder endpoints, string root)
    {
        IServiceProvider services = endpoints.ServiceProvider;
        ModelLists models = new ModelLists(services.GetRequiredService<ExchangeServices>());
        IChatDialect dialect = DialectCatalog.ChatDialect(DialectIds.GenerateContent);
        var family = new RouteFamily(endpoints, dialect);
        var routes = new GeminiRoutes(services, family, dialect);
        foreach (string version in (ReadOnlySpan<string>)["v1beta", "v1"])
        {
            string path = $"{root}/gemini/{version}/models";
            family.Get(path, http => models.ListAsync(http, GeminiModelList.Shape));
            family.GetAndPost($"{path}/{{**name}}", http => models.FindAsync(http, GeminiModelList.Shape), routes.ActAsync);
        }

        family.NothingElse($"{root}/gemini");
    }

    private Task ActAsync(HttpContext http)
    {
        string named = PathName.Read(http);
        int colon = named.LastIndexOf(':');
        if (colon <= 0)
        {
            return _family.NotFound(http);
        }

        string name = named[..colon];
        return named[(colon + 1)..] switch
        {
            "generateContent" => _chat.HandleAsync(http, _generate with { Address = new RequestAddress(name) }),
            "streamGenerateContent" => _chat.HandleAsync(http, _generate with
            {
                Address = new RequestAddress(name, Stream: true),
                JsonArray = !string.Equals(http.Request.Query["alt"], "sse", StringComparison.OrdinalIgnoreCase),
            }),
            "countTokens" => _counts.HandleAsync(http, _generate with { Address = new RequestAddress(name), ApiType = "gemini/v1/countTokens" }),
            "embedContent" => _embeddings.HandleAsync(http, _embed with { Address = new RequestAddress(name) }),
            "batchEmbedContents" => _embeddings.HandleAsync(http, _embed with { Address = new RequestAddress(name, Batch: true) }),
            _ => _family.NotFound(http),
        };
    }
}
