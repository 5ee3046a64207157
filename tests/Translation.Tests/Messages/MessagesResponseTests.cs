using System.Text;
using System.Text.Json.Nodes;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using static Serverless.Translation.Tests.Messages.MessagesFixture;

namespace Serverless.Translation.Tests.Messages;

public sealed class MessagesResponseTests
{
    private static ChatResponse Answer(FinishReason reason, params ContentPart[] parts) => new() { Id = "id", Model = "m", Choices = [new Choice(0, parts, reason)] };

    [Theory]
    [InlineData("", "{}")]
    [InlineData("  ", "{}")]
    [InlineData("""{"a": 1}""", """{"a":1}""")]
    [InlineData("""[1,2]""", """{"arguments":"[1,2]"}""")]
    [InlineData("""{"a": 1""", """{"arguments":"{\"a\": 1"}""")]
    [InlineData("""{"a":1}{"b":2}""", """{"arguments":"{\"a\":1}{\"b\":2}"}""")]
    [InlineData("free text", """{"arguments":"free text"}""")]
    [InlineData("\"{\\\"a\\\":1}\"", """{"a":1}""")]
    [InlineData("\"plain\"", """{"arguments":"\"plain\""}""")]
    public void ACallsInputIsAlwaysAnObject(string arguments, string expected)
    {
        JsonObject whole = EncodeResponse(Answer(FinishReason.Stop, new ToolCallPart("c", "t", arguments)));
        AssertSame(JsonNode.Parse(expected), whole["content"]![0]!["input"]);
        Assert.Equal("tool_use", whole["stop_reason"]!.GetValue<string>());
    }

    [Fact]
    public void OnlyBlocksOfTheWireAreWritten()
    {
        JsonObject whole = EncodeResponse(Answer(
            FinishReason.Stop,
            new TextPart(""),
            new ReasoningPart("Hm"),
            new ReasoningPart(""),
            new ReasoningPart("") { Redacted = true },
            new TextPart(" "),
            new RefusalPart("No."),
            new MediaPart(MediaKind.Image, new Base64Source("image/png", "iVBO"u8.ToArray())),
            new MediaPart(MediaKind.Audio, new Base64Source("audio/wav", "UklG"u8.ToArray())) { Transcript = "Hello" },
            new OpaquePart(DialectIds.Responses, Element("""{"type":"web_search_call"}"""), ""),
            new ToolResultPart("x", [])));
        AssertSame(
            JsonNode.Parse("""[{"type":"thinking","thinking":"Hm","signature":""},{"type":"text","text":" "},{"type":"text","text":"No."},{"type":"text","text":"Hello"}]"""),
            whole["content"]);
        Assert.Equal("refusal", whole["stop_reason"]!.GetValue<string>());
    }

    [Fact]
    public void CountsAreInTheWiresArithmetic()
    {
        JsonObject whole = EncodeResponse(Answer(FinishReason.Stop) with
        {
            ServiceTier = "priority",
            Usage = new TokenUsage { InputTokens = 1000, CacheReadTokens = 600, CacheWriteTokens = 300, CacheWrite1hTokens = 200, OutputTokens = 50, ReasoningTokens = 20 },
        });
        AssertSame(
            JsonNode.Parse("""{"input_tokens":100,"cache_creation_input_tokens":300,"cache_read_input_tokens":600,"cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":200},"output_tokens":50,"output_tokens_details":{"thinking_tokens":20},"service_tier":"priority"}"""),
            whole["usage"]);
    }

    [Fact]
    public void WithoutCountsTheyAreEstimated()
    {
        JsonObject usage = EncodeResponse(Answer(FinishReason.Stop, new TextPart("12345678"), new ToolCallPart("c", "t", "{\"a\":1}")), Context(estimate: 33))["usage"]!.AsObject();
        Assert.Equal((33L, 4L), (usage["input_tokens"]!.GetValue<long>(), usage["output_tokens"]!.GetValue<long>()));
    }

    [Fact]
    public void OnlyTheFirstOfSeveralAnswersIsWritten()
    {
        var response = new ChatResponse { Choices = [new Choice(1, [new TextPart("other")], FinishReason.Stop), new Choice(0, [new TextPart("mine")], FinishReason.Stop)] };
        Assert.Equal("mine", Assert.Single(EncodeResponse(response)["content"]!.AsArray())!["text"]!.GetValue<string>());
        Assert.Empty(EncodeResponse(new ChatResponse { Choices = [] })["content"]!.AsArray());
    }

