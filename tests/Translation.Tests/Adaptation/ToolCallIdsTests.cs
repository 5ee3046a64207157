using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using static Serverless.Translation.Tests.Adaptation.Adapting;

namespace Serverless.Translation.Tests.Adaptation;

/// <summary>Ids that a target does not take, and ids that stand for more than one call.</summary>
public sealed class ToolCallIdsTests
{
    [Theory]
    [InlineData("functions.find:0")]
    [InlineData("call|1")]
    [InlineData("chatcmpl-tool-é")]
    [InlineData("")]
    public void An_id_of_odd_characters_is_mapped_the_same_way_each_time(string id)
    {
        string[] mapped = [.. Enumerable.Range(0, 2).Select(_ => Shape(Adapt(Request(Assistant(Call(id)), Tool(Result(id)))).Request)[1])];
        Assert.Matches("^T:result\\(call_[a-z2-7]{24}=ok\\)$", mapped[0]);
        Assert.Equal(mapped[0], mapped[1]);
    }

    [Fact]
    public void A_legal_id_stays()
    {
        foreach (string id in new[] { "toolu_01A09q90qw90lq917835lq9", "call_abc-DEF_1", "a" })
        {
            Assert.Equal(["A:call(" + id + ")", "T:result(" + id + "=ok)"], Shape(Adapt(Request(Assistant(Call(id)), Tool(Result(id)))).Request));
        }

        var loose = new DialectTraits { StrictToolPairing = true };
        Assert.Equal("A:call(functions.f:0)", Shape(Adapt(Request(Assistant(Call("functions.f:0")), Tool(Result("functions.f:0"))), loose).Request)[0]);
    }

    [Fact]
    public void Long_ids_are_cut_to_the_targets_length_and_stay_different()
    {
        string Long(char c) => new string('x', 50) + c;
        foreach (int most in new[] { 40, 29, 28, 12 })
        {
            ChatRequest adapted = Adapt(Request(Assistant(Call(Long('a')), Call(Long('b'))), Tool(Result(Long('a'), "1"), Result(Long('b'), "2"))), Strict with { MaxToolCallId = most }).Request;
            string[] ids = [.. adapted.Messages[0].Parts.OfType<ToolCallPart>().Select(c => c.Id)];
            Assert.All(ids, id => Assert.InRange(id.Length, 12, most));
            Assert.NotEqual(ids[0], ids[1]);
            Assert.Equal(ids, adapted.Messages[1].Parts.OfType<ToolResultPart>().Select(r => r.CallId));
        }
    }

    [Fact]
    public void Mistral_gets_nine_letters_and_digits()
    {
        var quirks = new DialectQuirks { ToolCallIdLength = 9 };
        ChatRequest adapted = Adapt(Request(Assistant(Call("call_123"), Call("abcDEF123")), Tool(Result("call_123"), Result("abcDEF123"))), quirks: quirks).Request;
        ToolCallPart[] calls = [.. adapted.Messages[0].Parts.OfType<ToolCallPart>()];
        Assert.Matches("^[a-z0-9]{9}$", calls[0].Id);
        Assert.Equal("abcDEF123", calls[1].Id);
    }

    [Fact]
    public void Ids_that_are_counted_anew_in_each_turn_answer_their_own_turn()
    {
        // llama.cpp and others do that; Anthropic refuses an id that it has seen before.
        Adapted adapted = Adapt(Request(
            Assistant(Call("call_0", "f"), Call("call_1", "g")),
            Tool(Result("call_0", "f1"), Result("call_1", "g1")),
            Assistant(Call("call_0", "h")),
            Tool(Result("call_0", "h2"))));
        ToolCallPart[] calls = [.. adapted.Request.Messages.SelectMany(m => m.Parts).OfType<ToolCallPart>()];
        ToolResultPart[] results = [.. adapted.Request.Messages.SelectMany(m => m.Parts).OfType<ToolResultPart>()];
        Assert.Equal(["call_0", "call_1"], calls.Take(2).Select(c => c.Id));
        Assert.Matches("^call_[a-z2-7]{24}$", calls[2].Id);
        Assert.Equal(calls.Select(c => c.Id), results.Select(r => r.CallId));
        Assert.Equal(["f", "g", "h"], results.Select(r => r.Name));
        Assert.Equal(["f1", "g1", "h2"], results.Select(r => ((TextPart)r.Content[0]).Text));
    }

    [Fact]
    public void Calls_without_ids_are_answered_in_order()
    {
        Adapted adapted = Adapt(Request(
            Assistant(Call("", "f"), Call("", "g")),
            Tool(Result("", "1"), Result("", "2")),
            Assistant(Call("", "h")),
            Tool(Result("", "3"))));
        ToolResultPart[] results = [.. adapted.Request.Messages.SelectMany(m => m.Parts).OfType<ToolResultPart>()];
        Assert.Equal(["f", "g", "h"], results.Select(r => r.Name));
        Assert.Equal(3, results.Select(r => r.CallId).Distinct().Count());
    }

    [Fact]
    public void A_result_takes_name_and_kind_from_its_call()
    {
        ChatRequest request = Request(Assistant(new ToolCallPart("a", "patch", "text") { Kind = ToolKind.Custom }), Tool(Result("a") with { Name = "wrong" }));
        ToolResultPart result = Adapt(request, Strict with { CustomTools = true }).Request.Messages[1].Parts.OfType<ToolResultPart>().Single();
        Assert.Equal(("patch", ToolKind.Custom), (result.Name, result.Kind));
    }

    [Fact]
    public void An_id_that_a_provider_gave_goes_through_any_client_and_comes_back_to_it()
    {
        // Each provider's ids in a client's history, once for the provider itself and once for all the others.
        foreach (string id in new[] { "call_9xK", "toolu_01", "functions.find:0", "chatcmpl-tool-" + new string('a', 60), "fc_" + new string('b', 48) })
        {
            (string fromClient, _) = ToolCallIdCarrier.Unwrap(ToolCallIdCarrier.Wrap(id, new Signature("seal", DialectIds.GenerateContent)));
            Assert.Equal(id, fromClient);
            foreach ((DialectId target, DialectTraits traits, DialectQuirks quirks) in Histories.Targets)
            {
                ChatRequest request = Request(Assistant(Call(fromClient)), Tool(Result(fromClient)));
                ChatRequest longer = request with { Messages = [.. request.Messages, Assistant(Call("other")), Tool(Result("other"))] };
                string first = Adapt(request, traits, target, quirks).Request.Messages[0].Parts.OfType<ToolCallPart>().Single().Id;
                Assert.Equal(first, Adapt(longer, traits, target, quirks).Request.Messages[0].Parts.OfType<ToolCallPart>().Single().Id);
                Assert.Equal(first, Adapt(longer, traits, target, quirks).Request.Messages[1].Parts.OfType<ToolResultPart>().Single().CallId);
            }
        }
    }
}
