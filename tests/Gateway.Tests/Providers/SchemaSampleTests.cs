using System.Text.Json;
using Serverless.Gateway.Providers.Demo;

namespace Serverless.Gateway.Tests.Providers;

public sealed class SchemaSampleTests
{
    [Theory]
    [InlineData("""{"type":"object"}""", "{}")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"required":["b"]}""", """{"b":"said"}""")]
    [InlineData("""{"const":{"x":[1]}}""", """{"x":[1]}""")]
    [InlineData("""{"enum":[3,4]}""", "3")]
    [InlineData("""{"type":["null","integer"],"exclusiveMinimum":4}""", "5")]
    [InlineData("""{"type":"number","minimum":0.5,"maximum":0.75}""", "0.75")]
    [InlineData("""{"type":"integer","minimum":10,"multipleOf":4}""", "12")]
    [InlineData("""{"type":"array","items":{"type":"boolean"},"minItems":2}""", "[true,true]")]
    [InlineData("""{"anyOf":[{"type":"null"},{"type":"boolean"}]}""", "true")]
    [InlineData("""{"type":"string","format":"date"}""", "\"2026-01-01\"")]
    [InlineData("""{"type":"string","minLength":6}""", "\"said..\"")]
    [InlineData("""{"type":"string","maxLength":2}""", "\"sa\"")]
    [InlineData("""{"$defs":{"p":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}},"$ref":"#/$defs/p"}""", """{"city":"Paris"}""")]
    [InlineData("""{"allOf":[{"type":"object","properties":{"a":{"const":1}},"required":["a"]},{"properties":{"b":{"const":2}},"required":["b"]}]}""", """{"a":1,"b":2}""")]
    [InlineData("true", "{\"answer\":\"said\"}")]
    public void A_value_satisfies_its_schema(string schema, string value) => Assert.Equal(value, SchemaSample.Of(JsonElement.Parse(schema), "said"));

    [Fact]
    public void A_schema_that_holds_itself_ends()
    {
        string json = SchemaSample.Of(JsonElement.Parse("""{"$defs":{"n":{"type":"object","properties":{"next":{"$ref":"#/$defs/n"}},"required":["next"]}},"$ref":"#/$defs/n"}"""), "said");
        Assert.StartsWith("""{"next":{"next":""", json);
    }

    [Fact]
    public void A_reference_in_a_circle_ends() => Assert.NotEmpty(SchemaSample.Of(JsonElement.Parse("""{"$ref":"#"}"""), "said"));
}
