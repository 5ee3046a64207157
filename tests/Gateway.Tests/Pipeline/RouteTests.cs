using System.Net;
using System.Text.Json;
using Serverless.Gateway.Routing;
using Serverless.Translation.Dialects;

namespace Serverless.Gateway.Tests.Pipeline;

/// <summary>What the world can call, and what it is told when it calls something else.</summary>
public sealed class RouteTests : GatewayTest
{
    public static TheoryData<string, string> ChatPaths => new()
    {
        { "/mlflow/v1/chat/completions", "chat" },
        { "/mlflow/v1/responses", "responses" },
        { "/openai/v1/chat/completions", "chat" },
        { "/openai/v1/responses", "responses" },
        { "/codex/v1/responses", "responses" },
        { "/codex/v1/chat/completions", "chat" },
        { "/cursor/v1/chat/completions", "chat" },
        { "/cursor/v1/responses", "responses" },
        { "/v1/chat/completions", "chat" },
        { "/v1/responses", "responses" },
        { "/anthropic/v1/messages", "messages" },
        { "/gemini/v1beta/models/m:generateContent", "gemini" },
        { "/gemini/v1/models/m:generateContent", "gemini" },
    };

    [Theory]
    [MemberData(nameof(ChatPaths))]
    public async Task Chat_is_served_bare_and_under_the_prefix(string path, string name)
    {
        Family family = Family.Named(name);
        await StartAsync(family.Endpoint("m", Stub));
        Stub.Answer = _ => StubAnswer.Json(family.Json);
        foreach (string root in (string[])["", "/ai-gateway"])
        {
            HttpRequestMessage request = family.Request("m");
            request.RequestUri = new Uri(root + path, UriKind.Relative);
            (HttpResponseMessage response, string body) = await AskAsync(request);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(family.Json, body);
        }
    }

    [Theory]
    [InlineData("POST", "/openai/v1/nothing", 404, "openai")]
    [InlineData("GET", "/openai/v2/models", 404, "openai")]
    [InlineData("POST", "/v1/nothing", 404, "openai")]
    [InlineData("GET", "/codex/nothing", 404, "openai")]
    [InlineData("POST", "/mlflow/v1/nothing", 404, "openai")]
    [InlineData("GET", "/mlflow/v1/chat/completions", 405, "openai")]
    [InlineData("DELETE", "/openai/v1/responses", 405, "openai")]
    [InlineData("GET", "/anthropic/v1/messages", 405, "anthropic")]
    [InlineData("POST", "/anthropic/v1/messages/batches", 404, "anthropic")]
    [InlineData("PUT", "/anthropic/v1/models", 405, "anthropic")]
    [InlineData("POST", "/gemini/v1beta/models/m:predict", 404, "gemini")]
    [InlineData("POST", "/gemini/v1beta/models/m", 404, "gemini")]
    [InlineData("POST", "/gemini/v3/models/m:generateContent", 404, "gemini")]
    [InlineData("DELETE", "/gemini/v1beta/models/m:generateContent", 405, "gemini")]
    [InlineData("GET", "/somewhere/else", 404, "openai")]
    [InlineData("POST", "/", 405, "openai")]
    public async Task What_is_not_there_is_told_in_the_familys_envelope(string method, string path, int status, string family)
    {
        await StartAsync([]);
        foreach (string root in path == "/" ? (string[])[""] : ["", "/ai-gateway"])
        {
            (HttpResponseMessage response, string body) = await AskAsync(new HttpRequestMessage(new HttpMethod(method), root + path));
            Assert.Equal(status, (int)response.StatusCode);
            Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
            Assert.Equal(26, response.Headers.GetValues("x-request-id").Single().Length);
            JsonElement root1 = Parse(body);
            JsonElement error = root1.GetProperty("error");
            Assert.NotEmpty(error.GetProperty("message").GetString()!);
            switch (family)
            {
                case "openai":
                    Assert.Equal(JsonValueKind.String, error.GetProperty("type").ValueKind);
                    Assert.True(error.TryGetProperty("param", out _));
                    break;
                case "anthropic":
                    Assert.Equal("error", root1.GetProperty("type").GetString());
                    Assert.Equal(status == 404 ? "not_found_error" : "invalid_request_error", error.GetProperty("type").GetString());
                    Assert.Equal(response.Headers.GetValues("request-id").Single(), root1.GetProperty("request_id").GetString());
                    break;
                default:
                    Assert.Equal(status, error.GetProperty("code").GetInt32());
                    Assert.Equal(JsonValueKind.String, error.GetProperty("status").ValueKind);
                    break;
            }

            if (status == 405)
            {
                Assert.NotEmpty(response.Content.Headers.Allow);
            }
        }

        Assert.Empty(Gateway.Usage.AllAccepted);
    }

