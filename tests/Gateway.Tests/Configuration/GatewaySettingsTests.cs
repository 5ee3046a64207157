using Serverless.Gateway.Access;
using Serverless.Gateway.Configuration;
using Serverless.Gateway.Routing;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Tests.Configuration;

public sealed class GatewaySettingsTests
{
    private const string Full = """
        {
          "$schema": "./gateway.schema.json",
          "discover": false,
          // comments and trailing commas are allowed
          "providers": {
            "openai": { "apiKey": "env:MY_KEY", "headers": { "OpenAI-Organization": "org-1" }, "models": ["gpt-5.1", "gpt-5.1-mini"] },
            "azure-eu": { "kind": "azure-openai", "baseUrl": "https://eu.openai.azure.com/openai/v1/", "apiVersion": "2025-04-01-preview" },
            "vllm": { "baseUrl": "http://10.0.0.4:8000/v1", "dialects": ["openai.responses", "openai.chat-completions"], "quirks": { "developerRole": true, "refusedFields": ["store"] } },
          },
          "endpoints": {
            "fast": { "destinations": ["openai/gpt-5.1-mini", { "provider": "azure-eu", "model": "mini", "name": "fallback" }], "onUnsupported": "reject", "task": "chat", "displayName": "Fast" },
            "qwen3:8b": { "destinations": ["vllm/qwen/qwen3-8b"] },
          },
          "callers": [
            { "id": "alice", "keySha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", "role": "reader", "groups": ["ml"], "endpoints": ["fast", "openai/*"] },
            { "id": "ci", "type": "servicePrincipal", "keyRef": "env:CI_KEY" },
          ],
          "limits": { "maxBodyBytes": 1000000, "keepAlive": "10s", "connect": "500ms", "firstByte": "00:05:00", "silence": "1.5m" },
        }
        """;

    private static readonly (string, string)[] Secrets = [("MY_KEY", "sk-secret"), ("CI_KEY", "gw-0123456789abcdefghij")];

    [Fact]
    public void Everything_is_read()
    {
        GatewaySettings settings = Settings.Read(Full, Secrets);

        Assert.Equal(["azure-eu", "openai", "vllm"], settings.Providers.Select(p => p.Name).Order());
        ProviderSettings openai = settings.Providers.Single(p => p.Name == "openai");
        Assert.Equal("openai", openai.Kind.Name);
        Assert.Equal("https://api.openai.com/v1", openai.BaseUrl!.AbsoluteUri);
        Assert.Equal("sk-secret", openai.ApiKey!.Reveal());
        Assert.Equal(["gpt-5.1", "gpt-5.1-mini"], openai.Models!);
        Assert.Equal("org-1", Assert.Single(openai.Headers, h => h.Key == "OpenAI-Organization").Value.Reveal());

        ProviderSettings azure = settings.Providers.Single(p => p.Name == "azure-eu");
        Assert.Equal("https://eu.openai.azure.com/", azure.BaseUrl!.AbsoluteUri);
        Assert.Equal("2025-04-01-preview", azure.ApiVersion);
        Assert.Null(azure.ApiKey);

        ProviderSettings vllm = settings.Providers.Single(p => p.Name == "vllm");
        Assert.Equal([DialectIds.Responses, DialectIds.ChatCompletions], vllm.Dialects!);
        Assert.True(vllm.Quirks!.DeveloperRole);
        Assert.Equal(["store"], vllm.Quirks.RefusedFields);
        Assert.Equal("reasoning_content", vllm.Quirks.ReasoningReplayField);

        EndpointSettings fast = settings.Endpoints.Single(e => e.Name == "fast");
        Assert.Equal([new("openai/gpt-5.1-mini", "openai", "gpt-5.1-mini"), new("fallback", "azure-eu", "mini")], fast.Destinations);
        Assert.Equal((OnUnsupported.Reject, EndpointTask.Chat, "Fast"), (fast.OnUnsupported, fast.Task!.Value, fast.DisplayName));
        EndpointSettings qwen = settings.Endpoints.Single(e => e.Name == "qwen3:8b");
        Assert.Equal([new("vllm/qwen/qwen3-8b", "vllm", "qwen/qwen3-8b")], qwen.Destinations);

        CallerSettings alice = settings.Callers[0];
        Assert.Equal(("alice", PrincipalType.User, PrincipalRole.Reader), (alice.Id, alice.Type, alice.Role));
        Assert.Equal(KeyHash.Of("hello"), Assert.Single(alice.Keys));
        Assert.Equal(["ml"], alice.Groups);
        Assert.Equal(["fast", "openai/*"], alice.Endpoints!);
        Assert.Equal(KeyHash.Of("gw-0123456789abcdefghij"), Assert.Single(settings.Callers[1].Keys));

        Assert.Equal(
            new GatewayLimits
            {
                MaxBodyBytes = 1_000_000,
                KeepAlive = TimeSpan.FromSeconds(10),
                Connect = TimeSpan.FromMilliseconds(500),
                FirstByte = TimeSpan.FromMinutes(5),
                Silence = TimeSpan.FromSeconds(90),
            },
            settings.Limits);
    }

