using CsCheck;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using static Serverless.Translation.Tests.Adaptation.Adapting;

namespace Serverless.Translation.Tests.Adaptation;

/// <summary>Estimates are rough, but nothing that costs tokens may count as nothing.</summary>
public sealed class TokenEstimatorTests
{
    [Theory]
    [InlineData(null, 0)]
    [InlineData("", 0)]
    [InlineData("a", 1)]
    [InlineData("four", 1)]
    [InlineData("fives", 2)]
    [InlineData("你好世界", 3)]
    public void A_token_is_four_bytes(string? text, long expected) => Assert.Equal(expected, TokenEstimator.Text(text));

    [Fact]
    public void Everything_that_a_prompt_holds_counts()
    {
        string text = new('x', 400);
        var plain = new ToolCallPart("a", "f", "");
        Assert.Equal(1, TokenEstimator.Input(Request()));
        Assert.Equal(104, TokenEstimator.Input(Request(User(Text(text)))));
        Assert.Equal(100, TokenEstimator.Input(Request() with { Instructions = [Text(text)] }));
        Assert.Equal(104, TokenEstimator.Input(Request(Assistant(new ReasoningPart(text)))));
        Assert.Equal(104, TokenEstimator.Input(Request(Assistant(new ReasoningPart("") { Signature = new Signature(text, Histories.Other) }))));
        Assert.Equal(104, TokenEstimator.Input(Request(Assistant(new RefusalPart(text)))));
        Assert.Equal(100, TokenEstimator.Input(Request(Assistant(plain with { Arguments = text }))) - TokenEstimator.Input(Request(Assistant(plain))));
        Assert.Equal(108, TokenEstimator.Input(Request(Tool(Result("a", text)))));
        Assert.Equal(109, TokenEstimator.Input(Request() with { Tools = [new FunctionTool("f") { Description = text }] }));
        Assert.Equal(59, TokenEstimator.Input(Request() with { Tools = [new FunctionTool("f") { Parameters = Element($"\"{new string('x', 198)}\"") }] }));
        Assert.Equal(59, TokenEstimator.Input(Request() with { Tools = [new CustomTool("f") { Format = Element($"\"{new string('x', 198)}\"") }] }));
        Assert.Equal(50, TokenEstimator.Input(Request() with { ResponseFormat = new ResponseFormat(ResponseFormatKind.JsonSchema) { Schema = Element($"\"{new string('x', 198)}\"") } }));
    }

    [Fact]
    public void Media_count_by_their_kind_and_size()
    {
        static long Of(MediaPart media) => TokenEstimator.Input(Request(User(media))) - 4;
        static Base64Source Bytes(int size) => new("x/y", new byte[size / 3 * 4]);
        Assert.Equal(765, Of(new MediaPart(MediaKind.Image, Bytes(3_000_000))));
        Assert.Equal(85, Of(new MediaPart(MediaKind.Image, new UrlSource("u")) { Detail = "low" }));
        Assert.Equal(2000, Of(new MediaPart(MediaKind.Document, Bytes(300))));
        Assert.Equal(20_000, Of(new MediaPart(MediaKind.Document, Bytes(1_050_000))));
        Assert.Equal(100, Of(new MediaPart(MediaKind.Document, new TextSource(new string('x', 400)))));
        Assert.Equal(1920, Of(new MediaPart(MediaKind.Audio, Bytes(960_000))));
        Assert.Equal(3601, Of(new MediaPart(MediaKind.Video, Bytes(3_000_000))));
    }

    [Fact]
    public void More_text_is_never_fewer_tokens() => Gen.Select(Histories.Request, Histories.Target).Sample((request, _) =>
    {
        long before = TokenEstimator.Input(request);
        Assert.True(before > 0);
        Assert.True(TokenEstimator.Input(request with { Messages = [.. request.Messages, User(Text("more"))] }) > before - (before == 1 ? 1 : 0));
    });

    [Fact]
    public void An_answer_counts_in_all_its_choices()
    {
        Choice choice = new(0, [Text(new string('x', 40)), new ReasoningPart(new string('x', 40))], FinishReason.Stop);
        Assert.Equal(40, TokenEstimator.Output(new ChatResponse { Choices = [choice, choice with { Index = 1 }] }));
    }
}
