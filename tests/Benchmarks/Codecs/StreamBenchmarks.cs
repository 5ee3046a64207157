using System.Buffers;
using BenchmarkDotNet.Attributes;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;

namespace Serverless.Benchmarks.Codecs;

/// <summary>
/// One event of a provider's stream on its way to a client of another dialect: parsed, decoded, adapted, encoded. The stream has 1,000
/// deltas, 800 of text and 200 of a tool's arguments; figures are per delta, the stream's beginning and end shared among them.
/// </summary>
[MemoryDiagnoser]
public class StreamBenchmarks
{
    private const int Texts = 800;
    private const int Arguments = 200;
    private const int Deltas = Texts + Arguments;

    private readonly ArrayBufferWriter<byte> _output = new(4 * 1024 * 1024);
    private readonly List<ChatEvent> _decoded = [];
    private readonly List<ChatEvent> _adapted = [];
    private AnswerContext _context = null!;
    private IChatDialect _provider = null!;
    private IChatDialect _client = null!;
    private byte[] _stream = [];

    /// <summary>All pairs of different dialects, the provider's first.</summary>
    public static IEnumerable<string> Pairs =>
        from provider in DialectCatalog.Chat
        from client in DialectCatalog.Chat
        where provider != client
        select $"{provider.Id} > {client.Id}";

    /// <summary>The pair.</summary>
    [ParamsSource(nameof(Pairs))]
    public string Pair { get; set; } = "";

    /// <summary>Prepares the provider's bytes.</summary>
    [GlobalSetup]
    public void Setup()
    {
        string[] names = Pair.Split(" > ");
        _provider = DialectCatalog.ChatDialect(new DialectId(names[0]));
        _client = DialectCatalog.ChatDialect(new DialectId(names[1]));
        _context = new AnswerContext
        {
            Request = new ChatRequest { Model = "endpoint", Stream = true, IncludeStreamUsage = true, Messages = [], Tools = [new FunctionTool("get_weather")] },
            RequestId = "01m863yej00543dbdy7tmqw8hy",
            Created = DateTimeOffset.UnixEpoch.AddYears(56),
            EstimatedInputTokens = 100,
        };
        var bytes = new ArrayBufferWriter<byte>();
        using IChatStreamEncoder encoder = _provider.CreateEncoder(_context);
        foreach (ChatEvent chatEvent in Events())
        {
            encoder.Encode(chatEvent, bytes);
        }

        _stream = bytes.WrittenSpan.ToArray();
    }

    /// <summary>Decode, adapt, encode.</summary>
    [Benchmark(OperationsPerInvoke = Deltas)]
    public int Translate()
    {
        _output.ResetWrittenCount();
        using var parser = new SseParser();
        IChatStreamDecoder decoder = _provider.CreateDecoder();
        using IChatStreamEncoder encoder = _client.CreateEncoder(_context);
        var adapter = new AnswerAdapter(ToolNames.None);
        for (int at = 0; at < _stream.Length; at += 4096)
        {
            parser.Append(_stream.AsSpan(at, Math.Min(4096, _stream.Length - at)));
            while (parser.TryRead(out SseFrame frame))
            {
                _decoded.Clear();
                decoder.Decode(frame, _decoded);
                foreach (ChatEvent chatEvent in _decoded)
                {
                    _adapted.Clear();
                    adapter.Adapt(chatEvent, _adapted);
                    foreach (ChatEvent adapted in _adapted)
                    {
                        encoder.Encode(adapted, _output);
                    }
                }
            }
        }

        return _output.WrittenCount;
    }

    private static IEnumerable<ChatEvent> Events()
    {
        yield return new Started { Id = "id-1", Model = "served-model", Created = DateTimeOffset.UnixEpoch.AddYears(56) };
        yield return new PartStarted(0, 0, new TextPart(""));
        for (int i = 0; i < Texts; i++)
        {
            yield return new PartDelta(0, DeltaKind.Text, " lorem");
        }

        yield return new PartCompleted(0);
        yield return new PartStarted(0, 1, new ToolCallPart("call_1", "get_weather", ""));
        yield return new PartDelta(1, DeltaKind.ToolArguments, "{\"city\":\"");
        for (int i = 2; i < Arguments; i++)
        {
            yield return new PartDelta(1, DeltaKind.ToolArguments, "abcd");
        }

        yield return new PartDelta(1, DeltaKind.ToolArguments, "\"}");
        yield return new PartCompleted(1);
        yield return new ChoiceEnded(0, FinishReason.ToolCalls);
        yield return new UsageReported(new TokenUsage { InputTokens = 100, OutputTokens = 1000 });
        yield return Finished.Instance;
    }
}
