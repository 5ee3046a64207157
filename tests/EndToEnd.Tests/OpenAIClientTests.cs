using System.ClientModel;
using System.ClientModel.Primitives;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;
using OpenAI.Responses;
using Serverless.EndToEnd.Tests.Provider;

#pragma warning disable OPENAI001 // Responses is marked experimental in the client.

namespace Serverless.EndToEnd.Tests;

/// <summary>OpenAI's own .NET client on every provider dialect.</summary>
public sealed class OpenAIClientTests(Gateway gateway)
{
    private static readonly BinaryData WeatherSchema = BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}""");
    private static readonly BinaryData AnswerSchema = BinaryData.FromString("""{"type":"object","properties":{"answer":{"type":"integer"}},"required":["answer"],"additionalProperties":false}""");

    public static TheoryData<string> Providers => ["chat", "responses", "anthropic", "gemini"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Chat_answers_in_whole_and_as_a_stream(string provider)
    {
        ChatClient client = Chat($"{provider}/text");

        ChatCompletion whole = await client.CompleteChatAsync([new SystemChatMessage("Be kind."), new UserChatMessage("Hi")], cancellationToken: Cancellation);
        Assert.Equal(("Hello, wörld 🌍!", ChatFinishReason.Stop, Answer.Model), (whole.Content[0].Text, whole.FinishReason, whole.Model));
        AssertUsage(whole.Usage);

        string text = "";
        ChatTokenUsage? usage = null;
        ChatFinishReason? finish = null;
        await foreach (StreamingChatCompletionUpdate update in client.CompleteChatStreamingAsync([new UserChatMessage("Hi")], cancellationToken: Cancellation))
        {
            text += string.Concat(update.ContentUpdate.Select(c => c.Text));
            usage = update.Usage ?? usage;
            finish = update.FinishReason ?? finish;
        }

        Assert.Equal(("Hello, wörld 🌍!", ChatFinishReason.Stop), (text, finish));
        AssertUsage(usage!);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Chat_calls_tools_and_takes_their_results(string provider)
    {
        ChatClient client = Chat($"{provider}/parallel");
        var options = new ChatCompletionOptions { Tools = { ChatTool.CreateFunctionTool("get_weather", "Weather of a city.", WeatherSchema) } };
        List<ChatMessage> messages = [new UserChatMessage("Oslo and Rome?")];

        ChatCompletion first = await client.CompleteChatAsync(messages, options, Cancellation);
        Assert.Equal(ChatFinishReason.ToolCalls, first.FinishReason);
        Assert.Equal(["""{"city":"Oslo"}""", """{"city":"Rome"}"""], first.ToolCalls.Select(c => c.FunctionArguments.ToString()));

        messages.Add(new AssistantChatMessage(first));
        messages.AddRange(first.ToolCalls.Select((c, i) => new ToolChatMessage(c.Id, $"r{i}")));
        ChatCompletion second = await client.CompleteChatAsync(messages, options, Cancellation);
        Assert.Equal("Results: call_p1=r0 | call_p2=r1", second.Content[0].Text);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Chat_sends_images_and_gets_structured_output(string provider)
    {
        byte[] image = [.. Enumerable.Range(0, 5000).Select(i => (byte)(i * 7))];
        ChatCompletion seen = await Chat($"{provider}/image").CompleteChatAsync(
            [new UserChatMessage(ChatMessageContentPart.CreateTextPart("What is it?"), ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(image), "image/png"))], cancellationToken: Cancellation);
        Assert.Equal("sha256 " + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(image)), seen.Content[0].Text);

        ChatCompletion json = await Chat($"{provider}/json").CompleteChatAsync(
            [new UserChatMessage("Answer")], new ChatCompletionOptions { ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("answer", AnswerSchema, jsonSchemaIsStrict: true) }, Cancellation);
        Assert.Equal("""{"answer":42}""", json.Content[0].Text);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Chat_tells_of_errors_and_stops_the_provider_when_it_is_left(string provider)
    {
        ClientResultException limited = await Assert.ThrowsAsync<ClientResultException>(() => Chat($"{provider}/e429").CompleteChatAsync([new UserChatMessage("x")], cancellationToken: Cancellation));
        Assert.Equal(429, limited.Status);
        Assert.Contains("Slow down, please.", limited.Message, StringComparison.Ordinal);

        int before = gateway.Provider.Aborted.Count(f => f == provider);
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (StreamingChatCompletionUpdate _ in Chat($"{provider}/slow").CompleteChatStreamingAsync([new UserChatMessage("x")], cancellationToken: cancellation.Token))
            {
                await cancellation.CancelAsync();
            }
        });

        // The stand-in writes for thirty seconds; it notices long before that.
        for (int i = 0; i < 100 && gateway.Provider.Aborted.Count(f => f == provider) == before; i++)
        {
            await Task.Delay(50, Cancellation);
        }

        Assert.True(gateway.Provider.Aborted.Count(f => f == provider) > before, "The provider was not told that the client had gone.");
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Responses_answers_in_whole_and_as_a_stream(string provider)
    {
        ResponsesClient client = new(new ApiKeyCredential(Gateway.Key), new ResponsesClientOptions { Endpoint = new Uri($"{gateway.Url}/openai/v1"), RetryPolicy = new ClientRetryPolicy(0) });

        ResponseResult whole = await client.CreateResponseAsync(new CreateResponseOptions($"{provider}/text", [ResponseItem.CreateUserMessageItem("Hi")]), Cancellation);
        Assert.Equal(("Hello, wörld 🌍!", ResponseStatus.Completed, Answer.Model), (whole.GetOutputText(), whole.Status, whole.Model));
        Assert.Equal((20, 8, 9, 29), (whole.Usage.InputTokenCount, whole.Usage.InputTokenDetails.CachedTokenCount, whole.Usage.OutputTokenCount, whole.Usage.TotalTokenCount));

        string text = "";
        ResponseResult? completed = null;
        await foreach (StreamingResponseUpdate update in await client.CreateResponseStreamingAsync(new CreateResponseOptions($"{provider}/text", [ResponseItem.CreateUserMessageItem("Hi")]) { StreamingEnabled = true }, Cancellation))
        {
            text += (update as StreamingResponseOutputTextDeltaUpdate)?.Delta;
            completed = (update as StreamingResponseCompletedUpdate)?.Response ?? completed;
        }

        Assert.Equal(("Hello, wörld 🌍!", "Hello, wörld 🌍!"), (text, completed!.GetOutputText()));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Responses_calls_tools_and_takes_their_results(string provider)
    {
        ResponsesClient client = new(new ApiKeyCredential(Gateway.Key), new ResponsesClientOptions { Endpoint = new Uri($"{gateway.Url}/codex/v1"), RetryPolicy = new ClientRetryPolicy(0) });
        List<ResponseItem> items = [ResponseItem.CreateUserMessageItem("Weather in Zürich?")];
        ResponseTool tool = ResponseTool.CreateFunctionTool("get_weather", WeatherSchema, strictModeEnabled: true, "Weather of a city.");

        ResponseResult first = await client.CreateResponseAsync(new CreateResponseOptions($"{provider}/agent", items) { Tools = { tool } }, Cancellation);
        FunctionCallResponseItem call = Assert.Single(first.OutputItems.OfType<FunctionCallResponseItem>());
        Assert.Equal("get_weather", call.FunctionName);

        items.AddRange(first.OutputItems);
        items.Add(ResponseItem.CreateFunctionCallOutputItem(call.CallId, "21 °C"));
        ResponseResult second = await client.CreateResponseAsync(new CreateResponseOptions($"{provider}/agent", items) { Tools = { tool } }, Cancellation);
        Assert.Equal("Results: call_a1=21 °C", second.GetOutputText());
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("gemini")]
    public async Task Embeddings_come_in_the_order_of_their_inputs(string provider)
    {
        var client = new EmbeddingClient($"{provider}/embed", new ApiKeyCredential(Gateway.Key), Options("/mlflow/v1"));

        OpenAIEmbeddingCollection found = await client.GenerateEmbeddingsAsync(["a", "b"], cancellationToken: Cancellation);

        Assert.Equal([0.5f, -0.25f, 1f], found.Single(e => e.Index == 0).ToFloats().ToArray());
        Assert.Equal([1.5f, -0.25f, 1f], found.Single(e => e.Index == 1).ToFloats().ToArray());
    }

    private ChatClient Chat(string endpoint) => new(endpoint, new ApiKeyCredential(Gateway.Key), Options("/mlflow/v1"));

    private OpenAIClientOptions Options(string path) => new() { Endpoint = new Uri(gateway.Url + path), RetryPolicy = new ClientRetryPolicy(0) };

    private static void AssertUsage(ChatTokenUsage usage) =>
        Assert.Equal((20, 8, 9, 29), (usage.InputTokenCount, usage.InputTokenDetails.CachedTokenCount, usage.OutputTokenCount, usage.TotalTokenCount));
}
