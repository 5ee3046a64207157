using System.Text.Json;
using CsCheck;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using static Serverless.Translation.Tests.Adaptation.Adapting;

namespace Serverless.Translation.Tests.Adaptation;

/// <summary>Namespaces, free-text tools and odd names on their way to a target that knows none of them, and back.</summary>
public sealed class ToolNamingTests
{
    [Fact]
    public void A_namespace_becomes_part_of_the_name_everywhere_and_comes_back()
    {
        ChatRequest request = Request(
            User(Text("q")),
            Assistant(new ToolCallPart("a", "find", "{}") { Namespace = "crm" }),
            Tool(Result("a"))) with
        {
            Tools =
            [
                new FunctionTool("find") { Namespace = "crm", NamespaceDescription = "Customers.", Description = "Finds one." },
                new FunctionTool("get") { Namespace = "crm" },
                new FunctionTool("find"),
            ],
            ToolChoice = new ToolChoice(ToolChoiceMode.Named) { Name = "get", Namespace = "crm" },
        };
        Adapted adapted = Adapt(request);
        Assert.Equal(
            [new FunctionTool("crm__find") { Description = "Customers.\n\nFinds one." }, new FunctionTool("crm__get"), new FunctionTool("find")],
            adapted.Request.Tools);
        Assert.Equal("crm__find", adapted.Request.Messages[1].Parts.OfType<ToolCallPart>().Single().Name);
        Assert.Equal("crm__find", adapted.Request.Messages[2].Parts.OfType<ToolResultPart>().Single().Name);
        Assert.Equal(("crm__get", (string?)null), (adapted.Request.ToolChoice!.Name, adapted.Request.ToolChoice.Namespace));
        Assert.Equal(Call("x", "find") with { Namespace = "crm" }, Restored(adapted, Call("x", "crm__find")));
        Assert.Equal(Call("x", "find"), Restored(adapted, Call("x", "find")));
        Assert.Empty(adapted.Report);
    }

    [Fact]
    public void A_target_with_namespaces_gets_them_as_they_are()
    {
        ChatRequest request = Request() with { Tools = [new FunctionTool("find") { Namespace = "crm", NamespaceDescription = "C" }, new FunctionTool("find"), new CustomTool("c") { Namespace = "crm" }] };
        Adapted adapted = Adapt(request, new DialectTraits { ToolNamespaces = true, CustomTools = true });
        Assert.Same(request.Tools, adapted.Request.Tools);
        Assert.Same(ToolNames.None, adapted.Names);
    }

    [Fact]
    public void A_free_text_tool_becomes_a_function_with_one_string()
    {
        ChatRequest request = Request(
            Assistant(new ToolCallPart("a", "apply_patch", "*** \"Begin\"\n\ttext 😀") { Kind = ToolKind.Custom }),
            Tool(Result("a") with { Kind = ToolKind.Custom })) with
        {
            Tools =
            [
                new CustomTool("apply_patch")
                {
                    Description = "Edits files.",
                    Format = Element("""{"type":"grammar","syntax":"lark","definition":"start: begin end\nbegin: \"x\""}"""),
                    Cache = new CacheBreakpoint(),
                },
                new CustomTool("say") { Format = Element("""{"type":"text"}""") },
            ],
            ToolChoice = new ToolChoice(ToolChoiceMode.Named) { Name = "say", Kind = ToolKind.Custom },
        };
        Adapted adapted = Adapt(request);
        var patch = Assert.IsType<FunctionTool>(adapted.Request.Tools[0]);
        Assert.Equal("Edits files.\n\nThe input must match this grammar (lark):\nstart: begin end\nbegin: \"x\"\n\nPut the tool's whole input, as free text, into the field `input`.", patch.Description);
        Assert.Equal("""{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}""", patch.Parameters!.Value.GetRawText());
        Assert.NotNull(patch.Cache);
        Assert.Equal("Put the tool's whole input, as free text, into the field `input`.", Assert.IsType<FunctionTool>(adapted.Request.Tools[1]).Description);
        ToolCallPart call = adapted.Request.Messages[0].Parts.OfType<ToolCallPart>().Single();
        Assert.Equal(ToolKind.Function, call.Kind);
        Assert.Equal("*** \"Begin\"\n\ttext 😀", JsonDocument.Parse(call.Arguments).RootElement.GetProperty("input").GetString());
        Assert.Equal(ToolKind.Function, adapted.Request.Messages[1].Parts.OfType<ToolResultPart>().Single().Kind);
        Assert.Equal(ToolKind.Function, adapted.Request.ToolChoice!.Kind);
        Assert.Equal(["change tools[apply_patch].format: the grammar is described, not enforced"], adapted.Report);
        Assert.Equal(new ToolCallPart("x", "say", "hi") { Kind = ToolKind.Custom }, Restored(adapted, new ToolCallPart("x", "say", """{"input":"hi"}""")));
    }