    [Theory]
    [MemberData(nameof(Family.Names), MemberType = typeof(Family))]
    public async Task The_callers_faults_are_told_in_the_familys_envelope(string name)
    {
        Family family = Family.Named(name);
        await StartAsync([family.Endpoint("m", Stub), family.Endpoint("secret", Stub), family.Endpoint("vectors", Stub) with { Task = EndpointTask.Embeddings }]);

        HttpRequestMessage anonymous = family.Request("m");
        anonymous.Headers.Authorization = null;
        await ExpectAsync(anonymous, 401, "Who are you?");
        await ExpectAsync(family.Request("unknown"), 404, "unknown");
        await ExpectAsync(family.Request("secret"), 403, "secret");
        await ExpectAsync(family.Request("vectors"), 400, "does not serve chat");
        await ExpectAsync(family.Request("m", body: "{\"model\":\"m\""), 400, "not valid JSON");
        await ExpectAsync(family.Request("m", body: "{\"model\":\"m\",\"model\":\"secret\"}"), 400, "'model' stands twice");
        await ExpectAsync(family.Request("m", body: "[1]"), 400, "must be a JSON object");
        Assert.Empty(Stub.Requests);

        async Task ExpectAsync(HttpRequestMessage request, int status, string message)
        {
            (HttpResponseMessage response, string body) = await AskAsync(request);
            Assert.Equal(status, (int)response.StatusCode);
            Assert.Contains(message, family.ErrorMessage(Parse(body)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_request_without_a_model_is_told_so()
    {
        await StartAsync(Family.Chat.Endpoint("m", Stub));
        (HttpResponseMessage response, string body) = await AskAsync(Family.Chat.Request("m", body: """{"messages":[]}"""));
        Assert.Equal(400, (int)response.StatusCode);
        Assert.Equal("model", Parse(body).GetProperty("error").GetProperty("param").GetString());
    }

    [Theory]
    [InlineData("org/model.v1-x:8b", "org/model.v1-x:8b")]
    [InlineData("org/model.v1-x:8b", "org%2Fmodel.v1-x%3A8b")]
    [InlineData("org/model.v1-x:8b", "org%252Fmodel.v1-x:8b")]
    [InlineData("a b", "a%20b")]
    public async Task A_name_in_a_path_may_hold_anything(string name, string path)
    {
        await StartAsync(Family.Gemini.Endpoint(name, Stub));
        Stub.Answer = _ => StubAnswer.Json(Family.Gemini.Json);
        HttpRequestMessage request = Family.Gemini.Request(name);
        request.RequestUri = new Uri($"{Gateway.Address}gemini/v1beta/models/{path}:generateContent");
        (HttpResponseMessage response, _) = await AskAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);

        request = Get($"/openai/v1/models/{path}");
        (response, string body) = await AskAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(name, Parse(body).GetProperty("id").GetString());
    }

    [Fact]
    public async Task Probes_are_answered()
    {
        await StartAsync([]);
        foreach (string path in (string[])["/", "/health", "/anthropic", "/ai-gateway/openai", "/gemini", "/v1"])
        {
            Assert.Equal(HttpStatusCode.OK, (await AskAsync(new HttpRequestMessage(HttpMethod.Get, path))).Response.StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await AskAsync(new HttpRequestMessage(HttpMethod.Head, path))).Response.StatusCode);
        }

        (HttpResponseMessage options, _) = await AskAsync(new HttpRequestMessage(HttpMethod.Options, "/anthropic/v1/messages"));
        Assert.Equal(HttpStatusCode.NoContent, options.StatusCode);
        Assert.Equal(["POST"], options.Content.Headers.Allow);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await AskAsync(new HttpRequestMessage(HttpMethod.Head, "/v1/responses"))).Response.StatusCode);
    }

