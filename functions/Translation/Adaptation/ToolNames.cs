using Serverless.Translation.Canonical;

namespace Serverless.Translation.Adaptation;

/// <summary>The tools' names at the target, and what the client calls them. Made by <see cref="ToolNaming"/>; immutable.</summary>
public sealed class ToolNames
{
    /// <summary>No tool was renamed.</summary>
    public static readonly ToolNames None = new([]);

    private readonly Dictionary<TargetTool, ClientTool> _clients;

    internal ToolNames(Dictionary<TargetTool, ClientTool> clients) => _clients = clients;

    /// <summary>True when the client's names are the target's.</summary>
    public bool IsEmpty => _clients.Count == 0;

    /// <summary>What the client calls a tool that the target knows by another name or as another kind.</summary>
    internal bool TryFind(TargetTool target, out ClientTool client) => _clients.TryGetValue(target, out client);
}

/// <summary>A tool as the client knows it.</summary>
internal readonly record struct ClientTool(string? Namespace, string Name, ToolKind Kind);

/// <summary>A tool as the target knows it.</summary>
internal readonly record struct TargetTool(string? Namespace, string Name);
