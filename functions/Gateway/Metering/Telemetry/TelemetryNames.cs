using System.Collections.Frozen;

namespace Serverless.Gateway.Metering.Telemetry;

/// <summary>Names of attributes that stand in more than one place, and the well-known names of providers.</summary>
internal static class TelemetryNames
{
    public const string Operation = "gen_ai.operation.name";
    public const string Provider = "gen_ai.provider.name";
    public const string RequestModel = "gen_ai.request.model";
    public const string ResponseModel = "gen_ai.response.model";
    public const string TokenType = "gen_ai.token.type";
    public const string ErrorType = "error.type";
    public const string ServerAddress = "server.address";
    public const string ServerPort = "server.port";

    /// <summary>The operation of asking a model for an answer.</summary>
    public const string Chat = "chat";

    /// <summary>The operation of asking for embeddings.</summary>
    public const string Embeddings = "embeddings";

    /// <summary>The gateway's id of the request: the key of its usage record.</summary>
    public const string RequestId = "gateway.request.id";

    /// <summary>The endpoint that the client named.</summary>
    public const string Endpoint = "gateway.endpoint";

    /// <summary>The destination within the endpoint.</summary>
    public const string Destination = "gateway.destination";

    /// <summary>Kinds of providers that the conventions call by another name.</summary>
    private static readonly FrozenDictionary<string, string> Providers = new Dictionary<string, string>
    {
        ["azure-openai"] = "azure.ai.openai",
        ["gemini"] = "gcp.gemini",
        ["mistral"] = "mistral_ai",
        ["moonshot"] = "moonshot_ai",
        ["xai"] = "x_ai",
    }.ToFrozenDictionary();

    /// <summary>What the conventions call a kind of provider; those that they do not know keep their own name.</summary>
    public static string ProviderOf(string kind) => Providers.GetValueOrDefault(kind, kind);
}
