using System.Text;
using CsCheck;
using Serverless.Translation.Wire;

namespace Serverless.Translation.Tests.Wire;

/// <summary>The parser against a plain reading of the specification, over every chunking and line end.</summary>
public sealed class SseParserTests
{
    /// <summary>What a frame held, copied: frames live only until the parser's next call.</summary>
    private sealed record Read(string Event, string Data, string Raw);

    private const string Sample =
        ": a comment\n\n" +
        "event: message_start\ndata: {\"a\":1}\n\n" +
        "data:no blank\n\n" +
        "data:  two blanks\n\n" +
        "data: first\ndata:second\ndata\ndata: \nid: 7\nretry: 10\n\n" +
        "event: ping\n\n" +
        "data: \u2028 and \u2029 and \u0085 are no line ends, 😀 é\n\n" +
        "data: colons: are : kept\n\n" +
        "data: [DONE]\n\n";

    public static TheoryData<string> LineEnds => new("\n", "\r\n", "\r");

    [Theory, MemberData(nameof(LineEnds))]
    public void Any_cut_gives_the_same_events(string lineEnd)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Sample.Replace("\n", lineEnd));
        List<Read> expected = Specification(bytes).ConvertAll(WithoutRaw);
        Assert.Equal(9, expected.Count);
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            Assert.Equal(expected, Parse(bytes[..cut], bytes[cut..]).ConvertAll(WithoutRaw));
        }

        Assert.Equal(expected, Parse([.. bytes.Select(b => new[] { b })]).ConvertAll(WithoutRaw));
    }

    [Theory, MemberData(nameof(LineEnds))]
    public void A_byte_order_mark_is_skipped_wherever_it_is_cut(string lineEnd)
    {
        byte[] bytes = Encoding.UTF8.GetBytes("\uFEFF" + Sample.Replace("\n", lineEnd));
        List<Read> expected = Specification(bytes[3..]).ConvertAll(WithoutRaw);
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            Assert.Equal(expected, Parse(bytes[..cut], bytes[cut..]).ConvertAll(WithoutRaw));
        }
    }

    [Fact]
    public void Random_streams_in_random_chunks_read_as_the_specification_says()
    {
        Gen<string> line = Gen.Frequency(
            (4, Gen.OneOf("data: x", "data:", "data", "data: a: b", "event: e", "event", "data: 😀", ":", ": c", "id: 1", "retry:1", "unknown: y", " data: z")),
            (4, Gen.Const("")),
            (1, Gen.String[Gen.Char["d:a \u2028é"], 0, 6]));
        Gen.Select(Gen.Select(line, Gen.OneOf("\n", "\r\n", "\r")).List[0, 14], Gen.Int[1, 9].List[1, 60]).Sample((lines, sizes) =>
        {
            byte[] bytes = Encoding.UTF8.GetBytes(string.Concat(lines.Select(l => l.Item1 + l.Item2)));
            List<Read> read = Parse(Chunks(bytes, sizes));
            Assert.Equal(Specification(bytes).ConvertAll(WithoutRaw), read.ConvertAll(WithoutRaw));
            string raw = string.Concat(read.Select(r => r.Raw));
            Assert.StartsWith(raw, Encoding.UTF8.GetString(bytes));
            Assert.Equal("", Encoding.UTF8.GetString(bytes)[raw.Length..].Trim('\r', '\n'));
        });
    }

    [Fact]
    public void Surplus_blank_lines_stay_with_the_next_event_so_that_no_byte_is_lost()
    {
        byte[] bytes = Encoding.UTF8.GetBytes("data: a\r\n\r\n\r\ndata: b\r\n\r\n");
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            List<Read> read = Parse(bytes[..cut], bytes[cut..]);
            Assert.Equal(["a", "b"], read.Select(r => r.Data));
            Assert.Equal("data: a\r\n\r\n\r\ndata: b", string.Concat(read.Select(r => r.Raw)).TrimEnd());
        }
    }

    [Fact]
    public void A_blank_line_of_CR_ends_the_event_at_once()
    {
        using var parser = new SseParser();
        parser.Append("data: x\r\n\r"u8);
        Assert.True(parser.TryRead(out SseFrame frame));
        Assert.Equal("x", Encoding.UTF8.GetString(frame.Data));
        parser.Append("\ndata: y\r\n\r"u8);
        Assert.True(parser.TryRead(out frame));
        Assert.Equal("y", Encoding.UTF8.GetString(frame.Data));
        Assert.Equal("\ndata: y\r\n\r", Encoding.UTF8.GetString(frame.Raw));
        Assert.False(parser.TryRead(out _));
        Assert.False(parser.TryReadLast(out _));
    }

    [Fact]
    public void An_event_without_its_blank_line_is_delivered_at_the_end()
    {
        foreach (string end in new[] { "", "\n", "\r\n", "\r" })
        {
            Assert.Equal(["last"], Parse(Encoding.UTF8.GetBytes("data: last" + end)).Select(r => r.Data));
        }

        Assert.Empty(Parse("\n\r\n\r"u8.ToArray()));
        Assert.Empty(Parse([]));
    }

    [Fact]
    public void Comments_and_events_without_data_are_told_apart()
    {
        using var parser = new SseParser();
        parser.Append(": keep-alive\n\nevent: ping\n\ndata: [DONE]\n\n"u8);
        Assert.True(parser.TryRead(out SseFrame comment));
        Assert.True(comment.IsComment);
        Assert.True(parser.TryRead(out SseFrame ping));
        Assert.False(ping.IsComment);
        Assert.True(parser.TryRead(out SseFrame done));
        Assert.True(done.IsDone);
    }

    [Fact]
    public void A_huge_event_in_small_chunks_is_read_in_linear_time()
    {
        byte[] chunk = Encoding.ASCII.GetBytes(new string('x', 1024));
        using var parser = new SseParser();
        parser.Append("data: "u8);
        const int count = 48 * 1024;
        var watch = System.Diagnostics.Stopwatch.StartNew();
        for (int i = 0; i < count; i++)
        {
            chunk.CopyTo(parser.GetMemory(chunk.Length));
            parser.Advance(chunk.Length);
            Assert.False(parser.TryRead(out _));
        }

        parser.Append("\n\n"u8);
        Assert.True(parser.TryRead(out SseFrame frame));
        Assert.Equal(count * chunk.Length, frame.Data.Length);

        // 48 MB scanned anew for each chunk would be a terabyte.
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"{watch.Elapsed}");
    }

    [Fact]
    public void An_event_over_the_limit_is_refused()
    {
        using var parser = new SseParser(maxFrame: 100);
        parser.Append(new byte[101].AsSpan());
        Assert.Throws<InvalidDataException>(() => parser.TryRead(out _));
    }

    [Fact]
    public void Many_events_in_one_chunk_and_a_disposed_parser_leave_nothing_behind()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 5000).Select(i => $"data: {i}\ndata: {i}\n\n")));
        Assert.Equal(Enumerable.Range(0, 5000).Select(i => $"{i}\n{i}"), Parse(bytes).Select(r => r.Data));
        var parser = new SseParser();
        parser.Append("data: a"u8);
        parser.Dispose();
        parser.Dispose();
        Assert.False(parser.TryReadLast(out _));
    }

    /// <summary>The events of a whole stream, read line by line.</summary>
    private static List<Read> Specification(byte[] bytes)
    {
        string text = Encoding.UTF8.GetString(bytes);
        List<Read> frames = [];
        int from = 0;
        int at = 0;
        bool any = false;
        List<string> data = [];
        string name = "";
        while (at < text.Length)
        {
            int end = text.AsSpan(at).IndexOfAny('\r', '\n') is >= 0 and var found ? at + found : text.Length;
            string line = text[at..end];
            at = end + (text.AsSpan(end).StartsWith("\r\n") ? 2 : Math.Min(1, text.Length - end));
            if (line.Length > 0)
            {
                any = true;
                string[] parts = line.Split(':', 2);
                string value = parts.Length == 1 ? "" : parts[1].StartsWith(' ') ? parts[1][1..] : parts[1];
                if (parts[0] == "data")
                {
                    data.Add(value);
                }

                name = parts[0] == "event" ? value : name;
            }

            if (any && (line.Length == 0 || at == text.Length))
            {
                frames.Add(new Read(name, string.Join('\n', data), text[from..at]));
                (from, any, name) = (at, false, "");
                data.Clear();
            }
        }

        return frames;
    }

    private static List<Read> Parse(params byte[][] chunks)
    {
        using var parser = new SseParser();
        List<Read> frames = [];
        foreach (byte[] chunk in chunks)
        {
            parser.Append(chunk);
            while (parser.TryRead(out SseFrame frame))
            {
                frames.Add(Copy(frame));
            }
        }

        if (parser.TryReadLast(out SseFrame last))
        {
            frames.Add(Copy(last));
        }

        return frames;
    }

    private static Read Copy(SseFrame frame) =>
        new(Encoding.UTF8.GetString(frame.EventName), Encoding.UTF8.GetString(frame.Data), Encoding.UTF8.GetString(frame.Raw));

    /// <summary>Where the raw bytes are parted depends on the chunks when a CR and its LF come apart; their sum does not.</summary>
    private static Read WithoutRaw(Read read) => read with { Raw = "" };

    private static byte[][] Chunks(byte[] bytes, List<int> sizes)
    {
        List<byte[]> chunks = [];
        for (int at = 0, i = 0; at < bytes.Length; i++)
        {
            int size = Math.Min(sizes[i % sizes.Count], bytes.Length - at);
            chunks.Add(bytes[at..(at + size)]);
            at += size;
        }

        return [.. chunks];
    }
}
