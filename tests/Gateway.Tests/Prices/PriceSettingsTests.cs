using Serverless.Gateway.Configuration;
using Serverless.Gateway.Tests.Configuration;

namespace Serverless.Gateway.Tests.Prices;

/// <summary>What is wrong with prices in the configuration is told at start, all of it.</summary>
public sealed class PriceSettingsTests
{
    [Theory]
    [InlineData("prices.models[0].model", """{ "models": [{ "model": "gpt-5.1", "free": true }] }""", "must be provider/model")]
    [InlineData("prices.models[0].model", """{ "models": [{ "model": "nobody/gpt-5.1", "free": true }] }""", "must be provider/model")]
    [InlineData("prices.models[0].model", """{ "models": [{ "free": true }] }""", "is missing")]
    [InlineData("prices.models[0]", """{ "models": [{ "model": "openai/x" }] }""", "must say what the model costs")]
    [InlineData("prices.models[0]", """{ "models": [{ "model": "openai/x", "free": true, "input": 1 }] }""", "in one way")]
    [InlineData("prices.models[0].input", """{ "models": [{ "model": "openai/x", "output": 1 }] }""", "is missing")]
    [InlineData("prices.models[0].input", """{ "models": [{ "model": "openai/x", "input": -1 }] }""", "not negative")]
    [InlineData("prices.models[0].input", """{ "models": [{ "model": "openai/x", "input": 0.0000001 }] }""", "at most six decimals")]
    [InlineData("prices.models[0].input", """{ "models": [{ "model": "openai/x", "input": "cheap" }] }""", "must be a number")]
    [InlineData("prices.models[0].like", """{ "models": [{ "model": "openai/x", "like": "openai/gpt-99" }] }""", "be in the price list")]
    [InlineData("prices.models[0].longContext.above", """{ "models": [{ "model": "openai/x", "input": 1, "longContext": { "input": 2 } }] }""", "is missing")]
    [InlineData("prices.discounts[0].provider", """{ "discounts": [{ "provider": "opneai", "percent": 10 }] }""", "Did you mean 'openai'?")]
    [InlineData("prices.discounts[0].endpoint", """{ "discounts": [{ "endpoint": "fats", "percent": 10 }] }""", "is no endpoint")]
    [InlineData("prices.discounts[0]", """{ "discounts": [{ "percent": 10 }] }""", "must name")]
    [InlineData("prices.discounts[0].percent", """{ "discounts": [{ "provider": "openai" }] }""", "is missing")]
    [InlineData("prices.discounts[0].percent", """{ "discounts": [{ "provider": "openai", "percent": 101 }] }""", "from -100 to 100")]
    [InlineData("prices.discounts[1]", """{ "discounts": [{ "provider": "openai", "percent": 1 }, { "provider": "openai", "percent": 2 }] }""", "already")]
    [InlineData("prices.file", """{ "file": "/no/such/file.json" }""", "cannot be read")]
    public void A_fault_names_its_setting(string setting, string prices, string message) =>
        Assert.Contains(message, Settings.FaultOf(setting, $$"""{ "discover": false, "providers": { "openai": { "apiKey": "k" } }, "endpoints": { "fast": { "destinations": ["openai/gpt-5.1"] } }, "prices": {{prices}} }"""), StringComparison.Ordinal);

    [Theory]
    [InlineData("nonsense", "is not JSON")]
    [InlineData("""{ "date": "2026-11-24" }""", "'providers'")]
    [InlineData("""{ "date": "2026-11-24", "providers": { "openai": { "modles": [] } } }""", "'modles'")]
    [InlineData("""{ "date": "2026-11-24", "providers": { "openai": { "by": "me", "models": [] } } }""", "'by' of 'openai'")]
    [InlineData("""{ "date": "2026-11-24", "providers": { "openai": { "peak": { "weekdays": ["1-4"] }, "models": [] } } }""", "'peak' of 'openai'")]
    [InlineData("""{ "date": "2026-11-24", "providers": { "openai": { "peak": { "weekdays": [], "except": ["soon"] }, "models": [] } } }""", "'except' of 'openai'")]
    [InlineData("""{ "date": "2026-11-24", "providers": { "openai": { "models": [{ "models": ["m"], "inptu": 1 }] } } }""", "'inptu'")]
    [InlineData("""{ "date": "2026-11-24", "providers": { "openai": { "models": [{ "models": ["m"], "input": "1" }] } } }""", "'input' of 'openai/m'")]
    [InlineData("""{ "date": "2026-11-24", "providers": { "openai": { "models": [{ "models": ["m"], "from": "soon", "input": 1 }] } } }""", "'from' of 'openai/m'")]
    [InlineData("""{ "date": "2026-11-24", "providers": { "opneai": { "models": [] } } }""", "Did you mean 'openai'?")]
    public void A_list_that_cannot_be_used_says_where(string list, string message)
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, list);
        try
        {
            Assert.Contains(message, Settings.FaultOf("prices.file", $$"""{ "discover": false, "providers": { "openai": { "apiKey": "k" } }, "prices": { "file": "{{path.Replace("\\", "/")}}" } }"""), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void An_endpoint_that_requires_a_price_and_could_never_answer_is_a_fault()
    {
        string message = Settings.FaultOf("endpoints.fast.requirePrice", """{ "discover": false, "providers": { "openai": { "apiKey": "k" } }, "endpoints": { "fast": { "destinations": ["openai/gpt-99"], "requirePrice": true } } }""");

        Assert.Contains("'openai/gpt-99' has no price", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_destination_that_would_be_passed_over_is_noted()
    {
        GatewaySettings settings = Settings.Read("""{ "discover": false, "providers": { "openai": { "apiKey": "k" } }, "endpoints": { "fast": { "destinations": ["openai/gpt-99", "openai/gpt-5.1"] } }, "prices": { "required": true } }""");

        Assert.Contains(settings.Notes, note => note.Contains("'openai/gpt-99'", StringComparison.Ordinal));
    }
}
