using System.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests;

/// <summary>OpenAI's citations have a place in the answer; those of a provider that tells none get one that is true, never an invented one.</summary>
public sealed class CitationPlaceTests
{
    private const string First = "Yes. ";
    private const string Answer = "It rained in Oslo, says the log.";

    private static readonly Citation Source = new() { Url = "https://a.test", Title = "A" };

    private static readonly Citation[] Cases =
    [
        Source with { Start = 3, End = 9 },
        Source with { Start = 3 },
        Source with { CitedText = "rained in Oslo" },
        Source with { CitedText = "words of the source that the answer does not have" },
        Source,
        Source with { Start = 4, End = 4000 },
    ];

    private static readonly (int, int)[] Places = [(3, 9), (3, Answer.Length), (3, 17), (Answer.Length, Answer.Length), (Answer.Length, Answer.Length), (4, Answer.Length)];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Responses(bool stream)
    {
        for (int i = 0; i < Cases.Length; i++)
        {
            ChatResponse answer = Of(Cases[i]);
            JsonElement resource = stream ? Frames(DialectIds.Responses, answer).Last(f => f.TryGetProperty("response", out _)).GetProperty("response") : Whole(DialectIds.Responses, answer);
            JsonElement content = resource.GetProperty("output").EnumerateArray().Last().GetProperty("content").EnumerateArray().Last();
            Assert.EndsWith(Answer, content.GetProperty("text").GetString(), StringComparison.Ordinal);
            int offset = content.GetProperty("text").GetString()!.Length - Answer.Length;
            Assert.Equal(At(Places[i], offset), Place(content.GetProperty("annotations")[0]));
        }
    }

    [Fact]
    public void ResponsesTellTheSameInTheEventAndInTheItem()
    {
        foreach (Citation citation in Cases[..^1])
        {
            List<JsonElement> frames = Frames(DialectIds.Responses, Of(citation));
            JsonElement added = Assert.Single(frames, f => f.GetProperty("type").GetString() == "response.output_text.annotation.added").GetProperty("annotation");
            JsonElement done = frames.Last(f => f.GetProperty("type").GetString() == "response.content_part.done").GetProperty("part").GetProperty("annotations")[0];
            Assert.Equal(done.GetRawText(), added.GetRawText());
        }
    }

    /// <summary>A stream of chunks is not kept, so that cited words are not looked for in it.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ChatCompletions(bool stream)
    {
        for (int i = 0; i < Cases.Length; i++)
        {
            ChatResponse answer = Of(Cases[i]);
            JsonElement annotations = stream
                ? Frames(DialectIds.ChatCompletions, answer).Select(f => f.GetProperty("choices")).Where(c => c.GetArrayLength() > 0)
                    .Select(c => c[0].GetProperty("delta")).Single(d => d.TryGetProperty("annotations", out _)).GetProperty("annotations")
                : Whole(DialectIds.ChatCompletions, answer).GetProperty("choices")[0].GetProperty("message").GetProperty("annotations");
            (int, int) expected = stream && Cases[i].CitedText is not null ? (Answer.Length, Answer.Length) : i == Cases.Length - 1 && stream ? (4, 4000) : Places[i];
            Assert.Equal(At(expected, First.Length), Place(annotations[0].GetProperty("url_citation")));
        }
    }

    /// <summary>A source may be told before the words that it stands for.</summary>
    [Theory]
    [InlineData("openai.responses")]
    [InlineData("openai.chat-completions")]
    public void ASourceToldBeforeTheTextStandsAtItsEnd(string client)
    {
        IChatDialect dialect = DialectCatalog.ChatDialect(new DialectId(client));
        ChatEvent[] events =
        [
            new Started(), new PartStarted(0, 0, new TextPart("")), new CitationAdded(0, Source), new PartDelta(0, DeltaKind.Text, "ab"), new PartDelta(0, DeltaKind.Text, "cd"), new PartCompleted(0),
            new ChoiceEnded(0, FinishReason.Stop), Finished.Instance,
        ];
        string sent = Encoding.UTF8.GetString(Crossing.Render(dialect, events));
        Assert.Contains("\"start_index\":4,\"end_index\":4", sent, StringComparison.Ordinal);
        Assert.DoesNotContain("\"start_index\":0", sent, StringComparison.Ordinal);
    }

    /// <summary>Google's supports say which words a source stands for: a source without a place has none.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Gemini(bool stream)
    {
        for (int i = 0; i < Cases.Length; i++)
        {
            JsonElement last = stream ? Frames(DialectIds.GenerateContent, Of(Cases[i]))[^1] : Whole(DialectIds.GenerateContent, Of(Cases[i]));
            JsonElement grounding = last.GetProperty("candidates")[0].GetProperty("groundingMetadata");
            Assert.Equal("https://a.test", grounding.GetProperty("groundingChunks")[0].GetProperty("web").GetProperty("uri").GetString());
            Assert.Equal(Places[i].Item1 < Places[i].Item2, grounding.TryGetProperty("groundingSupports", out JsonElement supports) && supports.GetArrayLength() == 1);
        }
    }

    private static ChatResponse Of(Citation citation) => new()
    {
        Id = "1",
        Model = "m",
        Choices = [new Choice(0, [new TextPart(First), new TextPart(Answer) { Citations = [citation] }], FinishReason.Stop)],
    };

    private static (int, int) At((int Start, int End) place, int offset) => (place.Start + offset, place.End + offset);

    private static (int, int) Place(JsonElement annotation) => (annotation.GetProperty("start_index").GetInt32(), annotation.GetProperty("end_index").GetInt32());

    private static JsonElement Whole(DialectId client, ChatResponse answer) => JsonText.Parse(Crossing.Render(DialectCatalog.ChatDialect(client), answer));

    private static List<JsonElement> Frames(DialectId client, ChatResponse answer) =>
    [
        .. Crossing.Frames(Crossing.Render(DialectCatalog.ChatDialect(client), ChatEventFold.Unfold(answer)))
            .Select(f => f[(f.IndexOf("data: ", StringComparison.Ordinal) + 6)..].Trim())
            .Where(d => d.StartsWith('{'))
            .Select(d => JsonElement.Parse(d)),
    ];
}
