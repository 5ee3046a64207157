using Serverless.Gateway.Configuration;

namespace Serverless.Gateway.Tests.Configuration;

public sealed class ProviderDiscoveryTests
{
    [Theory]
    [InlineData("openai", "https://api.openai.com/v1", "OPENAI_API_KEY=k")]
    [InlineData("openai", "https://eu.api.openai.com/v1", "OPENAI_API_KEY=k", "OPENAI_BASE_URL=https://eu.api.openai.com/v1")]
    [InlineData("anthropic", "https://api.anthropic.com/", "ANTHROPIC_API_KEY=k")]
    [InlineData("gemini", "https://generativelanguage.googleapis.com/", "GEMINI_API_KEY=k")]
    [InlineData("azure", "https://x.openai.azure.com/", "AZURE_OPENAI_ENDPOINT=https://x.openai.azure.com/")]
    [InlineData("azure", "https://x.openai.azure.com/", "AZURE_OPENAI_ENDPOINT=https://x.openai.azure.com/openai/v1/", "AZURE_OPENAI_API_KEY=k")]
    [InlineData("databricks", "https://adb-1.azuredatabricks.net/", "DATABRICKS_HOST=adb-1.azuredatabricks.net", "DATABRICKS_TOKEN=k")]
    [InlineData("databricks", "https://adb-1.azuredatabricks.net/", "DATABRICKS_HOST=https://adb-1.azuredatabricks.net", "DATABRICKS_TOKEN=k")]
    [InlineData("ollama", "http://127.0.0.1:11434/v1", "OLLAMA_HOST=0.0.0.0")]
    [InlineData("ollama", "http://gpu:11434/v1", "OLLAMA_HOST=gpu")]
    [InlineData("ollama", "http://gpu:9000/v1", "OLLAMA_HOST=gpu:9000")]
    [InlineData("ollama", "http://gpu/v1", "OLLAMA_HOST=gpu:80")]
    [InlineData("ollama", "https://ollama.example/v1", "OLLAMA_HOST=https://ollama.example")]
    [InlineData("ollama", "http://127.0.0.1:9999/v1", "OLLAMA_HOST=http://127.0.0.1:9999/")]
    [InlineData("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY=k")]
    public void Each_credential_brings_its_provider(string name, string baseUrl, params string[] environment)
    {
        ProviderSettings provider = Assert.Single(Read("{}", environment).Providers, p => p.Name == name);

        Assert.Equal(baseUrl, provider.BaseUrl!.AbsoluteUri);
        Assert.NotNull(provider.FoundBy);
        Assert.Null(provider.Models);
    }

    [Fact]
    public void Empty_variables_are_none() => Assert.DoesNotContain(Read("{}", "OPENAI_API_KEY=", "OLLAMA_HOST= ").Providers, p => p.Name is "openai" or "ollama");

    [Fact]
    public void What_is_configured_goes_before_what_is_found()
    {
        GatewaySettings settings = Read("""{ "providers": { "openai": { "apiKey": "mine" } } }""", "OPENAI_API_KEY=theirs", "ANTHROPIC_API_KEY=k");

        Assert.Equal("mine", Assert.Single(settings.Providers, p => p.Name == "openai").ApiKey!.Reveal());
        Assert.Contains(settings.Providers, p => p.Name == "anthropic");
    }

    [Fact]
    public void Discovery_can_be_turned_off() =>
        Assert.DoesNotContain(Read("""{ "discover": false, "providers": { "ollama": {} } }""", "OPENAI_API_KEY=k").Providers, p => p.Name == "openai");

    [Fact]
    public void Turned_off_with_nothing_configured_nothing_can_be_served() => Assert.NotEmpty(Settings.FaultOf("providers", """{ "discover": false }"""));

    [Fact]
    public void A_host_without_its_token_is_noted_and_not_served()
    {
        GatewaySettings settings = Read("{}", "DATABRICKS_HOST=https://adb-1.azuredatabricks.net");

        Assert.DoesNotContain(settings.Providers, p => p.Name == "databricks");
        Assert.Contains("DATABRICKS_TOKEN", Assert.Single(settings.Notes));
    }

    [Fact]
    public void A_shell_set_up_for_this_gateways_clients_makes_no_circle()
    {
        GatewaySettings settings = Read("{}", "ANTHROPIC_API_KEY=k", "ANTHROPIC_BASE_URL=http://localhost:7071/anthropic");

        Assert.Equal("https://api.anthropic.com/", Assert.Single(settings.Providers, p => p.Name == "anthropic").BaseUrl!.AbsoluteUri);
        Assert.Contains("ANTHROPIC_BASE_URL", Assert.Single(settings.Notes));
    }

    private static GatewaySettings Read(string json, params string[] environment) =>
        Settings.Read(json, [.. environment.Select(e => e.Split('=', 2)).Select(e => (e[0], e[1]))]);
}
