using System.Text.Json;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>
/// The parameters of a request beside its conversation, tools and thinking, and the report of those that the API does not know.
/// <para>
/// The API takes a temperature of 0 to 1; newer models take no temperature, top_p or top_k, and none takes them freely while it thinks.
/// Sources: https://platform.claude.com/docs/en/api/messages/create,
/// https://platform.claude.com/docs/en/build-with-claude/extended-thinking (feature compatibility), the models' migration guides.
/// </para>
/// </summary>
internal static class MessagesParameters
{
    private const string NoMarks = "left out: the API caches what is marked, and there is nothing that a later request would share";

    /// <summary>Writes what the API and the model take, and reports the rest.</summary>
    public static void Write(Utf8JsonWriter writer, ChatRequest request, ClaudeModel model, ThinkingPlan plan, TranslationReport report)
    {
        if (request.Stream)
        {
            writer.WriteBoolean("stream"u8, true);
        }

        WriteSampling(writer, request, model, plan, report);
        WriteStopSequences(writer, request.StopSequences, report);
        WriteTier(writer, request.ServiceTier, report);
        if ((request.SafetyIdentifier ?? request.User) is { } user && request.Extra?["metadata"] is null)
        {
            writer.WriteStartObject("metadata"u8);
            writer.WriteString("user_id"u8, user);
            writer.WriteEndObject();
        }

        if (request is { SafetyIdentifier: { } identifier, User: { } other } && identifier != other)
        {
            report.Drop("user", "metadata.user_id holds safety_identifier");
        }

        ReportUnsayable(request, report);
    }

    private static void WriteStopSequences(Utf8JsonWriter writer, IReadOnlyList<string> sequences, TranslationReport report)
    {
        string[] taken = [.. sequences.Where(MessagesWire.HasText)];
        if (taken.Length < sequences.Count)
        {
            report.Drop("stop", "a stop sequence cannot be white space");
        }

        if (taken.Length == 0)
        {
            return;
        }

        writer.WriteStartArray("stop_sequences"u8);
        foreach (string sequence in taken)
        {
            writer.WriteStringValue(sequence);
        }

        writer.WriteEndArray();
    }

    /// <summary>Source: https://platform.claude.com/docs/en/api/service-tiers. <c>auto</c> uses priority capacity where the account has some.</summary>
    private static void WriteTier(Utf8JsonWriter writer, string? tier, TranslationReport report)
    {
        switch (tier)
        {
            case null:
                return;
            case "auto":
                writer.WriteString("service_tier"u8, "auto"u8);
                return;
            case "default":
                writer.WriteString("service_tier"u8, "standard_only"u8);
                return;
            case "priority" or "scale" or "fast":
                report.Change("service_tier", $"auto in place of '{tier}': priority capacity is used where the account has some");
                writer.WriteString("service_tier"u8, "auto"u8);
                return;
            default:
                report.Drop("service_tier", $"there is no tier '{tier}'");
                return;
        }
    }

    private static void ReportUnsayable(ChatRequest request, TranslationReport report)
    {
        ReadOnlySpan<(bool IsSet, string Field, string Reason)> fields =
        [
            (request.CandidateCount > 1, "n", "one answer a request"),
            (request.Seed is not null, "seed", "sampling cannot be seeded"),
            (request.PresencePenalty is not (null or 0), "presence_penalty", "there are no penalties"),
            (request.FrequencyPenalty is not (null or 0), "frequency_penalty", "there are no penalties"),
            (request.LogProbs == true, "logprobs", "log probabilities are not told"),
            (request.TopLogProbs > 0, "top_logprobs", "log probabilities are not told"),
            (request.Verbosity is not (null or "medium"), "verbosity", "it cannot be set"),
            (request.Store == true, "store", "answers are not stored"),
            (request.Metadata is { Count: > 0 }, "metadata", "requests have no labels"),
            (request.OutputModalities.Any(m => m != "text"), "modalities", "answers are text"),
            (request.AudioOutput is not null, "audio", "answers are text"),
        ];
        if (request.PromptCacheKey is not null)
        {
            report.Change("prompt_cache_key", NoMarks);
        }

        if (request.PromptCacheRetention is not null)
        {
            report.Change("prompt_cache_retention", NoMarks);
        }

        foreach ((bool isSet, string field, string reason) in fields)
        {
            if (isSet)
            {
                report.Drop(field, reason);
            }
        }
    }

    /// <summary>Writes what the model takes. A value that is the default anyway is left out without a word where it is refused.</summary>
    private static void WriteSampling(Utf8JsonWriter writer, ChatRequest request, ClaudeModel model, ThinkingPlan plan, TranslationReport report)
    {
        string? reason = !model.Sampling ? "this model refuses it" : plan.Thinks ? "it does not go with thinking" : null;
        bool hasTemperature = WriteTemperature(writer, request.Temperature, reason, report);
        WriteTopP(writer, request.TopP, model, plan, hasTemperature, report);
        if (request.TopK is not { } topK)
        {
            return;
        }

        if (reason is null)
        {
            writer.WriteNumber("top_k"u8, topK);
        }
        else
        {
            report.Drop("top_k", reason);
        }
    }

    private static bool WriteTemperature(Utf8JsonWriter writer, double? temperature, string? refusal, TranslationReport report)
    {
        if (temperature is not { } asked)
        {
            return false;
        }

        if (refusal is not null)
        {
            if (asked != 1)
            {
                report.Drop("temperature", refusal);
            }

            return false;
        }

        double taken = Math.Clamp(asked, 0, 1);
        if (taken != asked)
        {
            report.Change("temperature", "1, the highest there is");
        }

        writer.WriteNumber("temperature"u8, taken);
        return true;
    }

    private static void WriteTopP(Utf8JsonWriter writer, double? topP, ClaudeModel model, ThinkingPlan plan, bool hasTemperature, TranslationReport report)
    {
        if (topP is not { } asked)
        {
            return;
        }

        string? reason = !model.Sampling ? "this model refuses it"
            : plan.Thinks && asked < 0.95 ? "while the model thinks it must be 0.95 or more"
            : hasTemperature && !model.TemperatureWithTopP ? "this model takes either temperature or top_p"
            : null;
        if (reason is null)
        {
            writer.WriteNumber("top_p"u8, asked);
        }
        else if (asked < 1)
        {
            report.Drop("top_p", reason);
        }
    }
}
