using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Serverless.Gateway.Endpoints;

namespace Serverless.Gateway.Tests.Pipeline;

public sealed class LoopbackGuardTests
{
    [Theory]
    [InlineData("localhost", null)]
    [InlineData("localhost:7071", null)]
    [InlineData("127.0.0.1:7071", null)]
    [InlineData("[::1]:7071", null)]
    [InlineData("localhost:7071", "http://localhost:3000")]
    [InlineData("localhost:7071", "http://[::1]:3000")]
    public async Task A_loopback_name_is_served(string host, string? origin) => Assert.Equal(299, (await AskAsync(host, origin)).Status);

    [Theory]
    [InlineData("attacker.example", null)]
    [InlineData("localhost.attacker.example", null)]
    [InlineData("127.0.0.1.nip.io", null)]
    [InlineData("192.168.1.20:7071", null)]
    [InlineData("", null)]
    [InlineData("localhost:7071", "https://attacker.example")]
    [InlineData("localhost:7071", "http://localhost.attacker.example")]
    [InlineData("localhost:7071", "null")]
    [InlineData("localhost:7071", "file://")]
    public async Task Any_other_name_or_page_is_refused(string host, string? origin) => Assert.Equal(403, (await AskAsync(host, origin)).Status);

    [Theory]
    [InlineData("/v1/chat/completions", "error.message")]
    [InlineData("/anthropic/v1/messages", "error.type=permission_error")]
    [InlineData("/ai-gateway/anthropic/v1/messages", "error.type=permission_error")]
    [InlineData("/gemini/v1beta/models/x:generateContent", "error.status=PERMISSION_DENIED")]
    public async Task The_refusal_is_in_the_familys_words(string path, string expected)
    {
        (int status, string body) = await AskAsync("attacker.example", null, path);

        Assert.Equal(403, status);
        JsonElement at = JsonElement.Parse(body);
        string[] parts = expected.Split('=');
        foreach (string name in parts[0].Split('.'))
        {
            at = at.GetProperty(name);
        }

        Assert.Equal(parts.Length > 1 ? parts[1] : at.GetString(), at.GetString());
        Assert.Contains("callers", body);
    }

    private static async Task<(int Status, string Body)> AskAsync(string host, string? origin, string path = "/v1/models")
    {
        var body = new MemoryStream();
        var context = new DefaultHttpContext();
        context.Response.Body = body;
        context.Request.Path = path;
        context.Request.Headers.Host = host;
        if (origin is not null)
        {
            context.Request.Headers.Origin = origin;
        }

        await new LoopbackGuard(served =>
        {
            served.Response.StatusCode = 299;
            return Task.CompletedTask;
        }).InvokeAsync(context);
        await context.Response.BodyWriter.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal(context.Response.StatusCode == 403, context.Response.Headers.ContainsKey("x-request-id"));
        return (context.Response.StatusCode, System.Text.Encoding.UTF8.GetString(body.ToArray()));
    }
}
