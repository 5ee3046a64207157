using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.Adaptation;

/// <summary>Short ways to write requests and to prepare them for a target like Anthropic, unless a test says otherwise.</summary>
internal static class Adapting
{
    public static readonly DialectTraits Strict = new()
    {
        MergesTurns = true,
        StrictToolPairing = true,
        PlainToolCallId = true,
        MaxCacheBreakpoints = 4,
        FindsPrefixes = false,
        MediaInToolResults = true,
    };

    public static ChatRequest Request(params Message[] messages) => new() { Model = "m", Messages = messages };

    public static Message User(params ContentPart[] parts) => new(Role.User, parts);

    public static Message Assistant(params ContentPart[] parts) => new(Role.Assistant, parts);

    public static Message Tool(params ContentPart[] parts) => new(Role.Tool, parts);

    public static TextPart Text(string text) => new(text);

    public static ToolCallPart Call(string id, string name = "f") => new(id, name, "{}");

    public static ToolResultPart Result(string id, string text = "ok") => new(id, [new TextPart(text)]);

    public static JsonElement Element(string json) => JsonElement.Parse(json);

    public static Adapted Adapt(ChatRequest request, DialectTraits? traits = null, DialectId? target = null, DialectQuirks? quirks = null)
    {
        var report = new TranslationReport();
        AdaptedRequest adapted = RequestAdapter.Adapt(request, target ?? DialectIds.Messages, traits ?? Strict, quirks ?? DialectQuirks.None, report);
        return new Adapted(adapted.Request, adapted.Names, [.. report.Entries.Select(e => $"{(e.Dropped ? "drop" : "change")} {e.Field}: {e.Reason}")]);
    }

    /// <summary>The turns in short: <c>U:text</c>, <c>A:text call(id)</c>, <c>T:result(id=text)</c>.</summary>
    public static string[] Shape(ChatRequest request) => [.. request.Messages.Select(m => $"{m.Role.ToString()[0]}:{string.Join(' ', m.Parts.Select(Shape))}")];

    private static string Shape(ContentPart part) => part switch
    {
        TextPart text => text.Text,
        ToolCallPart call => $"call({call.Id})",
        ToolResultPart result => $"result({result.CallId}={string.Join(' ', result.Content.Select(Shape))}{(result.IsError ? "!" : "")})",
        MediaPart media => media.Kind.ToString().ToLowerInvariant(),
        ReasoningPart reasoning => $"thinking({reasoning.Text}{(reasoning.Signature is null ? "" : $" sealed by {reasoning.Signature.Origin}")})",
        _ => part.GetType().Name,
    };
}

/// <summary>A prepared request, what undoes the preparation, and the report in short.</summary>
internal sealed record Adapted(ChatRequest Request, ToolNames Names, string[] Report);
