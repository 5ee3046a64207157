using System.Collections.Frozen;
using Microsoft.Extensions.Configuration;
using Serverless.Gateway.Providers;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Configuration;

/// <summary>Reads <c>providers{name}</c>.</summary>
internal static class ProviderSettingsReader
{
    private static readonly FrozenDictionary<string, DialectId> DialectNames = new[]
    {
        DialectIds.ChatCompletions, DialectIds.Responses, DialectIds.Messages, DialectIds.GenerateContent, DialectIds.Embeddings, DialectIds.EmbedContent,
    }.ToFrozenDictionary(id => id.Name);

    private static readonly IReadOnlyDictionary<string, PromptCaching> PromptCachingNames = new Dictionary<string, PromptCaching>
    {
        ["asked"] = PromptCaching.Asked,
        ["always"] = PromptCaching.Always,
        ["never"] = PromptCaching.Never,
    };

    /// <summary>The configured providers.</summary>
    public static IReadOnlyList<ProviderSettings> Read(SettingsSection root, IConfiguration configuration, ListenAddress address)
    {
        List<ProviderSettings> providers = [];
        foreach (SettingsSection section in root.Map("providers"))
        {
            if (ReadOne(section, configuration) is not { } provider)
            {
                continue;
            }

            if (providers.Any(other => other.Name == provider.Name))
            {
                section.Fault("name", $"'{provider.Name}' is the name of another provider.");
            }

            if (provider.BaseUrl is { } baseUrl && address.IsOwn(baseUrl))
            {
                section.Fault("baseUrl", $"{baseUrl} is this gateway itself: every request would go round in circles.");
            }

            providers.Add(provider);
        }

        return providers;
    }

    /// <summary>Checks a base URL; null when it can be used.</summary>
    public static string? FaultOf(string baseUrl, out Uri? uri) =>
        !Uri.TryCreate(baseUrl, UriKind.Absolute, out uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0
            ? "must be a whole address that begins with https:// or http://."
            : uri is { UserInfo.Length: > 0 } or { Query.Length: > 0 } or { Fragment.Length: > 0 }
                ? "must hold neither credentials nor a query nor a fragment."
                : null;

    private static ProviderSettings? ReadOne(SettingsSection section, IConfiguration configuration)
    {
        string name = section.Text("name") ?? section.Key;
        if (!name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
        {
            section.Fault("name", $"'{name}' may hold only letters, digits, '-', '_' and '.', since models are called '{name}/model'.");
        }

        string? kindName = section.Text("kind");
        if (!ProviderCatalog.ByName.TryGetValue(kindName ?? name, out ProviderKind? kind))
        {
            section.Fault("kind", kindName is null
                ? $"is missing: one of {string.Join(", ", ProviderCatalog.Kinds.Select(k => k.Name))}."
                : $"'{kindName}' is no kind of provider.{NearestName.Question(kindName, ProviderCatalog.ByName.Keys)}");
            return null;
        }

        var settings = new ProviderSettings(name, kind)
        {
            BaseUrl = ReadBaseUrl(section, kind, configuration),
            ApiKey = ReadKey(section, kind, configuration),
            ApiVersion = ReadVersion(section, kind),
            Dialects = ReadDialects(section),
            Quirks = ReadQuirks(section.Object("quirks"), kind.Quirks, section.Choice("promptCaching", PromptCachingNames)),
            Headers = ReadHeaders(section.Object("headers")),
            Models = ReadModels(section),
        };
        section.Close();
        return settings;
    }

    private static Uri? ReadBaseUrl(SettingsSection section, ProviderKind kind, IConfiguration configuration)
    {
        string? given = section.Text("baseUrl");
        if (!kind.HasAddress)
        {
            if (given is not null)
            {
                section.Fault("baseUrl", $"has no meaning for the kind '{kind.Name}'.");
            }

            return null;
        }

        given ??= Variable(configuration, kind.BaseUrlVariable) ?? kind.BaseUrl;
        if (given is null)
        {
            if (!section.Has("baseUrl"))
            {
                section.Fault("baseUrl", "is missing: where the provider's API begins" + (kind.BaseUrlVariable is null ? "." : $" (or set {kind.BaseUrlVariable})."));
            }

            return null;
        }

        if (FaultOf(kind.NormalizeBaseUrl(given), out Uri? uri) is { } fault)
        {
            section.Fault("baseUrl", fault);
            return null;
        }

        return uri;
    }

    private static Secret? ReadKey(SettingsSection section, ProviderKind kind, IConfiguration configuration)
    {
        Secret? key = section.Secret("apiKey");
        if (section.Has("apiKey") || !kind.HasAddress)
        {
            return key;
        }

        if (Variable(configuration, kind.KeyVariable) is { } found)
        {
            return new Secret(found);
        }

        if (kind.KeyRequired)
        {
            section.Fault("apiKey", $"is missing: the key itself, env:NAME or file:PATH (or set {kind.KeyVariable}).");
        }

        return null;
    }

    private static string? ReadVersion(SettingsSection section, ProviderKind kind)
    {
        string? version = section.Text("apiVersion");
        if (version is null || (kind.IsApiVersion is not null && version.Equals("v1", StringComparison.OrdinalIgnoreCase)))
        {
            return null;
        }

        if (kind.IsApiVersion is null)
        {
            section.Fault("apiVersion", $"has no meaning for the kind '{kind.Name}'.");
        }
        else if (!kind.IsApiVersion(version))
        {
            section.Fault("apiVersion", $"'{version}' is no version; it is a date such as 2025-04-01-preview, or v1.");
        }

        return version;
    }

    private static IReadOnlyList<DialectId>? ReadDialects(SettingsSection section)
    {
        IReadOnlyList<DialectId>? dialects = section.Choices("dialects", DialectNames);
        if (dialects is { Count: 0 } && section.Texts("dialects") is { Count: 0 })
        {
            section.Fault("dialects", "must name at least one dialect.");
        }

        return dialects;
    }

    private static IReadOnlyList<string>? ReadModels(SettingsSection section)
    {
        IReadOnlyList<string>? models = section.Texts("models");
        return models is { Count: 1 } && models[0] == "*" ? null : models;
    }

    private static List<KeyValuePair<string, Secret>> ReadHeaders(SettingsSection section)
    {
        List<KeyValuePair<string, Secret>> headers = [];
        foreach (string name in section.Keys)
        {
            if (!name.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal)))
            {
                section.Fault(name, "is no name of a header.");
            }

            if (section.Secret(name) is { } value)
            {
                headers.Add(KeyValuePair.Create(name, value));
            }
        }

        return headers;
    }

