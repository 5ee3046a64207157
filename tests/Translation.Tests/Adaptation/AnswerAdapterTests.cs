using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CsCheck;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using static Serverless.Translation.Tests.Adaptation.Adapting;

namespace Serverless.Translation.Tests.Adaptation;

/// <summary>Answers as the client gets them, whole and streamed.</summary>
public sealed class AnswerAdapterTests
{
    /// <summary>Names of a client with a free-text tool <c>say</c>, a grouped one <c>crm/find</c> and one of an odd name <c>a.b</c>.</summary>
    private static readonly ToolNames Names = Adapt(Request() with
    {
        Tools = [new CustomTool("say"), new FunctionTool("find") { Namespace = "crm" }, new FunctionTool("a.b"), new FunctionTool("plain")],
    }).Names;

    private static readonly Gen<string> Piece = Gen.OneOf("a", "\"", "\\", "\n", "😀", "\ud83d", "\ude00", "{\"input\":\"x\"}", "é", "\u2028", "\0", "/");

    [Fact]
    public void A_stream_and_a_whole_answer_become_the_same() => RandomAnswer.Sample(answer =>
    {
        List<ChatEvent> events = [];
        var adapter = new AnswerAdapter(Names);
        foreach (ChatEvent chatEvent in answer.Events)
        {
            adapter.Adapt(chatEvent, events);
        }

        ChatResponse whole = new AnswerAdapter(Names).Adapt(Fold(answer.Events));
        Assert.Equal(CanonicalText.Of(whole), CanonicalText.Of(Fold(events)));
        Assert.All(events.OfType<PartDelta>(), delta => Assert.Equal(delta.Text, WellFormed(delta.Text)));
        Assert.Equal(answer.Expected, whole.Choices[0].Parts.Select(p => p switch
        {
            TextPart text => text.Text,
            ToolCallPart call => $"{call.Namespace}/{call.Name}/{call.Kind}/{call.Arguments}",
            _ => "",
        }));
    }, iter: 1000);

    [Fact]
    public void Free_text_streams_piece_by_piece()
    {
        List<string> deltas = Deltas(Call("c", "say") with { Arguments = "" }, DeltaKind.ToolArguments, "{\"inp", "ut\": ", "\"Hel", "lo \\", "n\\u00", "e9 \\ud8", "3d", "\\ude00 wor", "ld", "\"", "}");
        Assert.Equal(["Hel", "lo ", "\n", "é ", "😀 wor", "ld"], deltas);
    }

