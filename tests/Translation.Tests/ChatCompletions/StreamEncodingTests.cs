using System.Text;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.ChatCompletions;

/// <summary>The frames that clients are sent.</summary>
public sealed class StreamEncodingTests
{
    private const string Head = """data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1750000001,"model":"m-1","choices":[""";
    private static readonly Started Start = new() { Id = "chatcmpl-1", Model = "m-1", Created = DateTimeOffset.FromUnixTimeSeconds(1_750_000_001) };
    private static readonly ChatRequest Plain = new() { Model = "endpoint", Messages = [] };

    [Fact]
    public void AnAnswerIsTheFramesThatOpenAIWouldSend()
    {
        string sent = Chat.Sent(
            Plain with { IncludeStreamUsage = true },
            Start,
            new PartStarted(0, 0, new ReasoningPart("")),
            new PartDelta(0, DeltaKind.Reasoning, "Hm"),
            new PartCompleted(0),
            new PartStarted(0, 1, new TextPart("")),
            new PartDelta(1, DeltaKind.Text, "Say \"hi\"\n"),
            KeepAlive.Instance,
            new PartCompleted(1),
            new PartStarted(0, 2, new ToolCallPart("c1", "f", "")),
            new PartDelta(2, DeltaKind.ToolArguments, "{\"a\":1}"),
            new PartCompleted(2),
            new PartStarted(0, 3, new ToolCallPart("c2", "g", "")),
            new PartCompleted(3),
            new ChoiceEnded(0, FinishReason.ToolCalls),
            new UsageReported(new TokenUsage { InputTokens = 3, OutputTokens = 2 }),
            Finished.Instance);
        Assert.Equal(
            [
                Delta("""{"role":"assistant","content":"","refusal":null}"""),
                Delta("""{"reasoning_content":"Hm"}"""),
                Delta("""{"content":"Say \"hi\"\n"}"""),
                ": keep-alive",
                Delta("""{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}}]}"""),
                Delta("""{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":1}"}}]}"""),
                Delta("""{"tool_calls":[{"index":1,"id":"c2","type":"function","function":{"name":"g","arguments":""}}]}"""),
                Delta("""{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]}"""),
                Delta("{}", "tool_calls"),
                Head + """],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"prompt_tokens_details":{},"completion_tokens_details":{}}}""",
                "data: [DONE]",
            ],
            Frames(sent));
    }

