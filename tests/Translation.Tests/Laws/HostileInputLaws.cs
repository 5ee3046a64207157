using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Tests.Validators;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.Laws;

/// <summary>
/// Nothing that a client or a provider sends makes a codec throw anything but a <see cref="GatewayException"/>: examples with random
/// nodes removed, retyped, repeated or blown up.
/// </summary>
public sealed class HostileInputLaws
{
    private const int Rounds = 250;

    private static readonly JsonSerializerOptions Deep = new() { MaxDepth = 256 };

    /// <summary>Faults of the provider that only it could mend: counts that contradict each other, calls without a name, two of one id.</summary>
    private static readonly string[] Garbage = ["add up", "more was cached", "a call without name", "two calls of one id", "call without a name"];

    private static readonly Gen<(int File, int Seed)> Mutations = Gen.Select(Gen.Int[0, 10_000], Gen.Int[0, int.MaxValue]);

    public static TheoryData<string> Dialects => [.. DialectCatalog.Chat.Select(d => d.Id.Name)];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Dialects))]
    public void MutatedRequestsAreReadOrRefused(string name)
    {
        IChatDialect client = DialectCatalog.ChatDialect(new DialectId(name));
        byte[][] bodies = Bodies(client, Fixture.Requests, PayloadKind.Request);
        Mutations.Sample(
            m =>
            {
                JsonNode mutated = Mutate(bodies[m.File % bodies.Length], new Random(m.Seed));
                try
                {
                    var address = new RequestAddress("endpoint");
                    ChatRequest request = Crossing.Decode(client, Encoding.UTF8.GetBytes(mutated.ToJsonString(Deep)), address);
                    foreach (IChatDialect target in DialectCatalog.Chat)
                    {
                        // Whatever could be read can be told to everyone, as JSON.
                        using JsonDocument _ = Json.Parse(Crossing.Encode(request, target).Body);
                    }
                }
                catch (GatewayException e)
                {
                    Assert.Equal(400, e.Error.Status);
                }
            },
            iter: Rounds,
            print: m => Mutate(bodies[m.File % bodies.Length], new Random(m.Seed)).ToJsonString(Deep));
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Dialects))]
    public void MutatedAnswersAreReadOrRefused(string name)
    {
        IChatDialect provider = DialectCatalog.ChatDialect(new DialectId(name));
        byte[][] bodies = Bodies(provider, Fixture.Responses, PayloadKind.Response);
        Mutations.Sample(
            m =>
            {
                JsonNode mutated = Mutate(bodies[m.File % bodies.Length], new Random(m.Seed));
                try
                {
                    ChatResponse response = provider.DecodeResponse(Json.Parse(Encoding.UTF8.GetBytes(mutated.ToJsonString(Deep))).RootElement);
                    foreach (IChatDialect client in DialectCatalog.Chat)
                    {
                        using JsonDocument _ = Json.Parse(Crossing.Render(client, response));
                    }
                }
                catch (GatewayException e)
                {
                    Assert.True(e.Error.Status >= 500, CanonicalText.Of(e.Error));
                }
            },
            iter: Rounds,
            print: m => Mutate(bodies[m.File % bodies.Length], new Random(m.Seed)).ToJsonString(Deep));
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Dialects))]
    public void MutatedStreamsStayLawful(string name)
    {
        IChatDialect provider = DialectCatalog.ChatDialect(new DialectId(name));
        byte[][] streams = [.. Fixture.All(Fixture.Streams).Where(f => f.Dialect == provider).Select(f => f.Read())];
        Mutations.Sample(
            m =>
            {
                List<ChatEvent> events = Crossing.Events(provider, MutateStream(streams[m.File % streams.Length], new Random(m.Seed)));

                // A call whose name was lost is nobody's fault; everything else must be in order.
                Assert.DoesNotContain(EventGrammar.Faults(events), f => !f.Contains("an id and a name", StringComparison.Ordinal));
                foreach (IChatDialect client in DialectCatalog.Chat)
                {
                    byte[] sent = Crossing.Render(client, events);

                    // What a provider garbles in blocks of its own, its own clients get as it is.
                    IReadOnlyList<string> faults = client == provider ? [] : StreamValidators.Faults(client.Id, sent);
                    Assert.True(faults.All(f => Garbage.Any(g => f.Contains(g, StringComparison.Ordinal))), $"For {client.Id}:\n{string.Join('\n', faults)}\n{Encoding.UTF8.GetString(sent)}");
                }
            },
            iter: Rounds,
            print: m => Encoding.UTF8.GetString(MutateStream(streams[m.File % streams.Length], new Random(m.Seed))));
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Dialects))]
    public void FramesThatAreNoJsonFailTheStream(string name)
    {
        IChatDialect provider = DialectCatalog.ChatDialect(new DialectId(name));
        foreach (string data in (string[])["{", "nonsense", "[]", "null", "7", "\"text\"", "{}", "{\"type\":7}", "[1,{\"a\":[]}]", "\u0000", "{\"a\":\"\\ud83d\"}"])
        {
            List<ChatEvent> events = Crossing.Events(provider, Encoding.UTF8.GetBytes($"data: {data}\n\ndata: {data}\n\n"));
            EventGrammar.Check(events);
            Assert.IsType<Failed>(events[^1]);
        }
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Dialects))]
    public void OneMegabyteAndDeepSchemasPass(string name)
    {
        IChatDialect client = DialectCatalog.ChatDialect(new DialectId(name));
        string text = string.Concat(Enumerable.Repeat("0123456789abcde\"", 65536));
        JsonNode schema = new JsonObject { ["type"] = "string" };
        for (int i = 0; i < 50; i++)
        {
            schema = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["p"] = schema } };
        }

        var request = new ChatRequest
        {
            Model = "endpoint",
            Messages = [new Message(Role.User, [new TextPart(text)])],
            Tools = [new FunctionTool("deep") { Parameters = JsonText.Parse(Encoding.UTF8.GetBytes(schema.ToJsonString(Deep))) }],
        };
        CrossedRequest first = Crossing.Encode(request, client);
        ChatRequest again = Crossing.Decode(client, first.Body, new RequestAddress("endpoint"));
        foreach (IChatDialect target in DialectCatalog.Chat)
        {
            CrossedRequest crossed = Crossing.Encode(again, target);
            using JsonDocument document = Json.Parse(crossed.Body);
            Assert.Contains(JsonText.Texts(document.RootElement), t => t.Length == text.Length && t == text);
            int levels = JsonText.Keys(document.RootElement).Count(k => k == "p");
            Assert.True(levels == 50 || crossed.Report.Entries.Count + first.Report.Entries.Count > 0, $"{target.Id} is told {levels} of 50 levels");
        }
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Dialects))]
    public void DeepArgumentsPassAndBrokenOnesDoNoHarm(string name)
    {
        IChatDialect target = DialectCatalog.ChatDialect(new DialectId(name));
        string deep = string.Concat(Enumerable.Repeat("{\"a\":[", 50)) + "1" + string.Concat(Enumerable.Repeat("]}", 50));
        foreach (string arguments in (string[])[deep, "", " ", "{", "[1]", "null", "7", "\"text\"", "{\"a\":1}x", "{\"a\":1,\"a\":2}", string.Concat(Enumerable.Repeat("[", 5000))])
        {
            var call = new ToolCallPart("call_1", "now", arguments);
            var request = new ChatRequest
            {
                Model = "endpoint",
                Messages = [new Message(Role.User, [new TextPart("Go.")]), new Message(Role.Assistant, [call]), new Message(Role.Tool, [new ToolResultPart("call_1", [new TextPart("ok")])])],
                Tools = [new FunctionTool("now")],
            };
            JsonElement body = JsonText.Parse(Crossing.Encode(request, target).Body);
            Assert.Empty(RequestFaults.Of(target.Id, body));
            Assert.True(arguments != deep || JsonText.Keys(body).Count(k => k == "a") == 50 || JsonText.Texts(body).Contains(deep));
            var response = new ChatResponse { Id = "id-1", Model = "m-1", Choices = [new Choice(0, [call], FinishReason.ToolCalls)] };
            JsonText.Parse(Crossing.Render(target, response));
            IReadOnlyList<string> faults = StreamValidators.Faults(target.Id, Crossing.Render(target, ChatEventFold.Unfold(response)));
            Assert.True(faults.Count == 0, $"{arguments}: {string.Join('\n', faults)}");
        }
    }

    private static byte[][] Bodies(IChatDialect dialect, string kind, PayloadKind recorded) =>
    [
        .. Fixture.All(kind).Where(f => f.Dialect == dialect).Select(f => f.Read()),
        .. Payloads.Files(dialect.Id, recorded).Select(Payloads.Read).Where(b => b.Length < 50_000),
    ];

    private static byte[] MutateStream(byte[] sse, Random random)
    {
        List<string> frames = Crossing.Frames(sse);
        int at = random.Next(frames.Count);
        switch (random.Next(6))
        {
            case 0:
                frames.RemoveAt(at);
                break;
            case 1:
                frames.Insert(at, frames[at]);
                break;
            case 2:
                (frames[at], frames[^1]) = (frames[^1], frames[at]);
                break;
            default:
                int json = frames[at].IndexOf("data: {", StringComparison.Ordinal);
                if (json >= 0 && frames[at].IndexOf("\ndata:", json, StringComparison.Ordinal) < 0)
                {
                    byte[] body = JsonBody.Check(Encoding.UTF8.GetBytes(frames[at][(json + 6)..].Trim())).Bytes.ToArray();
                    frames[at] = frames[at][..(json + 6)] + Mutate(body, random).ToJsonString(Deep) + "\n\n";
                }

                break;
        }

        return Encoding.UTF8.GetBytes(string.Concat(frames));
    }

    private static JsonNode Mutate(byte[] body, Random random)
    {
        byte[] copy = body.ToArray();
        JsonNode root = JsonNode.Parse(JsonBody.Check(copy).Bytes.Span, documentOptions: new JsonDocumentOptions { MaxDepth = 256 })!;
        for (int i = random.Next(1, 3); i > 0; i--)
        {
            List<(JsonNode Parent, string? Name, int Index)> places = [.. Places(root)];
            if (places.Count == 0)
            {
                break;
            }

            (JsonNode parent, string? name, int index) = places[random.Next(places.Count)];
            JsonNode? old = name is null ? parent[index] : parent[name];
            JsonNode? replacement = random.Next(12) switch
            {
                0 => null,
                1 => JsonValue.Create(true),
                2 => JsonValue.Create(-1),
                3 => JsonValue.Create(1e300),
                4 => JsonValue.Create(""),
                5 => JsonValue.Create("\u0000\u2028🏔️"),
                6 => new JsonArray(),
                7 => new JsonObject(),
                8 => new JsonArray(old?.DeepClone(), old?.DeepClone()),
                9 => new JsonObject { ["type"] = old?.DeepClone() },
                10 => JsonValue.Create(old?.ToJsonString() ?? "null"),
                _ => Removed.Instance,
            };
            Put(parent, name, index, replacement);
        }

        return root;
    }

    private static void Put(JsonNode parent, string? name, int index, JsonNode? value)
    {
        switch (parent)
        {
            case JsonObject o when ReferenceEquals(value, Removed.Instance):
                o.Remove(name!);
                break;
            case JsonObject o:
                o[name!] = value;
                break;
            case JsonArray a when ReferenceEquals(value, Removed.Instance):
                a.RemoveAt(index);
                break;
            case JsonArray a:
                a[index] = value;
                break;
        }
    }

    private static IEnumerable<(JsonNode Parent, string? Name, int Index)> Places(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject o:
                foreach ((string name, JsonNode? value) in o)
                {
                    yield return (o, name, -1);
                    foreach (var inner in Places(value))
                    {
                        yield return inner;
                    }
                }

                break;
            case JsonArray a:
                for (int i = 0; i < a.Count; i++)
                {
                    yield return (a, null, i);
                    foreach (var inner in Places(a[i]))
                    {
                        yield return inner;
                    }
                }

                break;
        }
    }

    private static class Removed
    {
        public static readonly JsonNode Instance = JsonValue.Create("removed");
    }
}