    [Fact]
    public void The_environment_overrides_every_value_and_can_say_all_of_it()
    {
        GatewaySettings settings = Settings.Read(
            Full,
            [.. Secrets,
                ("Gateway__limits__keepAlive", "20s"),
                ("Gateway__providers__openai__baseUrl", "https://proxy.example/v1"),
                ("GATEWAY__ENDPOINTS__FAST__DISPLAYNAME", "Faster"),
                ("Gateway__endpoints__new__name", "team/new.model:1"),
                ("Gateway__endpoints__new__destinations__0", "openai/gpt-5.1"),
                ("Gateway__callers__0__groups", "a, b"),
            ]);

        Assert.Equal(TimeSpan.FromSeconds(20), settings.Limits.KeepAlive);
        Assert.Equal(TimeSpan.FromSeconds(90), settings.Limits.Silence);
        Assert.Equal("https://proxy.example/v1", settings.Providers.Single(p => p.Name == "openai").BaseUrl!.AbsoluteUri);
        Assert.Equal("Faster", settings.Endpoints.Single(e => e.Name == "fast").DisplayName);
        Assert.Contains(settings.Endpoints, e => e.Name == "team/new.model:1");
        Assert.Equal(["a", "b"], settings.Callers[0].Groups);
    }

    [Fact]
    public void All_faults_are_reported_together_each_by_its_full_name()
    {
        IReadOnlyList<ConfigurationFault> faults = Settings.Faults(
            """
            {
              "discover": "perhaps",
              "provders": {},
              "providers": {
                "openai": { "apiKey": "env:NOT_SET", "baseUrl": "api.openai.com", "apiVersion": "2024-01-01", "modles": ["x"] },
                "az": { "kind": "azure-open-ai", "baseUrl": "https://x.openai.azure.com" },
                "az2": { "kind": "azure-openai", "baseUrl": "https://x.openai.azure.com", "apiVersion": "latest" },
                "local": { "kind": "openai-compatible", "dialects": ["chat-completions"], "quirks": { "developerole": false } },
                "a/b": { "kind": "ollama" }
              },
              "endpoints": {
                "empty": {},
                "typo": { "destinations": [{ "provider": "opnai", "modell": "gpt" }, "nothing"], "onUnsupported": "ignore" },
                "twice": { "destinations": ["openai/x", "openai/x"] }
              },
              "callers": [
                { "keySha256": "abc", "type": "robot" },
                { "id": "bob", "keyRef": "plain-text-key", "endpoints": ["typpo"] },
                { "id": "bob" }
              ],
              "limits": { "keepAlive": "15", "maxBodyBytes": "-1", "firstbyte": "1m", "silense": "1m" }
            }
            """);

        Assert.Equal(
            [
                "discover",
                "providers.a/b.name",
                "providers.az.kind",
                "providers.az2.apiVersion",
                "providers.local.baseUrl",
                "providers.local.dialects",
                "providers.local.quirks.developerole",
                "providers.openai.baseUrl",
                "providers.openai.apiKey",
                "providers.openai.apiVersion",
                "providers.openai.modles",
                "endpoints.empty.destinations",
                "endpoints.twice.destinations[1].name",
                "endpoints.typo.destinations[0].model",
                "endpoints.typo.destinations[0].provider",
                "endpoints.typo.destinations[0].modell",
                "endpoints.typo.destinations[1]",
                "endpoints.typo.onUnsupported",
                "callers[0].id",
                "callers[0].type",
                "callers[0].keySha256",
                "callers[1].keyRef",
                "callers[1].endpoints",
                "callers[2].id",
                "callers[2].keySha256",
                "limits.maxBodyBytes",
                "limits.keepAlive",
                "limits.silense",
                "provders",
            ],
            faults.Select(fault => fault.Setting));

        Assert.Contains("Did you mean 'azure-openai'?", Message("providers.az.kind"));
        Assert.Contains("Did you mean 'models'?", Message("providers.openai.modles"));
        Assert.Contains("Did you mean 'openai'?", Message("endpoints.typo.destinations[0].provider"));
        Assert.Contains("Did you mean 'model'?", Message("endpoints.typo.destinations[0].modell"));
        Assert.Contains("Did you mean 'typo'?", Message("callers[1].endpoints"));
        Assert.Contains("Did you mean 'silence'?", Message("limits.silense"));
        Assert.Contains("Did you mean 'providers'?", Message("provders"));
        Assert.Contains("Did you mean 'openai.chat-completions'?", Message("providers.local.dialects"));
        Assert.Contains("NOT_SET", Message("providers.openai.apiKey"));

        string Message(string setting) => faults.Single(fault => fault.Setting == setting).Message;
    }

