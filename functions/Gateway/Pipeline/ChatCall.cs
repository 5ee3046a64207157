using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Pipeline;

/// <summary>A route for chat: the dialect that it speaks and what its URL says.</summary>
/// <param name="Dialect">The client's dialect.</param>
/// <param name="ApiType">The API for usage records.</param>
internal sealed record ChatRoute(IChatDialect Dialect, string ApiType)
{
    /// <summary>Model and action, where they stand in the path.</summary>
    public RequestAddress Address { get; init; }

    /// <summary>True when a stream is one JSON array (Gemini without <c>alt=sse</c>).</summary>
    public bool JsonArray { get; init; }
}

/// <summary>
/// What a client asks for. Model and stream are read from the checked body; the whole is decoded only where it is needed, which is not
/// the case when the provider speaks the client's dialect.
/// </summary>
internal sealed class ChatCall(ChatRoute route, RequestBody body)
{
    private const int BytesPerToken = 4;

    private ChatRequest? _canonical;
    private long? _inputTokens;

    public ChatRoute Route => route;

    public IChatDialect Dialect => route.Dialect;

    public RequestBody Body => body;

    /// <summary>The endpoint's name.</summary>
    /// <exception cref="GatewayException">400: there is none.</exception>
    public string Model { get; } = ModelName.Of(route.Address, body.Json);

    /// <summary>True when the client wants a stream.</summary>
    public bool Stream { get; } = route.Address.Model is null ? body.Json.IsTrue("stream") : route.Address.Stream;

    /// <summary>The service tier that the client asked for, in the words of its dialect; null for the usual one.</summary>
    public string? ServiceTier => body.Json.GetString("speed") == "fast" ? "fast" : body.Json.GetString("service_tier") ?? body.Json.GetString("serviceTier");

    /// <summary>True when the client asked for token counts in a Chat Completions stream.</summary>
    public bool WantsUsage
    {
        get
        {
            ReadOnlySpan<byte> options = body.Json.RawValue("stream_options");
            if (options.IsEmpty || options[0] != '{')
            {
                return false;
            }

            var reader = new Utf8JsonReader(options);
            while (reader.Read())
            {
                if (reader is { TokenType: JsonTokenType.PropertyName, CurrentDepth: 1 } && reader.ValueTextEquals("include_usage"u8))
                {
                    return reader.Read() && reader.TokenType == JsonTokenType.True;
                }
            }

            return false;
        }
    }

    /// <summary>The whole request.</summary>
    /// <exception cref="GatewayException">400: it is wrong.</exception>
    public ChatRequest Canonical => _canonical ??= route.Dialect.DecodeRequest(body.Root, route.Address);

    /// <summary>An estimate of the prompt's tokens.</summary>
    public long EstimatedInputTokens => _inputTokens ??= Estimate();

    /// <summary>What encoders of answers may need to know.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="decoded">True when the request itself is to be told; only translation needs it.</param>
    public AnswerContext Context(Exchange exchange, bool decoded) => new()
    {
        Request = decoded ? Canonical : new ChatRequest { Model = Model, Stream = Stream, Messages = [] },
        RequestId = exchange.RequestId,
        Created = exchange.Created,
        EstimatedInputTokens = decoded && Stream ? EstimatedInputTokens : 0,
        JsonArray = route.JsonArray,
    };

    private long Estimate()
    {
        try
        {
            return TokenEstimator.Input(Canonical);
        }
        catch (GatewayException)
        {
            // The provider took what the decoder would not.
            return Math.Max(1, body.Json.Bytes.Length / BytesPerToken);
        }
    }
}
