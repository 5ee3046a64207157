using System.Buffers;
using System.Text;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects.OpenAI;

namespace Serverless.Translation.Tests.ChatCompletions;

/// <summary>Refusals in the shapes that providers give them.</summary>
public sealed class OpenAIErrorTests
{
    [Theory]
    [InlineData(400, """{"error":{"message":"Bad","type":"invalid_request_error","param":"messages[0]","code":"context_length_exceeded"}}""", ErrorKind.InvalidRequest, "Bad", "context_length_exceeded", "messages[0]")]
    [InlineData(401, """{"error":{"message":"Bad key","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}""", ErrorKind.Authentication, "Bad key", "invalid_api_key", null)]
    [InlineData(429, """{"error":{"message":"No money","type":"insufficient_quota","code":"insufficient_quota"}}""", ErrorKind.Billing, "No money", "insufficient_quota", null)]
    [InlineData(429, """{"error":{"message":"Slow","type":"requests","code":"rate_limit_exceeded"}}""", ErrorKind.RateLimited, "Slow", "rate_limit_exceeded", null)]
    [InlineData(404, """{"error":"model 'x' not found"}""", ErrorKind.NotFound, "model 'x' not found", null, null)]
    [InlineData(400, """{"object":"error","message":"Too long","type":"BadRequestError","param":null,"code":400}""", ErrorKind.InvalidRequest, "Too long", null, null)]
    [InlineData(422, """{"detail":[{"loc":["body","x"],"msg":"Extra inputs are not permitted"}]}""", ErrorKind.InvalidRequest, "Extra inputs are not permitted", null, null)]
    [InlineData(422, """{"object":"error","message":{"detail":[{"msg":"A"},{"msg":"B"}]},"type":"invalid_request_error"}""", ErrorKind.InvalidRequest, "A; B", null, null)]
    [InlineData(403, """{"error_code":"PERMISSION_DENIED","message":"No"}""", ErrorKind.Permission, "No", "PERMISSION_DENIED", null)]
    [InlineData(503, """[{"error":{"code":503,"message":"High demand","status":"UNAVAILABLE"}}]""", ErrorKind.Overloaded, "High demand", null, null)]
    [InlineData(500, "<html>oops</html>", ErrorKind.Upstream, "The provider answered with status 500.", null, null)]
    [InlineData(502, "", ErrorKind.Upstream, "The provider answered with status 502.", null, null)]
    [InlineData(504, "upstream timed out", ErrorKind.Timeout, "upstream timed out", null, null)]
    [InlineData(400, "{\"error\":{\"mess", ErrorKind.InvalidRequest, "{\"error\":{\"mess", null, null)]
    [InlineData(413, "{}", ErrorKind.TooLarge, "The provider answered with status 413.", null, null)]
    public void ARefusalIsReadWhateverItsShape(int status, string body, ErrorKind kind, string message, string? code, string? param)
    {
        GatewayError error = OpenAIError.Decode(status, Encoding.UTF8.GetBytes(body));
        Assert.Equal((kind, status, message, code, param), (error.Kind, error.Status, error.Message, error.Code, error.Param));
    }

    [Fact]
    public void EveryKindHasItsEnvelope()
    {
        foreach (ErrorKind kind in Enum.GetValues<ErrorKind>())
        {
            var output = new ArrayBufferWriter<byte>();
            OpenAIError.Encode(new GatewayError(kind, 499, "Words \"quoted\"") { Param = "x" }, output);
            GatewayError again = OpenAIError.Decode(499, output.WrittenMemory);
            Assert.Equal(("Words \"quoted\"", "x"), (again.Message, again.Param));
            Assert.False(string.IsNullOrEmpty(again.UpstreamType));
        }
    }
}
