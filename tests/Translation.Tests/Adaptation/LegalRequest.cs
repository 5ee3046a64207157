using System.Text.RegularExpressions;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.Adaptation;

/// <summary>Holds a prepared request against everything that its target insists on.</summary>
internal static class LegalRequest
{
    public static void Check(ChatRequest request, DialectId target, DialectTraits traits, DialectQuirks quirks)
    {
        List<ContentPart> all = [.. request.Instructions.Concat(request.Messages.SelectMany(m => m.Parts)).SelectMany(WithNested)];
        Assert.All(all, part => IsOwn(part, target));
        Assert.All(request.Messages, m => Assert.True(m.Extra is null || m.Extra.Dialect == target));
        Assert.All(request.Tools, t => Assert.True((t.Extra is null || t.Extra.Dialect == target) && (t is not ServerTool server || server.Dialect == target)));
        CheckNames(request, traits, traits.CustomTools && quirks.CustomTools);
        CheckIds(all, traits, quirks);
        Assert.True(all.Count(p => p.Cache is not null) + request.Tools.Count(t => t.Cache is not null) <= traits.MaxCacheBreakpoints);
        if (!traits.MediaInToolResults)
        {
            Assert.DoesNotContain(all.OfType<ToolResultPart>(), result => result.Content.Any(c => c is MediaPart));
        }

        if (traits.StrictToolPairing)
        {
            CheckPairing(request.Messages);
        }

        if (traits.MergesTurns)
        {
            CheckTurns(request.Messages, traits.StrictToolPairing);
        }
    }

    public static IEnumerable<ContentPart> WithNested(ContentPart part) => part is ToolResultPart result ? [part, .. result.Content] : [part];

    private static void IsOwn(ContentPart part, DialectId target)
    {
        Signature? seal = part switch
        {
            TextPart text => text.Signature,
            ReasoningPart reasoning => reasoning.Signature,
            ToolCallPart call => call.Signature,
            MediaPart media => media.Signature,
            _ => null,
        };
        Assert.True(seal is null || seal.Origin == target);
        Assert.True(part.Extra is null || part.Extra.Dialect == target);
        Assert.True(part is not OpaquePart opaque || opaque.Dialect == target);
        Assert.True(part is not MediaPart { Source: FileSource file } || file.Dialect == target);
    }

    private static void CheckNames(ChatRequest request, DialectTraits traits, bool customTools)
    {
        Regex legal = new($"^{(traits.ToolNameStartsWithLetter ? "[A-Za-z_]" : "")}[A-Za-z0-9{Regex.Escape(traits.ToolNamePunctuation).Replace("-", "\\-", StringComparison.Ordinal)}]{{0,{traits.MaxToolName}}}$");
        List<(string? Namespace, string Name)> declared = [];
        foreach (ToolDefinition tool in request.Tools)
        {
            Assert.True(customTools || tool is not CustomTool);
            if (tool is FunctionTool or CustomTool)
            {
                declared.Add(tool is FunctionTool function ? (function.Namespace, function.Name) : (((CustomTool)tool).Namespace, ((CustomTool)tool).Name));
            }
        }

        Assert.Equal(declared.Count, declared.Distinct().Count());
        List<ToolCallPart> calls = [.. request.Messages.SelectMany(m => m.Parts).OfType<ToolCallPart>()];
        Assert.All(declared.Concat(calls.Select(c => (c.Namespace, c.Name))), tool =>
        {
            Assert.Matches(legal, tool.Name);
            Assert.InRange(tool.Name.Length, 1, traits.MaxToolName);
            Assert.True(traits.ToolNamespaces || tool.Namespace is null);
        });
        if (!customTools)
        {
            Assert.All(calls, c => Assert.True(c.Kind == ToolKind.Function && c.Arguments.StartsWith('{')));
        }

        if (request.ToolChoice is { Name: { } chosen })
        {
            Assert.Matches(legal, chosen);
        }
    }

    private static void CheckIds(List<ContentPart> all, DialectTraits traits, DialectQuirks quirks)
    {
        List<string> ids = [.. all.OfType<ToolCallPart>().Select(c => c.Id)];
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.All(ids.Concat(all.OfType<ToolResultPart>().Select(r => r.CallId)), id =>
        {
            Assert.InRange(id.Length, 1, traits.MaxToolCallId ?? 1000);
            if (traits.PlainToolCallId)
            {
                Assert.Matches("^[A-Za-z0-9_-]+$", id);
            }

            if (quirks.ToolCallIdLength is { } length)
            {
                Assert.Matches($"^[A-Za-z0-9]{{{length}}}$", id);
            }
        });
        Dictionary<string, ToolCallPart> calls = all.OfType<ToolCallPart>().ToDictionary(c => c.Id);
        Assert.All(all.OfType<ToolResultPart>(), result =>
        {
            if (calls.TryGetValue(result.CallId, out ToolCallPart? call) && (traits.StrictToolPairing || result.Name is not null))
            {
                Assert.Equal((call.Name, call.Kind), (result.Name, result.Kind));
            }
        });
    }

    /// <summary>After each assistant turn its results in the order of the calls, before anything else; none anywhere else.</summary>
    private static void CheckPairing(IReadOnlyList<Message> messages)
    {
        Queue<string> open = new();
        foreach (Message message in messages)
        {
            bool other = false;
            foreach (ContentPart part in message.Parts)
            {
                if (part is ToolResultPart result)
                {
                    Assert.False(other, "a result stands behind other content");
                    Assert.True(message.Role is Role.User or Role.Tool);
                    Assert.True(open.TryDequeue(out string? expected), "a result without a call");
                    Assert.Equal(expected, result.CallId);
                }
                else
                {
                    other = true;
                    Assert.True(message.Role == Role.Assistant || open.Count == 0, "a call is not answered at once");
                }
            }

            if (message.Role == Role.Assistant)
            {
                Assert.Empty(open);
                open = new Queue<string>(message.Parts.OfType<ToolCallPart>().Select(c => c.Id));
            }
            else if (message.Role == Role.Tool)
            {
                Assert.False(other, "a tool's turn holds only results");
            }
        }

        Assert.Empty(open);
    }

    private static void CheckTurns(IReadOnlyList<Message> messages, bool strict)
    {
        for (int i = 0; i < messages.Count; i++)
        {
            Assert.NotEmpty(messages[i].Parts);
            if (i > 0 && Side(messages[i - 1].Role) is { } side)
            {
                Assert.NotEqual(side, Side(messages[i].Role));
            }

            int calls = messages[i].Role == Role.Assistant ? messages[i].Parts.Count(p => p is ToolCallPart) : 0;
            if (strict && calls > 0)
            {
                Assert.Equal(calls, messages[i + 1].Parts.Count(p => p is ToolResultPart));
            }
        }
    }

    private static Role? Side(Role role) => role is Role.User or Role.Tool ? Role.User : role == Role.Assistant ? role : null;
}
