using System.Buffers;
using System.Text;
using System.Text.Json;
using CsCheck;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.Wire;

/// <summary>Reading texts that a provider cut anywhere, and writing JSON that others wrote.</summary>
public sealed class JsonTests
{
    [Fact]
    public void Text_keeps_half_of_a_surrogate_pair()
    {
        // No theory: attributes cannot hold half a pair.
        (string Json, string Expected)[] cases =
        [
            ("\"plain é 😀\"", "plain é 😀"),
            ("\"\\ud83d\"", "\ud83d"),
            ("\"\\uDE00 tail\"", "\ude00 tail"),
            ("\"é\\n\\t\\b\\f\\r\\/\\\\\\\"\\u0041\\ud83dx\"", "é\n\t\b\f\r/\\\"A\ud83dx"),
            ("\"\\\\ud83d\"", "\\ud83d"),
            ("\"\\ud83d\\ude00\"", "😀"),
            ("\"\"", ""),
        ];
        foreach ((string json, string expected) in cases)
        {
            Assert.Equal(expected, ReadText(Encoding.UTF8.GetBytes(json)));
            using JsonDocument document = JsonDocument.Parse(json);
            Assert.Equal(expected, Json.Text(document.RootElement));
        }
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_never_throw()
    {
        Assert.Equal("a\ufffdb", ReadText([(byte)'"', (byte)'a', 0xFF, (byte)'b', (byte)'"']));
        Assert.Equal("a\ufffd\nb", ReadText([(byte)'"', (byte)'a', 0xFF, (byte)'\\', (byte)'n', (byte)'b', (byte)'"']));
        Assert.Equal("a\ufffd\ud83d", ReadText([(byte)'"', (byte)'a', 0xC3, .. "\\ud83d\""u8]));
    }

    [Fact]
    public void Random_texts_read_as_the_standard_reader_reads_them()
    {
        Gen<string> piece = Gen.OneOf("a", "é", "😀", "\\n", "\\\"", "\\\\", "\\u0041", "\\ud83d\\ude00", "\\/", "\u2028", "\\u0000");
        piece.List[0, 12].Sample(pieces =>
        {
            string json = $"\"{string.Concat(pieces)}\"";
            Assert.Equal(JsonSerializer.Deserialize<string>(json), ReadText(Encoding.UTF8.GetBytes(json)));
        });
    }

    [Theory]
    [InlineData("{}", true)]
    [InlineData(" {\"a\":[1]} ", true)]
    [InlineData("", false)]
    [InlineData(" ", false)]
    [InlineData("[]", false)]
    [InlineData("\"{}\"", false)]
    [InlineData("{}{}", false)]
    [InlineData("{} x", false)]
    [InlineData("{\"a\":", false)]
    [InlineData("{\"a\":1", false)]
    public void Objects_are_told_from_anything_else(string json, bool expected) => Assert.Equal(expected, Json.IsObject(json));

    [Fact]
    public void Deep_tool_arguments_are_read()
    {
        string json = new StringBuilder().Insert(0, "[", 200).Append(']', 200).ToString();
        Assert.Equal(json, Json.RawText(Json.ParseElement(json)));
    }

    [Fact]
    public void Base64_arrives_unchanged()
    {
        using JsonDocument document = JsonDocument.Parse("""["QUJD+/==","QUJD\/+\u003d=",""]""");
        Assert.Equal(["QUJD+/==", "QUJD/+==", ""], document.RootElement.EnumerateArray().Select(e => Encoding.ASCII.GetString(Json.Base64Bytes(e).Span)));
    }

    [Fact]
    public void A_value_is_written_as_it_came_but_never_over_several_lines()
    {
        Assert.Equal("""{"x":{"a" : 1.50e0, "b":"\u00e9\/<"}}""", Write("""{"a" : 1.50e0, "b":"\u00e9\/<"}"""));
        Assert.Equal("""{"x":{   "a" :  [1,   2] }}""", Write("{\r\n \"a\" :\n [1,\r\r\n2]\n}"));
        Assert.Equal("""{"x":"a\nb"}""", Write("\"a\\nb\""));
    }

    [Fact]
    public void Carried_fields_are_written_into_their_own_dialect_only()
    {
        var own = new DialectId("own");
        using JsonDocument document = JsonDocument.Parse("""{"a":1,"b":[null]}""");
        var extra = new ExtraFields(own, "", [.. document.RootElement.EnumerateObject().Select(p => new ExtraField(p.Name, p.Value))]);
        Assert.Equal("""{"a":1,"b":[null]}""", Written(w => w.WriteExtra(extra, own)));
        Assert.Equal("{}", Written(w => w.WriteExtra(extra, new DialectId("other"))));
        Assert.Equal("{}", Written(w => w.WriteExtra(null, own)));
        Assert.Equal(1, extra["a"]!.Value.GetInt32());
        Assert.Null(extra["c"]);
    }

    [Fact]
    public void Quotes_are_not_written_as_code_points()
    {
        Assert.Equal("""{"x":"\"<é中'&+"}""", Written(w => w.WriteString("x", "\"<é中'&+")));
    }

    private static string Write(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return Written(w =>
        {
            w.WritePropertyName("x");
            w.WriteRaw(document.RootElement);
        });
    }

    private static string Written(Action<Utf8JsonWriter> write)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output, Json.WriterOptions))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static string ReadText(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        return Json.ReadText(ref reader);
    }
}
