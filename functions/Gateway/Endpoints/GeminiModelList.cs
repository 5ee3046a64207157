using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Endpoints;

/// <summary>Gemini's list of models (https://ai.google.dev/api/models), in pages by a token.</summary>
internal static class GeminiModelList
{
    private const int DefaultSize = 50;
    private const int MaxSize = 1000;

    private static readonly string[] Chat = ["generateContent", "streamGenerateContent", "countTokens"];
    private static readonly string[] Embeddings = ["embedContent", "batchEmbedContents"];

    public static readonly ModelListShape Shape = new(DialectIds.GenerateContent, Page, WriteList, WriteModel);

    private static ModelPage Page(IReadOnlyList<GatewayEndpoint> all, IQueryCollection query)
    {
        int size = DefaultSize;
        if (query["pageSize"].ToString() is { Length: > 0 } text
            && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out size) || size < 1))
        {
            throw new GatewayException(GatewayError.Invalid("'pageSize' must be a positive number.", "pageSize"));
        }

        size = Math.Min(size, MaxSize);
        int from = query["pageToken"].ToString() is { Length: > 0 } token ? After(all, token) : 0;
        return new ModelPage([.. all.Skip(from).Take(size)], HasMore: from + size < all.Count);
    }

    private static int After(IReadOnlyList<GatewayEndpoint> all, string token)
    {
        if (Base64Url.IsValid(token))
        {
            string name = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token));
            for (int i = 0; i < all.Count; i++)
            {
                if (all[i].Name == name)
                {
                    return i + 1;
                }
            }
        }

        throw new GatewayException(GatewayError.Invalid("'pageToken' is not one of this list.", "pageToken"));
    }

    private static void WriteList(Utf8JsonWriter json, ModelPage page, IQueryCollection query)
    {
        json.WriteStartObject();
        json.WriteStartArray("models");
        foreach (GatewayEndpoint endpoint in page.Models)
        {
            WriteModel(json, endpoint);
        }

        json.WriteEndArray();
        if (page.HasMore)
        {
            json.WriteString("nextPageToken", Base64Url.EncodeToString(Encoding.UTF8.GetBytes(page.Models[^1].Name)));
        }

        json.WriteEndObject();
    }

    private static void WriteModel(Utf8JsonWriter json, GatewayEndpoint endpoint)
    {
        json.WriteStartObject();
        json.WriteString("name", $"models/{endpoint.Name}");
        json.WriteString("version", "1");
        json.WriteString("displayName", endpoint.DisplayName ?? endpoint.Name);
        json.WriteStartArray("supportedGenerationMethods");
        foreach (string method in Methods(endpoint.Task))
        {
            json.WriteStringValue(method);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static IEnumerable<string> Methods(EndpointTask? task) => task switch
    {
        EndpointTask.Chat => Chat,
        EndpointTask.Embeddings => Embeddings,
        _ => Chat.Concat(Embeddings),
    };
}
