using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Serverless.Gateway.Routing;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Endpoints;

/// <summary>OpenAI's list of models (https://platform.openai.com/docs/api-reference/models): always the whole.</summary>
internal static class OpenAIModelList
{
    public static readonly ModelListShape Shape = new(DialectIds.ChatCompletions, static (all, _) => new ModelPage(all, HasMore: false), WriteList, WriteModel);

    private static void WriteList(Utf8JsonWriter json, ModelPage page, IQueryCollection query)
    {
        json.WriteStartObject();
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        foreach (GatewayEndpoint endpoint in page.Models)
        {
            WriteModel(json, endpoint);
        }

        json.WriteEndArray();
        if (query.ContainsKey("client_version"))
        {
            // Codex asks for a catalogue of its own shape; an empty one leaves it with what it knows.
            json.WriteStartArray("models");
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteModel(Utf8JsonWriter json, GatewayEndpoint endpoint)
    {
        json.WriteStartObject();
        json.WriteString("id", endpoint.Name);
        json.WriteString("object", "model");
        json.WriteNumber("created", Math.Max(0, endpoint.Created.ToUnixTimeSeconds()));
        json.WriteString("owned_by", endpoint.Destinations[0].Provider.Kind);
        json.WriteEndObject();
    }
}