    private static DialectQuirks? ReadQuirks(SettingsSection section, DialectQuirks defaults, PromptCaching? caching)
    {
        var quirks = new DialectQuirks
        {
            MaxTokensField = section.Text("maxTokensField") ?? defaults.MaxTokensField,
            DeveloperRole = section.Flag("developerRole") ?? defaults.DeveloperRole,
            StreamOptions = section.Flag("streamOptions") ?? defaults.StreamOptions,
            ReasoningEffort = section.Flag("reasoningEffort") ?? defaults.ReasoningEffort,
            ThinkingField = section.Flag("thinkingField") ?? defaults.ThinkingField,
            JsonSchema = section.Flag("jsonSchema") ?? defaults.JsonSchema,
            StrictTools = section.Flag("strictTools") ?? defaults.StrictTools,
            ParallelToolCalls = section.Flag("parallelToolCalls") ?? defaults.ParallelToolCalls,
            ReasoningReplayField = section.Text("reasoningReplayField") ?? defaults.ReasoningReplayField,
            ToolChoiceRequired = section.Text("toolChoiceRequired") ?? defaults.ToolChoiceRequired,
            SeedField = section.Text("seedField") ?? defaults.SeedField,
            RefusedFields = section.Texts("refusedFields") ?? defaults.RefusedFields,
            TopK = section.Flag("topK") ?? defaults.TopK,
            MaxStopSequences = (int?)section.Number("maxStopSequences", 0) ?? defaults.MaxStopSequences,
            AnyMedia = section.Flag("anyMedia") ?? defaults.AnyMedia,
            CustomTools = section.Flag("customTools") ?? defaults.CustomTools,
            TextParts = section.Flag("textParts") ?? defaults.TextParts,
            MaxCacheBreakpoints = (int?)section.Number("maxCacheBreakpoints", 0) ?? defaults.MaxCacheBreakpoints,
            PromptCacheKeys = section.Flag("promptCacheKeys") ?? defaults.PromptCacheKeys,
            PromptCaching = caching ?? defaults.PromptCaching,
            ThoughtSignatures = section.Flag("thoughtSignatures") ?? defaults.ThoughtSignatures,
            ToolCallIdLength = (int?)section.Number("toolCallIdLength", 1) ?? defaults.ToolCallIdLength,
        };
        section.Close();
        return quirks == defaults ? null : quirks;
    }

    private static string? Variable(IConfiguration configuration, string? name) => name is not null && configuration[name]?.Trim() is { Length: > 0 } value ? value : null;
}
