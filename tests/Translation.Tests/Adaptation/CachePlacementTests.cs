using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using static Serverless.Translation.Tests.Adaptation.Adapting;

namespace Serverless.Translation.Tests.Adaptation;

/// <summary>Where the marks stand that a client of OpenAI's does not set, and the key that a client of Anthropic's does not send.</summary>
public sealed class CachePlacementTests
{
    private static readonly DialectTraits SelfCaching = new() { PromptCacheKeys = true };
    private static readonly DialectQuirks Always = new() { PromptCaching = PromptCaching.Always };

    [Fact]
    public void A_conversation_with_a_key_is_marked_at_its_prefix_and_at_its_last_two_turns()
    {
        Adapted adapted = Adapt(Loop(turns: 3) with { PromptCacheKey = "k" });
        Assert.Equal(["instructions", "turn 4: r1", "turn 6: r2", "tool g"], Marks(adapted.Request));
        Assert.Null(adapted.Request.PromptCacheKey);
        Assert.Equal(["change prompt_cache_key: marks for the cache in its place"], adapted.Report);
    }

    [Fact]
    public void A_conversations_first_request_is_marked_for_those_that_follow() =>
        Assert.Equal(["instructions", "turn 0: q", "tool g"], Marks(Adapt(Loop(turns: 0) with { PromptCacheKey = "k" }).Request));

    [Fact]
    public void A_single_question_is_not_written_to_the_cache()
    {
        ChatRequest single = Request(User(Text("q"))) with { Instructions = [Text("i")], PromptCacheKey = "k" };
        Assert.Equal(["instructions"], Marks(Adapt(single).Request));
        Assert.Empty(Marks(Adapt(single with { Instructions = [] }).Request));
    }

    [Fact]
    public void Instructions_among_the_turns_count_as_the_prefix()
    {
        ChatRequest request = Loop(turns: 1) with { Instructions = [], PromptCacheKey = "k" };
        request = request with { Messages = [new Message(Role.Developer, [Text("d1")]), new Message(Role.Developer, [Text("d2")]), .. request.Messages] };
        Assert.Contains("turn 1: d2", Marks(Adapt(request).Request));
        Assert.Equal(4, Marks(Adapt(request).Request).Length);
    }

    [Theory]
    [InlineData(PromptCaching.Asked, false, false)]
    [InlineData(PromptCaching.Asked, true, true)]
    [InlineData(PromptCaching.Always, false, true)]
    [InlineData(PromptCaching.Never, true, false)]
    public void A_provider_can_mark_always_or_never(PromptCaching setting, bool key, bool marked)
    {
        ChatRequest request = Loop(turns: 1) with { PromptCacheKey = key ? "k" : null };
        Assert.Equal(marked, Marks(Adapt(request, quirks: new DialectQuirks { PromptCaching = setting }).Request).Length > 0);
    }

    [Fact]
    public void Retention_of_a_day_asks_for_the_longest_there_is()
    {
        Adapted adapted = Adapt(Loop(turns: 1) with { PromptCacheRetention = "24h" });
        Assert.Equal("1h", adapted.Request.Instructions[0].Cache?.Ttl);
        Assert.Equal(["change prompt_cache_retention: an hour, the longest there is"], adapted.Report);
        Assert.Null(Adapt(Loop(turns: 1) with { PromptCacheRetention = "in_memory" }).Request.Instructions[0].Cache?.Ttl);
    }

    [Fact]
    public void The_clients_own_marks_stay_and_only_what_they_leave_open_is_marked()
    {
        ChatRequest request = Loop(turns: 2) with { PromptCacheKey = "k", Instructions = [Text("i") with { Cache = new CacheBreakpoint("1h") }] };
        Assert.Equal(["instructions", "turn 2: r0", "turn 4: r1"], Marks(Adapt(request).Request));
        Assert.Equal("1h", Adapt(request).Request.Instructions[0].Cache?.Ttl);
        request = Loop(turns: 2) with { PromptCacheKey = "k" };
        request = request with { Messages = [User(Text("q") with { Cache = new CacheBreakpoint() }), .. request.Messages.Skip(1)] };
        Assert.Equal(["instructions", "turn 0: q", "tool g"], Marks(Adapt(request).Request));
    }

