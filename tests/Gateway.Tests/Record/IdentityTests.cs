using Microsoft.AspNetCore.Http;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Tests.Pipeline;

namespace Serverless.Gateway.Tests.Record;

/// <summary>Who asked, in which session, under which labels, and by which name the provider knows the request.</summary>
public sealed class IdentityTests : GatewayTest
{
    [Theory]
    [InlineData("x-claude-code-session-id", "a1", "a1")]
    [InlineData("session-id", "a2", "a2")]
    [InlineData("session_id", "a3", "a3")]
    [InlineData("X-Session-Id", "ses_4", "ses_4")]
    [InlineData("x-opencode-session", "ses_5", "ses_5")]
    [InlineData("x-session-affinity", "ses_6", "ses_6")]
    [InlineData("X-KiloCode-TaskId", "a7", "a7")]
    [InlineData("X-Client-Session-Id", "a8", "a8")]
    [InlineData("x-interaction-id", "a9", "a9")]
    [InlineData("x-gateway-session", "  mine ", "mine")]
    [InlineData("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", null)]
    public void A_session_may_be_named_in_a_header(string header, string value, string? session) =>
        Assert.Equal(session, ClientSession.Of(new HeaderDictionary { [header] = value }));

    [Theory]
    [InlineData("messages", """ "metadata":{"user_id":"user_0a1b_account__session_57a121ec-f78c-48c3-a745-e3036a3ecc33"}, """, "57a121ec-f78c-48c3-a745-e3036a3ecc33")]
    [InlineData("messages", """ "metadata":{"user_id":"{\"device_id\":\"d\",\"account_uuid\":\"\",\"session_id\":\"54c1eb09\"}"}, """, "54c1eb09")]
    [InlineData("messages", """ "metadata":{"user_id":"somebody@example.com"}, """, null)]
    [InlineData("messages", """ "metadata":{"user_id":"{\"session_id\":7}"}, """, null)]
    [InlineData("messages", """ "metadata":{"user_id":"{broken"}, """, null)]
    [InlineData("responses", """ "prompt_cache_key":"0199-thread", """, "0199-thread")]
    [InlineData("responses", """ "metadata":{"session_id":"mine","x":{"session_id":"not this"}}, """, "mine")]
    [InlineData("chat", """ "session_id":"s\n1", """, "s?1")]
    [InlineData("chat", """ "metadata":[], "session_id": 7, """, null)]
    public async Task Or_in_the_body(string name, string field, string? session)
    {
        Family family = Family.Named(name);
        await StartAsync(family.Endpoint("m", Stub));
        Stub.Answer = _ => StubAnswer.Json(family.Json);
        HttpRequestMessage request = family.Request("m", body: family.Body("m", false).Insert(1, field));
        request.Headers.Add("originator", "codex_exec");
        await AskAsync(request);
        Assert.Equal(session, (await RecordAsync()).SessionId);
    }

    [Theory]
    [InlineData("GET", "/openai", "good", 200)]
    [InlineData("GET", "/anthropic/v1/models", "good", 200)]
    [InlineData("GET", "/v1/models/m", "good", 200)]
    [InlineData("GET", "/gemini/v1beta/models/nowhere", "good", 404)]
    [InlineData("GET", "/gemini/v1beta/models", "bad", 401)]
    [InlineData("POST", "/v1/chat/completions", "bad", 401)]
    [InlineData("POST", "/v1/chat/completions", "good", 400)]
    [InlineData("POST", "/anthropic/v1/messages/count_tokens", "good", 400)]
    [InlineData("POST", "/v1/embeddings", "good", 400)]
    [InlineData("POST", "/v1/completions", "good", 404)]
    [InlineData("OPTIONS", "/v1/responses", "good", 204)]
    [InlineData("DELETE", "/ai-gateway/mlflow/v1/responses", "good", 405)]
    [InlineData("GET", "/reports/usage", "bad", 401)]
    [InlineData("GET", "/nowhere", "bad", 404)]
    public async Task Every_answer_names_its_request(string method, string path, string key, int status)
    {
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        var request = new HttpRequestMessage(new HttpMethod(method), path) { Headers = { Authorization = new("Bearer", key) } };
        request.Content = method == "POST" ? new StringContent("{}") : null;
        (HttpResponseMessage response, _) = await AskAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(26, response.Headers.GetValues("x-request-id").Single().Length);
        Assert.Equal(status == 400 ? response.Headers.GetValues("x-request-id").Single() : null, Gateway.Usage.All.SingleOrDefault()?.RequestId);
    }

