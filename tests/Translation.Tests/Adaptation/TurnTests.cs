using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using static Serverless.Translation.Tests.Adaptation.Adapting;

namespace Serverless.Translation.Tests.Adaptation;

/// <summary>Turns that are joined, media that moves between them, and breakpoints in them.</summary>
public sealed class TurnTests
{
    private static readonly DialectTraits Chat = new() { StrictToolPairing = true };
    private static readonly MediaPart Image = new(MediaKind.Image, new Base64Source("image/png", "QUJD"u8.ToArray()));

    [Fact]
    public void Turns_of_one_side_become_one_and_instructions_part_them()
    {
        Adapted adapted = Adapt(Request(
            User(Text("a")), User(), User(Text("b")),
            new Message(Role.System, [Text("s")]), new Message(Role.System, [Text("t")]),
            User(Text("c")),
            Assistant(Text("d")), Assistant(Text("e")),
            User(Text(" "))));
        Assert.Equal(["U:a b", "S:s", "S:t", "U:c", "A:d e", "U: "], Shape(adapted.Request));
        Assert.Empty(adapted.Report);
    }

    [Fact]
    public void A_name_stays_when_all_turns_have_it()
    {
        Message Ann(string text) => User(Text(text)) with { Name = "ann" };
        Assert.Equal("ann", Adapt(Request(Ann("a"), Ann("b"))).Request.Messages.Single().Name);
        Adapted mixed = Adapt(Request(Ann("a"), User(Text("b")) with { Name = "bob" }));
        Assert.Null(mixed.Request.Messages.Single().Name);
        Assert.Equal(["drop messages[].name: turns of different speakers became one"], mixed.Report);
        ChatRequest speakers = Request(Assistant(Text("a")) with { Name = "x" }, Assistant(Text("b")) with { Name = "y" });
        Assert.Same(speakers.Messages, Adapt(speakers, Chat).Request.Messages);
    }

    [Fact]
    public void Own_fields_of_joined_turns_are_joined()
    {
        ExtraFields Extra(string name) => new(DialectIds.Messages, "p", [new ExtraField("both", Element("1")), new ExtraField(name, Element("2"))]);
        Message joined = Adapt(Request(User(Text("a")) with { Extra = Extra("x") }, User(Text("b")), User(Text("c")) with { Extra = Extra("y") })).Request.Messages.Single();
        Assert.Equal(["both", "x", "y"], joined.Extra!.Fields.Select(f => f.Name));
    }

    [Fact]
    public void Media_of_results_move_to_the_users_turn_behind_them()
    {
        ChatRequest request = Request(
            Assistant(Call("a"), Call("b")),
            Tool(Result("a") with { Content = [Text("shot:"), Image] }),
            Tool(Result("b") with { Content = [Image, new MediaPart(MediaKind.Document, new UrlSource("u")), Image] }),
            Assistant(Text("x")));
        Adapted adapted = Adapt(request, Chat);
        Assert.Equal(
            [
                "A:call(a) call(b)",
                "T:result(a=shot: [image 1 of this result is in the user's message after it])",
                "T:result(b=[image 1 of this result is in the user's message after it] [document 2 of this result is in the user's message after it] [image 3 of this result is in the user's message after it])",
                "U:[image 1 of the result of the tool call a] image [image 1 of the result of the tool call b] image [document 2 of the result of the tool call b] document [image 3 of the result of the tool call b] image",
                "A:x",
            ],
            Shape(adapted.Request));
        Assert.Equal(["change tool_results[].content: media of tool results moved to the user's turn after them"], adapted.Report);
        Assert.Same(Image, adapted.Request.Messages[3].Parts[1]);
        ChatRequest kept = Adapt(request, Strict).Request;
        Assert.Contains(Image, kept.Messages[1].Parts.OfType<ToolResultPart>().First().Content);
    }

