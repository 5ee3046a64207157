using System.Security.Cryptography;
using System.Text;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// Gives every tool a name that the target takes, in declarations, choice and history alike, and remembers what to undo in the answer:
/// <code>
/// namespace crm, tool find   ->  crm__find                       where tools cannot be grouped
/// get.weather                ->  get_weather                     a character that the target refuses
/// a name of 80 letters       ->  its first 55, _, 8 hex digits   a name that is too long, or taken already
/// custom tool apply_patch    ->  function apply_patch            where tools cannot take free text, see CustomToolWrapping
/// </code>
/// A legal name is never changed and never given to another tool. The outcome depends on the tools alone, so that prompt caches hold
/// from turn to turn. Of two declarations with one name the first counts.
/// </summary>
internal sealed class ToolNaming
{
    private readonly DialectTraits _traits;
    private readonly bool _customTools;
    private readonly TranslationReport _report;
    private readonly Dictionary<ClientTool, TargetTool> _targets = [];
    private readonly Dictionary<TargetTool, ClientTool> _renamed = [];
    private readonly Dictionary<string, List<ClientTool>> _grouped = [];
    private readonly HashSet<TargetTool> _taken = [];

    private ToolNaming(DialectTraits traits, bool customTools, TranslationReport report)
    {
        _traits = traits;
        _customTools = customTools;
        _report = report;
    }

    /// <summary>The request with the target's names, and how to get back from them.</summary>
    /// <param name="customTools">True when the target takes tools with free text.</param>
    public static (ChatRequest Request, ToolNames Names) Apply(ChatRequest request, DialectTraits traits, bool customTools, TranslationReport report)
    {
        var naming = new ToolNaming(traits, customTools, report);
        naming.Assign(request.Tools);
        HashSet<ClientTool> declared = [];
        ChatRequest renamed = request with
        {
            Tools = request.Tools.Rewrite((tool, _) => naming.Declaration(tool, declared)),
            ToolChoice = naming.Choice(request.ToolChoice),
            Messages = request.Messages.Rewrite((message, _) => naming.Turn(message)),
        };
        return (renamed, naming._renamed.Count == 0 ? ToolNames.None : new ToolNames(naming._renamed));
    }

    /// <summary>Names for all declared tools: first those that keep theirs, so that no other can take it.</summary>
    private void Assign(IReadOnlyList<ToolDefinition> tools)
    {
        List<ClientTool> others = [];
        foreach (ToolDefinition tool in tools)
        {
            if (KeyOf(tool) is not { } key || _targets.ContainsKey(key))
            {
                continue;
            }

            if (key.Namespace is not null)
            {
                (_grouped.TryGetValue(key.Name, out List<ClientTool>? same) ? same : _grouped[key.Name] = []).Add(key);
            }

            var kept = new TargetTool(key.Namespace, key.Name);
            if ((key.Namespace is null || _traits.ToolNamespaces) && IsLegal(key.Name) && _taken.Add(kept))
            {
                Remember(key, kept);
            }
            else
            {
                others.Add(key);
            }
        }

        foreach (ClientTool key in others)
        {
            TargetTool target = Legal(key);
            if (!_taken.Add(target))
            {
                target = target with { Name = Shortened(target.Name, key) };
                _taken.Add(target);
            }

            Remember(key, target);
        }
    }

    private void Remember(ClientTool client, TargetTool target)
    {
        _targets.TryAdd(client, target);
        if (target != new TargetTool(client.Namespace, client.Name) || (client.Kind == ToolKind.Custom && !_customTools))
        {
            _renamed.TryAdd(target, client);
        }
    }

    private static ClientTool? KeyOf(ToolDefinition tool) => tool switch
    {
        FunctionTool function => new ClientTool(function.Namespace, function.Name, ToolKind.Function),
        CustomTool custom => new ClientTool(custom.Namespace, custom.Name, ToolKind.Custom),
        _ => null,
    };

    private ToolDefinition? Declaration(ToolDefinition tool, HashSet<ClientTool> declared)
    {
        if (KeyOf(tool) is not { } key)
        {
            return tool;
        }

        if (!declared.Add(key))
        {
            _report.Drop($"tools[{key.Name}]", "a tool of that name is declared before it");
            return null;
        }

        TargetTool target = _targets[key];
        if (target != new TargetTool(key.Namespace, key.Name))
        {
            tool = Renamed(tool, target);
            _report.RenameTool(target.Name, key.Name);
        }

        return tool is CustomTool wrapped && !_customTools ? CustomToolWrapping.Declare(wrapped, _report) : tool;
    }

    private static ToolDefinition Renamed(ToolDefinition tool, TargetTool target) => (tool, target.Namespace) switch
    {
        (FunctionTool function, null) => function with
        {
            Name = target.Name,
            Namespace = null,
            NamespaceDescription = null,
            Description = Joined(function.NamespaceDescription, function.Description),
        },
        (CustomTool custom, null) => custom with
        {
            Name = target.Name,
            Namespace = null,
            NamespaceDescription = null,
            Description = Joined(custom.NamespaceDescription, custom.Description),
        },
        (FunctionTool function, _) => function with { Name = target.Name },
        (CustomTool custom, _) => custom with { Name = target.Name },
        _ => tool,
    };