    [Theory]
    [InlineData("""{"type":"message","content":"Hi","stop_reason":"end_turn"}""", "Hi")]
    [InlineData("""{"content":[{"type":"text","text":"Hi"},null,"x",{"type":"text"},{}],"usage":{"input_tokens":"3"},"stop_reason":null}""", "Hi")]
    [InlineData("""{"type":"message","stop_reason":"end_turn","content":null}""", "")]
    public void OddAnswersAreRead(string json, string text) =>
        Assert.Equal(text, string.Concat(Dialect.DecodeResponse(Element(json)).Choices[0].Parts.OfType<TextPart>().Select(t => t.Text)));

    [Theory]
    [InlineData("""{"choices":[]}""", ErrorKind.Upstream, 502)]
    [InlineData("[]", ErrorKind.Upstream, 502)]
    [InlineData("""{"type":"error","error":{"type":"overloaded_error","message":"Full."}}""", ErrorKind.Overloaded, 529)]
    public void AnotherEnvelopeIsAFaultOfTheProvider(string json, ErrorKind kind, int status)
    {
        GatewayError error = Assert.Throws<GatewayException>(() => Dialect.DecodeResponse(Element(json))).Error;
        Assert.Equal((kind, status), (error.Kind, error.Status));
    }

    [Theory]
    [InlineData(400, """{"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: Field required"},"request_id":"req_1"}""", ErrorKind.InvalidRequest, "max_tokens: Field required")]
    [InlineData(400, """{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}}""", ErrorKind.Billing, "Your credit balance is too low to access the Anthropic API.")]
    [InlineData(529, """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""", ErrorKind.Overloaded, "Overloaded")]
    [InlineData(400, """{"message":"context_management: Extra inputs are not permitted"}""", ErrorKind.InvalidRequest, "context_management: Extra inputs are not permitted")]
    [InlineData(429, """{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED"}}""", ErrorKind.RateLimited, "Quota exceeded")]
    [InlineData(404, """{"error":"no such model"}""", ErrorKind.NotFound, "no such model")]
    [InlineData(502, "<html>Bad gateway</html>", ErrorKind.Upstream, "The provider answered with status 502.")]
    [InlineData(503, "", ErrorKind.Overloaded, "The provider answered with status 503.")]
    [InlineData(500, "out of memory", ErrorKind.Upstream, "out of memory")]
    [InlineData(400, """{"error":{"mess""", ErrorKind.InvalidRequest, """{"error":{"mess""")]
    public void RefusalsOfEveryPlatformAreRead(int status, string body, ErrorKind kind, string message)
    {
        GatewayError error = Dialect.DecodeError(status, Encoding.UTF8.GetBytes(body));
        Assert.Equal((kind, status, message), (error.Kind, error.Status, error.Message));
    }

    [Fact]
    public void AFullContextIsKnownByItsCodeAndItsWords()
    {
        GatewayError own = Dialect.DecodeError(400, """{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}"""u8.ToArray());
        Assert.Equal("context_length_exceeded", own.Code);
        string told = Text(o => Dialect.EncodeError(GatewayError.Invalid("This model's maximum context length is 128000 tokens.", code: "context_length_exceeded"), "req_1", o));
        Assert.Equal("""{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: This model's maximum context length is 128000 tokens."},"request_id":"req_1"}""", told);
    }

    [Theory]
    [InlineData(ErrorKind.InvalidRequest, "invalid_request_error")]
    [InlineData(ErrorKind.Authentication, "authentication_error")]
    [InlineData(ErrorKind.Billing, "billing_error")]
    [InlineData(ErrorKind.Permission, "permission_error")]
    [InlineData(ErrorKind.NotFound, "not_found_error")]
    [InlineData(ErrorKind.MethodNotAllowed, "invalid_request_error")]
    [InlineData(ErrorKind.Conflict, "conflict_error")]
    [InlineData(ErrorKind.TooLarge, "request_too_large")]
    [InlineData(ErrorKind.RateLimited, "rate_limit_error")]
    [InlineData(ErrorKind.Internal, "api_error")]
    [InlineData(ErrorKind.Upstream, "api_error")]
    [InlineData(ErrorKind.Overloaded, "overloaded_error")]
    [InlineData(ErrorKind.Timeout, "timeout_error")]
    public void FaultsHaveTheWiresTypes(ErrorKind kind, string type) =>
        Assert.Equal($$$"""{"type":"error","error":{"type":"{{{type}}}","message":"x"}}""", Text(o => Dialect.EncodeError(new GatewayError(kind, 400, "x"), null, o)));

    [Fact]
    public void TheMessageNamesTheField() =>
        Assert.Contains("\"top_k: must be an integer\"", Text(o => Dialect.EncodeError(GatewayError.Invalid("must be an integer", "top_k"), null, o)), StringComparison.Ordinal);
}
