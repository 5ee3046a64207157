using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Endpoints;

/// <summary>Anthropic's list of models (https://docs.claude.com/en/api/models-list), in pages before or after an id.</summary>
internal static class AnthropicModelList
{
    private const int DefaultLimit = 20;
    private const int MaxLimit = 1000;

    public static readonly ModelListShape Shape = new(DialectIds.Messages, Page, WriteList, WriteModel);

    private static ModelPage Page(IReadOnlyList<GatewayEndpoint> all, IQueryCollection query)
    {
        int limit = DefaultLimit;
        if (query["limit"].ToString() is { Length: > 0 } text
            && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > MaxLimit))
        {
            throw new GatewayException(GatewayError.Invalid($"'limit' must be between 1 and {MaxLimit}.", "limit"));
        }

        if (query["before_id"].ToString() is { Length: > 0 } before)
        {
            int end = Index(all, before, "before_id");
            int start = Math.Max(0, end - limit);
            return new ModelPage([.. all.Skip(start).Take(end - start)], HasMore: start > 0);
        }

        int from = query["after_id"].ToString() is { Length: > 0 } after ? Index(all, after, "after_id") + 1 : 0;
        return new ModelPage([.. all.Skip(from).Take(limit)], HasMore: from + limit < all.Count);
    }

    private static int Index(IReadOnlyList<GatewayEndpoint> all, string name, string param)
    {
        for (int i = 0; i < all.Count; i++)
        {
            if (all[i].Name == name)
            {
                return i;
            }
        }

        throw new GatewayException(GatewayError.Invalid($"'{param}' names no model of the list.", param));
    }

    private static void WriteList(Utf8JsonWriter json, ModelPage page, IQueryCollection query)
    {
        json.WriteStartObject();
        json.WriteStartArray("data");
        foreach (GatewayEndpoint endpoint in page.Models)
        {
            WriteModel(json, endpoint);
        }

        json.WriteEndArray();
        json.WriteBoolean("has_more", page.HasMore);
        json.WriteString("first_id", page.Models.Count == 0 ? null : page.Models[0].Name);
        json.WriteString("last_id", page.Models.Count == 0 ? null : page.Models[^1].Name);
        json.WriteEndObject();
    }

    private static void WriteModel(Utf8JsonWriter json, GatewayEndpoint endpoint)
    {
        json.WriteStartObject();
        json.WriteString("type", "model");
        json.WriteString("id", endpoint.Name);
        json.WriteString("display_name", endpoint.DisplayName ?? endpoint.Name);
        json.WriteString("created_at", endpoint.Created.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        json.WriteEndObject();
    }
}
