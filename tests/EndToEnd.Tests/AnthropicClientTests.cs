using System.Text.Json;
using Anthropic;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;

namespace Serverless.EndToEnd.Tests;

/// <summary>Anthropic's own .NET client on every provider dialect.</summary>
public sealed class AnthropicClientTests(Gateway gateway)
{
    public static TheoryData<string> Providers => ["chat", "responses", "anthropic", "gemini"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Messages_answers_in_whole_and_as_a_stream(string provider)
    {
        using AnthropicClient client = Connect();

        Message whole = await client.Messages.Create(Ask($"{provider}/text", "Hi"), Cancellation);
        Assert.Equal("Hello, wörld 🌍!", Text(whole));
        Assert.Equal((12L, 8L, 9L), (whole.Usage.InputTokens, whole.Usage.CacheReadInputTokens, whole.Usage.OutputTokens));

        string text = "";
        bool stopped = false;
        await foreach (RawMessageStreamEvent update in client.Messages.CreateStreaming(Ask($"{provider}/text", "Hi"), Cancellation))
        {
            if (update.TryPickContentBlockDelta(out RawContentBlockDeltaEvent? delta) && delta.Delta.TryPickText(out TextDelta? piece))
            {
                text += piece.Text;
            }

            stopped |= update.TryPickStop(out _);
        }

        Assert.Equal(("Hello, wörld 🌍!", true), (text, stopped));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Messages_calls_tools_and_takes_their_results(string provider)
    {
        using AnthropicClient client = Connect();
        Tool tool = new()
        {
            Name = "get_weather",
            InputSchema = new InputSchema { Properties = new Dictionary<string, JsonElement> { ["city"] = JsonElement.Parse("""{"type":"string"}""") }, Required = ["city"] },
        };
        MessageCreateParams ask = Ask($"{provider}/agent", "Weather in Zürich?") with { Tools = [tool] };

        Message first = await client.Messages.Create(ask, Cancellation);
        ToolUseBlock use = first.Content.Select(b => b.TryPickToolUse(out ToolUseBlock? found) ? found : null).Single(u => u is not null)!;
        Assert.Equal(("get_weather", "Zürich"), (use.Name, use.Input["city"].GetString()));

        Message second = await client.Messages.Create(
            ask with
            {
                Messages =
                [
                    .. ask.Messages,
                    new AssistantMessageParam(new List<ContentBlockParam> { new ToolUseBlockParam { ID = use.ID, Name = use.Name, Input = use.Input } }),
                    new UserMessageParam(new List<ContentBlockParam> { new ToolResultBlockParam { ToolUseID = use.ID, Content = "21 °C" } }),
                ],
            },
            Cancellation);
        Assert.Equal("Results: call_a1=21 °C", Text(second));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Messages_tells_of_errors_by_their_class(string provider)
    {
        using AnthropicClient client = Connect();

        AnthropicRateLimitException limited = await Assert.ThrowsAsync<AnthropicRateLimitException>(() => client.Messages.Create(Ask($"{provider}/e429", "x"), Cancellation));
        Assert.Contains("Slow down, please.", limited.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<AnthropicBadRequestException>(() => client.Messages.Create(Ask($"{provider}/e400", "x"), Cancellation));
        await Assert.ThrowsAsync<AnthropicNotFoundException>(() => client.Messages.Create(Ask("no/such", "x"), Cancellation));
    }

    private AnthropicClient Connect() => new() { ApiKey = Gateway.Key, BaseUrl = $"{gateway.Url}/anthropic", MaxRetries = 0 };

    private static MessageCreateParams Ask(string model, string text) => new() { Model = model, MaxTokens = 1024, Messages = [new UserMessageParam(text)] };

    private static string Text(Message message) => string.Concat(message.Content.Select(b => b.TryPickText(out TextBlock? text) ? text.Text : ""));
}
