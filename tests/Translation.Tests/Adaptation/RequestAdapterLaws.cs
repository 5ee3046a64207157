using System.Text.RegularExpressions;
using CsCheck;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.Adaptation;

/// <summary>What holds for every request and every target.</summary>
public sealed partial class RequestAdapterLaws
{
    private static (ChatRequest Request, TranslationReport Report) Adapt(ChatRequest request, (DialectId Id, DialectTraits Traits, DialectQuirks Quirks) target)
    {
        var report = new TranslationReport();
        return (RequestAdapter.Adapt(request, target.Id, target.Traits, target.Quirks, report).Request, report);
    }

    [Fact]
    public void The_target_can_take_what_comes_out() => Gen.Select(Histories.Request, Histories.Target).Sample(
        (request, target) => LegalRequest.Check(Adapt(request, target).Request, target.Id, target.Traits, target.Quirks), iter: 2000);

    [Fact]
    public void Adapting_twice_is_adapting_once() => Gen.Select(Histories.Request, Histories.Target).Sample((request, target) =>
    {
        ChatRequest once = Adapt(request, target).Request;
        (ChatRequest twice, TranslationReport report) = Adapt(once, target);
        Assert.Empty(report.Entries);
        Assert.Equal(CanonicalText.Of(once), CanonicalText.Of(twice));
        Assert.Same(once.Messages, twice.Messages);
        Assert.Same(once.Tools, twice.Tools);
    });

    [Fact]
    public void The_same_request_gives_the_same_outcome_and_is_left_as_it_was() => Gen.Select(Histories.Request, Histories.Target).Sample((request, target) =>
    {
        string before = CanonicalText.Of(request);
        (ChatRequest first, TranslationReport firstReport) = Adapt(request, target);
        (ChatRequest second, TranslationReport secondReport) = Adapt(request, target);
        Assert.Equal(CanonicalText.Of(first), CanonicalText.Of(second));
        Assert.Equal(firstReport.Entries, secondReport.Entries);
        Assert.Equal(before, CanonicalText.Of(request));
    });

    [Fact]
    public void A_longer_history_begins_like_the_shorter_one() => Gen.Select(Histories.Request, Histories.Target).Sample((request, target) =>
    {
        // Prompt caches live on it. What was open at the end of the shorter one may of course be answered in the longer one.
        ChatRequest turn = Adapt(request, target).Request;
        if (turn.Messages.Count == 0 || turn.Messages[^1].Role != Role.User || request.Messages.Any(m => m.Parts.Any(p => p is ToolCallPart or ToolResultPart)))
        {
            return;
        }

        ChatRequest next = Adapt(request with { Messages = [.. request.Messages, new Message(Role.Assistant, [new TextPart("answer")]), new Message(Role.User, [new TextPart("next")])] }, target).Request;
        Assert.Equal(CanonicalText.Of(turn.Messages), CanonicalText.Of(next.Messages.Take(turn.Messages.Count).ToList()));
    });

    [Fact]
    public void No_text_is_lost_or_doubled_without_a_word() => Gen.Select(Histories.Request, Histories.Target).Sample((request, target) =>
    {
        (ChatRequest adapted, TranslationReport report) = Adapt(request, target);
        string[] before = Marks(request);
        string[] after = Marks(adapted);
        Assert.Equal(after.Length, after.Distinct().Count());
        Assert.Empty(after.Except(before));
        string[] lost = [.. before.Except(after)];
        string[] thinking = Marks(request.Messages.SelectMany(m => m.Parts).OfType<ReasoningPart>());
        string[] repeated = Marks(request.Tools.Skip(1));
        Assert.Empty(lost.Except(thinking).Except(repeated));
        if (lost.Intersect(thinking).Any())
        {
            Assert.Contains(report.Entries, e => e is { Field: "messages[].reasoning", Dropped: true });
        }

        if (lost.Intersect(repeated).Any())
        {
            Assert.Contains(report.Entries, e => e.Dropped && e.Field.StartsWith("tools[", StringComparison.Ordinal));
        }
    });

    [Fact]
    public void Whatever_is_foreign_is_reported() => Gen.Select(Histories.Request, Histories.Target).Sample((request, target) =>
    {
        (_, TranslationReport report) = Adapt(request, target);
        void Reported(bool expected, string field) => Assert.Equal(expected, report.Entries.Any(e => e.Dropped && e.Field == field));
        List<ContentPart> parts = [.. request.Messages.SelectMany(m => m.Parts).SelectMany(LegalRequest.WithNested)];
        Reported(request.Extra is { } extra && extra.Dialect != target.Id
            || request.Messages.Any(m => m.Extra is { } x && x.Dialect != target.Id)
            || request.Tools.Any(t => t.Extra is { } x && x.Dialect != target.Id)
            || parts.Concat(request.Instructions).Any(p => p.Extra is { } x && x.Dialect != target.Id), "some.path.field");
        Reported(parts.Any(p => p is OpaquePart opaque && opaque.Dialect != target.Id), "some.opaque");
        foreach (ServerTool server in request.Tools.OfType<ServerTool>())
        {
            Reported(server.Dialect != target.Id, $"tools[{server.Type}]");
        }

        Reported(parts.Any(p => p is MediaPart { Source: FileSource file } && file.Dialect != target.Id), "messages[].file_id");
    });

    [Fact]
    public void Calls_keep_their_number_order_and_arguments() => Gen.Select(Histories.Request, Histories.Target).Sample((request, target) =>
    {
        ChatRequest adapted = Adapt(request, target).Request;
        Assert.Equal(
            Marks(request.Messages.SelectMany(m => m.Parts).OfType<ToolCallPart>()),
            Marks(adapted.Messages.SelectMany(m => m.Parts).OfType<ToolCallPart>()));
        Assert.Equal(
            request.Messages.Where(m => m.Role is Role.System or Role.Developer).SelectMany(m => Marks(m)),
            adapted.Messages.Where(m => m.Role is Role.System or Role.Developer).SelectMany(m => Marks(m)));
    });

    private static string[] Marks(object value) => [.. Mark().Matches(CanonicalText.Of(value)).Select(m => m.Value)];

    [GeneratedRegex("#[0-9]+;")]
    private static partial Regex Mark();
}
