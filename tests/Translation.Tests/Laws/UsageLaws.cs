using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.Laws;

/// <summary>
/// Token counts, exact in each client's own arithmetic. The fixture <c>text</c> of each provider holds counts with a cache (and thinking,
/// where the provider tells); what each client has to be told of them was reckoned by hand.
/// </summary>
public sealed class UsageLaws
{
    /// <summary>Provider, client, counts as <c>name=value</c> in the client's own words; absent names count as zero.</summary>
    private static readonly Dictionary<(string Provider, string Client), string> Expected = new()
    {
        // Chat Completions: 120 in (100 of them from the cache), 30 out (10 of them thinking).
        [("openai.chat-completions", "openai.chat-completions")] = "prompt_tokens=120 prompt_tokens_details.cached_tokens=100 completion_tokens=30 completion_tokens_details.reasoning_tokens=10 total_tokens=150",
        [("openai.chat-completions", "openai.responses")] = "input_tokens=120 input_tokens_details.cached_tokens=100 output_tokens=30 output_tokens_details.reasoning_tokens=10 total_tokens=150",
        [("openai.chat-completions", "anthropic.messages")] = "input_tokens=20 cache_read_input_tokens=100 cache_creation_input_tokens=0 output_tokens=30",
        [("openai.chat-completions", "gemini.generate-content")] = "promptTokenCount=120 cachedContentTokenCount=100 candidatesTokenCount=20 thoughtsTokenCount=10 toolUsePromptTokenCount=0 totalTokenCount=150",

        // Responses: the same.
        [("openai.responses", "openai.chat-completions")] = "prompt_tokens=120 prompt_tokens_details.cached_tokens=100 completion_tokens=30 completion_tokens_details.reasoning_tokens=10 total_tokens=150",
        [("openai.responses", "openai.responses")] = "input_tokens=120 input_tokens_details.cached_tokens=100 output_tokens=30 output_tokens_details.reasoning_tokens=10 total_tokens=150",
        [("openai.responses", "anthropic.messages")] = "input_tokens=20 cache_read_input_tokens=100 cache_creation_input_tokens=0 output_tokens=30",
        [("openai.responses", "gemini.generate-content")] = "promptTokenCount=120 cachedContentTokenCount=100 candidatesTokenCount=20 thoughtsTokenCount=10 toolUsePromptTokenCount=0 totalTokenCount=150",

        // Messages: 20 fresh, 100 read and 30 written (10 for five minutes, 20 for an hour), 30 out.
        [("anthropic.messages", "openai.chat-completions")] = "prompt_tokens=150 prompt_tokens_details.cached_tokens=100 completion_tokens=30 completion_tokens_details.reasoning_tokens=0 total_tokens=180",
        [("anthropic.messages", "openai.responses")] = "input_tokens=150 input_tokens_details.cached_tokens=100 output_tokens=30 output_tokens_details.reasoning_tokens=0 total_tokens=180",
        [("anthropic.messages", "anthropic.messages")] = "input_tokens=20 cache_read_input_tokens=100 cache_creation_input_tokens=30 cache_creation.ephemeral_5m_input_tokens=10 cache_creation.ephemeral_1h_input_tokens=20 output_tokens=30",
        [("anthropic.messages", "gemini.generate-content")] = "promptTokenCount=150 cachedContentTokenCount=100 candidatesTokenCount=30 thoughtsTokenCount=0 toolUsePromptTokenCount=0 totalTokenCount=180",

        // Gemini: 120 in (100 of them from the cache), 5 more by tools, 20 out and 10 of thinking beside them.
        [("gemini.generate-content", "openai.chat-completions")] = "prompt_tokens=125 prompt_tokens_details.cached_tokens=100 completion_tokens=30 completion_tokens_details.reasoning_tokens=10 total_tokens=155",
        [("gemini.generate-content", "openai.responses")] = "input_tokens=125 input_tokens_details.cached_tokens=100 output_tokens=30 output_tokens_details.reasoning_tokens=10 total_tokens=155",
        [("gemini.generate-content", "anthropic.messages")] = "input_tokens=25 cache_read_input_tokens=100 cache_creation_input_tokens=0 output_tokens=30",
        [("gemini.generate-content", "gemini.generate-content")] = "promptTokenCount=120 cachedContentTokenCount=100 candidatesTokenCount=20 thoughtsTokenCount=10 toolUsePromptTokenCount=5 totalTokenCount=155",
    };

    public static TheoryData<string, string> Pairs
    {
        get
        {
            var rows = new TheoryData<string, string>();
            foreach (IChatDialect provider in DialectCatalog.Chat)
            {
                foreach (IChatDialect client in DialectCatalog.Chat)
                {
                    rows.Add(provider.Id.Name, client.Id.Name);
                }
            }

            return rows;
        }
    }

