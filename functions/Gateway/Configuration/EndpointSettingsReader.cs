using Serverless.Gateway.Routing;

namespace Serverless.Gateway.Configuration;

/// <summary>Reads <c>endpoints{name}</c>.</summary>
internal static class EndpointSettingsReader
{
    private static readonly IReadOnlyDictionary<string, OnUnsupported> OnUnsupportedNames = new Dictionary<string, OnUnsupported>
    {
        ["drop"] = OnUnsupported.Drop,
        ["reject"] = OnUnsupported.Reject,
    };

    private static readonly IReadOnlyDictionary<string, EndpointTask> TaskNames = new Dictionary<string, EndpointTask>
    {
        ["chat"] = EndpointTask.Chat,
        ["embeddings"] = EndpointTask.Embeddings,
    };

    /// <summary>The configured endpoints.</summary>
    public static IReadOnlyList<EndpointSettings> Read(SettingsSection root, IReadOnlyList<ProviderSettings> providers)
    {
        List<EndpointSettings> endpoints = [];
        foreach (SettingsSection section in root.Map("endpoints"))
        {
            string name = section.Text("name") ?? section.Key;
            if (name.AsSpan().ContainsAnyInRange('\0', ' ') || name.EndsWith('*'))
            {
                section.Fault("name", $"'{name}' may not hold blanks nor end in '*'.");
            }

            if (endpoints.Any(other => other.Name == name))
            {
                section.Fault("name", $"'{name}' is the name of another endpoint.");
            }

            endpoints.Add(new EndpointSettings(name, ReadDestinations(section, providers))
            {
                OnUnsupported = section.Choice("onUnsupported", OnUnsupportedNames) ?? OnUnsupported.Drop,
                Task = section.Choice("task", TaskNames),
                DisplayName = section.Text("displayName"),
                RequirePrice = section.Flag("requirePrice"),
            });
            section.Close();
        }

        return endpoints;
    }

    private static List<DestinationSettings> ReadDestinations(SettingsSection endpoint, IReadOnlyList<ProviderSettings> providers)
    {
        List<DestinationSettings> destinations = [];
        bool any = false;
        foreach (SettingsSection item in endpoint.List("destinations"))
        {
            any = true;
            if (ReadDestination(item, providers) is not { } destination)
            {
                continue;
            }

            if (destinations.Any(other => other.Name == destination.Name))
            {
                item.Fault("name", $"'{destination.Name}' is another destination of this endpoint.");
            }

            destinations.Add(destination);
        }

        if (!any)
        {
            endpoint.Fault("destinations", """is missing: a list of { "provider": …, "model": … } or "provider/model", the first choice first.""");
        }

        return destinations;
    }

    private static DestinationSettings? ReadDestination(SettingsSection item, IReadOnlyList<ProviderSettings> providers)
    {
        string provider;
        string model;
        string? name = null;
        if (item.AsText() is { } text)
        {
            int slash = text.IndexOf('/', StringComparison.Ordinal);
            if (slash <= 0 || slash == text.Length - 1)
            {
                item.Fault(null, $"'{text}' must be an object or a text of the form provider/model.");
                return null;
            }

            (provider, model) = (text[..slash], text[(slash + 1)..]);
            CheckProvider(item, null, provider, providers);
        }
        else
        {
            provider = item.Required("provider", "the name of one of the providers.");
            model = item.Required("model", "the model's (or deployment's) name at the provider.");
            name = item.Text("name");
            CheckProvider(item, "provider", provider, providers);
            item.Close();
        }

        return new DestinationSettings(name ?? $"{provider}/{model}", provider, model);
    }

    private static void CheckProvider(SettingsSection item, string? key, string provider, IReadOnlyList<ProviderSettings> providers)
    {
        if (provider.Length > 0 && !providers.Any(known => known.Name == provider))
        {
            item.Fault(key, $"'{provider}' is no provider; there {(providers.Count == 0 ? "are none" : "are " + string.Join(", ", providers.Select(p => p.Name)))}."
                + NearestName.Question(provider, providers.Select(p => p.Name)));
        }
    }
}
