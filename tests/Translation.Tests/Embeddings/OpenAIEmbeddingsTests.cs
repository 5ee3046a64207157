using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Dialects.OpenAI.Embeddings;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.Embeddings;

/// <summary>OpenAI's embeddings on both sides.</summary>
public sealed class OpenAIEmbeddingsTests
{
    private static readonly EmbeddingsDialect Dialect = new();
    private static readonly float[] Vector = [0.5f, -1, 3.1415927f];
    private static readonly string Base64 = Convert.ToBase64String(MemoryMarshal.AsBytes<float>(Vector));

    [Theory]
    [InlineData("\"a\"", false, "a", "\"a\"")]
    [InlineData("[\"a\",\"b\"]", true, "a b", "[\"a\",\"b\"]")]
    [InlineData("[\"a\"]", true, "a", "[\"a\"]")]
    [InlineData("[1,2,3]", false, "1,2,3", "[1,2,3]")]
    [InlineData("[[1,2],[3]]", true, "1,2 3", "[[1,2],[3]]")]
    public void InputsAreTextsAndTokens(string input, bool batch, string expected, string sent)
    {
        EmbeddingRequest request = Decode("{\"model\":\"m\",\"input\":" + input + "}");
        Assert.Equal((batch, expected), (request.Batch, string.Join(' ', request.Inputs.Select(i => i.Text ?? string.Join(',', i.Tokens!)))));
        Assert.Equal(sent, Encode(request).GetProperty("input").GetRawText());
    }

    [Fact]
    public void ParametersAndUnknownFieldsPass()
    {
        EmbeddingRequest request = Decode("""{"model":"m","input":"a","dimensions":256,"user":"u","encoding_format":"base64","stream":false,"truncate":"END"}""");
        Assert.Equal((256, "u", EmbeddingEncoding.Base64), (request.Dimensions, request.User, request.Encoding));
        Assert.Equal("""{"model":"target","input":"a","dimensions":256,"user":"u","truncate":"END"}""", Encode(request).GetRawText());

        var report = new TranslationReport();
        Encode(request with { TaskType = "RETRIEVAL_QUERY", Inputs = [new EmbeddingInput { Text = "a", Title = "t" }] }, report);
        Assert.Equal(["taskType", "title"], report.Entries.Select(e => e.Field));
    }

    [Theory]
    [InlineData("""{"model":"m"}""", "input")]
    [InlineData("""{"model":"m","input":null}""", "input")]
    [InlineData("""{"model":"m","input":[]}""", "input")]
    [InlineData("""{"model":"m","input":{"a":1}}""", "input")]
    [InlineData("""{"model":"m","input":["a",7]}""", "input[1]")]
    [InlineData("""{"model":"m","input":[1,"a"]}""", "input[1]")]
    [InlineData("""{"model":"m","input":[["a"]]}""", "input[0][0]")]
    [InlineData("""{"input":"a"}""", "model")]
    [InlineData("""{"model":"m","input":"a","stream":true}""", "stream")]
    [InlineData("""{"model":"m","input":"a","dimensions":"many"}""", "dimensions")]
    [InlineData("""{"model":"m","input":"a","encoding_format":"hex"}""", "encoding_format")]
    public void AFaultNamesItsField(string json, string field)
    {
        GatewayError error = Assert.Throws<GatewayException>(() => Decode(json)).Error;
        Assert.Equal((400, field), (error.Status, error.Param));
    }

    [Fact]
    public void VectorsAreReadInEitherFormAndPutInOrder()
    {
        EmbeddingResponse response = Dialect.DecodeResponse(JsonElement.Parse(
            "{\"object\":\"list\",\"model\":\"served\",\"data\":[{\"index\":1,\"embedding\":[1,2e0]},{\"index\":0,\"embedding\":\"" + Base64 + "\"}],\"usage\":{\"prompt_tokens\":4,\"total_tokens\":4}}"));
        Assert.Equal(Vector, response.Vectors[0].ToArray());
        Assert.Equal([1f, 2f], response.Vectors[1].ToArray());
        Assert.Equal(("served", 4L), (response.Model, response.Usage!.InputTokens));
    }

    [Theory]
    [InlineData("""{"error":{"message":"Busy","code":503}}""")]
    [InlineData("""{"object":"list"}""")]
    [InlineData("""{"data":[{"embedding":"###"}]}""")]
    [InlineData("""{"data":[{"embedding":"AQID"}]}""")]
    [InlineData("""{"data":[{"embedding":["x"]}]}""")]
    [InlineData("""{"data":[7]}""")]
    [InlineData("7")]
    public void WhatIsNoAnswerIsAnError(string json) =>
        Assert.InRange(Assert.Throws<GatewayException>(() => Dialect.DecodeResponse(JsonElement.Parse(json))).Error.Status, 500, 599);

    [Fact]
    public void AClientGetsNumbersAsItAskedForThem()
    {
        var response = new EmbeddingResponse { Vectors = [Vector, new float[] { float.NaN }], Usage = new TokenUsage { InputTokens = 4 } };
        EmbeddingRequest request = Decode("""{"model":"m","input":["a","b"]}""");
        Assert.Equal(
            """{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5,-1,3.1415927]},{"object":"embedding","index":1,"embedding":[0]}],"model":"m","usage":{"prompt_tokens":4,"total_tokens":4}}""",
            Answer(response, request).GetRawText());
        JsonElement base64 = Answer(response with { Model = "served" }, request with { Encoding = EmbeddingEncoding.Base64 });
        Assert.Equal(Base64, base64.GetProperty("data")[0].GetProperty("embedding").GetString());
        Assert.Equal("served", base64.GetProperty("model").GetString());
    }

    private static EmbeddingRequest Decode(string json) => Dialect.DecodeRequest(JsonBody.Check(Encoding.UTF8.GetBytes(json)).Parse().RootElement, default);

    private static JsonElement Encode(EmbeddingRequest request, TranslationReport? report = null)
    {
        var output = new ArrayBufferWriter<byte>();
        Dialect.EncodeRequest(request, new TargetProfile("target"), report ?? new TranslationReport(), output);
        return JsonElement.Parse(output.WrittenSpan);
    }

    private static JsonElement Answer(EmbeddingResponse response, EmbeddingRequest request)
    {
        var output = new ArrayBufferWriter<byte>();
        Dialect.EncodeResponse(response, request, output);
        return JsonElement.Parse(output.WrittenSpan);
    }
}
