using System.Net.Http.Headers;
using Serverless.Gateway.Configuration;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Providers;

/// <summary>
/// Whatever speaks OpenAI's dialects under a base URL that holds the version. What is special of each vendor is data, see
/// <see cref="CompatiblePresets"/>.
/// </summary>
internal sealed class CompatibleProvider(ProviderSettings settings, GatewayLimits limits) : HttpProvider(settings, limits)
{
    /// <summary>The row of the catalog for a server that has no row of its own.</summary>
    public static readonly ProviderKind Row = new("openai-compatible", static (settings, limits) => new CompatibleProvider(settings, limits))
    {
        Source = "https://platform.openai.com/docs/api-reference/chat",
        KeyRequired = false,
        Dialects = [DialectIds.ChatCompletions, DialectIds.Embeddings],
        Quirks = new DialectQuirks { MaxTokensField = "max_tokens", DeveloperRole = false, CustomTools = false, MaxStopSequences = 16, PromptCacheKeys = false },
    };

    /// <inheritdoc/>
    protected override ValueTask AuthorizeAsync(HttpRequestHeaders headers, DialectId dialect, CancellationToken cancellationToken)
    {
        SetBearer(headers, Settings.ApiKey);
        return ValueTask.CompletedTask;
    }
}
