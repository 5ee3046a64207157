using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Serverless.Gateway.Access;
using Serverless.Tests;

namespace Serverless.Gateway.Tests.App;

/// <summary>What an administrator is told of an instance, and nobody else.</summary>
public sealed class AdminTests
{
    private const string AdminKey = "gw-administrator-key-1";
    private const string ReaderKey = "gw-reader-key-1234567";
    private const string ProviderKey = "sk-provider-secret-1";

    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_status_names_what_is_served_and_no_secret()
    {
        string journal = Directory.CreateTempSubdirectory("serverless-journal-").FullName;
        int port = AppProcess.FreePort();
        await using var app = AppProcess.Start(["--urls", $"http://127.0.0.1:{port}"], Configuration(journal));
        using HttpClient client = await app.ReadyAsync(port);
        await using (var held = new FileStream(Path.Combine(journal, "held"), FileMode.CreateNew, FileAccess.Write, FileShare.None))
        {
            // Another process holds its journal; its rows wait.
            await held.WriteAsync("{}\n"u8.ToArray(), Token);
            await held.FlushAsync(Token);
            File.Move(held.Name, Path.Combine(journal, "held.journal"));
            string text = await ReadAsync(client, "/admin/status", AdminKey, HttpStatusCode.OK);
            Assert.Equal(Shape(text), Shape(await ReadAsync(client, "/ai-gateway/admin/status", AdminKey, HttpStatusCode.OK)));

            JsonElement status = JsonElement.Parse(text);
            Assert.StartsWith("0.", status.GetProperty("version").GetString());
            Assert.Equal(2, status.GetProperty("callers").GetInt32());
            JsonElement endpoint = Assert.Single(status.GetProperty("endpoints").EnumerateArray());
            Assert.Equal("fast", endpoint.GetProperty("name").GetString());
            Assert.Equal("eu/gpt-5", Assert.Single(endpoint.GetProperty("destinations").EnumerateArray()).GetString());
            JsonElement provider = Assert.Single(status.GetProperty("providers").EnumerateArray());
            Assert.Equal(("eu", "openai", true), (provider.GetProperty("name").GetString(), provider.GetProperty("kind").GetString(), provider.GetProperty("has_key").GetBoolean()));
            Assert.Equal("https://eu.example/v1", provider.GetProperty("base_url").GetString()!.TrimEnd('/'));
            JsonElement usage = status.GetProperty("usage");
            Assert.Equal(("sqlite", "storing"), (usage.GetProperty("store").GetString(), usage.GetProperty("state").GetString()));
            Assert.Equal((1, 3), (usage.GetProperty("journal").GetProperty("files").GetInt32(), usage.GetProperty("journal").GetProperty("bytes").GetInt32()));
            foreach (string secret in (string[])[AdminKey, ReaderKey, ProviderKey, KeyHash.Of(AdminKey).ToHex(), "header-secret"])
            {
                Assert.DoesNotContain(secret, text);
            }
        }

        Directory.Delete(journal, recursive: true);
    }

    [Theory]
    [InlineData(ReaderKey, HttpStatusCode.Forbidden, "admin_only")]
    [InlineData("gw-unknown-key-1234567", HttpStatusCode.Unauthorized, "invalid_api_key")]
    [InlineData(null, HttpStatusCode.Unauthorized, "missing_api_key")]
    public async Task Nobody_else_may_see_it(string? key, HttpStatusCode status, string code)
    {
        int port = AppProcess.FreePort();
        await using var app = AppProcess.Start(["--urls", $"http://127.0.0.1:{port}"], Configuration(Path.GetTempPath()));
        using HttpClient client = await app.ReadyAsync(port);

        JsonElement error = JsonElement.Parse(await ReadAsync(client, "/admin/status", key, status)).GetProperty("error");
        Assert.Equal(code, error.GetProperty("code").GetString());
    }

    private static string Configuration(string journal) => $$"""
        {
          "discover": false,
          "usage": { "journalFolder": "{{journal}}" },
          "providers": { "eu": { "kind": "openai", "baseUrl": "https://eu.example/v1", "apiKey": "{{ProviderKey}}", "headers": { "X-Team": "header-secret" } } },
          "endpoints": { "fast": { "destinations": ["eu/gpt-5"] } },
          "callers": [
            { "id": "root", "role": "admin", "keySha256": "{{KeyHash.Of(AdminKey).ToHex()}}" },
            { "id": "audit", "role": "reader", "keySha256": "{{KeyHash.Of(ReaderKey).ToHex()}}" }
          ]
        }
        """;

    private static string Shape(string status) => string.Join(',', JsonElement.Parse(status).EnumerateObject().Select(property => property.Name));

    private static async Task<string> ReadAsync(HttpClient client, string path, string? key, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        using HttpResponseMessage response = await client.SendAsync(request, Token);
        string body = await response.Content.ReadAsStringAsync(Token);
        Assert.True(expected == response.StatusCode, body);
        return body;
    }
}
