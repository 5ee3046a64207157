namespace Serverless.Translation.Wire;

/// <summary>One server-sent event. Valid only until the next call of the parser that made it.</summary>
public readonly ref struct SseFrame
{
    /// <summary>A frame from its parts.</summary>
    public SseFrame(ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> data, ReadOnlySpan<byte> raw = default)
    {
        EventName = eventName;
        Data = data;
        Raw = raw;
    }

    /// <summary>The <c>event:</c> field; empty when there is none.</summary>
    public ReadOnlySpan<byte> EventName { get; }

    /// <summary>The <c>data:</c> lines, joined by line feeds; empty for a comment.</summary>
    public ReadOnlySpan<byte> Data { get; }

    /// <summary>The bytes as they came, the closing blank line included, and surplus blank lines before the event.</summary>
    public ReadOnlySpan<byte> Raw { get; }

    /// <summary>True when the frame holds only comments.</summary>
    public bool IsComment => Data.IsEmpty && EventName.IsEmpty;

    /// <summary>True for <c>data: [DONE]</c>.</summary>
    public bool IsDone => Data.SequenceEqual("[DONE]"u8);
}
