using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using NSubstitute;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Providers;
using Serverless.Gateway.Routing;
using Serverless.Gateway.Tests.Configuration;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Tests.Routing;

public sealed class EndpointDirectoryTests
{
    private const string Json = """
        {
          "discover": false,
          "providers": {
            "openai": { "apiKey": "k" },
            "closed": { "kind": "openai-compatible", "baseUrl": "http://127.0.0.1:1/v1", "models": [] },
            "azure": { "kind": "azure-openai", "apiKey": "k", "baseUrl": "https://x.openai.azure.com", "models": ["gpt", "embed/large"] }
          },
          "endpoints": {
            "fast": { "destinations": ["openai/gpt-mini", "closed/llama"] },
            "openai/gpt-pinned": { "destinations": ["azure/gpt"] }
          }
        }
        """;

    [Theory]
    [InlineData("fast", "openai/gpt-mini", "closed/llama")]
    [InlineData("openai/gpt-pinned", "azure/gpt")]
    [InlineData("openai/gpt-5.1", "openai/gpt-5.1")]
    [InlineData("openai/ft:gpt/acme", "openai/ft:gpt/acme")]
    [InlineData("azure/gpt", "azure/gpt")]
    [InlineData("azure/embed/large", "azure/embed/large")]
    public void A_name_leads_to_its_destinations(string name, params string[] destinations)
    {
        GatewayEndpoint? endpoint = Directory().Find(name);

        Assert.Equal(name, endpoint!.Name);
        Assert.Equal(destinations, endpoint.Destinations.Select(d => d.Name));
        Assert.Equal(destinations, endpoint.Destinations.Select(d => $"{d.Provider.Name}/{d.Model}"));
    }

    [Theory]
    [InlineData("FAST")]
    [InlineData("gpt-5.1")]
    [InlineData("openai/")]
    [InlineData("openai")]
    [InlineData("/gpt")]
    [InlineData("OpenAI/gpt")]
    [InlineData("closed/llama")]
    [InlineData("azure/other")]
    [InlineData("")]
    public void Any_other_name_leads_nowhere(string name) => Assert.Null(Directory().Find(name));

    [Fact]
    public async Task Lists_hold_endpoints_and_the_models_that_are_known()
    {
        IReadOnlyList<GatewayEndpoint> all = await new EndpointDirectory(
            Settings.Read(Json.Replace("\"apiKey\": \"k\" },\n", "\"apiKey\": \"k\", \"baseUrl\": \"http://127.0.0.1:1/v1\" },\n")), new GatewayLimits(), Catalogue(), TimeProvider.System)
            .ListAsync(TestContext.Current.CancellationToken);

        Assert.Equal(["fast", "openai/gpt-pinned", "azure/embed/large", "azure/gpt"], all.Select(e => e.Name).OrderBy(n => n.StartsWith("azure", StringComparison.Ordinal)).ThenBy(n => n));
    }

    [Theory]
    [InlineData("""{"object":"list","data":[{"id":"gpt-5.1"},{"id":"o3"}]}""", "gpt-5.1", "o3")]
    [InlineData("""{"models":[{"name":"models/gemini-3-pro"},{"name":"models/embedding-1"}]}""", "gemini-3-pro", "embedding-1")]
    [InlineData("""{"endpoints":[{"name":"databricks-claude","id":"x"}]}""", "x")]
    [InlineData("""[{"id":"a"},"b",7]""", "a", "b")]
    [InlineData("""{"error":"no"}""")]
    public void Lists_of_models_are_read_in_every_shape(string json, params string[] names) =>
        Assert.Equal(names, ModelCatalogue.ParseNames(JsonElement.Parse(json)));

    [Fact]
    public async Task A_list_is_fetched_once_kept_and_kept_over_a_failure()
    {
        var time = new FakeTimeProvider();
        ModelCatalogue catalogue = Catalogue(time);
        var upstream = new Upstream();
        IProvider provider = upstream.Provider();

        IReadOnlyList<string>[] lists = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => catalogue.ListAsync(provider)));
        Assert.All(lists, list => Assert.Equal(["m1"], list));
        Assert.Equal(1, upstream.Calls);

        time.Advance(ModelCatalogue.Lifetime);
        upstream.Status = HttpStatusCode.InternalServerError;
        Assert.Equal(["m1"], await catalogue.ListAsync(provider));
        Assert.Equal(["m1"], await catalogue.ListAsync(provider));
        Assert.Equal(2, upstream.Calls);

        time.Advance(ModelCatalogue.Pause);
        upstream.Status = HttpStatusCode.OK;
        Assert.Equal(["m3"], await catalogue.ListAsync(provider));
    }

    [Fact]
    public async Task A_slow_provider_is_left_out()
    {
        var time = new FakeTimeProvider();
        var upstream = new Upstream { Hangs = true };
        Task<IReadOnlyList<string>> list = Catalogue(time).ListAsync(upstream.Provider());
        await upstream.Called.Task;
        Assert.False(list.IsCompleted);

        time.Advance(ModelCatalogue.Patience);
        Assert.Empty(await list);
    }

    private static ModelCatalogue Catalogue(TimeProvider? time = null) => new(time ?? TimeProvider.System, NullLogger<ModelCatalogue>.Instance);

    private static EndpointDirectory Directory() => new(Settings.Read(Json), new GatewayLimits(), Catalogue(), TimeProvider.System);

    private sealed class Upstream : HttpMessageHandler
    {
        public int Calls { get; private set; }

        public HttpStatusCode Status { get; set; } = HttpStatusCode.OK;

        public bool Hangs { get; init; }

        public TaskCompletionSource Called { get; } = new();

        public IProvider Provider()
        {
            IProvider provider = Substitute.For<IProvider>();
            provider.Dialects("").Returns([DialectIds.ChatCompletions]);
            provider.ModelsPath.Returns("models");
            provider.Connections.Returns(new HttpMessageInvoker(this));
            provider.CreateRequestAsync(Arg.Any<UpstreamRequest>(), Arg.Any<CancellationToken>())
                .Returns(_ => ValueTask.FromResult(new HttpRequestMessage(HttpMethod.Get, "http://upstream.test/models")));
            return provider;
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Calls++;
            Called.TrySetResult();
            if (Hangs)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            return new HttpResponseMessage(Status) { Content = new StringContent($$"""{"data":[{"id":"m{{Calls}}"}]}""", Encoding.UTF8, "application/json") };
        }
    }
}