    public static TheoryData<string> Dialects => [.. DialectCatalog.Chat.Select(d => d.Id.Name)];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Pairs))]
    public void AWholeAnswerCountsExactly(string provider, string client)
    {
        Fixture fixture = Fixture.Of(Fixture.Responses, provider, "text");
        IChatDialect dialect = DialectCatalog.ChatDialect(new DialectId(client));
        byte[] sent = Crossing.Render(dialect, fixture.Dialect.DecodeResponse(fixture.ReadJson()));
        JsonElement root = JsonDocument.Parse(sent).RootElement;
        CheckCounts(provider, client, [root.GetProperty(dialect.Id == DialectIds.GenerateContent ? "usageMetadata" : "usage")]);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Pairs))]
    public void AStreamCountsExactly(string provider, string client)
    {
        Fixture fixture = Fixture.Of(Fixture.Streams, provider, "text");
        IChatDialect dialect = DialectCatalog.ChatDialect(new DialectId(client));
        byte[] sent = Crossing.Render(dialect, Crossing.Events(fixture.Dialect, fixture.Read()));
        CheckCounts(provider, client, Reports(dialect.Id, sent));
    }

    [Fact]
    public void AClientOfChatCompletionsThatDidNotAskForUsageGetsNone()
    {
        Assert.SkipUnless(DialectCatalog.Chat.Any(d => d.Id == DialectIds.ChatCompletions), "Not in the catalog.");
        IChatDialect client = DialectCatalog.ChatDialect(DialectIds.ChatCompletions);
        foreach (IChatDialect provider in DialectCatalog.Chat)
        {
            Fixture fixture = Fixture.Of(Fixture.Streams, provider.Id.Name, "text");
            byte[] sent = Crossing.Render(client, Crossing.Events(provider, fixture.Read()), Crossing.Context(usage: false));
            Assert.DoesNotContain("total_tokens", Encoding.UTF8.GetString(sent), StringComparison.Ordinal);
        }
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Dialects))]
    public void CountsSurviveTheirOwnDialect(string name)
    {
        IChatDialect dialect = DialectCatalog.ChatDialect(new DialectId(name));
        var usage = new TokenUsage { InputTokens = 1000, CacheReadTokens = 600, OutputTokens = 50 };
        usage = name switch
        {
            "anthropic.messages" => usage with { CacheWriteTokens = 300, CacheWrite5mTokens = 100, CacheWrite1hTokens = 200 },
            "gemini.generate-content" => usage with { ReasoningTokens = 20, ToolUseInputTokens = 30 },
            _ => usage with { ReasoningTokens = 20 },
        };
        var response = new ChatResponse
        {
            Id = "id-1",
            Model = "m-1",
            Created = Crossing.Created,
            Choices = [new Choice(0, [new TextPart("Hi")], FinishReason.Stop)],
            Usage = usage,
        };
        ChatResponse whole = dialect.DecodeResponse(JsonDocument.Parse(Crossing.Render(dialect, response)).RootElement);
        Assert.Equal(Counts(usage), Counts(whole.Usage));

        // Anthropic names the lifetimes of cache writes in message_start only: its own providers report them that early.
        List<ChatEvent> events = [.. ChatEventFold.Unfold(response)];
        events.Insert(1, new UsageReported(usage));
        ChatEventFold fold = Crossing.Fold(Crossing.Events(dialect, Crossing.Render(dialect, events)));
        Assert.Equal(Counts(usage), Counts(fold.Usage));
    }

    /// <summary>Zero and unknown are told alike by most formats.</summary>
    private static string Counts(TokenUsage? usage) => string.Join(
        ' ',
        $"in={usage?.InputTokens} read={usage?.CacheReadTokens ?? 0} written={usage?.CacheWriteTokens ?? 0} 5m={usage?.CacheWrite5mTokens ?? 0} 1h={usage?.CacheWrite1hTokens ?? 0}",
        $"tools={usage?.ToolUseInputTokens ?? 0} out={usage?.OutputTokens} thought={usage?.ReasoningTokens ?? 0}");

    private static void CheckCounts(string provider, string client, IReadOnlyList<JsonElement> reports)
    {
        string expected = Expected[(provider, client)];
        Dictionary<string, string> counts = [];
        foreach ((string path, JsonElement value) in reports.SelectMany(r => JsonText.Leaves(r)))
        {
            // A client lets a later report replace an earlier one, field by field.
            counts[path] = value.GetRawText();
        }

        Assert.Equal(expected, string.Join(' ', expected.Split(' ').Select(e => e.Split('=')[0]).Select(n => $"{n}={counts.GetValueOrDefault(n, "0")}")));
        if (client == "anthropic.messages" && provider != client)
        {
            Assert.All(counts.Where(c => c.Key.StartsWith("cache_creation", StringComparison.Ordinal)), c => Assert.Equal("0", c.Value));
        }
    }

    private static List<JsonElement> Reports(DialectId client, byte[] sse)
    {
        List<JsonElement> reports = [];
        foreach (string frame in Crossing.Frames(sse))
        {
            int at = frame.IndexOf("data: {", StringComparison.Ordinal);
            if (at < 0)
            {
                continue;
            }

            JsonElement json = JsonDocument.Parse(frame[(at + 6)..]).RootElement;
            JsonElement holder = json.TryGetProperty("message", out JsonElement inner) || json.TryGetProperty("response", out inner) ? inner : json;
            if (holder.TryGetProperty(client == DialectIds.GenerateContent ? "usageMetadata" : "usage", out JsonElement usage) && usage.ValueKind == JsonValueKind.Object)
            {
                reports.Add(usage);
            }
        }

        return reports;
    }
}