    private static string? Joined(string? group, string? tool) => group is null ? tool : $"{group}\n\n{tool}".TrimEnd();

    private ToolChoice? Choice(ToolChoice? choice)
    {
        if (choice is null)
        {
            return null;
        }

        IReadOnlyList<string>? allowed = choice.Allowed is null ? null : [.. choice.Allowed.SelectMany(Allowed).Distinct()];
        if (choice.Name is null)
        {
            return allowed is null ? choice : choice with { Allowed = allowed };
        }

        TargetTool target = Find(new ClientTool(choice.Namespace, choice.Name, choice.Kind));
        return choice with { Name = target.Name, Namespace = target.Namespace, Kind = KindOf(choice.Kind), Allowed = allowed };
    }

    /// <summary>The target's names of what an allow-list names, which knows no namespaces.</summary>
    private IEnumerable<string> Allowed(string name)
    {
        bool single = _targets.ContainsKey(new ClientTool(null, name, ToolKind.Function)) || _targets.ContainsKey(new ClientTool(null, name, ToolKind.Custom));
        return !single && _grouped.TryGetValue(name, out List<ClientTool>? members)
            ? members.Select(member => _targets[member].Name)
            : [Find(new ClientTool(null, name, ToolKind.Function)).Name];
    }

    private Message Turn(Message message)
    {
        IReadOnlyList<ContentPart> parts = message.Parts.Rewrite((part, _) => part switch
        {
            ToolCallPart call => Call(call),
            ToolResultPart result => Result(result),
            _ => part,
        });
        return parts == message.Parts ? message : message with { Parts = parts };
    }

    private ToolCallPart Call(ToolCallPart call)
    {
        TargetTool target = Find(new ClientTool(call.Namespace, call.Name, call.Kind));
        if (KindOf(call.Kind) != call.Kind)
        {
            return call with { Name = target.Name, Namespace = target.Namespace, Kind = ToolKind.Function, Arguments = CustomToolWrapping.Wrap(call.Arguments) };
        }

        return target == new TargetTool(call.Namespace, call.Name) ? call : call with { Name = target.Name, Namespace = target.Namespace };
    }

    /// <summary>The name counts only for a result without its call; otherwise the call's is copied later.</summary>
    private ToolResultPart Result(ToolResultPart result)
    {
        string? name = result.Name is null ? null : Find(new ClientTool(null, result.Name, result.Kind)).Name;
        return name == result.Name && KindOf(result.Kind) == result.Kind ? result : result with { Name = name, Kind = KindOf(result.Kind) };
    }

    private ToolKind KindOf(ToolKind kind) => _customTools ? kind : ToolKind.Function;

    /// <summary>The target's name of a tool, which need not be declared (any more).</summary>
    private TargetTool Find(ClientTool key)
    {
        if (_targets.TryGetValue(key, out TargetTool target) || _targets.TryGetValue(key with { Kind = key.Kind ^ ToolKind.Custom }, out target))
        {
            return target;
        }

        if (key.Namespace is null && _grouped.TryGetValue(key.Name, out List<ClientTool>? members) && members.TrueForAll(m => m.Namespace == members[0].Namespace))
        {
            return _targets[members[0]];
        }

        // A name that a declared tool has stays that tool's in the answer.
        target = Legal(key);
        _targets[key] = target;
        if (_taken.Add(target))
        {
            Remember(key, target);
        }

        return target;
    }

    private TargetTool Legal(ClientTool key)
    {
        string flat = key.Namespace is null || _traits.ToolNamespaces ? key.Name : $"{key.Namespace}__{key.Name}";
        string name = IsLegal(flat) ? flat : Spelled(flat);
        return new TargetTool(_traits.ToolNamespaces ? key.Namespace : null, name.Length <= _traits.MaxToolName ? name : Shortened(name, key));
    }

    private bool IsLegal(string name)
    {
        if (name.Length == 0 || name.Length > _traits.MaxToolName || (_traits.ToolNameStartsWithLetter && !IsStart(name[0])))
        {
            return false;
        }

        foreach (char c in name)
        {
            if (!IsAllowed(c))
            {
                return false;
            }
        }

        return true;
    }

    private string Spelled(string name)
    {
        var legal = new StringBuilder(name.Length + 1);
        if (name.Length == 0 || (_traits.ToolNameStartsWithLetter && !IsStart(name[0])))
        {
            legal.Append('_');
        }

        foreach (char c in name)
        {
            legal.Append(IsAllowed(c) ? c : '_');
        }

        return legal.ToString();
    }

    private bool IsAllowed(char c) => char.IsAsciiLetterOrDigit(c) || _traits.ToolNamePunctuation.Contains(c);

    private static bool IsStart(char c) => char.IsAsciiLetter(c) || c == '_';

    /// <summary>The head of a name and a hash of all that tells the tool apart.</summary>
    private string Shortened(string name, ClientTool key)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{key.Namespace}\n{key.Name}\n{key.Kind}"));
        return $"{name[..Math.Min(name.Length, _traits.MaxToolName - 9)]}_{Convert.ToHexStringLower(hash, 0, 4)}";
    }
}
