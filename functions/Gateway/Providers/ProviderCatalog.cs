using System.Collections.Frozen;
using Serverless.Gateway.Providers.Demo;

namespace Serverless.Gateway.Providers;

/// <summary>
/// All kinds of providers: the place to add one. A server that speaks OpenAI's dialects is a row in <see cref="CompatiblePresets"/>; a vendor with
/// an addressing or authentication of its own is a class like <see cref="AnthropicProvider"/> and a line here.
/// </summary>
internal static class ProviderCatalog
{
    /// <summary>The kinds, in the order in which they are looked for in the environment.</summary>
    public static IReadOnlyList<ProviderKind> Kinds { get; } =
    [
        OpenAIProvider.Row,
        AnthropicProvider.Row,
        GeminiProvider.Row,
        AzureOpenAIProvider.Row,
        DatabricksProvider.Row,
        CompatibleProvider.Row,
        .. CompatiblePresets.Rows,
        DemoProvider.Row,
    ];

    /// <summary>The kinds by name, in any case.</summary>
    public static FrozenDictionary<string, ProviderKind> ByName { get; } = Kinds.ToFrozenDictionary(kind => kind.Name, StringComparer.OrdinalIgnoreCase);
}
