using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// Prepares a canonical request for a target by the target's <see cref="DialectTraits"/>, so that encoders only have to render. Pure and
/// deterministic: the same request gives the same bytes, turn after turn, which providers' prompt caches live on. A request that the
/// target can take as it is comes out as it went in; adapting twice is adapting once.
/// </summary>
public static class RequestAdapter
{
    /// <summary>The request as the target can be given it, with what was left out in the report.</summary>
    /// <param name="request">The request as the client made it.</param>
    /// <param name="target">The dialect it will be encoded into.</param>
    /// <param name="profile">The provider behind it.</param>
    /// <param name="report">Takes what is dropped or changed.</param>
    /// <exception cref="GatewayException">The request leans on something that only its own dialect's providers hold.</exception>
    public static AdaptedRequest Adapt(ChatRequest request, IChatDialect target, TargetProfile profile, TranslationReport report) =>
        Adapt(request, target.Id, target.Traits, profile.Quirks, report, profile.ReadsSeals);

    internal static AdaptedRequest Adapt(ChatRequest request, DialectId target, DialectTraits traits, DialectQuirks quirks, TranslationReport report, bool readsSeals = true)
    {
        if (request.RequiresDialect is { } binding && binding.Dialect != target)
        {
            throw new GatewayException(binding.Refusal);
        }

        request = ForeignContent.Remove(request, target, quirks, readsSeals, report);
        request = ForeignTools.Remove(request, target, report);
        request = EndUserIds.Fit(request, traits, report);
        request = JsonMention.Add(request, traits, report);
        (request, ToolNames names) = ToolNaming.Apply(request, traits, traits.CustomTools && quirks.CustomTools, report);

        // Where the provider holds the head of the conversation, calls may stand there.
        bool repairs = traits.StrictToolPairing && request.RequiresDialect is null;
        request = request with { Messages = Turns(request.Messages, repairs, traits, quirks, report) };
        request = CachePlacement.Place(request, traits, quirks, report);

        // What the provider places by itself is one of the breakpoints that it takes.
        int most = (quirks.MaxCacheBreakpoints ?? traits.MaxCacheBreakpoints) - (request.AutomaticCache is null || traits.FindsPrefixes ? 0 : 1);
        return new AdaptedRequest(CacheBreakpoints.Limit(request, most, report), names);
    }

    private static IReadOnlyList<Message> Turns(IReadOnlyList<Message> messages, bool repairs, DialectTraits traits, DialectQuirks quirks, TranslationReport report)
    {
        if (repairs)
        {
            messages = TurnMerging.JoinAssistant(messages);
        }

        messages = ToolCallIds.Link(messages, traits, quirks.ToolCallIdLength);
        if (repairs)
        {
            // Results that have moved up can leave two turns of the assistant side by side.
            messages = TurnMerging.JoinAssistant(ToolPairing.Repair(messages, report));
        }

        if (!traits.MediaInToolResults)
        {
            messages = ToolResultMedia.MoveOut(messages, report);
        }

        return traits.MergesTurns ? TurnMerging.JoinAll(messages, report) : messages;
    }
}

/// <summary>A prepared request and what is needed to undo the preparation in the answer.</summary>
/// <param name="Request">For the target's encoder.</param>
/// <param name="Names">For the <see cref="AnswerAdapter"/>.</param>
public sealed record AdaptedRequest(ChatRequest Request, ToolNames Names);
