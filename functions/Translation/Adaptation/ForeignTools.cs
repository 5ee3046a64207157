using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// Leaves out the tools that only another dialect's providers run, and mends a tool choice that leant on them. A function of the
/// client's that has the same name stays and can still be chosen.
/// </summary>
internal static class ForeignTools
{
    /// <summary>The request without foreign tools.</summary>
    public static ChatRequest Remove(ChatRequest request, DialectId target, TranslationReport report)
    {
        IReadOnlyList<ToolDefinition> tools = request.Tools.Rewrite((tool, _) =>
        {
            if (tool is not ServerTool server || server.Dialect == target)
            {
                return tool;
            }

            report.Drop(FieldNames.Of(server), $"'{server.Type}' runs at providers of {server.Dialect} only");
            return null;
        });
        return request with
        {
            Tools = tools,
            ToolChoice = Choice(request.ToolChoice, tools, tools != request.Tools, target, report),

            // Providers refuse it beside no tools, where it means nothing.
            ParallelToolCalls = tools.Count == 0 ? null : request.ParallelToolCalls,
        };
    }

    private static ToolChoice? Choice(ToolChoice? choice, IReadOnlyList<ToolDefinition> tools, bool removed, DialectId target, TranslationReport report)
    {
        switch (choice)
        {
            case null:
                return null;
            case { Opaque: { } opaque } when opaque.Dialect != target:
                report.Drop("tool_choice", $"'{opaque.Type}' exists in {opaque.Dialect} only");
                return null;
            case { Opaque: not null }:
                return choice;
            case { Mode: ToolChoiceMode.Auto or ToolChoiceMode.None } when tools.Count == 0:
                return null;
        }

        if (!removed)
        {
            return choice;
        }

        if (choice is { Mode: ToolChoiceMode.Named, Name: { } name } ? !Declares(tools, name) : choice.Mode == ToolChoiceMode.Required && tools.Count == 0)
        {
            report.Drop("tool_choice", "it asks for a tool that was left out");
            return null;
        }

        if (choice.Allowed is null)
        {
            return choice;
        }

        IReadOnlyList<string> allowed = choice.Allowed.Rewrite((allowedName, _) => Declares(tools, allowedName) ? allowedName : null);
        if (allowed.Count > 0)
        {
            return allowed == choice.Allowed ? choice : choice with { Allowed = allowed };
        }

        if (choice.Mode == ToolChoiceMode.Required)
        {
            report.Drop("tool_choice", "it asks for a tool that was left out");
        }

        // None of the client's own tools may be used.
        return new ToolChoice(ToolChoiceMode.None);
    }

    private static bool Declares(IReadOnlyList<ToolDefinition> tools, string name) => tools.Any(tool => name == tool switch
    {
        FunctionTool function => function.Name,
        CustomTool custom => custom.Name,
        ServerTool server when server.Json.ValueKind == JsonValueKind.Object && server.Json.TryGetProperty("name", out JsonElement own) && own.ValueKind == JsonValueKind.String => own.GetString(),
        ServerTool server => server.Type,
        _ => null,
    });
}
