using System.Buffers;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.GenerateContent;

/// <summary>URLs, errors and the client's own bytes.</summary>
public sealed class GeminiSurfaceTests
{
    [Theory]
    [InlineData("gemini-2.5-flash", "v1beta/models/gemini-2.5-flash:")]
    [InlineData("models/gemini-2.5-flash", "v1beta/models/gemini-2.5-flash:")]
    [InlineData("tunedModels/mine", "v1beta/tunedModels/mine:")]
    [InlineData("publishers/google/models/gemini-3-pro", "v1/publishers/google/models/gemini-3-pro:")]
    [InlineData("a/b", "v1beta/models/a%2Fb:")]
    [InlineData("models/a/b", "v1beta/models/models%2Fa%2Fb:")]
    [InlineData("a?b#c%d:e f", "v1beta/models/a%3Fb%23c%25d%3Ae%20f:")]
    [InlineData("../secret", "v1beta/models/..%2Fsecret:")]
    [InlineData("ü", "v1beta/models/%C3%BC:")]
    public void AModelIsOneSafeSegment(string model, string path)
    {
        Assert.Equal(path + "generateContent", Gemini.Dialect.UpstreamPath(model, stream: false));
        Assert.Equal(path + "streamGenerateContent?alt=sse", Gemini.Dialect.UpstreamPath(model, stream: true));
        Assert.Equal(path + "countTokens", Gemini.Dialect.UpstreamCountPath(model));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("models/..")]
    [InlineData("publishers/../models/x")]
    public void NamesThatNoEncodingMakesSafeAreRefused(string model) =>
        Assert.Equal(400, Assert.Throws<GatewayException>(() => Gemini.Dialect.UpstreamPath(model, stream: false)).Error.Status);

    [Theory]
    [InlineData("""{ "contents" : [ ] , "x":1.0 }""", """{ "contents" : [ ] , "x":1.0 }""")]
    [InlineData("""{"model":"models/endpoint", "contents":[]}""", """{"model":"models/gemini-3", "contents":[]}""")]
    [InlineData("""{"generateContentRequest":{"model":"models/endpoint","contents":[ 1 ]}}""", """{"generateContentRequest":{"model":"models/gemini-3","contents":[ 1 ]}}""")]
    [InlineData("""{"generateContentRequest":{"contents":[]}}""", """{"generateContentRequest":{"contents":[]}}""")]
    public void TheClientsBytesGoOnButForTheModel(string body, string sent) =>
        Assert.Equal(sent, Encoding.UTF8.GetString(Gemini.Splice(Gemini.Dialect, body, "gemini-3")));

    [Fact]
    public void SealsOfOthersAreTakenOutOfTheClientsBytes()
    {
        string foreign = Translation.Adaptation.SignatureCarrier.Wrap(new Signature("seal", DialectIds.Messages), DialectIds.GenerateContent);
        string id = Translation.Adaptation.ToolCallIdCarrier.Wrap("toolu_1", new Signature("s", DialectIds.Messages));
        string body = """
            {"contents":[{"role":"user","parts":[{"text":"Hi"}]},
              {"role":"model","parts":[{"text":"hm","thought":true,"thoughtSignature":"F"}]},
              {"role":"model","parts":[{"text":"a","thoughtSignature":"F"},{"functionCall":{"id":"I","name":"f"},"thoughtSignature":"F"},{"functionCall":{"name":"g"}}]},
              {"role":"user","parts":[{"functionResponse":{"id":"I","name":"f","response":{ }}}]},
              {"role":"model","parts":[{"functionCall":{"name":"h"},"thoughtSignature":"b3du"}]}], "x" : 1}
            """.Replace("\"F\"", $"\"{foreign}\"", StringComparison.Ordinal).Replace("\"I\"", $"\"{id}\"", StringComparison.Ordinal);
        const string Cleaned = """
            [{"role":"user","parts":[{"text":"Hi"}]},
             {"role":"model","parts":[{"text":"a"},{"functionCall":{"id":"toolu_1","name":"f"},"thoughtSignature":"skip_thought_signature_validator"},{"functionCall":{"name":"g"}}]},
             {"role":"user","parts":[{"functionResponse":{"id":"toolu_1","name":"f","response":{}}}]},
             {"role":"model","parts":[{"functionCall":{"name":"h"},"thoughtSignature":"b3du"}]}]
            """;
        string sent = Encoding.UTF8.GetString(Gemini.Splice(Gemini.Dialect, body, "gemini-3-pro"));
        Gemini.Equal(Cleaned, Gemini.Json(sent).GetProperty("contents"));
        Assert.EndsWith(", \"x\" : 1}", sent, StringComparison.Ordinal);
        sent = Encoding.UTF8.GetString(Gemini.Splice(Gemini.Dialect, body, "gemini-2.5-pro"));
        Gemini.Equal(Cleaned.Replace(""","thoughtSignature":"skip_thought_signature_validator" """.Trim(), "", StringComparison.Ordinal), Gemini.Json(sent).GetProperty("contents"));
    }

