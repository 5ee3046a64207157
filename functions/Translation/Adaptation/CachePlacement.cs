using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// Marks prefixes for clients that leave caching to their provider, at targets that cache only what is marked. OpenAI's clients do, and say so by
/// <c>prompt_cache_key</c>; without marks an agent on Claude would pay for its whole history again with every turn.
/// <code>
/// 1  the last instruction          covers the tools, too: what a client's conversations share
/// 2  the last turn of the user's   what the next request will begin with        only in a conversation that
/// 3  the one before it             where the request before this one ended      has tools or an answer already
/// 4  the last tool                 for clients whose instructions change
/// </code>
/// The third is what makes the second pay: a provider looks back from a mark some twenty blocks for what it has cached, and one turn with many
/// parallel calls is longer. Writing costs a quarter more than reading afresh, so that the question of a single request, which nothing will be
/// read from again, is not marked. Marks of the client's own stay, and nothing is placed beside them but the turns'. Where the marks stand
/// depends on the roles of the turns alone, and what is marked is unchanged by it, so that prefixes stay the same from request to request.
/// </summary>
/// <remarks>
/// The other way round there is nothing to mark: OpenAI and Gemini find cacheable prefixes by themselves. A client that marks prefixes
/// is given a <c>prompt_cache_key</c> where that is known to be taken, since OpenAI finds prefixes by it: its user's id, which in Claude Code
/// holds the session. Sources: https://platform.claude.com/docs/en/build-with-claude/prompt-caching,
/// https://developers.openai.com/api/docs/guides/prompt-caching.
/// </remarks>
internal static class CachePlacement
{
    private const string Hour = "1h";

    /// <summary>The request with marks, or a key, where the client leaves that to the provider and the target does not do it.</summary>
    public static ChatRequest Place(ChatRequest request, DialectTraits traits, DialectQuirks quirks, TranslationReport report)
    {
        if (traits.FindsPrefixes && quirks.MaxCacheBreakpoints is not > 0)
        {
            bool derives = traits.PromptCacheKeys && quirks.PromptCacheKeys && request.PromptCacheKey is null && (request.AutomaticCache is not null || IsMarked(request));
            return derives ? request with { PromptCacheKey = request.User } : request;
        }

        bool asked = request.PromptCacheKey is not null || request.PromptCacheRetention is not null || (request.AutomaticCache is not null && traits.FindsPrefixes);
        if (request.CachesMarkedOnly || quirks.PromptCaching == PromptCaching.Never || !(asked || quirks.PromptCaching == PromptCaching.Always))
        {
            return request;
        }

        var mark = new CacheBreakpoint(request.PromptCacheRetention == "24h" ? Hour : request.AutomaticCache?.Ttl);
        int room = (quirks.MaxCacheBreakpoints ?? traits.MaxCacheBreakpoints) - CacheBreakpoints.Count(request) - (request.AutomaticCache is not null && !traits.FindsPrefixes ? 1 : 0);
        request = Marked(request, mark, ref room);
        return traits.PromptCacheKeys || !IsMarked(request) ? request : WithoutKey(request, mark, report);
    }

    private static ChatRequest Marked(ChatRequest request, CacheBreakpoint mark, ref int room)
    {
        int head = request.Messages.TakeWhile(IsInstruction).Count();
        bool prefixIsMarked = request.Tools.Any(tool => tool.Cache is not null) || IsMarked(request.Instructions) || request.Messages.Take(head).Any(m => IsMarked(m.Parts));
        if (!prefixIsMarked)
        {
            request = MarkInstructions(request, head, mark, ref room);
        }

        bool goesOn = request.Tools.Count > 0 || request.Messages.Any(m => m.Role == Role.Assistant);
        if (goesOn && !request.Messages.Skip(head).Any(m => IsMarked(m.Parts)))
        {
            int last = LastUserTurn(request.Messages, request.Messages.Count);
            int answer = request.Messages.Take(Math.Max(last, 0)).ToList().FindLastIndex(m => m.Role == Role.Assistant);
            request = MarkTurn(request, last, mark, ref room);
            request = MarkTurn(request, LastUserTurn(request.Messages, answer), mark, ref room);
        }

        if (!prefixIsMarked && room > 0 && request.Tools is [.., FunctionTool or CustomTool])
        {
            room--;
            request = request with { Tools = [.. request.Tools.SkipLast(1), request.Tools[^1] with { Cache = mark }] };
        }

        return request;
    }

    private static ChatRequest MarkInstructions(ChatRequest request, int head, CacheBreakpoint mark, ref int room)
    {
        for (int i = head - 1; i >= 0; i--)
        {
            int before = room;
            request = MarkTurn(request, i, mark, ref room);
            if (room < before)
            {
                return request;
            }
        }

        return MarkLast(request.Instructions, mark, ref room) is { } marked ? request with { Instructions = marked } : request;
    }

    private static ChatRequest MarkTurn(ChatRequest request, int index, CacheBreakpoint mark, ref int room)
    {
        if (index < 0 || MarkLast(request.Messages[index].Parts, mark, ref room) is not { } marked)
        {
            return request;
        }

        return request with { Messages = request.Messages.Rewrite((message, i) => i == index ? message with { Parts = marked } : message) };
    }

    /// <summary>The parts with their last that can be marked marked; null when there is none, or no room.</summary>
    private static IReadOnlyList<ContentPart>? MarkLast(IReadOnlyList<ContentPart> parts, CacheBreakpoint mark, ref int room)
    {
        int last = parts.ToList().FindLastIndex(part => part is MediaPart or ToolResultPart || (part is TextPart text && !string.IsNullOrWhiteSpace(text.Text)));
        if (last < 0 || room <= 0)
        {
            return null;
        }

        room--;
        return parts.Rewrite((part, i) => i == last ? part with { Cache = mark } : part);
    }

    private static int LastUserTurn(IReadOnlyList<Message> messages, int before) =>
        messages.Take(Math.Max(before, 0)).ToList().FindLastIndex(m => m.Role is Role.User or Role.Tool);

    private static ChatRequest WithoutKey(ChatRequest request, CacheBreakpoint mark, TranslationReport report)
    {
        if (request.PromptCacheKey is not null)
        {
            report.Change("prompt_cache_key", "marks for the cache in its place");
        }

        if (request.PromptCacheRetention is not null && mark.Ttl is not null)
        {
            report.Change("prompt_cache_retention", "an hour, the longest there is");
        }

        return request with { PromptCacheKey = null, PromptCacheRetention = null };
    }

    private static bool IsMarked(ChatRequest request) => CacheBreakpoints.Count(request) > 0;

    private static bool IsMarked(IReadOnlyList<ContentPart> parts) => CacheBreakpoints.Count(parts) > 0;

    private static bool IsInstruction(Message message) => message.Role is Role.System or Role.Developer;
}
