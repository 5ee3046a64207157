using System.Text;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Tests.Validators;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.Laws;

/// <summary>What holds for the stream of every provider, whoever the client is.</summary>
public sealed class StreamDecodingLaws
{
    public static TheoryData<string, string> Own => Fixture.Rows(Fixture.Streams);

    public static TheoryData<string, string> Recorded => Recording.Rows(PayloadKind.Stream);

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Own))]
    public void EventsObeyTheGrammar(string dialect, string name)
    {
        Fixture fixture = Fixture.Of(Fixture.Streams, dialect, name);
        List<ChatEvent> events = Crossing.Events(fixture.Dialect, fixture.Read());
        EventGrammar.Check(events);
        Assert.Equal(name.StartsWith("error", StringComparison.Ordinal), events[^1] is Failed);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Recorded))]
    public void EventsOfRecordedStreamsObeyTheGrammarAndFinish(string dialect, string file)
    {
        List<ChatEvent> events = Crossing.Events(DialectCatalog.ChatDialect(new DialectId(dialect)), Payloads.ReadSse(file));
        EventGrammar.Check(events);
        Assert.IsType<Finished>(events[^1]);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Own))]
    public void AnyChunkingGivesTheSameFrames(string dialect, string name)
    {
        byte[] sse = Fixture.Of(Fixture.Streams, dialect, name).Read();
        string whole = FramesOf(sse, []);
        int step = Math.Max(1, sse.Length / 1500);
        for (int cut = 0; cut <= sse.Length; cut += step)
        {
            Assert.Equal(whole.TrimEnd(), FramesOf(sse, [cut]).TrimEnd());
        }

        Assert.Equal(whole.TrimEnd(), FramesOf(sse, [.. Enumerable.Range(1, sse.Length - 1)]).TrimEnd());
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Own))]
    public void AnyChunkingAndLineEndGivesTheSameEvents(string dialect, string name)
    {
        Fixture fixture = Fixture.Of(Fixture.Streams, dialect, name);
        byte[] sse = fixture.Read();
        string lines = Encoding.UTF8.GetString(sse).Replace("\r\n", "\n", StringComparison.Ordinal);
        string whole = CanonicalText.Of(Crossing.Events(fixture.Dialect, sse));
        foreach (string newline in (string[])["\n", "\r\n", "\r"])
        {
            byte[] bytes = Encoding.UTF8.GetBytes(lines.Replace("\n", newline, StringComparison.Ordinal));
            Assert.Equal(whole, CanonicalText.Of(Crossing.Events(fixture.Dialect, bytes)));
            Assert.Equal(whole, CanonicalText.Of(Crossing.Events(fixture.Dialect, bytes, [.. Enumerable.Range(1, bytes.Length - 1)])));
        }
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Recorded))]
    public void RandomChunkingOfRecordedStreamsGivesTheSameEvents(string dialect, string file)
    {
        IChatDialect provider = DialectCatalog.ChatDialect(new DialectId(dialect));
        string whole = CanonicalText.Of(Crossing.Events(provider, Payloads.ReadSse(file)));
        var random = new Random(file.Length);
        foreach (string newline in (string[])["\n", "\r\n", "\r"])
        {
            byte[] bytes = Payloads.ReadSse(file, newline);
            int[] cuts = [.. Enumerable.Range(0, 60).Select(_ => random.Next(bytes.Length)).Order()];
            Assert.Equal(whole, CanonicalText.Of(Crossing.Events(provider, bytes, cuts)));
        }
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Own))]
    public void AStreamFoldsIntoItsTwin(string dialect, string name)
    {
        Fixture twin = Fixture.Of(Fixture.Responses, dialect, name);
        Assert.SkipUnless(File.Exists(twin.Path), "This stream has no twin.");
        ChatEventFold fold = Crossing.Fold(Crossing.Events(twin.Dialect, Fixture.Of(Fixture.Streams, dialect, name).Read()));
        Assert.Equal(
            CanonicalText.Of(WithoutExtras(twin.Dialect.DecodeResponse(twin.ReadJson()))),
            CanonicalText.Of(WithoutExtras(fold.ToResponse())));
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Recorded))]
    public void ARecordedStreamTellsWhatARecordedAnswerTells(string dialect, string file)
    {
        string answer = file.Replace("response-streaming", "response", StringComparison.Ordinal);
        Assert.SkipUnless(File.Exists(Path.Combine(Payloads.Root!, answer)), "There is no recorded answer beside it.");
        IChatDialect provider = DialectCatalog.ChatDialect(new DialectId(dialect));
        ChatResponse streamed = Crossing.Fold(Crossing.Events(provider, Payloads.ReadSse(file))).ToResponse();
        ChatResponse whole = provider.DecodeResponse(Payloads.ReadJson(answer));
        Assert.Equal(whole.Choices.Count, streamed.Choices.Count);
        Assert.Equal(string.IsNullOrEmpty(whole.Model), string.IsNullOrEmpty(streamed.Model));
        Assert.False(string.IsNullOrEmpty(streamed.Id));
        if (streamed.Usage is { } usage)
        {
            Assert.Equal(whole.Usage?.InputTokens is null, usage.InputTokens is null);
        }

        Assert.All(streamed.Choices, c => Assert.Equal(c.Parts.Any(p => p is ToolCallPart), c.FinishReason == FinishReason.ToolCalls));
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Own))]
    public void AStreamCutAnywhereNeverFinishesAndNoClientSeesACleanEnd(string dialect, string name)
    {
        Fixture fixture = Fixture.Of(Fixture.Streams, dialect, name);
        CheckCuts(fixture.Dialect, fixture.Read(), every: 1);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Recorded))]
    public void ARecordedStreamCutAnywhereNeverFinishesAndNoClientSeesACleanEnd(string dialect, string file) =>
        CheckCuts(DialectCatalog.ChatDialect(new DialectId(dialect)), Payloads.ReadSse(file), every: 7);

    private static void CheckCuts(IChatDialect provider, byte[] sse, int every)
    {
        List<string> frames = Crossing.Frames(sse);
        var random = new Random(frames.Count);
        List<string> faults = [];
        for (int kept = 0; kept < frames.Count && !Announces(provider, frames, kept); kept += every)
        {
            // Once between two frames, once within the next one.
            string half = frames[kept][..random.Next(frames[kept].TrimEnd('\r', '\n').Length)];
            foreach (string end in (string[])["", half])
            {
                byte[] bytes = Encoding.UTF8.GetBytes(string.Concat(frames.Take(kept)) + end);
                List<ChatEvent> events = Crossing.Events(provider, bytes);
                EventGrammar.Check(events);
                if (events[^1] is not Failed failed)
                {
                    faults.Add($"cut at {kept} '{end}': ends with {events[^1].GetType().Name}");
                    continue;
                }

                if (failed.Error is not { Code: "stream_truncated", Kind: ErrorKind.Upstream } && !frames.Take(kept).Any(f => f.Contains("error", StringComparison.Ordinal)) && end.Length == 0)
                {
                    faults.Add($"cut at {kept}: {CanonicalText.Of(failed.Error)}");
                }

                foreach (IChatDialect client in DialectCatalog.Chat)
                {
                    byte[] sent = Crossing.Render(client, events);
                    StreamEnding ending = StreamEnding.Of(client.Id, sent);
                    IReadOnlyList<string> illegal = StreamValidators.Faults(client.Id, sent);
                    if (ending is not { Clean: 0, Errors: 1, LastIsError: true } || illegal.Count > 0)
                    {
                        faults.Add($"cut at {kept} for {client.Id}: {ending} {string.Join("; ", illegal)}");
                    }
                }
            }
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults.Take(20)));
    }

    /// <summary>
    /// True when the frames that are kept hold the announcement of the end. Some servers of Chat Completions never send <c>[DONE]</c>: there
    /// the finish reason is enough.
    /// </summary>
    private static bool Announces(IChatDialect provider, List<string> frames, int kept)
    {
        using var parser = new SseParser();
        parser.Append(Encoding.UTF8.GetBytes(string.Concat(frames.Take(kept))));
        bool announced = false;
        while (parser.TryRead(out SseFrame frame))
        {
            announced |= StreamEnding.Announces(provider.Id, frame)
                || (provider.Id == DialectIds.ChatCompletions && Encoding.UTF8.GetString(frame.Data).Contains("\"finish_reason\":\"", StringComparison.Ordinal));
        }

        return announced;
    }

    private static string FramesOf(byte[] sse, ReadOnlySpan<int> cuts)
    {
        var text = new StringBuilder();
        var raw = new StringBuilder();
        using var parser = new SseParser();
        int from = 0;
        for (int i = 0; i <= cuts.Length; i++)
        {
            int to = i == cuts.Length ? sse.Length : cuts[i];
            parser.Append(sse.AsSpan(from..to));
            from = to;
            while (parser.TryRead(out SseFrame frame))
            {
                Add(frame);
            }
        }

        if (parser.TryReadLast(out SseFrame last))
        {
            Add(last);
        }

        // The line feed of a cut CRLF may count to the next frame, but no byte is lost.
        return text.Append(raw).ToString();

        void Add(in SseFrame frame)
        {
            text.Append(Encoding.Latin1.GetString(frame.EventName)).Append('|').Append(Encoding.Latin1.GetString(frame.Data)).Append('\n');
            raw.Append(Encoding.Latin1.GetString(frame.Raw));
        }
    }

    /// <summary>A stream has no place for the fields that only its own provider's whole answers carry.</summary>
    private static ChatResponse WithoutExtras(ChatResponse response) => response with
    {
        Extra = null,
        Usage = response.Usage is null ? null : response.Usage with { Extra = null },
        Choices = [.. response.Choices.Select(c => c with { Extra = null, Parts = [.. c.Parts.Select(p => p with { Extra = null })] })],
    };
}
