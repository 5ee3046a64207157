using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Providers;

/// <summary>
/// Servers and services that speak OpenAI's dialects, each with its address and its departures. To add one, add a row; every value can be
/// overridden in the configuration (<c>baseUrl</c>, <c>dialects</c>, <c>quirks</c>).
/// </summary>
internal static class CompatiblePresets
{
    private static readonly IReadOnlyList<DialectId> Chat = [DialectIds.ChatCompletions];
    private static readonly IReadOnlyList<DialectId> ChatAndEmbeddings = [DialectIds.ChatCompletions, DialectIds.Embeddings];
    private static readonly IReadOnlyList<DialectId> Responses = [DialectIds.Responses];
    private static readonly IReadOnlyList<DialectId> ResponsesToo = [DialectIds.ChatCompletions, DialectIds.Responses];

    // What nearly all of them share: the older name of the limit, "system" as the only word for instructions, functions as the only tools.
    private static readonly DialectQuirks Common = CompatibleProvider.Row.Quirks;

    /// <summary>The rows of the catalog.</summary>
    public static IReadOnlyList<ProviderKind> Rows { get; } =
    [
        // On one's own machines: no key needed.
        Local("ollama", "http://127.0.0.1:11434/v1", "https://docs.ollama.com/api/openai-compatibility", Common with
        {
            ParallelToolCalls = false,
            StrictTools = false,
            ReasoningReplayField = "reasoning",
        }) with
        {
            BaseUrlVariable = "OLLAMA_HOST",
            NormalizeBaseUrl = OllamaUrl,
            FoundBy = "OLLAMA_HOST",
        },
        Local("vllm", "http://127.0.0.1:8000/v1", "https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html", Common with
        {
            MaxTokensField = "max_completion_tokens",
            AnyMedia = true,
            TopK = true,
            ReasoningReplayField = "reasoning_content",
        }),
        Local("lm-studio", "http://127.0.0.1:1234/v1", "https://lmstudio.ai/docs/developer/openai-compat", Common with
        {
            ParallelToolCalls = false,
            StrictTools = false,
            TopK = true,
        }),
        Local("llama-cpp", "http://127.0.0.1:8080/v1", "https://github.com/ggml-org/llama.cpp/tree/master/tools/server", Common with
        {
            StrictTools = false,
            TopK = true,
            ReasoningReplayField = "reasoning_content",
        }),
        Local("litellm", "http://127.0.0.1:4000/v1", "https://docs.litellm.ai/docs/proxy/user_keys", Common with
        {
            AnyMedia = true,
            TopK = true,
            MaxCacheBreakpoints = 4,
            ReasoningReplayField = "thinking_blocks",
        }),

        // Services.
        Service("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY", "https://docs.mistral.ai/api/endpoint/chat", ChatAndEmbeddings, Common with
        {
            StreamOptions = false,
            ReasoningEffort = false,
            ToolChoiceRequired = "any",
            SeedField = "random_seed",
            ToolCallIdLength = 9,
            RefusedFields = ["logprobs", "top_logprobs", "logit_bias", "user", "store", "service_tier", "safety_identifier", "verbosity"],
        }),
        Service("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY", "https://console.groq.com/docs/openai", ResponsesToo, Common with
        {
            MaxTokensField = "max_completion_tokens",
            MaxStopSequences = 4,
            ReasoningReplayField = "reasoning",
            RefusedFields = ["logprobs", "top_logprobs", "logit_bias", "store", "verbosity"],
        }),
        Service("deepseek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", "https://api-docs.deepseek.com/guides/thinking_mode", Chat, Common with
        {
            JsonSchema = false,
            StrictTools = false,
            ParallelToolCalls = false,
            TextParts = false,
            ReasoningReplayField = "reasoning_content",
        }),
        Service("xai", "https://api.x.ai/v1", "XAI_API_KEY", "https://docs.x.ai/docs/api-reference", ResponsesToo, Common with
        {
            MaxTokensField = "max_completion_tokens",
            RefusedFields = ["logit_bias", "store", "verbosity"],
        }),
        Service("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", "https://openrouter.ai/docs/api-reference/overview", ChatAndEmbeddings, Common with
        {
            AnyMedia = true,
            TopK = true,
            MaxCacheBreakpoints = 4,
            ReasoningReplayField = "reasoning_details",
        }),
        Service("together", "https://api.together.xyz/v1", "TOGETHER_API_KEY", "https://docs.together.ai/docs/openai-api-compatibility", ChatAndEmbeddings, Common with
        {
            StrictTools = false,
            TopK = true,
            ReasoningReplayField = "reasoning_content",
        }),
        Service("fireworks", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY", "https://docs.fireworks.ai/tools-sdks/openai-compatibility", ChatAndEmbeddings, Common with
        {
            TopK = true,
            ReasoningReplayField = "reasoning_content",
        }),
        Service("cohere", "https://api.cohere.ai/compatibility/v1", "COHERE_API_KEY", "https://docs.cohere.com/docs/compatibility-api", ChatAndEmbeddings, Common with
        {
            StreamOptions = false,
            ParallelToolCalls = false,
            RefusedFields = ["logit_bias", "top_logprobs", "n", "modalities", "service_tier", "store", "metadata", "user", "safety_identifier", "verbosity"],
        }),
        // Sonar's Chat Completions ended on 2026-09-27. The Agent API, which took its place, names models perplexity/sonar, openai/gpt-5.1 … and
        // answers a field that it does not know with a 400, within another field too: of text it takes no format, of reasoning no summary.
        Service("perplexity", "https://api.perplexity.ai/v1", "PERPLEXITY_API_KEY", "https://docs.perplexity.ai/docs/agent-api/openai-compatibility", Responses, Common with
        {
            RefusedFields = ["text", "reasoning", "include", "top_logprobs", "user", "safety_identifier", "service_tier", "prompt_cache_key", "prompt_cache_retention"],
        }),
        Service("moonshot", "https://api.moonshot.ai/v1", "MOONSHOT_API_KEY", "https://platform.kimi.ai/docs/overview", Chat, Common with
        {
            MaxTokensField = "max_completion_tokens",
            StrictTools = false,
            ReasoningReplayField = "reasoning_content",
        }),
        Service("zhipu", "https://api.z.ai/api/paas/v4", "ZAI_API_KEY", "https://docs.z.ai/api-reference/llm/chat-completion", ChatAndEmbeddings, Common with
        {
            StreamOptions = false,
            JsonSchema = false,
            StrictTools = false,
            ParallelToolCalls = false,
            ReasoningReplayField = "reasoning_content",
            RefusedFields = ["tool_choice", "frequency_penalty", "presence_penalty", "logprobs", "top_logprobs", "n"],
        }),
        Service("cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY", "https://inference-docs.cerebras.ai/resources/openai", Chat, Common with
        {
            MaxTokensField = "max_completion_tokens",
            ReasoningReplayField = "reasoning",
            RefusedFields = ["frequency_penalty", "presence_penalty", "logit_bias", "service_tier"],
        }),
    ];

