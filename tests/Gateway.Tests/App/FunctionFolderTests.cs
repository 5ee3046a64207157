using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Endpoints;
using Serverless.Gateway.Tests.Configuration;
using Serverless.Tests;

namespace Serverless.Gateway.Tests.App;

/// <summary>What the Functions host reads must fit what the gateway serves: a family without a folder cannot be reached on Azure.</summary>
public sealed class FunctionFolderTests
{
    private static readonly string AppFolder = Path.Combine(Repository.Root, "functions", "App");

    public static TheoryData<string> Folders => [.. Directory.GetFiles(AppFolder, "function.json", SearchOption.AllDirectories)
        .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}") && !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}"))
        .Select(path => Path.GetFileName(Path.GetDirectoryName(path)!))];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Each_folder_is_a_function_that_the_host_can_proxy(string folder)
    {
        JsonElement[] bindings = [.. Bindings(folder)];
        Assert.Equal(["http", "httpTrigger"], bindings.Select(b => b.GetProperty("type").GetString()).Order());
        Assert.Equal("anonymous", bindings[0].GetProperty("authLevel").GetString());

        // "$return" makes early proxying hosts fail after the answer was sent.
        Assert.Equal("res", bindings[1].GetProperty("name").GetString());
        Assert.Matches("^[A-Za-z][A-Za-z0-9_-]{0,126}$", folder);
        Assert.Equal(folder == "health" ? "health" : folder + "/{*path}", bindings[0].GetProperty("route").GetString());
    }

    [Fact]
    public void Folders_and_families_are_the_same()
    {
        string[] families = [.. Routes()
            .Select(route => route.PathSegments.FirstOrDefault()?.Parts is [RoutePatternLiteralPart literal] ? literal.Content : null)
            .OfType<string>()
            .Distinct()
            .Order()];

        Assert.Equal(Folders.Select(folder => folder.Data).Order(), families);
    }

    [Fact]
    public void The_host_lets_every_method_through_that_a_family_answers()
    {
        foreach (string folder in Folders.Select(row => row.Data).Where(folder => folder is not "health" and not "reports"))
        {
            Assert.Superset(
                new HashSet<string?> { "get", "head", "post", "options", "put", "patch", "delete" },
                Bindings(folder)[0].GetProperty("methods").EnumerateArray().Select(method => method.GetString()).ToHashSet());
        }
    }

    [Fact]
    public void The_host_proxies_to_the_executable_and_adds_no_prefix()
    {
        JsonElement host = JsonElement.Parse(File.ReadAllText(Path.Combine(Repository.Root, "host.json")));
        JsonElement handler = host.GetProperty("customHandler");

        Assert.Equal("Serverless.App", handler.GetProperty("description").GetProperty("defaultExecutablePath").GetString());
        Assert.True(handler.GetProperty("enableProxyingHttpRequest").GetBoolean());
        Assert.False(handler.TryGetProperty("http", out _), "routes in host.json and function.json files together keep the host from starting");
        Assert.Equal("", host.GetProperty("extensions").GetProperty("http").GetProperty("routePrefix").GetString());
        Assert.True(TimeSpan.Parse(host.GetProperty("functionTimeout").GetString()!, null) > new GatewayLimits().FirstByte, "the host kills the process when a function's time is up");
    }

    private static List<JsonElement> Bindings(string folder) =>
        [.. JsonElement.Parse(File.ReadAllText(Path.Combine(AppFolder, folder, "function.json"))).GetProperty("bindings").EnumerateArray()];

    private static List<RoutePattern> Routes()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddGateway(Settings.Configuration());
        WebApplication app = builder.Build();
        app.MapGateway();
        return [.. ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().Select(endpoint => endpoint.RoutePattern)];
    }
}
