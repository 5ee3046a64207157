using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Dialects.OpenAI.ChatCompletions;

namespace Serverless.Translation.Tests;

/// <summary>
/// Clients of the time before tools: <c>functions</c>, <c>function_call</c>, turns of the role <c>function</c>, and answers with one
/// <c>function_call</c> in place of <c>tool_calls</c>. Every target is asked in its own words, and the client answered in the old ones.
/// </summary>
public sealed class LegacyFunctionsTests
{
    private const string Client = """
        {"model":"m","stream":STREAM,
         "functions":[{"name":"get_weather","description":"Weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}},{"name":"get_time"}],
         "function_call":CHOICE,
         "messages":[{"role":"user","content":"Oslo?"},
          {"role":"assistant","content":null,"function_call":{"name":"get_weather","arguments":"{\"city\":\"Oslo\"}"}},
          {"role":"function","name":"get_weather","content":"rain"},
          {"role":"user","content":"And Bergen?"}]}
        """;

    private static readonly ChatCompletionsDialect Chat = new();

    public static TheoryData<string> Targets => [.. DialectCatalog.Chat.Select(d => d.Id.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void ATargetIsAskedInItsOwnWords(string target)
    {
        IChatDialect dialect = DialectCatalog.ChatDialect(new DialectId(target));
        CrossedRequest crossed = Crossing.Encode(Request("\"auto\""), dialect);
        ChatRequest read = Crossing.Decode(dialect, crossed.Body, new RequestAddress { Model = "m", Stream = false });
        Assert.Equal(["get_weather", "get_time"], read.Tools.Cast<FunctionTool>().Select(t => t.Name));
        ToolCallPart call = Assert.Single(read.Messages.SelectMany(m => m.Parts).OfType<ToolCallPart>());
        ToolResultPart result = Assert.Single(read.Messages.SelectMany(m => m.Parts).OfType<ToolResultPart>());
        Assert.Equal(("get_weather", "rain"), (call.Name, Assert.IsType<TextPart>(result.Content[0]).Text));
        Assert.Equal("Oslo", JsonElement.Parse(call.Arguments).GetProperty("city").GetString());
        Assert.True(target == DialectIds.GenerateContent.Name || call.Id == result.CallId);
        Assert.DoesNotContain(crossed.Report.Entries, e => e.Field is "functions" or "function_call");
        string body = Encoding.UTF8.GetString(crossed.Body);
        Assert.DoesNotContain("\"functions\"", body, StringComparison.Ordinal);
        Assert.DoesNotContain("\"function_call\":", body.Replace("\"type\":\"function_call\"", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void TheClientMayNameOrForbidAFunction(string target)
    {
        IChatDialect dialect = DialectCatalog.ChatDialect(new DialectId(target));
        Assert.Equal("get_time", Again("""{"name":"get_time"}""").ToolChoice!.Name);
        Assert.Equal(ToolChoiceMode.None, Again("\"none\"").ToolChoice!.Mode);

        ChatRequest Again(string choice) => Crossing.Decode(dialect, Crossing.Encode(Request(choice), dialect).Body, new RequestAddress { Model = "m", Stream = false });
    }

    /// <summary>The old kind of answer has room for one call, so that a provider is asked for one, and a second is not told.</summary>
    [Theory]
    [MemberData(nameof(Targets))]
    public void AnAnswerHasOneCallInTheOldWords(string target)
    {
        IChatDialect provider = DialectCatalog.ChatDialect(new DialectId(target));
        JsonElement choice = JsonText.Parse(Crossing.Render(Chat, provider.DecodeResponse(JsonText.Parse(Crossing.Render(provider, Answer))), Asked(stream: false))).GetProperty("choices")[0];
        Assert.Equal("function_call", choice.GetProperty("finish_reason").GetString());
        JsonElement message = choice.GetProperty("message");
        Assert.False(message.TryGetProperty("tool_calls", out _));
        Assert.Equal("Let me see.", message.GetProperty("content").GetString());
        AssertCall(message.GetProperty("function_call").GetProperty("name").GetString(), message.GetProperty("function_call").GetProperty("arguments").GetString()!);
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void AStreamHasOneCallInTheOldWords(string target)
    {
        IChatDialect provider = DialectCatalog.ChatDialect(new DialectId(target));
        byte[] sent = Crossing.Render(Chat, Crossing.Events(provider, Crossing.Render(provider, ChatEventFold.Unfold(Answer))), Asked(stream: true));
        string? name = null;
        string? finish = null;
        var arguments = new StringBuilder();
        foreach (JsonElement choice in Crossing.Frames(sent).Where(f => f.StartsWith("data: {", StringComparison.Ordinal)).Select(f => JsonElement.Parse(f[6..].Trim()).GetProperty("choices")).SelectMany(c => c.EnumerateArray()))
        {
            finish = choice.GetProperty("finish_reason").GetString() ?? finish;
            Assert.False(choice.GetProperty("delta").TryGetProperty("tool_calls", out _));
            if (choice.GetProperty("delta").TryGetProperty("function_call", out JsonElement call))
            {
                Assert.True(name is null || !call.TryGetProperty("name", out _));
                name ??= call.GetProperty("name").GetString();
                arguments.Append(call.TryGetProperty("arguments", out JsonElement piece) ? piece.GetString() : "");
            }
        }

        Assert.Equal("function_call", finish);
        AssertCall(name, arguments.ToString());
    }

    [Fact]
    public void AProviderIsAskedForOneCallAtATime()
    {
        Assert.False(Request("\"auto\"").ParallelToolCalls);
        CrossedRequest crossed = Crossing.Encode(Request("\"auto\""), DialectCatalog.ChatDialect(DialectIds.Messages));
        Assert.True(JsonText.Parse(crossed.Body).GetProperty("tool_choice").GetProperty("disable_parallel_tool_use").GetBoolean());
    }

    private static readonly ChatResponse Answer = new()
    {
        Id = "1",
        Model = "m",
        Choices =
        [
            new Choice(
                0,
                [new TextPart("Let me see."), new ToolCallPart("call_1", "get_weather", """{"city":"Bergen"}"""), new ToolCallPart("call_2", "get_time", "{}")],
                FinishReason.ToolCalls),
        ],
    };

    private static ChatRequest Request(string choice, bool stream = false) =>
        Crossing.Decode(Chat, Encoding.UTF8.GetBytes(Client.Replace("STREAM", stream ? "true" : "false", StringComparison.Ordinal).Replace("CHOICE", choice, StringComparison.Ordinal)), default);

    private static AnswerContext Asked(bool stream) => Crossing.Context(stream) with { Request = Request("\"auto\"", stream) };

    private static void AssertCall(string? name, string arguments)
    {
        Assert.Equal("get_weather", name);
        Assert.Equal("Bergen", JsonElement.Parse(arguments).GetProperty("city").GetString());
    }
}
