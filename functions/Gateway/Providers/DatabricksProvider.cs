using System.Collections.Frozen;
using System.Net.Http.Headers;
using Serverless.Gateway.Configuration;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Providers;

/// <summary>
/// A Databricks workspace. Its AI gateway serves each model in its maker's dialect and all of them in OpenAI's.
/// <code>
/// {host}/ai-gateway/mlflow/v1/{chat/completions, embeddings}   {host}/ai-gateway/anthropic/v1/messages
/// {host}/ai-gateway/openai/v1/responses                        {host}/ai-gateway/gemini/v1beta/models/…
/// </code>
/// A base URL that ends in <c>/serving-endpoints</c> names the older API, which speaks OpenAI's dialects alone.
/// </summary>
internal sealed class DatabricksProvider(ProviderSettings settings, GatewayLimits limits) : HttpProvider(settings, limits)
{
    private const string OlderApi = "/serving-endpoints";

    private static readonly FrozenDictionary<DialectId, string> Apis = new Dictionary<DialectId, string>
    {
        [DialectIds.ChatCompletions] = "/ai-gateway/mlflow/v1",
        [DialectIds.Embeddings] = "/ai-gateway/mlflow/v1",
        [DialectIds.Responses] = "/ai-gateway/openai/v1",
        [DialectIds.Messages] = "/ai-gateway/anthropic",
        [DialectIds.GenerateContent] = "/ai-gateway/gemini",
    }.ToFrozenDictionary();

    // The first word that a model's name holds decides. Word, what its endpoint speaks, the preferred first.
    private static readonly (string Word, IReadOnlyList<DialectId> Dialects)[] ByName =
    [
        ("embedding", [DialectIds.Embeddings]),
        ("gte-", [DialectIds.Embeddings]),
        ("bge-", [DialectIds.Embeddings]),
        ("claude", [DialectIds.Messages, DialectIds.ChatCompletions]),
        ("gemini", [DialectIds.GenerateContent, DialectIds.ChatCompletions]),
        ("gpt-oss", [DialectIds.ChatCompletions]),
        ("gpt-", [DialectIds.Responses, DialectIds.ChatCompletions]),
    ];

    private static readonly IReadOnlyList<DialectId> Unified = [DialectIds.ChatCompletions, DialectIds.Embeddings];

    private readonly bool _older = settings.BaseUrl!.AbsolutePath.TrimEnd('/').EndsWith(OlderApi, StringComparison.OrdinalIgnoreCase);

    /// <summary>The row of the catalog.</summary>
    public static readonly ProviderKind Row = new("databricks", static (settings, limits) => new DatabricksProvider(settings, limits))
    {
        Source = "https://docs.databricks.com/aws/en/ai-gateway/",
        BaseUrlVariable = "DATABRICKS_HOST",
        NormalizeBaseUrl = static host => host.Contains("://", StringComparison.Ordinal) ? host : "https://" + host,
        KeyVariable = "DATABRICKS_TOKEN",
        FoundBy = "DATABRICKS_HOST",
        Dialects = Unified,
        Quirks = new DialectQuirks
        {
            MaxTokensField = "max_tokens",
            DeveloperRole = false,
            StrictTools = false,
            ParallelToolCalls = false,
            CustomTools = false,
            MaxCacheBreakpoints = 4,
            PromptCacheKeys = false,
            ReasoningReplayField = "content",
            RefusedFields = ["store", "metadata", "service_tier", "prompt_cache_key", "prompt_cache_retention", "safety_identifier"],
        },
    };

    /// <inheritdoc/>
    public override string ModelsPath => "api/2.0/serving-endpoints";

    /// <inheritdoc/>
    public override IReadOnlyList<DialectId> Dialects(string model)
    {
        if (HasOwnDialects || _older)
        {
            return base.Dialects(model);
        }

        foreach ((string word, IReadOnlyList<DialectId> dialects) in ByName)
        {
            if (model.Contains(word, StringComparison.OrdinalIgnoreCase))
            {
                return dialects;
            }
        }

        return Unified;
    }

    /// <inheritdoc/>
    public override DialectQuirks Quirks(DialectId dialect, string model)
    {
        if (dialect != DialectIds.ChatCompletions)
        {
            return DialectQuirks.None;
        }

        // Claude is asked to think in Anthropic's words, the others by reasoning_effort.
        DialectQuirks quirks = base.Quirks(dialect, model);
        return model.Contains("claude", StringComparison.OrdinalIgnoreCase) ? quirks with { ThinkingField = true } : quirks;
    }

    /// <inheritdoc/>
    protected override string Address(UpstreamRequest request)
    {
        string workspace = _older ? BaseUrl[..^OlderApi.Length] : BaseUrl;
        return request switch
        {
            { Path: var path } when path == ModelsPath => Join(workspace, path),
            _ when _older => Join(BaseUrl, request.Path),
            _ => Join(workspace + Apis.GetValueOrDefault(request.Dialect, "/ai-gateway/mlflow/v1"), request.Path),
        };
    }

    /// <inheritdoc/>
    protected override ValueTask AuthorizeAsync(HttpRequestHeaders headers, DialectId dialect, CancellationToken cancellationToken)
    {
        SetBearer(headers, Settings.ApiKey);
        return ValueTask.CompletedTask;
    }
}
