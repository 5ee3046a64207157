using System.Text.Json;
using Serverless.Gateway.Providers;

namespace Serverless.Gateway.Tests.Configuration;

/// <summary>All names of app settings, with what a user chooses taken out: <c>Gateway__providers__*__kind</c>, <c>Gateway__callers__*__id</c>.</summary>
internal static class SettingNames
{
    /// <summary>Settings that the templates make for the Functions host, on Azure only.</summary>
    public static IReadOnlyList<string> OfPlatform { get; } =
        ["AzureWebJobsStorage__accountName", "AzureWebJobsStorage__credential", "AzureWebJobsStorage__clientId", "APPLICATIONINSIGHTS_AUTHENTICATION_STRING"];

    /// <summary>Settings outside of the section <c>Gateway</c> and the providers' customary variables, by who reads them.</summary>
    public static IReadOnlyDictionary<string, string> Others { get; } = new Dictionary<string, string>
    {
        ["FUNCTIONS_WORKER_RUNTIME"] = "Functions host",
        ["AzureWebJobsStorage"] = "Functions host; the App, for its records",
        ["AzureWebJobsDisableHomepage"] = "Functions host",
        ["AZURE_FUNCTIONS_ENVIRONMENT"] = "Functions host; the App, for its rules at start",
        ["APPLICATIONINSIGHTS_CONNECTION_STRING"] = "Functions host; the App, for its telemetry",
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "the App, for its telemetry",
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "the App, for its telemetry",
        ["OTEL_EXPORTER_OTLP_HEADERS"] = "the App, for its telemetry",
        ["OTEL_SERVICE_NAME"] = "the App, for its telemetry",
        ["OTEL_TRACES_SAMPLER"] = "the App, for its telemetry",
        ["OTEL_TRACES_SAMPLER_ARG"] = "the App, for its telemetry",
        ["AZURE_CLIENT_ID"] = "Azure.Identity",
        ["AZURE_TOKEN_CREDENTIALS"] = "Azure.Identity",
        ["GATEWAY_CONFIG"] = "the App",
    };

    /// <summary>The providers' customary variables.</summary>
    public static IEnumerable<string> Variables => ProviderCatalog.Kinds.SelectMany(kind => (string?[])[kind.KeyVariable, kind.BaseUrlVariable, kind.FoundBy]).OfType<string>().Distinct();

    /// <summary>The settings of the schema as app settings.</summary>
    public static IEnumerable<string> OfSchema(JsonElement schema) => Below(schema, schema, "Gateway").Distinct();

    /// <summary>Takes out of a name what its user has chosen.</summary>
    public static string Normalize(string name)
    {
        string[] parts = name.Split("__");
        for (int i = 2; parts[0] == "Gateway" && i < parts.Length; i++)
        {
            bool chosen = (i == 2 && parts[1] is "providers" or "endpoints") || parts[i - 1] == "headers" || parts[i].All(char.IsAsciiDigit);
            parts[i] = chosen ? "*" : parts[i];
        }

        return string.Join("__", parts);
    }

    private static IEnumerable<string> Below(JsonElement schema, JsonElement node, string name)
    {
        if (node.TryGetProperty("$ref", out JsonElement reference))
        {
            return Below(schema, schema.GetProperty("definitions").GetProperty(reference.GetString()!["#/definitions/".Length..]), name);
        }

        if (node.TryGetProperty("properties", out JsonElement properties))
        {
            return properties.EnumerateObject().Where(property => property.Name != "$schema").SelectMany(property => Below(schema, property.Value, $"{name}__{property.Name}"));
        }

        if (node.TryGetProperty("additionalProperties", out JsonElement named))
        {
            return Below(schema, named, name + "__*");
        }

        if (node.TryGetProperty("items", out JsonElement items))
        {
            return Below(schema, items, name + "__*");
        }

        // A list of texts can also be one text with commas: that is how an app setting gives it.
        return node.TryGetProperty("anyOf", out JsonElement any)
            ? any.EnumerateArray().Where(one => !one.TryGetProperty("items", out _)).SelectMany(one => Below(schema, one, name))
            : [name];
    }
}
