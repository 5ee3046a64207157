using System.Buffers;
using System.Text;
using System.Text.Json;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.Wire;

/// <summary>Events as they leave.</summary>
public sealed class SseWriterTests
{
    [Fact]
    public void Events_are_framed_and_complete_when_ended()
    {
        using var writer = new SseWriter();
        var output = new ArrayBufferWriter<byte>();
        Write(writer, output, "first", "a\nb\r\u2028\"é");
        Assert.Equal("event: first\ndata: {\"t\":\"a\\nb\\r\\u2028\\\"é\"}\n\n", Encoding.UTF8.GetString(output.WrittenSpan));
        Write(writer, output, "", "x");
        Assert.EndsWith("\n\ndata: {\"t\":\"x\"}\n\n", Encoding.UTF8.GetString(output.WrittenSpan), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        using var writer = new SseWriter();
        var output = new ArrayBufferWriter<byte>();
        using JsonDocument pretty = JsonDocument.Parse("{\n  \"a\": [\r\n1 ]\n}");
        Utf8JsonWriter json = writer.Begin(output, "e"u8);
        json.WriteRaw(pretty.RootElement);
        writer.End();
        using var parser = new SseParser();
        parser.Append(output.WrittenSpan);
        Assert.True(parser.TryRead(out SseFrame frame));
        Assert.Equal("e", Encoding.UTF8.GetString(frame.EventName));
        Assert.Equal("""{"a":[1]}""", JsonSerializer.Serialize(JsonSerializer.Deserialize<JsonElement>(frame.Data)));
        Assert.False(parser.TryRead(out _));
    }

    [Fact]
    public void An_event_costs_no_allocation()
    {
        using var writer = new SseWriter();
        var output = new ArrayBufferWriter<byte>(1 << 10);
        Allocation.IsNone(() =>
        {
            output.ResetWrittenCount();
            Utf8JsonWriter json = writer.Begin(output, "delta"u8);
            json.WriteStartObject();
            json.WriteString("t"u8, "text");
            json.WriteEndObject();
            writer.End();
        });
    }

    private static void Write(SseWriter writer, IBufferWriter<byte> output, string name, string text)
    {
        Utf8JsonWriter json = writer.Begin(output, Encoding.UTF8.GetBytes(name));
        json.WriteStartObject();
        json.WriteString("t", text);
        json.WriteEndObject();
        writer.End();
    }
}
