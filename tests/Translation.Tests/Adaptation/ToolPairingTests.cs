using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using static Serverless.Translation.Tests.Adaptation.Adapting;

namespace Serverless.Translation.Tests.Adaptation;

/// <summary>Histories that a strict provider would refuse.</summary>
public sealed class ToolPairingTests
{
    private static readonly DialectTraits Chat = new() { StrictToolPairing = true, CustomTools = true, MaxToolCallId = 40 };

    [Fact]
    public void Results_of_several_turns_stand_in_the_one_that_follows_in_the_order_of_the_calls()
    {
        Adapted adapted = Adapt(Request(User(Text("q")), Assistant(Call("a"), Call("b"), Call("c")), Tool(Result("c", "3")), User(Text("and"), Result("a", "1")), Tool(Result("b", "2"))));
        Assert.Equal(["U:q", "A:call(a) call(b) call(c)", "U:result(a=1) result(b=2) result(c=3) and"], Shape(adapted.Request));
        Assert.Empty(adapted.Report);
    }

    [Fact]
    public void What_is_legal_stays_the_same_object()
    {
        ChatRequest request = Request(
            User(Text("q")),
            Assistant(Text("t"), Call("a"), Call("b")),
            Tool(Result("a") with { Name = "f" }),
            Tool(Result("b") with { Name = "f" }),
            User(Text("more")),
            Assistant(Call("c")),
            User(Result("c") with { Name = "f" }, Text("and")));
        Assert.Same(request.Messages, Adapt(request, Chat).Request.Messages);
        ChatRequest merged = Adapt(request).Request;
        Assert.Equal(["U:q", "A:t call(a) call(b)", "U:result(a=ok) result(b=ok) more", "A:call(c)", "U:result(c=ok) and"], Shape(merged));
        Assert.Same(merged.Messages, Adapt(merged).Request.Messages);
    }

    [Fact]
    public void A_call_without_a_result_gets_one_that_says_so()
    {
        Adapted adapted = Adapt(Request(User(Text("q")), Assistant(Call("a"), Call("b", "g")), Tool(Result("a")), User(Text("go on")), Assistant(Call("z"))));
        Assert.Equal(
            ["U:q", "A:call(a) call(b)", "U:result(a=ok) result(b=No result of this tool call was recorded.!) go on", "A:call(z)", "T:result(z=No result of this tool call was recorded.!)"],
            Shape(adapted.Request));
        Assert.Equal("g", adapted.Request.Messages[2].Parts.OfType<ToolResultPart>().Last().Name);
        Assert.Equal(["change tool_calls[]: it has no result; one that says so was added"], adapted.Report);
    }

    [Fact]
    public void A_result_without_a_call_becomes_the_users_text()
    {
        Adapted adapted = Adapt(Request(Tool(Result("lost", "data") with { Name = "f" }), User(Text("q"))), Chat);
        Assert.Equal(["U:[Result of the tool call lost of f] data", "U:q"], Shape(adapted.Request));
        Assert.Equal(["change tool_results[]: it answers no open call; it became text"], adapted.Report);
    }

    [Fact]
    public void A_second_result_of_a_call_becomes_text_and_the_first_counts()
    {
        Adapted adapted = Adapt(Request(Assistant(Call("a")), Tool(Result("a", "1")), Tool(Result("a", "2"))));
        Assert.Equal(["A:call(a)", "U:result(a=1) [Result of the tool call a of f] 2"], Shape(adapted.Request));
    }

    [Fact]
    public void A_result_before_its_call_is_none()
    {
        Adapted adapted = Adapt(Request(Tool(Result("a", "early")), Assistant(Call("a"))), Chat);
        Assert.Equal(["U:[Result of the tool call a] early", "A:call(a)", "T:result(a=No result of this tool call was recorded.!)"], Shape(adapted.Request));
    }

