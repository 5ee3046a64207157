using System.Text.Json;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI;

/// <summary>
/// <c>prompt_cache_options</c> and the marks that go with it (<c>prompt_cache_breakpoint</c> in parts of a content), from GPT-5.6 on. By
/// default OpenAI caches the latest turn besides what is marked; its lifetime is the same for all.
/// Source: https://developers.openai.com/api/docs/guides/prompt-caching.
/// </summary>
internal static class OpenAICacheOptions
{
    /// <summary>True when nothing may be cached but what is marked.</summary>
    public static bool MarkedOnly(JsonElement options, string path) =>
        RequestField.Object(options, path).TryGetProperty("mode", out JsonElement mode) && mode.Is("explicit");
}
