using System.Text.Json;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>
/// Temperature, top_p and top_k. The API takes a temperature of 0 to 1; newer models take none of the three, and none take them freely
/// while they think. Sources: https://platform.claude.com/docs/en/api/messages/create,
/// https://platform.claude.com/docs/en/build-with-claude/extended-thinking (feature compatibility), the models' migration guides.
/// </summary>
internal static class MessagesSampling
{
    /// <summary>Writes what the model takes. A value that is the default anyway is left out without a word where it is refused.</summary>
    public static void Write(Utf8JsonWriter writer, ChatRequest request, ClaudeModel model, ThinkingPlan plan, TranslationReport report)
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
