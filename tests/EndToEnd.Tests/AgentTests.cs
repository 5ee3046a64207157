using System.Diagnostics;

namespace Serverless.EndToEnd.Tests;

/// <summary>
/// Coding agents themselves, headless, each on every provider dialect: a streamed answer, and a turn with a call and its result. They are
/// hundreds of megabytes large, so that this runs only where <c>SERVERLESS_AGENTS</c> names a folder that has them:
/// <code>
/// npm install --prefix $SERVERLESS_AGENTS @anthropic-ai/claude-code @openai/codex @google/gemini-cli opencode-ai
/// </code>
/// Each has a home of its own that is thrown away. Gemini CLI wants Node 20 or later on the path.
/// </summary>
public sealed class AgentTests(Gateway gateway)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    public static TheoryData<string, string> Runs
    {
        get
        {
            var runs = new TheoryData<string, string>();
            foreach (string agent in (string[])["claude", "codex", "gemini", "opencode"])
            {
                foreach (string provider in (string[])["chat", "responses", "anthropic", "gemini"])
                {
                    runs.Add(agent, provider);
                }
            }

            return runs;
        }
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public async Task An_agent_gets_its_answer(string agent, string provider) => Assert.Contains("Hello, wörld 🌍!", await RunAsync(agent, $"{provider}/text"), StringComparison.Ordinal);

    /// <summary>The provider asks for a tool that no agent has: the agent says so in a result, and the provider's words about that end the turn.</summary>
    [Theory]
    [MemberData(nameof(Runs))]
    public async Task An_agent_sends_a_result_and_gets_its_answer(string agent, string provider) => Assert.Contains("Results: ", await RunAsync(agent, $"{provider}/agent"), StringComparison.Ordinal);

    private async Task<string> RunAsync(string agent, string model)
    {
        string? folder = Environment.GetEnvironmentVariable("SERVERLESS_AGENTS");
        string program = Path.Combine(folder ?? "", "node_modules", ".bin", agent);
        Assert.SkipUnless(folder is not null && File.Exists(program), "SERVERLESS_AGENTS names no folder with this agent.");
        string home = Directory.CreateTempSubdirectory("serverless-agent-").FullName;
        try
        {
            var start = new ProcessStartInfo(program) { WorkingDirectory = home, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
            start.Environment.Clear();
            start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH");
            start.Environment["HOME"] = home;
            start.Environment["KEY"] = Gateway.Key;
            Configure(agent, model, home, start);
            using Process process = Process.Start(start)!;
            process.StandardInput.Close();
            Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            patience.CancelAfter(Patience);
            try
            {
                await process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
            }

            string said = await output;
            Assert.True(process is { HasExited: true, ExitCode: 0 }, $"{agent} on {model} ended badly.\n{said}\n{await errors}");
            return said;
        }
        finally
        {
            Directory.Delete(home, recursive: true);
        }
    }

    private void Configure(string agent, string model, string home, ProcessStartInfo start)
    {
        switch (agent)
        {
            case "claude":
                Set("ANTHROPIC_BASE_URL", $"{gateway.Url}/anthropic", "ANTHROPIC_AUTH_TOKEN", Gateway.Key, "ANTHROPIC_MODEL", model, "ANTHROPIC_DEFAULT_HAIKU_MODEL", model);
                Set("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1", "DISABLE_AUTOUPDATER", "1");
                Say("-p", "Say hello", "--output-format", "text");
                break;
            case "codex":
                Write(".codex/config.toml", $"""
                    model = "{model}"
                    model_provider = "gateway"
                    [model_providers.gateway]
                    name = "gateway"
                    base_url = "{gateway.Url}/codex/v1"
                    wire_api = "responses"
                    env_key = "KEY"
                    """);
                Say("exec", "--skip-git-repo-check", "--sandbox", "read-only", "Say hello");
                break;
            case "gemini":
                Write(".gemini/settings.json", """{"security":{"auth":{"selectedType":"gemini-api-key"}},"privacy":{"usageStatisticsEnabled":false}}""");
                Set("GOOGLE_GEMINI_BASE_URL", $"{gateway.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}/gemini", "GEMINI_API_KEY", Gateway.Key, "GEMINI_MODEL", model);
                Say("--skip-trust", "-p", "Say hello");
                break;
            default:
                Write("opencode.json", $$$"""
                    {"autoupdate":false,"share":"disabled","enabled_providers":["gateway"],"small_model":"gateway/{{{model}}}",
                     "provider":{"gateway":{"npm":"@ai-sdk/openai-compatible","options":{"baseURL":"{{{gateway.Url}}}/openai/v1","apiKey":"{env:KEY}"},"models":{"{{{model}}}":{} } } } }
                    """);
                Set("OPENCODE_DISABLE_MODELS_FETCH", "1", "OPENCODE_DISABLE_AUTOUPDATE", "1", "OPENCODE_DISABLE_LSP_DOWNLOAD", "1");
                Say("run", "-m", $"gateway/{model}", "Say hello");
                break;
        }

        void Set(params string[] variables)
        {
            for (int i = 0; i < variables.Length; i += 2)
            {
                start.Environment[variables[i]] = variables[i + 1];
            }
        }

        void Say(params string[] arguments)
        {
            foreach (string argument in arguments)
            {
                start.ArgumentList.Add(argument);
            }
        }

        void Write(string name, string content)
        {
            string path = Path.Combine(home, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, content);
        }
    }
}
