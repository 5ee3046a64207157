using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Adaptation;

/// <summary>
/// Leaves out of a request whatever belongs to another dialect than its target: unread fields, opaque blocks, files stored at another
/// provider, foreign seals and the thinking under them. Everything is reported: fields and blocks by their full path (but for fields that
/// decoders mark as incidental), what comes with every turn once: thinking and seals for each maker, files for each id. A turn that
/// becomes empty by that goes, too. A block that its decoder could tell in words becomes a text.
/// </summary>
/// <remarks>
/// Thinking is replayed to its maker only, told by its seal or, where a dialect seals by reference, by its own unread fields. The one
/// exception is a server that wants thinking back as plain text (<see cref="DialectQuirks.ReasoningReplayField"/>). A seal is never made up.
/// </remarks>
internal sealed class ForeignContent
{
    private const string RefusedSeal = "sealed by another deployment or account: the provider has refused it";

    private readonly DialectId _target;
    private readonly bool _readsSeals;
    private readonly bool _plainReasoning;
    private readonly bool _thoughtSignatures;
    private readonly TranslationReport _report;

    private ForeignContent(DialectId target, DialectQuirks quirks, bool readsSeals, TranslationReport report)
    {
        _target = target;
        _readsSeals = readsSeals;
        _plainReasoning = quirks.ReasoningReplayField is "reasoning_content" or "reasoning";
        _thoughtSignatures = quirks.ThoughtSignatures;
        _report = report;
    }

    /// <summary>The request without foreign content.</summary>
    public static ChatRequest Remove(ChatRequest request, DialectId target, DialectQuirks quirks, bool readsSeals, TranslationReport report)
    {
        var foreign = new ForeignContent(target, quirks, readsSeals, report);
        return request with
        {
            Extra = foreign.Own(request.Extra),
            Tools = request.Tools.Rewrite((tool, _) => foreign.Own(tool.Extra) == tool.Extra ? tool : tool with { Extra = null }),
            Instructions = foreign.Parts(request.Instructions),
            Messages = request.Messages.Rewrite((message, _) => foreign.Turn(message)),
        };
    }

    private Message? Turn(Message message)
    {
        IReadOnlyList<ContentPart> parts = Parts(message.Parts);
        ExtraFields? extra = Own(message.Extra);
        if (parts.Count == 0 && message.Parts.Count > 0)
        {
            return null;
        }

        return parts == message.Parts && extra == message.Extra ? message : message with { Parts = parts, Extra = extra };
    }

    private IReadOnlyList<ContentPart> Parts(IReadOnlyList<ContentPart> parts) => parts.Rewrite((part, _) =>
    {
        ExtraFields? extra = Own(part.Extra);
        ContentPart? own = Part(part);
        return own is null || extra == own.Extra ? own : own with { Extra = null };
    });

    private ContentPart? Part(ContentPart part)
    {
        switch (part)
        {
            case OpaquePart { InWords: { } words } opaque when opaque.Dialect != _target:
                return Told(opaque, words);
            case OpaquePart opaque when opaque.Dialect != _target:
                _report.Drop(FieldNames.Of(opaque), $"'{opaque.Type}' exists in {opaque.Dialect} only");
                return null;
            case ReasoningPart reasoning:
                return Reasoning(reasoning);
            case MediaPart { Source: FileSource file } when file.Dialect != _target:
                _report.Drop("messages[].file_id", $"the file '{file.FileId}' is stored at {file.Dialect}");
                return null;
            case MediaPart media when IsForeign(media.Signature):
                return media with { Signature = null };
            case ToolCallPart call when IsForeign(call.Signature):
                return call with { Signature = null };
            case ToolResultPart result:
                IReadOnlyList<ContentPart> content = Parts(result.Content);
                return content == result.Content ? result : result with { Content = content };
            case TextPart text:
                return Text(text);
            default:
                return part;
        }
    }

    private TextPart Told(OpaquePart opaque, string words)
    {
        _report.Change(FieldNames.Of(opaque), $"'{opaque.Type}' became text");
        if (opaque.LostInWords is { } field)
        {
            _report.Drop($"{FieldNames.Of(opaque)}.{field}", $"only providers of {opaque.Dialect} know it");
        }

        return new TextPart(words) { Cache = opaque.Cache };
    }

    private TextPart? Text(TextPart text)
    {
        IReadOnlyList<Citation> citations = text.Citations.Rewrite((citation, _) =>
        {
            if (citation.Original is null || citation.Original.Dialect == _target)
            {
                return citation;
            }

            _report.Drop(FieldNames.Of(citation.Original), $"'{citation.Original.Type}' exists in {citation.Original.Dialect} only");
            return citation with { Original = null };
        });
        if (IsForeign(text.Signature))
        {
            return text.Text.Length == 0 ? null : text with { Signature = null, Citations = citations };
        }

        return citations == text.Citations ? text : text with { Citations = citations };
    }

    private ReasoningPart? Reasoning(ReasoningPart reasoning)
    {
        bool own = reasoning.Signature is { } signature ? _readsSeals && signature.Origin == _target : reasoning.Extra?.Dialect == _target;
        if (own)
        {
            return reasoning;
        }

        if (_plainReasoning && reasoning.Text.Length > 0)
        {
            return IsForeign(reasoning.Signature) ? reasoning with { Signature = null } : reasoning;
        }

        _report.Drop("messages[].reasoning", reasoning.Signature is { } seal ? seal.Origin == _target ? RefusedSeal : $"thinking sealed by {seal.Origin}" : "thinking without a seal of this dialect");
        return null;
    }

    private bool IsForeign(Signature? signature)
    {
        bool own = signature is not null && (signature.Origin == _target || (_thoughtSignatures && signature.Origin == DialectIds.GenerateContent));
        if (signature is null || (own && _readsSeals))
        {
            return false;
        }

        _report.Drop("messages[].signature", own ? RefusedSeal : $"signature of {signature.Origin}");
        return true;
    }

    /// <summary>The fields, when they are the target's own; otherwise they are reported.</summary>
    private ExtraFields? Own(ExtraFields? extra)
    {
        if (extra is null || extra.Dialect == _target)
        {
            return extra;
        }

        foreach (ExtraField field in extra.Fields)
        {
            if (!field.Incidental)
            {
                _report.Drop(extra.Path.Length == 0 ? field.Name : $"{extra.Path}.{field.Name}", $"a field of {extra.Dialect}");
            }
        }

        return null;
    }
}
