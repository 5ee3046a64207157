using System.Text.Json;
using CsCheck;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.Adaptation;

/// <summary>
/// Requests with random histories, legal and not: calls without results, results without calls, ids used twice, empty, too long or of
/// odd characters, results late or among other content, foreign and own blocks, seals and fields. Every text holds a number of its own
/// (<c>#12;</c>), so that a test can see where it went.
/// </summary>
internal static class Histories
{
    public static readonly DialectId Other = new("other.dialect");

    /// <summary>The targets that the laws are held for: one like each real dialect, and one like Mistral.</summary>
    public static readonly (DialectId Id, DialectTraits Traits, DialectQuirks Quirks)[] Targets =
    [
        (DialectIds.ChatCompletions, new DialectTraits { StrictToolPairing = true, CustomTools = true, MaxToolCallId = 40 }, DialectQuirks.None),
        (DialectIds.ChatCompletions, new DialectTraits { StrictToolPairing = true, CustomTools = true, MaxToolCallId = 40 }, new DialectQuirks { CustomTools = false, ToolCallIdLength = 9, ReasoningReplayField = "reasoning_content" }),
        (DialectIds.Responses, new DialectTraits { CustomTools = true, ToolNamespaces = true, MaxToolCallId = 64, MediaInToolResults = true }, DialectQuirks.None),
        (DialectIds.Messages, new DialectTraits { MergesTurns = true, StrictToolPairing = true, PlainToolCallId = true, MaxCacheBreakpoints = 4, FindsPrefixes = false, MediaInToolResults = true }, DialectQuirks.None),
        (DialectIds.GenerateContent, new DialectTraits { MergesTurns = true, StrictToolPairing = true, ToolNamePunctuation = "_-.:", ToolNameStartsWithLetter = true }, DialectQuirks.None),
    ];

    public static readonly Gen<(DialectId Id, DialectTraits Traits, DialectQuirks Quirks)> Target = Gen.OneOf(Targets);

    private static readonly string[] Ids = ["c0", "c1", "c2", "", "functions.f:0", new('x', 70), "abcdefghi"];

    private static readonly (string? Namespace, string Name)[] Names =
        [(null, "find"), (null, "get.weather"), ("crm", "find"), ("crm", "get"), (null, new string('n', 80)), (null, "1st"), (null, "gone")];

    private static readonly Gen<DialectId> Origin = Gen.OneOf(DialectIds.Messages, DialectIds.GenerateContent, DialectIds.Responses, DialectIds.ChatCompletions, Other);

    private static readonly Gen<Signature?> Seal = Gen.Frequency((3, Gen.Const((Signature?)null)), (1, Origin.Select(o => (Signature?)new Signature("seal", o))));

    private static readonly Gen<ExtraFields?> Extra = Gen.Frequency(
        (8, Gen.Const((ExtraFields?)null)),
        (1, Origin.Select(o => (ExtraFields?)new ExtraFields(o, "some.path", [new ExtraField("field", Element("1"))]))));

    private static readonly Gen<CacheBreakpoint?> Cache = Gen.Frequency((6, Gen.Const((CacheBreakpoint?)null)), (1, Gen.Const<CacheBreakpoint?>(new CacheBreakpoint("5m"))));

    private static readonly Gen<ContentPart> Text = Gen.Select(Seal, Extra, Cache, Gen.Bool).Select((seal, extra, cache, empty) =>
        (ContentPart)new TextPart(empty && seal is not null ? "" : "#;") { Signature = seal, Extra = extra, Cache = cache });

    private static readonly Gen<ContentPart> Media = Gen.Select(Gen.Enum<MediaKind>(), Gen.Int[0, 3], Origin).Select((kind, source, origin) =>
        (ContentPart)new MediaPart(kind, source switch
        {
            0 => new Base64Source("image/png", "QUJD"u8.ToArray()),
            1 => new UrlSource("https://example.com/#;"),
            2 => new TextSource("#;"),
            _ => new FileSource("file_1", origin),
        })
        { Name = source == 2 ? "#;" : null });

    private static readonly Gen<ContentPart> Opaque = Origin.Select(o => (ContentPart)new OpaquePart(o, Element("""{"type":"web_search_call"}"""), "some.opaque"));

    private static readonly Gen<ContentPart> Reasoning = Gen.Select(Seal, Gen.Bool).Select((seal, redacted) =>
        (ContentPart)new ReasoningPart(redacted ? "" : "#;") { Signature = seal, Redacted = redacted && seal is not null });

