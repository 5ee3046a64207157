using Serverless.Translation.Canonical;

namespace Serverless.Translation.Tests.Validators;

/// <summary>The judges are judged: each rule of the grammar is broken once.</summary>
public sealed class EventGrammarTests
{
    private static readonly ChatEvent Begin = new Started { Model = "m" };

    public static TheoryData<string> Broken => [.. Streams.Keys];

    private static readonly Dictionary<string, ChatEvent[]> Streams = new()
    {
        ["nothing at all"] = [],
        ["no start"] = [Text(0), new PartCompleted(0), Ended(), Finished.Instance],
        ["two starts"] = [Begin, Begin, Ended(), Finished.Instance],
        ["no end"] = [Begin, Text(0)],
        ["after the end"] = [Begin, Ended(), Finished.Instance, KeepAlive.Instance],
        ["index skipped"] = [Begin, Text(1), new PartCompleted(1), Ended(), Finished.Instance],
        ["part left open"] = [Begin, Text(0), Ended(), Finished.Instance],
        ["part closed twice"] = [Begin, Text(0), new PartCompleted(0), new PartCompleted(0), Ended(), Finished.Instance],
        ["delta of another kind"] = [Begin, Text(0), new PartDelta(0, DeltaKind.Reasoning, "x"), new PartCompleted(0), Ended(), Finished.Instance],
        ["delta after the part"] = [Begin, Text(0), new PartCompleted(0), new PartDelta(0, DeltaKind.Text, "x"), Ended(), Finished.Instance],
        ["text in the seed"] = [Begin, new PartStarted(0, 0, new TextPart("x")), new PartCompleted(0), Ended(), Finished.Instance],
        ["call without name"] = [Begin, new PartStarted(0, 0, new ToolCallPart("id", "", "")), new PartCompleted(0), Ended(FinishReason.ToolCalls), Finished.Instance],
        ["call but stop"] = [Begin, new PartStarted(0, 0, new ToolCallPart("id", "n", "")), new PartCompleted(0), Ended(), Finished.Instance],
        ["no choice ended"] = [Begin, Text(0), new PartCompleted(0), Finished.Instance],
        ["choice ended twice"] = [Begin, Ended(), Ended(), Finished.Instance],
        ["part after its choice"] = [Begin, Ended(), Text(0), new PartCompleted(0), Finished.Instance],
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void EveryBreachIsSeen(string name) => Assert.NotEmpty(EventGrammar.Faults(Streams[name]));

    [Fact]
    public void LawfulStreamsPass()
    {
        EventGrammar.Check([KeepAlive.Instance, Begin, Text(0), new PartDelta(0, DeltaKind.Text, "x"), new PartCompleted(0), new UsageReported(new TokenUsage()), Ended(), Finished.Instance]);
        EventGrammar.Check([Begin, Text(0), Text(1), new PartCompleted(1), new PartCompleted(0), Ended(), Finished.Instance]);
        EventGrammar.Check([Begin, Text(0), new Failed(GatewayError.Upstream("It broke off."))]);
        EventGrammar.Check([new Failed(GatewayError.Upstream("It never began."))]);
    }

    private static PartStarted Text(int index) => new(0, index, new TextPart(""));

    private static ChoiceEnded Ended(FinishReason reason = FinishReason.Stop) => new(0, reason);
}