    [Fact]
    public void A_late_result_is_moved_over_other_turns()
    {
        Adapted adapted = Adapt(Request(Assistant(Call("a")), User(Text("hm")), Assistant(Text("wait")), Tool(Result("a", "late")), User(Text("so?"))), Chat);
        Assert.Equal(["A:call(a)", "T:result(a=late)", "U:hm", "A:wait", "U:so?"], Shape(adapted.Request));
    }

    [Fact]
    public void Instructions_between_a_call_and_its_result_come_after_it()
    {
        Adapted adapted = Adapt(Request(Assistant(Call("a")), new Message(Role.System, [Text("s")]), Tool(Result("a")), new Message(Role.Developer, [Text("d")])));
        Assert.Equal(["A:call(a)", "T:result(a=ok)", "S:s", "D:d"], Shape(adapted.Request));
    }

    [Fact]
    public void Items_of_one_answer_become_one_turn()
    {
        // As the Responses API lists them.
        ChatRequest request = Request(User(Text("q")), Assistant(Text("let me see")), Assistant(Call("a")), Assistant(Call("b")), Tool(Result("a")), Tool(Result("b")));
        Assert.Equal(["U:q", "A:let me see call(a) call(b)", "T:result(a=ok)", "T:result(b=ok)"], Shape(Adapt(request, Chat).Request));
        Assert.Equal(["U:q", "A:let me see call(a) call(b)", "U:result(a=ok) result(b=ok)"], Shape(Adapt(request).Request).Select(t => t.Replace("T:", "U:", StringComparison.Ordinal)));
    }

    [Fact]
    public void Without_the_trait_nothing_is_repaired()
    {
        ChatRequest request = Request(Tool(Result("x")), Assistant(Call("a")), Assistant(Call("b")), User(Text("q")));
        Adapted adapted = Adapt(request, new DialectTraits { CustomTools = true, ToolNamespaces = true, MaxToolCallId = 64, MediaInToolResults = true });
        Assert.Same(request.Messages, adapted.Request.Messages);
        Assert.Empty(adapted.Report);
    }

    [Fact]
    public void A_conversation_whose_head_the_provider_holds_is_not_repaired()
    {
        ChatRequest request = Request(Tool(Result("stored"))) with { RequiresDialect = new DialectBinding(DialectIds.Responses, "previous_response_id", "stored there") };
        Adapted adapted = Adapt(request, Chat, DialectIds.Responses);
        Assert.Same(request.Messages, adapted.Request.Messages);
        Assert.Empty(adapted.Report);
    }

    [Fact]
    public void Items_with_fields_of_their_own_stay_apart()
    {
        var extra = new ExtraFields(DialectIds.Responses, "input[0]", [new ExtraField("phase", Element("1"))]);
        ChatRequest request = Request(Assistant(Text("a")) with { Extra = extra }, Assistant(Text("b")), Assistant(Call("c")), Tool(Result("c") with { Name = "f" }));
        Assert.Equal(["A:a", "A:b call(c)", "T:result(c=ok)"], Shape(Adapt(request, Chat, DialectIds.Responses).Request));
        Assert.Equal(["A:a b call(c)", "T:result(c=ok)"], Shape(Adapt(request, Chat).Request));
    }

    [Fact]
    public void Thousands_of_calls_under_one_id_take_linear_time()
    {
        List<Message> messages = [];
        for (int i = 0; i < 20_000; i++)
        {
            messages.Add(Assistant(Call("same"), Call("same")));
            messages.Add(i % 2 == 0 ? Tool(Result("same")) : User(Text("no")));
        }

        var watch = System.Diagnostics.Stopwatch.StartNew();
        Adapted adapted = Adapt(Request([.. messages, .. Enumerable.Repeat(Tool(Result("same")), 20_000)]));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"{watch.Elapsed}");
        LegalRequest.Check(adapted.Request, DialectIds.Messages, Strict, DialectQuirks.None);
    }
}
