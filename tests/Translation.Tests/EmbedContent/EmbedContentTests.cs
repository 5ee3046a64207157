using System.Buffers;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Dialects.Gemini.EmbedContent;
using Serverless.Translation.Tests.GenerateContent;

namespace Serverless.Translation.Tests.EmbedContent;

/// <summary>Embeddings in Gemini's words, single and by the batch.</summary>
public sealed class EmbedContentTests
{
    private static readonly EmbedContentDialect Dialect = new();

    [Fact]
    public void OneContentIsRead()
    {
        EmbeddingRequest request = Decode("""
            {"model":"models/other","content":{"parts":[{"text":"a"},{"text":"b"}]},"task_type":"RETRIEVAL_DOCUMENT","title":"T","outputDimensionality":256,"autoTruncate":true}
            """);
        Assert.Equal(("endpoint", false, 256, "RETRIEVAL_DOCUMENT"), (request.Model, request.Batch, request.Dimensions, request.TaskType));
        Assert.Equal(new EmbeddingInput { Text = "a\nb", Title = "T" }, Assert.Single(request.Inputs));
        Assert.True(request.Extra!["autoTruncate"]!.Value.GetBoolean());
    }

    [Fact]
    public void ABatchIsRead()
    {
        EmbeddingRequest request = Decode("""
            {"requests":[{"model":"models/x","content":{"parts":{"text":"a"}},"taskType":"A"},{"content":{"parts":[{"text":"b"}]},"taskType":"B"}]}
            """);
        Assert.True(request.Batch);
        Assert.Null(request.TaskType);
        Assert.Equal([new EmbeddingInput { Text = "a", TaskType = "A" }, new EmbeddingInput { Text = "b", TaskType = "B" }], request.Inputs);
        Assert.True(Decode("""{"requests":[{"content":{"parts":[{"text":"a"}]}}]}""").Batch);
    }

    [Theory]
    [InlineData("{}", "content")]
    [InlineData("""{"content":{}}""", "content.parts")]
    [InlineData("""{"content":{"parts":[{"text":7}]}}""", "content.parts[0].text")]
    [InlineData("""{"content":{"parts":[{"inlineData":{}}]}}""", "content.parts[0]")]
    [InlineData("""{"requests":[]}""", "requests[0]")]
    [InlineData("""{"requests":[{"content":"a","outputDimensionality":1},{"content":"b","outputDimensionality":2}]}""", "requests[1].outputDimensionality")]
    [InlineData("""{"requests":[{"content":{"parts":7}}]}""", "requests[0].content.parts")]
    public void FaultsNameTheField(string body, string param) => Assert.Equal(param, Gemini.Param(() => Decode(body)));

    [Fact]
    public void AProviderIsAskedByTheBatch()
    {
        var report = new TranslationReport();
        JsonElement body = Encode(
            new EmbeddingRequest
            {
                Model = "m",
                Inputs = [new EmbeddingInput { Text = "a", Title = "T" }, new EmbeddingInput { Text = "b", TaskType = "CLUSTERING" }],
                TaskType = "RETRIEVAL_QUERY",
                Dimensions = 8,
                User = "u",
                Encoding = EmbeddingEncoding.Base64,
            },
            report);
        Gemini.Equal("""
            {"requests":[
              {"model":"models/gemini-embedding-001","content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_QUERY","title":"T","outputDimensionality":8},
              {"model":"models/gemini-embedding-001","content":{"parts":[{"text":"b"}]},"taskType":"CLUSTERING","outputDimensionality":8}]}
            """,
            body);
        Assert.Equal(["user"], report.Dropped());
        Assert.Equal("v1beta/models/gemini-embedding-001:batchEmbedContents", Dialect.UpstreamPath("gemini-embedding-001", stream: false));
    }

    [Fact]
    public void TokensOfAnotherVocabularyAreRefused() =>
        Assert.Equal("input[0]", Gemini.Param(() => Encode(new EmbeddingRequest { Model = "m", Inputs = [new EmbeddingInput { Tokens = [1, 2] }] }, new TranslationReport())));

    [Theory]
    [InlineData("""{"embedding":{"values":[0.5,-0.25]}}""", 1)]
    [InlineData("""{"embeddings":[{"values":[0.5,-0.25]},{"values":[1e-3,2]}],"usageMetadata":{"promptTokenCount":7}}""", 2)]
    public void AnswersOfBothShapesAreRead(string body, int count)
    {
        EmbeddingResponse response = Dialect.DecodeResponse(Gemini.Json(body));
        Assert.Equal(count, response.Vectors.Count);
        Assert.Equal([0.5f, -0.25f], response.Vectors[0].ToArray());
        Assert.Equal(count == 2 ? 7 : null, response.Usage?.TotalTokens);
    }

    [Theory]
    [InlineData("""{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}""", 429)]
    [InlineData("{}", 502)]
    [InlineData("""{"embeddings":[{}]}""", 502)]
    public void WhatIsNoAnswerIsAnError(string body, int status) =>
        Assert.Equal(status, Assert.Throws<GatewayException>(() => Dialect.DecodeResponse(Gemini.Json(body))).Error.Status);

    [Fact]
    public void TheAnswerHasTheShapeOfTheAction()
    {
        var response = new EmbeddingResponse { Vectors = [new[] { 0.1f, -2f }], Usage = new TokenUsage { InputTokens = 3 } };
        EmbeddingRequest request = Decode("""{"content":"a"}""");
        Gemini.Equal("""{"embedding":{"values":[0.1,-2]},"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3}}""", Written(response, request));
        Gemini.Equal("""{"embeddings":[{"values":[0.1,-2]}],"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3}}""", Written(response, request with { Batch = true }));
    }

    [Fact]
    public void TheClientsBytesGoOnButForTheModels()
    {
        Assert.Equal(
            """{"requests":[{"model":"models/real","content":{"parts":[ ]}},{"content":1}], "x":1}""",
            Encoding.UTF8.GetString(Gemini.Splice(Dialect, """{"requests":[{"model":"models/endpoint","content":{"parts":[ ]}},{"content":1}], "x":1}""", "real")));
        Assert.Equal("""{ "content":1}""", Encoding.UTF8.GetString(Gemini.Splice(Dialect, """{ "content":1}""", "real")));
        Assert.Equal("""{"model":"models/real","content":1}""", Encoding.UTF8.GetString(Gemini.Splice(Dialect, """{"model":"endpoint","content":1}""", "real")));
        Assert.Equal("v1beta/models/real:embedContent", Dialect.SplicedPath("real", new RequestAddress("endpoint")));
        Assert.Equal("v1beta/models/real:batchEmbedContents", Dialect.SplicedPath("real", new RequestAddress("endpoint", Batch: true)));
    }

    private static EmbeddingRequest Decode(string body) => Dialect.DecodeRequest(Gemini.Json(body), new RequestAddress("endpoint"));

    private static JsonElement Encode(EmbeddingRequest request, TranslationReport report)
    {
        var output = new ArrayBufferWriter<byte>();
        Dialect.EncodeRequest(request, new TargetProfile("gemini-embedding-001"), report, output);
        return Gemini.Json(Encoding.UTF8.GetString(output.WrittenSpan));
    }

    private static JsonElement Written(EmbeddingResponse response, EmbeddingRequest request)
    {
        var output = new ArrayBufferWriter<byte>();
        Dialect.EncodeResponse(response, request, output);
        return Gemini.Json(Encoding.UTF8.GetString(output.WrittenSpan));
    }
}
