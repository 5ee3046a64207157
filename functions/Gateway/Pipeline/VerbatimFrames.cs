using System.Buffers;
using System.Text.Json;
using Serverless.Translation.Canonical;
using Serverless.Translation.Dialects;
using Serverless.Translation.Wire;

namespace Serverless.Gateway.Pipeline;

/// <summary>Hands on a provider's frames byte for byte, to a client of the same dialect.</summary>
/// <param name="withholdUsage">True when the counts in the stream were asked for by the gateway alone.</param>
/// <param name="encoder">Makes an encoder, for the error frame.</param>
internal sealed class VerbatimFrames(bool withholdUsage, Func<IChatStreamEncoder> encoder) : IFrameRenderer
{
    private bool _failureTold;

    public void Render(in SseFrame frame, List<ChatEvent> events, bool usageOnly, IBufferWriter<byte> output)
    {
        if (frame.Raw.IsEmpty || (usageOnly && withholdUsage))
        {
            return;
        }

        if (events is [.., Failed])
        {
            // A frame that nobody can read is no way to tell of a failure.
            if (!FrameJson.IsWhole(frame.Data))
            {
                return;
            }

            _failureTold = true;
        }

        output.Write(frame.Raw);
        if (!EndsInBlankLine(frame.Raw))
        {
            // The last frame of a stream that was not ended properly: without a blank line nobody would see it.
            output.Write("\n\n"u8);
        }
    }

    public void End(IBufferWriter<byte> output)
    {
        // The provider's own end has been handed on.
    }

    public void Fail(GatewayError error, IBufferWriter<byte> output)
    {
        if (!_failureTold)
        {
            using IChatStreamEncoder own = encoder();
            own.Encode(new Failed(error), output);
        }
    }

    public void Dispose()
    {
    }

    private static bool EndsInBlankLine(ReadOnlySpan<byte> raw)
    {
        ReadOnlySpan<byte> line = raw switch
        {
            [.., (byte)'\r', (byte)'\n'] => raw[..^2],
            [.., (byte)'\n' or (byte)'\r'] => raw[..^1],
            _ => default,
        };
        return line is [.., (byte)'\n' or (byte)'\r'];
    }
}

/// <summary>
/// Hands on the JSON of a provider's frames as the elements of one array: what Gemini's clients get that do not ask for server-sent events
/// (https://ai.google.dev/api/generate-content, <c>streamGenerateContent</c> without <c>alt=sse</c>).
/// </summary>
internal sealed class ArrayFrames(IChatDialect dialect, string requestId) : IFrameRenderer
{
    private bool _any;
    private bool _failureTold;

    public void Render(in SseFrame frame, List<ChatEvent> events, bool usageOnly, IBufferWriter<byte> output)
    {
        if (frame.Data.IsEmpty || frame.IsDone)
        {
            return;
        }

        if (!FrameJson.IsWhole(frame.Data))
        {
            return;
        }

        _failureTold |= events is [.., Failed];
        Separate(output);
        output.Write(frame.Data);
    }

    public void End(IBufferWriter<byte> output) => output.Write(_any ? "\n]"u8 : "[]"u8);

    public void Fail(GatewayError error, IBufferWriter<byte> output)
    {
        if (!_failureTold)
        {
            Separate(output);
            dialect.EncodeError(error, requestId, output);
        }

        output.Write("\n]"u8);
    }

    public void Dispose()
    {
    }

    private void Separate(IBufferWriter<byte> output)
    {
        output.Write(_any ? ",\n"u8 : "["u8);
        _any = true;
    }
}

/// <summary>Whether the data of a frame can be read.</summary>
internal static class FrameJson
{
    /// <summary>True for one whole JSON value.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> data)
    {
        try
        {
            var reader = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = 256 });
            return reader.Read() && reader.TrySkip() && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
