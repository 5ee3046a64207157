[assembly: AssemblyFixture(typeof(Serverless.EndToEnd.Tests.Gateway))]
[assembly: AssemblyFixture(typeof(Serverless.EndToEnd.Tests.JavaScriptClients))]

namespace Serverless.EndToEnd.Tests;

/// <summary>The vendors' own JavaScript clients on every provider dialect; what is checked stands in <c>clients/*.mjs</c>.</summary>
public sealed class JavaScriptClientTests(Gateway gateway, JavaScriptClients clients)
{
    private static readonly string[] Providers = ["chat", "responses", "anthropic", "gemini"];

    private static readonly string[] Chat = ["text", "stream", "tool loop", "tool loop, streamed", "parallel tools", "reasoning", "image", "structured output", "errors", "abort"];

    public static TheoryData<string, string, string> Checks()
    {
        var data = new TheoryData<string, string, string>();
        foreach (string provider in Providers)
        {
            foreach (string check in Chat)
            {
                data.Add("openai-chat.mjs", provider, check);
                data.Add("openai-responses.mjs", provider, check);
                data.Add("anthropic.mjs", provider, check);
                data.Add("genai.mjs", provider, check);
            }

            data.Add("openai-chat.mjs", provider, "stream without usage");
            data.Add("openai-responses.mjs", provider, "input tokens");
            data.Add("anthropic.mjs", provider, "count tokens");
            data.Add("genai.mjs", provider, "count tokens");
        }

        foreach (string provider in (string[])["chat", "gemini"])
        {
            data.Add("openai-chat.mjs", provider, "embeddings");
            data.Add("genai.mjs", provider, "embeddings");
        }

        data.Add("openai-chat.mjs", "chat", "models");
        data.Add("openai-chat.mjs", "chat", "wrong key");
        data.Add("anthropic.mjs", "anthropic", "models");
        data.Add("anthropic.mjs", "anthropic", "both credentials");
        data.Add("genai.mjs", "gemini", "models");
        return data;
    }

    [Theory]
    [MemberData(nameof(Checks))]
    public async Task Holds(string script, string provider, string check)
    {
        Finding finding = await clients.FindAsync(gateway, script, provider, check);
        Assert.True(finding.Error is null, finding.Error);
    }
}
