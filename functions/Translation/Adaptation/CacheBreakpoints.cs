using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// Keeps no more cache breakpoints than the target takes: the last of the tools and instructions (system turns at the head included),
/// which is the prefix that conversations share, and else the latest, which cover the longest prefix. Breakpoints are hints, so the
/// report names them once.
/// </summary>
internal sealed class CacheBreakpoints
{
    /// <summary>What becomes of breakpoints where nothing is lost with them.</summary>
    public const string FindsPrefixes = "left out: this provider finds cacheable prefixes by itself";

    private int _dropFromPrefix;
    private int _dropFromMessages;

    private CacheBreakpoints(int dropFromPrefix, int dropFromMessages)
    {
        _dropFromPrefix = dropFromPrefix;
        _dropFromMessages = dropFromMessages;
    }

    /// <summary>The request with at most <paramref name="most"/> breakpoints.</summary>
    public static ChatRequest Limit(ChatRequest request, int most, TranslationReport report)
    {
        int head = request.Messages.TakeWhile(message => message.Role is Role.System or Role.Developer).Count();
        int prefix = request.Tools.Count(tool => tool.Cache is not null) + Count(request.Instructions) + request.Messages.Take(head).Sum(message => Count(message.Parts));
        int messages = request.Messages.Skip(head).Sum(message => Count(message.Parts));
        if (prefix + messages <= most)
        {
            return request;
        }

        if (most == 0)
        {
            report.Change("cache_control", FindsPrefixes);
        }
        else
        {
            report.Drop("cache_control", $"more than {most} breakpoints");
        }

        int inMessages = Math.Min(messages, Math.Max(0, most - Math.Min(1, prefix)));
        int inPrefix = Math.Min(prefix, most - inMessages);
        var limit = new CacheBreakpoints(prefix - inPrefix, messages - inMessages);
        return request with
        {
            Tools = request.Tools.Rewrite((tool, _) => tool.Cache is not null && limit._dropFromPrefix-- > 0 ? tool with { Cache = null } : tool),
            Instructions = Parts(request.Instructions, ref limit._dropFromPrefix),
            Messages = request.Messages.Rewrite((message, index) =>
            {
                IReadOnlyList<ContentPart> parts = Parts(message.Parts, ref index < head ? ref limit._dropFromPrefix : ref limit._dropFromMessages);
                return parts == message.Parts ? message : message with { Parts = parts };
            }),
        };
    }

    /// <summary>The breakpoints of a request.</summary>
    public static int Count(ChatRequest request) =>
        request.Tools.Count(tool => tool.Cache is not null) + Count(request.Instructions) + request.Messages.Sum(message => Count(message.Parts));

    /// <summary>The breakpoints of parts, those within tool results included.</summary>
    public static int Count(IReadOnlyList<ContentPart> parts)
    {
        int count = 0;
        foreach (ContentPart part in parts)
        {
            count += (part.Cache is null ? 0 : 1) + (part is ToolResultPart result ? Count(result.Content) : 0);
        }

        return count;
    }

    /// <summary>The parts without their first breakpoints, those within a tool result before its own.</summary>
    private static IReadOnlyList<ContentPart> Parts(IReadOnlyList<ContentPart> parts, ref int drop)
    {
        int left = drop;
        IReadOnlyList<ContentPart> limited = parts.Rewrite((part, _) =>
        {
            if (left <= 0)
            {
                return part;
            }

            ContentPart now = part;
            if (part is ToolResultPart result)
            {
                IReadOnlyList<ContentPart> content = Parts(result.Content, ref left);
                now = content == result.Content ? part : result with { Content = content };
            }

            if (now.Cache is not null && left > 0)
            {
                left--;
                now = now with { Cache = null };
            }

            return now;
        });
        drop = left;
        return limited;
    }
}