    private static readonly Gen<ContentPart> Call = Gen.Select(Gen.OneOf(Ids), Gen.OneOf(Names), Seal, Gen.Enum<ToolKind>()).Select((id, name, seal, kind) =>
        (ContentPart)new ToolCallPart(id, name.Name, kind == ToolKind.Custom ? "#;" : """{"a":"#;"}""") { Namespace = name.Namespace, Signature = seal, Kind = kind });

    private static readonly Gen<ContentPart> Result = Gen.Select(Gen.OneOf(Ids), Gen.Frequency((3, Text), (1, Media), (1, Opaque)).List[0, 3], Extra, Cache).Select((id, content, extra, cache) =>
        (ContentPart)new ToolResultPart(id, content) { Extra = extra, Cache = cache });

    private static readonly Gen<Message> Turn = Gen.Frequency(
        (4, Turns(Role.Assistant, Gen.Frequency((3, Text), (4, Call), (1, Reasoning), (1, Opaque)))),
        (3, Turns(Role.Tool, Result)),
        (3, Turns(Role.User, Gen.Frequency((3, Text), (2, Result), (1, Media), (1, Opaque)))),
        (1, Turns(Role.System, Text)),
        (1, Turns(Role.Developer, Text)));

    private static readonly Gen<ToolDefinition> Tool = Gen.Select(Gen.OneOf(Names[..^1]), Gen.Int[0, 5], Extra, Cache).Select((name, kind, extra, cache) => (ToolDefinition)(kind switch
    {
        0 => new ServerTool(DialectIds.Messages, "web_search_20250305", Element("""{"name":"find"}"""), "tools[0]"),
        1 => new CustomTool(name.Name) { Namespace = name.Namespace, Description = "#;", Format = Element("""{"type":"grammar","syntax":"lark","definition":"start: x"}"""), Extra = extra, Cache = cache },
        _ => new FunctionTool(name.Name) { Namespace = name.Namespace, Description = "#;", NamespaceDescription = name.Namespace is null ? null : "#;", Extra = extra, Cache = cache },
    }));

    private static readonly Gen<ToolChoice?> Choice = Gen.Select(Gen.Enum<ToolChoiceMode>(), Gen.OneOf(Names), Gen.Bool).Select((mode, name, list) => (ToolChoice?)(mode == ToolChoiceMode.Named
        ? new ToolChoice(mode) { Name = name.Name, Namespace = name.Namespace }
        : new ToolChoice(mode) { Allowed = list && mode != ToolChoiceMode.None ? [name.Name, "find"] : null }));

    /// <summary>A random request.</summary>
    public static readonly Gen<ChatRequest> Request = Gen.Select(Turn.List[0, 9], Tool.List[0, 6], Choice, Text.List[0, 2], Extra).Select((turns, tools, choice, instructions, extra) =>
        Numbered(new ChatRequest { Model = "m", Messages = turns, Tools = tools, ToolChoice = choice, Instructions = instructions, Extra = extra }));

    public static JsonElement Element(string json) => JsonElement.Parse(json);

    private static Gen<Message> Turns(Role role, Gen<ContentPart> part) =>
        Gen.Select(part.List[0, 4], Gen.OneOf(null, null, "ann", "bob"), Extra).Select((parts, name, extra) => new Message(role, parts) { Name = name, Extra = extra });

    /// <summary>Gives each <c>#;</c> a number.</summary>
    private static ChatRequest Numbered(ChatRequest request)
    {
        int next = 0;
        string Number(string text) => text.Replace("#;", $"#{next++};", StringComparison.Ordinal);
        string? NumberOr(string? text) => text is null ? null : Number(text);
        ContentPart Part(ContentPart part) => part switch
        {
            TextPart text => text with { Text = Number(text.Text) },
            ReasoningPart reasoning => reasoning with { Text = Number(reasoning.Text) },
            ToolCallPart call => call with { Arguments = Number(call.Arguments) },
            ToolResultPart result => result with { Content = [.. result.Content.Select(Part)] },
            MediaPart { Source: TextSource text } media => media with { Source = new TextSource(Number(text.Text)), Name = NumberOr(media.Name) },
            MediaPart { Source: UrlSource url } media => media with { Source = new UrlSource(Number(url.Url)) },
            _ => part,
        };
        return request with
        {
            Instructions = [.. request.Instructions.Select(Part)],
            Tools = [.. request.Tools.Select(tool => tool switch
            {
                FunctionTool function => function with { Description = Number(function.Description!), NamespaceDescription = NumberOr(function.NamespaceDescription) },
                CustomTool custom => custom with { Description = Number(custom.Description!) },
                _ => tool,
            })],
            Messages = [.. request.Messages.Select(message => message with { Parts = [.. message.Parts.Select(Part)] })],
        };
    }
}
