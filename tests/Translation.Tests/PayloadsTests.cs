using System.Text;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests;

public sealed class PayloadsTests
{
    [Fact]
    public void RecordedStreamsBecomeServerSentEvents()
    {
        string file = Payloads.Files(DialectIds.Messages, PayloadKind.Stream).FirstOrDefault() ?? "";
        string sse = Encoding.UTF8.GetString(Payloads.ReadSse(file));
        Assert.StartsWith("event: message_start\ndata: {\"type\":\"message_start\"", sse, StringComparison.Ordinal);
        Assert.EndsWith("}\n\n", sse, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("openai.chat-completions")]
    [InlineData("openai.responses")]
    [InlineData("anthropic.messages")]
    [InlineData("gemini.generate-content")]
    public void EveryChatDialectHasRecordings(string dialect)
    {
        Payloads.Require();
        Assert.NotEmpty(Payloads.Files(new(dialect), PayloadKind.Request));
        Assert.NotEmpty(Payloads.Files(new(dialect), PayloadKind.Response));
        Assert.NotEmpty(Payloads.Files(new(dialect), PayloadKind.Stream));
    }
}