    [Fact]
    public void CountsAreSentToThoseWhoAskedForThem()
    {
        string sent = Chat.Sent(Plain, Start, new ChoiceEnded(0, FinishReason.Stop), new UsageReported(new TokenUsage { InputTokens = 3 }), Finished.Instance);
        Assert.DoesNotContain("usage", sent, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", sent, StringComparison.Ordinal);
    }

    [Fact]
    public void AFailureIsOneErrorAndTheEnd()
    {
        string sent = Chat.Sent(Plain, Start, new Failed(GatewayError.Upstream("It broke.", "stream_truncated")), Finished.Instance);
        Assert.Equal("""data: {"error":{"message":"It broke.","type":"server_error","param":null,"code":"stream_truncated"}}""", Frames(sent)[^1]);
        Assert.DoesNotContain("[DONE]", sent, StringComparison.Ordinal);
        Assert.Equal("""data: {"error":{"message":"Slow down","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}}""", Assert.Single(Frames(Chat.Sent(Plain, new Failed(new GatewayError(ErrorKind.RateLimited, 429, "Slow down"))))));
    }

    [Fact]
    public void WhatTheProviderLeavesOutIsFilledIn()
    {
        string sent = Chat.Sent(Plain, new Started { ServiceTier = "flex" }, new ChoiceEnded(0, FinishReason.Stop), Finished.Instance);
        Assert.StartsWith("""data: {"id":"chatcmpl-req-1","object":"chat.completion.chunk","created":1750000000,"model":"endpoint","service_tier":"flex","choices":[""", sent, StringComparison.Ordinal);
    }

    [Fact]
    public void SealsAreSentBesideTheThinking()
    {
        var seal = new Signature("s", DialectIds.Messages);
        string wrapped = SignatureCarrier.Wrap(seal, DialectIds.ChatCompletions);
        List<string> frames = Frames(Chat.Sent(
            Plain,
            Start,
            new PartStarted(0, 0, new ReasoningPart("")), new PartDelta(0, DeltaKind.Reasoning, "One"), new SignatureSet(0, seal), new PartCompleted(0),
            new PartStarted(0, 1, new ReasoningPart("") { Redacted = true }), new SignatureSet(1, seal), new PartCompleted(1),
            new PartStarted(0, 2, new ReasoningPart("")), new PartDelta(2, DeltaKind.Reasoning, "Two"), new SignatureSet(2, seal), new PartCompleted(2)));
        Assert.Equal(
            [
                Delta("""{"reasoning_content":"One"}"""),
                Delta($$"""{"reasoning_details":[{"type":"reasoning.text","signature":"{{wrapped}}","id":"text:0-3","index":0}]}"""),
                Delta($$"""{"reasoning_details":[{"type":"reasoning.encrypted","data":"{{wrapped}}","index":1}]}"""),
                Delta("""{"reasoning_content":"\n\nTwo"}"""),
                Delta($$"""{"reasoning_details":[{"type":"reasoning.text","signature":"{{wrapped}}","id":"text:5-8","index":2}]}"""),
            ],
            frames.Skip(1));

        // What an SDK makes of these chunks comes back as the parts that they were.
        Message again = Chat.Message($$"""
            {"role":"assistant","content":"A","reasoning_content":"One\n\nTwo","reasoning_details":[{"type":"reasoning.text","signature":"{{wrapped}}","id":"text:0-3","index":0},
             {"type":"reasoning.encrypted","data":"{{wrapped}}","index":1},{"type":"reasoning.text","signature":"{{wrapped}}","id":"text:5-8","index":2}]}
            """);
        Assert.Equal(
            [new ReasoningPart("One") { Signature = seal }, new ReasoningPart("") { Signature = seal, Redacted = true }, new ReasoningPart("Two") { Signature = seal }],
            again.Parts.OfType<ReasoningPart>());
    }

    [Fact]
    public void RareThingsAreSent()
    {
        List<string> frames = Frames(Chat.Sent(
            Plain,
            Start,
            new PartStarted(0, 0, new TextPart("")), new PartDelta(0, DeltaKind.Text, "Hello "), new PartCompleted(0),
            new PartStarted(0, 1, new TextPart("")), new PartDelta(1, DeltaKind.Text, "x"),
            new CitationAdded(1, new Citation { Url = "https://x", Title = "X", Start = 0, End = 1 }),
            new LogProbsAdded(1, [new TokenLogProb("x", -1)]), new PartCompleted(1),
            new PartStarted(0, 2, new MediaPart(MediaKind.Image, new Base64Source("image/png", Encoding.ASCII.GetBytes("AQID")))), new PartCompleted(2),
            new PartStarted(0, 3, new MediaPart(MediaKind.Image, new Base64Source("image/png", default))), new PartDelta(3, DeltaKind.Media, "AQ"), new PartDelta(3, DeltaKind.Media, "ID"), new PartCompleted(3),
            new PartStarted(0, 4, new MediaPart(MediaKind.Audio, new Base64Source("audio/pcm", default))), new PartDelta(4, DeltaKind.Transcript, "t"), new PartDelta(4, DeltaKind.Media, "AQID"), new PartCompleted(4),
            new PartStarted(0, 5, new ToolCallPart("p", "patch", "") { Kind = ToolKind.Custom }), new PartDelta(5, DeltaKind.ToolArguments, "x"), new PartCompleted(5),
            new PartStarted(1, 6, new RefusalPart("")), new PartDelta(6, DeltaKind.Refusal, "No."), new PartCompleted(6),
            new ChoiceEnded(1, FinishReason.Refusal)));
        Assert.Equal(
            [
                Delta("""{"content":"Hello "}"""),
                Delta("""{"content":"x"}"""),
                Delta("""{"annotations":[{"index":0,"type":"url_citation","url_citation":{"start_index":6,"end_index":7,"title":"X","url":"https://x"}}]}"""),
                Head + """{"index":0,"delta":{},"logprobs":{"content":[{"token":"x","logprob":-1,"bytes":null,"top_logprobs":[]}],"refusal":null},"finish_reason":null}]}""",
                Delta("""{"images":[{"index":0,"type":"image_url","image_url":{"url":"data:image/png;base64,AQID"}}]}"""),
                Delta("""{"images":[{"index":1,"type":"image_url","image_url":{"url":"data:image/png;base64,AQID"}}]}"""),
                Delta("""{"audio":{"id":"audio_req-1"}}"""),
                Delta("""{"audio":{"transcript":"t"}}"""),
                Delta("""{"audio":{"data":"AQID"}}"""),
                Delta("""{"tool_calls":[{"index":0,"id":"p","type":"custom","custom":{"name":"patch","input":""}}]}"""),
                Delta("""{"tool_calls":[{"index":0,"custom":{"input":"x"}}]}"""),
                Delta("""{"role":"assistant","content":"","refusal":null}""", index: 1),
                Delta("""{"refusal":"No."}""", index: 1),
                Delta("{}", "stop", index: 1),
            ],
            frames.Skip(1));
    }

    [Fact]
    public void ASignedCallCarriesItsSealTwice()
    {
        var signature = new Signature("g", DialectIds.GenerateContent);
        string sent = Chat.Sent(Plain, Start, new PartStarted(0, 0, new ToolCallPart("c", "f", "") { Signature = signature }));
        Assert.Contains($"\"id\":\"{ToolCallIdCarrier.Wrap("c", signature)}\"", sent, StringComparison.Ordinal);
        Assert.Contains("\"extra_content\":{\"google\":{\"thought_signature\":\"g\"}}", sent, StringComparison.Ordinal);
    }

    [Fact]
    public void AClientOfTheOldKindGetsAFunctionCall()
    {
        List<string> frames = Frames(Chat.Sent(
            Chat.Request("\"functions\":[{\"name\":\"f\"}]"),
            Start, new PartStarted(0, 0, new ToolCallPart("c", "f", "")), new PartDelta(0, DeltaKind.ToolArguments, "{}"), new PartCompleted(0), new ChoiceEnded(0, FinishReason.ToolCalls)));
        Assert.Equal(
            [Delta("""{"function_call":{"name":"f","arguments":""}}"""), Delta("""{"function_call":{"arguments":"{}"}}"""), Delta("{}", "function_call")],
            frames.Skip(1));
    }

    private static string Delta(string delta, string? finish = null, int index = 0) =>
        Head + $"{{\"index\":{index},\"delta\":{delta},\"logprobs\":null,\"finish_reason\":{(finish is null ? "null" : $"\"{finish}\"")}}}]}}";

    private static List<string> Frames(string sent) => [.. sent.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)];
}