    [Fact]
    public void A_free_text_tool_stays_one_where_it_is_known()
    {
        ChatRequest request = Request() with { Tools = [new CustomTool("say")] };
        Assert.Same(request.Tools, Adapt(request, Strict with { CustomTools = true }).Request.Tools);
        Assert.IsType<FunctionTool>(Adapt(request, Strict with { CustomTools = true }, quirks: new DialectQuirks { CustomTools = false }).Request.Tools[0]);
    }

    [Fact]
    public void Odd_and_long_names_are_spelled_out_and_kept_apart()
    {
        string longName = new('n', 80);
        ChatRequest request = Request() with
        {
            Tools =
            [
                new FunctionTool("get.weather"), new FunctionTool("get_weather"), new FunctionTool("get weather"), new FunctionTool("größe"),
                new FunctionTool(longName), new FunctionTool(longName + "2"), new FunctionTool("ok-1"),
                new CustomTool("ok-1"), new FunctionTool(""), new FunctionTool("a__b"), new FunctionTool("b") { Namespace = "a" },
            ],
        };
        Adapted adapted = Adapt(request);
        string[] names = [.. adapted.Request.Tools.Cast<FunctionTool>().Select(t => t.Name)];
        Assert.Equal("get_weather", names[1]);
        Assert.Matches("^get_weather_[0-9a-f]{8}$", names[0]);
        Assert.Matches("^get_weather_[0-9a-f]{8}$", names[2]);
        Assert.Equal("gr__e", names[3]);
        Assert.Matches("^n{55}_[0-9a-f]{8}$", names[4]);
        Assert.Equal("ok-1", names[6]);
        Assert.Matches("^ok-1_[0-9a-f]{8}$", names[7]);
        Assert.Equal("_", names[8]);
        Assert.Equal("a__b", names[9]);
        Assert.Matches("^a__b_[0-9a-f]{8}$", names[10]);
        Assert.Equal(names.Length, names.Distinct().Count());
        for (int i = 0; i < names.Length; i++)
        {
            ToolCallPart restored = Restored(adapted, new ToolCallPart("x", names[i], """{"input":""}"""));
            (string name, string? group) = request.Tools[i] is FunctionTool function ? (function.Name, function.Namespace) : (((CustomTool)request.Tools[i]).Name, null);
            Assert.Equal((name, group, request.Tools[i] is CustomTool), (restored.Name, restored.Namespace, restored.Kind == ToolKind.Custom));
        }
    }

    [Fact]
    public void A_name_that_begins_with_a_digit_is_changed_only_where_that_is_refused()
    {
        ChatRequest request = Request() with { Tools = [new FunctionTool("1st"), new FunctionTool("-x"), new FunctionTool("_y")] };
        Assert.Same(request.Tools, Adapt(request).Request.Tools);
        Assert.Equal(["_1st", "_-x", "_y"], Adapt(request, Strict with { ToolNameStartsWithLetter = true }).Request.Tools.Cast<FunctionTool>().Select(t => t.Name));
    }

    [Fact]
    public void Of_two_declarations_with_one_name_the_first_counts()
    {
        ChatRequest request = Request() with { Tools = [new FunctionTool("f") { Description = "1" }, new FunctionTool("g"), new FunctionTool("f") { Description = "2" }] };
        Adapted adapted = Adapt(request);
        Assert.Equal([request.Tools[0], request.Tools[1]], adapted.Request.Tools);
        Assert.Equal(["drop tools[f]: a tool of that name is declared before it"], adapted.Report);
    }

