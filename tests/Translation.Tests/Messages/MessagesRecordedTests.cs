using System.Text.Json;
using System.Text.Json.Nodes;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Tests.Validators;
using static Serverless.Translation.Tests.Messages.MessagesFixture;

namespace Serverless.Translation.Tests.Messages;

/// <summary>Real traffic comes back as it was.</summary>
public sealed class MessagesRecordedTests
{
    public static TheoryData<string> Requests => Payloads.Rows(DialectIds.Messages, PayloadKind.Request);

    public static TheoryData<string> Responses => Payloads.Rows(DialectIds.Messages, PayloadKind.Response);

    public static TheoryData<string> Streams => Payloads.Rows(DialectIds.Messages, PayloadKind.Stream);

    [Theory, MemberData(nameof(Requests))]
    public void RequestsComeBackAsTheyWere(string file)
    {
        JsonElement body = Payloads.ReadJson(file);
        bool named = body.TryGetProperty("model", out JsonElement model);
        ChatRequest request = Dialect.DecodeRequest(body, named ? default : new RequestAddress("claude-haiku-4-5"));
        JsonObject encoded = Encode(request, named ? model.GetString()! : "claude-haiku-4-5", out TranslationReport report);
        if (!named)
        {
            encoded.Remove("model");
        }

        AssertSame(JsonNode.Parse(body.GetRawText()), encoded);
        Assert.Empty(report.Entries);
    }

    [Theory, MemberData(nameof(Responses))]
    public void ResponsesComeBackAsTheyWere(string file)
    {
        JsonElement body = Payloads.ReadJson(file);
        ChatResponse response = Dialect.DecodeResponse(body);
        AssertSame(JsonNode.Parse(body.GetRawText()), EncodeResponse(response));
        Assert.Equal(body.GetProperty("usage").GetProperty("input_tokens").GetInt64(), response.Usage!.InputTokens);
        Assert.Equal(body.GetProperty("stop_reason").GetString() == "tool_use", response.Choices[0].FinishReason == FinishReason.ToolCalls);
    }

    [Theory, MemberData(nameof(Streams))]
    public void AStreamTellsWhatTheWholeAnswerWould(string file)
    {
        JsonElement events = Payloads.ReadJson(file);
        List<ChatEvent> decoded = DecodeStream(Payloads.ReadSse(file));
        Assert.IsType<Finished>(decoded[^1]);
        JsonObject whole = events[0].GetProperty("type").ValueEquals("message")
            ? JsonNode.Parse(events[0].GetRawText())!.AsObject()
            : AnthropicStreamValidator.Validate(Payloads.ReadSse(file)).ToWhole();
        ChatResponse twin = Dialect.DecodeResponse(Element(whole.ToJsonString()));
        ChatResponse folded = Fold(decoded);
        AssertSame(EncodeResponse(twin), EncodeResponse(folded with { Usage = folded.Usage! with { Extra = twin.Usage!.Extra } }));
    }

    [Theory, MemberData(nameof(Streams))]
    public void StreamsComeBackAsTheyWere(string file)
    {
        JsonElement events = Payloads.ReadJson(file);
        AnthropicMessage rendered = Render(DecodeStream(Payloads.ReadSse(file)));
        if (events[0].GetProperty("type").ValueEquals("message"))
        {
            AssertSame(JsonNode.Parse(events[0].GetProperty("content").GetRawText()), new JsonArray([.. rendered.Content.Select(b => b.DeepClone())]));
            return;
        }

        AnthropicMessage original = AnthropicStreamValidator.Validate(Payloads.ReadSse(file));
        original.Start!["usage"]!["output_tokens"] = 0;
        AssertSame(original.Start, rendered.Start);
        AssertSame(original.ToWhole(), rendered.ToWhole());
    }
}
