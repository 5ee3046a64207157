using System.Buffers;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.Laws;

/// <summary>A provider's refusal reaches the caller in the caller's own envelope, with its status and words.</summary>
public sealed class ErrorLaws
{
    private static readonly int[] Statuses = [400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 499, 500, 501, 502, 503, 504, 529];

    private static readonly string[] Broken =
    [
        "", " ", "<html><body><h1>502 Bad Gateway</h1></body></html>", "upstream connect error", "null", "true", "42", "\"text\"", "[]", "[[]]", "{}", "{\"error\":null}",
        "{\"error\":\"plain words\"}", "{\"error\":{}}", "{\"error\":{\"message\":null,\"code\":{},\"type\":[],\"param\":7,\"status\":false,\"details\":{}}}",
        "{\"error\":{\"message\":\"cut o", "{\"message\":\"Databricks says no\",\"error_code\":\"BAD_REQUEST\"}", "{\"detail\":\"FastAPI says no\"}",
        "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"field required\"}]}", "{\"type\":\"error\"}", "{\"type\":\"error\",\"error\":7}", "[{\"error\":{\"code\":400,\"message\":\"in an array\",\"status\":\"INVALID_ARGUMENT\"}}]",
        "{\"error\":{\"message\":\"\\ud83d half\"}}", "\u0000\u0001", "{\"error\":{\"code\":\"x\",\"message\":{\"deep\":[1]}}}",
    ];

    private static readonly IReadOnlyList<IDialect> All = [.. DialectCatalog.Chat, .. DialectCatalog.Embeddings];

    public static TheoryData<string> Dialects => [.. All.Select(d => d.Id.Name)];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Dialects))]
    public void StatusAndMessageSurviveEveryPair(string client)
    {
        IDialect dialect = All.Single(d => d.Id.Name == client);
        foreach (IDialect provider in All)
        {
            foreach (int status in Statuses)
            {
                var output = new ArrayBufferWriter<byte>();
                provider.EncodeError(new GatewayError(GatewayError.KindOfUpstream(status), status, $"Fault {status}: \"no\" 🚫"), "req-1", output);
                GatewayError first = provider.DecodeError(status, output.WrittenMemory);
                output = new ArrayBufferWriter<byte>();
                dialect.EncodeError(first, "req-1", output);
                GatewayError second = dialect.DecodeError(status, output.WrittenMemory);
                Assert.Equal($"Fault {status}: \"no\" 🚫", second.Message);
                Assert.Equal((status, first.Kind), (second.Status, second.Kind));
            }
        }
    }

    /// <summary>
    /// What each API calls a status, as its vendor has it where the vendor has it, and else what its SDK makes the same exception of.
    /// OpenAI's SDKs and Anthropic's go by the status, Google's libraries by the name.
    /// </summary>
    [Theory]
    [InlineData(400, "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT")]
    [InlineData(401, "authentication_error", "authentication_error", "UNAUTHENTICATED")]
    [InlineData(402, "insufficient_quota", "billing_error", "FAILED_PRECONDITION")]
    [InlineData(403, "permission_error", "permission_error", "PERMISSION_DENIED")]
    [InlineData(404, "invalid_request_error", "not_found_error", "NOT_FOUND")]
    [InlineData(408, "server_error", "timeout_error", "DEADLINE_EXCEEDED")]
    [InlineData(409, "conflict_error", "conflict_error", "ABORTED")]
    [InlineData(413, "invalid_request_error", "request_too_large", "INVALID_ARGUMENT")]
    [InlineData(422, "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT")]
    [InlineData(429, "rate_limit_error", "rate_limit_error", "RESOURCE_EXHAUSTED")]
    [InlineData(499, "invalid_request_error", "invalid_request_error", "CANCELLED")]
    [InlineData(500, "server_error", "api_error", "INTERNAL")]
    [InlineData(501, "server_error", "api_error", "UNIMPLEMENTED")]
    [InlineData(502, "server_error", "api_error", "UNAVAILABLE")]
    [InlineData(503, "server_error", "overloaded_error", "UNAVAILABLE")]
    [InlineData(504, "server_error", "timeout_error", "DEADLINE_EXCEEDED")]
    [InlineData(529, "server_error", "overloaded_error", "UNAVAILABLE")]
    public void EveryStatusHasItsNameInEveryEnvelope(int status, string openai, string anthropic, string google)
    {
        foreach (IDialect dialect in All)
        {
            var output = new ArrayBufferWriter<byte>();
            dialect.EncodeError(new GatewayError(GatewayError.KindOfUpstream(status), status, "Fault"), "req-1", output);
            JsonElement body = JsonElement.Parse(output.WrittenSpan);
            JsonElement error = body.GetProperty("error");
            bool isGoogles = dialect.Id.Name.StartsWith("gemini", StringComparison.Ordinal);
            Assert.Equal(isGoogles ? google : dialect.Id == DialectIds.Messages ? anthropic : openai, error.GetProperty(isGoogles ? "status" : "type").GetString());
            Assert.Equal("Fault", error.GetProperty("message").GetString());
            Assert.True(!isGoogles || error.GetProperty("code").GetInt32() == status);
            Assert.Equal(dialect.Id == DialectIds.Messages, body.TryGetProperty("type", out JsonElement type) && type.GetString() == "error");
        }
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Dialects))]
    public void AnyBodyIsRead(string provider)
    {
        IDialect dialect = All.Single(d => d.Id.Name == provider);
        foreach (string body in Broken)
        {
            foreach (int status in Statuses)
            {
                GatewayError error = dialect.DecodeError(status, Encoding.UTF8.GetBytes(body));
                Assert.Equal(status, error.Status);
                Assert.NotEmpty(error.Message);
                Assert.DoesNotContain("<html", error.Message, StringComparison.OrdinalIgnoreCase);
                foreach (IDialect client in All)
                {
                    var output = new ArrayBufferWriter<byte>();
                    client.EncodeError(error, null, output);
                    using JsonDocument document = JsonDocument.Parse(output.WrittenMemory);
                    Assert.Equal(JsonValueKind.Object, document.RootElement.GetProperty("error").ValueKind);
                }
            }
        }
    }

    [Theory(SkipTestWithoutData = true)]
    [InlineData("openai.chat-completions", "{\"error\":{\"message\":\"Too long\",\"type\":\"invalid_request_error\",\"param\":\"messages\",\"code\":\"context_length_exceeded\"}}", "Too long")]
    [InlineData("openai.responses", "{\"error\":{\"message\":\"Too long\",\"type\":\"invalid_request_error\",\"param\":\"input\",\"code\":\"context_length_exceeded\"}}", "Too long")]
    [InlineData("anthropic.messages", "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"Too long\"},\"request_id\":\"req_1\"}", "Too long")]
    [InlineData("gemini.generate-content", "{\"error\":{\"code\":400,\"message\":\"Too long\",\"status\":\"INVALID_ARGUMENT\",\"details\":[]}}", "Too long")]
    public void TheVendorsOwnEnvelopeIsRead(string provider, string body, string message)
    {
        Assert.SkipUnless(All.Any(d => d.Id.Name == provider), "Not in the catalog.");
        GatewayError error = All.Single(d => d.Id.Name == provider).DecodeError(400, Encoding.UTF8.GetBytes(body));
        Assert.Equal((message, ErrorKind.InvalidRequest, 400), (error.Message, error.Kind, error.Status));
    }
}