    [Theory]
    [InlineData("""{"input":"x"}""", "x")]
    [InlineData(""" { "input" : "x" } """, "x")]
    [InlineData("""{"input":"","other":1}""", "")]
    [InlineData("""{"other":1,"input":"x"}""", "x")]
    [InlineData("""{"patch":"x\ny"}""", "x\ny")]
    [InlineData("""{"a":"x","b":"y"}""", """{"a":"x","b":"y"}""")]
    [InlineData("""{"input":{"x":1}}""", """{"input":{"x":1}}""")]
    [InlineData("""{"patch":5}""", """{"patch":5}""")]
    [InlineData("""{"inputs":"x"}""", "x")]
    [InlineData("{}", "")]
    [InlineData("", "")]
    [InlineData("just text", "just text")]
    [InlineData("\"text\"", "\"text\"")]
    [InlineData("""{"input":"cut o""", "cut o")]
    [InlineData("""{"input":"cut\""", "cut")]
    [InlineData("""{"inp""", """{"inp""")]
    [InlineData("{\"input\":\"raw\nline\tends\"}", "raw\nline\tends")]
    [InlineData("""{"input":"bad \q \uZZZZ"}""", "bad q \ufffd")]
    public void Free_text_is_found_in_whatever_the_model_wrote(string arguments, string expected)
    {
        Assert.Equal(expected, CustomToolWrapping.Unwrap(arguments));
        for (int size = 1; size < 4; size++)
        {
            Assert.Equal(expected, string.Concat(Deltas(Call("c", "say") with { Arguments = "" }, DeltaKind.ToolArguments, [.. arguments.Chunk(size).Select(c => new string(c))])));
        }

        Assert.Equal(expected, string.Concat(Deltas(Call("c", "say") with { Arguments = arguments }, DeltaKind.ToolArguments)));
    }

    [Fact]
    public void Wrapped_text_comes_back() => Piece.List[0, 20].Select(string.Concat).Sample(text =>
        Assert.Equal(WellFormed(text), CustomToolWrapping.Unwrap(CustomToolWrapping.Wrap(text))));

    [Fact]
    public void A_cut_surrogate_pair_is_joined_and_a_half_one_replaced()
    {
        Assert.Equal(["a", "😀b", "\ufffd"], Deltas(Text(""), DeltaKind.Text, "a\ud83d", "\ude00b", "\ud83d"));
        Assert.Equal(["\ufffdx", "y\ufffdz"], Deltas(Text(""), DeltaKind.Text, "\ude00x", "y\ud83dz"));
        Assert.Equal(["\ufffd", "😀"], Deltas(Text(""), DeltaKind.Text, "\ud83d", "\ud83d", "\ude00"));
        Assert.Equal(["x", "😀"], Deltas(Text("x\ud83d"), DeltaKind.Text, "\ude00"));
        Assert.Equal(["😀"], Deltas(Call("c", "plain") with { Arguments = "" }, DeltaKind.ToolArguments, "\ud83d", "\ude00"));
        Assert.Equal(["a", "\ufffd"], Deltas(new ReasoningPart(""), DeltaKind.Reasoning, "a\ud83d"));
        Assert.Equal(["😀"], Deltas(new RefusalPart(""), DeltaKind.Refusal, "\ud83d", "", "\ude00"));
    }

    [Fact]
    public void Halves_of_interleaved_parts_do_not_meet()
    {
        List<ChatEvent> events = Adapted(
            new PartStarted(0, 0, Text("")), new PartStarted(0, 1, Text("")),
            new PartDelta(0, DeltaKind.Text, "\ud83d"), new PartDelta(1, DeltaKind.Text, "\ud83d"), new PartDelta(1, DeltaKind.Text, "\ude00"),
            new PartDelta(0, DeltaKind.Text, "\ude01"), new PartCompleted(0), new PartCompleted(1));
        Assert.Equal([(1, "😀"), (0, "😁")], events.OfType<PartDelta>().Select(d => (d.Index, d.Text)));
    }

    [Fact]
    public void Whoever_called_a_tool_waits_for_it_and_nobody_else_does()
    {
        foreach (FinishReason reason in Enum.GetValues<FinishReason>())
        {
            FinishReason expected = reason == FinishReason.Stop ? FinishReason.ToolCalls : reason;
            FinishReason uncalled = reason == FinishReason.ToolCalls ? FinishReason.Stop : reason;
            List<ChatEvent> events = Adapted(
                new PartStarted(1, 0, Call("c")), new PartCompleted(0), new PartStarted(0, 1, Text("t")), new PartCompleted(1),
                new ChoiceEnded(0, reason, "s"), new ChoiceEnded(1, reason, "s"));
            Assert.Equal([(0, uncalled, "s"), (1, expected, "s")], events.OfType<ChoiceEnded>().Select(e => (e.Choice, e.Reason, e.StopSequence)));
            ChatResponse response = new AnswerAdapter(ToolNames.None).Adapt(new ChatResponse { Choices = [new Choice(0, [Text("t"), Call("c")], reason), new Choice(1, [Text("t")], reason)] });
            Assert.Equal([expected, uncalled], response.Choices.Select(c => c.FinishReason));
        }
    }

    [Fact]
    public void What_needs_nothing_is_the_same_object()
    {
        ChatEvent[] events =
        [
            new Started(), new PartStarted(0, 0, Text("😀")), new PartDelta(0, DeltaKind.Text, "text 😀"), new PartDelta(0, DeltaKind.Text, ""),
            new SignatureSet(0, new Signature("s", Histories.Other)), new PartCompleted(0), new PartStarted(0, 1, Call("c", "plain")),
            new PartDelta(1, DeltaKind.ToolArguments, "{}"), new PartCompleted(1), new ChoiceEnded(0, FinishReason.ToolCalls), KeepAlive.Instance, Finished.Instance,
        ];
        List<ChatEvent> adapted = Adapted(events);
        Assert.Equal(events.Length, adapted.Count);
        Assert.All(events.Zip(adapted), pair => Assert.Same(pair.First, pair.Second));
        ChatResponse whole = Fold([.. events]);
        Assert.Same(whole, new AnswerAdapter(Names).Adapt(whole));
    }

    [Fact]
    public void A_delta_that_needs_nothing_costs_no_allocation()
    {
        var adapter = new AnswerAdapter(Names);
        List<ChatEvent> output = new(4);
        var delta = new PartDelta(0, DeltaKind.Text, "some text");
        adapter.Adapt(new PartStarted(0, 0, Text("")), output);
        Allocation.IsNone(() =>
        {
            output.Clear();
            adapter.Adapt(delta, output);
        });
    }

    /// <summary>A random stream of texts and calls, and what the client has to see of each part.</summary>
    private static readonly Gen<(List<ChatEvent> Events, string[] Expected)> RandomAnswer =
        Gen.Select(Gen.Select(Gen.Int[0, 4], Piece.List[0, 8].Select(string.Concat), Gen.Int[1, 5], Gen.Bool).List[1, 4], Gen.Bool).Select((parts, relaxed) =>
        {
            List<ChatEvent> events = [new Started { Id = "id" }];
            List<string> expected = [];
            List<Queue<ChatEvent>> streams = [];
            for (int i = 0; i < parts.Count; i++)
            {
                (int kind, string text, int size, bool inSeed) = parts[i];
                string arguments = JsonSerializer.Serialize(new { input = WellFormed(text) }, new JsonSerializerOptions { Encoder = relaxed ? JavaScriptEncoder.UnsafeRelaxedJsonEscaping : null });
                (string tool, string group, string client) = kind switch
                {
                    1 => ("say", "", "say"),
                    2 => ("crm__find", "crm", "find"),
                    3 => ("a_b", "", "a.b"),
                    _ => ("plain", "", "plain"),
                };
                string sent = kind == 0 ? text : arguments;
                string[] pieces = [.. sent.Chunk(size).Select(c => new string(c))];
                string head = inSeed && pieces.Length > 0 ? pieces[0] : "";
                events.Add(new PartStarted(0, i, kind == 0 ? new TextPart(head) : new ToolCallPart("c", tool, head)));
                expected.Add(kind == 0 ? WellFormed(text) : $"{group}/{client}/{(kind == 1 ? ToolKind.Custom : ToolKind.Function)}/{(kind == 1 ? WellFormed(text) : arguments)}");
                int index = i;
                streams.Add(new Queue<ChatEvent>([.. pieces.Skip(head.Length > 0 ? 1 : 0).Select(p => new PartDelta(index, kind == 0 ? DeltaKind.Text : DeltaKind.ToolArguments, p)), new PartCompleted(index)]));
            }

            while (streams.Any(s => s.Count > 0))
            {
                foreach (Queue<ChatEvent> stream in streams)
                {
                    if (stream.TryDequeue(out ChatEvent? next))
                    {
                        events.Add(next);
                    }
                }
            }

            events.AddRange([new ChoiceEnded(0, FinishReason.Stop), Finished.Instance]);
            return (events, expected.ToArray());
        });

    private static string WellFormed(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    private static ChatResponse Fold(List<ChatEvent> events)
    {
        var fold = new ChatEventFold();
        events.ForEach(fold.Add);
        return fold.ToResponse();
    }

    private static List<ChatEvent> Adapted(params ChatEvent[] events)
    {
        var adapter = new AnswerAdapter(Names);
        List<ChatEvent> output = [];
        foreach (ChatEvent chatEvent in events)
        {
            adapter.Adapt(chatEvent, output);
        }

        return output;
    }

    /// <summary>The texts that a client is sent for one part: its seed's, unless empty, and its deltas'.</summary>
    private static List<string> Deltas(ContentPart seed, DeltaKind kind, params string[] pieces)
    {
        List<ChatEvent> events = Adapted([new PartStarted(0, 0, seed), .. pieces.Select(p => new PartDelta(0, kind, p)), new PartCompleted(0)]);
        string head = ((PartStarted)events[0]).Seed switch
        {
            TextPart text => text.Text,
            ToolCallPart call => call.Arguments,
            _ => "",
        };
        return [.. new[] { head }.Concat(events.OfType<PartDelta>().Select(d => d.Text)).Where(t => t.Length > 0)];
    }
}
