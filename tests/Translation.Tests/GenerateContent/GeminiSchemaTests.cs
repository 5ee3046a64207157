using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using NJsonSchema;
using Serverless.Translation.Dialects;
using Serverless.Translation.Dialects.Gemini;

namespace Serverless.Translation.Tests.GenerateContent;

/// <summary>Schemas as they come from tools, in the words that Gemini takes.</summary>
public sealed class GeminiSchemaTests
{
    /// <summary>Property schema, what becomes of it, and the keywords of it that the report mentions.</summary>
    public static TheoryData<string, string, string> Keywords => new()
    {
        { """{"type":"string"}""", """{"type":"string"}""", "" },
        { """{"type":"STRING","description":"d","title":"t"}""", """{"type":"string","title":"t","description":"d"}""", "" },
        { """{"const":"a"}""", """{"type":"string","enum":["a"]}""", "" },
        { """{"const":7}""", """{"type":"integer","enum":[7]}""", "" },
        { """{"const":true}""", """{"type":"boolean","description":"(always true)"}""", "enum" },
        { """{"const":null}""", """{"type":"null"}""", "" },
        { """{"enum":["a","b","a"]}""", """{"type":"string","enum":["a","b"]}""", "" },
        { """{"enum":["a",null]}""", """{"anyOf":[{"type":"string","enum":["a"]},{"type":"null"}]}""", "" },
        { """{"type":"string","enum":["","a"]}""", """{"type":"string","description":"(or the empty string)","enum":["a"]}""", "enum" },
        { """{"type":"string","enum":[""]}""", """{"type":"string","description":"(or the empty string)"}""", "enum" },
        { """{"enum":[1,2.5]}""", """{"type":"number","enum":[1,2.5]}""", "" },
        { """{"type":"boolean","enum":[true,false]}""", """{"type":"boolean"}""", "" },
        { """{"enum":["a",1]}""", """{"description":"(one of \"a\", 1)","anyOf":[{"type":"string"},{"type":"integer"}]}""", "enum" },
        { """{"enum":[{"a":1},[2]]}""", """{"description":"(one of {\"a\":1}, [2])","anyOf":[{"type":"object"},{"type":"array"}]}""", "enum" },
        { """{"type":["string","null"],"minLength":1}""", """{"type":["string","null"],"description":"(minLength: 1)"}""", "minLength" },
        { """{"type":"string","nullable":true}""", """{"type":["string","null"]}""", "" },
        { """{"nullable":true,"type":"string"}""", """{"type":["string","null"]}""", "" },
        { """{"type":["string","integer"],"minimum":3}""", """{"anyOf":[{"type":"string"},{"type":"integer","minimum":3}]}""", "" },
        { """{"type":["integer","number"]}""", """{"type":"number"}""", "" },
        { """{"type":["string","number","null"],"description":"d"}""", """{"description":"d","anyOf":[{"type":"string"},{"type":"number"},{"type":"null"}]}""", "" },
        { """{"type":"integer","exclusiveMinimum":0,"exclusiveMaximum":10}""", """{"type":"integer","minimum":1,"maximum":9}""", "exclusiveMinimum exclusiveMaximum" },
        { """{"type":"integer","minimum":5,"exclusiveMinimum":true}""", """{"type":"integer","minimum":6}""", "exclusiveMinimum" },
        { """{"type":"number","exclusiveMinimum":0}""", """{"type":"number","description":"(more than 0)","minimum":0}""", "exclusiveMinimum" },
        { """{"type":"number","maximum":3,"exclusiveMaximum":2.5}""", """{"type":"number","description":"(less than 2.5)","maximum":2.5}""", "exclusiveMaximum" },
        { """{"type":"string","minimum":1}""", """{"type":"string"}""", "" },
        { """{"type":"string","format":"date-time"}""", """{"type":"string","format":"date-time"}""", "" },
        { """{"type":"string","format":"uri"}""", """{"type":"string","description":"(format: uri)"}""", "format" },
        { """{"type":"string","pattern":"^a+$","maxLength":9,"description":"d"}""", """{"type":"string","description":"d (pattern: ^a+$; maxLength: 9)"}""", "pattern maxLength" },
        { """{"type":"array","items":{"type":"string"},"uniqueItems":true,"minItems":1,"maxItems":2}""", """{"type":"array","description":"(uniqueItems: true)","items":{"type":"string"},"minItems":1,"maxItems":2}""", "uniqueItems" },
        { """{"type":"array","uniqueItems":false}""", """{"type":"array"}""", "" },
        { """{"type":"array","items":[{"type":"string"},{"type":"number"}],"additionalItems":false}""", """{"type":"array","prefixItems":[{"type":"string"},{"type":"number"}]}""", "" },
        { """{"prefixItems":[{"type":"string"}],"items":{"type":"number"}}""", """{"type":"array","prefixItems":[{"type":"string"}],"items":{"type":"number"}}""", "" },
        { """{"type":"array","contains":{"type":"string"}}""", """{"type":"array","description":"(contains: {\"type\":\"string\"})"}""", "contains" },
        { """{"type":"integer","multipleOf":5,"default":10,"examples":[5]}""", """{"type":"integer","description":"(multipleOf: 5; default: 10; examples: [5])"}""", "multipleOf default examples" },
        { """{"type":"string","default":null,"minLength":0}""", """{"type":"string"}""", "" },
        { """{"type":"string","contentEncoding":"base64","contentMediaType":"image/png"}""", """{"type":"string","description":"(contentEncoding: base64; contentMediaType: image/png)"}""", "contentEncoding contentMediaType" },
        { """{"not":{"type":"string"}}""", """{"description":"(not: {\"type\":\"string\"})"}""", "not" },
        { """{"type":"object","properties":{"a":{"type":"string"}},"if":{"required":["a"]},"then":{"required":["b"]}}""", """{"type":"object","description":"(if: {\"required\":[\"a\"]}; then: {\"required\":[\"b\"]})","properties":{"a":{"type":"string"}}}""", "if then" },
        { """{"type":"object","patternProperties":{"^x":{"type":"string"}},"propertyNames":{"maxLength":3},"minProperties":1}""", """{"type":"object","description":"(patternProperties: {\"^x\":{\"type\":\"string\"}}; propertyNames: {\"maxLength\":3}; minProperties: 1)"}""", "patternProperties propertyNames minProperties" },
        { """{"type":"object","additionalProperties":{"type":["string","null"]}}""", """{"type":"object","additionalProperties":{"type":["string","null"]}}""", "" },
        { """{"additionalProperties":false}""", """{"type":"object","additionalProperties":false}""", "" },
        { """{"$schema":"x","$id":"y","$comment":"z","readOnly":true,"x-order":1,"type":"string"}""", """{"type":"string"}""", "" },
        { """{"anyOf":[{"type":"string","maxLength":3},{"type":"null"}],"default":null,"title":"T"}""", """{"type":["string","null"],"title":"T","description":"(maxLength: 3)"}""", "anyOf[0].maxLength" },
        { """{"oneOf":[{"type":"string"},{"type":"array","items":{"type":"string"}}]}""", """{"anyOf":[{"type":"string"},{"type":"array","items":{"type":"string"}}]}""", "oneOf" },
        { """{"oneOf":[{"type":"string"}]}""", """{"type":"string"}""", "" },
        { """{"type":"string","anyOf":[{"format":"date"},{"enum":["now"]}]}""", """{"anyOf":[{"type":"string","format":"date"},{"type":"string","enum":["now"]}]}""", "" },
        { """{"anyOf":[{"type":"string"},false,true]}""", """{"anyOf":[{"type":"string"},{}]}""", "" },
        { """{"allOf":[{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]},{"properties":{"b":{"type":"integer"}},"required":["b"]}]}""", """{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"integer"}},"required":["a","b"]}""", "" },
        { """{"allOf":[{"type":"number","minimum":1,"maximum":9},{"minimum":3,"maximum":12}],"description":"d"}""", """{"type":"number","description":"d","minimum":3,"maximum":9}""", "" },
        { """{"type":"object","properties":{"k":{"type":"string"}},"anyOf":[{"required":["k"]},{"properties":{"m":{"type":"string"}},"required":["m"]}]}""", """{"type":"object","description":"(required: k, or m)","properties":{"k":{"type":"string"},"m":{"type":"string"}}}""", "anyOf" },
        { """{"type":"object","required":["ghost","a"],"properties":{"a":{"type":"string"}}}""", """{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}""", "required" },
        { """{"properties":{"gone":false,"any":true,"a":{}}}""", """{"type":"object","properties":{"any":{},"a":{}}}""", "properties.gone" },
        { """{"type":"object","properties":{"type":{"type":"string"},"enum":{"type":"array","items":{}},"$ref":{"type":"string"},"properties":{"type":"object"}},"required":["type","$ref"]}""", """{"type":"object","properties":{"type":{"type":"string"},"enum":{"type":"array","items":{}},"$ref":{"type":"string"},"properties":{"type":"object"}},"required":["type","$ref"]}""", "" },
        { """{"type":"any","wordOfTomorrow":1}""", """{}""", "wordOfTomorrow" },
        { """{"$ref":"#/nowhere","description":"d"}""", """{"description":"d"}""", "$ref" },
        { """{"$ref":"https://other.test/schema"}""", """{}""", "$ref" },
    };

