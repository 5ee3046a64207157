using System.Net;
using Azure.Core;
using Azure.Identity;
using Microsoft.Extensions.Time.Testing;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Providers;
using Serverless.Gateway.Tests.Configuration;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Tests.Providers;

public sealed class ProviderRequestTests
{
    private static readonly IReadOnlyList<KeyValuePair<string, string>> ClientHeaders =
        [new("anthropic-beta", "b1"), new("Authorization", "Bearer of-the-client"), new("x-api-key", "of-the-client"), new("x-custom", "of-the-client")];

    [Theory]
    [InlineData("""{ "kind": "openai", "apiKey": "k" }""", "openai.chat-completions", "chat/completions", "https://api.openai.com/v1/chat/completions", "Authorization: Bearer k")]
    [InlineData("""{ "kind": "openai", "apiKey": "k" }""", "openai.responses", "responses/input_tokens", "https://api.openai.com/v1/responses/input_tokens", "Authorization: Bearer k")]
    [InlineData("""{ "kind": "anthropic", "apiKey": "k" }""", "anthropic.messages", "v1/messages", "https://api.anthropic.com/v1/messages", "x-api-key: k", "anthropic-version: 2023-06-01", "anthropic-beta: b1")]
    [InlineData("""{ "kind": "anthropic", "apiKey": "k", "baseUrl": "https://proxy.example/v1/" }""", "anthropic.messages", "v1/messages", "https://proxy.example/v1/messages", "x-api-key: k")]
    [InlineData("""{ "kind": "gemini", "apiKey": "k" }""", "gemini.generate-content", "v1beta/models/g:streamGenerateContent?alt=sse", "https://generativelanguage.googleapis.com/v1beta/models/g:streamGenerateContent?alt=sse", "x-goog-api-key: k")]
    [InlineData("""{ "kind": "azure-openai", "apiKey": "k", "baseUrl": "https://x.openai.azure.com" }""", "openai.responses", "responses", "https://x.openai.azure.com/openai/v1/responses", "api-key: k")]
    [InlineData("""{ "kind": "azure-openai", "apiKey": "k", "baseUrl": "https://x.openai.azure.com", "apiVersion": "2024-10-21" }""", "openai.chat-completions", "chat/completions", "https://x.openai.azure.com/openai/deployments/m%201/chat/completions?api-version=2024-10-21", "api-key: k")]
    [InlineData("""{ "kind": "azure-openai", "apiKey": "k", "baseUrl": "https://x.openai.azure.com", "apiVersion": "2024-10-21" }""", "openai.embeddings", "embeddings", "https://x.openai.azure.com/openai/deployments/m%201/embeddings?api-version=2024-10-21", "api-key: k")]
    [InlineData("""{ "kind": "azure-openai", "apiKey": "k", "baseUrl": "https://x.openai.azure.com", "apiVersion": "2025-04-01-preview" }""", "openai.responses", "responses", "https://x.openai.azure.com/openai/responses?api-version=2025-04-01-preview", "api-key: k")]
    [InlineData("""{ "kind": "openai-compatible", "baseUrl": "http://gpu:8000/v1" }""", "openai.chat-completions", "chat/completions", "http://gpu:8000/v1/chat/completions")]
    [InlineData("""{ "kind": "openai-compatible", "baseUrl": "http://gpu:8000/v1", "apiKey": "k" }""", "anthropic.messages", "v1/messages", "http://gpu:8000/v1/messages", "Authorization: Bearer k")]
    [InlineData("""{ "kind": "groq", "apiKey": "k" }""", "openai.chat-completions", "chat/completions", "https://api.groq.com/openai/v1/chat/completions", "Authorization: Bearer k")]
    [InlineData("""{ "kind": "perplexity", "apiKey": "k" }""", "openai.responses", "responses", "https://api.perplexity.ai/v1/responses", "Authorization: Bearer k")]
    [InlineData("""{ "kind": "databricks", "apiKey": "k", "baseUrl": "https://adb.example" }""", "openai.chat-completions", "chat/completions", "https://adb.example/ai-gateway/mlflow/v1/chat/completions", "Authorization: Bearer k")]
    [InlineData("""{ "kind": "databricks", "apiKey": "k", "baseUrl": "https://adb.example" }""", "openai.embeddings", "embeddings", "https://adb.example/ai-gateway/mlflow/v1/embeddings")]
    [InlineData("""{ "kind": "databricks", "apiKey": "k", "baseUrl": "https://adb.example" }""", "openai.responses", "responses", "https://adb.example/ai-gateway/openai/v1/responses")]
    [InlineData("""{ "kind": "databricks", "apiKey": "k", "baseUrl": "https://adb.example" }""", "anthropic.messages", "v1/messages", "https://adb.example/ai-gateway/anthropic/v1/messages")]
    [InlineData("""{ "kind": "databricks", "apiKey": "k", "baseUrl": "https://adb.example" }""", "gemini.generate-content", "v1beta/models/g:generateContent", "https://adb.example/ai-gateway/gemini/v1beta/models/g:generateContent")]
    [InlineData("""{ "kind": "databricks", "apiKey": "k", "baseUrl": "https://adb.example" }""", "openai.chat-completions", "api/2.0/serving-endpoints", "https://adb.example/api/2.0/serving-endpoints")]
    [InlineData("""{ "kind": "databricks", "apiKey": "k", "baseUrl": "https://adb.example/serving-endpoints" }""", "openai.chat-completions", "chat/completions", "https://adb.example/serving-endpoints/chat/completions")]
    public async Task Each_kind_has_its_address_and_credential(string provider, string dialect, string path, string url, params string[] headers)
    {
        using HttpRequestMessage request = await Create(provider).CreateRequestAsync(Ask(dialect, path, "m 1"), TestContext.Current.CancellationToken);

        Assert.Equal(url, request.RequestUri!.AbsoluteUri);
        Assert.Equal((HttpVersion.Version20, HttpVersionPolicy.RequestVersionOrLower), (request.Version, request.VersionPolicy));
        string[] sent = [.. request.Headers.Select(h => $"{h.Key}: {string.Join(",", h.Value)}")];
        Assert.All(headers, header => Assert.Contains(header, sent));
    }

