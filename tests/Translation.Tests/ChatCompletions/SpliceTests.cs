using System.Buffers;
using System.Text;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.ChatCompletions;

/// <summary>A client's own body on its way to a provider of the same dialect.</summary>
public sealed class SpliceTests
{
    [Theory]
    [InlineData("""{ "model" : "a", "x":1 }""", """{ "model" : "target", "x":1 }""")]
    [InlineData("""{"model":"a","stream":false}""", """{"model":"target","stream":false}""")]
    [InlineData("""{"model":"a","stream":true}""", """{"stream_options":{"include_usage":true},"model":"target","stream":true}""")]
    [InlineData("""{"model":"a","stream":true,"stream_options":null}""", """{"model":"target","stream":true,"stream_options":{"include_usage":true}}""")]
    [InlineData("""{"stream_options":{"include_usage": true,"x":1},"model":"a","stream":true}""", """{"stream_options":{"include_usage": true,"x":1},"model":"target","stream":true}""")]
    [InlineData("""{"model":"a","stream":true,"stream_options":{"x":[1, 2],"include_usage":false}}""", """{"model":"target","stream":true,"stream_options":{"include_usage":true,"x":[1, 2]}}""")]
    [InlineData("""{"model":"a","stream":true,"stream_options":7}""", """{"model":"target","stream":true,"stream_options":7}""")]
    public void OnlyTheModelAndTheStreamOptionsChange(string body, string expected)
    {
        var output = new ArrayBufferWriter<byte>();
        Chat.Dialect.SpliceRequest(JsonBody.Check(Encoding.UTF8.GetBytes(body)), "target", output);
        Assert.Equal(expected, Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void ThereIsNoTokenCounter()
    {
        Assert.Null(Chat.Dialect.UpstreamCountPath("m"));
        var output = new ArrayBufferWriter<byte>();
        Chat.Dialect.EncodeCount(7, output);
        Assert.Equal("{\"input_tokens\":7}", Encoding.UTF8.GetString(output.WrittenSpan));
    }
}