    [Fact]
    public async Task OpenAI_lists_models()
    {
        await StartAsync([Family.Chat.Endpoint("b/2", Stub) with { Created = DateTimeOffset.FromUnixTimeSeconds(5) }, Family.Chat.Endpoint("a", Stub), Family.Chat.Endpoint("secret", Stub)]);
        foreach (string path in (string[])["/openai/v1/models", "/v1/models", "/mlflow/v1/models", "/ai-gateway/cursor/v1/models"])
        {
            JsonElement list = Parse((await AskAsync(Get(path))).Body);
            Assert.Equal("list", list.GetProperty("object").GetString());
            Assert.Equal(["b/2", "a"], list.GetProperty("data").EnumerateArray().Select(m => m.GetProperty("id").GetString()!));
            Assert.False(list.TryGetProperty("models", out _));
        }

        JsonElement model = Parse((await AskAsync(Get("/openai/v1/models/b/2"))).Body);
        Assert.Equal("""{"id":"b/2","object":"model","created":5,"owned_by":"stub"}""", model.GetRawText());
        Assert.Equal(JsonValueKind.Array, Parse((await AskAsync(Get("/codex/v1/models?client_version=0.169"))).Body).GetProperty("models").ValueKind);
        Assert.Equal(404, (int)(await AskAsync(Get("/openai/v1/models/secret"))).Response.StatusCode);
        Assert.Equal(401, (int)(await AskAsync(new HttpRequestMessage(HttpMethod.Get, "/openai/v1/models"))).Response.StatusCode);
        Assert.Empty(Gateway.Usage.AllAccepted);
    }

    [Fact]
    public async Task Anthropic_lists_models_in_pages()
    {
        await StartAsync([.. Enumerable.Range(0, 5).Select(i => Family.Messages.Endpoint($"m{i}", Stub) with { DisplayName = $"Model {i}", Created = DateTimeOffset.UnixEpoch })]);
        JsonElement first = Parse((await AskAsync(Get("/anthropic/v1/models?limit=2"))).Body);
        Assert.Equal("""{"type":"model","id":"m0","display_name":"Model 0","created_at":"1970-01-01T00:00:00Z"}""", first.GetProperty("data")[0].GetRawText());
        Assert.Equal((true, "m0", "m1"), Ends(first));
        Assert.Equal((true, "m2", "m3"), Ends(Parse((await AskAsync(Get("/anthropic/v1/models?limit=2&after_id=m1"))).Body)));
        Assert.Equal((false, "m4", "m4"), Ends(Parse((await AskAsync(Get("/anthropic/v1/models?limit=2&after_id=m3"))).Body)));
        Assert.Equal((true, "m1", "m2"), Ends(Parse((await AskAsync(Get("/anthropic/v1/models?limit=2&before_id=m3"))).Body)));
        Assert.Equal((false, "m0", "m0"), Ends(Parse((await AskAsync(Get("/anthropic/v1/models?limit=2&before_id=m1"))).Body)));
        Assert.Equal((false, "m0", "m4"), Ends(Parse((await AskAsync(Get("/anthropic/v1/models?limit=1000"))).Body)));
        Assert.Equal((false, null, null), Ends(Parse((await AskAsync(Get("/anthropic/v1/models?after_id=m4"))).Body)));
        foreach (string query in (string[])["limit=0", "limit=1001", "limit=x", "after_id=unknown"])
        {
            (HttpResponseMessage response, string body) = await AskAsync(Get($"/anthropic/v1/models?{query}"));
            Assert.Equal(400, (int)response.StatusCode);
            Assert.Equal("invalid_request_error", Parse(body).GetProperty("error").GetProperty("type").GetString());
        }

        Assert.Equal("m3", Parse((await AskAsync(Get("/anthropic/v1/models/m3"))).Body).GetProperty("id").GetString());

        static (bool, string?, string?) Ends(JsonElement page) =>
            (page.GetProperty("has_more").GetBoolean(), page.GetProperty("first_id").GetString(), page.GetProperty("last_id").GetString());
    }