    [Fact]
    public void The_exception_lists_one_fault_a_line()
    {
        var exception = Assert.Throws<GatewayConfigurationException>(() => Settings.Read("""{ "limits": { "connekt": 1, "silense": 2 } }"""));

        Assert.Equal(
            "The gateway's configuration has 2 faults:\n  limits.connekt: is not a setting. Did you mean 'connect'?\n  limits.silense: is not a setting. Did you mean 'silence'?",
            exception.Message);
    }

    [Fact]
    public void No_secret_is_shown_by_settings_or_faults()
    {
        GatewaySettings settings = Settings.Read(Full, Secrets);
        string shown = string.Join('\n', settings.Providers) + string.Join('\n', settings.Providers.SelectMany(p => p.Headers)) + string.Join('\n', settings.Callers) + string.Join('\n', settings.Callers.SelectMany(c => c.Keys));

        Assert.DoesNotContain("sk-secret", shown);
        Assert.DoesNotContain("org-1", shown);
        Assert.DoesNotContain("2cf24dba", shown, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("plain-text-key", Settings.FaultOf("callers[0].keyRef", """{ "callers": [{ "id": "a", "keyRef": "plain-text-key" }] }"""));
    }

    [Theory]
    [InlineData("@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/k)", "has not resolved")]
    [InlineData("sk-1\nX-Injected: 1", "control characters")]
    [InlineData("file:/does/not/exist", "cannot be read")]
    public void A_secret_that_cannot_be_used_is_a_fault(string apiKey, string message) =>
        Assert.Contains(message, Settings.FaultOf("providers.openai.apiKey", """{ "providers": { "openai": {} } }""", ("Gateway__providers__openai__apiKey", apiKey)));

    [Fact]
    public void A_secret_can_come_from_a_file()
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, "sk-from-file\n");
        try
        {
            GatewaySettings settings = Settings.Read("""{ "providers": { "openai": {} } }""", ("Gateway__providers__openai__apiKey", "file:" + path));
            Assert.Equal("sk-from-file", settings.Providers[0].ApiKey!.Reveal());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_configured_provider_takes_its_customary_variables()
    {
        GatewaySettings settings = Settings.Read(
            """{ "discover": false, "providers": { "anthropic": {}, "mine": { "kind": "azure-openai" } } }""",
            ("ANTHROPIC_API_KEY", "sk-ant"), ("ANTHROPIC_BASE_URL", "https://proxy.example"), ("AZURE_OPENAI_ENDPOINT", "https://x.openai.azure.com/"));

        ProviderSettings anthropic = settings.Providers.Single(p => p.Name == "anthropic");
        Assert.Equal(("sk-ant", "https://proxy.example/"), (anthropic.ApiKey!.Reveal(), anthropic.BaseUrl!.AbsoluteUri));
        Assert.Equal("https://x.openai.azure.com/", settings.Providers.Single(p => p.Name == "mine").BaseUrl!.AbsoluteUri);
    }

    [Fact]
    public void A_base_url_that_is_this_gateway_is_a_fault() =>
        Assert.Contains("this gateway itself", Settings.FaultOf("providers.x.baseUrl", """{ "providers": { "x": { "kind": "openai-compatible", "baseUrl": "http://localhost:7071/v1" } } }"""));

    [Theory]
    [InlineData("https://user:pass@host/v1")]
    [InlineData("https://host/v1?key=1")]
    [InlineData("file:///etc/passwd")]
    [InlineData("host/v1")]
    public void A_base_url_must_be_a_plain_address(string baseUrl) =>
        Assert.NotEmpty(Settings.FaultOf("providers.x.baseUrl", """{ "providers": { "x": { "kind": "openai-compatible" } } }""", ("Gateway__providers__x__baseUrl", baseUrl)));

    [Fact]
    public void Two_callers_cannot_have_one_key() =>
        Assert.Contains("callers[0]", Settings.FaultOf(
            "callers[1].keySha256",
            """{ "callers": [{ "id": "a", "keyRef": "env:K" }, { "id": "b", "keyRef": "env:K" }] }""",
            ("K", "gw-0123456789abcdefghij")));

    [Fact]
    public void A_key_that_could_be_guessed_is_a_fault() =>
        Assert.Contains("guessed", Settings.FaultOf("callers[0].keyRef", """{ "callers": [{ "id": "a", "keyRef": "env:K" }] }""", ("K", "password")));

    [Fact]
    public void An_object_where_a_text_belongs_is_a_fault() =>
        Assert.Contains("must be a text", Settings.FaultOf("providers.openai.apiKey", """{ "providers": { "openai": { "apiKey": { "x": "y" } } } }"""));

    [Fact]
    public void A_text_where_an_object_belongs_is_a_fault() =>
        Assert.Contains("must be", Settings.FaultOf("endpoints", """{ "endpoints": "none" }"""));

    [Theory]
    [InlineData("{}", "Sqlite")]
    [InlineData("""{ "store": "log" }""", "Log")]
    [InlineData("""{ "store": "sqlite" }""", "Sqlite")]
    [InlineData("""{ "tableEndpoint": "https://x.table.core.windows.net" }""", "Table")]
    [InlineData("""{ "connectionString": "UseDevelopmentStorage=true" }""", "Table")]
    [InlineData("""{ "connectionString": "UseDevelopmentStorage=true", "store": "log" }""", "Log")]
    public void The_usage_store_follows_from_what_is_named(string usage, string store) =>
        Assert.Equal(store, Settings.Read($$"""{ "usage": {{usage}} }""").Usage.Store.ToString());

    [Theory]
    [InlineData("""{ "store": "table" }""", "usage.tableEndpoint")]
    [InlineData("""{ "tableEndpoint": "x" }""", "usage.tableEndpoint")]
    [InlineData("""{ "tablePrefix": "a-b" }""", "usage.tablePrefix")]
    [InlineData("""{ "store": "redis" }""", "usage.store")]
    public void A_usage_store_that_cannot_be_is_a_fault(string usage, string setting) => Assert.NotEmpty(Settings.FaultOf(setting, $$"""{ "usage": {{usage}} }"""));
}
