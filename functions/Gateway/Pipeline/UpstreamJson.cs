using System.Text.Json;
using Serverless.Gateway.Routing;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Pipeline;

/// <summary>Reads a provider's JSON; what cannot be read is the provider's failure.</summary>
internal static class UpstreamJson
{
    /// <summary>Parses an answer.</summary>
    /// <exception cref="UpstreamFailure">It is not JSON.</exception>
    public static JsonDocument Parse(PooledBuffer bytes, UpstreamAnswer answer)
    {
        try
        {
            return Json.Parse(bytes.Written);
        }
        catch (JsonException e)
        {
            throw new UpstreamFailure(GatewayError.Upstream("The provider's answer is not JSON.", "upstream_not_json"), (int)answer.Status, e);
        }
    }

    /// <summary>Decodes an answer.</summary>
    /// <exception cref="UpstreamFailure">It is not an answer of the dialect, or a refusal in the clothes of one.</exception>
    public static T Decode<T>(Func<JsonElement, T> decode, JsonDocument document, UpstreamAnswer answer)
    {
        try
        {
            return decode(document.RootElement);
        }
        catch (GatewayException e)
        {
            throw new UpstreamFailure(Fallback.ForCaller(e.Error), (int)answer.Status, e);
        }
    }
}
