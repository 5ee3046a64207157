using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using static Serverless.Translation.Tests.Adaptation.Adapting;

namespace Serverless.Translation.Tests.Adaptation;

/// <summary>What belongs to another dialect, and what may stay.</summary>
public sealed class ForeignContentTests
{
    private static readonly Signature Own = new("own", DialectIds.Messages);
    private static readonly Signature Foreign = new("foreign", DialectIds.GenerateContent);

    [Fact]
    public void Fields_are_reported_by_their_full_path_wherever_they_stood()
    {
        ChatRequest request = Request(
            User(Text("q") with { Extra = Extra("messages[0].content[0]", "p") }) with { Extra = Extra("messages[0]", "m") },
            Assistant(Call("a")),
            Tool(Result("a") with { Content = [Text("r") with { Extra = Extra("messages[2].content[0].content[0]", "n") }], Extra = Extra("messages[2].content[0]", "r") })) with
        {
            Extra = Extra("", "root", "second"),
            Tools = [new FunctionTool("f") { Extra = Extra("tools[0]", "t") }],
            Instructions = [Text("i") with { Extra = Extra("system[0]", "i") }],
        };
        Adapted adapted = Adapt(request);
        Assert.Equal(
            ["root", "second", "tools[0].t", "system[0].i", "messages[0].content[0].p", "messages[0].m", "messages[2].content[0].r", "messages[2].content[0].content[0].n"],
            adapted.Report.Select(r => r[5..r.IndexOf(':', StringComparison.Ordinal)]));
        Assert.DoesNotContain("Extra", CanonicalText.Of(adapted.Request), StringComparison.Ordinal);
        Adapted own = Adapt(request, target: DialectIds.Responses);
        Assert.Empty(own.Report);
        Assert.Equal(8, CanonicalText.Of(own.Request).Split("Extra:").Length);
    }

    [Fact]
    public void Incidental_fields_go_without_a_word()
    {
        ChatRequest request = Request(User(Text("q"))) with { Extra = new ExtraFields(DialectIds.Responses, "", [new ExtraField("id", Element("1")) { Incidental = true }]) };
        Adapted adapted = Adapt(request);
        Assert.Null(adapted.Request.Extra);
        Assert.Empty(adapted.Report);
    }

    [Fact]
    public void Blocks_files_and_citations_of_another_dialect_go_and_turns_that_were_nothing_else()
    {
        ChatRequest request = Request(
            User(Text("q")),
            Assistant(new OpaquePart(DialectIds.Responses, Element("""{"type":"web_search_call"}"""), "input[1]")),
            Assistant(Text("a") with { Citations = [new Citation { Url = "u", Original = new OpaquePart(DialectIds.Responses, Element("""{"type":"url_citation"}"""), "input[2].annotations[0]") }] }),
            User(new MediaPart(MediaKind.Document, new FileSource("file-9", DialectIds.Responses)), Text("read")),
            User(new MediaPart(MediaKind.Document, new FileSource("file-8", DialectIds.Messages))));
        Adapted adapted = Adapt(request);
        Assert.Equal(["U:q", "A:a", "U:read document"], Shape(adapted.Request));
        Assert.Equal(new Citation { Url = "u" }, ((TextPart)adapted.Request.Messages[1].Parts[0]).Citations.Single());
        Assert.Equal(
            [
                "drop input[web_search_call]: 'web_search_call' exists in openai.responses only",
                "drop input[2].annotations[url_citation]: 'url_citation' exists in openai.responses only",
                "drop messages[].file_id: the file 'file-9' is stored at openai.responses",
            ],
            adapted.Report);
    }