    [Fact]
    public void Media_of_results_go_before_what_the_user_says_next()
    {
        string[] expected = ["A:call(a)", "result(a=[image 1 of this result is in the user's message after it])", "[image 1 of the result of the tool call a] image what is it?"];
        ToolResultPart shot = Result("a") with { Content = [Image] };
        Assert.Equal([expected[0], $"T:{expected[1]}", $"U:{expected[2]}"], Shape(Adapt(Request(Assistant(Call("a")), Tool(shot), User(Text("what is it?"))), Chat).Request));
        Assert.Equal([expected[0], $"U:{expected[1]} {expected[2]}"], Shape(Adapt(Request(Assistant(Call("a")), User(shot, Text("what is it?"))), Chat).Request));
        Assert.Equal([expected[0], $"T:{expected[1]}", "U:[image 1 of the result of the tool call a] image"], Shape(Adapt(Request(Assistant(Call("a")), Tool(shot)), Chat).Request));
        Assert.Equal([expected[0], $"U:{expected[1]} {expected[2]}"], Shape(Adapt(Request(Assistant(Call("a")), Tool(shot), User(Text("what is it?"))), Strict with { MediaInToolResults = false }).Request));
    }

    [Fact]
    public void A_plain_text_document_in_a_result_stays_there_as_text()
    {
        ToolResultPart read = Result("a") with { Content = [new MediaPart(MediaKind.Document, new TextSource("body")) { Name = "a.txt" }] };
        Adapted adapted = Adapt(Request(Assistant(Call("a")), Tool(read)), Chat);
        Assert.Equal(["A:call(a)", "T:result(a=a.txt\n\nbody)"], Shape(adapted.Request));
        Assert.Empty(adapted.Report);
    }

    [Fact]
    public void Breakpoints_are_limited_to_those_that_matter_most()
    {
        var mark = new CacheBreakpoint("1h");
        ChatRequest request = Request(
            User(Text("0") with { Cache = mark }),
            Assistant(Call("a") with { Cache = mark }),
            Tool(Result("a") with { Content = [Text("1") with { Cache = mark }], Cache = mark }),
            User(Text("2") with { Cache = mark }),
            Assistant(Text("3"))) with
        {
            Tools = [new FunctionTool("f") { Cache = mark }],
            Instructions = [Text("i") with { Cache = mark }],
        };
        Adapted adapted = Adapt(request);
        Assert.Null(adapted.Request.Tools[0].Cache);
        Assert.Equal(mark, adapted.Request.Instructions[0].Cache);
        Assert.Equal(["1", "result", "2"], adapted.Request.Messages.SelectMany(m => m.Parts).SelectMany(p => p is ToolResultPart r ? [.. r.Content, p] : new[] { p })
            .Where(p => p.Cache is not null).Select(p => p is TextPart text ? text.Text : "result"));
        Assert.Equal(["drop cache_control: more than 4 breakpoints"], adapted.Report);
    }

    [Fact]
    public void System_turns_at_the_head_are_the_shared_prefix()
    {
        TextPart Marked(string text) => Text(text) with { Cache = new CacheBreakpoint() };
        ChatRequest request = Request(
            new Message(Role.System, [Marked("s")]), new Message(Role.Developer, [Marked("d")]), User(Marked("1"), Marked("2")),
            new Message(Role.System, [Marked("later")]), User(Marked("3")));
        Assert.Equal(["d", "2", "later", "3"], Adapt(request).Request.Messages.SelectMany(m => m.Parts).Where(p => p.Cache is not null).Select(p => ((TextPart)p).Text));
    }

    [Fact]
    public void Where_breakpoints_are_unknown_all_go_and_where_there_are_few_all_stay()
    {
        var mark = new CacheBreakpoint();
        ChatRequest request = Request(User(Text("0") with { Cache = mark })) with
        {
            Tools = [.. Enumerable.Range(0, 3).Select(i => new FunctionTool($"f{i}") { Cache = mark })],
        };
        Assert.Equal(CanonicalText.Of(request), CanonicalText.Of(Adapt(request).Request));
        Adapted none = Adapt(request, Chat);
        Assert.DoesNotContain("Cache", CanonicalText.Of(none.Request), StringComparison.Ordinal);
        Assert.Equal(["change cache_control: left out: this provider finds cacheable prefixes by itself"], none.Report);
        Assert.Equal(2, CanonicalText.Of(Adapt(request, Chat, quirks: new DialectQuirks { MaxCacheBreakpoints = 1 }).Request).Split("Cache:").Length);
        Assert.Equal([false, true, true], Adapt(request, Strict with { MaxCacheBreakpoints = 3 }).Request.Tools.Select(t => t.Cache is not null));
    }
}