    [Theory]
    [MemberData(nameof(Keywords))]
    public void EveryKeywordIsTakenToldOrReported(string schema, string expected, string reported)
    {
        (JsonElement made, TranslationReport report) = Parameters($$$$$"""{"type":"object","properties":{"p":{{{{{schema}}}}}}}""");
        Gemini.Equal(expected, made.At("properties.p"));
        Assert.Equal(
            reported.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(k => $"tools[0].parameters.properties.p.{k}"),
            report.Entries.Select(e => e.Field));
        Assert.Empty(StrictGeminiSchema.Faults(made, isParameters: true));
    }

    [Fact]
    public void ReferencesAreReplacedByWhatTheyPointTo()
    {
        (JsonElement made, TranslationReport report) = Parameters("""
            {"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{
              "from":{"$ref":"#/$defs/place","description":"where from"},"to":{"$ref":"#/definitions/a~1b%20c"},"same":{"$ref":"#/properties/from"}},
             "$defs":{"place":{"type":"object","description":"a place","properties":{"city":{"type":"string"}},"required":["city"]}},
             "definitions":{"a/b c":{"anyOf":[{"$ref":"#/$defs/place"},{"type":"null"}]}}}
            """);
        Gemini.Equal("""
            {"type":"object","properties":{
              "from":{"type":"object","description":"where from","properties":{"city":{"type":"string"}},"required":["city"]},
              "to":{"type":["object","null"],"description":"a place","properties":{"city":{"type":"string"}},"required":["city"]},
              "same":{"type":"object","description":"where from","properties":{"city":{"type":"string"}},"required":["city"]}}}
            """,
            made);
        Assert.Empty(report.Entries);
    }

