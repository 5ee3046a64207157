using System.Buffers;
using System.Text;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;

namespace Serverless.Benchmarks.Codecs;

/// <summary>A Chat Completions request of three sizes: checked, handed on with its model replaced, or translated for Anthropic.</summary>
[MemoryDiagnoser]
public class RequestBenchmarks
{
    private readonly ArrayBufferWriter<byte> _output = new(4 * 1024 * 1024);
    private readonly IChatDialect _chat = DialectCatalog.ChatDialect(DialectIds.ChatCompletions);
    private readonly IChatDialect _messages = DialectCatalog.ChatDialect(DialectIds.Messages);
    private byte[] _body = [];

    /// <summary>Kilobytes of the body.</summary>
    [Params(1, 100, 1024)]
    public int Kilobytes { get; set; }

    /// <summary>Prepares the body: turns of a conversation, with a tool.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var json = new StringBuilder("""{"model":"endpoint","temperature":0.5,"tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}],"messages":[{"role":"system","content":"You are terse."}""");
        string turn = """,{"role":"user","content":"TEXT"},{"role":"assistant","content":"TEXT"}""".Replace("TEXT", string.Concat(Enumerable.Repeat("lorem ipsum \\\"dolor\\\" ", 16)), StringComparison.Ordinal);
        do
        {
            json.Append(turn);
        }
        while (json.Length < Kilobytes * 1024 - turn.Length);
        _body = Encoding.UTF8.GetBytes(json.Append("""],"stream":true}""").ToString());
    }

    /// <summary>UTF-8, syntax, depth, duplicate keys: every request pays it.</summary>
    [Benchmark(Baseline = true)]
    public bool Check() => JsonBody.Check(_body).IsTrue("stream");

    /// <summary>Checked and handed on.</summary>
    [Benchmark]
    public int PassThrough()
    {
        _output.ResetWrittenCount();
        _chat.SpliceRequest(JsonBody.Check(_body), "gpt-5", _output);
        return _output.WrittenCount;
    }

    /// <summary>Checked, decoded, adapted, encoded.</summary>
    [Benchmark]
    public int Translate()
    {
        _output.ResetWrittenCount();
        using JsonDocument document = JsonBody.Check(_body).Parse();
        ChatRequest request = _chat.DecodeRequest(document.RootElement, default);
        var report = new TranslationReport();
        var profile = new TargetProfile("claude-sonnet-4-5");
        AdaptedRequest adapted = RequestAdapter.Adapt(request, _messages, profile, report);
        _messages.EncodeRequest(adapted.Request, profile, report, _output);
        return _output.WrittenCount;
    }
}