    private static ProviderKind Local(string name, string baseUrl, string source, DialectQuirks quirks) =>
        CompatibleProvider.Row with { Name = name, BaseUrl = baseUrl, Source = source, Dialects = ChatAndEmbeddings, Quirks = quirks };

    private static ProviderKind Service(string name, string baseUrl, string keyVariable, string source, IReadOnlyList<DialectId> dialects, DialectQuirks quirks) =>
        CompatibleProvider.Row with
        {
            Name = name,
            BaseUrl = baseUrl,
            KeyVariable = keyVariable,
            KeyRequired = true,
            FoundBy = keyVariable,
            Source = source,
            Dialects = dialects,
            Quirks = quirks,
        };

    // OLLAMA_HOST is meant for the server: "0.0.0.0", "host", "host:port" or a whole URL, without the path of the compatible API.
    private static string OllamaUrl(string host)
    {
        string url = host.Contains("://", StringComparison.Ordinal) ? host : "http://" + host;
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? uri))
        {
            return url;
        }

        bool namesPort = uri.Authority.EndsWith($":{uri.Port}", StringComparison.Ordinal) || url.Contains($":{uri.Port}", StringComparison.Ordinal);
        var built = new UriBuilder(uri)
        {
            Host = uri.Host == "0.0.0.0" ? "127.0.0.1" : uri.Host,
            Port = namesPort || host.Contains("://", StringComparison.Ordinal) ? uri.Port : 11434,
            Path = uri.AbsolutePath is "/" or "" ? "/v1" : uri.AbsolutePath,
        };
        return built.Uri.AbsoluteUri;
    }
}
