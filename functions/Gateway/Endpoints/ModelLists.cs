using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Serverless.Gateway.Access;
using Serverless.Gateway.Pipeline;
using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Endpoints;

/// <summary>How a family writes models.</summary>
/// <param name="Dialect">Shapes the errors.</param>
/// <param name="Page">Picks what of the list is asked for, by the query.</param>
/// <param name="WriteList">Writes a page.</param>
/// <param name="WriteModel">Writes a single model.</param>
internal sealed record ModelListShape(
    DialectId Dialect,
    Func<IReadOnlyList<GatewayEndpoint>, IQueryCollection, ModelPage> Page,
    Action<Utf8JsonWriter, ModelPage, IQueryCollection> WriteList,
    Action<Utf8JsonWriter, GatewayEndpoint> WriteModel);

/// <summary>A page of a list.</summary>
/// <param name="Models">What stands on it.</param>
/// <param name="HasMore">True when there is more behind it.</param>
internal sealed record ModelPage(IReadOnlyList<GatewayEndpoint> Models, bool HasMore);

/// <summary>Lists the endpoints that a caller may use as its family's models. Lists leave no usage record: no model has worked for them.</summary>
internal sealed class ModelLists(ExchangeServices services)
{
    /// <summary>The list.</summary>
    public Task ListAsync(HttpContext http, ModelListShape shape) => AnswerAsync(http, shape, async (principal, json) =>
    {
        IReadOnlyList<GatewayEndpoint> all = await services.Endpoints.ListAsync(http.RequestAborted);
        ModelPage page = shape.Page([.. all.Where(e => services.Access.MayUse(principal, e))], http.Request.Query);
        shape.WriteList(json, page, http.Request.Query);
    });

    /// <summary>One of them, by the name in the path. What a caller may not use does not exist for it.</summary>
    public Task FindAsync(HttpContext http, ModelListShape shape) => AnswerAsync(http, shape, (principal, json) =>
    {
        string name = PathName.Read(http);
        if (services.Endpoints.Find(name) is not { } endpoint || !services.Access.MayUse(principal, endpoint))
        {
            throw new GatewayException(new GatewayError(ErrorKind.NotFound, StatusCodes.Status404NotFound, $"The model '{name}' does not exist.")
            {
                Param = "model",
                Code = "model_not_found",
            });
        }

        shape.WriteModel(json, endpoint);
        return Task.CompletedTask;
    });

    private async Task AnswerAsync(HttpContext http, ModelListShape shape, Func<Principal, Utf8JsonWriter, Task> write)
    {
        using var exchange = new Exchange(services, http, DialectCatalog.ChatDialect(shape.Dialect), "models");
        try
        {
            Principal principal = await services.Access.AuthenticateAsync(Credentials.Read(http.Request), http.RequestAborted);
            using var body = new PooledBuffer();
            await using (var json = new Utf8JsonWriter(body, Json.WriterOptions))
            {
                await write(principal, json);
            }

            await exchange.AnswerAsync(body);
        }
        catch (Exception e)
        {
            await exchange.FailAsync(e);
        }
    }
}
