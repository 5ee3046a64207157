using Serverless.Translation.Canonical;

namespace Serverless.Gateway.Metering;

/// <summary>What of an answer is content: something that the model made, as opposed to frames around it.</summary>
internal static class AnswerContent
{
    /// <summary>
    /// True for an event after which the answer has begun for the client: until then a failure can still go to another
    /// destination. An announced end is content too: an empty answer is an answer.
    /// </summary>
    public static bool Begins(ChatEvent chatEvent) => chatEvent switch
    {
        PartDelta delta => delta.Text.Length > 0,
        PartStarted part => Is(part),
        SignatureSet or CitationAdded or LogProbsAdded or ChoiceEnded or Finished => true,
        _ => false,
    };

    /// <summary>True when a part holds something at its start.</summary>
    public static bool Is(PartStarted part) => part.Seed switch
    {
        TextPart text => text.Text.Length > 0,
        ReasoningPart reasoning => reasoning.Text.Length > 0 || reasoning.Redacted || reasoning.Signature is not null,
        RefusalPart refusal => refusal.Text.Length > 0,
        _ => true,
    };

    /// <summary>Characters of a part that the model has written, for an estimate of its tokens.</summary>
    public static long Characters(ContentPart part) => part switch
    {
        TextPart text => text.Text.Length,
        ReasoningPart reasoning => reasoning.Text.Length,
        RefusalPart refusal => refusal.Text.Length,
        ToolCallPart call => call.Name.Length + call.Arguments.Length,
        MediaPart media => media.Transcript?.Length ?? 0,
        _ => 0,
    };
}