    [Fact]
    public void CallsWithoutASealGetTheDocumentedOneForModelsThatWantIt()
    {
        const string Body = """{"contents":[{"role":"model","parts":[{"text":"a"},{"functionCall":{"name":"f"}},{"functionCall":{"name":"g"}}]} ]}""";
        Assert.Equal(Body, Encoding.UTF8.GetString(Gemini.Splice(Gemini.Dialect, Body, "gemini-2.5-flash")));
        Gemini.Equal(
            """{"contents":[{"role":"model","parts":[{"text":"a"},{"functionCall":{"name":"f"},"thoughtSignature":"skip_thought_signature_validator"},{"functionCall":{"name":"g"}}]}]}""",
            Gemini.Json(Encoding.UTF8.GetString(Gemini.Splice(Gemini.Dialect, Body, "gemini-3-flash"))));
        const string Sealed = """{"contents":[{"role":"model","parts":[ {"functionCall":{"name":"f"},"thought_signature":"YQ=="},{"functionCall":{"name":"g"}}]} ]}""";
        Assert.Equal(Sealed, Encoding.UTF8.GetString(Gemini.Splice(Gemini.Dialect, Sealed, "gemini-3-flash")));
    }

    [Theory]
    [InlineData(400, """{"error":{"code":400,"message":"Bad field.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"contents[0]","description":"d"}]}]}}""", ErrorKind.InvalidRequest, "contents[0]", null)]
    [InlineData(400, """[{"error":{"code":400,"message":"Bad.","status":"INVALID_ARGUMENT"}}]""", ErrorKind.InvalidRequest, null, null)]
    [InlineData(400, """{"error":{"code":400,"message":"The input token count (9) exceeds the maximum number of tokens allowed (5).","status":"INVALID_ARGUMENT"}}""", ErrorKind.InvalidRequest, null, "context_length_exceeded")]
    [InlineData(401, """{"error":{"code":401,"message":"No.","status":"UNAUTHENTICATED"}}""", ErrorKind.Authentication, null, null)]
    [InlineData(403, """{"error":{"code":403,"message":"No.","status":"PERMISSION_DENIED"}}""", ErrorKind.Permission, null, null)]
    [InlineData(404, """{"error":{"code":404,"message":"No such model.","status":"NOT_FOUND"}}""", ErrorKind.NotFound, null, null)]
    [InlineData(503, """{"error":"text only"}""", ErrorKind.Overloaded, null, null)]
    [InlineData(500, "<html>", ErrorKind.Upstream, null, null)]
    [InlineData(502, "", ErrorKind.Upstream, null, null)]
    [InlineData(504, """{"error":{"co""", ErrorKind.Timeout, null, null)]
    public void RefusalsAreRead(int status, string body, ErrorKind kind, string? param, string? code)
    {
        GatewayError error = Gemini.Dialect.DecodeError(status, Encoding.UTF8.GetBytes(body));
        Assert.Equal((kind, status, param, code), (error.Kind, error.Status, error.Param, error.Code));
        Assert.NotEmpty(error.Message);
        Assert.DoesNotContain("<html", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AWrongKeyIsWhatA401IsElsewhere()
    {
        GatewayError error = Gemini.Dialect.DecodeError(400, """
            {"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}
            """u8.ToArray());
        Assert.Equal((ErrorKind.Authentication, 401), (error.Kind, error.Status));
    }

    [Fact]
    public void HowLongToWaitIsRead()
    {
        GatewayError error = Gemini.Dialect.DecodeError(429, """
            {"error":{"code":429,"message":"Quota.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure"},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.074824224s"}]}}
            """u8.ToArray());
        Assert.Equal((ErrorKind.RateLimited, 34), (error.Kind, (int)error.RetryAfter!.Value.TotalSeconds));
    }

    [Theory]
    [InlineData(ErrorKind.InvalidRequest, 400, "INVALID_ARGUMENT")]
    [InlineData(ErrorKind.Authentication, 401, "UNAUTHENTICATED")]
    [InlineData(ErrorKind.Permission, 403, "PERMISSION_DENIED")]
    [InlineData(ErrorKind.NotFound, 404, "NOT_FOUND")]
    [InlineData(ErrorKind.MethodNotAllowed, 405, "UNIMPLEMENTED")]
    [InlineData(ErrorKind.Conflict, 409, "ABORTED")]
    [InlineData(ErrorKind.TooLarge, 413, "INVALID_ARGUMENT")]
    [InlineData(ErrorKind.RateLimited, 429, "RESOURCE_EXHAUSTED")]
    [InlineData(ErrorKind.Internal, 500, "INTERNAL")]
    [InlineData(ErrorKind.Upstream, 502, "UNAVAILABLE")]
    [InlineData(ErrorKind.Overloaded, 503, "UNAVAILABLE")]
    [InlineData(ErrorKind.Timeout, 504, "DEADLINE_EXCEEDED")]
    public void ErrorsAreWrittenAsGooglesAre(ErrorKind kind, int status, string name)
    {
        var output = new ArrayBufferWriter<byte>();
        Gemini.Dialect.EncodeError(new GatewayError(kind, status, "Why.") { Param = "contents", Code = "why" }, "req-1", output);
        JsonElement error = Gemini.Json(Encoding.UTF8.GetString(output.WrittenSpan)).GetProperty("error");
        Assert.Equal((status, "Why.", name), (error.GetProperty("code").GetInt32(), error.GetProperty("message").GetString(), error.GetProperty("status").GetString()));
        Assert.Equal("why", error.At("details.0.reason").GetString());
        Assert.Equal("contents", error.At("details.1.fieldViolations.0.field").GetString());
        Assert.Equal("req-1", error.At("details.2.requestId").GetString());
    }
}
