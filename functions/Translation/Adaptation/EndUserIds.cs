using System.Security.Cryptography;
using System.Text;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// Fits the identifiers of end users to what a target takes. OpenAI refuses more than 64 characters, where Claude Code sends some two
/// hundred; Anthropic refuses mail addresses and telephone numbers. A hash stands for such an identifier, the same on every request.
/// Sources: https://platform.openai.com/docs/api-reference/chat/create (safety_identifier), https://docs.claude.com/en/api/messages
/// (metadata.user_id).
/// </summary>
internal static class EndUserIds
{
    /// <summary>The request with identifiers that the target takes.</summary>
    public static ChatRequest Fit(ChatRequest request, DialectTraits traits, TranslationReport report) => request with
    {
        User = Fit(request.User, "user", traits, report),
        SafetyIdentifier = Fit(request.SafetyIdentifier, "safety_identifier", traits, report),
        PromptCacheKey = Fit(request.PromptCacheKey, "prompt_cache_key", traits with { ImpersonalUserIds = false }, report),
    };

    private static string? Fit(string? id, string field, DialectTraits traits, TranslationReport report)
    {
        if (id is null || (id.Length <= (traits.MaxUserId ?? int.MaxValue) && !(traits.ImpersonalUserIds && IsPersonal(id))))
        {
            return id;
        }

        report.Change(field, id.Length > traits.MaxUserId ? $"a hash of it, since it is longer than {traits.MaxUserId} characters" : "a hash of it, since it may tell who a person is");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)), 0, 16);
    }

    private static bool IsPersonal(string id) =>
        id.Contains('@') || (id.Count(char.IsAsciiDigit) >= 7 && id.All(c => char.IsAsciiDigit(c) || c is '+' or '-' or ' ' or '(' or ')' or '.'));
}
