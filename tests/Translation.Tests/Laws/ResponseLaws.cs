using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.Laws;

/// <summary>What holds for every provider's whole answer, whoever the client is.</summary>
public sealed class ResponseLaws
{
    /// <summary>The words with which each client is told why an answer ended.</summary>
    private static readonly (FinishReason Reason, string Chat, string Responses, string Messages, string Gemini)[] Words =
    [
        (FinishReason.Stop, "stop", "completed", "end_turn", "STOP"),
        (FinishReason.Length, "length", "incomplete max_output_tokens", "max_tokens", "MAX_TOKENS"),
        (FinishReason.ContextWindow, "length", "incomplete max_output_tokens", "model_context_window_exceeded", "MAX_TOKENS"),
        (FinishReason.ContentFilter, "content_filter", "incomplete content_filter", "refusal", "SAFETY"),
        (FinishReason.ToolCalls, "tool_calls", "completed", "tool_use", "STOP"),
    ];

    public static TheoryData<string, string> Own => Fixture.Rows(Fixture.Responses);

    public static TheoryData<string, string> Recorded => Recording.Rows(PayloadKind.Response);

    public static TheoryData<string> Dialects => [.. DialectCatalog.Chat.Select(d => d.Id.Name)];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Own))]
    public void AnAnswerSurvivesItsOwnDialect(string dialect, string name)
    {
        Fixture fixture = Fixture.Of(Fixture.Responses, dialect, name);
        CheckRoundTrip(fixture.Dialect, fixture.ReadJson());
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Recorded))]
    public void ARecordedAnswerSurvivesItsOwnDialect(string dialect, string file) =>
        CheckRoundTrip(DialectCatalog.ChatDialect(new DialectId(dialect)), Payloads.ReadJson(file));

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Own))]
    public void EveryClientIsToldTheSame(string dialect, string name)
    {
        Fixture fixture = Fixture.Of(Fixture.Responses, dialect, name);
        CheckAllClients(fixture.Dialect.DecodeResponse(fixture.ReadJson()));
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Recorded))]
    public void EveryClientIsToldTheSameOfARecordedAnswer(string dialect, string file) =>
        CheckAllClients(DialectCatalog.ChatDialect(new DialectId(dialect)).DecodeResponse(Payloads.ReadJson(file)));

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Dialects))]
    public void TheReasonForTheEndIsToldInTheClientsWords(string name)
    {
        IChatDialect client = DialectCatalog.ChatDialect(new DialectId(name));
        foreach ((FinishReason reason, string chat, string responses, string messages, string gemini) in Words)
        {
            string expected = name switch
            {
                "openai.chat-completions" => chat,
                "openai.responses" => responses,
                "anthropic.messages" => messages,
                _ => gemini,
            };
            ChatResponse response = Answer(reason);
            Assert.Equal(expected, ReasonOf(JsonDocument.Parse(Crossing.Render(client, response)).RootElement));
            Assert.Contains(expected.Split(' ')[^1], Encoding.UTF8.GetString(Crossing.Render(client, ChatEventFold.Unfold(response))), StringComparison.Ordinal);
        }
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Dialects))]
    public void AnAnswerThatIsUnfoldedIsTheStreamOfIt(string name)
    {
        IChatDialect client = DialectCatalog.ChatDialect(new DialectId(name));
        foreach (Fixture fixture in Fixture.All(Fixture.Responses))
        {
            ChatResponse response = fixture.Dialect.DecodeResponse(fixture.ReadJson());
            List<ChatEvent> events = [.. ChatEventFold.Unfold(response)];
            Validators.EventGrammar.Check(events);
            IReadOnlyList<string> faults;
            try
            {
                faults = Validators.StreamValidators.Faults(client.Id, Crossing.Render(client, events));
            }
            catch (JsonException e)
            {
                faults = [e.Message + Encoding.UTF8.GetString(Crossing.Render(client, events))];
            }

            Assert.True(faults.Count == 0, $"{fixture.Dialect.Id} {fixture.Case}: {string.Join('\n', faults)}");
        }
    }

    private static ChatResponse Answer(FinishReason reason) => new()
    {
        Id = "id-1",
        Model = "m-1",
        Created = Crossing.Created,
        Choices = [new Choice(0, reason == FinishReason.ToolCalls ? [new TextPart("Hi"), new ToolCallPart("call_1", "now", "{}")] : [new TextPart("Hi")], reason)],
        Usage = new TokenUsage { InputTokens = 1, OutputTokens = 1 },
    };

    private static string ReasonOf(JsonElement answer)
    {
        if (answer.TryGetProperty("choices", out JsonElement choices))
        {
            return choices[0].GetProperty("finish_reason").GetString()!;
        }

        if (answer.TryGetProperty("candidates", out JsonElement candidates))
        {
            return candidates[0].GetProperty("finishReason").GetString()!;
        }

        if (answer.TryGetProperty("stop_reason", out JsonElement stop))
        {
            return stop.GetString()!;
        }

        string status = answer.GetProperty("status").GetString()!;
        return answer.GetProperty("incomplete_details") is { ValueKind: JsonValueKind.Object } details ? $"{status} {details.GetProperty("reason").GetString()}" : status;
    }

    private static void CheckRoundTrip(IChatDialect dialect, JsonElement json)
    {
        ChatResponse before = dialect.DecodeResponse(json);
        ChatResponse after = dialect.DecodeResponse(JsonDocument.Parse(Crossing.Render(dialect, before)).RootElement);
        Assert.Equal(CanonicalText.Of(Plain(before)), CanonicalText.Of(Plain(after)));
    }

    private static void CheckAllClients(ChatResponse response)
    {
        foreach (IChatDialect client in DialectCatalog.Chat)
        {
            ChatResponse told = client.DecodeResponse(JsonDocument.Parse(Crossing.Render(client, response)).RootElement);
            if (response.Choices[0].FinishReason != FinishReason.Malformed)
            {
                Assert.Equal($"{client.Id} {Essence(response)}", $"{client.Id} {Essence(told)}");
            }

            Assert.True(Counts(response.Usage?.InputTokens, told.Usage?.InputTokens), $"{client.Id}: {response.Usage?.InputTokens} in, told {told.Usage?.InputTokens}");
            Assert.True(Counts(response.Usage?.OutputTokens, told.Usage?.OutputTokens), $"{client.Id}: {response.Usage?.OutputTokens} out, told {told.Usage?.OutputTokens}");
        }
    }

    /// <summary>A client that must be given a number is given an estimate where there is none.</summary>
    private static bool Counts(long? known, long? told) => known is null || known == told;

    private static string Essence(ChatResponse response)
    {
        Choice choice = response.Choices[0];
        bool calls = choice.Parts.Any(p => p is ToolCallPart);
        return string.Join('\n',
        [
            response.Model ?? "",
            string.Concat(choice.Parts.Select(p => p is TextPart t ? t.Text : p is RefusalPart r ? r.Text : "")),
            .. choice.Parts.OfType<ToolCallPart>().Select(c => c.Name),
            choice.FinishReason is FinishReason.Length or FinishReason.ContextWindow ? "length" : calls ? "calls" : "",
        ]);
    }

    /// <summary>Which field a thing stood in is of no account here.</summary>
    private static ChatResponse Plain(ChatResponse response) => response with
    {
        Extra = null,
        Usage = response.Usage is not { } usage ? null : usage with
        {
            // No count is told as zero by those who must give a number.
            CacheReadTokens = usage.CacheReadTokens ?? 0,
            CacheWriteTokens = usage.CacheWriteTokens ?? 0,
            CacheWrite5mTokens = usage.CacheWrite5mTokens ?? 0,
            CacheWrite1hTokens = usage.CacheWrite1hTokens ?? 0,
            ReasoningTokens = usage.ReasoningTokens ?? 0,
            Extra = null,
        },
        Choices = [.. response.Choices.Select(c => c with { Extra = null })],
    };
}