    [Fact]
    public async Task The_cache_key_of_an_application_is_no_session()
    {
        await StartAsync(Family.Responses.Endpoint("m", Stub));
        Stub.Answer = _ => StubAnswer.Json(Family.Responses.Json);
        await AskAsync(Family.Responses.Request("m", body: Family.Responses.Body("m", false).Insert(1, """ "prompt_cache_key":"invoices-v2", """)));
        Assert.Null((await RecordAsync()).SessionId);
    }

    [Theory]
    [InlineData("/v1/responses", "User-Agent", "codex-tui/0.149.0 (Debian 13; x86_64)", "codex")]
    [InlineData("/v1/responses", "User-Agent", "Codex Desktop/26.1", "codex")]
    [InlineData("/v1/messages", "User-Agent", "claude-cli/2.1.258 (external, sdk-ts, agent-sdk/0.2)", "claude-code")]
    [InlineData("/v1/models", "User-Agent", "GeminiCLI-acp-zed/0.62.0/gemini-3-pro (darwin; arm64; acp)", "gemini-cli")]
    [InlineData("/v1/models", "User-Agent", "GeminiCLI/0.56.0/gemini-3-pro (linux; x64; terminal)", "gemini-cli")]
    [InlineData("/v1/chat/completions", "User-Agent", "opencode/1.2.3 ai-sdk/provider-utils/3.0.0 runtime/bun/1.3", "opencode")]
    [InlineData("/v1/chat/completions", "User-Agent", "Charm-Crush/v0.97.1 (https://charm.land/crush)", "crush")]
    [InlineData("/v1/chat/completions", "User-Agent", "Kilo-Code/7.8.3 ai-sdk/provider-utils/3.0.0", "kilo-code")]
    [InlineData("/v1/chat/completions", "User-Agent", "RooCode/3.54.0", "roo-code")]
    [InlineData("/v1/chat/completions", "User-Agent", "Cline/3.0.47", "cline")]
    [InlineData("/v1/chat/completions", "User-Agent", "kimi-code-cli/2.1.1", "kimi-cli")]
    [InlineData("/v1/chat/completions", "User-Agent", "Mozilla/5.0 Cursor/1.0.0", "cursor")]
    [InlineData("/v1/chat/completions", "User-Agent", "copilot/0.0.400 (linux)", "copilot")]
    [InlineData("/v1/chat/completions", "X-Title", "Roo Code", "roo-code")]
    [InlineData("/v1/chat/completions", "X-Title", "Cline", "cline")]
    [InlineData("/v1/chat/completions", "X-Title", "My own thing", null)]
    [InlineData("/v1/chat/completions", "Editor-Version", "aider/0.86.0", "aider")]
    [InlineData("/v1/chat/completions", "X-Interaction-Type", "conversation-user", "copilot")]
    [InlineData("/ai-gateway/cursor/v1/chat/completions", "User-Agent", "Go-http-client/2.0", "cursor")]
    [InlineData("/codex/v1/responses", "User-Agent", "OpenAI/JS 5.0.0", "codex")]
    [InlineData("/v1/chat/completions", "User-Agent", "AsyncOpenAI/Python 2.1.0", null)]
    public void Agents_are_known_by_what_they_send(string path, string header, string value, string? agent)
    {
        var http = new DefaultHttpContext();
        http.Request.Path = path;
        http.Request.Headers[header] = value;
        Assert.Equal(agent, CodingAgent.Of(http.Request));
    }

