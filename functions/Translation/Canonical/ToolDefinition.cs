using System.Text.Json;

namespace Serverless.Translation.Canonical;

/// <summary>A tool that the model may use. The hierarchy is closed.</summary>
public abstract record ToolDefinition
{
    private protected ToolDefinition()
    {
    }

    /// <summary>Set when the client marked this tool as the end of a cacheable prefix.</summary>
    public CacheBreakpoint? Cache { get; init; }

    /// <summary>Fields that only the client's dialect knows.</summary>
    public ExtraFields? Extra { get; init; }
}

/// <summary>A function of the client's, called with a JSON object.</summary>
/// <param name="Name">Unique within its <see cref="Namespace"/>.</param>
public sealed record FunctionTool(string Name) : ToolDefinition
{
    /// <summary>When and how to use it.</summary>
    public string? Description { get; init; }

    /// <summary>JSON Schema of the arguments; null for a function without parameters.</summary>
    public JsonElement? Parameters { get; init; }

    /// <summary>True to enforce the schema while decoding.</summary>
    public bool? Strict { get; init; }

    /// <summary>The group that the tool belongs to (Responses <c>namespace</c> tools).</summary>
    public string? Namespace { get; init; }

    /// <summary>What the group is for; on the group's first tool only.</summary>
    public string? NamespaceDescription { get; init; }
}

/// <summary>A tool of the client's that is called with one free text.</summary>
public sealed record CustomTool(string Name) : ToolDefinition
{
    /// <summary>When and how to use it.</summary>
    public string? Description { get; init; }

    /// <summary>The form of the text as OpenAI writes it: <c>{"type":"text"}</c> or a grammar, its fields flat (<c>{"type":"grammar","syntax":…,"definition":…}</c>).</summary>
    public JsonElement? Format { get; init; }

    /// <summary>The group that the tool belongs to (Responses <c>namespace</c> tools).</summary>
    public string? Namespace { get; init; }

    /// <summary>What the group is for; on the group's first tool only.</summary>
    public string? NamespaceDescription { get; init; }
}

/// <summary>A tool that the provider runs (web search, code execution). Only its own dialect can say it.</summary>
/// <param name="Dialect">The dialect that it is written back into.</param>
/// <param name="Type">Its type on the wire, for example <c>web_search_20250305</c>.</param>
/// <param name="Json">The whole declaration.</param>
/// <param name="Path">Where it stood, for the report.</param>
public sealed record ServerTool(DialectId Dialect, string Type, JsonElement Json, string Path) : ToolDefinition;

/// <summary>Whether and which tool must be used.</summary>
/// <param name="Mode">What is asked of the model.</param>
public sealed record ToolChoice(ToolChoiceMode Mode)
{
    /// <summary>The tool to use, when <see cref="Mode"/> is <see cref="ToolChoiceMode.Named"/>.</summary>
    public string? Name { get; init; }

    /// <summary>The named tool's namespace.</summary>
    public string? Namespace { get; init; }

    /// <summary>Kind of the named tool.</summary>
    public ToolKind Kind { get; init; }

    /// <summary>The only tools that may be used; null when all may. With <see cref="ToolChoiceMode.Auto"/> or <see cref="ToolChoiceMode.Required"/>.</summary>
    public IReadOnlyList<string>? Allowed { get; init; }

    /// <summary>A choice that only its own dialect can say (a hosted tool).</summary>
    public OpaquePart? Opaque { get; init; }
}

/// <summary>What is asked of the model as to tools.</summary>
public enum ToolChoiceMode
{
    /// <summary>It decides.</summary>
    Auto,

    /// <summary>It must not use any.</summary>
    None,

    /// <summary>It must use at least one.</summary>
    Required,

    /// <summary>It must use the named one.</summary>
    Named,
}
