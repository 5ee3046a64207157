using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests;

/// <summary>A report calls a field as its client does, in whichever words the field was read or written.</summary>
public sealed class FieldNamesTests
{
    private const string Chat = """
        {"max_completion_tokens":9,"reasoning_effort":"low","stop":["a"],"tools":[{"type":"function","function":{"name":"f","parameters":{},"strict":true}},{"type":"web_search"}],
         "messages":[{"role":"assistant","reasoning_content":"r","tool_calls":[{"id":"c","extra_content":{}}]},{"role":"user","name":"n","content":[{"type":"file","file":{"file_id":"f"}}]}]}
        """;

    private const string Messages = """
        {"max_tokens":9,"thinking":{"type":"enabled"},"output_config":{"effort":"low","format":{}},"stop_sequences":["a"],"metadata":{"user_id":"u"},
         "system":[{"type":"text","cache_control":{}}],"tools":[{"name":"f","input_schema":{},"cache_control":{}}],
         "messages":[{"role":"user","content":[{"type":"document","source":{"type":"file","file_id":"f"}}]}]}
        """;

    private const string Responses = """
        {"max_output_tokens":9,"instructions":"i","reasoning":{"effort":"low"},"text":{"verbosity":"low","format":{"strict":true}},
         "tools":[{"type":"function","name":"f","parameters":{}},{"type":"namespace","name":"ns","tools":[{"type":"function","name":"g","strict":true}]}],"input":[{"type":"reasoning","encrypted_content":"e"}]}
        """;

    private const string Gemini = """
        {"generation_config":{"max_output_tokens":9,"stopSequences":["a"],"thinkingConfig":{"thinkingBudget":1}},"systemInstruction":{},
         "tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{},"behavior":"x"}]},{"googleSearch":{}}],"contents":[{"parts":[{"thoughtSignature":"s"}]}]}
        """;

    [Theory]
    [InlineData("openai.chat-completions", Chat, "max_tokens", "max_completion_tokens")]
    [InlineData("openai.chat-completions", Chat, "reasoning", "reasoning_effort")]
    [InlineData("openai.chat-completions", Chat, "reasoning.budget", "reasoning_effort")]
    [InlineData("openai.chat-completions", Chat, "tools[f].strict", "tools[f].function.strict")]
    [InlineData("openai.chat-completions", Chat, "tools[f].parameters.properties.x.pattern", "tools[f].function.parameters.properties.x.pattern")]
    [InlineData("openai.chat-completions", Chat, "tools[web_search]", "tools[web_search]")]
    [InlineData("openai.chat-completions", Chat, "messages[].reasoning", "messages[].reasoning_content")]
    [InlineData("openai.chat-completions", Chat, "messages[].signature", "messages[].tool_calls[].extra_content")]
    [InlineData("openai.chat-completions", Chat, "messages[1].name", "messages[].name")]
    [InlineData("openai.chat-completions", Chat, "messages[].file_id", "messages[].content[].file.file_id")]
    [InlineData("openai.chat-completions", Chat, "stop[5]", "stop[]")]
    [InlineData("openai.chat-completions", Chat, "parallel_tool_calls", "")]
    [InlineData("openai.chat-completions", """{"functions":[{"name":"f","parameters":{}}]}""", "tools[f].parameters", "functions[f].parameters")]
    [InlineData("anthropic.messages", Messages, "reasoning", "thinking output_config.effort")]
    [InlineData("anthropic.messages", Messages, "reasoning.effort", "output_config.effort thinking")]
    [InlineData("anthropic.messages", Messages, "stop", "stop_sequences")]
    [InlineData("anthropic.messages", Messages, "user", "metadata.user_id")]
    [InlineData("anthropic.messages", Messages, "response_format.schema", "output_config.format.schema")]
    [InlineData("anthropic.messages", Messages, "cache_control", "tools[].cache_control system[].cache_control")]
    [InlineData("anthropic.messages", Messages, "tools[f].parameters.properties.a[0]", "tools[f].input_schema.properties.a[]")]
    [InlineData("anthropic.messages", Messages, "tools[0].defer_loading", "tools[].defer_loading")]
    [InlineData("anthropic.messages", Messages, "messages[].document", "messages[].content[document]")]
    [InlineData("openai.responses", Responses, "max_tokens", "max_output_tokens")]
    [InlineData("openai.responses", Responses, "verbosity", "text.verbosity")]
    [InlineData("openai.responses", Responses, "response_format.strict", "text.format.strict")]
    [InlineData("openai.responses", Responses, "messages[3].role", "input[].role")]
    [InlineData("openai.responses", Responses, "messages[].reasoning", "input[reasoning]")]
    [InlineData("openai.responses", Responses, "input[7].phase", "input[].phase")]
    [InlineData("openai.responses", Responses, "system", "instructions")]
    [InlineData("openai.responses", Responses, "tools[g].strict", "tools[].tools[g].strict")]
    [InlineData("gemini.generate-content", Gemini, "max_tokens", "generationConfig.maxOutputTokens")]
    [InlineData("gemini.generate-content", Gemini, "reasoning.effort", "generationConfig.thinkingConfig.thinkingBudget")]
    [InlineData("gemini.generate-content", Gemini, "tools[f].parameters.anyOf[1]", "tools[].functionDeclarations[f].parametersJsonSchema.anyOf[]")]
    [InlineData("gemini.generate-content", Gemini, "tools[0].functionDeclarations[0].behavior", "tools[].functionDeclarations[].behavior")]
    [InlineData("gemini.generate-content", Gemini, "tools[1].googleSearch", "tools[].googleSearch")]
    [InlineData("gemini.generate-content", Gemini, "messages[].signature", "contents[].parts[].thoughtSignature")]
    public void AFieldHasTheClientsName(string client, string request, string field, string names)
    {
        var report = new TranslationReport(DialectCatalog.ChatDialect(new DialectId(client)).FieldNames, JsonElement.Parse(request));
        report.Drop(field, "reason");
        Assert.Equal(names, string.Join(' ', report.Entries.Select(e => e.Field)));
    }

    [Fact]
    public void AToolIsCalledAsTheClientCallsItEvenWhereItsProviderIsToldAnotherName()
    {
        IChatDialect client = DialectCatalog.ChatDialect(DialectIds.ChatCompletions);
        byte[] body = """{"model":"m","messages":[{"role":"user","content":"q"}],"tools":[{"type":"function","function":{"name":"1st tool","strict":true,"parameters":{"type":"object"}}}]}"""u8.ToArray();
        var report = new TranslationReport(client.FieldNames, JsonElement.Parse(body));
        CrossedRequest crossed = Crossing.Encode(Crossing.Decode(client, body, default), DialectCatalog.ChatDialect(DialectIds.GenerateContent), report: report);
        Assert.Contains(crossed.Report.Entries, e => e.Field == "tools[1st tool].function.strict");
    }

    [Fact]
    public void WithoutAClientFieldsAreCalledAsTheyAreKnown()
    {
        var report = new TranslationReport();
        report.Drop("tools[f].parameters", "reason");
        Assert.Equal("tools[f].parameters", Assert.Single(report.Entries).Field);
    }
}
