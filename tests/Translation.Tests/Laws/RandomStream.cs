using System.Text.Json;
using CsCheck;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;

namespace Serverless.Translation.Tests.Laws;

/// <summary>Random streams that obey the grammar: any parts in any order, interleaved, of one or two choices, finished or failed.</summary>
internal static class RandomStream
{
    private static readonly Gen<string> Words = Gen.OneOf(
        Gen.Const("a"), Gen.Const(" "), Gen.Const("\n\n"), Gen.Const("\"quoted\" \\"), Gen.Const("\u2028🏔️"), Gen.String[Gen.Char['a', 'z'], 1, 12]);

    private static readonly Gen<string[]> Texts = Words.Array[0, 4];

    private static readonly string[][] Arguments = [[], ["{}"], ["{\"a\"", ":1}"], ["{\"k\":\"\\u2028 é\",", "\"n\":[1,null]}"]];

    private static readonly Gen<Plan> Part = Gen.OneOf(
        Texts.Select(t => new Plan(new TextPart(""), DeltaKind.Text, t)),
        Texts.Select(t => new Plan(new TextPart(""), DeltaKind.Text, ["x", .. t], new CitationAdded(0, new Citation { Url = "https://example.com", Title = "T", Start = 0, End = 1 }))),
        Texts.Select(t => new Plan(new ReasoningPart(""), DeltaKind.Reasoning, t)),
        Texts.Select(t => new Plan(new ReasoningPart(""), DeltaKind.Reasoning, t, new SignatureSet(0, new Signature("c2ln", DialectIds.Messages)))),
        Texts.Select(t => new Plan(new ReasoningPart("") { IsSummary = true }, DeltaKind.Reasoning, t, new SignatureSet(0, new Signature("gAAA", DialectIds.Responses)))),
        Gen.Const(new Plan(new ReasoningPart("") { Redacted = true }, DeltaKind.Reasoning, [], new SignatureSet(0, new Signature("cmVk", DialectIds.Messages)))),
        Gen.Int[0, 3].Select(i => Arguments[i]).Select(
            a => new Plan(new ToolCallPart("id", "tool", ""), DeltaKind.ToolArguments, a)),
        Gen.Const(new Plan(new ToolCallPart("id", "tool", "") { Signature = new Signature("c2ln", DialectIds.GenerateContent) }, DeltaKind.ToolArguments, ["{}"])),
        Texts.Select(t => new Plan(new RefusalPart(""), DeltaKind.Refusal, ["No.", .. t])),
        Gen.Const(new Plan(new MediaPart(MediaKind.Image, new Base64Source("image/png", "iVBORw0KGgo="u8.ToArray())), DeltaKind.Media, [])),
        Gen.Const(new Plan(new OpaquePart(DialectIds.Messages, JsonElement.Parse("""{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}"""), "content[0]"), DeltaKind.Text, [])));

    /// <summary>One stream.</summary>
    public static readonly Gen<List<ChatEvent>> Any = Gen.Select(Part.Array[0, 6], Gen.Int[0, 1000], Gen.Bool, Gen.Bool, Gen.Int[0, 4], Build);

    private static List<ChatEvent> Build(Plan[] plans, int seed, bool interleave, bool twoChoices, int ending)
    {
        var random = new Random(seed);
        List<ChatEvent> events = [new Started { Id = "id-1", Model = "m-1", Created = Crossing.Created }];
        List<Queue<ChatEvent>> open = [];
        int choices = twoChoices && interleave ? 2 : 1;
        int next = 0;
        while (next < plans.Length || open.Count > 0)
        {
            if (open.Count == 0 || (next < plans.Length && interleave && random.Next(3) == 0))
            {
                Plan plan = plans[next];
                events.Add(new PartStarted(next % choices, next, plan.SeedFor(next)));
                open.Add(plan.After(next));
                next++;
                continue;
            }

            int pick = random.Next(open.Count);
            events.Add(open[pick].Dequeue());
            if (open[pick].Count == 0)
            {
                open.RemoveAt(pick);
            }

            if (random.Next(8) == 0)
            {
                events.Add(KeepAlive.Instance);
            }
        }

        for (int choice = 0; choice < choices; choice++)
        {
            bool calls = plans.Where((p, i) => i % choices == choice && p.Seed is ToolCallPart).Any();
            events.Add(new ChoiceEnded(choice, ending == 2 ? FinishReason.Length : calls ? FinishReason.ToolCalls : FinishReason.Stop));
        }

        if (ending != 1)
        {
            events.Add(new UsageReported(new TokenUsage { InputTokens = 12, CacheReadTokens = 4, OutputTokens = 7, ReasoningTokens = 2 }));
            events.Add(Finished.Instance);
            return events;
        }

        // A failure may come anywhere after the start and leaves parts open.
        return [.. events.Take(1 + random.Next(events.Count)), new Failed(GatewayError.Upstream("The stream broke off.", "stream_truncated"))];
    }

    private sealed record Plan(ContentPart Seed, DeltaKind Kind, string[] Texts, ChatEvent? Mark = null)
    {
        public ContentPart SeedFor(int index) => Seed is ToolCallPart call ? call with { Id = $"call_{index}" } : Seed;

        public Queue<ChatEvent> After(int index)
        {
            var events = new Queue<ChatEvent>(Texts.Where(t => t.Length > 0).Select(t => new PartDelta(index, Kind, t)));
            switch (Mark)
            {
                case SignatureSet signature:
                    events.Enqueue(new SignatureSet(index, signature.Signature));
                    break;
                case CitationAdded citation:
                    events.Enqueue(new CitationAdded(index, citation.Citation));
                    break;
            }

            events.Enqueue(new PartCompleted(index));
            return events;
        }
    }
}
