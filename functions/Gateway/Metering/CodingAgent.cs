namespace Serverless.Gateway.Metering;

/// <summary>The coding agents that tell who they are in <c>User-Agent</c>.</summary>
internal static class CodingAgent
{
    /// <summary>How the name of a product begins, as agents write it (<c>claude-cli/2.1.0 (external, cli)</c>, <c>GeminiCLI/0.9 (linux)</c>), and what it is called here.</summary>
    private static readonly (string Product, string Name)[] Known =
    [
        ("claude-cli", "claude-code"),
        ("claude-code", "claude-code"),
        ("codex", "codex"),
        ("geminicli", "gemini-cli"),
        ("gemini-cli", "gemini-cli"),
        ("cursor", "cursor"),
        ("opencode", "opencode"),
        ("copilot", "copilot"),
        ("githubcopilot", "copilot"),
        ("github-copilot", "copilot"),
        ("cline", "cline"),
        ("roocode", "roo-code"),
        ("roo-code", "roo-code"),
        ("kilo-code", "kilo-code"),
        ("kilocode", "kilo-code"),
        ("qwencode", "qwen-code"),
        ("qwen-code", "qwen-code"),
        ("kimicli", "kimi-cli"),
        ("factory-cli", "droid"),
        ("crush", "crush"),
        ("goose", "goose"),
        ("zed", "zed"),
        ("aider", "aider"),
    ];

    /// <summary>The agent's name, or null.</summary>
    public static string? NameOf(string? userAgent)
    {
        ReadOnlySpan<char> text = userAgent;
        for (int start = 0; start < text.Length; start++)
        {
            // A product's name begins at a word and ends before its version, or goes on as codex_cli_rs does.
            if (start > 0 && text[start - 1] is not (' ' or '(' or ';' or ','))
            {
                continue;
            }

            foreach ((string product, string name) in Known)
            {
                if (text[start..].StartsWith(product, StringComparison.OrdinalIgnoreCase) && Ends(text[(start + product.Length)..]))
                {
                    return name;
                }
            }
        }

        return null;
    }

    private static bool Ends(ReadOnlySpan<char> rest) => rest.IsEmpty || rest[0] is '/' or ' ' or '_' or '-' or ';' or ')' or ',' || rest.StartsWith("chat/", StringComparison.OrdinalIgnoreCase);
}
