using System.Net.Http.Headers;
using Serverless.Gateway.Configuration;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Providers;

/// <summary>OpenAI: <c>Authorization: Bearer</c>; the base URL holds the version.</summary>
internal sealed class OpenAIProvider(ProviderSettings settings, GatewayLimits limits) : HttpProvider(settings, limits)
{
    /// <summary>The row of the catalog.</summary>
    public static readonly ProviderKind Row = new("openai", static (settings, limits) => new OpenAIProvider(settings, limits))
    {
        Source = "https://platform.openai.com/docs/api-reference/authentication",
        BaseUrl = "https://api.openai.com/v1",
        BaseUrlVariable = "OPENAI_BASE_URL",
        KeyVariable = "OPENAI_API_KEY",
        FoundBy = "OPENAI_API_KEY",
        Dialects = [DialectIds.Responses, DialectIds.ChatCompletions, DialectIds.Embeddings],
    };

    /// <inheritdoc/>
    protected override ValueTask AuthorizeAsync(HttpRequestHeaders headers, DialectId dialect, CancellationToken cancellationToken)
    {
        SetBearer(headers, Settings.ApiKey);
        return ValueTask.CompletedTask;
    }
}
