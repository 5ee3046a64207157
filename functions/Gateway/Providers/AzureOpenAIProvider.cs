using System.Net.Http.Headers;
using Azure.Core;
using Azure.Identity;
using Serverless.Gateway.Configuration;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Providers;

/// <summary>
/// Azure OpenAI: <c>api-key</c>, or a token of Microsoft Entra ID when there is no key. Models are deployments.
/// <code>
/// no apiVersion        {endpoint}/openai/v1/chat/completions            the model in the body
/// apiVersion: date     {endpoint}/openai/deployments/{model}/chat/completions?api-version={date}
///                      {endpoint}/openai/responses?api-version={date}   the model in the body
/// </code>
/// </summary>
internal sealed class AzureOpenAIProvider(ProviderSettings settings, GatewayLimits limits, Func<TokenCredential> credential, TimeProvider time)
    : HttpProvider(settings, limits), IDisposable
{
    private readonly EntraToken? _token = settings.ApiKey is null ? new EntraToken(new Lazy<TokenCredential>(credential), ScopeOf(settings.BaseUrl!), time) : null;

    /// <summary>The row of the catalog.</summary>
    public static readonly ProviderKind Row = new(
        "azure-openai",
        static (settings, limits) => new AzureOpenAIProvider(settings, limits, static () => new DefaultAzureCredential(), TimeProvider.System))
    {
        Source = "https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle",
        BaseUrlVariable = "AZURE_OPENAI_ENDPOINT",
        NormalizeBaseUrl = WithoutApiPath,
        KeyVariable = "AZURE_OPENAI_API_KEY",
        KeyRequired = false,
        IsApiVersion = IsDate,
        FoundBy = "AZURE_OPENAI_ENDPOINT",
        FoundAs = "azure",
        Dialects = [DialectIds.Responses, DialectIds.ChatCompletions, DialectIds.Embeddings],
    };

    /// <summary>None: the API lists models that could be deployed, not those that are.</summary>
    public override string? ModelsPath => null;

    /// <inheritdoc/>
    public void Dispose() => _token?.Dispose();

    /// <inheritdoc/>
    protected override string Address(UpstreamRequest request)
    {
        if (Settings.ApiVersion is not { } version)
        {
            return Join($"{BaseUrl}/openai/v1", request.Path);
        }

        bool byDeployment = request.Dialect == DialectIds.ChatCompletions || request.Dialect == DialectIds.Embeddings;
        string api = byDeployment ? $"{BaseUrl}/openai/deployments/{Uri.EscapeDataString(request.Model)}" : $"{BaseUrl}/openai";
        char separator = request.Path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        return $"{Join(api, request.Path)}{separator}api-version={version}";
    }

    /// <inheritdoc/>
    protected override async ValueTask AuthorizeAsync(HttpRequestHeaders headers, DialectId dialect, CancellationToken cancellationToken)
    {
        if (_token is null)
        {
            Set(headers, "api-key", Settings.ApiKey!.Reveal());
        }
        else
        {
            Set(headers, "Authorization", "Bearer " + await _token.GetAsync(cancellationToken));
        }
    }

    // The sovereign clouds have their own audiences.
    private static string ScopeOf(Uri endpoint) => endpoint.Host switch
    {
        { } host when host.EndsWith(".azure.us", StringComparison.OrdinalIgnoreCase) => "https://cognitiveservices.azure.us/.default",
        { } host when host.EndsWith(".azure.cn", StringComparison.OrdinalIgnoreCase) => "https://cognitiveservices.azure.cn/.default",
        _ => "https://cognitiveservices.azure.com/.default",
    };

    // The portal shows the endpoint in three forms.
    private static string WithoutApiPath(string url)
    {
        string bare = url.TrimEnd('/');
        foreach (string suffix in (string[])["/v1", "/openai"])
        {
            bare = bare.EndsWith(suffix, StringComparison.OrdinalIgnoreCase) ? bare[..^suffix.Length] : bare;
        }

        return bare;
    }

    // 2025-04-01-preview
    private static bool IsDate(string version) => version.Length >= 10 && DateOnly.TryParseExact(version[..10], "yyyy-MM-dd", out _) && version[10..] is "" or "-preview";
}