    [Fact]
    public void ASchemaThatContainsItselfIsCutOff()
    {
        (JsonElement made, TranslationReport report) = Parameters("""
            {"type":"object","properties":{"root":{"$ref":"#/$defs/node"}},
             "$defs":{"node":{"type":"object","description":"a node","properties":{"value":{"type":"string"},"children":{"type":"array","items":{"$ref":"#/$defs/node"}}}}}}
            """);
        Gemini.Equal("""{"type":"object","description":"a node"}""", made.At("properties.root.properties.children.items"));
        Assert.Single(report.Entries, e => !e.Dropped && e.Field.EndsWith("$ref", StringComparison.Ordinal));
        Assert.Empty(StrictGeminiSchema.Faults(made, isParameters: true));
        (made, _) = Parameters("""{"type":"object","properties":{"again":{"$ref":"#"}}}""");
        Assert.Empty(StrictGeminiSchema.Faults(made, isParameters: true));
        (made, _) = Parameters("""{"type":"object","properties":{"a":{"$ref":"#/properties/b"},"b":{"$ref":"#/properties/a"}}}""");
        Assert.Empty(StrictGeminiSchema.Faults(made, isParameters: true));
    }

    [Fact]
    public void ReferencesThatMultiplyDoNotExplode()
    {
        // Each level names the next one twice: 2^40 schemas when written out.
        JsonObject levels = [];
        for (int i = 0; i < 40; i++)
        {
            levels[$"l{i}"] = new JsonObject { ["properties"] = new JsonObject { ["a"] = new JsonObject { ["$ref"] = $"#/$defs/l{i + 1}" }, ["b"] = new JsonObject { ["$ref"] = $"#/$defs/l{i + 1}" } } };
        }

        levels["l40"] = new JsonObject { ["type"] = "string" };
        (JsonElement made, TranslationReport report) = Parameters(new JsonObject { ["$ref"] = "#/$defs/l0", ["$defs"] = levels }.ToJsonString());
        Assert.Empty(StrictGeminiSchema.Faults(made, isParameters: true));
        Assert.True(made.GetRawText().Length < 1_000_000);
        Assert.NotEmpty(report.Entries);
    }