    [Fact]
    public void A_client_that_allows_its_own_marks_only_gets_no_others() =>
        Assert.Empty(Marks(Adapt(Loop(turns: 2) with { PromptCacheKey = "k", CachesMarkedOnly = true }, quirks: Always).Request));

    /// <summary>What the next request begins with is what this one said, marks aside, and where this one was marked at its end the next is, too.</summary>
    [Fact]
    public void Each_request_is_marked_where_the_one_before_it_ended()
    {
        for (int turns = 0; turns < 6; turns++)
        {
            ChatRequest now = Adapt(Loop(turns) with { PromptCacheKey = "k" }).Request;
            ChatRequest next = Adapt(Loop(turns + 1) with { PromptCacheKey = "k" }).Request;
            Assert.Equal(now.Messages.Select(Unmarked), next.Messages.Take(now.Messages.Count).Select(Unmarked));
            Assert.Contains(Marks(now).Last(m => m.StartsWith("turn", StringComparison.Ordinal)), Marks(next));
            Assert.True(Marks(next).Length <= Strict.MaxCacheBreakpoints);
        }
    }

    [Fact]
    public void There_are_never_more_marks_than_the_target_takes()
    {
        Assert.Equal(["instructions", "turn 6: r2"], Marks(Adapt(Loop(turns: 3) with { PromptCacheKey = "k" }, Strict with { MaxCacheBreakpoints = 2 }).Request));
        ChatRequest automatic = Loop(turns: 3) with { AutomaticCache = new CacheBreakpoint() };
        Assert.Equal(3, Marks(Adapt(automatic, quirks: Always).Request).Length);
        Assert.NotNull(Adapt(automatic, quirks: Always).Request.AutomaticCache);
    }

    [Fact]
    public void A_provider_that_is_said_to_take_marks_is_given_them_and_keeps_the_key()
    {
        Adapted adapted = Adapt(Loop(turns: 1) with { PromptCacheKey = "k" }, SelfCaching, DialectIds.ChatCompletions, new DialectQuirks { MaxCacheBreakpoints = 4 });
        Assert.Equal(4, Marks(adapted.Request).Length);
        Assert.Equal("k", adapted.Request.PromptCacheKey);
        Assert.Empty(adapted.Report);
    }

    [Theory]
    [InlineData(true, true, "session")]
    [InlineData(true, false, null)]
    [InlineData(false, true, null)]
    public void Marks_become_a_key_where_it_is_taken(bool marked, bool taken, string? key)
    {
        ChatRequest request = Loop(turns: 1) with { User = "session" };
        request = marked ? request with { Instructions = [Text("i") with { Cache = new CacheBreakpoint() }] } : request;
        Adapted adapted = Adapt(request, SelfCaching, DialectIds.Responses, new DialectQuirks { PromptCacheKeys = taken });
        Assert.Equal(key, adapted.Request.PromptCacheKey);
        Assert.Empty(Marks(adapted.Request));
    }

    [Fact]
    public void A_key_of_the_clients_own_is_not_replaced() =>
        Assert.Equal("own", Adapt(Loop(turns: 1) with { User = "u", PromptCacheKey = "own", AutomaticCache = new CacheBreakpoint() }, SelfCaching, DialectIds.Responses).Request.PromptCacheKey);

    /// <summary>A question, and so many calls with their results.</summary>
    private static ChatRequest Loop(int turns)
    {
        Message[] rest = [.. Enumerable.Range(0, turns).SelectMany(i => new[] { Assistant(Call($"c{i}")), Tool(Result($"c{i}", $"r{i}")) })];
        return Request([User(Text("q")), .. rest]) with { Instructions = [Text("i")], Tools = [new FunctionTool("f"), new FunctionTool("g")] };
    }

    private static string Unmarked(Message message) =>
        CanonicalText.Of(message with { Parts = [.. message.Parts.Select(part => part with { Cache = null })] });

    private static string[] Marks(ChatRequest request) =>
    [
        .. request.Instructions.Where(part => part.Cache is not null).Select(_ => "instructions"),
        .. request.Messages.SelectMany((m, i) => m.Parts.Where(part => part.Cache is not null).Select(part => $"turn {i}: {Word(part)}")),
        .. request.Tools.Where(tool => tool.Cache is not null).Select(tool => $"tool {((FunctionTool)tool).Name}"),
    ];

    private static string Word(ContentPart part) => part is ToolResultPart result ? ((TextPart)result.Content[0]).Text : ((TextPart)part).Text;
}