    [Fact]
    public void Calls_of_tools_that_are_no_longer_declared_are_renamed_too_and_take_no_declared_name()
    {
        ChatRequest request = Request(Assistant(Call("a", "old.tool"), Call("b", "new.tool")), Tool(Result("a"), Result("b"))) with { Tools = [new FunctionTool("old_tool")] };
        Adapted adapted = Adapt(request);
        Assert.Equal(["old_tool", "new_tool"], adapted.Request.Messages[0].Parts.OfType<ToolCallPart>().Select(c => c.Name));
        Assert.Equal("old_tool", Restored(adapted, Call("x", "old_tool")).Name);
        Assert.Equal("new.tool", Restored(adapted, Call("x", "new_tool")).Name);
    }

    [Fact]
    public void A_call_that_leaves_out_its_group_finds_the_only_tool_of_that_name()
    {
        ChatRequest request = Request(Assistant(Call("a", "get"), Call("b", "find")), Tool(Result("a"), Result("b"))) with
        {
            Tools = [new FunctionTool("get") { Namespace = "crm" }, new FunctionTool("find") { Namespace = "crm" }, new FunctionTool("find") { Namespace = "erp" }],
        };
        Assert.Equal(["crm__get", "find"], Adapt(request).Request.Messages[0].Parts.OfType<ToolCallPart>().Select(c => c.Name));
    }

    [Fact]
    public void Allowed_tools_follow_their_names()
    {
        ChatRequest request = Request() with
        {
            Tools = [new FunctionTool("get") { Namespace = "crm" }, new FunctionTool("get") { Namespace = "erp" }, new FunctionTool("a.b"), new CustomTool("say")],
            ToolChoice = new ToolChoice(ToolChoiceMode.Required) { Allowed = ["get", "a.b", "say"] },
        };
        Assert.Equal(["crm__get", "erp__get", "a_b", "say"], Adapt(request).Request.ToolChoice!.Allowed);
    }

    [Fact]
    public void Names_do_not_depend_on_the_conversation() => Gen.Select(Histories.Request, Histories.Target).Sample((request, target) =>
    {
        // Tools come first in every prompt: if they changed with the history no cache would ever be hit.
        request = request with { Tools = [.. request.Tools.Select(tool => tool with { Cache = null })] };
        ChatRequest without = request with { Messages = [] };
        Assert.Equal(
            CanonicalText.Of(Adapt(without, target.Traits, target.Id, target.Quirks).Request.Tools),
            CanonicalText.Of(Adapt(request, target.Traits, target.Id, target.Quirks).Request.Tools));
    });

    [Fact]
    public void Every_declared_tool_comes_back_as_the_client_knows_it() => Gen.Select(Histories.Request, Histories.Target).Sample((request, target) =>
    {
        Adapted adapted = Adapt(request, target.Traits, target.Id, target.Quirks);
        (string?, string, ToolKind)[] declared = [.. request.Tools.Where(t => t is not ServerTool).Select(Identity).Distinct()];
        (string?, string, ToolKind)[] restored = [.. adapted.Request.Tools.Where(t => t is not ServerTool).Select(t =>
        {
            (string? group, string name, ToolKind kind) = Identity(t);
            ToolCallPart call = Restored(adapted, new ToolCallPart("x", name, "") { Namespace = group, Kind = kind });
            return (call.Namespace, call.Name, call.Kind);
        })];
        Assert.Equal(declared, restored);
    });

    private static (string? Namespace, string Name, ToolKind Kind) Identity(ToolDefinition tool) => tool switch
    {
        FunctionTool function => (function.Namespace, function.Name, ToolKind.Function),
        CustomTool custom => (custom.Namespace, custom.Name, ToolKind.Custom),
        _ => throw new InvalidOperationException(),
    };

    private static ToolCallPart Restored(Adapted adapted, ToolCallPart call)
    {
        var response = new ChatResponse { Choices = [new Choice(0, [call], FinishReason.ToolCalls)] };
        return Assert.IsType<ToolCallPart>(new AnswerAdapter(adapted.Names).Adapt(response).Choices[0].Parts[0]);
    }
}
