using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Serverless.Gateway.Tests.Infrastructure;

/// <summary>What an environment will consist of, as Bicep predicts it: a golden file. Expressions that only Azure can compute stand there in brackets.</summary>
internal sealed partial class Snapshot
{
    private readonly JsonObject _root;

    private Snapshot(string environment, JsonObject root)
    {
        Environment = environment;
        _root = root;
    }

    /// <summary>The environments of <c>infra/environments</c>, and the tests' own, in which everything is switched on.</summary>
    public static IReadOnlyList<string> Environments { get; } = ["dev", "prod", "full"];

    public string Environment { get; }

    /// <summary>All resources.</summary>
    public IReadOnlyList<JsonObject> All => [.. _root["predictedResources"]!.AsArray().Select(resource => resource!.AsObject())];

    /// <summary>Outputs by name.</summary>
    public JsonObject Outputs => _root["outputs"]!.AsObject();

    /// <summary>The app's settings by name.</summary>
    public JsonObject Settings => Resources("Microsoft.Web/sites/config").Single(config => NameOf(config).EndsWith("/appsettings", StringComparison.Ordinal))["properties"]!.AsObject();

    /// <summary>The app.</summary>
    public JsonObject App => Resources("Microsoft.Web/sites").Single();

    public static string PathOf(string environment) =>
        Path.Combine(Serverless.Tests.Repository.Root, "tests", "Gateway.Tests", "Infrastructure", "Golden", environment + ".json");

    public static Snapshot Read(string environment) => new(environment, JsonNode.Parse(File.ReadAllText(PathOf(environment)))!.AsObject());

    /// <summary>Resources of a type.</summary>
    public IReadOnlyList<JsonObject> Resources(string type) => [.. All.Where(resource => Text(resource, "type") == type)];

    /// <summary>The value at a path such as <c>properties.siteConfig.minTlsVersion</c>; null when there is none.</summary>
    public static JsonNode? At(JsonNode? node, string path) => path.Split('.').Aggregate(node, (current, key) => current is JsonObject o ? o[key] : null);

    /// <summary>The text at a path; empty when there is none.</summary>
    public static string Text(JsonNode? node, string path) => At(node, path)?.ToString() ?? "";

    /// <summary>Sets the value at a path, or takes it away.</summary>
    public static void Set(JsonNode node, string path, JsonNode? value)
    {
        int dot = path.LastIndexOf('.');
        JsonObject parent = (dot < 0 ? node : At(node, path[..dot]))!.AsObject();
        parent.Remove(path[(dot + 1)..]);
        if (value is not null)
        {
            parent[path[(dot + 1)..]] = value;
        }
    }

    public static string NameOf(JsonObject resource) => Text(resource, "name");

    /// <summary>The resource that an extension (a role, a lock, a diagnostic setting) belongs to.</summary>
    public static string ScopeOf(JsonObject extension)
    {
        string id = Text(extension, "id");
        return Extension().Match(id) is { Success: true } expression
            ? expression.Groups[1].Value
            : id[..id.LastIndexOf("/providers/", StringComparison.Ordinal)];
    }

    /// <summary>Takes a resource away.</summary>
    public void Remove(JsonObject resource) => _root["predictedResources"]!.AsArray().Remove(resource);

    /// <summary>Adds a copy of a resource, changed.</summary>
    public void Add(JsonObject resource, Action<JsonObject> change)
    {
        JsonObject copy = resource.DeepClone().AsObject();
        change(copy);
        _root["predictedResources"]!.AsArray().Add(copy);
    }

    public override string ToString() => _root.ToJsonString();

    [GeneratedRegex(@"^\[extensionResourceId\('([^']+)'")]
    private static partial Regex Extension();
}
