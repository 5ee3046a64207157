using System.Net;
using Serverless.Gateway.Metering;
using Serverless.Gateway.Routing;

namespace Serverless.Gateway.Tests.Pipeline;

/// <summary>
/// A session that began at another deployment, whose seals (encrypted thinking, signatures) the present one cannot read: it goes on without them.
/// </summary>
public sealed class SealTests : GatewayTest
{
    private const string Seal = "gAAAAB0b3RoZXJzIHNlYWw=";

    private static readonly Dictionary<string, (string Body, string Refusal)> Sessions = new()
    {
        [Family.Responses.Name] = (
            $$"""{"model":"m","store":false,"include":["reasoning.encrypted_content"],"input":[{"role":"user","content":"Hello"},{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"{{Seal}}"},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Earlier answer","annotations":[]}]},{"role":"user","content":"And now?"}]STREAM}""",
            """{"error":{"message":"The encrypted content for item rs_1 could not be verified.","type":"invalid_request_error","param":null,"code":"invalid_encrypted_content"}}"""),
        [Family.Messages.Name] = (
            $$"""{"model":"m","max_tokens":2048,"thinking":{"type":"enabled","budget_tokens":1024},"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":[{"type":"thinking","thinking":"Hm.","signature":"{{Seal}}"},{"type":"text","text":"Earlier answer"}]},{"role":"user","content":"And now?"}]STREAM}""",
            """{"type":"error","error":{"type":"invalid_request_error","message":"messages.1.content.0: Invalid `signature` in `thinking` block"}}"""),
        [Family.Gemini.Name] = (
            $$"""{"contents":[{"role":"user","parts":[{"text":"Hello"}]},{"role":"model","parts":[{"text":"Earlier answer","thoughtSignature":"{{Seal}}"}]},{"role":"user","parts":[{"text":"And now?"}]}]}""",
            """{"error":{"code":400,"message":"Thought signature is not valid.","status":"INVALID_ARGUMENT"}}"""),
    };

    public static TheoryData<string, bool> Cases
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (string name in Sessions.Keys)
            {
                data.Add(name, false);
                data.Add(name, true);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_provider_that_refuses_anothers_seals_is_asked_without_them(string name, bool stream)
    {
        Family family = Family.Named(name);
        Stub.Enqueue(StubAnswer.Json(Sessions[name].Refusal, 400));
        Stub.Answer = _ => stream ? StubAnswer.Sse([.. family.Frames]) : StubAnswer.Json(family.Json);
        await StartAsync(family.Endpoint("m", Stub));
        (HttpResponseMessage response, string body) = await AskAsync(family.Request("m", stream, Body(name, stream)));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains(Family.Said, body, StringComparison.Ordinal);
        Assert.Equal([true, false], Stub.Requests.Select(r => r.Text.Contains(Seal, StringComparison.Ordinal)));
        Assert.All(Stub.Requests, r => Assert.Contains("Earlier answer", r.Text, StringComparison.Ordinal));
        UsageRecord record = await RecordAsync();
        Assert.Equal([400, 200], record.Attempts.Select(a => a.Status));
        Assert.Equal(RequestOutcome.Success, record.Outcome);
        Assert.Contains(record.Translation, e => e.Dropped);
        Assert.True(response.Headers.Contains("x-gateway-dropped"));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task It_is_asked_so_once_only(string name, bool stream)
    {
        Family family = Family.Named(name);
        Stub.Answer = _ => StubAnswer.Json(Sessions[name].Refusal, 400);
        await StartAsync(family.Endpoint("m", Stub, Second));
        (HttpResponseMessage response, string body) = await AskAsync(family.Request("m", stream, Body(name, stream)));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(Sessions[name].Refusal, body);
        Assert.Equal(2, Stub.Requests.Count);
        Assert.Empty(Second.Requests);
    }

    [Fact]
    public async Task An_endpoint_that_drops_nothing_tells_of_the_refusal()
    {
        Stub.Answer = _ => StubAnswer.Json(Sessions[Family.Responses.Name].Refusal, 400);
        await StartAsync(Family.Responses.Endpoint("m", Stub) with { OnUnsupported = OnUnsupported.Reject });
        (HttpResponseMessage response, string body) = await AskAsync(Family.Responses.Request("m", body: Body(Family.Responses.Name, false)));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("invalid_encrypted_content", body, StringComparison.Ordinal);
        Assert.Single(Stub.Requests);
    }

    private static string Body(string name, bool stream) => Sessions[name].Body.Replace("STREAM", stream ? ",\"stream\":true" : "", StringComparison.Ordinal);
}