    [Fact]
    public void Thinking_is_replayed_to_its_maker_only()
    {
        ChatRequest request = Request(Assistant(
            new ReasoningPart("mine") { Signature = Own },
            new ReasoningPart("") { Signature = Own, Redacted = true },
            new ReasoningPart("") { Signature = Own },
            new ReasoningPart("theirs") { Signature = Foreign },
            new ReasoningPart("") { Signature = Foreign, Redacted = true },
            new ReasoningPart("unsealed"),
            new ReasoningPart("by reference") { Extra = new ExtraFields(DialectIds.Messages, "x", [new ExtraField("id", Element("1"))]) },
            Text("a")));
        Adapted adapted = Adapt(request);
        string own = "sealed by anthropic.messages";
        Assert.Equal([$"A:thinking(mine {own}) thinking( {own}) thinking( {own}) thinking(by reference) a"], Shape(adapted.Request));
        Assert.Equal(
            ["drop messages[].reasoning: thinking sealed by gemini.generate-content", "drop messages[].reasoning: thinking without a seal of this dialect"],
            adapted.Report);
    }

    [Fact]
    public void A_server_that_wants_thinking_as_text_gets_it_without_foreign_seals()
    {
        ChatRequest request = Request(Assistant(new ReasoningPart("theirs") { Signature = Foreign }, new ReasoningPart("") { Signature = Foreign }, new ReasoningPart("plain"), Text("a")));
        foreach (string field in new[] { "reasoning_content", "reasoning" })
        {
            Adapted adapted = Adapt(request, target: DialectIds.ChatCompletions, quirks: new DialectQuirks { ReasoningReplayField = field });
            Assert.Equal(["A:thinking(theirs) thinking(plain) a"], Shape(adapted.Request));
            Assert.Equal(2, adapted.Report.Length);
        }

        Assert.Equal(["A:a"], Shape(Adapt(request, target: DialectIds.ChatCompletions, quirks: new DialectQuirks { ReasoningReplayField = "thinking_blocks" }).Request));
    }

    [Fact]
    public void Other_parts_lose_only_the_foreign_seal()
    {
        ChatRequest request = Request(
            Assistant(
                Text("a") with { Signature = Foreign },
                Text("") with { Signature = Foreign },
                Text("") with { Signature = Own },
                Call("c") with { Signature = Foreign },
                Call("d") with { Signature = Own },
                new MediaPart(MediaKind.Image, new UrlSource("u")) { Signature = Foreign }),
            Tool(Result("c"), Result("d")));
        Adapted adapted = Adapt(request);
        Assert.Equal("A:a  call(c) call(d) image", Shape(adapted.Request)[0]);
        Assert.Equal([null, Own, null, Own, null], adapted.Request.Messages[0].Parts.Select(p => p switch
        {
            TextPart text => text.Signature,
            ToolCallPart call => call.Signature,
            MediaPart media => media.Signature,
            _ => null,
        }));
        Assert.Equal(["drop messages[].signature: signature of gemini.generate-content"], adapted.Report);
    }

    [Fact]
    public void Geminis_compatible_server_gets_its_thought_signatures_back()
    {
        ChatRequest request = Request(Assistant(Call("c") with { Signature = Foreign }), Tool(Result("c")));
        Adapted adapted = Adapt(request, target: DialectIds.ChatCompletions, quirks: new DialectQuirks { ThoughtSignatures = true });
        Assert.Equal(Foreign, adapted.Request.Messages[0].Parts.OfType<ToolCallPart>().Single().Signature);
        Assert.Empty(adapted.Report);
    }

    [Fact]
    public void A_request_that_only_its_own_dialect_can_serve_is_refused_by_field()
    {
        ChatRequest request = Request(User(Text("q"))) with { RequiresDialect = new DialectBinding(DialectIds.Responses, "previous_response_id", "the conversation is stored there") };
        GatewayError error = Assert.Throws<GatewayException>(() => Adapt(request)).Error;
        Assert.Equal((400, "previous_response_id"), (error.Status, error.Param));
        Adapt(request, target: DialectIds.Responses);
    }

    private static ExtraFields Extra(string path, params string[] names) => new(DialectIds.Responses, path, [.. names.Select(n => new ExtraField(n, Element("1")))]);
}
