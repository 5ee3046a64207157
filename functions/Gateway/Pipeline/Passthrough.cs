using System.Text.Json;
using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Pipeline;

/// <summary>Listens to an answer that goes to the client byte for byte.</summary>
internal static class Passthrough
{
    /// <summary>Where the vectors stand: megabytes of numbers that nobody here wants to read.</summary>
    private static readonly JsonReplacement[] Vectors =
    [
        new("data", "[]"u8.ToArray()),
        new("embeddings", "[]"u8.ToArray()),
        new("embedding", "{\"values\":[]}"u8.ToArray()),
    ];

    /// <summary>
    /// The answer for the meter; null when it cannot be read, which is the client's to judge. But a refusal in the clothes of an answer
    /// (status 200 with an <c>error</c>) is a refusal.
    /// </summary>
    public static ChatResponse? Listen(IChatDialect dialect, JsonDocument document, UpstreamAnswer answer)
    {
        try
        {
            return dialect.DecodeResponse(document.RootElement);
        }
        catch (GatewayException e) when (TellsError(document.RootElement))
        {
            throw new UpstreamFailure(Fallback.ForCaller(e.Error), (int)answer.Status, e);
        }
        catch (Exception e) when (e is GatewayException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The numbers of an answer with embeddings, without its vectors; null when it cannot be read.</summary>
    public static EmbeddingResponse? Listen(IEmbeddingDialect dialect, PooledBuffer answer)
    {
        try
        {
            JsonBody body = JsonBody.Check(answer.Written);
            using var light = new PooledBuffer();
            body.Splice(light, [.. Vectors.Where(v => !body.RawValue(v.Name).IsEmpty)]);
            using JsonDocument document = Json.Parse(light.Written);
            return dialect.DecodeResponse(document.RootElement);
        }
        catch (Exception e) when (e is GatewayException or JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            return null;
        }
    }

    private static bool TellsError(JsonElement root) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty("error", out JsonElement error) && error.ValueKind is JsonValueKind.Object or JsonValueKind.String;
}
