using System.Text.Json;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Metering.Storage;
using Serverless.Gateway.Tests.Pipeline;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Tests.Record;

/// <summary>No text of a prompt or an answer, and no secret, gets into any column, wherever client or provider put it; and no column grows out of its store.</summary>
public sealed class SecrecyTests : GatewayTest
{
    private const string Prompt = "The launch code is 0000";
    private const string Secret = "sk-ant-api03-R2D2abcdefghijklmnopqrstuvwxyz0123456789";

    [Theory]
    [MemberData(nameof(Family.Pairs), MemberType = typeof(Family))]
    public async Task Nothing_that_was_said_is_recorded(string clientName, string providerName)
    {
        (Family client, Family provider) = (Family.Named(clientName), Family.Named(providerName));
        await StartAsync(provider.Endpoint("m", Stub, Second));
        foreach (bool stream in (bool[])[false, true])
        {
            foreach (StubAnswer answer in (StubAnswer[])
            [
                stream ? StubAnswer.Sse([.. provider.Frames.Select(Said)]) : StubAnswer.Json(Said(provider.Json)),
                StubAnswer.Json(provider.ErrorBody(400).Replace("some_code", Prompt, StringComparison.Ordinal).Replace("some_error", Prompt, StringComparison.Ordinal).Replace("SOME_STATUS", Prompt, StringComparison.Ordinal).Replace("upstream says", Prompt, StringComparison.Ordinal), 400),
                StubAnswer.Json($$$"""{"error":{"message":"{{{Prompt}}}","type":"{{{Secret}}}","code":"{{{Prompt}}}","param":"{{{Prompt}}}"}}""", 500),
                StubAnswer.Sse([.. provider.Head.Concat(provider.Content), provider.ErrorFrame.Replace("The engine is on fire", Prompt, StringComparison.Ordinal).Replace("server_error", Prompt, StringComparison.Ordinal)]),
            ])
            {
                Stub.Enqueue(answer);
                Second.Answer = _ => answer;
                await AskAsync(client.Request("m", stream, Hostile(client, stream)));
            }
        }

        Assert.Equal(8, Gateway.Usage.All.Count);
        foreach (UsageRecord record in Gateway.Usage.All)
        {
            string row = string.Join('\n', UsageRow.OfCompleted(record).Values.Select(v => $"{v.Key.Name}={v.Value}"));
            Assert.DoesNotContain("launch code", row, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("R2D2", row, StringComparison.Ordinal);
            Assert.DoesNotContain("Hello", row, StringComparison.Ordinal);
            Assert.DoesNotContain(Family.Said, row, StringComparison.Ordinal);
            Assert.NotNull(record.Outcome == RequestOutcome.Success ? "" : record.ErrorCode);
        }

        Assert.DoesNotContain("launch code", Gateway.Log.Text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("R2D2", Gateway.Log.Text, StringComparison.Ordinal);
        Assert.Contains(Gateway.Usage.All, r => r.Outcome == RequestOutcome.Success);
    }

    [Fact]
    public void Names_stay_names()
    {
        IReadOnlyList<ReportEntry> told = RecordText.Entries(
        [
            new("tools[get_weather].input_schema.properties.city.pattern", "Gemini does not know it", true),
            new("messages[].content[].cache_control", "'web_search_20250305' exists in anthropic.messages only", true),
            new("header anthropic-beta", "The provider speaks another dialect.", true),
            new("tools[mcp__github__create_pull_request_review_comment].strict", "without 'id', 'name'", false),
            new($"metadata.{Secret}", $"the file '{Secret}' is stored there", true),
            new($"{Prompt}.x[{Prompt}]", $"'{Prompt}', it's 'so'", true),
            new("a\nb", "c\r\nd", true),
        ]);
        Assert.Equal(
            [
                new("tools[get_weather].input_schema.properties.city.pattern", "Gemini does not know it", true),
                new("messages[].content[].cache_control", "'web_search_20250305' exists in anthropic.messages only", true),
                new("header anthropic-beta", "The provider speaks another dialect.", true),
                new("tools[mcp__github__create_pull_request_review_comment].strict", "without 'id', 'name'", false),
                new("metadata.…", "the file '…' is stored there", true),
                new("….x[…]", "'…'", true),
                new("…", "c??d", true),
            ],
            told);
    }

    [Fact]
    public async Task What_others_write_cannot_fill_a_column()
    {
        await StartAsync(Family.Messages.Endpoint("m", Stub));
        string longest = new('x', 20_000);
        Stub.Answer = _ => StubAnswer.Json(
            Family.Messages.Json.Replace("served-model", longest, StringComparison.Ordinal).Replace("\"usage\":{", $"\"usage\":{{\"service_tier\":\"{longest}\",", StringComparison.Ordinal),
            200,
            ("request-id", longest));
        string many = string.Join(',', Enumerable.Range(0, 20_000).Select(i => $"\"field_{i}\":1"));
        HttpRequestMessage request = Family.Chat.Request("m", body: $$"""{"model":"m","messages":[{"role":"user","content":"Hello"}],{{many}}}""");
        request.Headers.TryAddWithoutValidation("User-Agent", longest[..3000]);
        request.Headers.Add("session_id", longest[..3000]);
        request.Headers.Add("x-gateway-tags", JsonSerializer.Serialize(Enumerable.Range(0, 200).ToDictionary(i => $"tag{i}", _ => "0123456789")));

        Assert.Equal(200, (int)(await AskAsync(request)).Response.StatusCode);

        UsageRow row = UsageRow.OfCompleted(await RecordAsync());
        foreach ((UsageColumn column, object value) in row.Values)
        {
            Assert.True(value is not string text || text.Length < TableUsageSink.MaxText, $"{column.Name} has {(value as string)?.Length} characters.");
        }

        Assert.Equal(101, Gateway.Usage.All[0].Translation.Count);
        Assert.Equal("19900 more", Gateway.Usage.All[0].Translation[^1].Reason);
        Assert.Equal((256, 256, 512, 512), (Gateway.Usage.All[0].ModelServed!.Length, Gateway.Usage.All[0].ProviderRequestId!.Length, Gateway.Usage.All[0].UserAgent!.Length, Gateway.Usage.All[0].SessionId!.Length));
    }

    private static string Said(string text) => text.Replace(Family.Said, $"{Family.Said} {Prompt} {Secret}", StringComparison.Ordinal);

    /// <summary>A request that has prompt and secret wherever a client can choose a word.</summary>
    private static string Hostile(Family client, bool stream)
    {
        const string Keys = $$"""
            "{{Prompt}}": 1, "{{Secret}}": {"{{Prompt}}": 2}
            """;
        const string Schema = $$$"""
            {"type":"object","{{{Secret}}}":1,"properties":{"{{{Prompt}}}":{"type":"string","pattern":"{{{Prompt}}}","format":"{{{Secret}}}","{{{Prompt}}}":true},"n":{"type":"integer","exclusiveMinimum":1,"multipleOf":3}},"required":["{{{Prompt}}}","{{{Secret}}}"],"$comment":"{{{Prompt}}}"}
            """;
        string text = $"Hello. {Prompt}";
        string streamed = stream ? ",\"stream\":true" : "";
        return client.Name switch
        {
            "chat" => $$$"""
                {"model":"m","messages":[{"role":"user","name":"{{{Prompt}}}","content":[{"type":"text","text":"{{{text}}}","{{{Secret}}}":1}]}],"seed":7,"stop":["{{{Prompt}}}"],"logit_bias":{"{{{Secret}}}":1},"user":"{{{Secret}}}","metadata":{"{{{Secret}}}":"{{{Prompt}}}"},
                 "service_tier":"{{{Secret}}}","tools":[{"type":"function","function":{"name":"f","description":"{{{Prompt}}}","parameters":{{{Schema}}},"strict":true}}],"tool_choice":"auto",{{{Keys}}}{{{streamed}}}}
                """,
            "responses" => $$$"""
                {"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"{{{text}}}"}]}],"metadata":{"{{{Secret}}}":"{{{Prompt}}}"},"truncation":"auto","include":["reasoning.encrypted_content"],
                 "tools":[{"type":"function","name":"f","description":"{{{Prompt}}}","parameters":{{{Schema}}}},{"type":"{{{Prompt}}}","key":"{{{Secret}}}"}],"prompt_cache_key":"{{{Secret}}}",{{{Keys}}}{{{streamed}}}}
                """,
            "messages" => $$$"""
                {"model":"m","max_tokens":64,"messages":[{"role":"user","content":[{"type":"text","text":"{{{text}}}","cache_control":{"type":"ephemeral"},"{{{Secret}}}":1},{"type":"document","source":{"type":"file","file_id":"{{{Secret}}}"},"title":"{{{Prompt}}}"}]}],"top_k":4,"metadata":{"user_id":"{{{Secret}}}","{{{Prompt}}}":1},
                 "tools":[{"name":"f","description":"{{{Prompt}}}","input_schema":{{{Schema}}}},{"type":"{{{Prompt}}}","name":"{{{Secret}}}"}],{{{Keys}}}{{{streamed}}}}
                """,
            _ => $$$"""
                {"contents":[{"role":"user","parts":[{"text":"{{{text}}}","{{{Secret}}}":1}]}],"generationConfig":{"topK":3,"stopSequences":["{{{Prompt}}}"],"{{{Secret}}}":1},"labels":{"{{{Secret}}}":"{{{Prompt}}}"},
                 "safetySettings":[{"category":"{{{Prompt}}}","threshold":"{{{Secret}}}"}],"tools":[{"functionDeclarations":[{"name":"f","description":"{{{Prompt}}}","parametersJsonSchema":{{{Schema}}}}]},{"{{{Prompt}}}":{}}],{{{Keys}}}}
                """,
        };
    }
}
