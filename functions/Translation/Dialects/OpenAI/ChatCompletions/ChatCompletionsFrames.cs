using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.OpenAI.ChatCompletions;

/// <summary>
/// Frames of a client's stream. What all chunks have in common is made once; a usual delta is that, a few constant bytes and one JSON
/// string, and allocates nothing.
/// </summary>
internal sealed class ChatCompletionsFrames(AnswerContext context) : IDisposable
{
    private readonly Utf8JsonWriter _json = new(Stream.Null, Json.WriterOptions);
    private byte[]? _head;

    /// <summary>Takes what all chunks say of the answer.</summary>
    public void Begin(Started started) => _head = MakeHead(started);

    /// <summary>A delta that is one string between constant bytes.</summary>
    public void WriteString(int choice, ReadOnlySpan<byte> before, string text, ReadOnlySpan<byte> after, IBufferWriter<byte> output)
    {
        BeginChunk(choice, output);
        output.Write(before);
        WriteString(text, output);
        output.Write(after);
        EndChunk(output);
    }

    /// <summary>A delta of a call's arguments.</summary>
    public void WriteArguments(int choice, int call, bool custom, string text, IBufferWriter<byte> output)
    {
        BeginChunk(choice, output);
        output.Write("{\"tool_calls\":[{\"index\":"u8);
        WriteNumber(call, output);
        output.Write(custom ? ",\"custom\":{\"input\":"u8 : ",\"function\":{\"arguments\":"u8);
        WriteString(text, output);
        output.Write("}}]}"u8);
        EndChunk(output);
    }

    /// <summary>A delta of constant bytes.</summary>
    public void WriteConstant(int choice, ReadOnlySpan<byte> delta, IBufferWriter<byte> output)
    {
        BeginChunk(choice, output);
        output.Write(delta);
        EndChunk(output);
    }

    /// <summary>Begins a delta and returns the writer for its fields.</summary>
    public Utf8JsonWriter BeginObject(int choice, IBufferWriter<byte> output)
    {
        BeginChunk(choice, output);
        _json.Reset(output);
        _json.WriteStartObject();
        return _json;
    }

    /// <summary>Ends that delta.</summary>
    public void EndObject(IBufferWriter<byte> output)
    {
        _json.WriteEndObject();
        _json.Flush();
        EndChunk(output);
    }

    /// <summary>A chunk of log probabilities.</summary>
    public void WriteLogProbs(int choice, IReadOnlyList<TokenLogProb> tokens, IBufferWriter<byte> output)
    {
        BeginChunk(choice, output);
        output.Write("{},\"logprobs\":{\"content\":"u8);
        _json.Reset(output);
        OpenAILogProbs.Write(_json, tokens);
        _json.Flush();
        output.Write(",\"refusal\":null},\"finish_reason\":null}]}\n\n"u8);
    }

    /// <summary>A choice's last chunk.</summary>
    public void WriteFinish(int choice, string reason, IBufferWriter<byte> output)
    {
        BeginChunk(choice, output);
        output.Write("{},\"logprobs\":null,\"finish_reason\":"u8);
        WriteString(reason, output);
        output.Write("}]}\n\n"u8);
    }

    /// <summary>The chunk of token counts.</summary>
    /// <param name="serviceTier">The tier that served the request, where it was not known at the start; otherwise null.</param>
    public void WriteUsage(TokenUsage usage, string? serviceTier, IBufferWriter<byte> output)
    {
        output.Write(_head ??= MakeHead(new Started()));
        output.Write("],\"usage\":"u8);
        _json.Reset(output);
        ChatCompletionsUsage.Write(_json, usage);
        _json.Flush();
        if (serviceTier is not null)
        {
            output.Write(",\"service_tier\":"u8);
            WriteString(serviceTier, output);
        }

        output.Write("}\n\n"u8);
    }

    /// <summary>An error.</summary>
    public void WriteError(GatewayError error, IBufferWriter<byte> output)
    {
        output.Write("data: "u8);
        _json.Reset(output);
        OpenAIError.WriteEnvelope(_json, error);
        _json.Flush();
        output.Write("\n\n"u8);
    }

    /// <inheritdoc/>
    public void Dispose() => _json.Dispose();

    private byte[] MakeHead(Started started)
    {
        var head = new ArrayBufferWriter<byte>(256);
        head.Write("data: "u8);
        _json.Reset(head);
        _json.WriteStartObject();
        _json.WriteString("id"u8, started.Id ?? $"chatcmpl-{context.RequestId}");
        _json.WriteString("object"u8, "chat.completion.chunk"u8);
        _json.WriteNumber("created"u8, (started.Created ?? context.Created).ToUnixTimeSeconds());
        _json.WriteString("model"u8, started.Model ?? context.Request.Model);
        if (started.ServiceTier is not null)
        {
            _json.WriteString("service_tier"u8, started.ServiceTier);
        }

        ChatCompletionsWire.WriteExtra(_json, started.Extra);
        _json.WriteStartArray("choices"u8);
        _json.Flush();
        return head.WrittenSpan.ToArray();
    }

    private void BeginChunk(int choice, IBufferWriter<byte> output)
    {
        output.Write(_head ??= MakeHead(new Started()));
        output.Write("{\"index\":"u8);
        WriteNumber(choice, output);
        output.Write(",\"delta\":"u8);
    }

    private static void EndChunk(IBufferWriter<byte> output) => output.Write(",\"logprobs\":null,\"finish_reason\":null}]}\n\n"u8);

    private void WriteString(string text, IBufferWriter<byte> output)
    {
        _json.Reset(output);
        _json.WriteStringValue(text);
        _json.Flush();
    }

    private static void WriteNumber(int number, IBufferWriter<byte> output)
    {
        Utf8Formatter.TryFormat(number, output.GetSpan(11), out int written);
        output.Advance(written);
    }
}
