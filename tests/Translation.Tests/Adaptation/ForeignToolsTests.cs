using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using static Serverless.Translation.Tests.Adaptation.Adapting;

namespace Serverless.Translation.Tests.Adaptation;

/// <summary>Tools that a provider runs, for a target that does not have them.</summary>
public sealed class ForeignToolsTests
{
    private static readonly ServerTool Search = new(DialectIds.Responses, "web_search", Element("""{"type":"web_search","name":"search"}"""), "tools[0]");
    private static readonly FunctionTool Function = new("f");

    [Fact]
    public void A_foreign_server_tool_goes_and_a_function_of_its_name_stays()
    {
        ChatRequest request = Request() with { Tools = [Search, new FunctionTool("search")], ToolChoice = new ToolChoice(ToolChoiceMode.Named) { Name = "search" } };
        Adapted adapted = Adapt(request);
        Assert.Equal([new FunctionTool("search")], adapted.Request.Tools);
        Assert.Equal("search", adapted.Request.ToolChoice!.Name);
        Assert.Equal(["drop tools[web_search]: 'web_search' runs at providers of openai.responses only"], adapted.Report);
        Assert.Same(request.Tools, Adapt(request, target: DialectIds.Responses).Request.Tools);
    }

    [Fact]
    public void A_choice_of_a_tool_that_was_left_out_is_left_out_and_reported()
    {
        foreach (ToolChoice choice in new[]
        {
            new ToolChoice(ToolChoiceMode.Named) { Name = "search" },
            new ToolChoice(ToolChoiceMode.Auto) { Opaque = new OpaquePart(DialectIds.Responses, Element("""{"type":"web_search"}"""), "tool_choice") },
        })
        {
            Adapted adapted = Adapt(Request() with { Tools = [Search, Function], ToolChoice = choice });
            Assert.Null(adapted.Request.ToolChoice);
            Assert.Contains(adapted.Report, r => r.StartsWith("drop tool_choice: ", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Without_any_tool_left_nothing_is_asked_of_tools()
    {
        ChatRequest request = Request() with { Tools = [Search], ParallelToolCalls = false };
        foreach (ToolChoiceMode mode in new[] { ToolChoiceMode.Auto, ToolChoiceMode.None, ToolChoiceMode.Required })
        {
            Adapted adapted = Adapt(request with { ToolChoice = new ToolChoice(mode) });
            Assert.Null(adapted.Request.ToolChoice);
            Assert.Null(adapted.Request.ParallelToolCalls);
            Assert.Equal(mode == ToolChoiceMode.Required ? 2 : 1, adapted.Report.Length);
        }
    }

    [Fact]
    public void An_allow_list_keeps_what_is_left_of_it()
    {
        ChatRequest request = Request() with { Tools = [Search, Function, new FunctionTool("g")] };
        ToolChoice? Choose(ToolChoiceMode mode, params string[] allowed) => Adapt(request with { ToolChoice = new ToolChoice(mode) { Allowed = allowed } }).Request.ToolChoice;
        Assert.Equal(["f"], Choose(ToolChoiceMode.Auto, "web_search", "f")!.Allowed);
        Assert.Equal(new ToolChoice(ToolChoiceMode.None), Choose(ToolChoiceMode.Auto, "web_search"));
        Assert.Equal(new ToolChoice(ToolChoiceMode.None), Choose(ToolChoiceMode.Required, "web_search"));
        Assert.Equal(ToolChoiceMode.Required, Choose(ToolChoiceMode.Required, "g", "search")!.Mode);
    }

    [Fact]
    public void A_clients_own_mistake_is_left_for_the_provider_to_name()
    {
        var choice = new ToolChoice(ToolChoiceMode.Named) { Name = "absent" };
        Assert.Equal("absent", Adapt(Request() with { Tools = [Function], ToolChoice = choice }).Request.ToolChoice!.Name);
        Assert.Equal("absent", Adapt(Request() with { ToolChoice = choice }).Request.ToolChoice!.Name);
    }
}
