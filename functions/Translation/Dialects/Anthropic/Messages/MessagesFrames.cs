using System.Buffers;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Adaptation;
using Serverless.Translation.Canonical;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Dialects.Anthropic.Messages;

/// <summary>
/// Writes the events of a client's stream, each complete. Which comes when is <see cref="MessagesStreamEncoder"/>'s affair.
/// Source: https://platform.claude.com/docs/en/build-with-claude/streaming.
/// </summary>
internal sealed class MessagesFrames : IDisposable
{
    private readonly SseWriter _sse = new();
    private readonly Utf8JsonWriter _text = new(Stream.Null, Json.WriterOptions);
    private byte[] _head = [];
    private int _headIndex = -1;

    /// <inheritdoc/>
    public void Dispose()
    {
        _sse.Dispose();
        _text.Dispose();
    }

    public void MessageStart(string id, string model, TokenUsage usage, string? serviceTier, IBufferWriter<byte> output)
    {
        Utf8JsonWriter json = Begin(output, "message_start"u8);
        json.WriteStartObject("message"u8);
        json.WriteString("id"u8, id);
        json.WriteString("type"u8, "message"u8);
        json.WriteString("role"u8, "assistant"u8);
        json.WriteString("model"u8, model);
        json.WriteStartArray("content"u8);
        json.WriteEndArray();
        json.WriteNull("stop_reason"u8);
        json.WriteNull("stop_sequence"u8);
        MessagesUsage.Write(json, usage, outputTokens: 0, serviceTier);
        json.WriteEndObject();
        End(json);
    }

    /// <param name="seed">What the block is of.</param>
    /// <param name="signature">The seal, where it belongs to a block's start: of withheld thinking, and of calls, whose id carries it.</param>
    public void BlockStart(int index, ContentPart seed, Signature? signature, IBufferWriter<byte> output)
    {
        Utf8JsonWriter json = Begin(output, "content_block_start"u8);
        json.WriteNumber("index"u8, index);
        json.WritePropertyName("content_block"u8);
        WriteBlock(json, seed, signature);
        End(json);
        if (seed is OpaquePart opaque && InputOf(opaque) is { } input)
        {
            Delta(index, seed, input.GetRawText(), output);
        }
    }

    /// <summary>Appends to the block that is open: text, thinking or arguments, by what it is of.</summary>
    public void Delta(int index, ContentPart seed, string text, IBufferWriter<byte> output)
    {
        // A stream has thousands of these, which differ in their text only.
        if (_headIndex != index)
        {
            _headIndex = index;
            _head = Encoding.UTF8.GetBytes(
                $"event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":{index},\"delta\":{{{seed switch
                {
                    ReasoningPart => "\"type\":\"thinking_delta\",\"thinking\":",
                    ToolCallPart or OpaquePart => "\"type\":\"input_json_delta\",\"partial_json\":",
                    _ => "\"type\":\"text_delta\",\"text\":",
                }}");
        }

        output.Write(_head);
        _text.Reset(output);
        _text.WriteStringValue(text);
        _text.Flush();
        output.Write("}}\n\n"u8);
    }

    /// <summary>Writes the whole input of a call with one free text.</summary>
    public void FreeText(int index, string text, IBufferWriter<byte> output)
    {
        var buffer = new ArrayBufferWriter<byte>();
        _text.Reset(buffer);
        MessagesWire.WriteFreeText(_text, text);
        _text.Flush();
        Utf8JsonWriter json = BeginDelta(index, output);
        json.WriteString("type"u8, "input_json_delta"u8);
        json.WriteString("partial_json"u8, buffer.WrittenSpan);
        EndDelta(json);
    }

    public void Citation(int index, Citation citation, IBufferWriter<byte> output)
    {
        Utf8JsonWriter json = BeginDelta(index, output);
        json.WriteString("type"u8, "citations_delta"u8);
        json.WritePropertyName("citation"u8);
        MessagesCitation.Write(json, citation);
        EndDelta(json);
    }

    public void Seal(int index, Signature signature, IBufferWriter<byte> output)
    {
        Utf8JsonWriter json = BeginDelta(index, output);
        json.WriteString("type"u8, "signature_delta"u8);
        json.WriteString("signature"u8, MessagesResponse.SealOf(signature));
        EndDelta(json);
    }

