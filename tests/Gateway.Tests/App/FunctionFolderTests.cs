using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Endpoints;
using Serverless.Gateway.Tests.Configuration;
using Serverless.Tests;

namespace Serverless.Gateway.Tests.App;

/// <summary>
/// What the Functions host reads must fit what the gateway serves: a family without a function cannot be reached on Azure. Functions, routes and
/// mapped endpoints are held to one table, for the custom handler and for the isolated worker.
/// </summary>
public sealed partial class FunctionFolderTests
{
    /// <summary>Each function's name and route. A catch-all takes the bare path, too.</summary>
    private static readonly SortedDictionary<string, string> Functions = new(StringComparer.Ordinal)
    {
        ["admin"] = "ai-gateway/admin/{*path}",
        ["ai-gateway"] = "ai-gateway/{*path}",
        ["anthropic"] = "anthropic/{*path}",
        ["codex"] = "codex/{*path}",
        ["cursor"] = "cursor/{*path}",
        ["gemini"] = "gemini/{*path}",
        ["health"] = "health",
        ["mlflow"] = "mlflow/{*path}",
        ["openai"] = "openai/{*path}",
        ["reports"] = "reports/{*path}",
        ["v1"] = "v1/{*path}",
    };

    private static readonly string AppFolder = Path.Combine(Repository.Root, "functions", "App");

    [Fact]
    public void The_folders_are_the_functions() =>
        Assert.Equal(Functions.Keys, new DirectoryInfo(AppFolder).GetDirectories().Where(folder => File.Exists(Path.Combine(folder.FullName, "function.json"))).Select(folder => folder.Name).Order(StringComparer.Ordinal));

    /// <summary>They differ in nothing but the route. An output that is called <c>$return</c> makes early proxying hosts fail after the answer was sent.</summary>
    [Fact]
    public void Every_function_is_one_that_the_host_can_proxy()
    {
        foreach ((string name, string route) in Functions)
        {
            JsonNode expected = JsonNode.Parse($$"""
                {
                  "bindings": [
                    {
                      "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anonymous",
                      "methods": ["get", "head", "post", "put", "patch", "delete", "options"],
                      "route": "{{route}}"
                    },
                    { "type": "http", "direction": "out", "name": "res" }
                  ]
                }
                """)!;
            string text = File.ReadAllText(Path.Combine(AppFolder, name, "function.json"));
            Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(text)), $"{name}/function.json: {text}");
            Assert.Matches("^[A-Za-z][A-Za-z0-9_-]{0,126}$", name);

            // The host keeps these prefixes for itself and refuses a function that wants one.
            Assert.DoesNotMatch("^(admin|runtime)", route);
        }
    }

    [Fact]
    public void The_isolated_worker_has_the_same_functions()
    {
        string source = File.ReadAllText(Path.Combine(Repository.Root, "functions", "Worker", "ApiFunctions.cs"));

        Assert.Equal(Functions, WorkerFunction().Matches(source).ToDictionary(match => match.Groups["name"].Value, match => match.Groups["route"].Value));
        Assert.Equal(Functions.Count, source.Split("[Function(").Length - 1);
    }

    /// <summary>The host tries functions in the order of their names and takes the first whose route fits, the most specific or not.</summary>
    [Fact]
    public void Every_endpoint_is_reached_through_the_function_of_its_family()
    {
        Dictionary<string, int> reached = Functions.Keys.ToDictionary(name => name, _ => 0);
        List<string> unreachable = [];
        foreach (string[] path in Patterns().Select(LiteralPrefix))
        {
            string? function = Functions.Keys.FirstOrDefault(name => Fits(Functions[name], path));
            if (function is null)
            {
                unreachable.Add("/" + string.Join('/', path));
                continue;
            }

            Assert.Equal(path is ["ai-gateway", "admin", ..] ? "admin" : path[0], function);
            reached[function]++;
        }

        Assert.All(reached, entry => Assert.True(entry.Value > 0, $"{entry.Key} leads to nothing"));

        // The host answers the root itself when it asks for readiness, and does not let /admin through: it is reached as /ai-gateway/admin.
        Assert.Equal(["/", "/admin/status"], unreachable.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_path_stands_bare_and_under_the_prefix()
    {
        HashSet<string> paths = [.. Patterns().Select(pattern => pattern.RawText!).Except(["/", "/health", "/{**rest}"])];
        ILookup<bool, string> byPrefix = paths.ToLookup(path => path.StartsWith("/ai-gateway/", StringComparison.Ordinal));

        Assert.Equal(byPrefix[false].Select(path => "/ai-gateway" + path).Order(), byPrefix[true].Order());
    }

    [Fact]
    public void The_host_proxies_to_the_executable_and_adds_no_prefix()
    {
        JsonElement host = JsonElement.Parse(File.ReadAllText(Path.Combine(Repository.Root, "host.json")));
        JsonElement handler = host.GetProperty("customHandler");

        Assert.Equal("Serverless.App", handler.GetProperty("description").GetProperty("defaultExecutablePath").GetString());
        Assert.True(handler.GetProperty("enableProxyingHttpRequest").GetBoolean());
        Assert.False(handler.TryGetProperty("enableForwardingHttpRequest", out _), "forwarding holds a stream back until its end");
        Assert.False(handler.TryGetProperty("http", out _), "routes in host.json and function.json files together keep the host from starting");
        Assert.Equal("", host.GetProperty("extensions").GetProperty("http").GetProperty("routePrefix").GetString());
        Assert.True(TimeSpan.Parse(host.GetProperty("functionTimeout").GetString()!, null) > new GatewayLimits().FirstByte, "the host kills the process when a function's time is up");
    }

    [Fact]
    public void The_worker_has_the_same_host_settings()
    {
        JsonObject host = JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.Root, "host.json")))!.AsObject();
        host.Remove("customHandler");

        Assert.Equal(host.ToJsonString(), JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.Root, "functions", "Worker", "host.json")))!.ToJsonString());
    }

    [GeneratedRegex("""\[Function\("(?<name>[^"]+)"\)\]\s+public Task \w+\(\[HttpTrigger\(AuthorizationLevel\.Anonymous, Route = "(?<route>[^"]+)"\)\] HttpRequest request\) => gateway\.RunAsync\(request\);""")]
    private static partial Regex WorkerFunction();

    private static bool Fits(string route, string[] path)
    {
        string[] segments = route.Split('/');
        return segments[^1] == "{*path}"
            ? path.Length >= segments.Length - 1 && path.Take(segments.Length - 1).SequenceEqual(segments[..^1])
            : path.SequenceEqual(segments);
    }

    private static string[] LiteralPrefix(RoutePattern pattern) =>
        [.. pattern.PathSegments.TakeWhile(segment => segment.IsSimple && segment.Parts[0] is RoutePatternLiteralPart).Select(segment => ((RoutePatternLiteralPart)segment.Parts[0]).Content)];

    private static IReadOnlyList<RoutePattern> Patterns()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddGateway(Settings.Configuration());
        WebApplication app = builder.Build();
        app.MapGateway();
        return [.. ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().Select(endpoint => endpoint.RoutePattern)];
    }
}
