namespace Serverless.Gateway.Metering;

/// <summary>The coding agents that tell who they are in <c>User-Agent</c>.</summary>
internal static class CodingAgent
{
    private static readonly (string Mark, string Name)[] Known =
    [
        ("claude-cli", "claude-code"),
        ("claude-code", "claude-code"),
        ("codex", "codex"),
        ("geminicli", "gemini-cli"),
        ("gemini-cli", "gemini-cli"),
        ("cursor", "cursor"),
        ("opencode", "opencode"),
        ("copilot", "copilot"),
        ("cline", "cline"),
        ("aider", "aider"),
    ];

    /// <summary>The agent's name, or null.</summary>
    public static string? NameOf(string? userAgent)
    {
        if (userAgent is not null)
        {
            foreach ((string mark, string name) in Known)
            {
                if (userAgent.Contains(mark, StringComparison.OrdinalIgnoreCase))
                {
                    return name;
                }
            }
        }

        return null;
    }
}