    public void BlockStop(int index, IBufferWriter<byte> output)
    {
        Utf8JsonWriter json = Begin(output, "content_block_stop"u8);
        json.WriteNumber("index"u8, index);
        End(json);
    }

    public void MessageDelta(ReadOnlySpan<byte> stopReason, string? stopSequence, TokenUsage usage, long outputTokens, IBufferWriter<byte> output)
    {
        Utf8JsonWriter json = Begin(output, "message_delta"u8);
        json.WriteStartObject("delta"u8);
        json.WriteString("stop_reason"u8, stopReason);
        json.WriteString("stop_sequence"u8, stopSequence);
        json.WriteEndObject();
        MessagesUsage.WriteFinal(json, usage, outputTokens);
        End(json);
    }

    public void MessageStop(IBufferWriter<byte> output) => End(Begin(output, "message_stop"u8));

    public void Ping(IBufferWriter<byte> output) => End(Begin(output, "ping"u8));

    public void Error(GatewayError error, string requestId, IBufferWriter<byte> output)
    {
        MessagesError.Write(_sse.Begin(output, "error"u8), error, requestId);
        _sse.End();
    }

    private static void WriteBlock(Utf8JsonWriter json, ContentPart seed, Signature? signature)
    {
        switch (seed)
        {
            case OpaquePart opaque:
                WriteOpaque(json, opaque);
                return;
            case ReasoningPart { Redacted: true } reasoning:
                MessagesBlocks.WriteThinking(json, reasoning, MessagesResponse.SealOf(signature));
                break;
            case ReasoningPart reasoning:
                MessagesBlocks.WriteThinking(json, reasoning with { Text = "" }, "");
                break;
            case ToolCallPart call:
                json.WriteStartObject();
                json.WriteString("type"u8, "tool_use"u8);
                json.WriteString("id"u8, ToolCallIdCarrier.WrapPlain(call.Id, signature));
                json.WriteString("name"u8, call.Name);
                json.WriteStartObject("input"u8);
                json.WriteEndObject();
                break;
            default:
                json.WriteStartObject();
                json.WriteString("type"u8, "text"u8);
                json.WriteString("text"u8, ""u8);
                break;
        }

        json.WriteExtra(seed.Extra, MessagesWire.Id);
        json.WriteEndObject();
    }

    /// <summary>A hosted tool's call is streamed like any call: without its input, which follows as one delta.</summary>
    private static void WriteOpaque(Utf8JsonWriter json, OpaquePart opaque)
    {
        if (InputOf(opaque) is null)
        {
            json.WriteRaw(opaque.Json);
            return;
        }

        json.WriteStartObject();
        foreach (JsonProperty property in opaque.Json.EnumerateObject())
        {
            json.WritePropertyName(property.Name);
            if (property.NameEquals("input"u8))
            {
                json.WriteStartObject();
                json.WriteEndObject();
            }
            else
            {
                json.WriteRaw(property.Value);
            }
        }

        json.WriteEndObject();
    }

    private static JsonElement? InputOf(OpaquePart opaque) =>
        opaque.Type.EndsWith("tool_use", StringComparison.Ordinal) && MessagesWire.Find(opaque.Json, "input") is { ValueKind: JsonValueKind.Object } input ? input : null;

    private Utf8JsonWriter Begin(IBufferWriter<byte> output, ReadOnlySpan<byte> type)
    {
        Utf8JsonWriter json = _sse.Begin(output, type);
        json.WriteStartObject();
        json.WriteString("type"u8, type);
        return json;
    }

    private void End(Utf8JsonWriter json)
    {
        json.WriteEndObject();
        _sse.End();
    }

    private Utf8JsonWriter BeginDelta(int index, IBufferWriter<byte> output)
    {
        Utf8JsonWriter json = Begin(output, "content_block_delta"u8);
        json.WriteNumber("index"u8, index);
        json.WriteStartObject("delta"u8);
        return json;
    }

    private void EndDelta(Utf8JsonWriter json)
    {
        json.WriteEndObject();
        End(json);
    }
}
