using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Pipeline;

/// <summary>The endpoint that a request names.</summary>
internal static class ModelName
{
    /// <summary>The name in the path, where the API has it there, otherwise in the body.</summary>
    /// <exception cref="GatewayException">400: there is none.</exception>
    public static string Of(RequestAddress address, JsonBody body) => (address.Model ?? body.GetString("model")) switch
    {
        { Length: > 0 } name => name,
        _ => throw new GatewayException(GatewayError.Invalid("'model' must name an endpoint of this gateway.", "model", "missing_model")),
    };
}
