using System.Globalization;
using System.Text;
using System.Text.Json;
using Serverless.Tests;

namespace Serverless.Gateway.Tests.App;

/// <summary>From a provider's answer to the report: what single requests cost adds up, and what has no price is named.</summary>
public sealed class CostReportTests
{
    [Fact]
    public async Task A_report_adds_up_to_its_requests_and_names_what_has_no_price()
    {
        await using StubProvider openai = await StubProvider.StartAsync();
        var random = new Random(5);
        openai.Answer = request =>
        {
            string model = JsonDocument.Parse(request.Body).RootElement.GetProperty("model").GetString()!;
            int input = random.Next(400_000), cached = random.Next(input), output = random.Next(50_000);
            return StubAnswer.Json($$$"""{"id":"c","object":"chat.completion","created":1,"model":"{{{model}}}","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":{{{input}}},"completion_tokens":{{{output}}},"total_tokens":{{{input + output}}},"prompt_tokens_details":{"cached_tokens":{{{cached}}} } } }""");
        };
        int port = AppProcess.FreePort();
        await using var app = AppProcess.Start(
            ["--urls", $"http://127.0.0.1:{port}"],
            $$"""{ "discover": false, "providers": { "openai": { "baseUrl": "{{new Uri(openai.Address, "v1")}}", "apiKey": "k" } }, "prices": { "discounts": [{ "provider": "openai", "percent": 12.5 }] } }""");
        using HttpClient client = await app.ReadyAsync(port);
        string[] models = ["gpt-5.1", "gpt-5.4", "gpt-6-luna", "gpt-99"];
        for (int i = 0; i < 40; i++)
        {
            using var body = new StringContent($$"""{"model":"openai/{{models[i % 4]}}","messages":[{"role":"user","content":"Hello"}]}""", Encoding.UTF8, "application/json");
            (await client.PostAsync("/v1/chat/completions", body, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
        }

        using JsonDocument requests = JsonDocument.Parse(await client.GetStringAsync("/reports/requests?limit=100", TestContext.Current.CancellationToken));
        using JsonDocument report = JsonDocument.Parse(await client.GetStringAsync("/reports/usage?group_by=model&from=2026-01-01&to=2100-01-01", TestContext.Current.CancellationToken));

        JsonElement[] raw = [.. requests.RootElement.GetProperty("requests").EnumerateArray()];
        Assert.Equal(40, raw.Length);
        Assert.Equal(4, report.RootElement.GetProperty("rows").GetArrayLength());
        foreach (JsonElement row in report.RootElement.GetProperty("rows").EnumerateArray())
        {
            string model = row.GetProperty("model").GetString()!;
            JsonElement[] its = [.. raw.Where(r => r.GetProperty("served_model").GetString() == model)];
            Assert.Equal(its.Sum(r => r.GetProperty("total_tokens").GetInt64()), row.GetProperty("total_tokens").GetInt64());
            if (model == "gpt-99")
            {
                Assert.All(its, r => Assert.False(r.TryGetProperty("cost_nano_usd", out _)));
                Assert.Equal((JsonValueKind.Null, 10), (row.GetProperty("cost_usd").ValueKind, row.GetProperty("unpriced").GetInt64()));
                Assert.Equal("openai/gpt-99", Assert.Single(row.GetProperty("unpriced_models").EnumerateArray()).GetString());
            }
            else
            {
                Assert.Equal(its.Sum(r => r.GetProperty("cost_nano_usd").GetInt64()) / 1_000_000_000m, row.GetProperty("cost_usd").GetDecimal());
                Assert.Empty(row.GetProperty("unpriced_models").EnumerateArray());
            }
        }

        string csv = await client.GetStringAsync("/reports/usage?format=csv&from=2026-01-01&to=2100-01-01", TestContext.Current.CancellationToken);
        string[] header = csv.Split("\r\n")[0].Split(',');
        string[] cells = csv.Split("\r\n")[1].Split(',');
        Assert.Equal(raw.Where(r => r.TryGetProperty("cost_nano_usd", out _)).Sum(r => r.GetProperty("cost_nano_usd").GetInt64()) / 1_000_000_000m, decimal.Parse(cells[Array.IndexOf(header, "cost_usd")], CultureInfo.InvariantCulture));
        Assert.Equal("openai/gpt-99", cells[Array.IndexOf(header, "unpriced_models")]);
    }
}