    [Theory]
    [InlineData("{}", null)]
    [InlineData("""{"type":"object"}""", null)]
    [InlineData("""{"type":"object","properties":{},"additionalProperties":false}""", null)]
    [InlineData("true", null)]
    [InlineData("""{"type":"object","additionalProperties":true}""", """{"type":"object","additionalProperties":true}""")]
    [InlineData("""{"type":["object","null"],"properties":{"a":{"type":"string"}}}""", """{"type":"object","properties":{"a":{"type":"string"}}}""")]
    [InlineData("""{"type":"string"}""", null)]
    [InlineData("""{"anyOf":[{"type":"object","properties":{"kind":{"const":"a"},"x":{"type":"string"}},"required":["kind","x"]},{"type":"object","properties":{"kind":{"const":"b"}},"required":["kind"]}]}""",
        """{"type":"object","description":"(required: kind and x, or kind)","properties":{"kind":{"type":"string","enum":["a","b"]},"x":{"type":"string"}},"required":["kind"]}""")]
    public void ParametersAreAnObjectOrNothing(string schema, string? expected)
    {
        var report = new TranslationReport();
        GeminiSchemaNode? node = GeminiSchema.Parameters(Gemini.Json(schema), "tools[0].parameters", report);
        if (expected is null)
        {
            Assert.Null(node);
        }
        else
        {
            Gemini.Equal(expected, Written(node!));
        }
    }

    [Fact]
    public void AnAnswersSchemaNeedNotBeAnObject()
    {
        var report = new TranslationReport();
        Gemini.Equal("""{"type":"array","items":{"type":"string"}}""", Written(GeminiSchema.Response(Gemini.Json("""{"type":"array","items":{"type":"string"}}"""), "s", report)));
        Gemini.Equal("""{"anyOf":[{"type":"string"},{"type":"integer"}]}""", Written(GeminiSchema.Response(Gemini.Json("""{"anyOf":[{"type":"string"},{"type":"integer"}]}"""), "s", report)));
    }

    [Fact]
    public void TheSameSchemaGivesTheSameBytesAndPropertiesKeepTheirOrder()
    {
        const string Schema = """{"required":["z"],"properties":{"z":{"type":"string"},"a":{"enum":["y","x"]},"m":{"type":"integer"}},"type":"object"}""";
        string first = Parameters(Schema).Made.GetRawText();
        Assert.Equal(first, Parameters(Schema).Made.GetRawText());
        Assert.Equal("""{"type":"object","properties":{"z":{"type":"string"},"a":{"type":"string","enum":["y","x"]},"m":{"type":"integer"}},"required":["z"]}""", first);
    }

