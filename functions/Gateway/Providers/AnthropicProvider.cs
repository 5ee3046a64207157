using System.Net.Http.Headers;
using Serverless.Gateway.Configuration;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Providers;

/// <summary>Anthropic: <c>x-api-key</c>, and <c>anthropic-version</c> as the client sent it; the base URL holds no version.</summary>
internal sealed class AnthropicProvider(ProviderSettings settings, GatewayLimits limits) : HttpProvider(settings, limits)
{
    private const string VersionHeader = "anthropic-version";

    /// <summary>The row of the catalog.</summary>
    public static readonly ProviderKind Row = new("anthropic", static (settings, limits) => new AnthropicProvider(settings, limits))
    {
        Source = "https://docs.claude.com/en/api/overview#authentication",
        BaseUrl = "https://api.anthropic.com",
        BaseUrlVariable = "ANTHROPIC_BASE_URL",
        KeyVariable = "ANTHROPIC_API_KEY",
        FoundBy = "ANTHROPIC_API_KEY",
        Dialects = [DialectIds.Messages],
    };

    /// <inheritdoc/>
    public override string ModelsPath => "v1/models?limit=1000";

    /// <inheritdoc/>
    protected override ValueTask AuthorizeAsync(HttpRequestHeaders headers, DialectId dialect, CancellationToken cancellationToken)
    {
        Set(headers, "x-api-key", Settings.ApiKey!.Reveal());
        if (!headers.Contains(VersionHeader))
        {
            headers.TryAddWithoutValidation(VersionHeader, "2023-06-01");
        }

        return ValueTask.CompletedTask;
    }
}
