using System.Buffers;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using CsCheck;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.Wire;

/// <summary>What a body is refused for, and that nothing but the named values changes in one that is passed on.</summary>
public sealed class JsonBodyTests
{
    [Theory]
    [InlineData("""{"model":"a","model":"b"}""", "model", 13)]
    [InlineData("""{"model":"a","mod\u0065l":"b"}""", "model", 13)]
    [InlineData("""{"\u006dodel":"a", "x":{}, "model":"b"}""", "model", 27)]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"text","t\u0079pe":"x"}]}]}""", "type", 54)]
    [InlineData("""{"a":{"b":1,"c":{"d":[1,{"e":1}],"d":2}}}""", "d", 33)]
    [InlineData("""{"é":1,"\u00e9":2}""", "é", 8)]
    [InlineData("""{"":1,"":2}""", "", 6)]
    [InlineData("""{"\ud800":1,"\udc00":2}""", "\ufffd", 12)]
    public void A_key_that_stands_twice_is_refused_with_its_name_and_place(string json, string key, int place)
    {
        GatewayError error = Refusal(json);
        Assert.Equal(400, error.Status);
        Assert.Equal(key, error.Param);
        Assert.Contains($"'{key}'", error.Message, StringComparison.Ordinal);
        Assert.Contains($"byte {place})", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"a":{"x":1},"b":{"x":1}}""")]
    [InlineData("""[1]""", false)]
    [InlineData("""{"a":[{"x":1},{"x":1},[{"x":1}]],"x":1}""")]
    [InlineData("""{"a":1,"A":1,"a ":1,"a\u0000":1}""")]
    public void The_same_key_in_different_objects_is_no_duplicate(string json, bool accepted = true)
    {
        if (accepted)
        {
            Check(json);
        }
        else
        {
            Assert.Contains("must be a JSON object", Refusal(json).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Duplicates_are_found_in_large_objects_and_around_nested_ones()
    {
        for (int size = 1; size < 80; size++)
        {
            string keys = string.Join(',', Enumerable.Range(0, size).Select(i => $"\"k{i}\":{{\"k{i}\":1,\"k0\":[]{(i == 0 ? "" : ",\"z\":{}")}}}"));
            if (size > 1)
            {
                Check($"{{{keys.Replace("\"k0\":{\"k0\":1,\"k0\":[]}", "\"k0\":{}", StringComparison.Ordinal)}}}");
                Assert.Equal($"k{size / 2}", Refusal($"{{{keys.Replace("\"k0\":{\"k0\":1,\"k0\":[]}", "\"k0\":{}", StringComparison.Ordinal)},\"k{size / 2}\":1}}").Param);
            }
        }
    }

    [Fact]
    public void Random_objects_are_refused_exactly_when_they_repeat_a_key()
    {
        Gen<string> key = Gen.Int[0, 40].Select(i => $"k{i}");
        Gen.Select(key.List[0, 40], Gen.Bool).Sample((keys, escape) =>
        {
            string json = "{" + string.Join(',', keys.Select((k, i) => $"\"{(escape && i % 2 == 1 ? "\\u006b" + k[1..] : k)}\":{{\"k1\":{i}}}")) + "}";
            bool repeats = keys.Distinct().Count() != keys.Count;
            if (repeats)
            {
                Refusal(json);
            }
            else
            {
                Assert.Equal(keys.Count, Check(json).Parse().RootElement.EnumerateObject().Count());
            }
        });
    }

    [Theory]
    [InlineData("{\"a\":", "}", "[", "]")]
    [InlineData("", "", "{\"a\":", "}")]
    public void Depth_128_is_read_and_129_is_refused(string head, string tail, string open, string close)
    {
        int outer = head.Length > 0 ? 1 : 0;
        string Nested(int depth) => head + Repeat(open, depth - outer) + "1" + Repeat(close, depth - outer) + tail;
        Check(Nested(128)).Parse().Dispose();
        string message = Refusal(Nested(129)).Message;
        Assert.Contains("nested more than 128 levels deep", message, StringComparison.Ordinal);
        Assert.Contains($"(at byte {head.Length + ((128 - outer) * open.Length) + open.LastIndexOfAny(['{', '['])})", message, StringComparison.Ordinal);
        Assert.DoesNotContain("nested", Refusal(Nested(128).Replace("1", "x", StringComparison.Ordinal)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "line 1, byte 1 ")]
    [InlineData("{\"a\":1,\n\"b\":tru}", "line 2, byte 8 ")]
    [InlineData("{\"a\":1}{", "line 1, byte 8 ")]
    [InlineData("{\"a\":1,}", "line 1, byte 8 ")]
    [InlineData("{\"a\":'x'}", "line 1, byte 6 ")]
    [InlineData("{\"a\":1 /* c */}", "line 1, byte 8 ")]
    [InlineData("{\"a\":\"\\x\"}", "line 1, byte 8 ")]
    [InlineData("{\"a\":01}", "line 1, byte 7 ")]
    [InlineData("{\"a\":\"", "line 1, byte ")]
    public void Malformed_JSON_is_refused_with_its_place(string json, string place)
    {
        GatewayError error = Refusal(json);
        Assert.Equal("invalid_json", error.Code);
        Assert.Contains(place, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_are_refused_with_their_offset()
    {
        byte[] valid = Encoding.UTF8.GetBytes("{\"a\":\"é😀x\"}");
        for (int at = 0; at <= valid.Length; at++)
        {
            // A continuation byte where a character may begin is wrong exactly there.
            bool boundary = at == valid.Length || (valid[at] & 0xC0) != 0x80;
            if (boundary)
            {
                byte[] body = [.. valid[..at], 0x80, .. valid[at..]];
                Assert.Contains($"(at byte {at})", Refusal(body).Message, StringComparison.Ordinal);
            }
        }

        Assert.Contains("at byte 6)", Refusal([.. "{\"a\":\""u8, 0xED, 0xA0, 0xBD, .. "\"}"u8]).Message, StringComparison.Ordinal);
        Assert.Contains("at byte 6)", Refusal([.. "{\"a\":\""u8, 0xC0, 0xAF, .. "\"}"u8]).Message, StringComparison.Ordinal);
        Assert.Contains("at byte 6)", Refusal([.. "{\"a\":\""u8, 0xF0, 0x9F]).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_byte_order_mark_is_skipped()
    {
        JsonBody body = Check("\uFEFF{\"model\":\"m\"}");
        Assert.Equal("m", body.GetString("model"));
        Assert.Equal("{\"model\":\"x\"}", Splice(body, ("model", "\"x\"")));
    }

    [Fact]
    public void Values_of_the_root_are_found_and_no_others()
    {
        JsonBody body = Check("""{"nested":{"model":"wrong"},"mod\u0065l" : "a\u0062c" ,"stream":true,"list":[1, {"stream":false}],"n":1.50,"z":null}""");
        Assert.Equal("abc", body.GetString("model"));
        Assert.True(body.IsTrue("stream"));
        Assert.False(body.IsTrue("n"));
        Assert.Null(body.GetString("n"));
        Assert.Null(body.GetString("absent"));
        Assert.Equal("[1, {\"stream\":false}]", Encoding.UTF8.GetString(body.RawValue("list")));
        Assert.Equal("1.50", Encoding.UTF8.GetString(body.RawValue("n")));
        Assert.Equal("null", Encoding.UTF8.GetString(body.RawValue("z")));
        Assert.Equal("{\"model\":\"wrong\"}", Encoding.UTF8.GetString(body.RawValue("nested")));
        Assert.True(body.RawValue("absent").IsEmpty);
    }

    [Theory]
    [InlineData("""{ "a" : 1 , "model" : "old" , "b":[ ] }""", """{ "a" : 1 , "model" : "new" , "b":[ ] }""")]
    [InlineData("""{"mod\u0065l":{"x":[1]},"z":1}""", """{"mod\u0065l":"new","z":1}""")]
    [InlineData("""{"model":-1e5}""", """{"model":"new"}""")]
    [InlineData("""  {"a":1}  """, """  {"model":"new","a":1}  """)]
    [InlineData("{\n \"a\":1}", "{\"model\":\"new\",\n \"a\":1}")]
    [InlineData("{}", """{"model":"new"}""")]
    [InlineData("{ }", """{"model":"new" }""")]
    public void A_splice_changes_the_named_value_and_no_other_byte(string json, string expected) =>
        Assert.Equal(expected, Splice(Check(json), ("model", "\"new\"")));

    [Fact]
    public void Several_splices_at_once_may_come_in_any_order()
    {
        JsonBody body = Check("""{"a":1,"b":2,"c":3}""");
        Assert.Equal("""{"a":9,"b":2,"c":8}""", Splice(body, ("c", "8"), ("a", "9")));
        Assert.Equal("""{"x":1,"y":2,"a":1,"b":7,"c":3}""", Splice(body, ("x", "1"), ("b", "7"), ("y", "2")));
        Assert.Equal("""{"a\"b":1,"é":2,"a":1,"b":2,"c":3}""", Splice(body, ("a\"b", "1"), ("é", "2")));
        Assert.Equal("""{"a":1,"b":2,"c":3}""", Splice(body));
        Assert.Equal("""{"x":1,"y":2}""", Splice(Check("{}"), ("x", "1"), ("y", "2")));
    }

    [Fact]
    public void Random_bodies_keep_every_byte_around_a_splice()
    {
        Gen<string> space = Gen.OneOf("", " ", "\n", "\t ", "\r\n");
        Gen<string> value = Gen.OneOf("1", "-0.0e+1", "\"\"", "\"\\ud83d\\ude00\\\\u\"", "\"é😀\"", "[]", "[[1, {\"model\":2}]]", "{\"model\" : [ ]}", "true", "null");
        Gen.Select(Gen.Select(space, space, value).Array[1, 8], Gen.Int[0, 7], space).Sample((fields, chosen, tail) =>
        {
            chosen %= fields.Length;
            string Render(string? replaced) => "{" + string.Join(",", fields.Select((f, i) =>
                $"{f.Item1}\"k{i}\"{f.Item2}:{f.Item1}{(i == chosen ? replaced ?? f.Item3 : f.Item3)}{f.Item2}")) + "}" + tail;
            Assert.Equal(Render("\"new\""), Splice(Check(Render(null)), ($"k{chosen}", "\"new\"")));
        });
    }

    [Fact]
    public void Half_a_surrogate_pair_is_mended_in_place()
    {
        JsonBody body = Check("""{"t":"a\ud83db\ude00c","ok":"\ud83d\ude00","slash":"\\ud83d","both":"\uDBFF\uD83D\uDE00"}""");
        Assert.Equal("""{"t":"a\ufffdb\ufffdc","ok":"\ud83d\ude00","slash":"\\ud83d","both":"\ufffd\uD83D\uDE00"}""", Encoding.UTF8.GetString(body.Bytes.Span));
        using JsonDocument document = body.Parse();
        Assert.Equal("a\ufffdb\ufffdc", document.RootElement.GetProperty("t").GetString());
        Assert.Equal("😀", document.RootElement.GetProperty("ok").GetString());
        Assert.Equal("\ufffd😀", document.RootElement.GetProperty("both").GetString());
    }

    [Fact]
    public void Large_bodies_of_every_shape_take_linear_time()
    {
        string text = new('x', 8_000_000);
        Dictionary<string, string> shapes = new()
        {
            ["one text"] = $"{{\"a\":\"{text}\"}}",
            ["many keys"] = "{" + string.Join(',', Enumerable.Range(0, 500_000).Select(i => $"\"key{i}\":1")) + "}",
            ["many root objects"] = "{\"a\":[" + string.Join(',', Enumerable.Repeat("{\"b\":{\"c\":1}}", 500_000)) + "]}",
            ["many escapes"] = "{\"a\":\"" + Repeat("\\ud83d\\\\", 900_000) + "\"}",
            ["escaped keys"] = "{" + string.Join(',', Enumerable.Range(0, 300_000).Select(i => $"\"\\u006b{i}\":1")) + "}",
        };
        foreach ((string shape, string json) in shapes)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(json);
            var watch = Stopwatch.StartNew();
            JsonBody.Check(bytes);
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"{shape}: {watch.Elapsed}");
        }
    }

    private static string Repeat(string text, int count) => new StringBuilder().Insert(0, text, count).ToString();

    private static JsonBody Check(string json) => JsonBody.Check(Encoding.UTF8.GetBytes(json));

    private static GatewayError Refusal(string json) => Refusal(Encoding.UTF8.GetBytes(json));

    private static GatewayError Refusal(byte[] json)
    {
        GatewayError error = Assert.Throws<GatewayException>(() => JsonBody.Check(json)).Error;
        Assert.Equal(ErrorKind.InvalidRequest, error.Kind);
        return error;
    }

    private static string Splice(JsonBody body, params (string Name, string Json)[] replacements)
    {
        var output = new ArrayBufferWriter<byte>();
        body.Splice(output, [.. replacements.Select(r => new JsonReplacement(r.Name, Encoding.UTF8.GetBytes(r.Json)))]);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