    [Fact]
    public void AnySchemaBecomesOneThatGeminiTakesAndReadingItAgainChangesNothing() => Schemas(4).Sample(
        schema =>
        {
            string json = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["p"] = schema.DeepClone() } }.ToJsonString();
            JsonElement made = Parameters(json).Made;
            List<string> faults = StrictGeminiSchema.Faults(made, isParameters: true);
            Assert.True(faults.Count == 0, string.Join('\n', faults) + "\n" + made.GetRawText());
            Assert.Equal(made.GetRawText(), Parameters(made.GetRawText()).Made.GetRawText());
        },
        iter: 2000,
        print: s => s.ToJsonString());

    [Theory]
    [InlineData("""{"a":1,"s":"x","t":["u"]}""")]
    [InlineData("""{"a":4,"s":null,"t":[],"d":{"n":"m"}}""")]
    public async Task WhatTheSchemaAllowsIsStillAllowed(string value)
    {
        const string Schema = """
            {"type":"object","properties":{"a":{"type":"integer","exclusiveMinimum":0,"exclusiveMaximum":5},"s":{"type":["string","null"],"maxLength":3},
              "t":{"type":"array","items":{"oneOf":[{"enum":["u"]},{"enum":["v"]}]},"uniqueItems":true},"d":{"$ref":"#/$defs/d"}},"required":["a"],"additionalProperties":false,
             "$defs":{"d":{"allOf":[{"type":"object","properties":{"n":{"type":"string"}}}]}}}
            """;
        JsonSchema original = await JsonSchema.FromJsonAsync(Schema, TestContext.Current.CancellationToken);
        JsonSchema made = await JsonSchema.FromJsonAsync(Parameters(Schema).Made.GetRawText(), TestContext.Current.CancellationToken);
        Assert.Empty(original.Validate(value));
        Assert.Empty(made.Validate(value));
        Assert.NotEmpty(made.Validate("""{"a":0}"""));
        Assert.NotEmpty(made.Validate("""{"a":1,"other":2}"""));
        Assert.NotEmpty(made.Validate("""{"s":"x"}"""));
    }

    private static Gen<JsonObject> Schemas(int depth)
    {
        Gen<JsonNode?> leaf = OneOf("\"a\"", "1", "2.5", "true", "null", "\"\"", "{\"k\":1}", "[1]").Select(s => JsonNode.Parse(s));
        Gen<JsonNode?> inner = depth == 0 ? Gen.Bool.Select(_ => (JsonNode?)new JsonObject()) : Schemas(depth - 1).Select(s => (JsonNode?)s);
        Gen<JsonNode?> maybe = Gen.Frequency((8, inner), (1, Gen.Bool.Select(b => (JsonNode?)JsonValue.Create(b))));
        Gen<JsonNode?> list = maybe.List[0, 3].Select(l => (JsonNode?)new JsonArray([.. l.Select(n => n?.DeepClone())]));
        Gen<JsonNode?> map = Gen.Select(OneOf("a", "type", "$ref").List[0, 2], maybe).Select((names, s) =>
            (JsonNode?)new JsonObject(names.Distinct().Select(n => KeyValuePair.Create(n, s?.DeepClone()))));
        Gen<JsonNode?> type = OneOf("\"string\"", "\"integer\"", "\"object\"", "\"array\"", "\"null\"", "[\"string\",\"null\"]", "[\"integer\",\"boolean\"]", "\"odd\"", "7").Select(s => JsonNode.Parse(s));
        Gen<(string, JsonNode?)> keyword = Gen.OneOf(
            type.Select(v => ("type", v)),
            leaf.List[0, 3].Select(l => ("enum", (JsonNode?)new JsonArray([.. l.Select(n => n?.DeepClone())]))),
            leaf.Select(v => ("const", v)),
            map.Select(v => ("properties", v)),
            OneOf("a", "ghost").Select(n => ("required", (JsonNode?)new JsonArray(n))),
            maybe.Select(v => ("items", v)),
            list.Select(v => ("prefixItems", v)),
            maybe.Select(v => ("additionalProperties", v)),
            list.Select(v => ("anyOf", v)),
            list.Select(v => ("oneOf", v)),
            list.Select(v => ("allOf", v)),
            leaf.Select(v => ("minimum", v)),
            leaf.Select(v => ("exclusiveMaximum", v)),
            leaf.Select(v => ("minItems", v)),
            leaf.Select(v => ("format", v)),
            leaf.Select(v => ("description", v)),
            leaf.Select(v => ("pattern", v)),
            OneOf("#", "#/properties/p", "#/x").Select(v => ("$ref", (JsonNode?)JsonValue.Create(v))),
            Gen.Bool.Select(v => ("nullable", (JsonNode?)JsonValue.Create(v))));
        return keyword.List[0, 4].Select(words => new JsonObject(words.DistinctBy(w => w.Item1).Select(w => KeyValuePair.Create(w.Item1, w.Item2?.DeepClone()))));
    }

    private static Gen<string> OneOf(params string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static (JsonElement Made, TranslationReport Report) Parameters(string schema)
    {
        var report = new TranslationReport();
        return (Written(GeminiSchema.Parameters(Gemini.Json(schema), "tools[0].parameters", report)!), report);
    }

    private static JsonElement Written(GeminiSchemaNode node)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output, Translation.Wire.Json.WriterOptions))
        {
            node.Write(writer);
        }

        return Gemini.Json(Encoding.UTF8.GetString(output.WrittenSpan));
    }
}
