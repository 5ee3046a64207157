using System.Buffers;
using System.Text.Json;
using Serverless.Gateway.Providers;
using Serverless.Gateway.Providers.Demo;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Tests.Providers;

/// <summary>The demo provider asked in each dialect, as the gateway would ask a vendor.</summary>
public sealed class DemoProviderTests
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    private static readonly FunctionTool Weather = new("get_weather")
    {
        Description = "The weather of a place.",
        Parameters = JsonElement.Parse(
            """
            {
              "type": "object",
              "properties": {
                "city": { "type": "string" },
                "days": { "type": "integer", "minimum": 3 },
                "unit": { "type": "string", "enum": ["kelvin", "celsius"] },
                "note": { "type": "string" }
              },
              "required": ["city", "days", "unit"]
            }
            """),
    };

    public static TheoryData<string, bool> Pairs
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (IChatDialect dialect in DialectCatalog.Chat)
            {
                data.Add(dialect.Id.Name, false);
                data.Add(dialect.Id.Name, true);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task It_says_back_what_it_was_told(string dialect, bool stream)
    {
        ChatResponse answer = await AskAsync(dialect, stream, Request("Good morning!"));

        Assert.StartsWith("You said: Good morning!", Text(answer));
        Assert.Equal(FinishReason.Stop, answer.Choices[0].FinishReason);
        Assert.Equal(4, answer.Usage!.InputTokens);
        Assert.Equal((Text(answer).Length + 3) / 4, answer.Usage.OutputTokens);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task It_calls_the_first_tool_and_then_uses_the_result(string dialect, bool stream)
    {
        ChatRequest request = Request("Will it rain?") with { Tools = [Weather] };
        ChatResponse answer = await AskAsync(dialect, stream, request);

        ToolCallPart call = Assert.IsType<ToolCallPart>(answer.Choices[0].Parts[^1]);
        Assert.Equal("get_weather", call.Name);
        Assert.Equal("""{"city":"Paris","days":3,"unit":"kelvin"}""", JsonElement.Parse(call.Arguments).GetRawText().Replace(" ", ""));
        Assert.Equal(FinishReason.ToolCalls, answer.Choices[0].FinishReason);

        ChatRequest next = request with
        {
            Messages =
            [
                .. request.Messages,
                new Message(Role.Assistant, [call]),
                new Message(Role.User, [new ToolResultPart(call.Id, [new TextPart("Sunny")]) { Name = call.Name }]),
            ],
        };
        Assert.Equal("The tool answered: Sunny", Text(await AskAsync(dialect, stream, next)));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task It_calls_no_tool_that_it_must_not(string dialect, bool stream)
    {
        ChatRequest request = Request("Hi") with { Tools = [Weather], ToolChoice = new ToolChoice(ToolChoiceMode.None) };
        Assert.StartsWith("You said: Hi", Text(await AskAsync(dialect, stream, request)));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task It_thinks_when_asked(string dialect, bool stream)
    {
        ChatRequest request = Request("Hi") with { Reasoning = new ReasoningOptions { Effort = ReasoningEffort.Low, Mode = ReasoningMode.Enabled, BudgetTokens = 1024, IncludeThoughts = true, Summary = "auto" }, MaxOutputTokens = 4096 };
        ChatResponse answer = await AskAsync(dialect, stream, request);

        Assert.Contains("I say it back", Assert.IsType<ReasoningPart>(answer.Choices[0].Parts[0]).Text);
        Assert.StartsWith("You said: Hi", Text(answer));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task It_keeps_to_a_schema(string dialect, bool stream)
    {
        ChatRequest request = Request("Hi") with { ResponseFormat = new ResponseFormat(ResponseFormatKind.JsonSchema) { Name = "weather", Schema = Weather.Parameters } };
        Assert.Equal("""{"city":"Paris","days":3,"unit":"kelvin"}""", Text(await AskAsync(dialect, stream, request)));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task It_stops_at_its_limit(string dialect, bool stream)
    {
        ChatResponse answer = await AskAsync(dialect, stream, Request("Good morning!") with { MaxOutputTokens = 16 });
        Assert.Equal((64, FinishReason.Length), (Text(answer).Length, answer.Choices[0].FinishReason));
    }

    [Fact]
    public void It_stops_at_a_stop_sequence()
    {
        Choice choice = DemoModel.Answer(Request("one two three") with { StopSequences = ["three", "two"] }).Choices[0];
        Assert.Equal(("You said: one ", "two"), (((TextPart)choice.Parts[0]).Text, choice.StopSequence));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task It_counts(string dialect, bool stream)
    {
        Assert.SkipWhen(stream, "A count is never streamed.");
        IChatDialect chat = DialectCatalog.ChatDialect(new DialectId(dialect));
        Assert.SkipWhen(chat.UpstreamCountPath("demo") is null, "This dialect has no counter.");
        var body = new ArrayBufferWriter<byte>();
        chat.EncodeCountRequest(Request("Good morning!"), new TargetProfile("demo"), new TranslationReport(), body);

        using HttpResponseMessage response = await SendAsync(chat.Id, chat.UpstreamCountPath("demo")!, body);
        using JsonDocument json = Json.Parse(await response.Content.ReadAsByteArrayAsync(Token));
        Assert.Equal(4, chat.DecodeCount(json.RootElement));
    }

    [Fact]
    public async Task A_wrong_request_is_refused_in_the_dialects_words()
    {
        IChatDialect chat = DialectCatalog.ChatDialect(DialectIds.Messages);
        var body = new ArrayBufferWriter<byte>();
        body.Write("""{"model":"demo","messages":7}"""u8);

        using HttpResponseMessage response = await SendAsync(chat.Id, chat.UpstreamPath("demo", false), body);
        Assert.Equal(400, (int)response.StatusCode);
        Assert.Equal(ErrorKind.InvalidRequest, chat.DecodeError(400, await response.Content.ReadAsByteArrayAsync(Token)).Kind);
    }

    [Theory]
    [InlineData("openai.embeddings")]
    [InlineData("gemini.embed-content")]
    public async Task It_embeds(string dialect)
    {
        IEmbeddingDialect embeddings = DialectCatalog.EmbeddingDialect(new DialectId(dialect));
        var request = new EmbeddingRequest
        {
            Model = "demo",
            Inputs = [new() { Text = "the cat sat" }, new() { Text = "the cat sat" }, new() { Text = "the cat ran" }, new() { Text = "stock prices fell" }],
            Batch = true,
            Dimensions = 64,
        };
        var body = new ArrayBufferWriter<byte>();
        embeddings.EncodeRequest(request, new TargetProfile("demo"), new TranslationReport(), body);

        using HttpResponseMessage response = await SendAsync(embeddings.Id, embeddings.UpstreamPath("demo", false), body);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Token));
        using JsonDocument json = Json.Parse(await response.Content.ReadAsByteArrayAsync(Token));
        float[][] vectors = [.. embeddings.DecodeResponse(json.RootElement).Vectors.Select(vector => vector.ToArray())];

        Assert.All(vectors, vector => Assert.Equal(64, vector.Length));
        Assert.All(vectors, vector => Assert.Equal(1, Dot(vector, vector), 4));
        Assert.Equal(1, Dot(vectors[0], vectors[1]), 4);
        Assert.True(Dot(vectors[0], vectors[2]) > Dot(vectors[0], vectors[3]) + 0.2, "texts with common words are near each other");
    }

    [Fact]
    public void A_model_can_be_held_to_one_dialect()
    {
        var provider = new DemoProvider("demo");
        Assert.Equal(6, provider.Dialects("demo").Count);
        Assert.Equal([DialectIds.Messages], provider.Dialects("messages"));
        Assert.Contains("generate-content", DemoProvider.Models);
    }

    private static ChatRequest Request(string text) => new() { Model = "demo", Messages = [new Message(Role.User, [new TextPart(text)])] };

    private static string Text(ChatResponse answer) => string.Concat(answer.Choices[0].Parts.OfType<TextPart>().Select(part => part.Text));

    private static double Dot(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();

    private static async Task<ChatResponse> AskAsync(string dialect, bool stream, ChatRequest request)
    {
        IChatDialect chat = DialectCatalog.ChatDialect(new DialectId(dialect));
        var body = new ArrayBufferWriter<byte>();
        chat.EncodeRequest(request with { Stream = stream, IncludeStreamUsage = true }, new TargetProfile("demo"), new TranslationReport(), body);

        using HttpResponseMessage response = await SendAsync(chat.Id, chat.UpstreamPath("demo", stream), body);
        byte[] bytes = await response.Content.ReadAsByteArrayAsync(Token);
        Assert.True(response.IsSuccessStatusCode, System.Text.Encoding.UTF8.GetString(bytes));
        if (!stream)
        {
            using JsonDocument json = Json.Parse(bytes);
            return Detached(chat.DecodeResponse(json.RootElement));
        }

        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var parser = new SseParser();
        IChatStreamDecoder decoder = chat.CreateDecoder();
        List<ChatEvent> events = [];
        parser.Append(bytes);
        while (parser.TryRead(out SseFrame frame))
        {
            decoder.Decode(frame, events);
        }

        decoder.Complete(events);
        var fold = new ChatEventFold();
        events.ForEach(fold.Add);
        Assert.True(fold.IsFinished, fold.Error?.Message);
        return fold.ToResponse();
    }

    private static ChatResponse Detached(ChatResponse response) => response with { Extra = null };

    private static async Task<HttpResponseMessage> SendAsync(DialectId dialect, string path, ArrayBufferWriter<byte> body)
    {
        var provider = new DemoProvider("demo");
        using HttpRequestMessage request = await provider.CreateRequestAsync(
            new UpstreamRequest(dialect, HttpMethod.Post, path, "demo", new ReadOnlyMemoryContent(body.WrittenMemory), []), Token);
        return await provider.Connections.SendAsync(request, Token);
    }
}
