using System.Net.Http.Headers;
using Serverless.Gateway.Configuration;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Providers;

/// <summary>Google Gemini: <c>x-goog-api-key</c> (never <c>?key=</c>: URLs are logged); the base URL holds no version.</summary>
internal sealed class GeminiProvider(ProviderSettings settings, GatewayLimits limits) : HttpProvider(settings, limits)
{
    /// <summary>The row of the catalog.</summary>
    public static readonly ProviderKind Row = new("gemini", static (settings, limits) => new GeminiProvider(settings, limits))
    {
        Source = "https://ai.google.dev/api#authentication",
        BaseUrl = "https://generativelanguage.googleapis.com",
        BaseUrlVariable = "GOOGLE_GEMINI_BASE_URL",
        KeyVariable = "GEMINI_API_KEY",
        FoundBy = "GEMINI_API_KEY",
        Dialects = [DialectIds.GenerateContent, DialectIds.EmbedContent],
    };

    /// <inheritdoc/>
    public override string ModelsPath => "v1beta/models?pageSize=1000";

    /// <inheritdoc/>
    protected override ValueTask AuthorizeAsync(HttpRequestHeaders headers, DialectId dialect, CancellationToken cancellationToken)
    {
        Set(headers, "x-goog-api-key", Settings.ApiKey!.Reveal());
        return ValueTask.CompletedTask;
    }
}
