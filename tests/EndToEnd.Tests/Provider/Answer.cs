using System.Text.Json.Nodes;

namespace Serverless.EndToEnd.Tests.Provider;

/// <summary>What the stand-in for a model says, before it is put into any vendor's words.</summary>
public sealed record Answer(params IReadOnlyList<Piece> Pieces)
{
    /// <summary>The same counts in every answer, so that every client's arithmetic can be checked: 20 tokens in, 8 of them from a cache, 9 out, 4 of them thinking.</summary>
    public const int Input = 20;
    public const int Cached = 8;
    public const int Output = 9;
    public const int Thinking = 4;

    /// <summary>The model that claims to have served.</summary>
    public const string Model = "served-model-2026";

    public bool HasTools => Pieces.Any(p => p is Call);
}

public abstract record Piece;

public sealed record Say(params string[] Deltas) : Piece
{
    public string Text => string.Concat(Deltas);
}

public sealed record Think(string Text, string Signature) : Piece;

public sealed record Call(string Id, string Name, string Arguments) : Piece
{
    public JsonNode ArgumentsNode => JsonNode.Parse(Arguments)!;
}

/// <summary>What the stand-in has understood of a request, in no vendor's words.</summary>
public sealed record Asked(string Model, bool Stream, IReadOnlyList<string> ToolResults, IReadOnlyList<byte[]> Media, bool HasSchema, bool HasTools, string Body);

/// <summary>The stand-in's behaviour: the model's name is the scenario.</summary>
public static class Script
{
    public static Answer For(Asked asked) => asked.Model switch
    {
        "text" => new Answer(new Say("Hello", ", wörld ", "🌍", "!")),
        "reasoning" => new Answer(new Think("Let me think.", "c2lnbmF0dXJl"), new Say("It is ", "42.")),
        "agent" when asked.ToolResults.Count == 0 => new Answer(new Call("call_a1", "get_weather", """{"city":"Zürich"}""")),
        "parallel" when asked.ToolResults.Count == 0 => new Answer(
            new Say("Looking it up."),
            new Call("call_p1", "get_weather", """{"city":"Oslo"}"""),
            new Call("call_p2", "get_weather", """{"city":"Rome"}""")),
        "agent" or "parallel" => new Answer(new Say("Results: ", string.Join(" | ", asked.ToolResults))),
        "image" => new Answer(new Say("sha256 ", string.Join(",", asked.Media.Select(Sha256)))),
        "json" => new Answer(new Say(asked.HasSchema ? """{"answer":""" : "no schema", asked.HasSchema ? "42}" : "")),
        "paced" => new Answer(new Say([.. Enumerable.Range(0, 12).Select(i => $"word{i} ")])),
        "slow" => new Answer(new Say([.. Enumerable.Range(0, 600).Select(i => $"word{i} ")])),
        _ => new Answer(new Say("unknown scenario ", asked.Model)),
    };

    /// <summary>How long the model thinks between two events; before a whole answer, ten times as long.</summary>
    public static TimeSpan Pause(string model) => TimeSpan.FromMilliseconds(model switch { "slow" => 50, "paced" => 10, _ => 0 });

    private static string Sha256(byte[] bytes) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));
}