    [Theory]
    [InlineData("team=red, env = prod", "team=red|env=prod", true)]
    [InlineData("""{"team":"red","note":"a=b,c"}""", "team=red|note=a=b,c", true)]
    [InlineData("""{"team":"red","n":1}""", "team=red", false)]
    [InlineData("""{"team":"red","team":"blue"}""", "team=blue", true)]
    [InlineData("team=red,alone", "team=red", false)]
    [InlineData("a=,b=x=y,", "a=|b=x=y", true)]
    [InlineData("=x", "", false)]
    [InlineData("""{"a":"x\u0000y","b":"ok","\n":"c"}""", "b=ok", false)]
    [InlineData("""{"\ud800":"x","b":"y"}""", "", false)]
    [InlineData("""{"a":{"b":"c"}}""", "", false)]
    [InlineData("""{"a":"b"} trailing""", "", false)]
    [InlineData("[1]", "", false)]
    [InlineData("   ", "", true)]
    public void Labels_are_pairs_or_json(string header, string labels, bool readable)
    {
        IReadOnlyDictionary<string, string>? read = RequestTags.Read(new HeaderDictionary { ["x-gateway-tags"] = header }, out bool all);
        Assert.Equal(labels, string.Join('|', (read ?? new Dictionary<string, string>()).Select(t => $"{t.Key}={t.Value}")));
        Assert.Equal(readable, all);
        Assert.False(read is { Count: 0 });
    }

    [Fact]
    public void Labels_are_bounded_and_the_rest_is_kept()
    {
        string hundred = string.Join(',', Enumerable.Range(0, 100).Select(i => $"t{i}={i}"));
        IReadOnlyDictionary<string, string>? read = RequestTags.Read(new HeaderDictionary { ["x-gateway-tags"] = new([hundred, "t0=again", $"x={new string('y', 257)}"]) }, out bool readable);
        Assert.Equal((RequestTags.Most, "again", false), (read!.Count, read["t0"], readable));

        string large = string.Join(',', Enumerable.Range(0, 60).Select(i => $"t{i}={new string('v', 200)}"));
        read = RequestTags.Read(new HeaderDictionary { ["Databricks-Ai-Gateway-Request-Tags"] = large }, out readable);
        Assert.InRange(read!.Sum(t => t.Key.Length + t.Value.Length), RequestTags.MostCharacters - 210, RequestTags.MostCharacters);
        Assert.False(readable);
    }

    [Theory]
    [InlineData("x-request-id", false)]
    [InlineData("request-id", false)]
    [InlineData("x-amzn-requestid", false)]
    [InlineData("apim-request-id", true)]
    [InlineData("x-databricks-request-id", true)]
    [InlineData("mistral-correlation-id", true)]
    [InlineData("x-ds-trace-id", true)]
    [InlineData("msh-request-id", true)]
    public async Task The_providers_id_is_the_one_that_its_support_asks_for(string header, bool besidesAProxys)
    {
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        foreach (int status in (int[])[200, 429])
        {
            Stub.Enqueue(StubAnswer.Json(status == 200 ? Family.Chat.Json : Family.Chat.ErrorBody(status), status, ("x-log-id", "other"), (besidesAProxys ? "x-request-id" : "x-other", "other"), (header, "theirs")));
            (HttpResponseMessage response, _) = await AskAsync(Family.Chat.Request("m"));
            Assert.Equal("theirs", Gateway.Usage.All[^1].ProviderRequestId);
            Assert.Equal("theirs", response.Headers.GetValues("x-upstream-request-id").Single());
        }
    }

    [Fact]
    public async Task Where_no_header_names_it_the_id_of_the_answer_does()
    {
        foreach ((Family family, string id) in ((Family, string)[])[(Family.Chat, "chatcmpl-1"), (Family.Responses, "resp_1"), (Family.Messages, "msg_1"), (Family.Gemini, "gem_1")])
        {
            await using TestGateway gateway = await TestGateway.StartAsync([family.Endpoint("m", Stub)]);
            foreach (bool stream in (bool[])[false, true])
            {
                Stub.Enqueue(stream ? StubAnswer.Sse([.. family.Frames]) : StubAnswer.Json(family.Json));
                await (await gateway.Client.SendAsync(family.Request("m", stream), Stop)).Content.ReadAsStringAsync(Stop);
                Assert.Equal(id, gateway.Usage.All[^1].ProviderRequestId);
            }
        }
    }
}
