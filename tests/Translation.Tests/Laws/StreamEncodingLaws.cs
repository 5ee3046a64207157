using System.Text;
using System.Text.Json;
using CsCheck;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Tests.Validators;

namespace Serverless.Translation.Tests.Laws;

/// <summary>Every client's stream is one that its own SDK understands, whichever provider is behind it.</summary>
public sealed class StreamEncodingLaws
{
    public static TheoryData<string, string> Own => Fixture.Rows(Fixture.Streams);

    public static TheoryData<string, string> Recorded => Recording.Rows(PayloadKind.Stream);

    public static TheoryData<string> Clients => [.. DialectCatalog.Chat.Select(d => d.Id.Name)];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Own))]
    public void EveryClientGetsALegalStream(string dialect, string name)
    {
        Fixture fixture = Fixture.Of(Fixture.Streams, dialect, name);
        CheckAllClients(Crossing.Events(fixture.Dialect, fixture.Read()));
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Recorded))]
    public void EveryClientGetsALegalStreamOfARecordedOne(string dialect, string file) =>
        CheckAllClients(Crossing.Events(DialectCatalog.ChatDialect(new DialectId(dialect)), Payloads.ReadSse(file)));

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Clients))]
    public void AnyLawfulEventsMakeALegalStream(string client) => RandomStream.Any.Sample(
        events =>
        {
            EventGrammar.Check(events);
            Check(DialectCatalog.ChatDialect(new DialectId(client)), events);
        },
        iter: 400,
        print: CanonicalText.Of);

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Clients))]
    public void WhatIsEncodedIsDecodedAgain(string client) => RandomStream.Any.Sample(
        events =>
        {
            // Not every client can be shown a picture; then it is told so in words.
            IChatDialect dialect = DialectCatalog.ChatDialect(new DialectId(client));
            events = [.. WithoutMedia(events)];
            List<ChatEvent> again = Crossing.Events(dialect, Crossing.Render(dialect, events));
            EventGrammar.Check(again);
            Assert.Equal(Essence(events), Essence(again));
        },
        iter: 400,
        print: CanonicalText.Of);

    private static void CheckAllClients(List<ChatEvent> events)
    {
        foreach (IChatDialect client in DialectCatalog.Chat)
        {
            Check(client, events);
        }
    }

    private static void Check(IChatDialect client, List<ChatEvent> events)
    {
        byte[] sent = Crossing.Render(client, events);
        IReadOnlyList<string> faults = StreamValidators.Faults(client.Id, sent);
        Assert.True(faults.Count == 0, $"For {client.Id}:\n{string.Join('\n', faults)}\n{Encoding.UTF8.GetString(sent)}");
        StreamEnding ending = StreamEnding.Of(client.Id, sent);
        Assert.Equal(events[^1] is Failed ? 1 : 0, ending.Errors);
        Assert.Equal(events[^1] is Failed, ending.Clean == 0);
    }

    private static IEnumerable<ChatEvent> WithoutMedia(List<ChatEvent> events) => events.Any(e => e is PartStarted { Seed: MediaPart or OpaquePart })
        ? [new Started { Id = "id-1", Model = "m-1" }, new ChoiceEnded(0, FinishReason.Stop), Finished.Instance]
        : events;

    /// <summary>What every dialect can say of an answer: its text, its calls and why it ended.</summary>
    private static string Essence(List<ChatEvent> events)
    {
        var text = new StringBuilder();
        ChatEventFold fold = Crossing.Fold(events);
        text.Append(fold.IsFinished).Append(fold.Error is null).Append('\n');
        if (!fold.IsFinished)
        {
            return text.ToString();
        }

        foreach (Choice choice in fold.ToResponse().Choices.Take(1))
        {
            // Interleaved parts may come in another order.
            text.Append([.. string.Concat(choice.Parts.Select(p => p is TextPart t ? t.Text : p is RefusalPart r ? r.Text : "")).Order()]).Append('\n');
            text.AppendJoin('\n', choice.Parts.OfType<ToolCallPart>()
                .Select(c => c.Name + (c.Arguments.Length == 0 ? "{}" : JsonSerializer.Serialize(JsonElement.Parse(c.Arguments))))
                .Order(StringComparer.Ordinal));

            text.Append(choice.FinishReason is FinishReason.ToolCalls or FinishReason.Length ? choice.FinishReason : "other");
        }

        return text.ToString();
    }
}
