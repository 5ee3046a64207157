using Serverless.Gateway.Configuration;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Providers;

/// <summary>What is known of a kind of provider before one is configured: a row of <see cref="ProviderCatalog"/>.</summary>
/// <param name="Name">The <c>kind</c> in the configuration, for example <c>azure-openai</c>.</param>
/// <param name="Create">Makes a provider from checked settings.</param>
internal sealed record ProviderKind(string Name, Func<ProviderSettings, GatewayLimits, IProvider> Create)
{
    /// <summary>The page on base URL and authentication.</summary>
    public required string Source { get; init; }

    /// <summary>Where the API begins when the configuration does not say; null when it must.</summary>
    public string? BaseUrl { get; init; }

    /// <summary>False for a provider within this process.</summary>
    public bool HasAddress { get; init; } = true;

    /// <summary>Customary environment variable of the base URL.</summary>
    public string? BaseUrlVariable { get; init; }

    /// <summary>Brings the customary forms of the base URL to the one that paths are appended to.</summary>
    public Func<string, string> NormalizeBaseUrl { get; init; } = static url => url;

    /// <summary>Customary environment variable of the key.</summary>
    public string? KeyVariable { get; init; }

    /// <summary>Whether it can be used without a key.</summary>
    public bool KeyRequired { get; init; } = true;

    /// <summary>What <c>apiVersion</c> must look like, for people; null when the kind has no versions.</summary>
    public Func<string, bool>? IsApiVersion { get; init; }

    /// <summary>The environment variable whose presence brings the provider into being without configuration; null for none.</summary>
    public string? FoundBy { get; init; }

    /// <summary>Name of a provider that was found in the environment; null for the kind's.</summary>
    public string? FoundAs { get; init; }

    /// <summary>Dialects that providers of this kind speak, the preferred one first.</summary>
    public IReadOnlyList<DialectId> Dialects { get; init; } = [];

    /// <summary>Where they depart from OpenAI's ways.</summary>
    public DialectQuirks Quirks { get; init; } = DialectQuirks.None;
}
