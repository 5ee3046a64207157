using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Serverless.EndToEnd.Tests.Hosting;

/// <summary>The gateway as it runs on Azure: a provider behind it, the stand-in host before it, a file for its records.</summary>
internal sealed class HostedGateway : IAsyncDisposable
{
    private const string Key = "gw-hosted-gateway-key";

    private readonly string _folder;

    private HostedGateway(string folder, ModelProvider provider, FunctionsHost host)
    {
        _folder = folder;
        Provider = provider;
        Host = host;
        Client = new HttpClient { BaseAddress = host.Url, Timeout = TimeSpan.FromSeconds(120), DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", Key) } };
    }

    public ModelProvider Provider { get; }

    public FunctionsHost Host { get; }

    /// <summary>The SQLite file of the usage records.</summary>
    public string UsageFile => Path.Combine(_folder, "usage.db");

    /// <summary>A client of the host with an administrator's key.</summary>
    public HttpClient Client { get; }

    public static async Task<HostedGateway> StartAsync(Func<HostSettings, HostSettings>? settings = null, params (string Name, string Value)[] appSettings)
    {
        string folder = Directory.CreateTempSubdirectory("serverless-hosted-").FullName;
        ModelProvider provider = await ModelProvider.StartAsync();
        var all = new HostSettings(folder,
        [
            ("Gateway__discover", "false"),
            ("Gateway__providers__chat__kind", "openai-compatible"),
            ("Gateway__providers__chat__baseUrl", provider.Url + "/v1"),
            ("Gateway__providers__chat__apiKey", "upstream"),
            ("Gateway__callers__0__id", "tester"),
            ("Gateway__callers__0__role", "admin"),
            ("Gateway__callers__0__keySha256", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Key)))),
            ("Gateway__usage__store", "sqlite"),
            ("Gateway__usage__path", Path.Combine(folder, "usage.db")),
            ("Gateway__usage__journalFolder", Path.Combine(folder, "journal")),
            .. appSettings,
        ]);
        return new HostedGateway(folder, provider, await FunctionsHost.StartAsync(settings is null ? all : settings(all)));
    }

    /// <summary>
    /// The record of a request that has ended, as reports show it. It is on the disk when the answer ends, but a process that has just started may
    /// still be on its way from the journal to the store.
    /// </summary>
    public async Task<JsonElement> RecordAsync(string requestId, CancellationToken cancellationToken)
    {
        string body = "";
        for (int i = 0; i < 300; i++)
        {
            using HttpResponseMessage response = await Client.GetAsync($"/reports/requests/{requestId}", cancellationToken);
            body = await response.Content.ReadAsStringAsync(cancellationToken);
            if (response.IsSuccessStatusCode && JsonElement.Parse(body) is var record && record.TryGetProperty("outcome", out JsonElement outcome) && outcome.GetString() != "open")
            {
                return record;
            }

            await Task.Delay(100, cancellationToken);
        }

        throw new TimeoutException($"There is no record of {requestId}: {body}");
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Host.DisposeAsync();
        await Provider.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
