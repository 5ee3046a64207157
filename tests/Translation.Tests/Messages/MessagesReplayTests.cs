using System.Text;
using System.Text.Json.Nodes;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;
using static Serverless.Translation.Tests.Messages.MessagesFixture;

namespace Serverless.Translation.Tests.Messages;

/// <summary>A client's own bytes, for a provider of this dialect.</summary>
public sealed class MessagesReplayTests
{
    private static string Splice(string body) => Text(o => Dialect.SpliceRequest(JsonBody.Check(Encoding.UTF8.GetBytes(body)), "claude \"x\"", o));

    [Theory]
    [InlineData("""{ "model" : "endpoint", "messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"c2VhbA=="}]}], "of_tomorrow": 1.50 }""", """{ "model" : "claude \u0022x\u0022", "messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"c2VhbA=="}]}], "of_tomorrow": 1.50 }""")]
    [InlineData("""{"messages":"gw1."}""", """{"model":"claude \u0022x\u0022","messages":"gw1."}""")]
    public void EveryOtherByteStays(string body, string expected) => Assert.Equal(expected, Splice(body));

    /// <summary>A session that began at another provider and now goes to Claude.</summary>
    [Fact]
    public void ForeignThinkingIsTakenOut()
    {
        string foreign = SignatureCarrier.Wrap(new Signature("gAAA", DialectIds.Responses), DialectIds.Messages);
        string id = ToolCallIdCarrier.Wrap("call_1", new Signature("c2ln", DialectIds.GenerateContent));
        string spliced = Splice(
            $$$"""
            {"messages":[
              {"role":"user","content":"Hi"},
              {"role":"assistant","content":[{"type":"thinking","thinking":"GPT","signature":"{{{foreign}}}"},{"type":"thinking","thinking":"bare","signature":""},{"type":"thinking","thinking":"own","signature":"c2VhbA=="},{"type":"text","text":"Hello","of_tomorrow":1},{"type":"tool_use","id":"{{{id}}}","name":"t","input":{"a":1.50}}]},
              {"role":"user","content":[{"type":"tool_result","tool_use_id":"{{{id}}}","content":"r"}]},
              {"role":"assistant","content":[{"type":"redacted_thinking","data":"{{{foreign}}}"}]},
              {"role":"user","content":[]}],"model":"m","max_tokens":5}
            """);
        AssertSame(
            JsonNode.Parse(
                """
                {"messages":[
                  {"role":"user","content":"Hi"},
                  {"role":"assistant","content":[{"type":"thinking","thinking":"own","signature":"c2VhbA=="},{"type":"text","text":"Hello","of_tomorrow":1},{"type":"tool_use","id":"call_1","name":"t","input":{"a":1.50}}]},
                  {"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":"r"}]},
                  {"role":"user","content":[]}],"model":"claude \"x\"","max_tokens":5}
                """),
            JsonNode.Parse(spliced));
        Assert.Contains("1.50", spliced, StringComparison.Ordinal);
    }
}
