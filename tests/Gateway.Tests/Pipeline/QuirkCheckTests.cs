using System.Text;
using Serverless.Gateway.Pipeline;
using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Tests.Pipeline;

/// <summary>A client's own bytes are kept unless they hold what a server is known not to take.</summary>
public sealed class QuirkCheckTests
{
    private const string Plain = """{"model":"m","messages":[{"role":"system","content":"a"},{"role":"user","content":"b"}],"max_tokens":5,"temperature":1}""";

    public static TheoryData<string, DialectQuirks> Collisions => new()
    {
        { """{"max_completion_tokens":5}""", new DialectQuirks { MaxTokensField = "max_tokens" } },
        { """{"stream":true}""", new DialectQuirks { StreamOptions = false } },
        { """{"stream_options":{"include_usage":true}}""", new DialectQuirks { StreamOptions = false } },
        { """{"reasoning_effort":"low"}""", new DialectQuirks { ReasoningEffort = false } },
        { """{"parallel_tool_calls":false}""", new DialectQuirks { ParallelToolCalls = false } },
        { """{"seed":1}""", new DialectQuirks { SeedField = "random_seed" } },
        { """{"tool_choice":"required"}""", new DialectQuirks { ToolChoiceRequired = "any" } },
        { """{"response_format":{"type":"json_schema","json_schema":{}}}""", new DialectQuirks { JsonSchema = false } },
        { """{"tools":[{"type":"function","function":{"name":"f","strict":true}}]}""", new DialectQuirks { StrictTools = false } },
        { """{"tools":[{"type":"custom","custom":{"name":"f"}}]}""", new DialectQuirks { CustomTools = false } },
        { """{"messages":[{"role":"developer","content":"a"}]}""", new DialectQuirks { DeveloperRole = false } },
        { """{"messages":[{"role":"tool","tool_call_id":"call_1","content":"a"}]}""", new DialectQuirks { ToolCallIdLength = 9 } },
        { """{"messages":[{"role":"user","content":[{"type":"text","text":"a"}]}]}""", new DialectQuirks { TextParts = false } },
        { """{"logit_bias":{}}""", new DialectQuirks { RefusedFields = ["logit_bias"] } },
    };

    [Theory]
    [MemberData(nameof(Collisions))]
    public void What_a_server_does_not_take_is_rewritten(string body, DialectQuirks quirks)
    {
        Assert.True(QuirkCheck.MustRewrite(Check(body), quirks));
        Assert.False(QuirkCheck.MustRewrite(Check(body), DialectQuirks.None));
        Assert.False(QuirkCheck.MustRewrite(Check(Plain), quirks));
    }

    private static JsonBody Check(string body) => JsonBody.Check(Encoding.UTF8.GetBytes(body));
}