    [Theory]
    [InlineData("""{ "kind": "openai", "apiKey": "k" }""", "openai.responses", "Authorization")]
    [InlineData("""{ "kind": "anthropic", "apiKey": "k" }""", "anthropic.messages", "x-api-key")]
    public async Task The_gateways_credential_stands_in_for_the_clients(string provider, string dialect, string header)
    {
        using HttpRequestMessage request = await Create(provider).CreateRequestAsync(Ask(dialect, "v1/x"), TestContext.Current.CancellationToken);
        Assert.EndsWith("k", Assert.Single(request.Headers.GetValues(header)));
    }

    [Fact]
    public async Task Configured_headers_go_over_the_clients()
    {
        IProvider provider = Create("""{ "kind": "openai", "apiKey": "k", "headers": { "X-Custom": "env:VALUE" } }""", ("VALUE", "configured"));
        using HttpRequestMessage request = await provider.CreateRequestAsync(Ask("openai.responses", "responses"), TestContext.Current.CancellationToken);
        Assert.Equal("configured", Assert.Single(request.Headers.GetValues("x-custom")));
    }

    [Fact]
    public async Task Anthropics_version_is_the_clients_own()
    {
        UpstreamRequest ask = Ask("anthropic.messages", "v1/messages") with { Headers = [new("anthropic-version", "2026-10-21")] };
        using HttpRequestMessage request = await Create("""{ "kind": "anthropic", "apiKey": "k" }""").CreateRequestAsync(ask, TestContext.Current.CancellationToken);
        Assert.Equal("2026-10-21", Assert.Single(request.Headers.GetValues("anthropic-version")));
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("a/../../b")]
    public async Task A_model_cannot_climb_in_a_deployments_path(string model)
    {
        IProvider provider = Create("""{ "kind": "azure-openai", "apiKey": "k", "baseUrl": "https://x.openai.azure.com", "apiVersion": "2024-10-21" }""");
        Task<HttpRequestMessage> request = provider.CreateRequestAsync(Ask("openai.chat-completions", "chat/completions", model), TestContext.Current.CancellationToken).AsTask();

        if (model.Contains('/'))
        {
            Assert.Equal("/openai/deployments/a%2F..%2F..%2Fb/chat/completions", (await request).RequestUri!.AbsolutePath);
        }
        else
        {
            Assert.Equal("model", (await Assert.ThrowsAsync<GatewayException>(() => request)).Error.Param);
        }
    }

