using Microsoft.AspNetCore.Http;

namespace Serverless.Gateway.Metering;

/// <summary>
/// The coding agents that tell who they are: most in <c>User-Agent</c>; those that use a vendor's SDK as it is in a header for the purpose, or by the
/// address that they were given.
/// </summary>
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
        ("opencode2", "opencode"),
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
        ("kimi-code", "kimi-cli"),
        ("factory-cli", "droid"),
        ("crush", "crush"),
        ("charm-crush", "crush"),
        ("goose", "goose"),
        ("zed", "zed"),
        ("aider", "aider"),
        ("antigravity", "antigravity"),
        ("deepseek-harness", "deepseek-harness"),
        ("grok-shell", "grok"),
        ("mistral-vibe", "mistral-vibe"),
        ("openclaw", "openclaw"),
        ("pi-coding-agent", "pi"),
        ("windsurf", "windsurf"),
    ];

    /// <summary>Headers that name the agent behind an SDK: Codex and Roo Code; Cline, Kilo Code, Roo Code and aider; aider.</summary>
    private static readonly string[] NamingHeaders = ["originator", "X-Title", "Editor-Version"];

    /// <summary>Headers that only one agent sends.</summary>
    private static readonly (string Header, string Name)[] TellingHeaders = [("x-cursor-client-version", "cursor"), ("X-Interaction-Type", "copilot")];

    /// <summary>Addresses that only one agent is given.</summary>
    private static readonly (string Path, string Name)[] Addresses = [("/cursor/v1/", "cursor"), ("/codex/v1/", "codex")];

    /// <summary>The name of the agent that sent a request, or null.</summary>
    public static string? Of(HttpRequest request)
    {
        if (NameOf(request.Headers.UserAgent) is { } name)
        {
            return name;
        }

        foreach (string header in NamingHeaders)
        {
            if (request.Headers.TryGetValue(header, out var value) && NameOf(value.ToString().Replace(' ', '-')) is { } named)
            {
                return named;
            }
        }

        foreach ((string header, string telling) in TellingHeaders)
        {
            if (request.Headers.ContainsKey(header))
            {
                return telling;
            }
        }

        foreach ((string path, string addressed) in Addresses)
        {
            if (request.Path.Value?.Contains(path, StringComparison.OrdinalIgnoreCase) == true)
            {
                return addressed;
            }
        }

        return null;
    }

    /// <summary>The agent that a <c>User-Agent</c> names, or null.</summary>
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
