using CsCheck;
using Serverless.Translation.Canonical;

namespace Serverless.Translation.Tests.Laws;

/// <summary>
/// Random conversations as clients really keep them: calls without answers, answers without calls, answers out of order or late, turns
/// of one role in a row, empty turns, instructions in the middle, ids and names of any alphabet, an id used twice.
/// </summary>
internal static class RandomHistory
{
    private static readonly Gen<string> Text = Gen.OneOf(Gen.Const(""), Gen.Const(" \n"), Gen.Int[0, 99].Select(i => $"text-{i} "), Gen.Int[0, 99].Select(i => $"Wörter {i} 🏔️"));

    private static readonly Gen<string> Id = Gen.OneOf(Gen.Int[0, 5].Select(i => $"call_{i}"), Gen.Int[0, 3].Select(i => $"odd id/{i}"), Gen.Int[0, 3].Select(i => new string('x', 70) + i));

    private static readonly Gen<string> Name = Gen.OneOf(Gen.Const("now"), Gen.Const("get.weather/now"), Gen.Const("ünï"), Gen.Const("7up"), Gen.Const(new string('n', 100)));

    private static readonly Gen<ContentPart> Call = Gen.Select(Id, Name, Gen.Bool, (id, name, empty) => (ContentPart)new ToolCallPart(id, name, empty ? "" : "{\"a\":1}"));

    private static readonly Gen<ContentPart> Result = Gen.Select(Id, Text, Gen.Bool, (id, text, error) => (ContentPart)new ToolResultPart(id, [new TextPart(text)]) { IsError = error });

    private static readonly Gen<ContentPart> Said = Text.Select(t => (ContentPart)new TextPart(t));

    private static readonly Gen<Message> Turn = Gen.OneOf(
        Said.Array[0, 2].Select(p => new Message(Role.User, p)),
        Said.Array[0, 2].Select(p => new Message(Role.Assistant, p)),
        Gen.Select(Said.Array[0, 1], Call.Array[1, 3], (s, c) => new Message(Role.Assistant, [.. s, .. c])),
        Result.Array[1, 3].Select(p => new Message(Role.Tool, p)),
        Gen.Select(Said.Array[0, 1], Result.Array[1, 2], (s, r) => new Message(Role.User, [.. s, .. r])),
        Said.Select(p => new Message(Role.System, [p])),
        Said.Select(p => new Message(Role.Developer, [p])));

    /// <summary>One request with such a conversation, its tools declared.</summary>
    public static readonly Gen<ChatRequest> Any = Turn.Array[0, 9].Select(turns => new ChatRequest
    {
        Model = "endpoint",
        Messages = [.. turns, new Message(Role.User, [new TextPart("Go on.")])],
        Tools = [.. ((string[])["now", "get.weather/now", "ünï", "7up", new string('n', 100)]).Select(n => new FunctionTool(n))],
        MaxOutputTokens = 100,
    });
}