    [Fact]
    public async Task An_encoded_step_up_in_a_dialects_path_is_refused()
    {
        IProvider provider = Create("""{ "kind": "gemini", "apiKey": "k" }""");
        await Assert.ThrowsAsync<GatewayException>(async () =>
            await provider.CreateRequestAsync(Ask("gemini.generate-content", "v1beta/models/%2E%2E/x:generateContent", "../x"), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("databricks-claude-sonnet-4-5", "anthropic.messages", "openai.chat-completions")]
    [InlineData("databricks-gpt-5-1", "openai.responses", "openai.chat-completions")]
    [InlineData("databricks-gpt-oss-120b", "openai.chat-completions")]
    [InlineData("databricks-gemini-3-pro", "gemini.generate-content", "openai.chat-completions")]
    [InlineData("databricks-gte-large-en", "openai.embeddings")]
    [InlineData("my-endpoint", "openai.chat-completions", "openai.embeddings")]
    public void Databricks_speaks_each_makers_dialect(string model, params string[] dialects) =>
        Assert.Equal(dialects, Create("""{ "kind": "databricks", "apiKey": "k", "baseUrl": "https://adb.example" }""").Dialects(model).Select(d => d.Name));

    [Fact]
    public void Perplexity_speaks_Responses_alone_and_is_not_sent_what_it_refuses()
    {
        IProvider provider = Create("""{ "kind": "perplexity", "apiKey": "k" }""");

        Assert.Equal([DialectIds.Responses], provider.Dialects("perplexity/sonar"));
        Assert.Contains("text", provider.Quirks(DialectIds.Responses, "perplexity/sonar").RefusedFields);
    }

    [Fact]
    public void Configured_dialects_and_quirks_stand_in_for_the_kinds()
    {
        IProvider provider = Create("""{ "kind": "mistral", "apiKey": "k", "dialects": ["openai.responses"], "quirks": { "toolCallIdLength": 12 } }""");

        Assert.Equal([DialectIds.Responses], provider.Dialects("m"));
        DialectQuirks quirks = provider.Quirks(DialectIds.ChatCompletions, "m");
        Assert.Equal((12, "random_seed"), (quirks.ToolCallIdLength, quirks.SeedField));
    }

    [Fact]
    public async Task Without_a_key_azure_is_asked_with_a_token_of_entra()
    {
        var credential = new FakeCredential();
        using AzureOpenAIProvider provider = Azure(credential, "https://x.openai.azure.com", new FakeTimeProvider());

        using HttpRequestMessage request = await provider.CreateRequestAsync(Ask("openai.responses", "responses"), TestContext.Current.CancellationToken);

        Assert.Equal("Bearer token-1", request.Headers.Authorization!.ToString());
        Assert.False(request.Headers.Contains("api-key"));
        Assert.Equal("https://cognitiveservices.azure.com/.default", credential.Scope);
    }

    [Fact]
    public async Task A_sovereign_cloud_has_its_own_audience()
    {
        var credential = new FakeCredential();
        using AzureOpenAIProvider provider = Azure(credential, "https://x.openai.azure.us", new FakeTimeProvider());
        using HttpRequestMessage request = await provider.CreateRequestAsync(Ask("openai.responses", "responses"), TestContext.Current.CancellationToken);
        Assert.Equal("https://cognitiveservices.azure.us/.default", credential.Scope);
    }

    [Fact]
    public async Task A_token_is_kept_renewed_in_time_and_outlives_a_failing_renewal()
    {
        var time = new FakeTimeProvider();
        var credential = new FakeCredential { Time = time };
        using var token = new EntraToken(new Lazy<TokenCredential>(credential), "scope", time);

        string[] first = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => token.GetAsync(CancellationToken.None).AsTask()));
        Assert.All(first, value => Assert.Equal("token-1", value));

        time.Advance(TimeSpan.FromMinutes(54));
        Assert.Equal("token-1", await token.GetAsync(CancellationToken.None));

        time.Advance(TimeSpan.FromMinutes(2));
        credential.Fails = true;
        Assert.Equal("token-1", await token.GetAsync(CancellationToken.None));

        credential.Fails = false;
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("token-3", await token.GetAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Without_an_identity_it_is_the_gateways_fault()
    {
        using var token = new EntraToken(new Lazy<TokenCredential>(new FakeCredential { Fails = true }), "scope", TimeProvider.System);

        GatewayException exception = await Assert.ThrowsAsync<GatewayException>(async () => await token.GetAsync(CancellationToken.None));
        Assert.Equal((502, "provider_credential"), (exception.Error.Status, exception.Error.Code));
        Assert.DoesNotContain("tenant", exception.Error.Message);
    }

    private static AzureOpenAIProvider Azure(TokenCredential credential, string endpoint, TimeProvider time) =>
        new(new ProviderSettings("azure", AzureOpenAIProvider.Row) { BaseUrl = new Uri(endpoint) }, new GatewayLimits(), () => credential, time);

    private static IProvider Create(string provider, params (string, string)[] environment)
    {
        ProviderSettings settings = Settings.Read($$"""{ "discover": false, "providers": { "p": {{provider}} } }""", environment).Providers.Single();
        return settings.Kind.Create(settings, new GatewayLimits());
    }

    private static UpstreamRequest Ask(string dialect, string path, string model = "m") => new(new DialectId(dialect), HttpMethod.Post, path, model, null, ClientHeaders);

    private sealed class FakeCredential : TokenCredential
    {
        private int _count;

        public TimeProvider Time { get; init; } = TimeProvider.System;

        public bool Fails { get; set; }

        public string? Scope { get; private set; }

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) => throw new NotSupportedException();

        public override async ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            Scope = requestContext.Scopes.Single();
            int number = Interlocked.Increment(ref _count);
            await Task.Yield();
            return Fails ? throw new AuthenticationFailedException("tenant 123 refused") : new AccessToken($"token-{number}", Time.GetUtcNow().AddHours(1));
        }
    }
}
