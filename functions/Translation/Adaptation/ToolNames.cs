namespace Serverless.Translation.Adaptation;

/// <summary>The tools' names at the target, and what the client calls them.</summary>
public sealed class ToolNames
{
    /// <summary>No tool was renamed.</summary>
    public static readonly ToolNames None = new();

    private ToolNames()
    {
    }
}
