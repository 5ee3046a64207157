using System.Buffers;
using System.Text.Json;

namespace Serverless.Translation.Wire;

/// <summary>
/// Writes server-sent events whose data is JSON into a buffer. One per stream; it owns the JSON writer, so that an event costs no
/// allocation. Every event is complete in the buffer when <see cref="End"/> returns, so that it can leave in one write.
/// </summary>
public sealed class SseWriter : IDisposable
{
    private readonly Utf8JsonWriter _json = new(Stream.Null, Json.WriterOptions);
    private IBufferWriter<byte>? _output;

    /// <summary>Begins an event and returns the writer for its data.</summary>
    /// <param name="output">Where the event goes.</param>
    /// <param name="eventName">The <c>event:</c> field; empty for none.</param>
    public Utf8JsonWriter Begin(IBufferWriter<byte> output, ReadOnlySpan<byte> eventName = default)
    {
        _output = output;
        if (!eventName.IsEmpty)
        {
            output.Write("event: "u8);
            output.Write(eventName);
            output.Write("\n"u8);
        }

        output.Write("data: "u8);
        _json.Reset(output);
        return _json;
    }

    /// <summary>Ends the event.</summary>
    public void End()
    {
        _json.Flush();
        _output!.Write("\n\n"u8);
    }

    /// <inheritdoc/>
    public void Dispose() => _json.Dispose();
}
