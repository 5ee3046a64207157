using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.Laws;

/// <summary>
/// A cached prefix is found again only when it is said in the same bytes. Agents repeat their whole history with every turn, with the marks for the cache moved on and
/// (Claude Code) a text now alone and now in a list: what was said before must be told to a provider as it was told before.
/// </summary>
public sealed partial class PrefixLaws
{
    private const string Tools = """[{"name":"read","description":"Reads","input_schema":{"type":"object","properties":{"b":{"type":"string"},"a":{"type":"string"}},"required":["b"]}},{"name":"list","input_schema":{"type":"object"}}]""";

    /// <summary>Claude Code's turns: each as it is sent when it is the last, and as it is sent later.</summary>
    private static readonly (string Last, string Later)[] Turns =
    [
        ("""{"role":"user","content":[{"type":"text","text":"<reminder>"},{"type":"text","text":"Look at a.txt","cache_control":{"type":"ephemeral"}}]}""",
         """{"role":"user","content":[{"type":"text","text":"<reminder>"},{"type":"text","text":"Look at a.txt"}]}"""),
        ("""{"role":"assistant","content":[{"type":"text","text":"I look."},{"type":"tool_use","id":"toolu_1","name":"read","input":{"b":"a.txt"}}]}""",
         """{"role":"assistant","content":[{"type":"text","text":"I look."},{"type":"tool_use","id":"toolu_1","name":"read","input":{"b":"a.txt"}}]}"""),
        ("""{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"text","text":"words"}],"cache_control":{"type":"ephemeral"}}]}""",
         """{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"words"}]}"""),
        ("""{"role":"assistant","content":[{"type":"text","text":"It says: words."}]}""", """{"role":"assistant","content":"It says: words."}"""),
        ("""{"role":"user","content":[{"type":"text","text":"And b.txt?","cache_control":{"type":"ephemeral"}}]}""", """{"role":"user","content":"And b.txt?"}"""),
        ("""{"role":"assistant","content":[{"type":"text","text":"Nothing."}]}""", """{"role":"assistant","content":"Nothing."}"""),
        ("""{"role":"user","content":[{"type":"text","text":"Thanks.","cache_control":{"type":"ephemeral"}}]}""", """{"role":"user","content":"Thanks."}"""),
    ];

    public static TheoryData<string> Targets => [.. DialectCatalog.Chat.Select(d => d.Id).Where(id => id != DialectIds.Messages).Select(id => id.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void WhatClaudeCodeSaidBeforeIsToldAsBefore(string target)
    {
        IChatDialect client = DialectCatalog.ChatDialect(DialectIds.Messages);
        IChatDialect dialect = DialectCatalog.ChatDialect(new DialectId(target));
        int[] ends = [1, 3, 5, 7];
        string[] requests = [.. ends.Select(end => Encode(client, dialect, Request(end)))];
        AssertGrows(requests);
    }

    /// <summary>A client of OpenAI's on Claude: the gateway's own marks move, and nothing else.</summary>
    [Fact]
    public void WhatCodexSaidBeforeIsToldAsBefore()
    {
        IChatDialect client = DialectCatalog.ChatDialect(DialectIds.Responses);
        string[] items =
        [
            """{"type":"message","role":"user","content":[{"type":"input_text","text":"Look at a.txt"}]}""",
            """{"type":"function_call","call_id":"c1","name":"read","arguments":"{\"b\": \"a.txt\"}"}""", """{"type":"function_call_output","call_id":"c1","output":"words"}""",
            """{"type":"function_call","call_id":"c2","name":"read","arguments":"{}"}""", """{"type":"function_call_output","call_id":"c2","output":"other"}""",
            """{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Done."}]}""", """{"type":"message","role":"user","content":[{"type":"input_text","text":"Thanks."}]}""",
        ];
        int[] ends = [1, 3, 5, 7];
        string[] requests =
        [
            .. ends.Select(end => Encode(client, DialectCatalog.ChatDialect(DialectIds.Messages), $$$"""
                {"model":"m","prompt_cache_key":"session","instructions":"Be brief.","tools":[{"type":"function","name":"read","parameters":{"type":"object","properties":{"b":{"type":"string"} } } }],"input":[{{{string.Join(',', items[..end])}}}]}
                """)),
        ];
        Assert.All(requests, r => Assert.InRange(r.Split("cache_control").Length - 1, 3, 4));

        // Where a request was marked at its end, the next one is marked, too, so that it is read from there.
        for (int i = 1; i < requests.Length; i++)
        {
            List<int> before = MarkedTurns(requests[i - 1]);
            Assert.Contains(before.Max(), MarkedTurns(requests[i]));
        }

        // To Anthropic a text alone is the same as a list of one.
        AssertGrows([.. requests.Select(r => OneText().Replace(r.Replace(""","cache_control":{"type":"ephemeral"}""", "", StringComparison.Ordinal), "$1"))]);
    }

    [GeneratedRegex("""\[\{"type":"text","text":("[^"]*")\}\]""")]
    private static partial Regex OneText();

    private static List<int> MarkedTurns(string request) =>
        [.. JsonElement.Parse(request).GetProperty("messages").EnumerateArray().Select((m, i) => (Text: m.GetRawText(), i)).Where(m => m.Text.Contains("cache_control", StringComparison.Ordinal)).Select(m => m.i)];

    private static string Request(int end)
    {
        IEnumerable<string> turns = Turns.Take(end).Select((t, i) => i == end - 1 ? t.Last : t.Later);
        return $$$"""{"model":"m","max_tokens":99,"system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],"tools":{{{Tools}}},"messages":[{{{string.Join(',', turns)}}}]}""";
    }

    private static string Encode(IChatDialect client, IChatDialect target, string request) =>
        Encoding.UTF8.GetString(Crossing.Encode(Crossing.Decode(client, Encoding.UTF8.GetBytes(request), default), target).Body);

    /// <summary>Each request's history is the beginning of the next one's, and all else is the same, byte for byte.</summary>
    private static void AssertGrows(string[] requests)
    {
        for (int i = 1; i < requests.Length; i++)
        {
            (string history, string rest) = Parts(requests[i - 1]);
            (string longer, string same) = Parts(requests[i]);
            Assert.Equal(rest, same);
            Assert.StartsWith(history, longer, StringComparison.Ordinal);
            Assert.True(longer.Length > history.Length);
        }

        static (string History, string Others) Parts(string request)
        {
            JsonElement body = JsonElement.Parse(request);
            string history = (body.TryGetProperty("messages", out JsonElement m) || body.TryGetProperty("input", out m) ? m : body.GetProperty("contents")).GetRawText();
            return (history[..^1], request.Replace(history, "", StringComparison.Ordinal));
        }
    }
}
