using System.Collections.Frozen;
using System.Globalization;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Pipeline;

/// <summary>
/// Which headers cross the gateway; all others stay where they are. Credentials, cookies and hop-by-hop headers never do, in
/// either direction.
/// </summary>
internal static class HeaderPolicy
{
    /// <summary>The id that a provider gave to the request.</summary>
    public const string UpstreamRequestId = "x-upstream-request-id";

    /// <summary>Longest value of a header that the gateway makes.</summary>
    private const int LongestList = 1024;

    /// <summary>Client to provider, by name; the value names the vendor whose dialects it belongs to, or is empty for all.</summary>
    private static readonly KeyValuePair<string, string>[] Up =
    [
        new("User-Agent", ""),
        new("Idempotency-Key", ""),
        new("anthropic-beta", "anthropic."),
        new("anthropic-version", "anthropic."),
        new("OpenAI-Beta", "openai."),
        new("x-goog-api-client", "gemini."),
    ];

    private static readonly FrozenSet<string> Down = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "Retry-After",
        "retry-after-ms",
        "x-should-retry",
        "openai-processing-ms");

    private static readonly string[] DownPrefixes = ["x-ratelimit-", "anthropic-ratelimit-"];

    /// <summary>
    /// Where providers name the request, those first that say what the vendor's own support asks for; the common ones may as well be of something in between.
    /// Azure OpenAI; Databricks; Mistral; DeepSeek; Moonshot; Cohere; MiniMax; OpenRouter; LiteLLM; OpenAI and most; Anthropic, Together; Bedrock; Zhipu.
    /// </summary>
    private static readonly FrozenDictionary<string, int> ProviderIds = new[]
    {
        "apim-request-id",
        "x-databricks-request-id",
        "mistral-correlation-id",
        "x-ds-trace-id",
        "msh-request-id",
        "x-debug-trace-id",
        "minimax-request-id",
        "x-generation-id",
        "x-litellm-call-id",
        "x-request-id",
        "request-id",
        "x-amzn-requestid",
        "x-log-id",
    }.Index().ToFrozenDictionary(id => id.Item, id => id.Index, StringComparer.OrdinalIgnoreCase);

    /// <summary>The client's headers that a provider of that dialect may see.</summary>
    public static List<KeyValuePair<string, string>> ToProvider(IHeaderDictionary client, DialectId target)
    {
        var headers = new List<KeyValuePair<string, string>>(4);
        foreach ((string name, string vendor) in Up)
        {
            if (client.TryGetValue(name, out var values) && target.Name.StartsWith(vendor, StringComparison.Ordinal))
            {
                headers.Add(new(name, values.ToString()));
            }
        }

        return headers;
    }

    /// <summary>Reports the headers that ask something of one vendor and did not reach it.</summary>
    public static void ReportDropped(IHeaderDictionary client, DialectId target, TranslationReport report)
    {
        foreach (string name in (ReadOnlySpan<string>)["anthropic-beta", "OpenAI-Beta"])
        {
            string vendor = name[..name.IndexOf('-')].ToLowerInvariant();
            if (client.ContainsKey(name) && !target.Name.StartsWith(vendor, StringComparison.Ordinal))
            {
                report.Drop($"header {name.ToLowerInvariant()}", "The provider speaks another dialect.");
            }
        }
    }

    /// <summary>Copies what a client may see of a provider's headers.</summary>
    public static void ToClient(HttpResponseHeaders provider, IHeaderDictionary client)
    {
        foreach ((string name, HeaderStringValues values) in provider.NonValidated)
        {
            if (Crosses(name))
            {
                client[name] = values.ToString();
            }
        }

        if (ProviderRequestId(provider) is { } id)
        {
            client[UpstreamRequestId] = id;
        }
    }

    /// <summary>The provider's id of the request, or null.</summary>
    public static string? ProviderRequestId(HttpResponseHeaders provider)
    {
        int first = int.MaxValue;
        string? id = null;
        foreach ((string name, HeaderStringValues values) in provider.NonValidated)
        {
            if (ProviderIds.TryGetValue(name, out int rank) && rank < first && values.ToString() is { Length: > 0 } found)
            {
                (first, id) = (rank, found);
            }
        }

        return id;
    }

    /// <summary>
    /// Tells in <c>x-gateway-dropped</c> and <c>x-gateway-changed</c> which fields of the request the provider could not be told, or was
    /// told in other words. The whole list with reasons is in the usage record; here it is cut to what fits.
    /// </summary>
    public static void Report(IReadOnlyList<ReportEntry> entries, IHeaderDictionary client)
    {
        Set(client, "x-gateway-dropped", entries, dropped: true);
        Set(client, "x-gateway-changed", entries, dropped: false);
    }

    /// <summary>Tells how long to wait, unless the provider's own header says so already.</summary>
    public static void RetryAfter(GatewayError error, IHeaderDictionary client)
    {
        if (error.RetryAfter is { } wait && !client.ContainsKey("Retry-After"))
        {
            client.RetryAfter = ((long)Math.Max(1, Math.Ceiling(wait.TotalSeconds))).ToString(CultureInfo.InvariantCulture);
        }
    }

    /// <summary>A text that may stand in a header: anything but visible ASCII becomes <c>?</c>.</summary>
    public static string Safe(string text) => text.AsSpan().ContainsAnyExceptInRange(' ', '~')
        ? string.Create(text.Length, text, static (span, source) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = source[i] is >= ' ' and <= '~' ? source[i] : '?';
            }
        })
        : text;

    private static bool Crosses(string name)
    {
        if (Down.Contains(name))
        {
            return true;
        }

        foreach (string prefix in DownPrefixes)
        {
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static void Set(IHeaderDictionary headers, string name, IReadOnlyList<ReportEntry> entries, bool dropped)
    {
        var fields = new List<string>();
        int length = 0;
        int left = 0;
        foreach (ReportEntry entry in entries)
        {
            if (entry.Dropped != dropped)
            {
                continue;
            }

            string field = Safe(entry.Field).Replace(',', ';');
            if (length + field.Length + 2 > LongestList)
            {
                left++;
                continue;
            }

            if (!fields.Contains(field))
            {
                length += field.Length + 2;
                fields.Add(field);
            }
        }

        if (left > 0)
        {
            fields.Add(string.Create(CultureInfo.InvariantCulture, $"and {left} more"));
        }

        if (fields.Count > 0)
        {
            headers[name] = string.Join(", ", fields);
        }
        else
        {
            headers.Remove(name);
        }
    }
}
