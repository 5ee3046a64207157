using System.Text.Json;

namespace Serverless.Translation.Dialects.OpenAI;

/// <summary>
/// What some providers say, within <c>usage</c>, that a request cost, each in its own words:
/// <code>
/// "cost": 0.0042                        OpenRouter, credits of a dollar   https://openrouter.ai/docs/use-cases/usage-accounting
/// "cost": { "total_cost": 0.0042 }      Perplexity, dollars               https://docs.perplexity.ai/api-reference
/// "cost_in_usd_ticks": 42000000         xAI, 10^10 to the dollar          https://docs.x.ai/developers/cost-tracking
/// </code>
/// Whether a provider is believed is not for a codec to say.
/// </summary>
internal static class ReportedCost
{
    private const decimal TicksPerDollar = 10_000_000_000;

    /// <summary>Dollars; null when nothing is said.</summary>
    /// <param name="usage">The object <c>usage</c>.</param>
    public static decimal? Read(JsonElement usage)
    {
        if (Number(usage, "cost_in_usd_ticks") is { } ticks)
        {
            return ticks / TicksPerDollar;
        }

        // With a key of one's own at the provider behind it, OpenRouter's cost is its fee alone.
        return !usage.TryGetProperty("cost", out JsonElement cost) || (usage.TryGetProperty("is_byok", out JsonElement own) && own.ValueKind == JsonValueKind.True) ? null
            : cost.ValueKind == JsonValueKind.Object ? Number(cost, "total_cost")
            : Number(usage, "cost");
    }

    private static decimal? Number(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out decimal number) ? number : null;
}
