using System.Diagnostics;
using System.Text.Json;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Metering.Telemetry;

/// <summary>
/// The parameters of a request that the conventions have attributes for, read off the client's own body by the names that the dialects give them.
/// Stop sequences are left out: they are a text of the prompt's author.
/// </summary>
internal static class RequestParameters
{
    private const string ChoiceCount = "gen_ai.request.choice.count";

    /// <summary>Attribute, whether it is a whole number, and its names.</summary>
    private static readonly (string Attribute, bool Whole, string[] Names)[] Table =
    [
        ("gen_ai.request.max_tokens", true, ["max_completion_tokens", "max_output_tokens", "max_tokens", "maxOutputTokens"]),
        ("gen_ai.request.temperature", false, ["temperature"]),
        ("gen_ai.request.top_p", false, ["top_p", "topP"]),
        ("gen_ai.request.top_k", false, ["top_k", "topK"]),
        ("gen_ai.request.frequency_penalty", false, ["frequency_penalty", "frequencyPenalty"]),
        ("gen_ai.request.presence_penalty", false, ["presence_penalty", "presencePenalty"]),
        ("gen_ai.request.seed", true, ["seed"]),
        (ChoiceCount, true, ["n", "candidateCount"]),
        ("gen_ai.embeddings.dimension.count", true, ["dimensions", "outputDimensionality"]),
    ];

    /// <summary>Writes them onto a span. What is not a number is passed over: it is the provider's to refuse.</summary>
    public static void Tell(JsonBody body, Activity span)
    {
        // Gemini keeps most of them in an object of their own.
        JsonBody? inner = Inner(body, "generationConfig");
        foreach ((string attribute, bool whole, string[] names) in Table)
        {
            if ((Find(body, names, whole) ?? (inner is null ? null : Find(inner, names, whole))) is { } value && (attribute != ChoiceCount || value is not 1L))
            {
                span.SetTag(attribute, value);
            }
        }

        span.SetTag("gen_ai.output.type", OutputType(body, inner));
        if (body.GetString("encoding_format") is { } format)
        {
            span.SetTag("gen_ai.request.encoding_formats", new[] { format });
        }
    }

    private static string? OutputType(JsonBody body, JsonBody? generationConfig)
    {
        // Chat Completions; Responses; Messages, newer and older; Gemini.
        JsonBody? format = Inner(body, "response_format") ?? Inner(Inner(body, "text"), "format") ?? Inner(Inner(body, "output_config"), "format") ?? Inner(body, "output_format");
        return (format?.GetString("type") ?? generationConfig?.GetString("responseMimeType")) switch
        {
            "json_object" or "json_schema" or "application/json" => "json",
            "text" or "text/plain" => "text",
            _ => null,
        };
    }

    private static JsonBody? Inner(JsonBody? body, string name)
    {
        ReadOnlySpan<byte> raw = body is null ? default : body.RawValue(name);
        return !raw.IsEmpty && raw[0] == '{' ? JsonBody.Check(raw.ToArray()) : null;
    }

    private static object? Find(JsonBody body, string[] names, bool whole)
    {
        foreach (string name in names)
        {
            ReadOnlySpan<byte> raw = body.RawValue(name);
            if (raw.IsEmpty)
            {
                continue;
            }

            var reader = new Utf8JsonReader(raw);
            if (reader.Read() && reader.TokenType == JsonTokenType.Number)
            {
                return whole ? reader.TryGetInt64(out long integer) ? integer : null : reader.TryGetDouble(out double real) ? real : null;
            }
        }

        return null;
    }
}