    [Fact]
    public async Task Gemini_lists_models_in_pages()
    {
        GatewayEndpoint vectors = new("v", [new Destination("d", new TestProvider("p", Stub.Address, DialectIds.EmbedContent), "x")]) { Task = EndpointTask.Embeddings };
        await StartAsync([Family.Gemini.Endpoint("a/b", Stub) with { Task = EndpointTask.Chat }, vectors, Family.Gemini.Endpoint("c", Stub)]);
        JsonElement first = Parse((await AskAsync(Get("/gemini/v1beta/models?pageSize=2&key=good", credential: false))).Body);
        Assert.Equal(
            """{"name":"models/a/b","version":"1","displayName":"a/b","supportedGenerationMethods":["generateContent","streamGenerateContent","countTokens"]}""",
            first.GetProperty("models")[0].GetRawText());
        Assert.Equal("embedContent", first.GetProperty("models")[1].GetProperty("supportedGenerationMethods")[0].GetString());
        string token = first.GetProperty("nextPageToken").GetString()!;
        JsonElement second = Parse((await AskAsync(Get($"/gemini/v1beta/models?pageSize=2&pageToken={token}"))).Body);
        Assert.Equal("models/c", Assert.Single(second.GetProperty("models").EnumerateArray()).GetProperty("name").GetString());
        Assert.False(second.TryGetProperty("nextPageToken", out _));
        Assert.Equal(400, (int)(await AskAsync(Get("/gemini/v1beta/models?pageToken=nonsense"))).Response.StatusCode);
        Assert.Equal("models/a/b", Parse((await AskAsync(Get("/gemini/v1/models/a/b"))).Body).GetProperty("name").GetString());
        (HttpResponseMessage missing, string body) = await AskAsync(Get("/gemini/v1beta/models/missing"));
        Assert.Equal(404, (int)missing.StatusCode);
        Assert.Equal("NOT_FOUND", Parse(body).GetProperty("error").GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_key_in_the_query_is_taken_and_never_logged()
    {
        await StartAsync(Family.Gemini.Endpoint("m", Stub));
        Stub.Answer = _ => StubAnswer.Json(Family.Gemini.Json);
        HttpRequestMessage request = Family.Gemini.Request("m");
        request.Headers.Authorization = null;
        request.RequestUri = new Uri("/gemini/v1beta/models/m:generateContent?key=good", UriKind.Relative);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(request)).Response.StatusCode);
        Assert.DoesNotContain("good", Stub.Request.Target, StringComparison.Ordinal);
        Assert.DoesNotContain("good", string.Concat(Stub.Request.Headers.Values), StringComparison.Ordinal);
        Stub.Answer = _ => StubAnswer.Json(Family.Gemini.ErrorBody(500), 500);
        request = Family.Gemini.Request("m");
        request.Headers.Authorization = null;
        request.RequestUri = new Uri("/gemini/v1beta/models/m:generateContent?key=good", UriKind.Relative);
        Assert.Equal(500, (int)(await AskAsync(request)).Response.StatusCode);
        Assert.Contains("d0 has failed", Gateway.Log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("good", Gateway.Log.Text, StringComparison.Ordinal);
    }

    private static HttpRequestMessage Get(string path, bool credential = true)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (credential)
        {
            request.Headers.Authorization = new("Bearer", "good");
        }

        return request;
    }
}
