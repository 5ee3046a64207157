using System.Text.Json;
using Microsoft.Extensions.Logging;
using Serverless.Gateway.Providers;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Routing;

/// <summary>
/// What models the providers say they have. Only lists for people and clients are made from it, so it must be quick rather than complete:
/// a provider that does not answer in time is left out, or listed as it was.
/// </summary>
internal sealed partial class ModelCatalogue(TimeProvider time, ILogger<ModelCatalogue> logger)
{
    /// <summary>How long a provider may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>How long a list is kept.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>How long a provider that failed is left alone.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private const int MaxBytes = 16 * 1024 * 1024;

    private readonly Dictionary<IProvider, Listing> _listings = [];

    /// <summary>The names of the provider's models; empty when they cannot be had quickly.</summary>
    public Task<IReadOnlyList<string>> ListAsync(IProvider provider)
    {
        lock (_listings)
        {
            Listing? known = _listings.GetValueOrDefault(provider);
            if (known is null || time.GetUtcNow() >= known.Expires)
            {
                _listings[provider] = known = new Listing(known?.Models ?? []);
                known.Task = FetchAsync(provider, known);
            }

            return known.Task;
        }
    }

    /// <summary>The names in a list of models, in any vendor's shape.</summary>
    internal static List<string> ParseNames(JsonElement body)
    {
        List<string> names = [];
        foreach (JsonElement item in Items(body))
        {
            string? name = item.ValueKind switch
            {
                JsonValueKind.String => item.GetString(),
                JsonValueKind.Object => Text(item, "id") ?? Text(item, "name"),
                _ => null,
            };
            if (!string.IsNullOrEmpty(name))
            {
                names.Add(name.StartsWith("models/", StringComparison.Ordinal) ? name["models/".Length..] : name);
            }
        }

        return names;
    }

    private async Task<IReadOnlyList<string>> FetchAsync(IProvider provider, Listing listing)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            using var patience = new CancellationTokenSource(Patience, time);
            DialectId dialect = provider.Dialects("")[0];
            using HttpRequestMessage request = await provider.CreateRequestAsync(
                new UpstreamRequest(dialect, HttpMethod.Get, provider.ModelsPath!, "", null, []), patience.Token);
            using HttpResponseMessage response = await provider.Connections.SendAsync(request, patience.Token);
            if (!response.IsSuccessStatusCode)
            {
                throw new HttpRequestException($"status {(int)response.StatusCode}");
            }

            await response.Content.LoadIntoBufferAsync(MaxBytes, patience.Token);
            using JsonDocument body = Json.Parse(await response.Content.ReadAsByteArrayAsync(patience.Token));
            listing.Models = ParseNames(body.RootElement);
            listing.Expires = time.GetUtcNow() + Lifetime;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or JsonException or IOException or GatewayException)
        {
            Log.CannotList(logger, provider.Name, e is OperationCanceledException ? "no answer in time" : e.Message);
            listing.Expires = time.GetUtcNow() + Pause;
        }

        return listing.Models;
    }

    private static IEnumerable<JsonElement> Items(JsonElement body)
    {
        if (body.ValueKind == JsonValueKind.Array)
        {
            return body.EnumerateArray();
        }

        if (body.ValueKind == JsonValueKind.Object)
        {
            foreach (string name in (string[])["data", "models", "endpoints"])
            {
                if (body.TryGetProperty(name, out JsonElement list) && list.ValueKind == JsonValueKind.Array)
                {
                    return list.EnumerateArray();
                }
            }
        }

        return [];
    }

    private static string? Text(JsonElement item, string name) =>
        item.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private sealed class Listing(IReadOnlyList<string> models)
    {
        /// <summary>The last good list.</summary>
        public IReadOnlyList<string> Models { get; set; } = models;

        /// <summary>When to ask again; not before the running request has ended.</summary>
        public DateTimeOffset Expires { get; set; } = DateTimeOffset.MaxValue;

        public Task<IReadOnlyList<string>> Task { get; set; } = null!;
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "The models of provider '{Provider}' cannot be listed: {Reason}")]
        public static partial void CannotList(ILogger logger, string provider, string reason);
    }
}
